/**
 * The public face of authsignal-wasm, written by hand. It builds the classes and namespaces that `@authsignal/browser`
 * has, owns what must be synchronous (the constructor, the cookie, `setToken`, opening a window), and hands every
 * operation to the core. The rules of the protocol are not here: they are in Rust, in `src/`.
 */
import { parametersOf, resume } from "./core.js";
import { instantiate } from "./load.js";

/** These names, and what each stands for: itself, or a number, counted from the first. */
const enumeration = (names, first) =>
  Object.fromEntries(names.split(" ").map((name, index) => [name, first === undefined ? name : first + index]));

/**
 * Codes of results and errors, the peer's and ours. The API may answer with others: an open list. The first stand in the core's
 * words in this order, too (src/words.rs), and cost next to nothing once more.
 */
export const ErrorCode = enumeration(
  "token_not_set expired_token network_error too_many_requests unknown_credential credential_not_found " +
    "immediate_mediation_not_supported challenge_expired invalid_credential invalid_response core_unavailable core_failed " +
    "timeout user_canceled aborted popup_blocked window_closed socket_lost",
);

/** What the pre-built UI says to the page that opened it. */
export const AuthsignalWindowMessage = enumeration("AUTHSIGNAL_CLOSE_POPUP AUTHSIGNAL_API_ERROR AUTHSIGNAL_READY");

export const VerificationMethod = enumeration(
  "SMS AUTHENTICATOR_APP RECOVERY_CODE EMAIL_MAGIC_LINK EMAIL_OTP PUSH SECURITY_KEY PASSKEY VERIFF IPROOV " +
    "PALM_BIOMETRICS_RR IDVERSE DEVICE WHATSAPP",
);

/** What a ceremony rejects with. `name` is that of the browser's exception, which is the `cause`. */
export class WebAuthnError extends Error {
  // Of its own: where `Error.prototype` is frozen, what is inherited can't be assigned to.
  name;
  constructor({ message, code, cause, name }) {
    super(message, { cause });
    this.name = name ?? cause.name;
    this.code = code;
  }
}

/** An error whose code apps can test. */
const coded = (message, code, options) => Object.assign(new Error(message, options), { code });

/** An operation's answer that it has no data. */
const answer = ({ enableLogging }, errorCode, error) => {
  if (enableLogging) console.error(`[Authsignal] ${errorCode}: ${error}`);
  return { error, errorCode, errorDescription: error };
};

/** Calls a callback of the app's, whose failure is its own. */
const notify = (callback, ...values) => {
  try {
    callback?.(...values);
  } catch (thrown) {
    console.error(thrown);
  }
};

/** A copy without what others have put into `Object.prototype`, such as an address. */
const own = (options) => ({ ...options, __proto__: null });

/** The app's signal, if there is one. */
const signalOf = ({ signal }) => {
  if (signal && !signal.addEventListener) throw new TypeError("signal must be an AbortSignal");
  return signal;
};

/** Gives something up when the app's signal says so, or its time is over. Call what it returns when it ends before. */
const limit = (options, giveUp) => {
  const signal = signalOf(options);
  const { timeout } = options;
  if (signal?.aborted) return giveUp();
  signal?.addEventListener("abort", giveUp);
  // What is longer than a timer can be, such as Infinity, would be over at once.
  const timer = timeout > 0 && timeout < 2 ** 31 && setTimeout(giveUp, timeout);
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  };
};

/* ---- The core: loaded at the first construction, shared by all instances ---- */

/** How a task is resumed: the constants of `src/js.rs`. */
const FULFILLED = 0;
const REJECTED = 1;
const CANCELLED = 2;

/** Whether the core runs: it is loaded, and has not failed. */
let running = false;
/** The load under way, or through. */
let loading;
/** The wasm that the host has given. */
let given;
/** Whether an instance logs. */
let logging;
/** How to reject the calls that are under way, so that none stays pending when the core fails. */
const pending = new Set();

/**
 * Does something with the core, now or once it is loaded. Order is kept: a call made before `setToken` must not see its
 * token, and one made after it must.
 */
const withCore = (use, fail) => (running ? use() : beginLoading().then(use, fail));

