/** The peer's known defects, by their number in the list: what ours does instead is checked explicitly. */
import { assert, equal } from "../assert.js";
import { field, scriptSignIn, scriptSignUp } from "./passkey.js";
import { event, says } from "./launch.js";
import { APPROVED, CLAIMED, PENDING, changed, created, openPolling, openSocket, qrChallenge } from "./waits.js";

const VERIFY = "POST /client/verify/totp";
const FINALIZE = "POST /client/verify/email-magic-link/finalize";
const ASK = "POST /client/user-authenticators/passkey/authentication-options";
const quiet = { syncCredentials: false };

const defect = (number, name, run, check, rest) => ({ name: `defect ${number}: ${name}`, defect: number, run, check, ...rest });
/** A TOTP verification against that reply. */
const verify = (given) => async (t) => {
  const client = t.client({ onTokenExpired: t.callback("onTokenExpired") });
  t.on(VERIFY, given(t));
  client.setToken("T1");
  await t.call("verify", () => client.totp.verify({ code: "1" }));
};
const answered = (code, label = "verify") => (seen) => {
  const { how, value } = seen.ended(label) ?? {};
  assert(how?.startsWith("resolved"), `${label} resolves, and does not ${how}`);
  equal(value.errorCode, code, "errorCode");
  assert(!("data" in value), "no data key");
};
const code = ({ value }) => value?.errorCode ?? value?.code;

/** A QR code's session that ended by itself has told so, once, and is over. */
const told = (errorCode) => (seen) => {
  equal(seen.lines.filter((line) => line.startsWith("callback onError")).map((line) => JSON.parse(line.slice("callback onError ".length))[0].errorCode), [errorCode], "errors");
  equal(seen.timers, 0, "timers");
};
const base64 = (value) => btoa(JSON.stringify(value)).replaceAll("=", "");
/** A token that lives so many seconds, from the start of the clock or beside it. */
const tokenOf = (seconds, beside = 0) => {
  const iat = Date.parse("2030-01-01T00:00:00Z") / 1000 + beside;
  return `${base64({ alg: "HS256" })}.${base64({ sub: "u1", iat, exp: iat + seconds })}.sig`;
};

const denyStorage = () => {
  for (const method of ["getItem", "setItem"]) {
    Storage.prototype[method] = () => {
      throw new DOMException("Denied.", "SecurityError");
    };
  }
};

