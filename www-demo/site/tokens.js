// Reading tokens for show. A client must never decide by their claims: the server does.

const names = new Map();

/** A short name for a token, T1, T2, … in the order of appearance, so that the page can speak of it without showing it. */
export function tokenName(token) {
  if (!names.has(token)) names.set(token, `T${names.size + 1}`);
  return names.get(token);
}

/** The claims in the middle part of a JWT. */
export function claimsOf(token) {
  const middle = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(middle), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** The words of a scope claim. */
export function scopesOf(claims) {
  return (claims.scope ?? "").split(" ").filter(Boolean);
}
