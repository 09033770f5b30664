/** Options, replies and callbacks that are not what they should be: a clear error or the default, and no trap. */
import { assert, equal } from "../assert.js";
import { event, says } from "./launch.js";
import { APPROVED, CLAIMED, PENDING, changed, created, openPolling, openSocket, qrChallenge } from "./waits.js";

const DECISION = { decision: "bad input: a clear error or the default, where the peer throws or goes on with it" };
const hostile = (name) => ({
  get [name]() {
    throw new Error("the getter's own");
  },
});
const settled = (...labels) => (seen) => {
  for (const label of labels) {
    const { value } = seen.ended(label) ?? {};
    assert(seen.ended(label), `${label} settles`);
    assert(value?.code !== "core_failed", `${label} does not end the core`);
  }
};
/** A call with that input, and one after it that must work. */
const withInput = (name, run) => ({
  name: `bad input: ${name}`,
  ...DECISION,
  run: async (t) => {
    const client = t.client();
    client.setToken("T1");
    t.on("POST /client/verify/totp", { isVerified: false });
    t.on("POST /client/user-authenticators/email-otp", { userAuthenticatorId: "ua", userId: "u" });
    t.on("POST /client/challenge/sms", { challengeId: "c" });
    await t.call("call", () => run(client, t));
    await t.call("next", () => client.sms.challenge());
  },
  check: (seen) => {
    settled("call", "next")(seen);
    equal(seen.ended("next").value.data?.challengeId, "c", "the next call");
  },
});

const ROUTE = "POST /client/verify/totp";
const withReply = (name, body, check = () => {}) => ({
  name: `bad reply: ${name}`,
  ...DECISION,
  run: async (t) => {
    const client = t.client();
    client.setToken("T1");
    t.on(ROUTE, t.reply(body));
    await t.call("call", () => client.totp.verify({ code: "1" }));
  },
  check: (seen) => {
    settled("call")(seen);
    check(seen.ended("call").value);
  },
});
const OPTIONS = "POST /client/user-authenticators/passkey/authentication-options";
const withOffer = (name, body) => ({
  name: `bad offer: ${name}`,
  ...DECISION,
  run: async (t) => {
    const client = t.client();
    t.on(OPTIONS, t.reply(body));
    t.on("POST /client/verify/passkey", { isVerified: true });
    await t.call("call", () => client.passkey.signIn({ syncCredentials: false }));
    t.on("POST /client/challenge", { challengeId: "c" });
    await t.call("next", () => client.passkey.api.challenge({ action: "a" }));
  },
  check: settled("call", "next"),
});

const withOfferToSignUp = (name, options) => ({
  name: `bad offer to sign up: ${name}`,
  ...DECISION,
  run: async (t) => {
    const user = { id: "dTE", name: "ada", displayName: "Ada" };
    const offer = { challenge: "q83v", rp: { id: "localhost", name: "App" }, user, pubKeyCredParams: [] };
    t.on("POST /client/user-authenticators/passkey/registration-options", { options: { ...offer, ...options } });
    await t.call("call", () => t.client().passkey.signUp({ token: "T1" }));
  },
  check: (seen) => {
    settled("call")(seen);
    assert(seen.ended("call").value.code !== "ERROR_INVALID_USER_ID_LENGTH", "nothing is wrong with the user's id");
  },
});

/** Objects of which nothing can be learnt. */
const UNREADABLE = [
  ["a proxy whose every trap throws", () => new Proxy({}, new Proxy({}, { get: (_, trap) => () => { throw new Error(`the proxy's ${trap}`); } }))],
  ["a proxy that is revoked", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  }],
];
const nothingEscaped = (seen) => equal(seen.count("unhandled rejection") + seen.count("uncaught"), 0, "what escaped");
/** A constructor's options of a type that they are not of, and calls after it that must work. */
const withOption = (name, options, { before = () => {}, run = () => {}, check = () => {}, cookie = "__as_aid" } = {}) => ({
  name: `bad input: a constructor's ${name}`,
  ...DECISION,
  run: async (t) => {
    let client;
    before();
    await t.call("construct", () => typeof (client = t.client(options)).anonymousId);
    t.on("POST /client/challenge/sms", { challengeId: "c" });
    await t.call("set", () => client.setToken(shortToken()));
    await t.call("next", () => client.sms.challenge());
    await run(t, client);
    document.cookie = `${cookie}=; max-age=0; domain=localhost; path=/`;
  },
  check: (seen) => {
    equal(seen.ended("construct"), { how: "returned", value: "string" }, "the constructor");
    equal(seen.ended("set").how, "returned", "setToken");
    equal(seen.ended("next").value.data?.challengeId, "c", "the next call");
    nothingEscaped(seen);
    check(seen);
  },
});
/** A launch with options of a type that they are not of: it opens with the default or throws, and another can follow. */
const withLaunch = (name, options, expected) => ({
  name: `bad input: launch with ${name}`,
  ...DECISION,
  run: async (t) => {
    const client = t.client();
    for (const label of ["launch", "next"]) {
      t.begin(label, () => client.launch("https://ui.test/?token=abc", label === "launch" ? options() : { mode: "popup" }));
      await t.settle();
      if (t.ended.has(label)) continue;
      const frame = document.querySelector("iframe[name=authsignal]");
      await says(t, event("CLOSE_POPUP", { token: "T2" }), { source: frame?.contentWindow ?? t.windows.at(-1) });
      await t.advance(1000);
    }
  },
  check: (seen) => {
    const { how, value } = seen.ended("launch");
    if (expected) equal([how, value.message], expected, "the launch");
    else equal([how, value], ["resolved", { token: "T2" }], "the launch");
    equal(seen.ended("next")?.value, { token: "T2" }, "the next launch");
    nothingEscaped(seen);
  },
});

