/**
 * The world that a scenario is played in: clock, network, sockets, credentials, windows, storage and console are
 * scripted, and everything that the library does to them is recorded, in order. Both libraries get the same one.
 */
const real = {
  fetch: window.fetch.bind(window),
  cookie: Object.getOwnPropertyDescriptor(Document.prototype, "cookie"),
};

/** What happened, in order: one line each. */
export const record = [];
/** Whether it is recorded: not while the library is made ready. */
let recording = false;
/** Random ids count up. */
let lastUuid = 0;
export const startRecording = () => {
  record.length = 0;
  lastUuid = 0;
  recording = true;
};
export const stopRecording = () => {
  recording = false;
};
/** Runs what has no place in the record: too much of it, and not to be compared. */
export const quietly = async (run) => {
  recording = false;
  await run();
  recording = true;
};
export const note = (kind, ...details) => {
  if (recording) record.push(`${kind} ${details.map((detail) => (typeof detail === "string" ? detail : show(detail))).join(" ")}`.trim());
};

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** Members that say what their absence says. https://www.w3.org/TR/webauthn-3/#dictionary-makecredentialoptions */
const isDefault = (key, value) =>
  (Array.isArray(value) && value.length === 0 && ["hints", "attestationFormats", "excludeCredentials", "allowCredentials"].includes(key)) ||
  (key === "attestation" && value === "none") ||
  (key === "userVerification" && value === "preferred");

/** A value without identity: keys sorted, buffers as base64url, `undefined` left out. */
const plain = (value, inOptions) => {
  if (value instanceof ArrayBuffer) return `bytes:${base64url(new Uint8Array(value))}`;
  if (ArrayBuffer.isView(value)) return `bytes:${base64url(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}`;
  if (value instanceof AbortSignal) return "signal";
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (Array.isArray(value)) return value.map((entry) => plain(entry, inOptions));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .filter((key) => value[key] !== undefined && !(inOptions && isDefault(key, value[key])))
        .map((key) => [key, plain(value[key], inOptions)]),
    );
  }
  return value;
};
const show = (value) => (value === undefined ? "undefined" : JSON.stringify(plain(value)));

/* ---- The clock ---- */

const START = Date.parse("2030-01-01T00:00:00.000Z");
let now = START;
let timers = new Map();
let nextTimer = 1;
/** As a browser takes a delay: what is no 32-bit integer overflows, so that Infinity is over at once. */
const schedule = (run, delay, every, args) => {
  timers.set(nextTimer, { run, args, every, at: now + Math.max(0, delay | 0) });
  return nextTimer++;
};
window.setTimeout = (run, delay, ...args) => schedule(run, delay, undefined, args);
window.setInterval = (run, delay, ...args) => schedule(run, delay, Math.max(1, delay | 0), args);
window.clearTimeout = window.clearInterval = (timer) => void timers.delete(timer);
performance.now = () => now - START;
const RealDate = Date;
window.Date = class extends RealDate {
  constructor(...args) {
    if (args.length) super(...args);
    else super(now);
  }
  static now() {
    return now;
  }
};

/** Work of the browser's that the clock does not rule: bodies that are read. */
let inFlight = 0;
for (const name of ["json", "text", "arrayBuffer"]) {
  const read = Response.prototype[name];
  Response.prototype[name] = function () {
    inFlight += 1;
    return read.call(this).finally(() => (inFlight -= 1));
  };
}

const channel = new MessageChannel();
const turn = () =>
  new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(0);
  });

/** Until nothing moves any more but the clock. */
export const settle = async () => {
  for (let quiet = 0; quiet < 8; quiet += 1) {
    await turn();
    if (inFlight > 0) quiet = 0;
  }
};

/** Lets that many milliseconds pass. */
export const advance = async (milliseconds) => {
  const end = now + milliseconds;
  await settle();
  for (;;) {
    const [id, timer] = [...timers].sort(([, one], [, other]) => one.at - other.at)[0] ?? [];
    if (!timer || timer.at > end) break;
    now = Math.max(now, timer.at);
    if (timer.every) timer.at = now + timer.every;
    else timers.delete(id);
    timer.run(...timer.args);
    await settle();
  }
  now = end;
};
/** How many timers wait. */
export const waitingTimers = () => timers.size;

/* ---- The network ---- */

