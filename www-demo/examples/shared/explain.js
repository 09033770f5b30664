/** What went wrong, in words for the person in front of the page, by its code. */

/** An answer that says no, on its way to the one place that tells the user. */
export class Refused extends Error {
  name = "Refused";
  /** @param {{errorCode?: string, errorDescription?: string}} answer */
  constructor({ errorCode = "unknown", errorDescription = "" }) {
    super(errorDescription);
    this.errorCode = errorCode;
  }
}

/**
 * The data of a result of the client's. An answer that says no is thrown.
 * @template T
 * @param {import("authsignal-wasm").AuthsignalResponse<T>} response
 * @returns {T}
 */
export const dataOf = (response) => {
  if (response.data === undefined) throw new Refused(response);
  return response.data;
};

/** @type {Record<string, string>} */
const SENTENCES = {
  // Answered by the API, or by the client in its place.
  token_not_set: "Prove your passkey first.",
  expired_token: "The window has closed. Prove your passkey to open it again.",
  insufficient_scope: "Prove your passkey first: a session alone may not add an authenticator.",
  unknown_credential: "This passkey belongs to an account that is gone. Your browser was told to forget it.",
  invalid_credential: "This passkey was not accepted. Choose another.",
  too_many_requests: "Too many attempts. Wait a little, and try again.",
  network_error: "The server cannot be reached. Nothing was changed.",
  core_unavailable: "A part of this page could not be loaded. Check your connection, and try again.",
  // Told by the backend.
  invalid_username: "Choose a user name first.",
  not_signed_in: "Your session has ended. Sign in again.",
  not_verified: "Your sign-in could not be confirmed. Try again.",
  // Ceremonies.
  ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED: "This device has a passkey of this account. Sign in with it.",
  ERROR_INVALID_DOMAIN: "Passkeys do not work at this address. Open the page at http://localhost.",
  // A code that was typed in: `failureReason` of the result.
  CODE_INVALID_OR_EXPIRED: "That is not the code that the app shows now.",
  MAX_ATTEMPTS_EXCEEDED: "Too many wrong codes. Begin again.",
};

const CLOSED = "The passkey prompt was closed, or nobody answered it. Try again when you are ready.";

/**
 * A sentence, and the code for whoever looks into it.
 * @param {any} error What a call threw, or `{errorCode}`.
 * @returns {{sentence: string, code: string}}
 */
export const explain = (error) => {
  const code = error.errorCode ?? error.code ?? error.name;
  const isClosed = error.name === "NotAllowedError" || error.name === "AbortError";
  const known = SENTENCES[code] ?? (isClosed ? CLOSED : `Something went wrong. ${error.message ?? ""}`);
  return { sentence: known, code: code in SENTENCES ? code : (error.errorCode ?? error.name) };
};