/** What no field of a reply is. */
const WRONG = [undefined, null, true, 7, "", "text", [], [null], {}];
const MEMBERS = (value) => (typeof value === "object" && value !== null ? Object.keys(value) : []);
/** Each copy of a value in which one member, at whatever depth, is something else. */
const spoiled = function* (value) {
  for (const key of MEMBERS(value)) {
    const copy = (member) => (Array.isArray(value) ? Object.assign([...value], { [key]: member }) : { ...value, [key]: member });
    for (const wrong of WRONG) yield copy(wrong);
    for (const member of spoiled(value[key])) yield copy(member);
  }
};
const ENROLLED = { isVerified: true, accessToken: "T2", userId: "u1", userAuthenticatorId: "ua", userAuthenticator: { userAuthenticatorId: "ua", verificationMethod: "PASSKEY" } };
const CREATION = {
  challenge: "q83v",
  rp: { id: "localhost", name: "Dev" },
  user: { id: "dTE", name: "ada", displayName: "Ada" },
  pubKeyCredParams: [{ type: "public-key", alg: -7 }],
  excludeCredentials: [{ id: "AAAA", type: "public-key", transports: ["internal"] }],
  authenticatorSelection: { residentKey: "required", userVerification: "preferred" },
  timeout: 60000,
};
const REQUEST = { challenge: "q83v", rpId: "localhost", allowCredentials: [{ id: "AAAA", type: "public-key" }], userVerification: "preferred", timeout: 60000 };
const ENDPOINTS = "POST /client/user-authenticators";
const LINK = "POST /client/verify/email-magic-link/finalize";
/** Calls, and the replies that make them succeed. */
const FLOWS = [
  ["totp.enroll", (client) => client.totp.enroll(), { [`${ENDPOINTS}/totp`]: { uri: "u", secret: "s", userAuthenticatorId: "ua", userId: "u1" } }],
  ["email.enroll", (client) => client.email.enroll({ email: "a" }), { [`${ENDPOINTS}/email-otp`]: { userAuthenticatorId: "ua", userId: "u1" } }],
  ["email.challenge", (client) => client.email.challenge(), { "POST /client/challenge/email-otp": { challengeId: "c" } }],
  ["email.verify", (client) => client.email.verify({ code: "1" }), { "POST /client/verify/email-otp": { ...ENROLLED, failureReason: "r" } }],
  ["emailML.enroll", (client) => client.emailML.enroll({ email: "a" }), { [`${ENDPOINTS}/email-magic-link`]: { userAuthenticatorId: "ua", userId: "u1" } }],
  ["emailML.challenge", (client) => client.emailML.challenge(), { "POST /client/challenge/email-magic-link": { challengeId: "c" } }],
  ["emailML.checkVerificationStatus", (client) => client.emailML.checkVerificationStatus(), { [LINK]: { ...ENROLLED, failureReason: "r" } }, {
    // What is taken for a link that nobody has opened is asked about again.
    after: async (t) => {
      t.on(LINK, { isVerified: true });
      await t.advance(2500);
    },
  }],
  ["sms.enroll", (client) => client.sms.enroll({ phoneNumber: "1" }), { [`${ENDPOINTS}/sms`]: { userAuthenticatorId: "ua", userId: "u1" } }],
  ["sms.challenge", (client) => client.sms.challenge(), { "POST /client/challenge/sms": { challengeId: "c" } }],
  ["sms.verify", (client) => client.sms.verify({ code: "1" }), { "POST /client/verify/sms": { ...ENROLLED, failureReason: "r" } }],
  ["whatsapp.challenge", (client) => client.whatsapp.challenge(), { "POST /client/challenge/whatsapp": { challengeId: "c" } }],
  ["whatsapp.verify", (client) => client.whatsapp.verify({ code: "1" }), { "POST /client/verify/whatsapp": { ...ENROLLED, failureReason: "r" } }],
  ["passkey.api.registrationOptions", ({ passkey }) => passkey.api.registrationOptions({ token: "T1" }), { [`${ENDPOINTS}/passkey/registration-options`]: { challengeId: "c", options: CREATION } }],
  ["passkey.api.authenticationOptions", ({ passkey }) => passkey.api.authenticationOptions({}), { [`${ENDPOINTS}/passkey/authentication-options`]: { challengeId: "c", options: REQUEST } }],
  ["passkey.api.authenticationOptionsWeb", ({ passkey }) => passkey.api.authenticationOptionsWeb({}), { [`${ENDPOINTS}/passkey/authentication-options/web`]: { challengeId: "c", options: REQUEST } }],
  ["passkey.api.addAuthenticator", ({ passkey }) => passkey.api.addAuthenticator({ token: "T1", registrationCredential: {} }), { [`${ENDPOINTS}/passkey`]: ENROLLED }],
  ["passkey.api.verify", ({ passkey }) => passkey.api.verify({ authenticationCredential: {} }), { "POST /client/verify/passkey": { ...ENROLLED, username: "ada", userDisplayName: "Ada" } }],
  ["passkey.api.getAuthenticators", ({ passkey }) => passkey.api.getAuthenticators({ token: "T1" }), { "GET /client/user-authenticators": [{ userAuthenticatorId: "ua", verificationMethod: "PASSKEY" }] }],
  ["passkey.api.getPasskeyAuthenticator", ({ passkey }) => passkey.api.getPasskeyAuthenticator({ credentialIds: ["AAAA"] }), { "GET /client/user-authenticators/passkey": { credentialId: "AAAA", verifiedAt: "v" } }],
  ["passkey.api.challenge", ({ passkey }) => passkey.api.challenge({ action: "a" }), { "POST /client/challenge": { challengeId: "c" } }],
  ["securityKey.api.registrationOptions", ({ securityKey }) => securityKey.api.registrationOptions({ token: "T1" }), { [`${ENDPOINTS}/security-key/registration-options`]: CREATION }],
  ["securityKey.api.authenticationOptions", ({ securityKey }) => securityKey.api.authenticationOptions({ token: "T1" }), { [`${ENDPOINTS}/security-key/authentication-options`]: REQUEST }],
  ["securityKey.api.addAuthenticator", ({ securityKey }) => securityKey.api.addAuthenticator({ token: "T1", registrationCredential: {} }), { [`${ENDPOINTS}/security-key`]: ENROLLED }],
  ["securityKey.api.verify", ({ securityKey }) => securityKey.api.verify({ token: "T1", authenticationCredential: {} }), { "POST /client/verify/security-key": ENROLLED }],
  ["push.challenge", (client) => client.push.challenge({ action: "a" }), { "POST /client/challenge/push": { challengeId: "c", deliveryResults: [{ userAuthenticatorId: "ua", errorCode: "e" }] } }],
  ["push.verify", (client) => client.push.verify({ challengeId: "c" }), { "POST /client/verify/push": { isVerified: true, isConsumed: true, accessToken: "T2" } }],
  ["passkey.signUp", (client) => client.passkey.signUp(), {
    [`${ENDPOINTS}/passkey/registration-options`]: { challengeId: "c", options: CREATION },
    [`${ENDPOINTS}/passkey`]: ENROLLED,
    "GET /client/user-authenticators": [{ userAuthenticatorId: "ua", verificationMethod: "PASSKEY", webauthnCredential: { credentialId: "AAAA" } }],
  }],
  ["passkey.signIn", (client) => client.passkey.signIn({ action: "a" }), {
    "POST /client/challenge": { challengeId: "c" },
    [`${ENDPOINTS}/passkey/authentication-options`]: { challengeId: "c", options: REQUEST },
    "POST /client/verify/passkey": { ...ENROLLED, username: "ada", userDisplayName: "Ada" },
  }],
  ["passkey.isAvailableOnDevice", (client) => client.passkey.isAvailableOnDevice({ userId: "u1" }), { "GET /client/user-authenticators/passkey": { credentialId: "AAAA", verifiedAt: "v" } }],
  ["securityKey.enroll", (client) => client.securityKey.enroll(), { [`${ENDPOINTS}/security-key/registration-options`]: CREATION, [`${ENDPOINTS}/security-key`]: ENROLLED }],
  ["securityKey.verify", (client) => client.securityKey.verify(), { [`${ENDPOINTS}/security-key/authentication-options`]: REQUEST, "POST /client/verify/security-key": ENROLLED }],
  ["qrCode.challenge", async (client) => {
    const answer = await client.qrCode.challenge({ action: "a", polling: true, onStateChange() {} });
    client.qrCode.disconnect();
    return answer;
  }, { "POST /client/challenge/qr-code": { challengeId: "c", deviceCode: "d", expiresAt: "2030-01-01T00:10:00.000Z" } }],
];
const withEveryFieldWrong = ([name, run, replies, { after } = {}]) => ({
  name: `bad reply: every field of ${name} in turn, of every wrong type`,
  run: async (t) => {
    const client = t.client();
    await t.quietly(async () => {
      for (const [route, body] of Object.entries(replies)) {
        for (const wrong of [...WRONG, ...spoiled(body)]) {
          for (const [other, reply] of Object.entries(replies)) t.on(other, t.reply(JSON.stringify(reply)));
          t.on(route, t.reply(JSON.stringify(wrong) ?? ""));
          client.setToken("T1");
          await t.call(`${route} ${JSON.stringify(wrong)}`, () => run(client));
          await after?.(t);
        }
      }
    });
    localStorage.clear();
    document.cookie = "__as_aid=; max-age=0; domain=localhost; path=/";
    t.on("POST /client/challenge/sms", { challengeId: "c" });
    client.setToken("T1");
    await t.call("next", () => client.sms.challenge());
  },
  check: (seen) => {
    assert(seen.labels.length > 10, "some were tried");
    settled(...seen.labels)(seen);
    equal(seen.ended("next").value.data?.challengeId, "c", "the next call");
    equal(seen.rejections, [], "unhandled rejections");
  },
});
/** A callback of the app's that throws is its own affair: the call goes on, and the console tells. */
const withThrowing = (name, run, check, title = name) => ({
  name: `bad input: ${title} that throws`,
  ...DECISION,
  run: async (t) => run(t, { [name]: t.callback(name, () => { throw new Error("the app's"); }) }),
  check: (seen) => {
    assert(seen.count(`callback ${name}`) > 0, "it was called");
    equal(seen.count("unhandled rejection") + seen.count("uncaught"), 0, "what escaped");
    assert(seen.count("console.error Error: the app's") === seen.count(`callback ${name}`), "each is logged");
    check(seen);
  },
});
const shortToken = () => `e30.${btoa(JSON.stringify({ exp: Date.parse("2030-01-01T00:10:00Z") / 1000, scope: "add:authenticators" }))}.sig`;

