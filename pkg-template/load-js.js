/** How the core of `authsignal-wasm/js` comes to run: it is here, in JavaScript. */
import { attach, imports } from "./core.js";
import { core } from "./js-core.js";

export const instantiate = async () => attach(core(imports()));
