/** Security key ceremonies: options and credentials travel bare. */
const OPTIONS = "POST /client/user-authenticators/security-key/registration-options";
const ADD = "POST /client/user-authenticators/security-key";
const ASK = "POST /client/user-authenticators/security-key/authentication-options";
const VERIFY = "POST /client/verify/security-key";

const creation = {
  challenge: "q83v",
  rp: { id: "localhost", name: "Dev" },
  user: { id: "dTE", name: "ada", displayName: "Ada" },
  pubKeyCredParams: [{ type: "public-key", alg: -7 }],
  authenticatorSelection: { authenticatorAttachment: "cross-platform", residentKey: "discouraged", requireResidentKey: false, userVerification: "preferred" },
};
const request = { challenge: "q83v", rpId: "localhost", allowCredentials: [{ id: "AAAA", type: "public-key" }], userVerification: "preferred" };

const script = (t) => {
  t.on(OPTIONS, creation);
  t.on(ADD, { isVerified: true, accessToken: "T2" });
  t.on(ASK, request);
  t.on(VERIFY, { isVerified: true, accessToken: "T2", userId: "u1" });
};
const play = (name, method, parameters, prepare) => ({
  name: `securityKey.${method}: ${name}`,
  run: async (t) => {
    const client = t.client({ onTokenExpired: t.callback("onTokenExpired") });
    script(t);
    client.setToken("T1");
    prepare?.(t);
    await t.call(method, () => client.securityKey[method](...parameters));
    t.on("POST /client/challenge/sms", { challengeId: "later" });
    await t.call("next", () => client.sms.challenge());
  },
});

export const securityKey = [
  play("success", "enroll", []),
  play("hints", "enroll", [{ hints: ["security-key"] }]),
  play("options refused", "enroll", [], (t) => t.on(OPTIONS, t.refusal("insufficient_scope", "No.", 403))),
  play("addition refused", "enroll", [], (t) => t.on(ADD, t.refusal("invalid_request", "No.", 400))),
  play("expired token", "enroll", [], (t) => t.on(OPTIONS, t.refusal("expired_token", "The token has expired.", 401))),
  play("the key is enrolled already", "enroll", [], (t) => (t.authenticator.create = t.refuse("InvalidStateError"))),
  play("success", "verify", []),
  play("options refused", "verify", [], (t) => t.on(ASK, t.refusal("unauthorized", "No.", 401))),
  play("refused", "verify", [], (t) => t.on(VERIFY, t.refusal("invalid_credential", "No.", 401))),
  play("not verified", "verify", [], (t) => t.on(VERIFY, { isVerified: false })),
  play("cancelled", "verify", [], (t) => (t.authenticator.get = t.refuse("NotAllowedError"))),
  { name: "securityKey: no token", run: async (t) => {
    const client = t.client();
    await t.call("enroll", () => client.securityKey.enroll());
    await t.call("verify", () => client.securityKey.verify());
  } },
  {
    name: "securityKey.api: every method",
    run: async (t) => {
      const { api } = t.client().securityKey;
      script(t);
      await t.call("registrationOptions", () => api.registrationOptions({ token: "T" }));
      await t.call("addAuthenticator", () => api.addAuthenticator({ token: "T", registrationCredential: { id: "AAAA" } }));
      await t.call("authenticationOptions", () => api.authenticationOptions({ token: "T" }));
      await t.call("verify", () => api.verify({ token: "T", authenticationCredential: { id: "AAAA" } }));
    },
  },
];
