import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../../target/debug/authsignal-local", import.meta.url));

/** What a local server's tenant is. */
export const TENANT = "local";
export const SECRET = "local-secret";

/** A real `authsignal-local` on a free port, its data in memory, ended by `stop`. */
export class Server {
  #child;

  static async start(...options) {
    const server = new Server();
    server.#child = spawn(PROGRAM, ["--port", "0", "--database", "sqlite::memory:", ...options], {
      stdio: ["ignore", "pipe", "inherit"],
      // It tells of every fault that a test wishes for.
      env: { RUST_LOG: "off", ...process.env },
    });
    for await (const line of createInterface(server.#child.stdout)) {
      if (!line.startsWith("listening on ")) continue;
      server.origin = line.slice("listening on ".length);
      break;
    }
    if (!server.origin) throw new Error(`${PROGRAM} ended before it listened`);
    // Whatever it prints later must not fill the pipe.
    server.#child.stdout.resume();
    return server;
  }

  get api() {
    return `${this.origin}/v1`;
  }

  async stop() {
    this.#child.kill();
    if (this.#child.exitCode === null) await once(this.#child, "exit");
  }

  /** A request as it is: `{status, body}`. `by` is a token, or nothing for the tenant. */
  async call(method, path, body, by) {
    return this.#send(method, path, body, by ? `Bearer ${by}` : `Basic ${btoa(TENANT)}`);
  }

  async #send(method, path, body, authorization, headers = {}) {
    const response = await fetch(this.origin + path, {
      method,
      headers: { "content-type": "application/json", authorization, ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  /** The body of a success. */
  async ask(method, path, body, by) {
    return this.request(method, path, body, by ? `Bearer ${by}` : `Basic ${btoa(TENANT)}`);
  }

  /** The same, by whom the header says. */
  async request(method, path, body, authorization, headers) {
    const answer = await this.#send(method, path, body, authorization, headers);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Presses the button of the newest link to this address, as its owner does. */
  async confirmLink(to) {
    const { url } = await this.message(to);
    const { pathname, searchParams } = new URL(url);
    const response = await fetch(this.origin + pathname, { method: "POST", body: new URLSearchParams(searchParams) });
    if (response.status !== 200) throw new Error(`the link was not confirmed: ${response.status}`);
  }

  async advanceClock(advanceSeconds) {
    await this.ask("POST", "/local/clock", { advanceSeconds });
  }

  /** From now on these requests of the API go wrong, and no others. */
  async faults(...faults) {
    await this.ask("POST", "/local/faults", { faults });
  }

  /** How often a path was asked for. */
  async asked(method, path) {
    const { requests } = await this.ask("GET", "/local/log");
    return requests.filter((one) => one.method === method && one.path === `/v1${path}`).length;
  }

  /** The newest message to this address: `{code, url}`. */
  async message(to) {
    const { messages } = await this.ask("GET", "/local/outbox");
    const found = messages.findLast((message) => message.to === to);
    if (!found) throw new Error(`there is no message to ${to}`);
    return found;
  }

  async codeSent(to) {
    return (await this.message(to)).code;
  }
}
