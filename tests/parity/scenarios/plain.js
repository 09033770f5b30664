/** The methods that are one request each: what every one of them does with success, failure, and no token. */
const METHODS = [
  ["email", "enroll", "user-authenticators/email-otp", [{ email: "ada@example.test" }], { userAuthenticatorId: "ua", userId: "u" }],
  ["email", "challenge", "challenge/email-otp", [], { challengeId: "c" }],
  ["email", "verify", "verify/email-otp", [{ code: "123456" }], { isVerified: true, accessToken: "T2", extra: [1] }],
  ["sms", "enroll", "user-authenticators/sms", [{ phoneNumber: "+6421000000" }], { userAuthenticatorId: "ua", userId: "u" }],
  ["sms", "challenge", "challenge/sms", [], { challengeId: "c" }],
  ["sms", "verify", "verify/sms", [{ code: "123456" }], { isVerified: true, accessToken: "T2" }],
  ["whatsapp", "challenge", "challenge/whatsapp", [], { challengeId: "c" }],
  ["whatsapp", "verify", "verify/whatsapp", [{ code: "123456" }], { isVerified: true, accessToken: "T2" }],
  ["totp", "enroll", "user-authenticators/totp", [], { uri: "otpauth://totp/x", secret: "S", userAuthenticatorId: "ua", userId: "u" }],
  ["totp", "verify", "verify/totp", [{ code: "123456" }], { isVerified: true, accessToken: "T2", userAuthenticator: { userAuthenticatorId: "ua", verificationMethod: "AUTHENTICATOR_APP" } }],
  ["emailML", "enroll", "user-authenticators/email-magic-link", [{ email: "ada@example.test" }], { challengeId: "c", userAuthenticatorId: "ua", userId: "u" }],
  ["emailML", "challenge", "challenge/email-magic-link", [], { challengeId: "c" }],
  ["push", "challenge", "challenge/push", [{ action: "signIn" }], { challengeId: "c" }],
  ["push", "verify", "verify/push", [{ challengeId: "c" }], { isVerified: true, isConsumed: true, accessToken: "T2" }],
];

const next = async (t, client) => {
  t.on("POST /client/challenge/sms", { challengeId: "later" });
  await t.call("next", () => client.sms.challenge());
};

export const plain = METHODS.flatMap(([namespace, method, path, parameters, body]) => {
  const name = `${namespace}.${method}`;
  const route = `POST /client/${path}`;
  const invoke = (t, client) => t.call(name, () => client[namespace][method](...parameters));
  return [
    {
      name: `${name}: success, and which token is used next`,
      run: async (t) => {
        const client = t.client();
        t.on(route, body);
        client.setToken("T1");
        await invoke(t, client);
        await next(t, client);
      },
    },
    {
      name: `${name}: no token`,
      run: async (t) => invoke(t, t.client()),
    },
    {
      name: `${name}: expired token`,
      run: async (t) => {
        const client = t.client({ onTokenExpired: t.callback("onTokenExpired") });
        t.on(route, t.refusal("expired_token", "The token has expired.", 401));
        client.setToken("T1");
        await invoke(t, client);
      },
    },
    {
      name: `${name}: refused, and logged`,
      run: async (t) => {
        const client = t.client({ enableLogging: true });
        t.on(route, t.refusal("too_many_requests", "Too many requests.", 429));
        client.setToken("T1");
        await invoke(t, client);
      },
    },
  ];
});

plain.push(
  ...["too_many_requests", "invalid_credential", "unauthorized", "invalid_request", "insufficient_scope"].map((code) => ({
    name: `error ${code}: answered as it is`,
    run: async (t) => {
      const client = t.client({ onTokenExpired: t.callback("onTokenExpired") });
      t.on("POST /client/verify/totp", t.refusal(code, `About ${code}.`, 400));
      client.setToken("T1");
      await t.call("verify", () => client.totp.verify({ code: "1" }));
    },
  })),
  {
    name: "error body: a description wins over the code",
    run: async (t) => {
      const client = t.client();
      t.on("POST /client/verify/totp", t.reply({ error: "text", errorCode: "code", errorDescription: "description" }, 400));
      client.setToken("T1");
      await t.call("verify", () => client.totp.verify({ code: "1" }));
    },
  },
  {
    name: "error body: no description",
    run: async (t) => {
      const client = t.client({ enableLogging: true });
      t.on("POST /client/verify/totp", t.reply({ error: "code", errorCode: "code" }, 400));
      client.setToken("T1");
      await t.call("verify", () => client.totp.verify({ code: "1" }));
    },
  },
  {
    name: "error body: with status 200",
    run: async (t) => {
      const client = t.client();
      t.on("POST /client/verify/totp", { error: "code", errorCode: "code", errorDescription: "description" });
      client.setToken("T1");
      await t.call("verify", () => client.totp.verify({ code: "1" }));
    },
  },
  {
    name: "push.challenge: one device of several",
    since: "1.18",
    run: async (t) => {
      const client = t.client();
      t.on("POST /client/challenge/push", { challengeId: "c" });
      client.setToken("T1");
      await t.call("challenge", () => client.push.challenge({ action: "signIn", userAuthenticatorId: "ua_9" }));
      await t.call("all", () => client.push.challenge({ action: "signIn", userAuthenticatorId: "" }));
    },
  },
  {
    name: "push.challenge: delivery results pass through",
    run: async (t) => {
      const client = t.client();
      t.on("POST /client/challenge/push", { challengeId: "c", deliveryResults: [{ userAuthenticatorId: "ua", errorCode: "gone" }] });
      client.setToken("T1");
      await t.call("challenge", () => client.push.challenge({ action: "signIn" }));
    },
  },
  ...[
    ["pending", { isVerified: false, isConsumed: false }],
    ["denied", { isVerified: false, isConsumed: true }],
  ].map(([state, body]) => ({
    name: `push.verify: ${state}`,
    run: async (t) => {
      const client = t.client();
      t.on("POST /client/verify/push", body);
      client.setToken("T1");
      await t.call("verify", () => client.push.verify({ challengeId: "c" }));
    },
  })),
);
