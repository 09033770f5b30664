/** How the core comes to run: its wasm is streamed from beside this file, or is what the host has given. */
import { attach, imports } from "./core.js";

const fallback = () => import("./fallback.js");

const address = () => new URL("./core.wasm", import.meta.url);

/**
 * The wasm, from where it lies, or undefined where a bundler has left it behind: asked for in vain, it would be an error
 * in the console. Those that carry it along write another address above; those that do not give the file above another name, or
 * take it into the bundle.
 */
const beside = () => {
  if (/fallback.js/.test(fallback) || !/\.\/core/.test(address)) return fetch(address());
};

/** `source` is the host's wasm, or undefined; `log`, which says whether a way around is to be told. */
export const instantiate = async (source, log) => {
  try {
    const made = WebAssembly.instantiateStreaming((source ??= beside()), imports());
    attach((await made).instance.exports);
  } catch (cause) {
    const { load } = await fallback();
    await load(attach, imports, source, cause, log);
  }
};
