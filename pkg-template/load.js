/** How the core comes to run: its wasm is streamed from beside this file, or is what the host has given. */
import { attach, imports } from "./core.js";

/** `given` is the host's wasm, or undefined; `log`, whether a way around is to be told. */
export const instantiate = async (given, log) => {
  let source;
  try {
    const made = WebAssembly.instantiateStreaming((source = given ?? fetch(new URL("./core.wasm", import.meta.url))), imports());
    attach((await made).instance.exports);
  } catch (cause) {
    const { load } = await import("./fallback.js");
    await load(attach, imports, source, cause, log);
  }
};
