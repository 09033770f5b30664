/**
 * The public face of authsignal-wasm, written by hand. It builds the classes and namespaces that `@authsignal/browser`
 * has, owns what must be synchronous (the constructor, the cookie, `setToken`), and hands every operation to the core.
 * It holds no rule of the protocol: those are in Rust, in `src/`.
 */
import { attach, imports, resume, start } from "./core.js";

const isObject = (value) => typeof value === "object" && value !== null;

const DEFAULT_BASE_URL = "https://api.authsignal.com/v1";

/** Error codes that a result's `errorCode` can have. The API may answer with others: an open list. */
export const ErrorCode = {
  token_not_set: "token_not_set",
  expired_token: "expired_token",
  network_error: "network_error",
  too_many_requests: "too_many_requests",
  invalid_credential: "invalid_credential",
  unknown_credential: "unknown_credential",
  credential_not_found: "credential_not_found",
  immediate_mediation_not_supported: "immediate_mediation_not_supported",
  invalid_response: "invalid_response",
  core_unavailable: "core_unavailable",
};

/** What a ceremony rejects with. `name` is that of the browser's exception, which is the `cause`. */
export class WebAuthnError extends Error {
  constructor({ message, code, cause, name }) {
    super(message, { cause });
    this.name = name ?? cause.name;
    this.code = code;
  }
}

/* ---- The core: loaded at the first construction, shared by all instances ---- */

/** How a task is resumed, and answers: the constants of `src/js.rs`. */
const PENDING = 0;
const FULFILLED = 1;
const REJECTED = 2;

/** Whether the core runs: it is loaded, and has not failed. */
let running = false;
/** The load under way. */
let loading;
/** What waits for the core, in the order of the calls: what to do with it, and what without. */
let waiting = [];
/** How to reject the calls that are under way, so that none stays pending when the core fails. */
const pending = new Set();

/**
 * Does something with the core, now or once it is loaded. Order is kept: a call made before `setToken` must not see its
 * token, and one made after it must.
 */
const withCore = (use, fail) => {
  if (running) return use();
  waiting.push([use, fail]);
  load();
};

const load = () => {
  loading ??= instantiate().then(
    () => flush(0),
    // Nothing is kept of a failed attempt: the next call tries again.
    (cause) => flush(1, cause),
  );
};

const flush = (which, cause) => {
  running = !which;
  loading = undefined;
  const entries = waiting;
  waiting = [];
  for (const entry of entries) entry[which](cause);
};

