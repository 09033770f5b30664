/** Passkey ceremonies. */
import { assert, equal } from "../assert.js";

const OPTIONS = "POST /client/user-authenticators/passkey/registration-options";
const ADD = "POST /client/user-authenticators/passkey";
const ASK = "POST /client/user-authenticators/passkey/authentication-options";
const VERIFY = "POST /client/verify/passkey";
const LIST = "GET /client/user-authenticators";
const LOOK_UP = "GET /client/user-authenticators/passkey";

const creation = {
  challengeId: "ch_1",
  options: {
    challenge: "q83v",
    rp: { id: "localhost", name: "Dev" },
    user: { id: "dTE", name: "ada@example.test", displayName: "Ada" },
    pubKeyCredParams: [{ type: "public-key", alg: -7 }],
    excludeCredentials: [{ id: "AAAA", type: "public-key", transports: ["internal"] }],
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "preferred" },
    timeout: 60000,
    attestation: "none",
  },
};
const request = { challengeId: "ch_2", options: { challenge: "q83v", rpId: "localhost", allowCredentials: [], userVerification: "preferred", timeout: 60000 } };
const verified = { isVerified: true, accessToken: "T2", userId: "u1", userAuthenticatorId: "ua", username: "ada", userDisplayName: "Ada" };

export const scriptSignUp = (t, added = { isVerified: true, accessToken: "T2", userId: "u1", userAuthenticator: { userAuthenticatorId: "ua" } }) => {
  t.on(OPTIONS, creation);
  t.on(`${OPTIONS}/web`, creation);
  t.on(ADD, added);
  t.on(LIST, [{ verificationMethod: "PASSKEY", webauthnCredential: { credentialId: "other" } }, { verificationMethod: "SMS" }]);
};
export const scriptSignIn = (t, reply = verified) => {
  t.on("POST /client/challenge", { challengeId: "ch_0" });
  t.on("POST /client/challenge/web", { challengeId: "ch_0" });
  t.on(ASK, request);
  t.on(`${ASK}/web`, request);
  t.on(VERIFY, reply);
  t.on(LIST, []);
};
export const field = () => {
  const input = document.createElement("input");
  input.autocomplete = "username webauthn";
  document.body.append(input);
};

const signUp = (name, parameters, rest = {}) => ({
  name: `signUp: ${name}`,
  run: async (t) => {
    const client = t.client();
    scriptSignUp(t);
    rest.prepare?.(t);
    client.setToken("T1");
    await t.call("signUp", () => client.passkey.signUp(parameters));
    await rest.then?.(t, client);
  },
  ...(rest.since && { since: rest.since }),
  ...(rest.decision && { decision: rest.decision }),
  ...(rest.defect && { defect: rest.defect }),
  ...(rest.check && { check: rest.check }),
});
const signIn = (name, parameters, rest = {}) => ({
  name: `signIn: ${name}`,
  run: async (t) => {
    const client = t.client(rest.options);
    scriptSignIn(t);
    rest.prepare?.(t);
    await t.call("signIn", () => client.passkey.signIn(parameters));
    await rest.then?.(t, client);
  },
  ...(rest.since && { since: rest.since }),
  ...(rest.decision && { decision: rest.decision }),
  ...(rest.defect && { defect: rest.defect }),
  ...(rest.check && { check: rest.check }),
});

const SYNC = "1.17 credential sync";
const quiet = { syncCredentials: false };
const refusals = ["NotAllowedError", "AbortError", "InvalidStateError", "SecurityError", "ConstraintError", "NotSupportedError", "UnknownError", "TypeError"];

const withoutCredentials = () => Object.defineProperty(navigator, "credentials", { value: undefined });
const otherMessage = { decision: "the same TypeError, in other words: it names what has no such method" };