const beginLoading = () => {
  // A second core would be swapped in under the calls that the first one has under way.
  if (!loading) {
    loading = instantiate(given, () => logging);
    // Before all that waits: what is called then must not overtake it.
    loading.then(
      () => (running = true),
      // Nothing is kept of a failed attempt: the next call tries again.
      () => (loading = undefined),
    );
  }
  return loading;
};

/** Loads the core ahead of the first call, or from where the host says. */
export const load = async ({ wasm } = {}) => {
  given = wasm ?? given;
  await beginLoading();
};

/** A trap leaves the core in no state to go on: its calls are rejected, and the next call gets a new one. */
const failed = (cause) => {
  running = loading = false;
  const error = coded("The core failed. Please report its cause.", "core_failed", { cause });
  for (const reject of pending) reject(error);
  // What the core would have ended.
  page.active?.controller?.abort(error);
  page.active = page.autofill = false;
};

/** The operation that is answered with true or false. */
const IS_AVAILABLE = 31;

/** Runs an operation of the core, which says at each step what to wait for, or how it ended. */
const call = (operation, instance, given) =>
  new Promise((resolve, reject) => {
    const parameters = parametersOf(Object(given));
    const signal = signalOf(parameters);
    const { timeout } = parameters;
    const controller = (signal || timeout) && new AbortController();
    const values = [{ __proto__: instance, signal: controller?.signal }, parameters];
    /** Whether the task waits: it has begun, and does not run. */
    let waits;
    let release;
    const end = (how, value) => {
      if (!pending.delete(fail)) return;
      release?.();
      how(value);
    };
    const fail = (error) => end(reject, error);
    /** Ends the call with an answer of ours: of the one operation that answers yes or no, with a no. */
    const refuse = (...reason) => end(resolve, operation !== IS_AVAILABLE && answer(instance, ...reason));
    /** Whether the ceremony under way is this call's. */
    const isMine = () => page.active?.signal === controller?.signal;
    /** Ends the call before its time: the request, the ceremony and the task with it. */
    const giveUp = () => {
      const { aborted, reason } = Object(signal);
      if (isMine()) page.active.controller.abort(reason);
      controller.abort(reason);
      if (aborted) fail(reason);
      else refuse("timeout", `No answer within ${timeout} ms`);
      if (waits && running) resume(values, operation, CANCELLED);
      waits = false;
    };
    const step = (how, value) => {
      // The core has failed, or the call was given up: its ceremony has ended now, and others need not make way for it.
      if (!pending.has(fail)) {
        if (isMine()) page.active = false;
        return;
      }
      // Given up while it runs, by a callback of the app's: it is cancelled once it waits.
      waits = false;
      let kind;
      let result;
      try {
        [kind, result] = resume(values, operation, how, value);
        if (kind === 1 && !pending.has(fail)) return void resume(values, operation, CANCELLED);
      } catch (cause) {
        return failed(cause);
      }
      if (kind === 1) {
        waits = true;
        Promise.resolve(result).then(
          (value) => step(FULFILLED, value),
          (cause) => step(REJECTED, cause),
        );
      } else end(kind === 3 ? reject : resolve, result);
    };
    pending.add(fail);
    release = limit(parameters, giveUp);
    withCore(
      () => step(FULFILLED),
      ({ message }) => refuse("core_unavailable", `The core could not be loaded: ${message}`),
    );
  });

/** What few pages need, loaded on first use. */
const later = () =>
  import("./later.js").catch((cause) => {
    throw coded("later.js could not be loaded", "core_unavailable", { cause });
  });

/* ---- Identity ---- */

