import { expect } from "@playwright/test";

/** The local server, as its operator and as a customer's backend see it. */
export class Server {
  #request;

  constructor(request) {
    this.#request = request;
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
      headers: { Authorization: `Basic ${btoa("local-secret:")}` },
    });
    expect(response.status()).toBe(200);
    return response.json();
  }

  /** The verified methods of a user, sorted. */
  async methods(userId) {
    const all = await this.authenticators(userId);
    return all.filter((one) => one.verifiedAt).map((one) => one.verificationMethod).sort();
  }

  async #post(path, data) {
    const response = await this.#request.post(path, { data });
    expect(response.status(), `POST ${path}`).toBe(200);
  }
}
