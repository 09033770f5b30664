/**
 * What real apps do with the vendor's packages, call by call: each is played in Node and in Chromium. The letters are
 * those of the apps that they were read from, in the notes on the protocol.
 *
 * A world has: `backend`, `@authsignal/node`; `client(method, ...arguments)`, a method of `@authsignal/browser` by its
 * path, which answers what it answered, or `{thrown: {name, code, message}}`; `pick()`, by which the user takes the
 * passkey that the autofill offers; `server`, whose outbox is everybody's mailbox; `webhooks`, what the backend was told.
 */
import assert from "node:assert/strict";
import { generate } from "otplib";
import { Phone } from "./phone.mjs";

/** The data of a success. */
const dataOf = (answer) => {
  assert.ok(answer && "data" in answer, JSON.stringify(answer));
  assert.equal("error" in answer, false);
  return answer.data;
};

/** The backend's last word: the token stands for a met challenge of this user and action. */
const isMet = async ({ backend }, token, userId, action) => {
  const validated = await backend.validateChallenge({ token, userId, action });
  assert.deepEqual([validated.isValid, validated.state], [true, "CHALLENGE_SUCCEEDED"], JSON.stringify(validated));
};

const tracked = async ({ backend, client }, userId, action, attributes) => {
  const answer = await backend.track({ userId, action, attributes });
  await client("setToken", answer.token);
  return answer;
};

const methodsOf = async ({ backend }, userId) =>
  (await backend.getAuthenticators({ userId })).map((one) => one.verificationMethod).sort();

/** Signs up as A1 does; the token of the verify stands in the client's cache then. */
const signUp = async (world, userId, email) => {
  const { backend, client, server } = world;
  const { isEnrolled } = await tracked(world, userId, "cognitoAuth", { email });
  assert.equal(isEnrolled, false);
  dataOf(await client("email.enroll", { email }));
  const first = await server.codeSent(email);
  // "Send it again" is a second enrolment there.
  const { userAuthenticatorId, userId: told } = dataOf(await client("email.enroll", { email }));
  assert.ok(userAuthenticatorId);
  assert.equal(told, userId);
  const code = await server.codeSent(email);
  if (first !== code) assert.equal(dataOf(await client("email.verify", { code: first })).isVerified, false);
  const { isVerified, token } = dataOf(await client("email.verify", { code }));
  assert.equal(isVerified, true);
  await isMet(world, token, userId, "cognitoAuth");
  assert.equal((await backend.getUser({ userId })).isEnrolled, true);
  return token;
};

const codeOf = async (secret, secondsAhead = 0) => generate({ secret, epoch: Date.now() / 1000 + secondsAhead });