const readCookie = (name) => {
  try {
    const [, value] = `; ${document.cookie};`.split(`; ${encodeURIComponent(name)}=`);
    return decodeURIComponent(value.split(";")[0]);
  } catch {
    // No such cookie, no document, cookies denied, or a malformed escape.
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

const uuid = () =>
  // Insecure contexts lack randomUUID. The address of an object ends in such an id (File API, section 8.3.2).
  crypto.randomUUID?.() ?? URL.createObjectURL(new Blob()).slice(-36);

/* ---- The token cells ---- */

/** The operation that describes the binding window. */
const BINDING = 35;

/**
 * Token cells by base URL and tenant. Instances of one tenant share theirs; nothing outside this module and the core
 * reaches them.
 */
const cells = { __proto__: null };

const newCell = () => {
  let token;
  const watchers = [];
  return {
    watchers,
    get token() {
      return token;
    },
    set token(value) {
      token = value;
      watchers.forEach((changed) => changed());
    },
  };
};

const cellOf = (...owner) => (cells[JSON.stringify(owner)] ??= newCell());

/** What the token says of the binding window. Asked of the core, which answers at once. */
const describe = (context) => {
  const answer = running && resume([context, parametersOf({})], BINDING)[1];
  return { state: "none", remainingMs: 0, scopes: [], ...answer, expiresAt: new Date(answer.expiresAt).toJSON() ?? undefined };
};

/** Tells the app when the binding window changes, and ahead of its end. */
const watch = (context) => {
  const { cell, onBindingChange, onTokenExpiring, tokenExpiringMs } = context;
  if (!onBindingChange && !onTokenExpiring) return;
  let timers = [];
  const changed = () => {
    timers.forEach(clearTimeout);
    const binding = describe(context);
    const { remainingMs } = binding;
    // What is longer than a timer can be would be over at once, and again, without end.
    timers =
      remainingMs > 0 && remainingMs < 2 ** 31
        ? [
            setTimeout(changed, remainingMs),
            setTimeout(() => notify(onTokenExpiring, describe(context)), remainingMs - (tokenExpiringMs >= 0 ? tokenExpiringMs : 60_000)),
          ]
        : [];
    // At last: a callback that sets a token comes here again, and its timers stand.
    notify(onBindingChange, binding);
  };
  cell.watchers.push(changed);
};

/* ---- The public classes ---- */

/** What all instances on the page share: the ceremony under way. */
const page = {};

/** The methods of each namespace, by the number of their operation (`src/operation.rs`). */
const NAMESPACES = {
  passkey: {
    ...enumeration("signUp signIn isAvailableOnDevice", 29),
    api: enumeration(
      "registrationOptions addAuthenticator authenticationOptions authenticationOptionsWeb verify getAuthenticators " +
        "getPasskeyAuthenticator challenge",
      0,
    ),
  },
  totp: enumeration("enroll verify", 8),
  email: enumeration("enroll challenge verify", 10),
  sms: enumeration("enroll challenge verify", 13),
  whatsapp: enumeration("challenge verify", 16),
  emailML: enumeration("enroll challenge checkVerificationStatus", 18),
  securityKey: {
    ...enumeration("enroll verify", 33),
    api: enumeration("registrationOptions addAuthenticator authenticationOptions verify", 21),
  },
  push: enumeration("challenge verify", 25),
};

/** What the core needs of an instance. */
const contextOf = (options) => {
  const context = own(options);
  const { tenantId, baseUrl = "https://api.authsignal.com/v1" } = context;
  if (typeof baseUrl !== "string") throw new TypeError("baseUrl must be text");
  const url = baseUrl.replace(/\/+$/, "");
  return Object.assign(context, {
    baseUrl: url,
    page,
    cell: cellOf(url, tenantId),
    webAuthnError: (code, message, cause) => new WebAuthnError({ message, code, cause }),
    delay: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    background: (operation, parameters) => void call(operation, context, parameters).catch(() => {}),
    conversion: later,
    // An old browser has none, and what extensions yield is often no credential to the browser.
    toJSON: async (credential) => {
      try {
        return credential.toJSON();
      } catch {
        return (await later()).toJSON(credential);
      }
    },
  });
};

const bind = (target, methods, context) => {
  for (const [name, operation] of Object.entries(methods)) {
    const inFlight = { __proto__: null };
    target[name] = isNaN(operation)
      ? bind({}, operation, context)
      : async (parameters) => {
          const { code, signal } = Object(parameters);
          // The four that spend an attempt (see NAMESPACES): a double submit of one code is one request. But whoever has another token
          // is another user, and one signal is not to end the other's call.
          const isVerification = /^(9|1[257])$/.test(operation);
          const key = `${context.cell.latest} ${code}`;
          const begin = () => call(operation, context, parameters);
          return isVerification && !signal ? (inFlight[key] ??= begin().finally(() => delete inFlight[key])) : begin();
        };
  }
  return target;
};

export class Whatsapp {
  constructor(options) {
    bind(this, NAMESPACES.whatsapp, contextOf(options));
  }
}

export class Authsignal {
  #context;

  constructor(options) {
    const context = contextOf(options);
    const { tenantId, cookieDomain, cookieName = "__as_aid", enableLogging = false } = context;
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
    context.deviceId = this.anonymousId;
    this.#context = context;
    bind(this, NAMESPACES, context);
    this.whatsapp = new Whatsapp(context);
    this.qrCode = qrCode(context);
    watch(context);
    logging ||= enableLogging;
    // In a page or a worker the download starts now and not at the first call; a failure is told by the call that needs it.
    if (globalThis.location) beginLoading();
  }

  get binding() {
    return describe(this.#context);
  }

  setToken(token) {
    if (typeof token !== "string" || !token) {
      throw new TypeError("setToken needs a token. To forget one: clearToken()");
    }
    this.#set(token);
  }

  clearToken() {
    this.#set();
  }

  #set(token) {
    const { cell } = this.#context;
    // At once, so that a verification begun before the core is loaded knows whose it is; the token itself keeps the order.
    cell.latest = token;
    const set = () => {
      cell.token = cell.user = token;
    };
    withCore(set, set);
  }

  launch(url, given) {
    const options = own(given);
    if (/popup|window/.test(options.mode)) return launch(url, options);
    location.href = url;
  }

  initAdvancedProfiling(baseUrl = "https://h.online-metrix.net") {
    this.profilingId = uuid();
    writeCookie("__as_pid", this.profilingId, this.cookieDomain);
    const query = `?org_id=4a08uqve&session_id=${this.profilingId}`;
    const element = (name, properties) => Object.assign(document.createElement(name), properties);
    document.head.append(element("script", { id: "as_adv_profile", async: false, src: `${baseUrl}/fp/tags.js${query}` }));
    const id = "as_adv_profile_pixel";
    const pixel = element("noscript", { id, ariaHidden: true });
    const frame = element("iframe", { id, src: `${baseUrl}/fp/tags${query}` });
    frame.setAttribute("style", "width: 100px; height: 100px; border: 0; position: absolute; top: -5000px;");
    pixel.append(frame);
    document.body.prepend(pixel);
  }
}

/* ---- QR code ---- */

const qrCode = (context) => {
  let session;
  /** The last `challenge()`, unless `disconnect()` came after it. */
  let wanted;
  return {
    async challenge(parameters) {
      const mine = (wanted = {});
      const { openSession } = await later();
      if (wanted !== mine) return answer(context, "aborted", "disconnect() was called.");
      session?.end();
      session = openSession(context, call, notify, answer, own(parameters));
      return session.challenge();
    },
    async refresh(parameters) {
      if (!session) throw new Error("challenge() must be called before refresh()");
      await session.refresh(parameters);
    },
    disconnect() {
      // Which brings nothing.
      wanted = session = session?.end();
    },
  };
};

/* ---- The pre-built UI ---- */

/** Adds the mode to a URL's query, of whatever form. */
const inPopupMode = (url) => `${url}`.replace(/^[^?#]*(\?[^#]*)?/, (address, query) => address + (query ? "&" : "?") + "mode=popup");

/** Opens the pre-built UI. What follows it is loaded meanwhile, which the UI, being loaded itself, does not overtake. */
const launch = (url, options) => {
  // Before anything opens that it could not close.
  const signal = signalOf(options);
  if (signal?.aborted) return Promise.reject(signal.reason);
  const address = inPopupMode(url);
  let opened;
  if (options.mode === "popup") {
    // One that was aborted is gone: a component that is mounted twice opens the next in the same moment.
    if (page.popup && !page.popup.signal?.aborted) throw new Error("Multiple instances of Authsignal popup is not supported.");
    page.popup = options;
  } else {
    let { width, height } = own(options.windowOptions);
    if (!(width > 0)) width = 400;
    if (!(height > 0)) height = 500;
    const left = screenX + (outerWidth - width) / 2;
    const top = screenY + (outerHeight - height) / 2;
    const features = "toolbar=no, location=no, directories=no, status=no, menubar=no, scrollbars=no, resizable=no, copyhistory=no";
    // In the click itself: the browser blocks what is opened after it.
    opened = open(address, "", `${features}, width=${width}, height=${height}, top=${top}, left=${left}`);
    if (!opened) throw coded("Window is not initialized", "popup_blocked");
  }
  return later()
    .then(({ follow }) => follow(address, options, opened, notify, limit))
    .finally(() => {
      opened?.close();
      if (page.popup === options) page.popup = false;
    });
};
