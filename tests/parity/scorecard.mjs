/**
 * The peer's quirks that apps rely on, and its defects, and where each is tested: COMPAT.md has both lists. `shown` is how
 * the names of scenarios begin; a defect is shown by the scenarios that have its number, or `elsewhere`.
 */
export const QUIRKS = [
  ['`"error" in response` tells an error from data', ["email.verify: refused", "push.verify: denied", "bad reply: an error that is null"]],
  ["`error` is the description; of `token_not_set`, the code", ["error body: a description wins", "totp.verify: no token"]],
  ["a second autofill request resolves with `{}`", ["signIn: a second autofill request"]],
  [
    "misuse and ceremonies are thrown, the API's errors and what immediate mode lacks are answered",
    ["signIn: token and autofill", "signUp: automatic registration that is not supported", "signIn: options refused", "signIn: immediate mode finds nothing"],
  ],
  ["what is thrown is a `WebAuthnError` of the cause's name, with a code", ["signUp: the browser throws", "signIn: the browser throws"]],
  ["`signIn` takes no part in the token that is set, `signUp` uses it", ["signIn: the token that is set plays no part", "signUp: success, without sync"]],
  ["a verified code replaces the token, for all instances on the page", ["token: a set token is used", "token: instances of one tenant share it"]],
  ["`accessToken` is called `token`, and unknown fields pass through", ["email.verify: success"]],
  ["`onVerificationStarted` is called between the assertion and its request", ["signIn: onVerificationStarted between"]],
  ["`isVerified: false` is data", ["token: not replaced when not verified", "signIn: not verified"]],
  ["`launch` returns `undefined` when it redirects; a popup that is dismissed resolves", ["launch redirect:", "launch popup: closed by"]],
  ["`registrationResponse` and `authenticationResponse` are in the data", ["signUp: success", "signIn: success"]],
];

export const DEFECTS = [
  ["a lost network rejects with a raw `TypeError`", "answered: `network_error`"],
  ["HTML, an empty body or `null` throws", "answered: `invalid_response`"],
  ["an error without `error` is taken for data, the status for nothing", "either is an error"],
  ["autofill is pending for ever after a lost request", "a request gives it back when it ends"],
  ["a sign-in's failure frees another's pending autofill", "each request owns its own"],
  ["nothing can be aborted or timed", "`signal` and `timeout` on the calls"],
  ["the wait for a magic link never ends on an error", "it ends on the first, and when the token has lived its time: `challenge_expired`"],
  ["polls of a QR code overlap, never end, and tell of a state again and again", "one after the other, each state once, until the end, which `onError` tells"],
  ["a QR code is refreshed after its approval and after `disconnect()`, and a refresh that is lost ends it unseen", "neither; a lost refresh is tried again"],
  ["a socket that closes or stays silent leaves the call pending, and is not opened again", "it settles, and is opened again, ever less often"],
  ["the socket's address is made by replacing text anywhere", "its scheme, host and path are"],
  ["the socket's error says `[object Event]`", "it says the close code"],
  ["QR codes never call `onTokenExpired`", "they do"],
  ["storage that is denied or corrupt fails a sign-in that has succeeded", "it costs the hint only"],
  ["denied or malformed cookies fail the constructor", "the id lives as long as the page"],
  ["`www.` is cut out of the middle of a host's name", "only off its beginning"],
  ["tenants on one page share the token", "by base URL and tenant"],
  ["the token cannot be forgotten", "`clearToken()`; `binding` tells when it is over"],
  ["push and QR codes do not keep the new token", "as the peer: their apps set it"],
  ["`push.challenge()` without parameters throws", "it asks"],
  ["`signUp()` without parameters throws", "it asks"],
  ["authenticators are fetched for a browser that has no signals", "not there"],
  ["what `onTokenExpired` throws fails the call", "it is logged"],
  ["a security key's steps may mix two tokens", "one for all steps"],
  ["`launch` adds to a URL as to a text", "query and fragment stay what they are"],
  ["a window that the user closes leaves the call pending", "it settles: `window_closed`, or what the API had refused"],
  ["any window of the right origin is heard, and any height set", "only the one that was opened, and numbers"],
  ["the token of `launch` is not kept", "as the peer: apps validate it in their backend"],
  ["`VerificationMethod` is a type only, without `WHATSAPP`", "a value, with it"],
  ["a dependency that is not used", "none at all", "`tests/package`: defect 30"],
  ["a double submit spends two attempts", "one request"],
];

/** What is wrong with the lists: a line each. */
export const gaps = (scenarios) => {
  const has = (start) => scenarios.some(({ name }) => name.startsWith(start));
  return [
    ...QUIRKS.flatMap(([quirk, shown]) => shown.filter((start) => !has(start)).map((start) => `no scenario begins with "${start}", which shows: ${quirk}`)),
    ...DEFECTS.flatMap(([defect, , elsewhere], index) => (elsewhere || has(`defect ${index + 1}:`) ? [] : [`defect ${index + 1} is not tested: ${defect}`])),
  ];
};

export const renderQuirks = () => ["| Kept, because apps rely on it | Scenarios that begin so |", "| --- | --- |", ...QUIRKS.map(([quirk, shown]) => `| ${quirk} | ${shown.join("<br>")} |`)].join("\n");
export const renderDefects = (scenarios) => {
  const tests = (number) => scenarios.filter(({ name }) => name.startsWith(`defect ${number}:`)).map(({ name }) => name.slice(name.indexOf(":") + 2));
  const rows = DEFECTS.map(([defect, better, elsewhere], index) => `| ${index + 1} | ${defect} | ${better} | ${[...tests(index + 1), ...(elsewhere ? [elsewhere] : [])].join("<br>")} |`);
  return ["| # | The peer | Ours | Scenarios |", "| --- | --- | --- | --- |", ...rows].join("\n");
};
