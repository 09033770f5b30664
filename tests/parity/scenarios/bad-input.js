/** Options, replies and callbacks that are not what they should be: a clear error or the default, and no trap. */
import { assert, equal } from "../assert.js";

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

export const badInput = [
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
  {
    name: "bad input: onVerificationStarted that throws",
    ...DECISION,
    run: async (t) => {
      t.on(OPTIONS, { options: { challenge: "q83v", rpId: "localhost" } });
      t.on("POST /client/verify/passkey", { isVerified: true, accessToken: "T2" });
      await t.call("signIn", () => t.client().passkey.signIn({ syncCredentials: false, onVerificationStarted: t.callback("started", () => { throw new Error("the app's"); }) }));
    },
    check: (seen) => equal(seen.ended("signIn").value.data?.token, "T2", "token"),
  },
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
