/** From CommonJS, the package is loaded by `import()`. */
import type { Authsignal } from "authsignal-wasm" with { "resolution-mode": "import" };

export const create = async (tenantId: string): Promise<Authsignal> => {
  const { Authsignal } = await import("authsignal-wasm");
  return new Authsignal({ tenantId });
};
