/** `@authsignal/node` from npm, unmodified, against a real server: every method of its class, its errors, its retries. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Authsignal, AuthsignalError } from "@authsignal/node";
import { SECRET, Server } from "./support/server.mjs";

let server;
let backend;
before(async () => {
  server = await Server.start();
  backend = new Authsignal({ apiSecretKey: SECRET, apiUrl: server.api });
});
after(() => server.stop());

/** Every method that a test below calls; the last test compares it with the class. */
const called = new Set();
const sdk = new Proxy({}, {
  get: (_, name) => {
    called.add(name);
    return backend[name].bind(backend);
  },
});

/** An error of the SDK, by what a backend looks at. */
const refusal = (statusCode, errorCode) => (error) => {
  assert.ok(error instanceof AuthsignalError, String(error));
  assert.deepEqual([error.statusCode, error.errorCode], [statusCode, errorCode], error.message);
  assert.ok(error.errorDescription);
  return true;
};

/** A user with an e-mail authenticator that was verified elsewhere. */
const enrolled = async (userId) => {
  const email = `${userId}@example.test`;
  const { authenticator } = await sdk.enrollVerifiedAuthenticator({
    userId,
    attributes: { verificationMethod: "EMAIL_OTP", email },
  });
  return { email, authenticator };
};

/** The token of a met challenge: tracked by the SDK, met as a client meets it. */
const challenged = async (userId, action = "signIn") => {
  const { email } = await enrolled(userId);
  const { token, idempotencyKey } = await sdk.track({ userId, action });
  await server.ask("POST", "/v1/client/challenge/email-otp", undefined, token);
  const verificationCode = await server.codeSent(email);
  const reply = await server.ask("POST", "/v1/client/verify/email-otp", { verificationCode }, token);
  return { token: reply.accessToken, idempotencyKey };
};

describe("users", () => {
  test("a user is created, read, found and deleted", async () => {
    const userId = "user-1";
    const attributes = {
      email: "one@example.test",
      emailVerified: true,
      phoneNumber: "+15550100001",
      phoneNumberVerified: false,
      username: "one",
      displayName: "User One",
      custom: { plan: "gold" },
    };
    const updated = await sdk.updateUser({ userId, attributes });
    for (const [name, value] of Object.entries(attributes)) assert.deepEqual(updated[name], value, name);

    const user = await sdk.getUser({ userId });
    assert.equal(user.isEnrolled, false);
    assert.deepEqual(user.custom, { plan: "gold" });
    for (const by of [{ username: "one" }, { email: "one@example.test" }, { phoneNumber: "+15550100001" }]) {
      const { users } = await sdk.queryUsers(by);
      assert.deepEqual(users.map((one) => one.userId), [userId], JSON.stringify(by));
    }

    await sdk.deleteUser({ userId });
    assert.equal((await sdk.getUser({ userId })).isEnrolled, false);
    assert.deepEqual((await sdk.queryUsers({ username: "one" })).users, []);
  });

  test("pages of users follow each other without gap or repeat", async () => {
    const made = ["page-a", "page-b", "page-c"];
    for (const userId of made) await sdk.updateUser({ userId, attributes: { username: "paged" } });
    const seen = [];
    let lastEvaluatedUserId;
    do {
      const page = await sdk.queryUsers({ username: "paged", limit: 2, lastEvaluatedUserId });
      assert.ok(page.users.length <= 2);
      seen.push(...page.users.map((user) => user.userId));
      lastEvaluatedUserId = page.lastEvaluatedUserId;
    } while (lastEvaluatedUserId);
    assert.deepEqual(seen.sort(), made);
  });

  test("an id with spaces and other letters than ASCII is one user under both of its spellings", async () => {
    await sdk.updateUser({ userId: "Ada L é|1", attributes: { username: "spelled" } });
    const { users } = await sdk.queryUsers({ username: "spelled" });
    assert.deepEqual(users.map((user) => user.userId), ["Ada L é|1"]);
    assert.equal((await sdk.getUser({ userId: encodeURIComponent("Ada L é|1") })).username, "spelled");
  });
});

