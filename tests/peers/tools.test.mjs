/** Tools that others wrote, from Debian: `oathtool` makes the codes of an authenticator app, `openssl` a phone's signatures. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Phone } from "./support/phone.mjs";
import { SECRET, Server } from "./support/server.mjs";

let server;
before(async () => {
  server = await Server.start();
});
after(() => server.stop());

const track = (userId, attributes = {}) =>
  server.request("POST", `/v1/users/${userId}/actions/signIn`, attributes, `Basic ${btoa(`${SECRET}:`)}`);

describe("oathtool", () => {
  /** The code of a moment, by a tool that has never heard of us. */
  const codeAt = (secret, seconds) => {
    const now = `${new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z/, "")} UTC`;
    return execFileSync("oathtool", ["--totp", "--base32", "--now", now, secret], { encoding: "utf8" }).trim();
  };
  const verify = (token, verificationCode) =>
    server.ask("POST", "/v1/client/verify/totp", { verificationCode }, token);

  test("its codes finish an enrolment and meet challenges: one step around now, each once", async () => {
    const { token } = await track("totp");
    const { secret } = await server.ask("POST", "/v1/client/user-authenticators/totp", undefined, token);
    assert.equal((await verify(token, codeAt(secret, 0))).isVerified, true);

    // The next minutes are brought here, so that a turn of the step in between is no surprise.
    for (const minutes of [1, 2, 3]) {
      await server.advanceClock(60);
      const code = codeAt(secret, minutes * 60);
      const { token } = await track("totp");
      assert.equal((await verify(token, code)).isVerified, true, `after ${minutes} min`);
      assert.equal((await verify(token, code)).isVerified, false, "a second time");
      assert.equal((await verify(token, codeAt(secret, minutes * 60 + 90))).isVerified, false, "three steps ahead");
    }
  });

  test("a user who brings the secret from elsewhere proves it by the same codes", async () => {
    const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    const otpUri = `otpauth://totp/Elsewhere:brought?secret=${secret}&issuer=Elsewhere`;
    const body = { verificationMethod: "AUTHENTICATOR_APP", otpUri };
    await server.request("POST", "/v1/users/brought/authenticators", body, `Basic ${btoa(`${SECRET}:`)}`);
    const { now } = await server.ask("GET", "/local/clock");
    const ahead = (Date.parse(now) - Date.now()) / 1000;
    const { token } = await track("brought");
    assert.equal((await verify(token, codeAt(secret, ahead))).isVerified, true);
  });
});

/** A phone whose keys and signatures the command `openssl` makes. */
class OpensslPhone extends Phone {
  #folder;

  constructor(server, method, folder) {
    super(server, method);
    this.#folder = folder;
    this.#openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", this.#file("key"));
  }

  #file(name) {
    return join(this.#folder, name);
  }

  #openssl(...words) {
    return execFileSync("openssl", words, { stdio: ["ignore", "pipe", "ignore"] });
  }

  get publicKey() {
    return this.#openssl("pkey", "-in", this.#file("key"), "-pubout", "-outform", "DER").toString("base64");
  }

  sign(message) {
    writeFileSync(this.#file("message"), message);
    return this.#openssl("dgst", "-sha256", "-sign", this.#file("key"), this.#file("message")).toString("base64");
  }
}

describe("openssl", () => {
  let folder;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "authsignal-openssl-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  test("its signatures add, poll, approve and remove a push credential", async () => {
    const phone = new OpensslPhone(server, "push", folder);
    const { token } = await track("openssl");
    const added = await phone.add(token);
    const asked = (await track("openssl")).token;
    const { challengeId } = await server.ask("POST", "/v1/client/challenge/push", { action: "signIn" }, asked);
    assert.equal((await phone.challenge()).challengeId, challengeId);
    await phone.answer(challengeId, true);
    const verified = await server.ask("POST", "/v1/client/verify/push", { challengeId }, asked);
    assert.equal(verified.isVerified, true);
    const body = { verificationMethod: "EMAIL_OTP", email: "openssl@example.test" };
    await server.request("POST", "/v1/users/openssl/authenticators", body, `Basic ${btoa(`${SECRET}:`)}`);
    assert.deepEqual(await phone.remove(), { removedAuthenticatorId: added.userAuthenticatorId });
    await assert.rejects(phone.credential(), /invalid_credential/);
  });

  test("by a signature, too, the last authenticator is not removed", async () => {
    const phone = new OpensslPhone(server, "push", folder);
    await phone.add((await track("openssl-last")).token);
    await assert.rejects(phone.remove(), /invalid_request/);
    await phone.credential();
  });

  test("its signatures claim and approve a QR code, and sign in inside an app", async () => {
    const screen = new OpensslPhone(server, "qr-code", folder);
    await screen.add((await track("openssl-qr")).token);
    const shown = await server.ask("POST", "/v1/client/challenge/qr-code", { action: "kiosk" });
    await screen.claim(shown.challengeId);
    await screen.answer(shown.challengeId, true);
    const { challengeId, deviceCode } = shown;
    const polled = await server.ask("POST", "/v1/client/verify/qr-code", { challengeId, deviceCode });
    assert.equal(polled.isVerified, true);

    const app = new OpensslPhone(server, "in-app", folder);
    await app.add((await track("openssl-app")).token);
    const started = await server.ask("POST", "/v1/client/challenge", { action: "pay" });
    const { token, userId } = await app.verify(started.challengeId);
    assert.deepEqual([userId, typeof token], ["openssl-app", "string"]);
  });

  test("a signature over something else, or by another key, is refused", async () => {
    const phone = new OpensslPhone(server, "in-app", folder);
    await phone.add((await track("openssl-wrong")).token);
    const { challengeId } = await server.ask("POST", "/v1/client/challenge", {});
    const other = await server.ask("POST", "/v1/client/challenge", {});
    const body = { publicKey: phone.publicKey, challengeId, signature: phone.sign(other.challengeId) };
    assert.equal((await server.call("POST", "/v1/client/verify/in-app", body)).body.errorCode, "invalid_credential");
  });
});