const instantiate = async () => {
  const url = new URL("./core.wasm", import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered with status ${response.status}`);
  const copy = response.clone();
  const { instance } = await WebAssembly.instantiateStreaming(response, imports())
    // A server that does not know the type application/wasm.
    .catch(async () => WebAssembly.instantiate(await copy.arrayBuffer(), imports()));
  attach(instance.exports);
};

/** A trap leaves the core in no state to go on: its calls are rejected, and the next call gets a new one. */
const failed = (cause) => {
  running = false;
  const error = new Error("The core of authsignal-wasm failed. Please report this, with its cause.", { cause });
  error.code = "core_failed";
  for (const reject of pending) reject(error);
  pending.clear();
};

/** Runs an operation of the core, which says at each step what to wait for, or how it ended. */
const call = (operation, context, parameters) =>
  new Promise((resolve, reject) => {
    const out = {};
    const end = (how, value) => {
      pending.delete(reject);
      how(value);
    };
    const step = (task, how, value) => {
      // The core that the task belongs to has failed.
      if (!pending.has(reject)) return;
      let answer;
      try {
        answer = resume(task, how, value, out);
      } catch (cause) {
        return failed(cause);
      }
      if (answer === PENDING) {
        Promise.resolve(out.value).then(
          (value) => step(task, FULFILLED, value),
          (cause) => step(task, REJECTED, cause),
        );
      } else end(answer === FULFILLED ? resolve : reject, out.value);
    };
    pending.add(reject);
    withCore(
      () => step(start(operation, context, isObject(parameters) ? parameters : {}), PENDING),
      (cause) => {
        const description = `The core of authsignal-wasm could not be loaded: ${cause.message}. Serve core.wasm beside index.js, and allow 'wasm-unsafe-eval' in the Content-Security-Policy.`;
        if (context.enableLogging) console.error(`[Authsignal] core_unavailable: ${description}`);
        end(resolve, { error: description, errorCode: "core_unavailable", errorDescription: description });
      },
    );
  });

/* ---- The anonymous id ---- */

const readCookie = (name) => {
  try {
    for (const pair of document.cookie.split("; ")) {
      const at = pair.indexOf("=");
      if (decodeURIComponent(pair.slice(0, at)) === name) return decodeURIComponent(pair.slice(at + 1));
    }
  } catch {
    // No document, cookies denied, or a malformed escape.
  }
};

const writeCookie = (name, value, domain) => {
  try {
    const secure = location.protocol === "http:" ? "" : "; secure";
    document.cookie = `${encodeURIComponent(name)}=${value}; path=/; expires=Fri, 31 Dec 9999 23:59:59 GMT; domain=${domain}${secure}`;
  } catch {
    // As above: the id then lives as long as the page.
  }
};

const uuid = () => {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Insecure contexts lack randomUUID.
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16),
  );
};

/* ---- The public class ---- */

/**
 * Token cells by base URL and tenant. Instances of one tenant share theirs; nothing outside this module and the core
 * reaches them.
 */
const cells = new Map();

/** What all instances on the page share: the ceremony under way. */
const page = {};

const cellOf = (...owner) => {
  const key = JSON.stringify(owner);
  if (!cells.has(key)) cells.set(key, {});
  return cells.get(key);
};

/** The methods of each namespace, by the number of their operation (`src/operation.rs`). */
const NAMESPACES = {
  passkey: { signUp: 64, signIn: 65, isAvailableOnDevice: 66 },
  totp: { enroll: 8, verify: 9 },
};

export class Authsignal {
  #cell;

  constructor(options) {
    if (!isObject(options)) {
      throw new TypeError('Authsignal needs an options object: new Authsignal({ tenantId: "your-tenant-id" })');
    }
    const { tenantId, baseUrl = DEFAULT_BASE_URL, cookieDomain, cookieName = "__as_aid", enableLogging = false } = options;
    if (!tenantId) throw new Error("tenantId is required");

    this.profilingId = "";
    this.enableLogging = enableLogging;
    this.anonymousIdCookieName = cookieName;
    this.cookieDomain = cookieDomain || (globalThis.location?.hostname ?? "").replace(/^www\./, "");
    this.anonymousId = readCookie(cookieName);
    if (!this.anonymousId) {
      this.anonymousId = uuid();
      writeCookie(cookieName, this.anonymousId, this.cookieDomain);
    }

    const url = baseUrl.replace(/\/+$/, "");
    this.#cell = cellOf(url, tenantId);
    const context = {
      tenantId,
      baseUrl: url,
      enableLogging,
      deviceId: this.anonymousId,
      cell: this.#cell,
      throwOnNetworkError: options.throwOnNetworkError,
      onTokenExpired: options.onTokenExpired,
      page,
      webAuthnError: (code, message, cause) => new WebAuthnError({ message, code, cause }),
      delay: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
      background: (operation, parameters) => void call(operation, context, parameters).catch(() => {}),
    };
    for (const [namespace, methods] of Object.entries(NAMESPACES)) {
      this[namespace] = {};
      for (const [method, operation] of Object.entries(methods)) {
        this[namespace][method] = (parameters) => call(operation, context, parameters);
      }
    }
    // The download starts now and not at the first call; a failure is told by the call that needs it.
    if (globalThis.document) load();
  }

  setToken(token) {
    if (typeof token !== "string" || !token) {
      throw new TypeError("setToken needs the token that your backend got from Authsignal, a non-empty string");
    }
    const cell = this.#cell;
    withCore(() => (cell.token = token), () => (cell.token = token));
  }
}
