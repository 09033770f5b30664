/** `authsignal-local` as a test's own server: started on a free port, its data in memory, ended with the test. */
import { nodeModule } from "./node.js";
import { ScriptedAuthenticator } from "./authenticator.js";

const PROGRAM = "authsignal-local";
/** How long the program may take until it listens. */
const START_MS = 30_000;

const NOT_FOUND =
  "authsignal-local was not found. Build it in a clone of authsignal-wasm (cargo build -p authsignal-local), and then " +
  "either put it on PATH, or set AUTHSIGNAL_LOCAL to its path, or pass it: startLocalServer({ program })";

const coded = (message, code, options) => Object.assign(new Error(message, options), { code });

/** The program: as it was named, on PATH, or as cargo has built it in this folder or one around it. */
const find = (named) => {
  const [{ existsSync, statSync }, path] = [nodeModule("fs"), nodeModule("path")];
  const told = named ?? process.env.AUTHSIGNAL_LOCAL;
  if (told) {
    if (existsSync(told)) return told;
    const by = named === undefined ? "AUTHSIGNAL_LOCAL names" : "The option `program` names";
    throw coded(`${by} ${told}, and there is no such file. ${NOT_FOUND}`, "local_server_not_found");
  }
  const name = process.platform === "win32" ? `${PROGRAM}.exe` : PROGRAM;
  const onPath = (process.env.PATH ?? "").split(path.delimiter).filter(Boolean).map((folder) => path.join(folder, name));
  const found = onPath.find(existsSync);
  if (found) return found;
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    const built = ["release", "debug"].map((profile) => path.join(folder, "target", profile, name)).filter(existsSync);
    // The one that was built last is the one that is meant.
    const [newest] = built.sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
    if (newest) return newest;
    if (folder === path.dirname(folder)) throw coded(NOT_FOUND, "local_server_not_found");
  }
};

/** Starts the program: its process and its origin, once it listens. */
const launch = (program, flags) =>
  new Promise((resolve, reject) => {
    // The program ends with its stdin, which ends with this process: also where that is killed and can do nothing about it.
    const child = nodeModule("child_process").spawn(program, ["--until-stdin-closes", ...flags], { stdio: "pipe" });
    let [said, complained] = ["", ""];
    const fail = (why, cause) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(coded(`${program} ${why}${complained && `:\n${complained.trim()}`}`, "local_server_failed", { cause }));
    };
    const timer = setTimeout(() => fail(`did not listen within ${START_MS / 1000} seconds`), START_MS);
    child.on("error", (cause) => fail(`cannot be run: ${cause.message}`, cause));
    child.once("close", (status) => fail(`ended with status ${status} before it listened`));
    child.stderr.setEncoding("utf8").on("data", (text) => (complained = (complained + text).slice(-4000)));
    child.stdout.setEncoding("utf8").on("data", (text) => {
      // What it prints later is read all the same, so that the pipe does not fill.
      said = (said + text).slice(-4000);
      // A line that is not finished may be half an address.
      const [, origin] = /^listening on (\S+)\r?\n/m.exec(said) ?? [];
      if (!origin) return;
      clearTimeout(timer);
      resolve({ child, origin });
    });
  });

