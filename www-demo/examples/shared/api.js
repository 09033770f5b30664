/** The page's way to its backend. */

/** What the backend answered when it said no: the code is in `errorCode`, as in an answer of Authsignal's. */
export class BackendError extends Error {
  name = "BackendError";
  /** @param {string} errorCode @param {string} errorDescription */
  constructor(errorCode, errorDescription) {
    super(errorDescription);
    this.errorCode = errorCode;
  }
}

/**
 * GET without a body, POST with one.
 * @param {string} path
 * @param {object} [body]
 */
const ask = async (path, body) => {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(path, body && { method: "POST", headers, body: JSON.stringify(body) }).catch(() => {
    throw new BackendError("network_error", "The backend cannot be reached.");
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new BackendError(answer.errorCode ?? `http_${response.status}`, answer.errorDescription ?? "");
  return answer;
};

/**
 * Who is signed in, or `user: null`; and the names of their methods, such as `PASSKEY`.
 * @returns {Promise<{user: {username: string} | null, authenticators: string[]}>}
 */
export const session = () => ask("/api/session");

/**
 * The token for a new user's first authenticator.
 * @param {string} username
 * @returns {Promise<{token: string}>}
 */
export const signUp = (username) => ask("/api/sign-up", { username });

/**
 * Begins a session, with the token of a challenge that was met.
 * @param {string} token
 */
export const signIn = (token) => ask("/api/sign-in", { token });

/** Ends it. */
export const signOut = () => ask("/api/sign-out", {});

/**
 * A token that may add an authenticator without a challenge.
 * @returns {Promise<{token: string}>}
 */
export const tokenToAdd = () => ask("/api/token", {});
