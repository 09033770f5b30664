/**
 * Seconds as a clock shows them.
 * @param {number} seconds
 */
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/**
 * A secret in groups of four, as people type it.
 * @param {string} secret
 */
export const grouped = (secret) => secret.replace(/.{4}(?=.)/g, "$& ");

/** What people call the methods. @type {Record<string, string>} */
export const METHODS = { PASSKEY: "Passkey", AUTHENTICATOR_APP: "Authenticator app" };

/**
 * Whether the window is open: a token is valid, and permits to add.
 * @param {import("authsignal-wasm").Binding} binding
 */
export const isOpen = ({ state, scopes }) => state === "open" && scopes.includes("add:authenticators");
