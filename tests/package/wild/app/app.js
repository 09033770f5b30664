import * as library from "authsignal-wasm";

globalThis.library = library;
