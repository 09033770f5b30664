/** `authsignal-wasm/testing`: what an app's own tests need. Never part of what the app loads. */
export { ScriptedAuthenticator } from "./authenticator.js";
export { connectLocalServer, startLocalServer } from "./local-server.js";
export { playwrightFixtures } from "./playwright.js";
