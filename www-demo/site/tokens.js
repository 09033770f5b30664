// Naming tokens for show.

const names = new Map();

/** A short name for a token, T1, T2, … in the order of appearance, so that the page can speak of it without showing it. */
export function tokenName(token) {
  if (!names.has(token)) names.set(token, `T${names.size + 1}`);
  return names.get(token);
}