describe("authenticators", () => {
  test("one that was verified elsewhere is listed in full, and deleted", async () => {
    const userId = "authenticators-1";
    const { authenticator, email } = await enrolled(userId);
    await sdk.enrollVerifiedAuthenticator({ userId, attributes: { verificationMethod: "SMS", phoneNumber: "+15550100002" } });
    const all = await sdk.getAuthenticators({ userId });
    assert.deepEqual(all.map((one) => one.verificationMethod).sort(), ["EMAIL_OTP", "SMS"]);
    assert.equal(all.find((one) => one.email)?.email, email);
    for (const one of all) {
      assert.equal(one.userId, userId);
      assert.match(one.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(one.verifiedAt);
    }
    assert.deepEqual((await sdk.getUser({ userId })).enrolledVerificationMethods.sort(), ["EMAIL_OTP", "SMS"]);

    const { userAuthenticatorId } = authenticator;
    await assert.rejects(sdk.deleteAuthenticator({ userId: "nobody", userAuthenticatorId }), refusal(404, "not_found"));
    await sdk.deleteAuthenticator({ userId, userAuthenticatorId });
    assert.deepEqual((await sdk.getAuthenticators({ userId })).map((one) => one.verificationMethod), ["SMS"]);
  });

  test("a user who has none gets an empty list", async () => {
    assert.deepEqual(await sdk.getAuthenticators({ userId: "authenticators-none" }), []);
  });
});

describe("actions", () => {
  test("track takes every attribute, and gives a token and the address of the pre-built UI", async () => {
    const userId = "track-1";
    await enrolled(userId);
    const { challengeId } = await sdk.challenge({ verificationMethod: "EMAIL_OTP", email: "track-1@example.test" });
    const attributes = {
      challengeId,
      customDomain: "mfa.example.test",
      idempotencyKey: "track-key",
      redirectUrl: "http://localhost:3000/back?from=mfa",
      redirectToSettings: true,
      ipAddress: "203.0.113.7",
      userAgent: "a browser",
      deviceId: "a device",
      scope: "add:authenticators update:authenticators",
      email: "track-1@example.test",
      phoneNumber: "+15550100003",
      username: "tracked",
      custom: { amount: 7 },
      locale: "de",
    };
    const tracked = await sdk.track({ userId, action: "pay", attributes });
    assert.equal(tracked.state, "CHALLENGE_REQUIRED");
    assert.equal(tracked.isEnrolled, true);
    assert.equal(tracked.idempotencyKey, "track-key");
    assert.deepEqual(tracked.enrolledVerificationMethods, ["EMAIL_OTP"]);
    assert.equal(tracked.defaultVerificationMethod, "EMAIL_OTP");
    const url = new URL(tracked.url);
    assert.equal(url.origin, server.origin);
    assert.equal(url.searchParams.get("token"), tracked.token);
    const { username, phoneNumber } = await sdk.getUser({ userId });
    assert.deepEqual({ username, phoneNumber }, { username: "tracked", phoneNumber: "+15550100003" });
    assert.equal((await sdk.getChallenge({ challengeId, userId })).challengeId, challengeId, "it is attached to the user");
    assert.equal((await sdk.track({ userId, action: "pay", attributes })).idempotencyKey, "track-key");
    await assert.rejects(sdk.track({ userId: "track-5", action: "pay", attributes }), refusal(401, "unauthorized"));
  });

  test("track without attributes allows a user who has no authenticator", async () => {
    const tracked = await sdk.track({ userId: "track-2", action: "signIn" });
    assert.deepEqual([tracked.state, tracked.isEnrolled], ["ALLOW", false]);
  });

  test("a repeated idempotency key is the same action, with a token of its own", async () => {
    const ask = { userId: "track-3", action: "pay", attributes: { idempotencyKey: "again" } };
    const [first, second] = [await sdk.track(ask), await sdk.track(ask)];
    assert.equal(first.idempotencyKey, second.idempotencyKey);
    assert.notEqual(first.token, second.token);
    assert.equal((await sdk.queryUserActions({ userId: "track-3" })).length, 1);
  });

  test("an action is refused for a redirect to an address that nobody registered, and for a bad code", async () => {
    const attributes = { redirectUrl: "https://example.test/steal" };
    await assert.rejects(sdk.track({ userId: "track-4", action: "pay", attributes }), refusal(400, "invalid_request"));
    await assert.rejects(sdk.track({ userId: "track-4", action: "no spaces" }), refusal(400, "invalid_request"));
    assert.deepEqual(await sdk.queryUserActions({ userId: "track-4" }), []);
  });

  test("an action is validated, read, changed and listed", async () => {
    const userId = "actions-1";
    await enrolled(userId);
    const { token, idempotencyKey } = await sdk.track({ userId, action: "Login" });
    const open = await sdk.validateChallenge({ token, action: "Login", userId });
    assert.deepEqual([open.isValid, open.state, open.action, open.userId], [false, "CHALLENGE_REQUIRED", "Login", userId]);

    const action = { userId, action: "Login", idempotencyKey };
    assert.equal((await sdk.getAction(action)).state, "CHALLENGE_REQUIRED");
    const changed = await sdk.updateAction({ ...action, attributes: { state: "REVIEW_REQUIRED" } });
    assert.equal(changed.state, "REVIEW_REQUIRED");
    assert.equal((await sdk.getAction(action)).state, "REVIEW_REQUIRED");
    await assert.rejects(
      sdk.updateAction({ ...action, attributes: { state: "NONSENSE" } }),
      refusal(422, "invalid_request"),
    );
    await assert.rejects(sdk.getAction({ ...action, idempotencyKey: "another" }), refusal(404, "not_found"));

    await sdk.track({ userId, action: "pay" });
    const codes = async (by) => (await sdk.queryUserActions({ userId, ...by })).map((one) => one.actionCode);
    assert.deepEqual((await codes({})).sort(), ["Login", "pay"]);
    assert.deepEqual(await codes({ actionCodes: ["pay", "other"] }), ["pay"]);
    assert.deepEqual(await codes({ state: "REVIEW_REQUIRED" }), ["Login"]);
    assert.deepEqual(await codes({ fromDate: "2999-01-01" }), []);
  });

  test("a met challenge is valid for its user and its action, and for no other", async () => {
    const userId = "validate-1";
    const { token, idempotencyKey } = await challenged(userId);
    const valid = await sdk.validateChallenge({ token });
    assert.deepEqual(
      [valid.isValid, valid.state, valid.action, valid.idempotencyKey, valid.verificationMethod],
      [true, "CHALLENGE_SUCCEEDED", "signIn", idempotencyKey, "EMAIL_OTP"],
    );
    for (const wrong of [{ userId: "validate-2" }, { action: "pay" }]) {
      const answer = await sdk.validateChallenge({ token, ...wrong });
      assert.equal(answer.isValid, false, JSON.stringify(wrong));
      assert.ok(answer.error);
    }
    assert.equal((await sdk.validateChallenge({ token: "nonsense" })).isValid, false);
  });
});

describe("challenges that a backend makes", () => {
  test("a code is sent, read back, verified once, and claimed by one user", async () => {
    const email = "claims@example.test";
    const challenge = await sdk.challenge({ verificationMethod: "EMAIL_OTP", action: "signUp", email });
    const seconds = challenge.expiresAt - Date.now() / 1000;
    assert.ok(seconds > 500 && seconds <= 601, `expiresAt is in seconds: ${challenge.expiresAt}`);
    const { challengeId } = challenge;
    const found = await sdk.getChallenge({ challengeId });
    assert.deepEqual([found.challengeId, found.email, found.verificationMethod, found.action], [challengeId, email, "EMAIL_OTP", "signUp"]);

    const code = await server.codeSent(email);
    const wrong = code === "000000" ? "111111" : "000000";
    assert.deepEqual(await sdk.verify({ challengeId, verificationCode: wrong }), {
      isVerified: false,
      failureReason: "CODE_INVALID_OR_EXPIRED",
    });
    await assert.rejects(sdk.claimChallenge({ challengeId, userId: "claims-1" }), refusal(400, "invalid_request"));
    const verified = await sdk.verify({ challengeId, verificationCode: code });
    assert.deepEqual([verified.isVerified, verified.email, verified.verificationMethod], [true, email, "EMAIL_OTP"]);
    assert.equal((await sdk.verify({ challengeId, verificationCode: code })).isVerified, false);

    const claimed = await sdk.claimChallenge({ challengeId, userId: "claims-1" });
    assert.equal(claimed.verificationMethod, "EMAIL_OTP");
    const { isValid, userId, action } = await sdk.validateChallenge({ token: claimed.token });
    assert.deepEqual([isValid, userId, action], [true, "claims-1", "signUp"]);
    await assert.rejects(sdk.claimChallenge({ challengeId, userId: "claims-2" }), refusal(401, "unauthorized"));
  });

  test("a code goes out by text message and by WhatsApp, and again for the same challenge", async () => {
    const phoneNumber = "+15550100004";
    for (const verificationMethod of ["SMS", "WHATSAPP"]) {
      const first = await sdk.challenge({ verificationMethod, phoneNumber });
      const sent = await server.codeSent(phoneNumber);
      const second = await sdk.challenge({ challengeId: first.challengeId });
      assert.equal(second.idempotencyKey, first.idempotencyKey);
      assert.equal((await sdk.verify({ challengeId: first.challengeId, verificationCode: sent })).isVerified, false);
      const verificationCode = await server.codeSent(phoneNumber);
      const verified = await sdk.verify({ challengeId: second.challengeId, verificationCode });
      assert.deepEqual([verified.isVerified, verified.verificationMethod], [true, verificationMethod]);
    }
  });
});

describe("sessions", () => {
  const clientId = "app";

  test("a session is made of a met challenge, read, renewed and ended", async () => {
    const { token } = await challenged("sessions-1");
    const first = await sdk.createSession({ clientId, token });
    const { user, expiresAt, verificationMethod } = await sdk.validateSession({ accessToken: first.accessToken });
    assert.equal(user.userId, "sessions-1");
    assert.equal(verificationMethod, "EMAIL_OTP");
    assert.ok(expiresAt > Date.now() / 1000);
    await sdk.validateSession({ accessToken: first.accessToken, clientIds: [clientId] });
    await assert.rejects(
      sdk.validateSession({ accessToken: first.accessToken, clientIds: ["another"] }),
      refusal(401, "unauthorized"),
    );

    const second = await sdk.refreshSession({ refreshToken: first.refreshToken });
    assert.notEqual(second.refreshToken, first.refreshToken);
    await assert.rejects(sdk.validateSession({ accessToken: first.accessToken }), refusal(401, "unauthorized"));
    await sdk.validateSession({ accessToken: second.accessToken });
    await sdk.revokeSession({ accessToken: second.accessToken });
    await assert.rejects(sdk.validateSession({ accessToken: second.accessToken }), refusal(401, "unauthorized"));
    await assert.rejects(sdk.createSession({ clientId, token }), refusal(401, "unauthorized"));
  });

  test("a refresh token that comes a second time ends all that came from its sign-in", async () => {
    const { token } = await challenged("sessions-2");
    const first = await sdk.createSession({ clientId, token });
    const second = await sdk.refreshSession({ refreshToken: first.refreshToken });
    await assert.rejects(sdk.refreshSession({ refreshToken: first.refreshToken }), refusal(401, "unauthorized"));
    await assert.rejects(sdk.validateSession({ accessToken: second.accessToken }), refusal(401, "unauthorized"));
    await assert.rejects(sdk.refreshSession({ refreshToken: second.refreshToken }), refusal(401, "unauthorized"));
  });

  test("all sessions of a user end at once, and nobody else's", async () => {
    const [mine, other] = [await challenged("sessions-3"), await challenged("sessions-4")];
    const ended = await sdk.createSession({ clientId, token: mine.token });
    const stands = await sdk.createSession({ clientId, token: other.token });
    await sdk.revokeUserSessions({ userId: "sessions-3" });
    await assert.rejects(sdk.validateSession({ accessToken: ended.accessToken }), refusal(401, "unauthorized"));
    await sdk.validateSession({ accessToken: stands.accessToken });
  });

  test("a tracked token makes no session", async () => {
    const { token } = await sdk.track({ userId: "sessions-5", action: "signIn" });
    await assert.rejects(sdk.createSession({ clientId, token }), refusal(401, "unauthorized"));
  });
});

describe("errors", () => {
  test("a wrong secret is answered with the words that the vendor's own tests read", async () => {
    const stranger = new Authsignal({ apiSecretKey: "wrong", apiUrl: server.api });
    await assert.rejects(stranger.getUser({ userId: "u" }), (error) => {
      refusal(401, "unauthorized")(error);
      assert.equal(
        error.errorDescription,
        "The request is unauthorized. Check that your API key and region base URL are correctly configured.",
      );
      return true;
    });
  });

  test("a page of a proxy is an error with its status", async () => {
    await server.faults({ path: "/users/proxied", times: 1, outcome: { html: 403 } });
    await assert.rejects(sdk.getUser({ userId: "proxied" }), (error) => error.statusCode === 403);
  });
});

describe("retries", () => {
  /** How often the SDK asked, and what came of it. */
  const attempts = async (method, path, outcome, times, call) => {
    await server.ask("POST", "/local/faults", { faults: [{ path, times, outcome }] });
    const before = await server.asked(method, path);
    const result = await call().then(() => "ok", (error) => error.statusCode);
    return [result, (await server.asked(method, path)) - before];
  };
  const get = () => sdk.getUser({ userId: "retried" });
  const track = () => sdk.track({ userId: "retried", action: "pay", attributes: { idempotencyKey: "one" } });

  test("a read is repeated twice on 5xx, and then given up", async () => {
    assert.deepEqual(await attempts("GET", "/users/retried", { json: 503 }, 2, get), ["ok", 3]);
    assert.deepEqual(await attempts("GET", "/users/retried", { json: 503 }, 3, get), [503, 3]);
  });

  test("a change is not repeated on 5xx, and nothing on 4xx", async () => {
    const path = "/users/retried/actions/pay";
    assert.deepEqual(await attempts("POST", path, { json: 500 }, 1, track), [500, 1]);
    assert.deepEqual(await attempts("POST", path, { json: 429 }, 1, track), [429, 1]);
    assert.deepEqual(await attempts("GET", "/users/retried", { json: 429 }, 1, get), [429, 1]);
  });

  test("a change whose answer was lost is repeated, and counts once", async () => {
    const path = "/users/retried/actions/pay";
    assert.deepEqual(await attempts("POST", path, "drop", 2, track), ["ok", 3]);
    assert.equal((await sdk.queryUserActions({ userId: "retried" })).length, 1);
  });

  test("a server that is not there is an error and no hang", async () => {
    const nobody = new Authsignal({ apiSecretKey: SECRET, apiUrl: "http://127.0.0.1:1/v1" });
    await assert.rejects(nobody.getUser({ userId: "u" }), (error) => error.errorCode === "unexpected_error");
  });
});

test("every method of the SDK was called here", () => {
  const methods = Object.getOwnPropertyNames(Authsignal.prototype).filter(
    (name) => !["constructor", "getRequestConfig"].includes(name),
  );
  assert.deepEqual([...called].sort(), methods.sort());
});
