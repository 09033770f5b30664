/** What real apps do with the vendor's packages, from npm and unmodified, played in Node against a real server. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Authsignal as Backend } from "@authsignal/node";
import { JSDOM } from "jsdom";
import { ScriptedAuthenticator } from "../../pkg/testing/testing.js";
import { invoke } from "./support/invoke.mjs";
import { SEQUENCES } from "./support/sequences.mjs";
import { SECRET, Server, TENANT } from "./support/server.mjs";
import { Receiver } from "./support/webhooks.mjs";

const ORIGIN = "http://localhost:3000";
let world;
let authsignal;
let page;
let authenticator;

before(async () => {
  page = new JSDOM("<input autocomplete='username webauthn'>", { url: ORIGIN }).window;
  for (const name of ["window", "document", "location", "localStorage", "navigator"]) {
    Object.defineProperty(globalThis, name, { value: page[name], configurable: true });
  }
  const webhooks = await Receiver.start();
  const server = await Server.start("--webhook", webhooks.url);
  const backend = new Backend({ apiSecretKey: SECRET, apiUrl: server.api });
  const { Authsignal } = await import("@authsignal/browser");
  authsignal = new Authsignal({ tenantId: TENANT, baseUrl: server.api });
  const client = (method, ...values) => invoke(authsignal, method, values);
  const pick = async () => {
    while (!authenticator.ceremonies.some(({ options }) => options.mediation === "conditional")) await turn();
    authenticator.pick();
  };
  world = { backend, client, pick, server, webhooks };
});
after(async () => {
  authenticator?.uninstall();
  await world.server.stop();
  await world.webhooks.stop();
  page.close();
});

describe("in Node", () => {
  // A device of its own each: nobody else's passkey is at hand.
  beforeEach(() => {
    authenticator?.uninstall();
    authenticator = new ScriptedAuthenticator({ origin: ORIGIN });
    authenticator.install();
    localStorage.clear();
  });

  for (const [name, play] of Object.entries(SEQUENCES)) test(name, () => play(world));
});

describe("webhooks", () => {
  /** An event that a code by e-mail makes, as it arrived. */
  const event = async () => {
    const { token } = await world.backend.track({ userId: "told", action: "signIn" });
    await world.server.ask("POST", "/v1/client/user-authenticators/email-otp", { email: "told@example.test" }, token);
    const received = await world.webhooks.next("email.created");
    while (JSON.parse(received.body).data.userId !== "told") Object.assign(received, await world.webhooks.next("email.created"));
    return received;
  };

  test("the SDK takes an event of ours for what it is", async () => {
    const { body, signature } = await event();
    const { type, version, source, tenantId, data } = world.backend.webhook.constructEvent(body, signature);
    assert.deepEqual([type, version, source, tenantId], ["email.created", 1, "https://authsignal.com", TENANT]);
    assert.deepEqual([data.to, data.code], ["told@example.test", await world.server.codeSent("told@example.test")]);
  });

  test("it refuses what was changed, what another secret signed, and what is old", async () => {
    const { body, signature } = await event();
    const { webhook } = world.backend;
    const stranger = new Backend({ apiSecretKey: "another", apiUrl: world.server.api }).webhook;
    assert.throws(() => webhook.constructEvent(body.replace("told@", "mallory@"), signature), /Signature mismatch/);
    assert.throws(() => stranger.constructEvent(body, signature), /Signature mismatch/);
    const old = signature.replace(/t=(\d+)/, (_, seconds) => `t=${seconds - 301}`);
    assert.throws(() => webhook.constructEvent(body, old), /outside the tolerance zone/);
    assert.throws(() => webhook.constructEvent(body, "nothing"), /Signature format is invalid/);
    // Of two keys, while one takes the place of the other, one signature is enough.
    const [time, ours] = signature.split(",");
    assert.equal(webhook.constructEvent(body, `${time},v2=${"A".repeat(43)},${ours}`).type, "email.created");
  });

  test("changes of authenticators are told and signed, too", async () => {
    const userId = "changed";
    const { backend, webhooks } = world;
    const of = async (type) => {
      for (;;) {
        const { body, signature } = await webhooks.next(type);
        const { data } = backend.webhook.constructEvent(body, signature);
        if (data.userId === userId) return data;
      }
    };
    const email = "changed@example.test";
    const { authenticator } = await backend.enrollVerifiedAuthenticator({ userId, attributes: { verificationMethod: "EMAIL_OTP", email } });
    const { userAuthenticatorId } = authenticator;
    const created = await of("authenticator.created");
    assert.deepEqual([created.userAuthenticatorId, created.verificationMethod, created.email], [userAuthenticatorId, "EMAIL_OTP", email]);
    await backend.deleteAuthenticator({ userId, userAuthenticatorId });
    assert.equal((await of("authenticator.deleted")).userAuthenticatorId, userAuthenticatorId);
  });
});
