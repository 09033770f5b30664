/** `authsignal-wasm/js`: the same client with the core in JavaScript only. `load({ wasm })` ignores its `wasm`. */
export * from "./index.js";
