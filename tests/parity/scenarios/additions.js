/** What ours has on top: on the peer's side these show that it has not. */
import { assert, equal } from "../assert.js";
import { event, says } from "./launch.js";
import { field, scriptSignIn, scriptSignUp } from "./passkey.js";

const VERIFY = "POST /client/verify/totp";
const base64 = (value) => btoa(JSON.stringify(value)).replaceAll("=", "");
/** A token of ten minutes from the start of the clock. */
const token = (claims) => `${base64({ alg: "HS256" })}.${base64({ sub: "u1", exp: Date.parse("2030-01-01T00:10:00Z") / 1000, scope: "add:authenticators read:authenticators", ...claims })}.sig`;
const addition = (name, run, check, rest) => ({ name: `addition: ${name}`, decision: "ours on top", run, check, ...rest });
const OWN_CODES = "invalid_response core_unavailable core_failed timeout user_canceled aborted popup_blocked window_closed socket_lost challenge_expired".split(" ");

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
  addition("a token that outlives every timer is told once", async (t) => {
    const client = t.client({ onBindingChange: t.callback("onBindingChange"), onTokenExpiring: t.callback("onTokenExpiring") });
    client.setToken(token({ exp: Date.parse("2030-03-01T00:00:00Z") / 1000 }));
    await t.advance(1000);
  }, (seen) => {
    equal(seen.count("callback on"), 1, "callbacks");
    equal(seen.timers, 0, "timers");
  }),
  addition("what is cleared meanwhile stays cleared", async (t) => {
    const client = t.client();
    const verified = t.held({ isVerified: true, accessToken: "T2" });
    t.on(VERIFY, verified);
    client.setToken("T1");
    await t.call("verify", () => client.totp.verify({ code: "1" }));
    client.clearToken?.();
    verified.release();
    await t.settle();
    await t.call("challenge", () => client.sms.challenge());
  }, (seen) => equal(seen.ended("challenge").value.errorCode, "token_not_set", "the next call")),
  addition("autofill that waited keeps the token of its sign-in", async (t) => {
    const client = t.client();
    field();
    scriptSignIn(t);
    const user = (t.authenticator.get = t.waitingForUser());
    await t.call("autofill", () => client.passkey.signIn({ autofill: true, syncCredentials: false }));
    client.setToken("T1");
    user.answer(t.assertion());
    await t.settle();
    t.on("POST /client/challenge/sms", { challengeId: "c" });
    await t.call("challenge", () => client.sms.challenge());
  }, (seen) => equal(seen.lines.filter((line) => line.includes("Bearer T2")).length, 1, "requests with its token"), { decision: undefined }),
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
  addition("a timeout that outlives every timer is none", async (t) => {
    const client = t.client();
    client.setToken("T1");
    t.on(VERIFY, t.held({ isVerified: true }));
    for (const timeout of [Infinity, 2 ** 31]) t.begin(`${timeout}`, () => client.totp.verify({ code: `${timeout}`, timeout }));
    await t.advance(1000);
  }, (seen) => equal([seen.ended("Infinity"), seen.ended(`${2 ** 31}`)], [undefined, undefined], "the calls")),
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
  addition("a timeout that is none does not end the wait for a QR code over a socket", async (t) => {
    for (const timeout of [-1, 0, NaN, "soon", null]) {
      t.begin(`${timeout}`, () => t.client().qrCode.challenge({ action: "a", timeout, onStateChange: t.callback("onStateChange") }));
      await t.advance(100);
      await t.sockets.at(-1).accept();
      await t.sockets.at(-1).say({ type: "CHALLENGE_CREATED", data: { challengeId: "q", expiresAt: "2030-01-01T00:10:00.000Z" } });
    }
  }, (seen) => equal(seen.labels.filter((label) => seen.ended(label)?.value.data?.challengeId !== "q"), [], "those that ended otherwise"), { decision: undefined }),
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
  addition("disconnect ends a QR code while its chunk is loaded", async (t) => {
    const client = t.client();
    t.on("POST /client/challenge/qr-code", { challengeId: "q", deviceCode: "d", expiresAt: "2030-01-01T00:10:00.000Z" });
    t.on("POST /client/verify/qr-code", { isClaimed: false, isConsumed: false, isVerified: false });
    t.begin("challenge", () => client.qrCode.challenge({ action: "a", polling: true, onStateChange: t.callback("onStateChange") }));
    client.qrCode.disconnect();
    await import("/pkg/later.js");
    await t.advance(9000);
  }, (seen) => {
    equal(seen.ended("challenge").value.errorCode, "aborted", "the call");
    equal(seen.count("request"), 0, "requests");
    equal(seen.timers, 0, "timers");
  }, { cold: true }),
  addition("a page that mounts twice opens one QR code", async (t) => {
    const client = t.client();
    const mount = (label) => t.begin(label, () => client.qrCode.challenge({ action: "a", onStateChange: t.callback("onStateChange") }));
    mount("first");
    client.qrCode.disconnect();
    mount("second");
    await import("/pkg/later.js");
    await t.settle();
    await t.sockets.at(-1).accept();
    await t.sockets.at(-1).say({ type: "CHALLENGE_CREATED", data: { challengeId: "q", expiresAt: "2030-01-01T00:10:00.000Z" } });
  }, (seen) => {
    equal(seen.ended("first").value.errorCode, "aborted", "the first");
    equal(seen.ended("second").value.data?.challengeId, "q", "the second");
    equal(seen.count("socket wss"), 1, "sockets");
  }, { cold: true }),
  ...[
    ["before its time is over", 59_000, "user_canceled"],
    ["when its time is over", 60_000, "timeout"],
  ].flatMap(([name, elapsed, expected]) =>
    ["signIn", "signUp"].map((method) =>
      addition(`a ${method} that the browser refuses ${name} says so`, async (t) => {
        const client = t.client();
        scriptSignUp(t);
        scriptSignIn(t);
        client.setToken("T1");
        const prompt = t.waitingForUser();
        t.authenticator.get = t.authenticator.create = prompt;
        t.begin(method, () => client.passkey[method]({}).catch((error) => t.note("refused", error.code, error.errorCode)));
        await t.advance(elapsed);
        prompt.reject(new DOMException("The operation either timed out or was not allowed.", "NotAllowedError"));
        await t.settle();
      }, (seen) => equal(seen.count(`refused ERROR_PASSTHROUGH_SEE_CAUSE_PROPERTY ${expected}`), 1, "the refusal")),
    ),
  ),
  addition("every code of ours is in ErrorCode", async (t) => {
    for (const code of OWN_CODES) t.note("code", t.library.ErrorCode[code]);
  }, (seen) => equal(seen.lines.filter((line) => line.startsWith("code")), OWN_CODES.map((code) => `code ${code}`), "codes")),
  ...["popup", "window"].flatMap((mode) => [
    addition(`a signal closes a ${mode}`, async (t) => {
      const controller = new AbortController();
      t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode, signal: controller.signal }));
      await t.settle();
      controller.abort();
      await t.advance(1000);
      t.note("dialog", Boolean(document.querySelector("iframe[name=authsignal]")));
    }, (seen) => {
      equal([seen.ended("launch").how, seen.ended("launch").value.name], ["rejected", "AbortError"], "the call");
      equal(seen.count(mode === "popup" ? "dialog false" : "window closed by the page"), 1, "closed");
      equal(seen.timers, 0, "timers");
    }),
    addition(`a timeout closes a ${mode}`, async (t) => {
      t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode, timeout: 5000 }));
      await t.advance(6000);
      t.note("dialog", Boolean(document.querySelector("iframe[name=authsignal]")));
    }, (seen) => {
      equal(seen.ended("launch").value, { errorCode: "timeout" }, "the call");
      equal(seen.count(mode === "popup" ? "dialog false" : "window closed by the page"), 1, "closed");
      equal(seen.timers, 0, "timers");
    }),
    addition(`a signal that is aborted already opens no ${mode}`, async (t) => {
      t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode, signal: AbortSignal.abort() }));
      await t.advance(1000);
      t.note("dialog", Boolean(document.querySelector("iframe[name=authsignal]")));
    }, (seen) => {
      equal([seen.ended("launch").how, seen.ended("launch").value.name], ["rejected", "AbortError"], "the call");
      equal([seen.count("window "), seen.count("dialog true")], [0, 0], "windows");
    }),
    addition(`a ${mode} that is done in time keeps no timer`, async (t) => {
      const { signal } = new AbortController();
      t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode, signal, timeout: 5000 }));
      await t.settle();
      await says(t, event("CLOSE_POPUP", { token: "T2" }), mode === "window" ? { source: t.windows[0] } : {});
      await t.advance(150);
    }, (seen) => {
      equal(seen.ended("launch").value, { token: "T2" }, "the call");
      equal(seen.timers, 0, "timers");
    }, { decision: undefined }),
  ]),
  addition("what a popup hands over stands, whatever ends while it closes", async (t) => {
    t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode: "popup", timeout: 1000 }));
    await t.advance(950);
    await says(t, event("CLOSE_POPUP", { token: "T2" }));
    await t.advance(1000);
  }, (seen) => equal(seen.ended("launch").value, { token: "T2" }, "the call"), { decision: undefined }),
  addition("a signal ends a window while what follows it is loaded", async (t) => {
    const controller = new AbortController();
    t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode: "window", signal: controller.signal }));
    controller.abort();
    await import("/pkg/later.js");
    await t.settle();
  }, (seen) => {
    equal(seen.ended("launch").value.name, "AbortError", "the call");
    equal(seen.count("window closed by the page"), 1, "closed");
  }, { cold: true }),
  addition("a popup that a component aborts makes way for its next one in the same moment", async (t) => {
    const client = t.client();
    const controller = new AbortController();
    t.begin("first", () => client.launch("https://ui.test/?token=abc", { mode: "popup", signal: controller.signal }));
    await t.settle();
    controller.abort();
    t.note("dialogs", document.querySelectorAll("iframe[name=authsignal]").length);
    t.begin("second", () => client.launch("https://ui.test/?token=abc", { mode: "popup" }));
    await t.settle();
    await says(t, event("CLOSE_POPUP", { token: "T2" }));
    await t.advance(150);
    await t.call("third", () => typeof client.launch("https://ui.test/?token=abc", { mode: "popup" }));
  }, (seen) => {
    equal(seen.count("dialogs 0"), 1, "what is left of the first");
    equal(seen.ended("first").value.name, "AbortError", "the first");
    equal(seen.ended("second").value, { token: "T2" }, "the second");
    equal(seen.ended("third").how, "returned", "the third");
  }),
  addition("the corners of a popup's frame are its own: it does not reach the dialog's lower edge", async (t) => {
    t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode: "popup" }));
    await t.settle();
    const [frame, content] = ["iframe", "content"].map((name) => document.getElementById(`__authsignal-popup-${name}`));
    t.note("corners", [frame, content].map((element) => getComputedStyle(element).borderRadius));
  }, (seen) => equal(seen.count('corners ["8px","8px"]'), 1, "corners"), { decision: undefined }),
  addition("isAvailableOnDevice that takes too long is a no", async (t) => {
    localStorage.setItem("as_user_passkey_map", JSON.stringify({ u1: ["c1"] }));
    t.on("GET /client/user-authenticators/passkey", t.held({ credentialId: "c1" }));
    await t.call("available", () => t.client().passkey.isAvailableOnDevice({ userId: "u1", timeout: 1000 }));
    await t.advance(1000);
  }, (seen) => equal(seen.ended("available").value, false, "the answer")),
  addition("a callback that clears the token leaves no timer of it", async (t) => {
    const client = t.client({
      onBindingChange: t.callback("onBindingChange", ({ state }) => state === "open" && client.clearToken()),
      onTokenExpiring: t.callback("onTokenExpiring"),
    });
    client.setToken(token());
    await t.advance(700_000);
  }, (seen) => {
    equal(seen.count("callback onTokenExpiring"), 0, "onTokenExpiring");
    equal(seen.timers, 0, "timers");
  }),
  addition("a tokenExpiringMs that is no number is the default", async (t) => {
    const client = t.client({ tokenExpiringMs: "soon", onTokenExpiring: t.callback("onTokenExpiring") });
    client.setToken(token());
    await t.advance(539_000);
    t.note("a minute before the end");
    await t.advance(2000);
  }, (seen) => equal(seen.lines.filter((line) => /minute|callback/.test(line)).map((line) => line.slice(0, 8)), ["a minute", "callback"], "onTokenExpiring")),
  addition("windowOptions that are no numbers are the defaults", async (t) => {
    t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode: "window", windowOptions: { width: "wide", height: -1 } }));
    await t.settle();
  }, (seen) => assert(seen.lines.some((line) => /width=400, height=500/.test(line)), "the window's size")),
  addition("autofill is armed again also where an extension rejects with an error of its own", async (t) => {
    const client = t.client();
    field();
    scriptSignIn(t);
    t.authenticator.get = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new DOMException("The extension's.", "AbortError"))));
    await t.call("autofill", () => client.passkey.signIn({ autofill: true, syncCredentials: false }));
    t.authenticator.get = t.refuse("NotAllowedError");
    await t.call("button", () => client.passkey.signIn({ syncCredentials: false }));
    t.authenticator.get = () => t.assertion();
    await t.advance(500);
  }, (seen) => equal(seen.ended("autofill").value.data?.isVerified, true, "autofill")),
  ...[["30", 30], ["Wed, 21 Oct 2026 07:28:00 GMT", undefined], [undefined, undefined]].map(([header, expected]) =>
    addition(`too many requests say when to try again: ${header}`, async (t) => {
      const client = t.client();
      client.setToken("T1");
      t.on(VERIFY, () => new Response(JSON.stringify({ error: "too_many_requests" }), { status: 429, headers: header ? { "retry-after": header } : {} }));
      await t.call("verify", () => client.totp.verify({ code: "1" }));
    }, (seen) => equal(seen.ended("verify").value.retryAfter, expected, "retryAfter")),
  ),
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
