// From CommonJS, an ES module is imported dynamically.
export const load = async () => {
  const { Authsignal } = await import("authsignal-wasm");
  return new Authsignal({ tenantId: "t" }).binding.state satisfies "none" | "open" | "expired";
};
