/**
 * What is a line of JavaScript, and many of Rust that call it piece by piece: see src/value.rs, which also says what becomes
 * of what these throw.
 */

/** Whether this is an object, an array or a function. */
export const isObject = (value) => Object(value) === value;

/** Whether this is `undefined` or `null`. */
export const isMissing = (value) => value == null;

/** The number itself. */
export const number = (value) => value;

/** These as one text; `undefined` and `null` as nothing, which minifiers forget of a literal list. */
export const joined = (first, second, third, fourth) => Array.of(first, second, third, fourth).join("");

/** These as numbers, subtracted. */
export const difference = (one, other) => one - other;

export const isMore = (one, other) => one > other;

/** So many seconds, in milliseconds. */
export const milliseconds = (seconds) => seconds * 1000;

/**
 * The claims of a JSON Web Token (RFC 7519), unverified: the browser has no key, and needs none. Bytes become UTF-8 by the pair of
 * functions that has always done it.
 */
export const claimsOf = (token) => JSON.parse(decodeURIComponent(escape(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")))));

/** A tenant's id as the API wants it: it may be any text, and `btoa` alone takes Latin-1 only. */
export const encodedTenant = (tenantId) => btoa(encodeURIComponent(tenantId));

/** A copy with `accessToken` under the name `token`. A copy: a test double may hand out the same object again. */
export const renamed = ({ accessToken: token, ...rest }) => ({ token, ...rest });

export const newController = () => new AbortController();

/** What settles first. */
export const firstOf = (one, other) => Promise.race([one, other]);
