import { expect } from "@playwright/test";


/** The local server, as its operator and as a customer's backend see it. */
export class Server {
  #request;
  #backend;
  #read = new Map();

  constructor(request, secret = "local-secret") {
    this.#request = request;
    this.#backend = { Authorization: `Basic ${btoa(`${secret}:`)}` };
  }

  /** Empties the data and sets the clock right. */
  async reset() {
    await this.#post("/local/reset", {});
  }

  async advanceClock(advanceSeconds) {
    await this.#post("/local/clock", { advanceSeconds });
  }

  /** What is really stored for a user: the server API, with the secret that the page never sees. */
  async authenticators(userId) {
    const response = await this.#request.get(`/v1/users/${userId}/authenticators`, {
      headers: this.#backend,
    });
    expect(response.status()).toBe(200);
    return response.json();
  }

  /** The verified methods of a user, sorted. */
  async methods(userId) {
    const all = await this.authenticators(userId);
    return all.filter((one) => one.verifiedAt).map((one) => one.verificationMethod).sort();
  }

  /** Tracks an action, as a backend does before it sends the user to the pre-built UI: `{url, token, state, …}`. */
  async track(userId, attributes = {}, action = "manage") {
    return this.#post(`/v1/users/${userId}/actions/${action}`, attributes, this.#backend);
  }

  /** Whether the challenge of this token was completed, as the backend asks when the user comes back. */
  async validate(token) {
    return this.#post("/v1/validate", { token }, this.#backend);
  }

  /** Gives a user an authenticator that was verified elsewhere. */
  async give(userId, authenticator) {
    await this.#post(`/v1/users/${userId}/authenticators`, authenticator, this.#backend);
  }

  /** The newest message to this address, `{kind, code, url}`: each is handed out once, the next call waits for the next. */
  async message(to) {
    let found;
    await expect
      .poll(async () => {
        const { messages } = await (await this.#request.get("/local/outbox")).json();
        found = messages.findLast((message) => message.to === to);
        return found !== undefined && JSON.stringify(found) !== this.#read.get(to);
      }, `a message to ${to}`)
      .toBe(true);
    this.#read.set(to, JSON.stringify(found));
    return found;
  }

  async #post(path, data, headers) {
    const response = await this.#request.post(path, { data, headers });
    expect(response.status(), `POST ${path}`).toBe(200);
    return response.json();
  }
}
