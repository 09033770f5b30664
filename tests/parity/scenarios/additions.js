/** What ours has on top: on the peer's side these show that it has not. */
import { assert, equal } from "../assert.js";

const VERIFY = "POST /client/verify/totp";
const base64 = (value) => btoa(JSON.stringify(value)).replaceAll("=", "");
/** A token of ten minutes from the start of the clock. */
const token = (claims) => `${base64({ alg: "HS256" })}.${base64({ sub: "u1", exp: Date.parse("2030-01-01T00:10:00Z") / 1000, scope: "add:authenticators read:authenticators", ...claims })}.sig`;
const addition = (name, run, check) => ({ name: `addition: ${name}`, decision: "ours on top", run, check });

export const additions = [
  addition("binding without a token", async (t) => t.note("binding", t.client().binding), (seen) =>
    equal(seen.count('binding {"remainingMs":0,"scopes":[],"state":"none"}'), 1, "binding"),
  ),
  addition("binding is open, and expires", async (t) => {
    const client = t.client();
    client.setToken?.(token());
    t.note("binding", client.binding);
    await t.advance(600_000);
    t.note("binding", client.binding);
  }, (seen) => {
    const [open, expired] = seen.lines.filter((line) => line.startsWith("binding")).map((line) => JSON.parse(line.slice(8)));
    equal(open, { expiresAt: "2030-01-01T00:10:00.000Z", remainingMs: 600000, scopes: ["add:authenticators", "read:authenticators"], state: "open", userId: "u1" }, "open");
    equal([expired.state, expired.remainingMs], ["expired", 0], "expired");
  }),
  addition("onBindingChange and onTokenExpiring", async (t) => {
    const client = t.client({
      onBindingChange: t.callback("onBindingChange"),
      onTokenExpiring: t.callback("onTokenExpiring"),
      tokenExpiringMs: 30_000,
    });
    client.setToken(token());
    await t.advance(600_000);
  }, (seen) => {
    equal(seen.count("callback onTokenExpiring"), 1, "onTokenExpiring");
    equal(seen.lines.filter((line) => line.startsWith("callback onBindingChange")).map((line) => JSON.parse(line.slice("callback onBindingChange ".length))[0].state), ["open", "expired"], "states");
  }),
  addition("no event carries the token", async (t) => {
    const client = t.client({ onBindingChange: t.callback("onBindingChange") });
    client.setToken(token());
    t.note("client", Object.keys(client.binding ?? {}).sort());
  }, (seen) => assert(!seen.lines.some((line) => line.includes(".sig")), "the token is nowhere")),
  addition("timeout", async (t) => {
    const client = t.client();
    client.setToken("T1");
    t.on(VERIFY, t.held({ isVerified: true }));
    await t.call("verify", () => client.totp.verify({ code: "1", timeout: 5000 }));
    await t.advance(5000);
  }, (seen) => {
    equal(seen.ended("verify").value.errorCode, "timeout", "code");
    equal(seen.timers, 0, "timers");
  }),
  addition("a signal that is aborted already makes no request", async (t) => {
    const client = t.client();
    client.setToken("T1");
    t.on(VERIFY, { isVerified: true });
    await t.call("verify", () => client.totp.verify({ code: "1", signal: AbortSignal.abort() }));
  }, (seen) => equal(seen.count("request"), 0, "requests")),
  addition("a signal ends the wait for a magic link", async (t) => {
    const client = t.client();
    const controller = new AbortController();
    client.setToken("T1");
    t.on("POST /client/verify/email-magic-link/finalize", { isVerified: false });
    await t.call("wait", () => client.emailML.checkVerificationStatus({ signal: controller.signal }));
    await t.advance(1000);
    controller.abort();
    await t.advance(5000);
  }, (seen) => {
    equal(seen.ended("wait")?.how, "rejected", "the wait");
    equal(seen.timers, 0, "timers");
  }),
  addition("a signal ends a ceremony", async (t) => {
    const client = t.client();
    const controller = new AbortController();
    t.on("POST /client/user-authenticators/passkey/authentication-options", { options: { challenge: "q83v", rpId: "localhost" } });
    t.authenticator.get = t.waitingForUser();
    await t.call("signIn", () => client.passkey.signIn({ signal: controller.signal }));
    controller.abort();
    await t.settle();
  }, (seen) => {
    equal(seen.ended("signIn")?.how, "rejected", "the call");
    equal(seen.count("ceremony aborted"), 1, "the ceremony");
  }),
  addition("a signal ends a QR code that is polled", async (t) => {
    const client = t.client();
    const controller = new AbortController();
    t.on("POST /client/challenge/qr-code", { challengeId: "q", deviceCode: "d", expiresAt: "2030-01-01T00:10:00.000Z" });
    t.on("POST /client/verify/qr-code", { isClaimed: false, isConsumed: false, isVerified: false });
    await t.call("challenge", () => client.qrCode.challenge({ action: "a", polling: true, onStateChange: t.callback("onStateChange"), signal: controller.signal }));
    controller.abort();
    await t.advance(9000);
  }, (seen) => equal(seen.timers, 0, "timers")),
  ...[true, false].map((polling) =>
    addition(`a timeout ends the wait for a QR code ${polling ? "that is polled" : "over a socket"}`, async (t) => {
      t.on("POST /client/challenge/qr-code", t.held({ challengeId: "q" }));
      await t.call("challenge", () => t.client().qrCode.challenge({ action: "a", polling, timeout: 5000, onStateChange: t.callback("onStateChange") }));
      await t.sockets[0]?.accept();
      await t.advance(5000);
    }, (seen) => {
      equal(seen.ended("challenge").value.errorCode, "timeout", "code");
      equal(seen.timers, 0, "timers");
    }),
  ),
  ...[
    ["aborted already", true],
    ["aborted later", false],
  ].map(([name, already]) =>
    addition(`a signal ends a QR code over a socket, ${name}`, async (t) => {
      const controller = new AbortController();
      if (already) controller.abort();
      await t.call("challenge", () => t.client().qrCode.challenge({ action: "a", signal: controller.signal, onStateChange: t.callback("onStateChange") }));
      controller.abort();
      await t.advance(60_000);
    }, (seen) => {
      equal([seen.ended("challenge").how, seen.ended("challenge").value.name], ["rejected", "AbortError"], "the call");
      equal(seen.timers, 0, "timers");
    }),
  ),
  addition("a signal ends the refresh of a QR code", async (t) => {
    const client = t.client();
    const controller = new AbortController();
    t.on("POST /client/challenge/qr-code", { challengeId: "q", deviceCode: "d", expiresAt: "2030-01-01T00:10:00.000Z" });
    t.on("POST /client/verify/qr-code", { isClaimed: false, isConsumed: false, isVerified: false });
    await t.call("challenge", () => client.qrCode.challenge({ action: "a", polling: true, onStateChange: t.callback("onStateChange") }));
    t.on("POST /client/challenge/qr-code", t.held({ challengeId: "q2" }));
    await t.call("refresh", () => client.qrCode.refresh({ signal: controller.signal }));
    controller.abort();
    await t.settle();
  }, (seen) => equal([seen.ended("refresh").how, seen.ended("refresh").value.name], ["rejected", "AbortError"], "the refresh")),
  {
    name: "addition: throwOnNetworkError brings the peer's rejection back",
    run: async (t) => {
      const client = t.client({ throwOnNetworkError: true });
      client.setToken("T1");
      t.on(VERIFY, t.unreachable);
      await t.call("verify", () => client.totp.verify({ code: "1" }));
    },
    check: (seen) => equal(seen.ended("verify").value.name, "TypeError", "the rejection"),
  },
];
