/** Construction, identity, and the token that instances share. */
import { equal } from "../assert.js";

const TOTP = "POST /client/user-authenticators/totp";
const VERIFY = "POST /client/verify/totp";

/** A call that is answered with a new token after the app has set that one, and then another call. */
const setMeanwhile = (token) => async (t) => {
  const client = t.client();
  const verified = t.held({ isVerified: true, accessToken: "T2" });
  t.on(VERIFY, verified);
  t.on("POST /client/challenge/sms", { challengeId: "c" });
  client.setToken("T1");
  await t.call("verify", () => client.totp.verify({ code: "1" }));
  client.setToken(token);
  verified.release();
  await t.settle();
  await t.call("challenge", () => client.sms.challenge());
};

export const client = [
  {
    name: "exports: the same names",
    since: "1.21 names, VerificationMethod as a value, and load()",
    run: async (t) => {
      for (const name of Object.keys(t.library).sort()) t.note("export", name, typeof t.library[name]);
      t.note("messages", t.library.AuthsignalWindowMessage);
    },
  },
  {
    name: "exports: ErrorCode has the peer's members",
    run: async (t) => {
      for (const code of ["token_not_set", "expired_token", "network_error", "too_many_requests", "invalid_credential"]) {
        t.note("code", t.library.ErrorCode[code]);
      }
    },
  },
  {
    name: "exports: WebAuthnError is constructed as the peer's",
    run: async (t) => {
      const cause = new DOMException("said", "NotAllowedError");
      const error = new t.library.WebAuthnError({ message: "text", code: "ERROR_CEREMONY_ABORTED", cause });
      t.note("error", error.name, error.code, error.message, error.cause === cause, error instanceof Error);
      t.note("named", new t.library.WebAuthnError({ message: "text", code: "ERROR_CEREMONY_ABORTED", cause, name: "Own" }).name);
    },
  },
  {
    name: "calls: two enrolments at once with one code beside the address are two requests",
    run: async (t) => {
      const client = t.client();
      t.on("POST /client/user-authenticators/email-otp", { userAuthenticatorId: "ua", userId: "u" });
      client.setToken("T1");
      t.begin("one", () => client.email.enroll({ email: "one@example.test", code: "1" }));
      await t.call("other", () => client.email.enroll({ email: "other@example.test", code: "1" }));
    },
  },
  {
    name: "constructor: fields and cookie",
    run: async (t) => {
      const client = t.client();
      const { anonymousId, profilingId, cookieDomain, anonymousIdCookieName, enableLogging } = client;
      t.note("fields", { anonymousId, profilingId, cookieDomain, anonymousIdCookieName, enableLogging });
      t.note("namespaces", ["passkey", "totp", "email", "emailML", "sms", "securityKey", "qrCode", "push", "whatsapp"].map((name) => typeof client[name]));
    },
  },
  {
    name: "constructor: cookieName and enableLogging",
    run: async (t) => {
      const { anonymousIdCookieName, enableLogging } = t.client({ cookieName: "own+id", enableLogging: true });
      t.note("fields", { anonymousIdCookieName, enableLogging });
    },
  },
  {
    name: "constructor: cookieDomain that is given",
    run: async (t) => t.note("domain", t.client({ cookieDomain: "localhost" }).cookieDomain),
  },
  {
    name: "constructor: a cookie that is there is used again",
    run: async (t) => {
      document.cookie = "__as_aid=from%20before; path=/; domain=localhost";
      t.note("id", t.client().anonymousId);
    },
  },
  {
    name: "constructor: a second instance has the same id",
    run: async (t) => t.note("same", t.client().anonymousId === t.client().anonymousId),
  },
  {
    name: "constructor: without a tenant id",
    run: async (t) => {
      for (const tenantId of [undefined, "", null]) await t.call(`tenant ${tenantId}`, () => t.client({ tenantId }) && undefined);
    },
  },
  {
    name: "constructor: the deprecated trackingHost is ignored",
    run: async (t) => t.note("made", typeof t.client({ trackingHost: "https://old.test" }).setToken),
  },
  {
    name: "constructor: the default base URL",
    run: async (t) => {
      const client = t.client({ baseUrl: undefined });
      t.on(TOTP, { uri: "otpauth://totp/x", secret: "S", userAuthenticatorId: "ua", userId: "u" });
      client.setToken("T1");
      await t.call("enroll", () => client.totp.enroll());
    },
  },
  {
    name: "constructor: a tenant id beyond Latin-1",
    run: async (t) => {
      const client = t.client({ tenantId: "ten/é 1 \u{1F511}" });
      t.on("POST /client/challenge", { challengeId: "c" });
      await t.call("challenge", () => client.passkey.api.challenge({ action: "a" }));
    },
  },
  {
    name: "token: a set token is used, and replaced by the one of a verify",
    run: async (t) => {
      const client = t.client();
      t.on(VERIFY, { isVerified: true, accessToken: "T2" });
      t.on(TOTP, { uri: "u", secret: "s", userAuthenticatorId: "a", userId: "u" });
      client.setToken("T1");
      await t.call("verify", () => client.totp.verify({ code: "1" }));
      await t.call("enroll", () => client.totp.enroll());
    },
  },
  {
    name: "token: not replaced when not verified",
    run: async (t) => {
      const client = t.client();
      t.on(VERIFY, { isVerified: false, failureReason: "CODE_INVALID_OR_EXPIRED" });
      client.setToken("T1");
      await t.call("one", () => client.totp.verify({ code: "1" }));
      await t.call("two", () => client.totp.verify({ code: "2" }));
    },
  },
  {
    name: "token: instances of one tenant share it",
    run: async (t) => {
      const [one, other] = [t.client(), t.client()];
      t.on(VERIFY, { isVerified: true, accessToken: "T2" });
      t.on("POST /client/challenge/sms", { challengeId: "c" });
      one.setToken("T1");
      await t.call("verify", () => other.totp.verify({ code: "1" }));
      await t.call("challenge", () => one.sms.challenge());
    },
  },
  {
    name: "token: Whatsapp on its own shares it",
    run: async (t) => {
      const client = t.client();
      const whatsapp = new t.library.Whatsapp({ baseUrl: t.BASE, tenantId: "tenant", enableLogging: false });
      t.on("POST /client/challenge/whatsapp", { challengeId: "c" });
      t.on("POST /client/verify/whatsapp", { isVerified: true, accessToken: "T2" });
      client.setToken("T1");
      await t.call("challenge", () => whatsapp.challenge());
      await t.call("verify", () => whatsapp.verify({ code: "1" }));
      t.note("class", client.whatsapp instanceof t.library.Whatsapp);
    },
  },
  {
    name: "token: a call takes the token that is set when it is made",
    run: async (t) => {
      const client = t.client();
      t.on("POST /client/challenge/sms", { challengeId: "c" });
      client.setToken("T1");
      t.begin("first", () => client.sms.challenge());
      client.setToken("T2");
      await t.call("second", () => client.sms.challenge());
    },
  },
  {
    name: "token: what another user has set meanwhile stands",
    decision: "the answer to a call of before does not replace it",
    run: setMeanwhile("another user's"),
    check: (seen) => {
      equal(seen.ended("verify").value.data.token, "T2", "the answer");
      equal(seen.lines.filter((line) => line.startsWith("request") && line.includes("Bearer another user's")).length, 1, "requests of the other user");
    },
  },
  { name: "token: the same one, set again meanwhile, is still replaced", run: setMeanwhile("T1") },
  {
    name: "token: no callback is handed it as `this`",
    decision: "callbacks have no `this`",
    run: async (t) => {
      const look = (name) => function () {
        t.note("this", name, typeof this);
      };
      const client = t.client({ onTokenExpired: look("onTokenExpired") });
      t.on(VERIFY, t.refusal("expired_token", "Over.", 401));
      t.on("POST /client/user-authenticators/passkey/authentication-options", { options: { challenge: "q83v", rpId: "localhost" } });
      t.on("POST /client/verify/passkey", { isVerified: false });
      client.setToken("T1");
      await t.call("verify", () => client.totp.verify({ code: "1" }));
      await t.call("signIn", () => client.passkey.signIn({ syncCredentials: false, onVerificationStarted: look("onVerificationStarted") }));
    },
    check: (seen) => equal(seen.lines.filter((line) => line.startsWith("this")), ["this onTokenExpired undefined", "this onVerificationStarted undefined"], "callbacks"),
  },
  {
    name: "token: the first calls, while the core still loads",
    cold: true,
    run: async (t) => {
      const client = t.client();
      const replied = Promise.withResolvers();
      t.on("POST /client/challenge/sms", () => {
        replied.resolve();
        return t.reply({ challengeId: "c" })();
      });
      client.setToken("T1");
      t.begin("challenge", () => client.sms.challenge());
      await replied.promise;
      await t.settle();
    },
  },
  {
    name: "concurrency: a hundred calls on one instance",
    run: async (t) => {
      const client = t.client();
      let answered = 0;
      t.on("POST /client/challenge/sms", () => t.reply({ challengeId: `c${++answered}` })());
      client.setToken("T1");
      await t.call("all", () => Promise.all(Array.from({ length: 100 }, () => client.sms.challenge())).then((all) => all.filter(({ data }) => data).length));
    },
  },
  {
    name: "profiling: its cookie, script and pixel",
    run: async (t) => {
      const client = t.client();
      client.initAdvancedProfiling();
      t.note("id", client.profilingId);
      const { src, async: isAsync } = document.querySelector("script#as_adv_profile");
      t.note("script", src, isAsync);
      t.note("pixel", document.querySelector("noscript#as_adv_profile_pixel").outerHTML.replace(/ (id|src|style)=/g, "\u0020$1=").split(" ").sort());
    },
  },
  {
    name: "profiling: from another origin",
    run: async (t) => {
      t.client().initAdvancedProfiling("https://profiling.test");
      t.note("script", document.querySelector("script#as_adv_profile").src);
      t.note("pixel", document.querySelector("noscript#as_adv_profile_pixel iframe").getAttribute("src"));
    },
  },
];
