// What pages, servers and policies do to the wasm: the same rows in Chromium and in Firefox.
import { PAGE, wasm } from "./site.mjs";

export const STREAMED = ["/pkg/index.js", "/pkg/core.wasm"];
export const IN_JAVASCRIPT = ["/pkg/fallback.js", "/pkg/js-core.js"];

/** The short names of the imports have other letters in each build: here, in the name of their module. */
const ofAnotherBuild = () => {
  const text = wasm().toString("latin1");
  const [, module] = /\x01([a-zA-Z])\x01[a-zA-Z]\0/.exec(text);
  return Buffer.from(text.replaceAll(new RegExp(`\\x01${module}(?=\\x01[a-zA-Z]\\0)`, "g"), module === "a" ? "\x01b" : "\x01a"), "latin1");
};

/** A Content-Security-Policy of these scripts; `connect` is where the page may ask besides its API, `nonce` what its script has. */
const csp = (scripts, { nonce, connect = "'self'" } = {}) => ({ name: scripts, policy: `script-src ${scripts}`, nonce, connect });
const TRUSTED_TYPES = "; require-trusted-types-for 'script'; trusted-types 'none'";
const nonce = "abc123";

/** Policies under which the wasm runs. */
export const STREAMED_UNDER = [
  csp("'self' 'wasm-unsafe-eval'"),
  csp(`'self' 'wasm-unsafe-eval'${TRUSTED_TYPES}`),
  csp(`'nonce-${nonce}' 'strict-dynamic' 'wasm-unsafe-eval'`, { nonce }),
  csp(`'nonce-${nonce}' 'wasm-unsafe-eval'`, { nonce }),
];

/** Policies that forbid it. */
export const FORBIDDEN_BY = [
  csp("'self'"),
  csp(`'self'${TRUSTED_TYPES}`),
  csp(`'nonce-${nonce}' 'strict-dynamic'`, { nonce }),
  csp(`'nonce-${nonce}'`, { nonce }),
];

/** One that would let it run, and lets nobody fetch it. */
export const CONNECTING_ELSEWHERE = csp("'self' 'wasm-unsafe-eval'", { connect: "" });

/** The wasm, whole, and not told by its type. */
export const OF_ANOTHER_TYPE = { answer: () => [200, "text/html", wasm()] };

/** What a server may have in the place of the wasm, the code of the warning, and what Chromium's console complains of by itself. */
export const SPOILED = [
  { name: "wasm that is not there", answer: () => [404, "text/html", "not here"], code: "wasm_not_found", complaint: [/404/] },
  { name: "a page in the place of the wasm", answer: () => [200, "text/html", PAGE], code: "wasm_invalid" },
  { name: "a page that calls itself wasm", answer: () => [200, "application/wasm", PAGE], code: "wasm_invalid" },
  { name: "truncated wasm", answer: () => [200, "application/wasm", wasm().subarray(0, 3000)], code: "wasm_invalid" },
  { name: "wasm of another build", answer: () => [200, "application/wasm", ofAnotherBuild()], code: "wasm_invalid" },
];

/** Makes a site one of such a row, whose API is there. */
export const arrange = (site, { policy, nonce, connect, answer }, api) => {
  if (policy) site.headers["content-security-policy"] = `default-src 'none'; img-src data:; connect-src ${connect} ${api}; ${policy}`;
  if (nonce) site.files["/"] = site.files["/"].replaceAll("<script", `<script nonce=${nonce}`);
  if (answer) site.answer = (path) => path.endsWith(".wasm") && answer();
};
