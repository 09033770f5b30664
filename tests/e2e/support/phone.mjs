import { createSign, generateKeyPairSync } from "node:crypto";

/** A person's phone with the app that approves requests: the device endpoints, as the mobile SDKs call them. */
export class Phone {
  #request;
  #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });

  constructor(request) {
    this.#request = request;
  }

  get #publicKey() {
    return this.#keys.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  }

  #sign(message) {
    return createSign("sha256").update(message).sign(this.#keys.privateKey, "base64");
  }

  /** Enrols this phone by a token with the scope `add:authenticators`. */
  async enrol(token) {
    await this.#post("/v1/client/user-authenticators/push", `Bearer ${token}`, {
      publicKey: this.#publicKey,
      deviceName: "Ada's phone",
      devicePlatform: "ios",
    });
  }

  /** Answers the request that is pending, with the number that its user has picked. */
  async answer(approved, verificationCode) {
    const query = `publicKey=${encodeURIComponent(Buffer.from(this.#publicKey).toString("base64"))}`;
    const { message } = await this.#post(`/v1/client/user-authenticators/push/challenge/sign?${query}`, TENANT, {});
    const pending = await this.#request.get(`/v1/client/user-authenticators/push/challenge?${query}`, {
      headers: { Authorization: TENANT, "X-Authsignal-Signature": this.#sign(message) },
    });
    const { challengeId } = await pending.json();
    if (!challengeId) throw new Error("No request has reached the phone.");
    return this.#post("/v1/client/user-authenticators/push/challenge", TENANT, {
      publicKey: this.#publicKey,
      challengeId,
      signature: this.#sign(challengeId),
      approved,
      verificationCode,
    });
  }

  async #post(path, authorization, data) {
    const response = await this.#request.post(path, { data, headers: { Authorization: authorization } });
    if (!response.ok()) throw new Error(`${path}: ${response.status()} ${await response.text()}`);
    return response.json();
  }
}

const TENANT = `Basic ${btoa("local:")}`;