const routes = new Map();
/** Scripts the replies to a request such as `POST /client/verify/totp`, one after the other; the last is repeated. */
export const on = (route, ...replies) => routes.set(route, replies);
/** A reply with a status or another type than JSON. */
export const reply = (body, status = 200, headers = { "content-type": "application/json" }) => () =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), { status, statusText: status === 200 ? "OK" : "Not so", headers });
/** The error triple. */
export const refusal = (code, description, status = 400) =>
  reply({ error: code, errorCode: code, errorDescription: description }, status);
/** A network that is down. */
export const unreachable = () => {
  throw new TypeError("Failed to fetch");
};
/** A reply that waits to be let go. */
export const held = (body) => {
  const { promise, resolve } = Promise.withResolvers();
  return Object.assign(() => promise.then(() => reply(body)()), { release: resolve });
};

/** A body as a server reads it: the order of its members says nothing. */
const inOrder = (body) => {
  try {
    return plain(JSON.parse(body));
  } catch {
    return body;
  }
};

export const BASE = "https://api.test/v1";

window.fetch = async (input, init = {}) => {
  const url = String(input.url ?? input);
  if (url.startsWith(`${location.origin}/`)) return real.fetch(input, init);
  // A library may hand over a Request.
  const request = input instanceof Request ? input : undefined;
  const method = init.method ?? request?.method ?? "GET";
  const body = init.body ?? (request ? (await request.clone().text()) || undefined : undefined);
  const headers = Object.fromEntries([...new Headers(init.headers ?? request?.headers)]);
  const credentials = init.credentials ?? request?.credentials;
  note("request", method, url, { headers, body: inOrder(body), credentials: credentials === "same-origin" ? undefined : credentials });
  const path = url.replace(/^https?:\/\/[^/]+(\/[a-z0-9]+)*?\/v1/, "");
  const replies = routes.get(`${method} ${path}`) ?? routes.get(`${method} ${path.split("?")[0]}`);
  if (!replies) {
    note("unscripted", method, path);
    return new Response("{}", { status: 404 });
  }
  const given = replies.length > 1 ? replies.shift() : replies[0];
  const answered = typeof given === "function" ? Promise.resolve().then(given) : Promise.resolve(reply(given)());
  const signal = init.signal ?? request?.signal;
  if (!signal) return answered;
  const aborted = Promise.withResolvers();
  const abort = () => {
    note("request aborted", path);
    aborted.reject(signal.reason);
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort);
  return Promise.race([answered, aborted.promise]).finally(() => signal.removeEventListener("abort", abort));
};

/** Every socket that was opened. */
export const sockets = [];
window.WebSocket = class extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSING = 2;
  static CLOSED = 3;
  readyState = 0;
  constructor(url, protocols) {
    super();
    note("socket", String(url), protocols);
    sockets.push(this);
  }
  send(text) {
    note("sent", JSON.parse(text));
  }
  close() {
    note("socket closed by the page");
    if (this.readyState === 3) return;
    this.readyState = 3;
    queueMicrotask(() => this.#tell("close", new CloseEvent("close", { code: 1000 })));
  }
  #tell(type, event) {
    this[`on${type}`]?.(event);
    this.dispatchEvent(event);
  }
  /** The server accepts. */
  accept() {
    this.readyState = 1;
    this.#tell("open", new Event("open"));
    return settle();
  }
  /** The server says something. */
  say(message) {
    this.#tell("message", new MessageEvent("message", { data: typeof message === "string" ? message : JSON.stringify(message) }));
    return settle();
  }
  /** The connection fails or is lost. */
  lose({ failed } = {}) {
    this.readyState = 3;
    if (failed) this.#tell("error", new Event("error"));
    this.#tell("close", new CloseEvent("close", { code: 1006, reason: "" }));
    return settle();
  }
};

/* ---- Credentials ---- */

const bytes = (text) => new TextEncoder().encode(text).buffer;

/** What the authenticator answers; scenarios replace them. */
export const authenticator = {
  create: () => registration(),
  get: () => assertion(),
};