export const startLocalServer = async ({ program, port = 0, database = "sqlite::memory:", flags = [] } = {}) => {
  if (!nodeModule("child_process")) {
    throw new Error(
      "startLocalServer() needs Node.js 20.16 or newer: a browser cannot start a program. Start it in your runner's set-up",
    );
  }
  const { child, origin } = await launch(find(program), ["--port", String(port), "--database", database, ...flags]);
  // A test that forgets to stop it must neither hang nor leave it behind.
  for (const handle of [child, ...child.stdio]) handle.unref();
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  return new LocalServer(origin, async () => {
    process.off("exit", kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.ref();
    child.kill();
    await ended;
  });
};

export const connectLocalServer = (origin) => new LocalServer(origin.replace(/\/+$/, ""), async () => {});

/** Not by `fetch`: Jest's jsdom has none, and elsewhere it may be the test's own. */
const sendByNode = (url, { method, headers, body }) =>
  new Promise((resolve, reject) => {
    const { request } = nodeModule(url.startsWith("https:") ? "https" : "http");
    // A connection of its own: one that is kept may have been given up by the server in the meantime.
    const asking = request(url, { method, headers, agent: false }, (response) => {
      let answer = "";
      response.setEncoding("utf8").on("data", (text) => (answer += text));
      response.on("error", reject).on("end", () => resolve({ status: response.statusCode, answer }));
    });
    asking.on("error", (error) => reject(Object.assign(error, { message: error.message || error.code }))).end(body);
  });

const sendByFetch = async (url, asked) => {
  const response = await fetch(url, asked);
  return { status: response.status, answer: await response.text() };
};

class LocalServer {
  #stop;

  constructor(origin, stop) {
    this.#stop = stop;
    this.origin = origin;
    this.baseUrl = `${origin}/v1`;
    this.tenantId = "local";
    this.secret = "local-secret";
    this.clock = {
      now: async () => new Date((await this.#ask("GET", "/local/clock")).now),
      advance: async (seconds) => {
        await this.#ask("POST", "/local/clock", { advanceSeconds: seconds });
      },
    };
  }

  async outbox() {
    return (await this.#ask("GET", "/local/outbox")).messages;
  }

  async codeSentTo(to) {
    const sent = await this.outbox();
    const code = sent.findLast((message) => message.to === to && message.code)?.code;
    if (!code) {
      const others = [...new Set(sent.map((message) => message.to))].join(", ") || "nobody";
      throw new Error(`No code was sent to ${to}. Messages went to: ${others}`);
    }
    return code;
  }

  async faults(...faults) {
    await this.#ask("POST", "/local/faults", { faults });
  }

  async requests() {
    return (await this.#ask("GET", "/local/log")).requests;
  }

  async reset() {
    await this.#ask("POST", "/local/reset", {});
  }

  async snapshot(name) {
    await this.#ask("POST", "/local/snapshot", { name });
  }

  async restore(name) {
    await this.#ask("POST", "/local/restore", { name });
  }

  async seed(...users) {
    await this.#ask("POST", "/local/users", { users });
  }

  async track(userId, action = "test", attributes = {}) {
    const path = `/v1/users/${encodeURIComponent(userId)}/actions/${encodeURIComponent(action)}`;
    return this.#ask("POST", path, attributes, `Basic ${btoa(`${this.secret}:`)}`);
  }

  async validate(token) {
    return this.#ask("POST", "/v1/validate", { token }, `Basic ${btoa(`${this.secret}:`)}`);
  }

  async authenticators(userId) {
    const path = `/v1/users/${encodeURIComponent(userId)}/authenticators`;
    return this.#ask("GET", path, undefined, `Basic ${btoa(`${this.secret}:`)}`);
  }

  async signedInUser({ userId = `user-${crypto.randomUUID()}`, username = userId, authenticator, origin } = {}) {
    const own = authenticator ?? new ScriptedAuthenticator({ origin: origin ?? this.origin });
    const tracked = await this.track(userId, "signUp", { username });
    const path = "/v1/client/user-authenticators/passkey";
    const by = (token) => `Bearer ${token}`;
    const offer = await this.#ask("POST", `${path}/registration-options`, { username }, by(tracked.token));
    const { challengeId, options } = offer;
    const ids = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));
    const created = await own.create({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: ids(options.excludeCredentials),
      },
    });
    const registration = { registrationCredential: created.toJSON(), conditionalCreate: false, challengeId };
    const { accessToken } = await this.#ask("POST", path, registration, by(tracked.token));
    return { userId, username, token: accessToken, credentialId: created.id, authenticator: own };
  }

  stop() {
    return this.#stop();
  }

  async #ask(method, path, body, authorization) {
    const headers = { "content-type": "application/json", ...(authorization && { authorization }) };
    const asked = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
    const send = nodeModule("http") ? sendByNode : sendByFetch;
    const { status, answer } = await send(this.origin + path, asked).catch((cause) => {
      throw new Error(`${method} ${path} was not answered by ${this.origin}: ${cause.message}`, { cause });
    });
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${answer}`);
    return JSON.parse(answer);
  }
}

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
