/** `ScriptedAuthenticator`: what it signs verifies, and what the test says happens. Judged by simplewebauthn. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { afterEach, describe, mock, test } from "node:test";
import { verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server";
import { ScriptedAuthenticator } from "authsignal-wasm/testing";

const ORIGIN = "https://app.example.test";
const RP = "example.test";
const challenge = Buffer.from("a challenge of the server's");
const expectedChallenge = challenge.toString("base64url");

const creation = (more = {}) => ({
  publicKey: {
    rp: { id: RP, name: "Example" },
    user: { id: Buffer.from("user-1"), name: "anna", displayName: "Anna" },
    challenge,
    pubKeyCredParams: [{ type: "public-key", alg: -7 }],
    ...more,
  },
});
const request = (more = {}) => ({ publicKey: { rpId: RP, challenge, ...more } });

const registered = async (authenticator, more) => {
  const response = (await authenticator.create(creation(more))).toJSON();
  const judged = await verifyRegistrationResponse({
    response,
    expectedChallenge,
    expectedOrigin: authenticator.origin,
    expectedRPID: RP,
    requireUserVerification: false,
  });
  assert.equal(judged.verified, true);
  return judged.registrationInfo;
};

const judge = (response, { credential }, origin = ORIGIN) =>
  verifyAuthenticationResponse({
    response,
    credential,
    expectedChallenge,
    expectedOrigin: origin,
    expectedRPID: RP,
    requireUserVerification: false,
  });

const named = (name) => (error) => {
  assert.equal(error.name, name, String(error));
  assert.ok(error instanceof DOMException);
  return true;
};

describe("its signatures", () => {
  test("a registration and a hundred assertions verify, and the counter goes up", async () => {
    const authenticator = new ScriptedAuthenticator({ origin: ORIGIN });
    const registration = await registered(authenticator);
    // So many that r and s begin with zero and with one bits: each has its own ASN.1.
    for (let count = 1; count <= 100; count += 1) {
      const judged = await judge((await authenticator.get(request())).toJSON(), registration);
      assert.equal(judged.verified, true);
      assert.equal(judged.authenticationInfo.newCounter, count);
      assert.equal(judged.authenticationInfo.userVerified, true);
    }
  });

  test("a wrong signature is well-formed and does not verify; the one after it does", async () => {
    const authenticator = new ScriptedAuthenticator({ origin: ORIGIN });
    const registration = await registered(authenticator);
    authenticator.next("wrong signature");
    assert.equal((await judge((await authenticator.get(request())).toJSON(), registration)).verified, false);
    assert.equal((await judge((await authenticator.get(request())).toJSON(), registration)).verified, true);
  });

  test("an exported passkey is the private key, in the form of the DevTools protocol", async () => {
    const authenticator = new ScriptedAuthenticator({ origin: ORIGIN });
    const created = await authenticator.create(creation());
    const exported = await authenticator.export(created.id);
    assert.equal(Buffer.from(exported.credentialId, "base64").toString("base64url"), created.id);
    assert.equal(Buffer.from(exported.userHandle, "base64").toString(), "user-1");
    const key = Buffer.from(exported.privateKey, "base64");
    await crypto.subtle.importKey("pkcs8", key, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    // Another writes the same key in the same bytes.
    const read = createPrivateKey({ key, format: "der", type: "pkcs8" });
    assert.deepEqual(read.export({ format: "der", type: "pkcs8" }), key);
    const spki = createPublicKey(read).export({ format: "der", type: "spki" });
    assert.deepEqual(spki, Buffer.from(created.response.getPublicKey()));
    await assert.rejects(authenticator.export("none"), /has no passkey none/);
  });
});

describe("what the specification refuses", () => {
  const authenticator = new ScriptedAuthenticator({ origin: ORIGIN });
  afterEach(() => authenticator.forget());

  test("a passkey of a domain that is not the page's", async () => {
    await assert.rejects(authenticator.create(creation({ rp: { id: "other.test" } })), named("SecurityError"));
    await assert.rejects(authenticator.get(request({ rpId: "ample.test" })), named("SecurityError"));
  });

  test("a second passkey where the first is excluded", async () => {
    const { credential } = await registered(authenticator);
    const excludeCredentials = [{ type: "public-key", id: Buffer.from(credential.id, "base64url") }];
    await assert.rejects(authenticator.create(creation({ excludeCredentials })), named("InvalidStateError"));
  });

  test("signing in without a passkey that is asked for", async () => {
    await assert.rejects(authenticator.get(request()), named("NotAllowedError"));
    await registered(authenticator);
    const allowCredentials = [{ type: "public-key", id: Buffer.from("another") }];
    await assert.rejects(authenticator.get(request({ allowCredentials })), named("NotAllowedError"));
  });

  test("algorithms that it does not have", async () => {
    const pubKeyCredParams = [{ type: "public-key", alg: -257 }];
    await assert.rejects(authenticator.create(creation({ pubKeyCredParams })), named("NotSupportedError"));
    await assert.rejects(authenticator.get({ password: true }), named("NotSupportedError"));
  });

  test("user verification that is required of one who cannot", async () => {
    const simple = new ScriptedAuthenticator({ origin: ORIGIN, userVerification: false });
    const { userVerified } = await registered(simple);
    assert.equal(userVerified, false);
    await assert.rejects(simple.get(request({ userVerification: "required" })), named("NotAllowedError"));
  });
});

describe("what the test says", () => {
  test("cancel refuses once", async () => {
    const authenticator = new ScriptedAuthenticator({ origin: ORIGIN }).next("cancel");
    await assert.rejects(authenticator.create(creation()), named("NotAllowedError"));
    await registered(authenticator);
    assert.deepEqual(authenticator.ceremonies.map(({ kind }) => kind), ["create", "create"]);
  });

  test("time out refuses once the page's timeout is over, also by fake timers", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const authenticator = new ScriptedAuthenticator({ origin: ORIGIN }).next("time out");
    let ended = false;
    const pending = authenticator.get(request({ timeout: 60_000 })).finally(() => (ended = true));
    mock.timers.tick(59_999);
    await Promise.resolve();
    assert.equal(ended, false);
    mock.timers.tick(1);
    await assert.rejects(pending, named("NotAllowedError"));
    mock.timers.reset();
  });

  test("time out ends with the page's signal, and then keeps no process alive", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
    const before = timers();
    const authenticator = new ScriptedAuthenticator({ origin: ORIGIN }).next("time out");
    const controller = new AbortController();
    const pending = authenticator.get({ ...request(), signal: controller.signal });
    assert.equal(timers(), before + 1);
    controller.abort();
    assert.equal(timers(), before);
    await assert.rejects(pending, named("AbortError"));
  });

  test("hang waits for the page's signal, whose reason is the error", async () => {
    const authenticator = new ScriptedAuthenticator({ origin: ORIGIN }).next("hang");
    const controller = new AbortController();
    const pending = authenticator.create({ ...creation(), signal: controller.signal });
    controller.abort();
    await assert.rejects(pending, named("AbortError"));
    await assert.rejects(authenticator.get({ ...request(), signal: AbortSignal.abort(new Error("gone")) }), /gone/);
  });

  test("an autofill request waits until the user picks", async () => {
    const authenticator = new ScriptedAuthenticator({ origin: ORIGIN });
    const registration = await registered(authenticator);
    assert.throws(() => authenticator.pick(), /No autofill request is pending/);
    const pending = authenticator.get({ ...request(), mediation: "conditional" });
    authenticator.pick();
    assert.equal((await judge((await pending).toJSON(), registration)).verified, true);

    const controller = new AbortController();
    const aborted = authenticator.get({ ...request(), mediation: "conditional", signal: controller.signal });
    controller.abort();
    await assert.rejects(aborted, named("AbortError"));
    assert.throws(() => authenticator.pick());
  });

  test("a word that it does not know, and a registration with a wrong signature, are told", async () => {
    const authenticator = new ScriptedAuthenticator({ origin: ORIGIN });
    assert.throws(() => authenticator.next("timeout"), /next\(\) takes "cancel", "time out".*not timeout/);
    authenticator.next("wrong signature");
    await assert.rejects(authenticator.create(creation()), /A registration has no signature/);
  });
});

describe("its wasm", () => {
  /** What a script says that is run as a program of its own, once it has the class. */
  const run = (before, after) => {
    const source = `${before}; const { ScriptedAuthenticator } = await import(${JSON.stringify(import.meta.resolve("authsignal-wasm/testing"))});
      const create = () => new ScriptedAuthenticator().create(${JSON.stringify({ publicKey: { rp: {}, user: { id: "AA", name: "a" }, challenge: "AA" } })});
      ${after}`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", source], { encoding: "utf8" });
    return stdout + stderr;
  };

  test("is compiled when the first ceremony needs it, and once", () => {
    const counted = "let count = 0; const { Module } = WebAssembly; WebAssembly.Module = class extends Module { constructor(...a) { super(...a); count += 1; } }";
    assert.match(run(counted, "const before = count; await create(); await create(); console.log(before, count);"), /^0 1$/m);
  });

  test("where it is missing or forbidden, the error says what is needed", () => {
    const told = "await create().catch((error) => console.log(error.message));";
    assert.match(run("delete globalThis.WebAssembly", told), /^The scripted authenticator needs WebAssembly, which is missing here$/m);
    const forbidden = "WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError('refused'); } }";
    assert.match(run(forbidden, told), /^The scripted authenticator needs WebAssembly, .*'wasm-unsafe-eval'.* \(refused\)$/m);
  });
});

test("it takes the place of the browser's, and gives it back", async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const authenticator = new ScriptedAuthenticator({ origin: ORIGIN }).install();
  await navigator.credentials.create(creation());
  assert.equal(await PublicKeyCredential.isConditionalMediationAvailable(), true);
  const [{ credentialId }] = authenticator.passkeys;
  await PublicKeyCredential.signalUnknownCredential({ rpId: RP, credentialId });
  assert.deepEqual(authenticator.passkeys, []);
  authenticator.uninstall();
  authenticator.uninstall();
  assert.equal(globalThis.PublicKeyCredential, undefined);
  assert.equal(globalThis.navigator?.credentials, undefined);
  assert.deepEqual(Object.getOwnPropertyDescriptor(globalThis, "navigator")?.get, before?.get);
});