export const badInput = [
  ...FLOWS.map(withEveryFieldWrong),
  withThrowing("onStateChange", async (t, callback) => {
    await openPolling(t, [CLAIMED, APPROVED], callback);
    await t.advance(9000);
  }, (seen) => {
    equal(seen.count("callback onStateChange"), 2, "states");
    equal(seen.timers, 0, "timers");
  }),
  withThrowing("onRefresh", async (t, callback) => {
    await openPolling(t, [PENDING], { ...callback, refreshInterval: 4000 });
    await t.advance(4500);
    await t.advance(3000);
  }, (seen) => assert(seen.count("request POST https://api.test/v1/client/verify/qr-code") > 1, "polling goes on")),
  withThrowing("onError", async (t, callback) => {
    t.begin("launch", () => t.client().launch("https://ui.test/?token=abc", { mode: "window", ...callback }));
    await t.settle();
    await says(t, event("API_ERROR", { errorCode: "e", statusCode: 400 }), { source: t.windows[0] });
    await says(t, event("CLOSE_POPUP", { token: "T2" }), { source: t.windows[0] });
  }, (seen) => equal(seen.ended("launch").value, { token: "T2" }, "the call")),
  withThrowing("onError", async (t, callback) => {
    await openPolling(t, [t.refusal("invalid_request", "Gone.", 400)], callback);
    await t.advance(9000);
  }, (seen) => equal(seen.timers, 0, "timers"), "a QR code's onError"),
  ...["popup", "window"].map((mode) => ({
    name: `bad input: a signal that is none opens no ${mode}`,
    ...DECISION,
    run: async (t) => {
      await t.call("launch", async () => t.client().launch("https://ui.test/?token=abc", { mode, signal: "now" }));
      await t.settle();
      t.note("dialog", Boolean(document.querySelector("iframe[name=authsignal]")));
    },
    check: (seen) => {
      equal([seen.ended("launch").how, seen.ended("launch").value.message], ["rejected", "signal must be an AbortSignal"], "the call");
      equal([seen.count("window "), seen.count("dialog true")], [0, 0], "windows");
    },
  })),
  withThrowing("onBindingChange", async (t, callback) => {
    const client = t.client(callback);
    client.setToken(shortToken());
    t.on("POST /client/challenge/sms", { challengeId: "c" });
    await t.call("next", () => client.sms.challenge());
  }, (seen) => equal(seen.ended("next").value.data?.challengeId, "c", "the next call")),
  withThrowing("onTokenExpiring", async (t, callback) => {
    t.client(callback).setToken(shortToken());
    await t.advance(600_000);
  }, (seen) => equal(seen.timers, 0, "timers")),
  withInput("a code that is missing", (client) => client.totp.verify({})),
  withInput("no parameters at all", (client) => client.totp.verify()),
  withInput("parameters that are null", (client) => client.totp.verify(null)),
  withInput("parameters that are text", (client) => client.totp.verify("123456")),
  withInput("a code that is a number", (client) => client.totp.verify({ code: 123456 })),
  withInput("a code that is an object", (client) => client.totp.verify({ code: { toString: () => "1" } })),
  withInput("a getter that throws", (client) => client.email.enroll(hostile("email"))),
  withInput("a proxy that throws", (client) =>
    client.email.enroll(
      new Proxy({}, {
        get() {
          throw new Error("the proxy's own");
        },
      }),
    ),
  ),
  withInput("a lone surrogate", (client) => client.email.enroll({ email: "\ud800" })),
  withInput("a text of a hundred thousand characters", (client) => client.totp.verify({ code: "1".repeat(100_000) }).then(() => undefined)),
  withInput("a code with a getter that throws", (client) => client.totp.verify(hostile("code"))),
  withInput("a code that is a symbol", (client) => client.totp.verify({ code: Symbol("code") })),
  withInput("a code that cannot be written", (client) => client.totp.verify({ code: { toString: () => { throw new Error("the code's own"); } } })),
  ...[1e15, 1e300, "soon", null, -1e20, {}].map((exp) => ({
    name: `bad input: a token whose end is ${JSON.stringify(exp)}`,
    ...DECISION,
    run: async (t) => {
      const client = t.client({ onBindingChange: t.callback("onBindingChange") });
      await t.call("set", () => client.setToken(`e30.${btoa(JSON.stringify({ exp }))}.sig`));
      await t.call("binding", () => typeof client.binding?.state);
    },
    check: (seen) => equal(["set", "binding"].map((label) => seen.ended(label).how), ["returned", "returned"], "the calls"),
  })),
  {
    name: "bad input: launch with options that are null, and an address that is a URL",
    run: async (t) => {
      const url = new URL("https://ui.test/?token=abc");
      await t.call("redirect", () => t.client().launch(url, null));
      t.begin("window", () => t.client().launch(url, { mode: "window" }));
      await t.settle();
    },
  },
  withInput("a cycle", (client) => {
    const custom = {};
    custom.self = custom;
    return client.qrCode.challenge({ action: "a", polling: true, custom, onStateChange() {} });
  }),
  withInput("a BigInt", (client) => client.totp.verify({ code: 1n })),
  withInput("a prototype that is polluted", async (client) => {
    Object.prototype.polluted = "yes";
    try {
      return await client.email.enroll({ email: "ada@example.test" });
    } finally {
      delete Object.prototype.polluted;
    }
  }),
  withInput("isAvailableOnDevice of null", (client) => client.passkey.isAvailableOnDevice(null)),
  withInput("a timeout that is no number", (client) => client.email.enroll({ email: "a", timeout: "soon" })),
  withInput("a signal that is none", (client) => client.email.enroll({ email: "a", signal: {} })),
  ...[undefined, null, "tenant", 1].map((options) => ({
    name: `bad input: a constructor's options that are ${JSON.stringify(options) ?? "undefined"}`,
    ...DECISION,
    run: async (t) => t.call("construct", () => typeof new t.library.Authsignal(options)),
    check: (seen) => equal(seen.ended("construct").how, "threw", "the constructor"),
  })),
  {
    name: "bad input: a constructor's options with a getter that throws",
    ...DECISION,
    run: async (t) => t.call("construct", () => typeof new t.library.Authsignal(hostile("tenantId"))),
    check: (seen) => equal(seen.ended("construct").how, "threw", "the constructor"),
  },
  ...[undefined, null, "", 7].map((token) => ({
    name: `bad input: setToken with ${JSON.stringify(token) ?? "undefined"}`,
    ...DECISION,
    run: async (t) => t.call("set", () => t.client().setToken(token)),
    check: (seen) => equal([seen.ended("set").how, seen.ended("set").value.name], ["threw", "TypeError"], "setToken"),
  })),
  ...[
    ["onTokenExpired", { onTokenExpired: "not a function" }, {}],
    ["onVerificationStarted", {}, { onVerificationStarted: 7 }],
  ].map(([name, options, parameters]) => ({
    name: `bad input: ${name} that is no function`,
    ...DECISION,
    run: async (t) => {
      const client = t.client(options);
      client.setToken("T1");
      t.on(ROUTE, t.refusal("expired_token", "Over.", 401));
      t.on(OPTIONS, { options: { challenge: "q83v", rpId: "localhost" } });
      t.on("POST /client/verify/passkey", { isVerified: true });
      await t.call("verify", () => client.totp.verify({ code: "1" }));
      await t.call("signIn", () => client.passkey.signIn({ syncCredentials: false, ...parameters }));
    },
    check: settled("verify", "signIn"),
  })),
  ...[
    ["cookieName that is a number", { cookieName: 7 }, { cookie: 7 }],
    ["cookieName that is an object", { cookieName: {} }, { cookie: encodeURIComponent({}) }],
    ["cookieName that is a symbol", { cookieName: Symbol("name") }],
    ["cookieDomain that is an object", { cookieDomain: {} }],
    ["cookieDomain that is null", { cookieDomain: null }],
    ["enableLogging that is text", { enableLogging: "no" }],
    ["trackingHost that is a number", { trackingHost: 7 }],
    ["throwOnNetworkError that is an object", { throwOnNetworkError: {} }],
  ].map((parts) => withOption(...parts)),
  ...["onBindingChange", "onTokenExpiring"].flatMap((name) =>
    ["text", 7, {}].map((wrong) =>
      withOption(`${name} that is ${JSON.stringify(wrong)}`, { [name]: wrong }, {
        run: (t) => t.advance(700_000),
        before: () => {
          const { error } = console;
          // Without the message, in which the minifier has named what is no function.
          console.error = ({ name }) => error(name);
        },
        check: (seen) => {
          assert(seen.count("console.error TypeError") > 0, "that it is none is logged");
          equal(seen.timers, 0, "timers");
        },
      }),
    ),
  ),
  ...UNREADABLE.map(([what, make]) => ({
    name: `bad input: a constructor's options that are ${what}`,
    ...DECISION,
    run: async (t) => t.call("construct", () => typeof new t.library.Authsignal(make())),
    check: (seen) => {
      equal(seen.ended("construct").how, "threw", "the constructor");
      nothingEscaped(seen);
    },
  })),
  ...UNREADABLE.flatMap(([what, make]) =>
    [
      ["passkey.signUp", (client) => client.passkey.signUp(make())],
      ["passkey.signIn", (client) => client.passkey.signIn(make())],
      ["passkey.isAvailableOnDevice", (client) => client.passkey.isAvailableOnDevice(make())],
      ["passkey.api.challenge", (client) => client.passkey.api.challenge(make())],
      ["totp.enroll", (client) => client.totp.enroll(make())],
      ["totp.verify", (client) => client.totp.verify(make())],
      ["securityKey.enroll", (client) => client.securityKey.enroll(make())],
      ["push.challenge", (client) => client.push.challenge(make())],
    ].map(([name, run]) => ({
      ...withInput(`${name} with ${what}`, run),
      check: (seen) => {
        equal([seen.ended("call").how, seen.ended("next").value.data?.challengeId], ["rejected", "c"], "the call, and the next");
        nothingEscaped(seen);
      },
    })),
  ),
  ...UNREADABLE.map(([what, make]) => ({
    name: `bad input: launch with options that are ${what}`,
    ...DECISION,
    run: async (t) => t.call("launch", () => t.client().launch("https://ui.test/?token=abc", make())),
    check: (seen) => {
      equal([seen.ended("launch").how, seen.count("window "), seen.count("navigate ")], ["threw", 0, 0], "the launch");
      nothingEscaped(seen);
    },
  })),
  ...["text", 7, null, [], { width: 7, height: {} }, { width: {}, isClosable: "yes" }].map((popupOptions) =>
    withLaunch(`popupOptions that are ${JSON.stringify(popupOptions)}`, () => ({ mode: "popup", popupOptions })),
  ),
  withLaunch("a popup's width that is a symbol", () => ({ mode: "popup", popupOptions: { width: Symbol("width") } }), ["rejected", "Failed to execute 'supports' on 'CSS': Cannot convert a Symbol value to a string"]),
  ...["text", 7, null, []].map((windowOptions) =>
    withLaunch(`windowOptions that are ${JSON.stringify(windowOptions)}`, () => ({ mode: "window", windowOptions })),
  ),
  ...["popup", "window"].flatMap((mode) =>
    UNREADABLE.map(([what, make]) => ({
      ...withLaunch(`${mode}Options that are ${what}`, () => ({ mode, [`${mode}Options`]: make() })),
      check: (seen) => {
        equal([["threw", "rejected"].includes(seen.ended("launch").how), seen.count("window ")], [true, 0], "the launch");
        equal(seen.ended("next")?.value, { token: "T2" }, "the next launch");
        nothingEscaped(seen);
      },
    })),
  ),
  ...["passkey.signUp", "securityKey.enroll"].flatMap((name) =>
    ["client-device", 7, {}, [null]].map((hints) =>
      withInput(`${name} with hints that are ${JSON.stringify(hints)}`, (client, t) => {
        t.on(`${ENDPOINTS}/passkey/registration-options`, { challengeId: "c", options: CREATION });
        t.on(`${ENDPOINTS}/security-key/registration-options`, CREATION);
        t.on(`${ENDPOINTS}/passkey`, ENROLLED);
        t.on(`${ENDPOINTS}/security-key`, ENROLLED);
        const [namespace, method] = name.split(".");
        return client[namespace][method]({ hints, syncCredentials: false });
      }),
    ),
  ),
  {
    name: "bad input: onVerificationStarted that throws",
    ...DECISION,
    run: async (t) => {
      t.on(OPTIONS, { options: { challenge: "q83v", rpId: "localhost" } });
      t.on("POST /client/verify/passkey", { isVerified: true, accessToken: "T2" });
      await t.call("signIn", () => t.client().passkey.signIn({ syncCredentials: false, onVerificationStarted: t.callback("started", () => { throw new Error("the app's"); }) }));
    },
    check: (seen) => {
      equal(seen.ended("signIn").value.data?.token, "T2", "token");
      equal([seen.count("callback started"), seen.count("console.error Error: the app's")], [1, 1], "calls of it, and what is logged");
      equal(seen.count("unhandled rejection") + seen.count("uncaught"), 0, "what escaped");
    },
  },
  {
    name: "bad storage: full",
    ...DECISION,
    run: async (t) => {
      Storage.prototype.setItem = () => {
        throw new DOMException("Full.", "QuotaExceededError");
      };
      t.on(OPTIONS, { options: { challenge: "q83v", rpId: "localhost" } });
      t.on("POST /client/verify/passkey", { isVerified: true, userId: "u1", accessToken: "T2" });
      await t.call("signIn", () => t.client().passkey.signIn({ syncCredentials: false }));
    },
    check: (seen) => equal(seen.ended("signIn").value.data?.token, "T2", "token"),
  },
  ...["emailML.enroll", "securityKey.enroll", "push.verify", "passkey.signIn"].map((name) =>
    withInput(`${name} of null`, (client) => {
      const [namespace, method] = name.split(".");
      return client[namespace][method](null);
    }),
  ),
  withInput("a base URL of lone surrogates", async (client, t) => t.client({ baseUrl: "https://\ud800.test" }).sms.challenge()),
  withInput("a tenant id of a lone surrogate", async (client, t) => t.client({ tenantId: "\ud800" }).passkey.signIn()),
  withInput("Object.prototype with a getter of every parameter", async (client) => {
    const names = ["code", "email", "signal", "timeout", "token", "action", "data", "error", "errorCode", "then"];
    for (const name of names.slice(0, -1)) Object.defineProperty(Object.prototype, name, { configurable: true, get: () => undefined, set(value) { Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true }); } });
    try {
      return await client.email.enroll({ email: "ada@example.test" });
    } finally {
      for (const name of names) delete Object.prototype[name];
    }
  }),
  {
    name: "bad reply: messages of the socket that are none",
    ...DECISION,
    run: async (t) => {
      await t.call("challenge", () => t.client().qrCode.challenge({ action: "a", onStateChange: t.callback("onStateChange"), onError: t.callback("onError") }));
      await t.sockets[0].accept();
      for (const type of ["CHALLENGE_CREATED", "STATE_CHANGE"]) {
        for (const data of WRONG) await t.quietly(() => t.sockets[0].say(JSON.stringify({ type, data })));
      }
      for (const message of WRONG.slice(1)) await t.quietly(() => t.sockets[0].say(JSON.stringify(message)));
      await t.sockets[0].say(created("q1"));
    },
    check: (seen) => {
      equal(seen.count("uncaught"), 0, "what escaped");
      equal(seen.ended("challenge").value.data?.challengeId, "q1", "the challenge");
    },
  },
  ...[0, -1, NaN, null, "soon", true, {}, 5n].map((given) => ({
    name: `bad input: a QR code's intervals that are ${typeof given === "bigint" ? "a BigInt" : typeof given === "object" ? JSON.stringify(given) : given}`,
    ...DECISION,
    run: async (t) => {
      t.on("POST /client/challenge/qr-code", qrChallenge());
      t.on("POST /client/verify/qr-code", PENDING);
      await t.call("challenge", () =>
        t.client().qrCode.challenge({ action: "a", polling: true, pollInterval: given, refreshInterval: given, onRefresh() {}, onStateChange() {} }),
      );
      // The peer would ask without a pause, and without end.
      if (t.library.ErrorCode.socket_lost) await t.advance(3000);
    },
    check: (seen) => {
      equal(seen.count("request POST https://api.test/v1/client/challenge/qr-code"), 1, "challenges");
      equal(seen.count("request POST https://api.test/v1/client/verify/qr-code"), 1, "polls");
    },
  })),
  ...["a cycle", "a BigInt"].flatMap((name) => {
    const custom = () => {
      const given = { of: 1n };
      if (name === "a BigInt") return given;
      given.of = given;
      return given;
    };
    return [
      {
        name: `bad input: ${name} in a QR code over a socket`,
        ...DECISION,
        run: async (t) => {
          await t.call("challenge", () => t.client().qrCode.challenge({ action: "a", custom: custom(), onStateChange: t.callback("onStateChange") }));
          await t.advance(60_000);
        },
        check: (seen) => {
          equal([seen.ended("challenge")?.how, seen.ended("challenge")?.value.name], ["rejected", "TypeError"], "the call");
          equal([seen.count("socket"), seen.timers], [0, 0], "sockets and timers");
        },
      },
      ...[true, false].map((polling) => ({
        name: `bad input: ${name} in the refresh of a QR code ${polling ? "by polling" : "over a socket"}`,
        ...DECISION,
        run: async (t) => {
          const client = polling ? await openPolling(t, [CLAIMED]) : await openSocket(t);
          await t.call("refresh", () => client.qrCode.refresh({ custom: custom() }));
          await t.sockets[0]?.say(changed("q1", "claimed"));
          await t.advance(3000);
        },
        check: (seen) => {
          equal([seen.ended("refresh")?.how, seen.ended("refresh")?.value.name], ["rejected", "TypeError"], "the refresh");
          equal([seen.count('callback onStateChange ["claimed"]'), seen.count("callback onRefresh")], [1, 0], "the old code is heard");
        },
      })),
    ];
  }),
  {
    name: "bad reply: every field of a QR code's poll in turn, of every wrong type",
    run: async (t) => {
      const client = t.client();
      let heard = 0;
      const texts = (...values) => (heard += values[0] === undefined || ["unclaimed", "claimed", "approved", "rejected"].includes(values[0]) ? 0 : 1);
      await t.quietly(async () => {
        for (const wrong of [...WRONG, ...spoiled(CLAIMED), ...spoiled(APPROVED)]) {
          t.on("POST /client/challenge/qr-code", qrChallenge());
          t.on("POST /client/verify/qr-code", t.reply(JSON.stringify(wrong) ?? ""), APPROVED);
          await t.call(`${JSON.stringify(wrong)}`, () => client.qrCode.challenge({ action: "a", polling: true, onStateChange: texts }));
          await t.advance(6000);
          client.qrCode.disconnect();
        }
      });
      t.note("others heard", heard);
      t.note("timers", t.waitingTimers());
    },
    check: (seen) => {
      settled(...seen.labels)(seen);
      equal([seen.count("others heard 0"), seen.count("timers 0"), seen.rejections], [1, 1, []], "states, timers and rejections");
    },
  },
  {
    name: "bad reply: every field of a socket's messages in turn, of every wrong type",
    ...DECISION,
    run: async (t) => {
      const heard = [];
      await t.quietly(async () => {
        for (const message of [created("q1"), { type: "STATE_CHANGE", data: { challengeId: "q1", state: "claimed", accessToken: "T2" } }]) {
          for (const wrong of spoiled(message)) {
            const client = t.client();
            t.begin(`${JSON.stringify(wrong)}`, () => client.qrCode.challenge({ action: "a", onStateChange: (state) => heard.push(state), onRefresh: (id) => heard.push(id) }));
            await t.settle();
            const socket = t.sockets.at(-1);
            await socket.accept();
            if (message.type === "STATE_CHANGE") await socket.say(created("q1"));
            await socket.say(wrong);
            await t.advance(100);
            // Whatever it was: the session still hears what is said rightly, or is told that the socket is lost.
            await socket.say(created("q1"));
            await socket.say(changed("q1", "claimed"));
            client.qrCode.disconnect();
            await t.settle();
          }
        }
      });
      t.note("no texts heard", heard.filter((value) => typeof value !== "string" || !value).length);
      t.note("timers", t.waitingTimers());
    },
    check: (seen) => {
      settled(...seen.labels)(seen);
      equal([seen.count("no texts heard 0"), seen.count("timers 0"), seen.rejections], [1, 1, []], "states, timers and rejections");
    },
  },
  {
    name: "bad reply: a state over the socket that is no text, before the socket is lost",
    ...DECISION,
    run: async (t) => {
      Math.random = () => 0.5;
      await openSocket(t);
      await t.sockets[0].say({ type: "STATE_CHANGE", data: { challengeId: "q1" } });
      await t.sockets[0].lose();
      await t.advance(1000);
    },
    check: (seen) => equal([seen.count("callback onStateChange"), seen.count("socket wss")], [0, 2], "states and sockets"),
  },
  ...[["undefined", undefined], ["null", null], ["an object whose status throws", hostile("status")]].map(([name, answer]) =>
    withInput(`a fetch that yields ${name}`, (client, t) => {
      t.on(ROUTE, () => answer);
      return client.totp.verify({ code: "1" });
    }),
  ),
  withOfferToSignUp("hints that are text", { hints: "security-key" }),
  withOfferToSignUp("excluded credentials that are no list", { excludeCredentials: {} }),
  withOfferToSignUp("algorithms that are no list", { pubKeyCredParams: 7 }),
  withReply("a number", "7"),
  withReply("text", '"text"'),
  withReply("a list", "[]"),
  withReply("true", "true"),
  withReply("an access token that is a number", '{"isVerified":true,"accessToken":7}'),
  withReply("an access token that is null", '{"isVerified":true,"accessToken":null}'),
  withReply("isVerified that is text", '{"isVerified":"yes","accessToken":"T2"}'),
  withReply("an error that is an object", '{"error":{"code":1}}', ({ errorCode }) => assert(typeof errorCode !== "object", "a code is text")),
  withReply("an error that is null", '{"error":null}', ({ data }) => assert(!(data && "error" in data), "no success has an `error` key")),
  withReply("errorDescription that is a number", '{"error":"a","errorDescription":7}'),
  withReply("a key named __proto__", '{"isVerified":true,"__proto__":{"polluted":1}}'),
  withOffer("no options", "{}"),
  withOffer("options that are null", '{"options":null}'),
  withOffer("options that are text", '{"options":"text"}'),
  withOffer("a challenge that is a number", '{"options":{"challenge":7,"rpId":"localhost"}}'),
  withOffer("a challenge that is no base64url", '{"options":{"challenge":"***","rpId":"localhost"}}'),
  withOffer("no challenge", '{"options":{"rpId":"localhost"}}'),
  withOffer("allowCredentials that is an object", '{"options":{"challenge":"q83v","allowCredentials":{}}}'),
  withOffer("allowCredentials with null in it", '{"options":{"challenge":"q83v","allowCredentials":[null]}}'),
  withOffer("a challenge id that is a number", '{"challengeId":7,"options":{"challenge":"q83v"}}'),
  ...["[]", "7", "null", '{"u1":7}', '{"u1":"AAAA"}', '{"u1":[7,null]}'].map((stored) => ({
    name: `bad storage: ${stored}`,
    ...DECISION,
    run: async (t) => {
      localStorage.setItem("as_user_passkey_map", stored);
      const client = t.client();
      t.on("GET /client/user-authenticators/passkey", { credentialId: "AAAA", verifiedAt: "2030" });
      t.on(OPTIONS, { options: { challenge: "q83v", rpId: "localhost" } });
      t.on("POST /client/verify/passkey", { isVerified: true, userId: "u1", accessToken: "T2" });
      await t.call("available", () => client.passkey.isAvailableOnDevice({ userId: "u1" }));
      await t.call("signIn", () => client.passkey.signIn({ syncCredentials: false }));
    },
    check: (seen) => equal(seen.ended("signIn").value.data?.token, "T2", "token"),
  })),
];