const credential = (id, attachment, fields, methods) => {
  const response = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, bytes(value)]));
  const json = Object.fromEntries(Object.entries(response).map(([key, value]) => [key, base64url(new Uint8Array(value))]));
  return {
    id: base64url(new Uint8Array(bytes(id))),
    rawId: bytes(id),
    type: "public-key",
    authenticatorAttachment: attachment,
    response: { ...response, ...methods(response) },
    getClientExtensionResults: () => ({}),
    toJSON() {
      const { id, type } = this;
      return { id, rawId: id, type, authenticatorAttachment: attachment, clientExtensionResults: {}, response: { ...json, ...jsonExtras(methods) } };
    },
  };
};
/** What `toJSON` has beside the buffers. */
const jsonExtras = (methods) => (methods === noMethods ? {} : { ...attestationJson });
const attestationJson = {
  transports: ["internal"],
  publicKeyAlgorithm: -7,
  publicKey: base64url(new Uint8Array(bytes("public key"))),
  authenticatorData: base64url(new Uint8Array(bytes("authenticator data"))),
};
const noMethods = () => ({});
const attestationMethods = () => ({
  getTransports: () => ["internal"],
  getPublicKeyAlgorithm: () => -7,
  getPublicKey: () => bytes("public key"),
  getAuthenticatorData: () => bytes("authenticator data"),
});

export const registration = ({ id = "credential 1", attachment = "platform" } = {}) =>
  credential(id, attachment, { clientDataJSON: "client data", attestationObject: "attestation" }, attestationMethods);
export const assertion = ({ id = "credential 1", attachment = "platform", userHandle = "user handle" } = {}) =>
  credential(
    id,
    attachment,
    { clientDataJSON: "client data", authenticatorData: "authenticator data", signature: "signature", ...(userHandle && { userHandle }) },
    noMethods,
  );
/** A ceremony that the browser or the user refuses. */
export const refuse = (name, message = "Said the browser.") => () => {
  throw new DOMException(message, name);
};
/** A ceremony that waits for the user: until it is answered, or aborted. */
export const waitingForUser = () => {
  const { promise, resolve, reject } = Promise.withResolvers();
  return Object.assign(
    ({ signal }) => {
      signal?.addEventListener("abort", () => {
        note("ceremony aborted");
        reject(signal.reason);
      });
      return promise;
    },
    { answer: resolve, reject },
  );
};

for (const kind of ["create", "get"]) {
  Object.defineProperty(navigator.credentials, kind, {
    configurable: true,
    value: async (options) => {
      note(kind, plain({ ...options, signal: undefined }, true));
      return authenticator[kind](options);
    },
  });
}
for (const name of ["signalAllAcceptedCredentials", "signalUnknownCredential"]) {
  PublicKeyCredential[name] = async (details) => note(name, details);
}
/** What the browser says that it can do. */
export const capabilities = { conditionalCreate: true, conditionalGet: true, immediateGet: true };
PublicKeyCredential.getClientCapabilities = async () => ({ ...capabilities });
PublicKeyCredential.isConditionalMediationAvailable = async () => capabilities.conditionalGet;

/* ---- The page ---- */

crypto.randomUUID = () => `00000000-0000-4000-8000-${String(++lastUuid).padStart(12, "0")}`;

Object.defineProperty(document, "cookie", {
  configurable: true,
  get: () => real.cookie.get.call(document),
  set: (text) => {
    note("cookie", text.replace(/;\s*/g, "; "));
    real.cookie.set.call(document, text);
  },
});

/** Windows that were opened. */
export const windows = [];
/** Whether the browser lets the page open one. */
export const popups = { blocked: false };
window.open = (url, target, features) => {
  note("window", url, target, features ?? "");
  if (popups.blocked) return null;
  const opened = {
    closed: false,
    close() {
      note("window closed by the page");
      this.closed = true;
    },
    focus() {},
  };
  windows.push(opened);
  return opened;
};
Object.assign(window, { screenX: 0, screenY: 0, outerWidth: 1000, outerHeight: 800 });

navigation.addEventListener("navigate", (event) => {
  if (!recording) return;
  note("navigate", event.destination.url);
  event.preventDefault();
});

for (const level of ["error", "warn", "log"]) {
  console[level] = (...values) => note(`console.${level}`, values.map((value) => (value instanceof Error ? `${value.name}: ${value.message}` : String(value))).join(" "));
}
window.addEventListener("error", (event) => {
  note("uncaught", event.message);
  event.preventDefault();
});
export const rejections = [];
window.addEventListener("unhandledrejection", (event) => {
  rejections.push(String(event.reason));
  note("unhandled rejection", event.reason instanceof Error ? `${event.reason.name}: ${event.reason.message}` : String(event.reason));
  event.preventDefault();
});

/** What stays behind. */
export const noteRemains = () => {
  note("cookies", document.cookie.split("; ").sort().join("; "));
  for (const key of Object.keys(localStorage).sort()) note("stored", key, localStorage.getItem(key));
};
