// What went wrong, in words for the person in front of the page. The code stands beside them, for the developer.

const ANSWERS = {
  token_not_set: [
    "There is no token in hand.",
    "The page was loaded again, and tokens live in memory only. Sign in with the passkey to open the window.",
  ],
  insufficient_scope: [
    "Refused: the token in hand may not add an authenticator.",
    "The account has an authenticator already. Prove that one first, or let the backend issue a token with the scope add:authenticators.",
  ],
  expired_token: [
    "Refused: the window has closed.",
    "Ten minutes have passed on the server’s clock. Sign in with the passkey to open it again.",
  ],
  unknown_credential: [
    "The server does not know this passkey.",
    "It belongs to an account that was reset. Your browser was told to forget it. Choose another, or create an account.",
  ],
  invalid_credential: ["The server did not accept this passkey.", "Choose another one."],
  too_many_requests: ["Too many attempts.", "Wait a little, then try again."],
  network_error: ["The server cannot be reached.", "Is it still running? Nothing was changed."],
};

const CEREMONIES = {
  ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED: [
    "This device already holds a passkey of the account.",
    "Sign in with it instead. Nothing was changed.",
  ],
  ERROR_INVALID_DOMAIN: [
    "Passkeys do not work at this address.",
    "Open the page at http://localhost, not at an IP address.",
  ],
};

const CANCELLED = [
  "The browser’s passkey prompt was cancelled, or it timed out.",
  "Nothing was changed. You can simply try again.",
];

/** An answer of the API that says no: `{errorCode, errorDescription}`. */
export function explainAnswer({ errorCode, errorDescription }) {
  const [what, next] = ANSWERS[errorCode] ?? ["The server said no.", errorDescription ?? ""];
  return { what, next, code: errorCode, description: errorDescription };
}

const BACKEND = {
  unauthorized: ["Nobody is signed in.", "Create an account, or sign in with its passkey."],
};

/** What a ceremony, or a mistake of this page, threw. */
export function explainThrown(error) {
  const cancelled = error.name === "NotAllowedError" || error.name === "AbortError";
  const [what, next] = CEREMONIES[error.code] ?? BACKEND[error.code] ?? (cancelled ? CANCELLED : ["Something went wrong.", ""]);
  return { what, next, code: error.code in CEREMONIES || error.name === "BackendError" ? error.code : error.name, description: error.message };
}

/** Why a code was not accepted. */
export function explainWrongCode(failureReason) {
  if (failureReason === "MAX_ATTEMPTS_EXCEEDED") {
    return { what: "Too many wrong codes.", next: "Begin again with a new key.", code: failureReason };
  }
  return {
    what: "That is not the code.",
    next: "Type the six digits that the app shows now; each is good for half a minute, and once.",
    code: failureReason ?? "CODE_INVALID_OR_EXPIRED",
  };
}