export const SEQUENCES = {
  "A1: a first e-mail authenticator without any scope, its code sent again": async (world) => {
    await signUp(world, "a1", "a1@example.test");
  },

  "A3, A4: a passkey inside the window of the e-mail code, by the cached token alone": async (world) => {
    const { backend, client } = world;
    await signUp(world, "a4", "a4@example.test");
    assert.equal(await client("passkey.isAvailableOnDevice", { userId: "a4" }), false);
    const created = dataOf(await client("passkey.signUp", { username: "a4@example.test", displayName: "A Four" }));
    assert.ok(created.token);
    assert.equal(created.userAuthenticator.verificationMethod, "PASSKEY");
    assert.equal(await client("passkey.isAvailableOnDevice", { userId: "a4" }), true);
    assert.deepEqual(await methodsOf(world, "a4"), ["EMAIL_OTP", "PASSKEY"]);
    assert.equal((await backend.getUser({ userId: "a4" })).email, "a4@example.test");
  },

  "A2: a sign-in by passkey from the input, and one by e-mail where there is none": async (world) => {
    const { backend, client, server } = world;
    const email = "a2@example.test";
    await backend.updateUser({ userId: "a2", attributes: { username: "a2" } });
    await signUp(world, "a2", email);
    dataOf(await client("passkey.signUp", { username: "a2" }));
    const autofill = client("passkey.signIn", { action: "cognitoAuth", autofill: true });
    await world.pick();
    const signedIn = dataOf(await autofill);
    assert.deepEqual([signedIn.isVerified, signedIn.username], [true, "a2"]);
    await isMet(world, signedIn.token, "a2", "cognitoAuth");

    await tracked(world, "a2", "cognitoAuth", { email });
    dataOf(await client("email.challenge"));
    const first = await server.codeSent(email);
    dataOf(await client("email.challenge"));
    const code = await server.codeSent(email);
    if (first !== code) {
      assert.deepEqual(dataOf(await client("email.verify", { code: first })), {
        isVerified: false,
        failureReason: "CODE_INVALID_OR_EXPIRED",
      });
    }
    await isMet(world, dataOf(await client("email.verify", { code })).token, "a2", "cognitoAuth");
  },

  "A5: a further passkey by the backend's scope, and none twice on one device": async (world) => {
    const { backend, client } = world;
    await signUp(world, "a5", "a5@example.test");
    const scope = "add:authenticators";
    const first = await backend.track({ userId: "a5", action: "addAuthenticator", attributes: { scope } });
    await client("setToken", first.token);
    dataOf(await client("passkey.signUp", { token: first.token, authenticatorAttachment: null }));
    const second = await backend.track({ userId: "a5", action: "addAuthenticator", attributes: { scope } });
    const { thrown } = await client("passkey.signUp", { token: second.token, authenticatorAttachment: null });
    assert.deepEqual(
      [thrown?.name, thrown?.code],
      ["InvalidStateError", "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED"],
    );
    assert.deepEqual(await methodsOf(world, "a5"), ["EMAIL_OTP", "PASSKEY"]);
    const without = await backend.track({ userId: "a5", action: "addAuthenticator" });
    const refused = await client("passkey.signUp", { token: without.token });
    assert.equal(refused.errorCode, "insufficient_scope", JSON.stringify(refused));
  },

  "A6: an authenticator app by the backend's scope": async (world) => {
    const { client } = world;
    await signUp(world, "a6", "a6@example.test");
    await tracked(world, "a6", "addAuthenticator", { scope: "add:authenticators" });
    const { uri, secret } = dataOf(await client("totp.enroll"));
    assert.equal(new URL(uri).searchParams.get("secret"), secret);
    const wrong = dataOf(await client("totp.verify", { code: await codeOf(secret, 3600) }));
    assert.equal(wrong.isVerified, false);
    assert.ok(dataOf(await client("totp.verify", { code: await codeOf(secret) })).token);
    assert.deepEqual(await methodsOf(world, "a6"), ["AUTHENTICATOR_APP", "EMAIL_OTP"]);
  },

  "A7: a magic link by the backend's scope: the page waits until its owner confirms": async (world) => {
    const { client, server } = world;
    await signUp(world, "a7", "a7@example.test");
    await tracked(world, "a7", "addAuthenticator", { scope: "add:authenticators" });
    dataOf(await client("emailML.enroll", { email: "a7@example.test" }));
    const waiting = client("emailML.checkVerificationStatus");
    await server.confirmLink("a7@example.test");
    assert.equal(dataOf(await waiting).isVerified, true);
    assert.deepEqual(await methodsOf(world, "a7"), ["EMAIL_MAGIC_LINK", "EMAIL_OTP"]);
  },

  "A8: a payment is approved by passkey, and by e-mail": async (world) => {
    const { backend, client, server } = world;
    const email = "a8@example.test";
    await signUp(world, "a8", email);
    dataOf(await client("passkey.signUp", { username: "a8" }));
    const byPasskey = await backend.track({ userId: "a8", action: "authorizePayment" });
    assert.equal(byPasskey.state, "CHALLENGE_REQUIRED");
    // What `startChallengeAsync` of the React package asks first.
    const { challengeOptions } = await server.ask("POST", "/v1/client/init", {}, byPasskey.token);
    assert.ok(challengeOptions.token);
    assert.deepEqual([...challengeOptions.verificationMethods].sort(), ["EMAIL_OTP", "PASSKEY"]);
    const { token } = dataOf(await client("passkey.signIn", { token: byPasskey.token }));
    await isMet(world, token, "a8", "authorizePayment");

    await tracked(world, "a8", "authorizePayment");
    dataOf(await client("email.challenge"));
    const code = await server.codeSent(email);
    await isMet(world, dataOf(await client("email.verify", { code })).token, "a8", "authorizePayment");
  },

  "A9: a backend lists the authenticators, and deletes one": async (world) => {
    const { backend, client } = world;
    await signUp(world, "a9", "a9@example.test");
    dataOf(await client("passkey.signUp", { username: "a9" }));
    const all = await backend.getAuthenticators({ userId: "a9" });
    const passkey = all.find((one) => one.verificationMethod === "PASSKEY");
    assert.ok(passkey.webauthnCredential.credentialId);
    await backend.deleteAuthenticator({ userId: "a9", userAuthenticatorId: passkey.userAuthenticatorId });
    const gone = await client("passkey.signIn", { action: "cognitoAuth" });
    assert.equal(gone.errorCode, "unknown_credential", JSON.stringify(gone));
    assert.deepEqual(await methodsOf(world, "a9"), ["EMAIL_OTP"]);
  },

  "C: every method that the React components challenge: a token tells that it was met": async (world) => {
    const { backend, client, server } = world;
    const [email, phoneNumber] = ["c@example.test", "+15550100199"];
    await signUp(world, "c", email);
    dataOf(await client("sms.enroll", { phoneNumber }));
    dataOf(await client("sms.verify", { code: await server.codeSent(phoneNumber) }));
    const { secret } = dataOf(await client("totp.enroll"));
    dataOf(await client("totp.verify", { code: await codeOf(secret) }));
    dataOf(await client("passkey.signUp", { username: "c" }));

    const { token: asked } = await tracked(world, "c", "pay");
    for (const [namespace, address] of [
      ["email", email],
      ["sms", phoneNumber],
    ]) {
      dataOf(await client(`${namespace}.challenge`));
      const code = await server.codeSent(address);
      const wrong = dataOf(await client(`${namespace}.verify`, { code: code === "000000" ? "111111" : "000000" }));
      assert.equal(wrong.token, undefined);
      await isMet(world, dataOf(await client(`${namespace}.verify`, { code })).token, "c", "pay");
    }
    // The code of this step was spent by the enrolment.
    await isMet(world, dataOf(await client("totp.verify", { code: await codeOf(secret, 30) })).token, "c", "pay");
    await isMet(world, dataOf(await client("passkey.signIn", { token: asked })).token, "c", "pay");

    await backend.enrollVerifiedAuthenticator({ userId: "c", attributes: { verificationMethod: "EMAIL_MAGIC_LINK", email } });
    await tracked(world, "c", "pay");
    dataOf(await client("emailML.challenge"));
    const waiting = client("emailML.checkVerificationStatus");
    await server.confirmLink(email);
    await isMet(world, dataOf(await waiting).token, "c", "pay");
  },

  "E: a push that a phone approves by its number, one that it denies, and the signed webhook": async (world) => {
    const { backend, client, server, webhooks } = world;
    const userId = "e";
    await backend.updateUser({ userId, attributes: { displayName: "E", username: "e@example.test" } });
    const enrolment = await backend.track({ userId, action: "addAuthenticator", attributes: { scope: "add:authenticators" } });
    const phone = new Phone(server, "push");
    await phone.add(enrolment.token);

    await tracked(world, userId, "signIn", { custom: { numberMatch: "42" }, ipAddress: "192.0.2.7" });
    const asked = dataOf(await client("push.challenge", { action: "signIn" }));
    const { body, signature } = await webhooks.next("push.created");
    const { data } = backend.webhook.constructEvent(body, signature);
    assert.deepEqual([data.challengeId, data.userId, data.actionCode], [asked.challengeId, userId, "signIn"]);
    assert.equal(data.ipAddress, "192.0.2.7");
    const pending = dataOf(await client("push.verify", { challengeId: asked.challengeId }));
    assert.deepEqual([pending.isVerified, pending.isConsumed], [false, false]);
    const waiting = await phone.challenge();
    assert.deepEqual([waiting.challengeId, waiting.actionCode, waiting.custom], [asked.challengeId, "signIn", { numberMatch: "42" }]);
    assert.deepEqual(await phone.answer(asked.challengeId, true, "42"), { isVerified: true });
    const { token, ...met } = dataOf(await client("push.verify", { challengeId: asked.challengeId }));
    assert.deepEqual(met, { isVerified: true, isConsumed: true });
    await isMet(world, token, userId, "signIn");
    // The SDK keeps the token that was tracked: the app sets the new one, and binds by it.
    await client("setToken", token);
    dataOf(await client("totp.enroll"));

    const { idempotencyKey } = await tracked(world, userId, "signIn");
    const { challengeId } = dataOf(await client("push.challenge", { action: "signIn" }));
    await phone.answer(challengeId, false);
    const denied = dataOf(await client("push.verify", { challengeId }));
    assert.deepEqual([denied.isVerified, denied.isConsumed, denied.token], [false, true, undefined]);
    const action = { userId, action: "signIn", idempotencyKey };
    assert.equal((await backend.updateAction({ ...action, attributes: { state: "CHALLENGE_FAILED" } })).state, "CHALLENGE_FAILED");
    assert.equal((await backend.getAction(action)).state, "CHALLENGE_FAILED");
  },

  "F: an e-mail that only the backend knows is challenged, and makes a session; then a phone is registered": async (world) => {
    const { backend, client, server } = world;
    const email = "f@example.test";
    assert.deepEqual((await backend.queryUsers({ email })).users, []);
    await backend.updateUser({ userId: "f", attributes: { email } });
    assert.deepEqual((await backend.queryUsers({ email })).users.map((user) => user.userId), ["f"]);
    await tracked(world, "f", "signIn", { email });
    // The user is enrolled with nothing: the backend's address is the first authenticator.
    dataOf(await client("email.challenge"));
    const { token } = dataOf(await client("email.verify", { code: await server.codeSent(email) }));
    const first = await backend.createSession({ token, clientId: "app" });
    assert.equal((await backend.validateSession({ accessToken: first.accessToken })).user.userId, "f");
    const second = await backend.refreshSession({ refreshToken: first.refreshToken });
    await backend.revokeSession({ accessToken: second.accessToken });
    await assert.rejects(backend.validateSession({ accessToken: second.accessToken }), (error) => error.statusCode === 401);

    const phone = new Phone(server, "push");
    await assert.rejects(phone.credential(), /invalid_credential/);
    const { token: mayAdd } = await backend.track({ userId: "f", action: "registerPush", attributes: { scope: "add:authenticators" } });
    const added = await phone.add(mayAdd);
    const { userAuthenticatorId, userId } = await phone.credential();
    assert.deepEqual([userAuthenticatorId, userId], [added.userAuthenticatorId, "f"]);
    await tracked(world, "f", "pay");
    const { challengeId } = dataOf(await client("push.challenge", { action: "pay" }));
    assert.equal((await phone.challenge()).challengeId, challengeId);
    await phone.answer(challengeId, true);
    await isMet(world, dataOf(await client("push.verify", { challengeId })).token, "f", "pay");
    assert.equal((await phone.challenge()).challengeId, undefined);
  },

  "G: a backend finds a user by phone, e-mail or id token, creates one, and has a code sent by text message": async (world) => {
    const { backend, client, server } = world;
    const [email, phoneNumber] = ["g@example.test", "+15550100177"];
    const idToken = `x.${Buffer.from(JSON.stringify({ sub: "g", email })).toString("base64url")}.x`;
    const found = async () => {
      const answers = await Promise.all([{ phoneNumber }, { email }, { token: idToken }].map((by) => backend.queryUsers(by)));
      return answers.map(({ users }) => users.map((user) => user.userId));
    };
    assert.deepEqual(await found(), [[], [], []]);
    await backend.updateUser({ userId: "g", attributes: { email, phoneNumber } });
    assert.deepEqual(await found(), [["g"], ["g"], ["g"]]);
    await tracked(world, "g", "cognitoAuth", { phoneNumber, email, scope: "add:authenticators" });
    dataOf(await client("sms.challenge"));
    const { token } = dataOf(await client("sms.verify", { code: await server.codeSent(phoneNumber) }));
    await isMet(world, token, "g", "cognitoAuth");
    const [authenticator] = await backend.getAuthenticators({ userId: "g" });
    assert.deepEqual([authenticator.verificationMethod, authenticator.phoneNumber], ["SMS", phoneNumber]);
    await tracked(world, "g", "cognitoAuth");
    dataOf(await client("whatsapp.challenge"));
    const code = await server.codeSent(phoneNumber);
    const { token: byWhatsapp } = dataOf(await client("whatsapp.verify", { code }));
    assert.equal((await backend.validateChallenge({ token: byWhatsapp })).verificationMethod, "WHATSAPP");
  },

  "H: whoever comes back without having proven anything is validated as such": async (world) => {
    const { backend } = world;
    const userId = "h";
    const { isEnrolled } = await backend.track({ userId, action: "signIn", attributes: { redirectUrl: "http://localhost:3000/callback" } });
    await backend.enrollVerifiedAuthenticator({ userId, attributes: { verificationMethod: "EMAIL_OTP", email: "h@example.test" } });
    const { url, token } = await backend.track({
      userId,
      action: "signIn",
      attributes: { redirectUrl: "http://localhost:3000/callback", redirectToSettings: isEnrolled },
    });
    assert.equal(new URL(url).searchParams.get("token"), token);
    const { isValid, state, userId: whose } = await backend.validateChallenge({ token });
    assert.deepEqual([isValid, state, whose], [false, "CHALLENGE_REQUIRED", userId]);
    assert.equal((await backend.getUser({ userId })).isEnrolled, true);
  },
};
