/**
 * What few pages need, and none at once: one chunk, loaded on first use. In one they compress together.
 */
export { follow } from "./follow.js";
export { openSession } from "./qr.js";
export * from "./webauthn-json.js";
