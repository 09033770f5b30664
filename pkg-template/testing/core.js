/**
 * The keys and signatures of the scripted authenticator, from Rust (`src/authenticator.rs`). When the package is built, the
 * glue and the wasm are put inside of this file: then no test runner has to find a second file, to serve it, or to wait.
 */
import {
  assertionSignature,
  attestationObject,
  attestedCredentialData,
  authenticatorData,
  initSync,
  pkcs8,
  spki,
} from "./glue.js";
import wasm from "./core.wasm";

const NEEDED = "The scripted authenticator needs WebAssembly, which";

let isReady = false;

/** Compiled on first use. Throws where wasm is missing or forbidden. */
export const core = () => {
  if (!isReady) {
    if (typeof WebAssembly === "undefined") throw new Error(`${NEEDED} is missing here`);
    const module = Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0));
    try {
      initSync({ module });
    } catch (cause) {
      const how = "does not compile here: a Content-Security-Policy has to allow 'wasm-unsafe-eval' in the page of the test";
      throw new Error(`${NEEDED} ${how} (${cause.message})`, { cause });
    }
    isReady = true;
  }
  return { assertionSignature, attestationObject, attestedCredentialData, authenticatorData, pkcs8, spki };
};