export const passkey = [
  signUp("success, with credential sync", { username: "ada" }, { since: SYNC }),
  signUp("success, without sync", { username: "ada", ...quiet }),
  signUp("the token that is given", { token: "T9", ...quiet }),
  signUp("displayName", { username: "ada", displayName: "Ada", ...quiet }, { since: "1.19.2 displayName on the wire" }),
  signUp("authenticatorAttachment cross-platform is not remembered", { authenticatorAttachment: "cross-platform", ...quiet }, {
    prepare: (t) => (t.authenticator.create = () => t.registration({ attachment: "cross-platform" })),
  }),
  signUp("authenticatorAttachment null", { authenticatorAttachment: null, ...quiet }, { since: "1.19.2 null on the wire" }),
  signUp("hints", { hints: ["security-key"], ...quiet }),
  signUp("cookies mode", { useCookies: true, ...quiet }),
  signUp("automatic registration", { useAutoRegister: true, ...quiet }),
  signUp("automatic registration that is not supported", { useAutoRegister: true }, { prepare: (t) => (t.capabilities.conditionalCreate = false) }),
  signUp("options refused", quiet, { prepare: (t) => t.on(OPTIONS, t.refusal("insufficient_scope", "add:authenticators is required.", 403)) }),
  signUp("addition refused", quiet, { prepare: (t) => t.on(ADD, t.refusal("invalid_request", "No.", 400)) }),
  signUp("not verified", quiet, { prepare: (t) => t.on(ADD, { isVerified: false }) }),
  signUp("without a new token", quiet, { prepare: (t) => t.on(ADD, { isVerified: true, userId: "u1" }) }),
  signUp("without a user id", quiet, { prepare: (t) => t.on(ADD, { isVerified: true, accessToken: "T2" }) }),
  signUp("the next call uses the new token", quiet, {
    then: async (t, client) => {
      t.on("POST /client/challenge/sms", { challengeId: "c" });
      await t.call("next", () => client.sms.challenge());
    },
  }),
  { name: "signUp: no token", run: async (t) => t.call("signUp", () => t.client().passkey.signUp({ username: "ada" })) },
  {
    name: "signUp: expired token",
    run: async (t) => {
      const client = t.client({ onTokenExpired: t.callback("onTokenExpired") });
      t.on(OPTIONS, t.refusal("expired_token", "The token has expired.", 401));
      client.setToken("T1");
      await t.call("signUp", () => client.passkey.signUp({}));
    },
  },
  ...refusals.map((name) => signUp(`the browser throws ${name}`, quiet, { prepare: (t) => (t.authenticator.create = t.refuse(name)) })),
  signUp("the browser yields nothing", quiet, { prepare: (t) => (t.authenticator.create = () => null) }),
  signUp("the browser has no navigator.credentials", quiet, { prepare: withoutCredentials, ...otherMessage }),
  signUp("a relying party that is not this site's", quiet, {
    prepare: (t) => {
      t.on(OPTIONS, { ...creation, options: { ...creation.options, rp: { id: "elsewhere.test", name: "Dev" } } });
      t.authenticator.create = t.refuse("SecurityError");
    },
  }),

  signIn("success", quiet),
  signIn("no parameters", undefined, { since: SYNC }),
  signIn("with credential sync", {}, { since: SYNC }),
  signIn("without a user handle nothing is synced", {}, { prepare: (t) => (t.authenticator.get = () => t.assertion({ userHandle: "" })) }),
  signIn("action", { action: "signIn", ...quiet }),
  signIn("action and idempotencyKey", { action: "signIn", idempotencyKey: "key", ...quiet }, { since: "1.21 idempotencyKey" }),
  signIn("the token that is given", { token: "T9", ...quiet }),
  signIn("the token that is set plays no part", quiet, { prepare: (t) => t.client().setToken("T1") }),
  signIn("cookies mode", { useCookies: true, ...quiet }),
  signIn("cookies mode with an action", { useCookies: true, action: "signIn", ...quiet }),
  signIn("cookies mode without a token in the answer", { useCookies: true, ...quiet }, { prepare: (t) => t.on(VERIFY, { isVerified: true, userId: "u1" }) }),
  {
    name: "signIn: onVerificationStarted between assertion and request",
    run: async (t) => {
      const client = t.client();
      scriptSignIn(t);
      await t.call("signIn", () => client.passkey.signIn({ onVerificationStarted: t.callback("onVerificationStarted"), ...quiet }));
    },
  },
  signIn("token and autofill", { token: "T", autofill: true }),
  signIn("token and action", { token: "T", action: "a" }),
  signIn("token and idempotencyKey", { token: "T", idempotencyKey: "k", ...quiet }, { since: "1.21 idempotencyKey" }),
  signIn("challenge refused", { action: "a", ...quiet }, { prepare: (t) => t.on("POST /client/challenge", t.refusal("invalid_request", "No.", 400)) }),
  signIn("options refused", quiet, { prepare: (t) => t.on(ASK, t.refusal("unauthorized", "No.", 401)) }),
  signIn("invalid_credential", quiet, { prepare: (t) => t.on(VERIFY, t.refusal("invalid_credential", "No.", 401)) }),
  signIn("unknown_credential is told to the browser", quiet, {
    since: "1.17 unknown_credential",
    prepare: (t) => {
      localStorage.setItem("as_user_passkey_map", JSON.stringify({ u1: ["Y3JlZGVudGlhbCAx", "AAAA"] }));
      t.on(VERIFY, t.refusal("unknown_credential", "Deleted.", 401));
    },
  }),
  signIn("not verified", quiet, { prepare: (t) => t.on(VERIFY, { isVerified: false }) }),
  signIn("what is remembered is added to", quiet, { prepare: () => localStorage.setItem("as_user_passkey_map", JSON.stringify({ u1: ["AAAA"], u2: ["BBBB"] })) }),
  signIn("a passkey from another device is not remembered", quiet, { prepare: (t) => (t.authenticator.get = () => t.assertion({ attachment: "cross-platform" })) }),
  ...refusals.map((name) => signIn(`the browser throws ${name}`, quiet, { prepare: (t) => (t.authenticator.get = t.refuse(name)) })),
  signIn("the browser has no navigator.credentials", quiet, { prepare: withoutCredentials, ...otherMessage }),
  signIn("the browser yields nothing", quiet, { prepare: (t) => (t.authenticator.get = () => null) }),
  signIn("a relying party that is not this site's", quiet, {
    prepare: (t) => {
      t.on(ASK, { ...request, options: { ...request.options, rpId: "elsewhere.test" } });
      t.authenticator.get = t.refuse("SecurityError");
    },
  }),
  signIn("autofill", { autofill: true, ...quiet }, { prepare: field }),
  signIn("autofill without a field for it", { autofill: true, ...quiet }),
  signIn("autofill that the browser does not have", { autofill: true, ...quiet }, {
    prepare: (t) => {
      field();
      t.capabilities.conditionalGet = false;
    },
  }),
  {
    name: "signIn: a second autofill request resolves with {}",
    run: async (t) => {
      const client = t.client();
      field();
      scriptSignIn(t);
      t.authenticator.get = t.waitingForUser();
      await t.call("first", () => client.passkey.signIn({ autofill: true, ...quiet }));
      await t.call("second", () => client.passkey.signIn({ autofill: true, ...quiet }));
    },
  },
  {
    name: "signIn: a button aborts a pending autofill request",
    decision: "autofill ends once the other ceremony has a credential",
    run: async (t) => {
      const client = t.client();
      field();
      scriptSignIn(t);
      t.authenticator.get = t.waitingForUser();
      await t.call("autofill", () => client.passkey.signIn({ autofill: true, ...quiet }));
      t.authenticator.get = () => t.assertion();
      await t.call("button", () => client.passkey.signIn(quiet));
      await t.advance(500);
    },
    check: (seen) => {
      equal(seen.ended("autofill").value.code, "ERROR_CEREMONY_ABORTED", "autofill");
      equal(seen.ended("button").value.data?.isVerified, true, "the button");
      equal(seen.timers, 0, "timers");
    },
  },
  {
    name: "signIn: autofill is armed again after a button that brought nothing",
    decision: "autofill arms again by itself",
    run: async (t) => {
      const client = t.client();
      field();
      scriptSignIn(t);
      t.authenticator.get = t.waitingForUser();
      await t.call("autofill", () => client.passkey.signIn({ autofill: true, ...quiet }));
      t.authenticator.get = t.refuse("NotAllowedError");
      await t.call("button", () => client.passkey.signIn(quiet));
      t.authenticator.get = () => t.assertion();
      // As an app does that was written for the peer.
      await t.call("autofill again", () => client.passkey.signIn({ autofill: true, ...quiet }));
      await t.advance(500);
    },
    check: (seen) => {
      equal(seen.ended("button").value.name, "NotAllowedError", "the button, which the user cancelled");
      equal(seen.ended("autofill again").value, {}, "the request for what is pending");
      equal(seen.ended("autofill").value.data?.isVerified, true, "the first");
    },
  },
  {
    name: "signIn: autofill waits until the last of several buttons is through",
    decision: "autofill arms again by itself",
    run: async (t) => {
      const client = t.client();
      field();
      scriptSignIn(t);
      t.authenticator.get = t.waitingForUser();
      await t.call("autofill", () => client.passkey.signIn({ autofill: true, ...quiet }));
      t.authenticator.get = t.waitingForUser();
      await t.call("first button", () => client.passkey.signIn(quiet));
      await t.advance(5000);
      const second = (t.authenticator.get = t.waitingForUser());
      await t.call("second button", () => client.passkey.signIn(quiet));
      await t.advance(5000);
      t.note("the second button is cancelled");
      t.authenticator.get = () => t.assertion();
      second.reject(new DOMException("Said the browser.", "NotAllowedError"));
      await t.advance(5000);
    },
    check: (seen) => {
      const order = seen.lines.filter((line) => /^(get|the second|ceremony aborted)/.test(line)).map((line) => line.slice(0, 22));
      const [autofill, button] = ['get {"mediation":"cond', 'get {"publicKey":{"cha'];
      equal(order, [autofill, "ceremony aborted", button, "ceremony aborted", button, "the second button is c", autofill], "what the browser is asked");
      equal(seen.ended("first button").value.code, "ERROR_CEREMONY_ABORTED", "the first button");
      equal(seen.ended("autofill").value.data?.isVerified, true, "autofill");
      equal(seen.timers, 0, "timers");
    },
  },
  ...[
    ["aborted", 100, (controller) => ({ signal: controller.signal })],
    ["over in time", 3000, () => ({ timeout: 3000 })],
  ].map(([name, after, parameters]) => ({
    name: `signIn: autofill is armed again after a button that was ${name}`,
    decision: "autofill arms again by itself",
    run: async (t) => {
      const client = t.client();
      const controller = new AbortController();
      field();
      scriptSignIn(t);
      t.authenticator.get = t.waitingForUser();
      await t.call("autofill", () => client.passkey.signIn({ autofill: true, ...quiet }));
      t.authenticator.get = t.waitingForUser();
      await t.call("button", () => client.passkey.signIn({ ...parameters(controller), ...quiet }));
      t.authenticator.get = () => t.assertion();
      await t.advance(after);
      controller.abort();
      await t.advance(1000);
    },
    check: (seen) => {
      assert(seen.ended("button"), "the button");
      equal(seen.ended("autofill")?.value.data?.isVerified, true, "autofill");
      equal(seen.timers, 0, "timers");
    },
  })),
  {
    name: "signIn: of three ceremonies at once the last wins, and the browser is asked for one at a time",
    decision: "what is aborted is awaited",
    run: async (t) => {
      const client = t.client();
      let isBusy = false;
      scriptSignIn(t);
      t.authenticator.get = ({ signal }) => {
        if (isBusy) throw new DOMException("A request is already pending.", "OperationError");
        isBusy = true;
        const { promise, resolve, reject } = Promise.withResolvers();
        const end = (settle) => () => {
          isBusy = false;
          settle();
        };
        const user = setTimeout(end(() => resolve(t.assertion())), 5000);
        signal.addEventListener("abort", () => {
          clearTimeout(user);
          setTimeout(end(() => reject(signal.reason)), 50);
        });
        return promise;
      };
      await t.call("first", () => client.passkey.signIn(quiet));
      t.begin("second", () => client.passkey.signIn(quiet));
      await t.call("third", () => client.passkey.signIn(quiet));
      await t.advance(6000);
    },
    check: (seen) => {
      equal(["first", "second"].map((label) => seen.ended(label).value.code), Array(2).fill("ERROR_CEREMONY_ABORTED"), "the others");
      equal(seen.ended("third").value.data?.isVerified, true, "the last");
      equal(seen.timers, 0, "timers");
    },
  },
  {
    name: "signIn: autofill that waits for a button can be aborted",
    decision: "autofill arms again by itself",
    run: async (t) => {
      const client = t.client();
      const controller = new AbortController();
      field();
      scriptSignIn(t);
      t.authenticator.get = t.waitingForUser();
      await t.call("autofill", () => client.passkey.signIn({ autofill: true, signal: controller.signal, ...quiet }));
      t.authenticator.get = t.waitingForUser();
      await t.call("button", () => client.passkey.signIn(quiet));
      controller.abort();
      // The button's own promise ends with the button.
      t.authenticator.get = t.waitingForUser();
      await t.call("autofill again", () => client.passkey.signIn({ autofill: true, ...quiet }));
    },
    check: (seen) => {
      equal(seen.ended("autofill").value.name, "AbortError", "autofill");
      equal(seen.ended("autofill again"), undefined, "another request is pending");
    },
  },
  signIn("immediate mode", { preferImmediatelyAvailableCredentials: true, ...quiet }, { since: "1.19 immediate mode" }),
  signIn("immediate mode finds nothing", { preferImmediatelyAvailableCredentials: true, ...quiet }, {
    since: "1.19 immediate mode",
    prepare: (t) => (t.authenticator.get = t.refuse("NotAllowedError")),
  }),
  signIn("immediate mode that is not supported", { preferImmediatelyAvailableCredentials: true, ...quiet }, {
    since: "1.19 immediate mode",
    prepare: (t) => (t.capabilities.immediateGet = false),
  }),
  signIn("immediate mode and autofill", { preferImmediatelyAvailableCredentials: true, autofill: true, ...quiet }, {
    since: "1.19 immediate mode",
    prepare: field,
  }),

  ...["signUp", "signIn"].flatMap((method) =>
    [
      ["has no toJSON", undefined],
      ["is none to the browser's toJSON", () => PublicKeyCredential.prototype.toJSON.call({})],
    ].map(([name, toJSON]) => ({
      name: `${method}: a credential of an extension that ${name}`,
      run: async (t) => {
        const client = t.client();
        scriptSignUp(t);
        scriptSignIn(t);
        client.setToken("T1");
        t.authenticator.create = () => Object.assign(t.registration(), { toJSON });
        t.authenticator.get = () => Object.assign(t.assertion(), { toJSON });
        await t.call(method, () => client.passkey[method](quiet));
      },
      check: (seen) => equal(seen.ended(method).value.data?.token, "T2", "token"),
    })),
  ),
  ...[
    ["nothing remembered", undefined, { credentialId: "AAAA", verifiedAt: "2030-01-01T00:00:00.000Z" }],
    ["known to the server", { u1: ["AAAA", "BBBB"] }, { credentialId: "AAAA", verifiedAt: "2030-01-01T00:00:00.000Z" }],
    ["another user's only", { u2: ["AAAA"] }, { credentialId: "AAAA", verifiedAt: "2030-01-01T00:00:00.000Z" }],
    ["an empty list", { u1: [] }, {}],
  ].map(([name, stored, body]) => ({
    name: `isAvailableOnDevice: ${name}`,
    run: async (t) => {
      if (stored) localStorage.setItem("as_user_passkey_map", JSON.stringify(stored));
      t.on(LOOK_UP, body);
      await t.call("available", () => t.client().passkey.isAvailableOnDevice({ userId: "u1" }));
    },
  })),
  {
    name: "isAvailableOnDevice: unknown to the server",
    run: async (t) => {
      localStorage.setItem("as_user_passkey_map", JSON.stringify({ u1: ["AAAA"] }));
      t.on(LOOK_UP, t.refusal("invalid_credential", "No.", 404));
      await t.call("available", () => t.client().passkey.isAvailableOnDevice({ userId: "u1" }));
    },
  },
  { name: "isAvailableOnDevice: without a user id", run: async (t) => t.call("available", () => t.client().passkey.isAvailableOnDevice({ userId: "" })) },

  {
    name: "passkey.api: every method of 1.16.0",
    run: async (t) => {
      const { api } = t.client().passkey;
      scriptSignUp(t);
      scriptSignIn(t);
      t.on(LOOK_UP, { credentialId: "AAAA", verifiedAt: "2030" });
      const credential = { id: "AAAA" };
      await t.call("registrationOptions", () => api.registrationOptions({ token: "T", username: "ada", authenticatorAttachment: "platform" }));
      await t.call("registrationOptions with cookies", () => api.registrationOptions({ token: "T", useCookies: true }));
      await t.call("addAuthenticator", () => api.addAuthenticator({ token: "T", registrationCredential: credential, conditionalCreate: false, challengeId: "c" }));
      await t.call("authenticationOptions", () => api.authenticationOptions({ challengeId: "c" }));
      await t.call("authenticationOptions of a user", () => api.authenticationOptions({ token: "T", useCookies: true }));
      await t.call("authenticationOptionsWeb", () => api.authenticationOptionsWeb({ token: "T" }));
      await t.call("verify", () => api.verify({ token: "T", authenticationCredential: credential, deviceId: "d", challengeId: "c" }));
      await t.call("getPasskeyAuthenticator", () => api.getPasskeyAuthenticator({ credentialIds: ["AAAA", "BBBB"] }));
      await t.call("challenge", () => api.challenge({ action: "a", useCookies: true }));
    },
  },
  {
    name: "passkey.api: getAuthenticators",
    since: "1.17 getAuthenticators",
    run: async (t) => {
      t.on(LIST, [{ userAuthenticatorId: "ua" }]);
      await t.call("getAuthenticators", () => t.client().passkey.api.getAuthenticators({ token: "T" }));
    },
  },
  {
    name: "passkey.api: errors are the API's own",
    run: async (t) => {
      const { api } = t.client({ onTokenExpired: t.callback("onTokenExpired"), enableLogging: true }).passkey;
      t.on(ASK, t.refusal("expired_token", "The token has expired.", 401));
      t.on(LOOK_UP, t.refusal("invalid_credential", "No.", 404));
      await t.call("authenticationOptions", () => api.authenticationOptions({ token: "T" }));
      await t.call("getPasskeyAuthenticator", () => api.getPasskeyAuthenticator({ credentialIds: ["AAAA"] }));
    },
  },
];