export const defects = [
  defect(1, "an unreachable network is answered", verify((t) => t.unreachable), answered("network_error")),
  defect(2, "HTML is answered", verify((t) => t.reply("<!doctype html>", 200, { "content-type": "text/html" })), answered("invalid_response")),
  defect(2, "an empty body is answered", verify((t) => t.reply("", 200)), answered("invalid_response")),
  defect(2, "null is answered", verify((t) => t.reply("null", 200)), answered("invalid_response")),
  defect(3, "errorCode without error is an error", verify((t) => t.reply({ errorCode: "expired_token", errorDescription: "Over." }, 401)), (seen) => {
    answered("expired_token")(seen);
    equal(seen.count("callback onTokenExpired"), 1, "onTokenExpired");
  }),
  defect(3, "error without errorCode has the code, too", verify((t) => t.reply({ error: "expired_token" }, 401)), (seen) => {
    answered("expired_token")(seen);
    equal(seen.count("callback onTokenExpired"), 1, "onTokenExpired");
  }),
  defect(3, "a status without a code is an error", verify((t) => t.reply({ message: "Internal" }, 500)), answered("invalid_response")),
  defect(3, "429 without a code is too_many_requests", verify((t) => t.reply({}, 429)), answered("too_many_requests")),
  defect(4, "autofill works again after a lost request", async (t) => {
    const client = t.client();
    field();
    scriptSignIn(t);
    t.on(ASK, t.unreachable);
    await t.call("lost", () => client.passkey.signIn({ autofill: true, ...quiet }));
    scriptSignIn(t);
    await t.call("again", () => client.passkey.signIn({ autofill: true, ...quiet }));
  }, (seen) => {
    answered("network_error", "lost")(seen);
    equal(seen.ended("again").value.data?.isVerified, true, "the second request");
  }),
  defect(5, "a failed sign-up leaves a pending autofill request pending", async (t) => {
    const client = t.client();
    field();
    scriptSignIn(t);
    t.authenticator.get = t.waitingForUser();
    await t.call("autofill", () => client.passkey.signIn({ autofill: true, ...quiet }));
    t.on(ASK, t.refusal("unauthorized", "No.", 401));
    await t.call("button", () => client.passkey.signIn(quiet));
    scriptSignIn(t);
    await t.call("second autofill", () => client.passkey.signIn({ autofill: true, ...quiet }));
  }, (seen) => {
    equal(seen.ended("second autofill").value, {}, "the second autofill request");
    equal(seen.ended("autofill"), undefined, "the first is pending");
  }),
  defect(6, "a call can be aborted", async (t) => {
    const client = t.client();
    const controller = new AbortController();
    t.on(VERIFY, t.held({ isVerified: true }));
    client.setToken("T1");
    await t.call("verify", () => client.totp.verify({ code: "1", signal: controller.signal }));
    controller.abort();
    await t.settle();
  }, (seen) => equal([seen.ended("verify").how, seen.ended("verify").value.name], ["rejected", "AbortError"], "the call")),
  defect(7, "waiting for a magic link ends on an error", async (t) => {
    const client = t.client({ onTokenExpired: t.callback("onTokenExpired") });
    t.on(FINALIZE, t.refusal("expired_token", "Over.", 401));
    client.setToken("T1");
    await t.call("wait", () => client.emailML.checkVerificationStatus());
    await t.advance(5000);
  }, (seen) => {
    answered("expired_token", "wait")(seen);
    equal(seen.count("callback onTokenExpired"), 1, "onTokenExpired");
    equal(seen.count("request"), 1, "requests");
  }),
  defect(7, "waiting for a magic link ends when the network is lost", async (t) => {
    const client = t.client();
    t.on(FINALIZE, { isVerified: false }, t.unreachable);
    client.setToken("T1");
    await t.call("wait", () => client.emailML.checkVerificationStatus());
    await t.advance(5000);
  }, (seen) => {
    answered("network_error", "wait")(seen);
    equal(seen.count("unhandled rejection"), 0, "unhandled rejections");
  }),
  defect(7, "waiting for a magic link ends when the token is over", async (t) => {
    const client = t.client();
    t.on(FINALIZE, { isVerified: false });
    client.setToken(tokenOf(5));
    await t.call("wait", () => client.emailML.checkVerificationStatus());
    await t.advance(4900);
    t.note("still", t.ended.has("wait"));
    await t.advance(5000);
  }, (seen) => {
    answered("challenge_expired", "wait")(seen);
    equal(seen.count("still false"), 1, "waiting before the end");
    equal(seen.timers, 0, "timers");
  }),
  defect(7, "waiting for a magic link goes on under a clock that is wrong", async (t) => {
    const client = t.client();
    t.on(FINALIZE, { isVerified: false }, { isVerified: false }, { isVerified: true, accessToken: "T2" });
    client.setToken(tokenOf(600, -86_400));
    await t.call("wait", () => client.emailML.checkVerificationStatus());
    await t.advance(3000);
  }, (seen) => equal(seen.ended("wait").value.data?.token, "T2", "token")),
  defect(8, "slow polls do not overlap", async (t) => {
    const slow = t.held(PENDING);
    await openPolling(t, [slow]);
    await t.advance(9000);
  }, (seen) => equal(seen.count("request POST https://api.test/v1/client/verify/qr-code"), 1, "polls under way")),
  defect(8, "a lost poll is asked again, quietly", async (t) => {
    await openPolling(t, [t.unreachable, APPROVED]);
    await t.advance(6000);
  }, (seen) => {
    equal(seen.count("unhandled rejection"), 0, "unhandled rejections");
    equal(seen.count("callback onStateChange"), 1, "states");
  }),
  defect(8, "claimed is told once", async (t) => {
    await openPolling(t, [CLAIMED]);
    await t.advance(9000);
  }, (seen) => equal(seen.count("callback onStateChange"), 1, "states")),
  defect(8, "polling ends when the challenge is refused", async (t) => {
    await openPolling(t, [t.refusal("invalid_request", "Gone.", 400)], { onError: t.callback("onError") });
    await t.advance(9000);
  }, (seen) => {
    told("invalid_request")(seen);
    equal(seen.count("request POST https://api.test/v1/client/verify/qr-code"), 1, "polls");
  }),
  defect(8, "polling goes on when it is asked to slow down", async (t) => {
    await openPolling(t, [t.refusal("too_many_requests", "Slower.", 429), APPROVED], { onError: t.callback("onError") });
    await t.advance(6000);
  }, (seen) => {
    equal(seen.count("callback onError"), 0, "errors");
    equal(seen.count('callback onStateChange ["approved"'), 1, "approved");
  }),
  defect(8, "polling ends at expiresAt", async (t) => {
    await openPolling(t, [PENDING], { pollInterval: 100_000, onError: t.callback("onError") });
    await t.advance(900_000);
  }, told("challenge_expired")),
  defect(8, "a poll that is never answered ends at expiresAt, too", async (t) => {
    await openPolling(t, [t.held(PENDING)], { onError: t.callback("onError") });
    await t.advance(900_000);
  }, told("challenge_expired")),
  defect(8, "polling goes on under a clock that is wrong", async (t) => {
    t.on("POST /client/challenge/qr-code", { ...qrChallenge(), expiresAt: "2029-12-31T00:00:00.000Z" });
    t.on("POST /client/verify/qr-code", PENDING, APPROVED);
    await t.call("challenge", () => t.client().qrCode.challenge({ action: "kiosk", polling: true, onStateChange: t.callback("onStateChange") }));
    await t.advance(6000);
  }, (seen) => equal(seen.count('callback onStateChange ["approved"'), 1, "approved")),
  defect(9, "nothing is refreshed after approval", async (t) => {
    await openPolling(t, [APPROVED], { refreshInterval: 5000, onRefresh: t.callback("onRefresh") });
    await t.advance(20_000);
  }, (seen) => {
    equal(seen.count("callback onStateChange"), 1, "states");
    equal(seen.count("callback onRefresh"), 0, "refreshes");
  }),
  defect(9, "a refresh that is lost is tried again", async (t) => {
    Math.random = () => 0.5;
    await openPolling(t, [PENDING], { refreshInterval: 4000, onRefresh: t.callback("onRefresh"), onError: t.callback("onError") });
    t.on("POST /client/challenge/qr-code", t.unreachable, t.reply("<html>", 502), qrChallenge("q2"));
    await t.advance(7000);
  }, (seen) => {
    equal(seen.count('callback onRefresh ["q2"'), 1, "refreshes");
    equal(seen.count("callback onError"), 0, "errors");
    equal(seen.count('request POST https://api.test/v1/client/verify/qr-code {"body":{"challengeId":"q1"'), 2, "polls of the old one, until there is another");
  }),
  defect(9, "a refresh that is refused ends the session, and is told", async (t) => {
    await openPolling(t, [PENDING], { refreshInterval: 4000, onRefresh: t.callback("onRefresh"), onError: t.callback("onError") });
    t.on("POST /client/challenge/qr-code", t.refusal("expired_token", "Over.", 401));
    await t.advance(60_000);
  }, told("expired_token")),
  defect(9, "a refresh under way does not outlive disconnect", async (t) => {
    const client = await openPolling(t, [PENDING], { refreshInterval: 2000, onRefresh: t.callback("onRefresh") });
    const slow = t.held(qrChallenge("q2"));
    t.on("POST /client/challenge/qr-code", slow);
    await t.advance(2000);
    client.qrCode.disconnect();
    slow.release();
    await t.advance(10_000);
  }, (seen) => {
    equal(seen.timers, 0, "timers");
    equal(seen.count("request POST https://api.test/v1/client/verify/qr-code"), 0, "polls");
  }),
  defect(10, "a socket that closes before the challenge is created settles the call", async (t) => {
    const client = t.client();
    await t.call("challenge", () => client.qrCode.challenge({ action: "kiosk", onStateChange: t.callback("onStateChange") }));
    await t.sockets[0].accept();
    await t.sockets[0].lose();
  }, (seen) => equal(code(seen.ended("challenge")), "socket_lost", "code")),
  defect(10, "a socket that never opens settles the call", async (t) => {
    await t.call("challenge", () => t.client().qrCode.challenge(null));
    await t.advance(60_000);
  }, (seen) => {
    equal(code(seen.ended("challenge")), "socket_lost", "code");
    equal(seen.timers, 0, "timers");
  }),
  defect(10, "disconnect ends the opening of a lost socket", async (t) => {
    const client = await openSocket(t);
    await t.sockets[0].lose();
    await t.advance(5000);
    client.qrCode.disconnect();
    await t.advance(120_000);
  }, (seen) => {
    equal(seen.count("socket wss"), 2, "sockets");
    equal(seen.timers, 0, "timers");
  }),
  defect(10, "a silent socket settles the call", async (t) => {
    const client = t.client();
    await t.call("challenge", () => client.qrCode.challenge({ action: "kiosk", onStateChange: t.callback("onStateChange") }));
    await t.sockets[0].accept();
    await t.advance(60_000);
  }, (seen) => equal(code(seen.ended("challenge")), "socket_lost", "code")),
  defect(10, "a lost socket is opened again", async (t) => {
    Math.random = () => 0.5;
    await openSocket(t);
    await t.sockets[0].lose();
    await t.advance(5000);
    await t.sockets[1]?.accept();
    await t.sockets[1]?.say(created("q2"));
    await t.sockets[1]?.say(changed("q2", "claimed"));
  }, (seen) => {
    equal(seen.count("socket wss"), 2, "sockets");
    equal(seen.count("callback onRefresh"), 1, "refreshes");
    equal(seen.count("callback onStateChange"), 1, "states");
  }),
  defect(10, "a code over a socket that is not refreshed ends at expiresAt", async (t) => {
    await openSocket(t, { refreshInterval: 3_600_000, onError: t.callback("onError") });
    await t.advance(900_000);
  }, (seen) => {
    told("challenge_expired")(seen);
    equal(seen.count("socket closed by the page"), 1, "closed sockets");
  }),
  defect(10, "nothing is refreshed over the socket after approval", async (t) => {
    await openSocket(t, { refreshInterval: 5000 });
    await t.sockets[0].say(changed("q1", "approved", "T2"));
    await t.advance(20_000);
  }, (seen) => equal(seen.count("sent"), 1, "challenges")),
  defect(10, "an approval that meets a refresh over the socket is heard", async (t) => {
    const client = await openSocket(t);
    t.begin("refresh", () => client.qrCode.refresh());
    await t.settle();
    await t.sockets[0].say(changed("q1", "approved", "T2"));
    await t.advance(60_000);
  }, (seen) => {
    equal(seen.count('callback onStateChange ["approved","T2"]'), 1, "approved");
    equal(seen.ended("refresh")?.how, "resolved", "the refresh");
    equal([seen.count("callback onRefresh"), seen.timers], [0, 0], "refreshes and timers");
  }),
  defect(10, "an approval that meets a refresh by polling is heard", async (t) => {
    const poll = t.held(APPROVED);
    const client = await openPolling(t, [poll], { onRefresh: t.callback("onRefresh") });
    await t.advance(3000);
    const slow = t.held(qrChallenge("q2"));
    t.on("POST /client/challenge/qr-code", slow);
    t.begin("refresh", () => client.qrCode.refresh());
    await t.settle();
    poll.release();
    await t.settle();
    slow.release();
    await t.advance(60_000);
  }, (seen) => {
    equal(seen.count('callback onStateChange ["approved","T2"]'), 1, "approved");
    equal(seen.ended("refresh")?.how, "resolved", "the refresh");
    equal([seen.count("callback onRefresh"), seen.timers], [0, 0], "refreshes and timers");
  }),
  defect(10, "a code that is over while its refresh is tried again does not end the session", async (t) => {
    Math.random = () => 0.5;
    await openPolling(t, [t.refusal("invalid_request", "Over.", 400), PENDING], { refreshInterval: 2900, onRefresh: t.callback("onRefresh"), onError: t.callback("onError") });
    t.on("POST /client/challenge/qr-code", t.unreachable, qrChallenge("q2"));
    await t.advance(3900);
  }, (seen) => {
    equal(seen.count("callback onError"), 0, "errors");
    equal(seen.count('callback onRefresh ["q2"'), 1, "refreshes");
  }),
  defect(10, "of two refreshes over one socket, the last one's challenge is shown", async (t) => {
    const client = await openSocket(t);
    t.begin("first", () => client.qrCode.refresh({ custom: { till: "old" } }));
    t.begin("second", () => client.qrCode.refresh({ custom: { till: "new" } }));
    await t.settle();
    await t.sockets[0].say(created("of the old"));
    await t.sockets[0].say(created("of the new"));
    await t.sockets[0].say(changed("of the new", "claimed"));
  }, (seen) => {
    equal(seen.lines.filter((line) => line.startsWith("callback onRefresh")), ['callback onRefresh ["of the new","2030-01-01T00:10:00.000Z"]'], "refreshes");
    equal(["first", "second"].map((label) => seen.ended(label)?.how), ["resolved", "resolved"], "the calls");
    equal(seen.count('callback onStateChange ["claimed"]'), 1, "states");
  }),
  ...[true, false].map((polling) =>
    defect(10, `a challenge ${polling ? "by polling" : "over the socket"} that is refreshed before its answer settles`, async (t) => {
      const client = t.client();
      const [first, second] = [t.held(qrChallenge("q1")), t.held(qrChallenge("q2"))];
      t.on("POST /client/challenge/qr-code", first, second);
      t.on("POST /client/verify/qr-code", CLAIMED);
      t.begin("challenge", () => client.qrCode.challenge({ action: "kiosk", polling, onRefresh: t.callback("onRefresh"), onStateChange: t.callback("onStateChange") }));
      await t.settle();
      await t.sockets[0]?.accept();
      await t.call("refresh", () => client.qrCode.refresh({ custom: { till: "5" } }));
      for (const reply of [first, second]) reply.release();
      await t.sockets[0]?.say(created("q1"));
      await t.sockets[0]?.say(created("q2"));
      await t.sockets[0]?.say(changed("q2", "claimed"));
      await t.advance(3000);
    }, (seen) => {
      equal([code(seen.ended("challenge")), seen.ended("refresh")?.how], ["aborted", "resolved"], "the calls");
      equal(seen.count('callback onRefresh ["q2"'), 1, "refreshes");
      equal(seen.count('callback onStateChange ["claimed"]'), 1, "states");
    }),
  ),
  defect(10, "a socket that opens late is asked for the last challenge only", async (t) => {
    const client = t.client();
    t.begin("challenge", () => client.qrCode.challenge({ action: "kiosk", onStateChange: t.callback("onStateChange") }));
    await t.settle();
    t.begin("refresh", () => client.qrCode.refresh({ custom: { till: "5" } }));
    await t.settle();
    await t.sockets[0].accept();
    await t.sockets[0].say(created("q1"));
  }, (seen) => {
    equal([seen.count("sent"), seen.ended("refresh")?.how], [1, "resolved"], "the refresh");
    equal(code(seen.ended("challenge")), "aborted", "code");
  }),
  ...[
    ["disconnect", (client) => client.qrCode.disconnect()],
    ["another challenge", (client, t) => t.begin("another", () => client.qrCode.challenge({ action: "door", onStateChange: t.callback("onStateChange") }))],
  ].map(([name, run]) =>
    defect(10, `${name} settles a challenge over the socket that has no answer yet`, async (t) => {
      const client = t.client();
      await t.call("challenge", () => client.qrCode.challenge({ action: "kiosk", onStateChange: t.callback("onStateChange") }));
      await t.sockets[0].accept();
      run(client, t);
      await t.advance(1000);
    }, (seen) => equal(code(seen.ended("challenge")), "aborted", "code")),
  ),
  ...[true, false].map((polling) =>
    defect(10, `refreshes ${polling ? "by polling" : "over sockets"} leave no listener on the app's signal`, async (t) => {
      Math.random = () => 0.5;
      const controller = new AbortController();
      const { signal } = controller;
      const listeners = new Set();
      for (const [method, change] of [["addEventListener", "add"], ["removeEventListener", "delete"]]) {
        signal[method] = (type, listener) => {
          listeners[change](listener);
          AbortSignal.prototype[method].call(signal, type, listener);
        };
      }
      // What the peer does without an end.
      await t.quietly(async () => {
        t.on("POST /client/challenge/qr-code", qrChallenge());
        t.on("POST /client/verify/qr-code", PENDING);
        t.begin("challenge", () => t.client().qrCode.challenge({ action: "kiosk", polling, signal, refreshInterval: 5000, onRefresh: () => {}, onStateChange: t.callback("onStateChange") }));
        await t.settle();
        await t.sockets[0]?.accept();
        await t.sockets[0]?.say(created("q0"));
      });
      const before = listeners.size;
      await t.quietly(async () => {
        for (let turn = 1; turn < 4; turn += 1) {
          await t.advance(5000);
          await t.sockets[0]?.say(created(`q${turn}`));
        }
        await t.sockets[0]?.lose();
        await t.advance(1000);
        await t.sockets[1]?.accept();
        await t.sockets[1]?.say(created("q9"));
      });
      t.note("more listeners", listeners.size > before);
      await t.quietly(async () => {
        controller.abort();
        await t.settle();
      });
      t.note("listeners at the end", listeners.size);
    }, (seen) => {
      equal([seen.count("more listeners false"), seen.timers], [1, 0], "listeners more, and timers");
      equal(seen.count("listeners at the end 0"), 1, "none is left");
    }),
  ),
  ...[
    ["a host that contains v1", "https://dev1.example.com/v1", "wss://dev1.example.com/ws-v1-challenge"],
    ["a path that contains api", "http://127.0.0.1:9000/api/v1", "ws://127.0.0.1:9000/api/ws-v1-challenge"],
  ].map(([name, baseUrl, expected]) =>
    defect(11, `the socket's address with ${name}`, async (t) => {
      await openSocket(t, {}, { baseUrl });
    }, (seen) => equal(seen.lines.find((line) => line.startsWith("socket ")).split(" ")[1], expected, "address")),
  ),
  defect(12, "a failed socket says its code", async (t) => {
    const client = t.client();
    await t.call("challenge", () => client.qrCode.challenge({ action: "kiosk", onStateChange: t.callback("onStateChange") }));
    await t.sockets[0].lose({ failed: true });
  }, (seen) => {
    assert(seen.ended("challenge").value.message.includes("1006"), "the message has the close code");
    equal(code(seen.ended("challenge")), "socket_lost", "code");
  }),
  defect(13, "an expired token is told to QR codes, too", async (t) => {
    const client = t.client({ onTokenExpired: t.callback("onTokenExpired") });
    client.setToken("T1");
    t.on("POST /client/challenge/qr-code", t.refusal("expired_token", "Over.", 401));
    await t.call("challenge", () => client.qrCode.challenge({ action: "kiosk", polling: true, onStateChange: t.callback("onStateChange") }));
  }, (seen) => equal(seen.count("callback onTokenExpired"), 1, "onTokenExpired")),
  ...[
    ["sign-in", (t, client) => client.passkey.signIn(quiet)],
    ["sign-up", (t, client) => client.passkey.signUp({ token: "T1", ...quiet })],
  ].map(([name, run]) =>
    defect(14, `a ${name} survives denied storage`, async (t) => {
      const client = t.client();
      scriptSignUp(t);
      scriptSignIn(t);
      const read = Storage.prototype.getItem;
      denyStorage();
      await t.call("call", () => run(t, client));
      Storage.prototype.getItem = read;
      t.on("POST /client/challenge/sms", { challengeId: "c" });
      await t.call("next", () => client.sms.challenge());
    }, (seen) => {
      equal(seen.ended("call").value.data?.token, "T2", "token");
      equal(seen.ended("next").value.data?.challengeId, "c", "the next call");
    }),
  ),
  defect(14, "a sign-in survives corrupt storage", async (t) => {
    localStorage.setItem("as_user_passkey_map", "{");
    scriptSignIn(t);
    await t.call("call", () => t.client().passkey.signIn(quiet));
  }, (seen) => equal(seen.ended("call").value.data?.token, "T2", "token")),
  defect(15, "cookies that are denied do not break the constructor", async (t) => {
    Object.defineProperty(document, "cookie", {
      configurable: true,
      get() {
        throw new DOMException("Denied.", "SecurityError");
      },
      set() {
        throw new DOMException("Denied.", "SecurityError");
      },
    });
    await t.call("construct", () => t.client().anonymousId);
    Object.defineProperty(document, "cookie", { configurable: true, value: "" });
  }, (seen) => equal(seen.ended("construct").how, "returned", "the constructor")),
  defect(15, "a malformed escape in a cookie does not break the constructor", async (t) => {
    document.cookie = "__as_aid=%; path=/; domain=localhost";
    await t.call("construct", () => typeof t.client().anonymousId);
  }, (seen) => equal(seen.ended("construct").value, "string", "the constructor")),
  ...[
    ["inside the host's name", "mywww.localhost", "mywww.localhost"],
    ["at its beginning", "www.app.localhost", "app.localhost"],
  ].map(([name, host, expected]) =>
    defect(16, `www ${name} and the cookie's domain`, async (t) => {
      t.note("domain", t.client().cookieDomain);
    }, (seen) => equal(seen.count(`domain ${expected}`), 1, "cookieDomain"), { host }),
  ),
  defect(17, "another tenant does not get the token", async (t) => {
    t.client().setToken("T1");
    t.on("POST /client/challenge/sms", { challengeId: "c" });
    await t.call("challenge", () => t.client({ tenantId: "other" }).sms.challenge());
  }, (seen) => {
    answered("token_not_set", "challenge")(seen);
    equal(seen.count("request"), 0, "requests");
  }),
  defect(18, "clearToken", async (t) => {
    const client = t.client();
    client.setToken("T1");
    await t.call("clear", () => client.clearToken());
    t.on("POST /client/challenge/sms", { challengeId: "c" });
    await t.call("challenge", () => client.sms.challenge());
  }, answered("token_not_set", "challenge")),
  {
    name: "defect 19: push.verify does not keep the token, as the peer",
    run: async (t) => {
      const client = t.client();
      client.setToken("T1");
      t.on("POST /client/verify/push", { isVerified: true, isConsumed: true, accessToken: "T2" });
      await t.call("verify", () => client.push.verify({ challengeId: "c" }));
      await t.call("again", () => client.push.verify({ challengeId: "c" }));
    },
    check: (seen) => equal(seen.lines.filter((line) => line.startsWith("request") && line.includes("Bearer T1")).length, 2, "requests with the old token"),
  },
  defect(20, "push.challenge without arguments", async (t) => {
    const client = t.client();
    client.setToken("T1");
    t.on("POST /client/challenge/push", { challengeId: "c" });
    await t.call("challenge", () => client.push.challenge());
  }, (seen) => equal(seen.ended("challenge").value.data?.challengeId, "c", "challenge")),
  defect(21, "signUp without arguments", async (t) => {
    const client = t.client();
    delete PublicKeyCredential.signalAllAcceptedCredentials;
    client.setToken("T1");
    scriptSignUp(t);
    await t.call("signUp", () => client.passkey.signUp());
  }, (seen) => equal(seen.ended("signUp").value.data?.token, "T2", "token")),
  {
    name: "defect 22: nothing is synced where the browser has no signals",
    run: async (t) => {
      delete PublicKeyCredential.signalAllAcceptedCredentials;
      PublicKeyCredential.signalAllAcceptedCredentials = undefined;
      scriptSignIn(t);
      await t.call("signIn", () => t.client().passkey.signIn());
    },
    check: (seen) => equal(seen.count("request GET"), 0, "requests for authenticators"),
  },
  defect(23, "an exception in onTokenExpired is the app's own", async (t) => {
    const client = t.client({
      onTokenExpired: t.callback("onTokenExpired", () => {
        throw new Error("the app's");
      }),
    });
    t.on(VERIFY, t.refusal("expired_token", "Over.", 401));
    client.setToken("T1");
    await t.call("verify", () => client.totp.verify({ code: "1" }));
  }, (seen) => {
    answered("expired_token")(seen);
    equal([seen.count("callback onTokenExpired"), seen.count("console.error Error: the app's")], [1, 1], "calls of it, and what is logged");
    equal(seen.count("unhandled rejection") + seen.count("uncaught"), 0, "what escaped");
  }),
  defect(24, "a security key's enrolment keeps to one token", async (t) => {
    const client = t.client();
    client.setToken("T1");
    const options = t.held({ challenge: "q83v", rp: { id: "localhost", name: "Dev" }, user: { id: "dTE", name: "ada", displayName: "Ada" }, pubKeyCredParams: [{ type: "public-key", alg: -7 }] });
    t.on("POST /client/user-authenticators/security-key/registration-options", options);
    t.on("POST /client/user-authenticators/security-key", { isVerified: true, accessToken: "T2" });
    await t.call("enroll", () => client.securityKey.enroll());
    client.setToken("another");
    options.release();
    await t.settle();
  }, (seen) => equal(seen.lines.filter((line) => line.startsWith("request") && line.includes("Bearer T1")).length, 2, "requests with the first token")),
  ...[
    ["without a query", "https://ui.test/challenge", "https://ui.test/challenge?mode=popup"],
    ["with a fragment", "https://ui.test/challenge?token=abc#part", "https://ui.test/challenge?token=abc&mode=popup#part"],
  ].map(([name, url, expected]) =>
    defect(25, `launch of a URL ${name}`, async (t) => {
      t.begin("launch", () => t.client().launch(url, { mode: "window" }));
      await t.settle();
    }, (seen) => equal(seen.lines.find((line) => line.startsWith("window ")).split(" ")[1], expected, "address")),
  ),
  defect(26, "a window that the user closes settles the call", async (t) => {
    t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode: "window" }));
    await t.settle();
    t.windows[0].closed = true;
    await t.advance(1000);
  }, (seen) => {
    equal(code(seen.ended("launch")), "window_closed", "code");
    equal(seen.timers, 0, "timers");
  }),
  defect(27, "only the window that was opened is heard", async (t) => {
    t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode: "window" }));
    await t.settle();
    await says(t, event("CLOSE_POPUP", { token: "forged" }), { source: window });
  }, (seen) => equal(seen.ended("launch"), undefined, "the call is pending")),
  defect(27, "a height that is no number is ignored", async (t) => {
    t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode: "popup" }));
    await t.settle();
    await says(t, { height: "calc(100vh" });
    t.note("height", document.getElementById("__authsignal-popup-iframe").style.height || "unset");
    await says(t, { height: "432" });
    t.note("height", document.getElementById("__authsignal-popup-iframe").style.height || "unset");
    await says(t, { height: -5 });
    t.note("height", document.getElementById("__authsignal-popup-iframe").style.height || "unset");
  }, (seen) => equal(seen.lines.filter((line) => line.startsWith("height")), ["height unset", "height 432px", "height 432px"], "heights")),
  {
    name: "defect 28: the token of launch is not kept, as the peer",
    run: async (t) => {
      t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode: "window" }));
      await t.settle();
      await says(t, event("CLOSE_POPUP", { token: "T2" }), { source: t.windows[0] });
      await t.call("challenge", () => t.client().sms.challenge());
    },
  },
  defect(29, "VerificationMethod at run time", async (t) => {
    t.note("method", String(t.library.VerificationMethod?.WHATSAPP));
  }, (seen) => equal(seen.count("method WHATSAPP"), 1, "the member")),
  defect(31, "the same code of another user is another request", async (t) => {
    const client = t.client();
    const first = t.held({ isVerified: true, accessToken: "A2" });
    t.on(VERIFY, first, { isVerified: true, accessToken: "B2" });
    client.setToken("A1");
    await t.call("one", () => client.totp.verify({ code: "1" }));
    client.setToken("B1");
    await t.call("other", () => client.totp.verify({ code: "1" }));
    first.release();
    await t.settle();
  }, (seen) => equal(["one", "other"].map((label) => seen.ended(label).value.data.token), ["A2", "B2"], "tokens")),
  defect(31, "a page that mounts twice is not ended by the signal of its first time", async (t) => {
    const client = t.client();
    const controller = new AbortController();
    const { signal } = new AbortController();
    t.on(VERIFY, t.held({}), { isVerified: true, accessToken: "T2" });
    client.setToken("T1");
    t.begin("first", () => client.totp.verify({ code: "1", signal: controller.signal }));
    controller.abort();
    await t.call("second", () => client.totp.verify({ code: "1", signal }));
  }, (seen) => equal(seen.ended("second").value.data?.token, "T2", "token")),
  ...["__proto__", "constructor"].map((given) =>
    defect(31, `the code ${given} is a code`, async (t) => {
      const client = t.client();
      client.setToken("T1");
      t.on(VERIFY, { isVerified: false });
      await t.call("verify", () => client.totp.verify({ code: given }));
    }, (seen) => equal(seen.ended("verify").value.data?.isVerified, false, "the answer")),
  ),
  defect(31, "a double submit of one code is one request", async (t) => {
    const client = t.client();
    client.setToken("T1");
    t.on(VERIFY, { isVerified: true, accessToken: "T2" });
    t.begin("one", () => client.totp.verify({ code: "1" }));
    await t.call("other", () => client.totp.verify({ code: "1" }));
  }, (seen) => {
    equal(seen.count("request"), 1, "requests");
    equal(seen.ended("one"), seen.ended("other"), "results");
  }),
];
