import { createSign, generateKeyPairSync } from "node:crypto";
import { TENANT } from "./server.mjs";

const BASIC = `Basic ${btoa(`${TENANT}:`)}`;

/** A phone's app: the device endpoints of one method, as the mobile SDKs call them. Its keys are OpenSSL's. */
export class Phone {
  #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  #path;
  #server;

  /** `method` is `push`, `qr-code` or `in-app`. */
  constructor(server, method) {
    this.#server = server;
    this.#path = `/v1/client/user-authenticators/${method}`;
  }

  get publicKey() {
    return this.#keys.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  }

  /** The key, as a query has it: the text once more in base64. */
  get query() {
    return `publicKey=${encodeURIComponent(Buffer.from(this.publicKey).toString("base64"))}`;
  }

  sign(message) {
    return createSign("sha256").update(message).sign(this.#keys.privateKey, "base64");
  }

  /** `addCredential`: by a token that may add. */
  async add(token) {
    const body = { publicKey: this.publicKey, deviceName: "A phone", devicePlatform: "android" };
    return this.#ask("POST", "", body, `Bearer ${token}`);
  }

  /** `getCredential`. */
  async credential() {
    return this.#ask("GET", `?${this.query}`);
  }

  /** `removeCredential`: signed over the time. */
  async remove() {
    const message = `${Math.floor(Date.now() / 600_000)}.0`;
    return this.#ask("POST", "/remove", { publicKey: this.publicKey, signature: this.sign(message) });
  }

  /** `getChallenge`: what waits for this phone. */
  async challenge() {
    const { message } = await this.#ask("POST", `/challenge/sign?${this.query}`, {});
    return this.#ask("GET", `/challenge?${this.query}`, undefined, BASIC, { "X-Authsignal-Signature": this.sign(message) });
  }

  /** `claimChallenge`: what the camera has read. */
  async claim(challengeId) {
    return this.#ask("POST", "/challenge/claim", this.#signed(challengeId));
  }

  /** `updateChallenge`. */
  async answer(challengeId, approved, verificationCode = null) {
    return this.#ask("POST", "/challenge", { ...this.#signed(challengeId), approved, verificationCode });
  }

  /** The verification of a key that the app itself holds. */
  async verify(challengeId) {
    return this.#server.request("POST", "/v1/client/verify/in-app", this.#signed(challengeId), BASIC);
  }

  #signed(challengeId) {
    return { publicKey: this.publicKey, challengeId, signature: this.sign(challengeId) };
  }

  #ask(method, path, body, authorization = BASIC, headers = {}) {
    return this.#server.request(method, this.#path + path, body, authorization, headers);
  }
}
