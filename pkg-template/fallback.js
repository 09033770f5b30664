/**
 * What is done when the wasm cannot be streamed. Loaded only then: the wasm by the other ways to compile it, and the
 * same core in JavaScript where there is none.
 */

const REMEDIES = {
  wasm_unsupported: "None is needed: this browser has no WebAssembly, as in Lockdown Mode.",
  wasm_blocked: "Allow 'wasm-unsafe-eval' in the script-src of the Content-Security-Policy, or import authsignal-wasm/js.",
  wasm_not_found: "Serve core.wasm, allow it in the connect-src of the Content-Security-Policy, and where it lies elsewhere pass its address to load({ wasm }); or import authsignal-wasm/js.",
  wasm_wrong_type: "Serve core.wasm as application/wasm: it could not be compiled while it was downloaded.",
  wasm_invalid: "Serve core.wasm whole, and from the same version of authsignal-wasm as the script.",
};

/**
 * Gives `attach` the exports of a core. `source` is what streaming was tried with: a promise of the response, or what
 * the host has given (an address, a Response, bytes, a Module, or a promise of one). Undefined: it did not get that
 * far. `cause` is why streaming failed, `log` says whether the way around is told: it works, but costs time.
 */
export const load = async (attach, imports, source, cause, log) => {
  // Browsers word it in ways of their own. Other errors may name an address, which may be of any wording.
  const isBlocked = () => /^(Compile|Eval)Error$/.test(cause?.name) && /unsafe-eval|Content Security|CSP/i.test(cause.message);
  const warn = (code) => {
    if (log()) console.warn("[Authsignal] core.wasm", { code, cause, remedy: REMEDIES[code] });
  };
  let code = "wasm_unsupported";
  if (globalThis.WebAssembly) {
    try {
      code = "wasm_not_found";
      let given = await source;
      if (!given) throw cause;
      const isAddress = typeof given === "string" || given instanceof URL;
      const response = isAddress ? await fetch(given) : given;
      if (response.arrayBuffer) {
        if (response.ok === false) throw new Error(`${response.url} answered with status ${response.status}`);
        code = "wasm_invalid";
        // It was read and refused, or would be, and the page's owner would be told of it twice.
        if (response.bodyUsed || isBlocked()) throw cause;
        given = await response.arrayBuffer();
      }
      code = "wasm_invalid";
      const made = await WebAssembly.instantiate(given, imports());
      attach((made.instance ?? made).exports);
      if (response.arrayBuffer && !isAddress && WebAssembly.instantiateStreaming) warn("wasm_wrong_type");
      return;
    } catch (error) {
      cause = error;
    }
  }
  if (isBlocked()) code = "wasm_blocked";
  warn(code);
  const { core } = await import("./js-core.js").catch(() => {
    throw Object.assign(new Error(`${cause.message}. ${REMEDIES[code]}`, { cause }), { code });
  });
  attach(core(imports()));
};
