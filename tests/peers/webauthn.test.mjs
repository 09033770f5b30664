/**
 * `@simplewebauthn/server` from npm and our server judge the same ceremonies: a good one, and the same with one field
 * spoiled. Where they disagree, `DIFFERENCES` says why that is right; a difference that is not listed, or that is listed
 * and gone, fails.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server";
import { ALGORITHMS, AT, Authenticator, base64url, BE, BS, ED, ORIGIN } from "./support/authenticator.mjs";
import { SECRET, Server } from "./support/server.mjs";

const PASSKEY = "/v1/client/user-authenticators/passkey";
const RP_ID = "localhost";

let server;
before(async () => {
  server = await Server.start();
});
after(() => server.stop());

/** What we refuse, or take, on purpose where the peer does not. */
const anyPort = "local mode takes pages at any port of localhost: a developer's page has its own";
const frame = "a ceremony in a frame of another origin needs that origin's registration, which nobody has";
const notLooked = "the peer does not look at the key before its first assertion";
const DIFFERENCES = {
  "registration: an origin at another port": anyPort,
  "authentication: an origin at another port": anyPort,
  "registration: a ceremony in a frame of another origin": frame,
  "registration: a ceremony in a frame that does not say whose": frame,
  "authentication: a ceremony in a frame that does not say whose": frame,
  "registration: a top origin without a frame": "a browser that says so breaks the specification",
  "registration: a credential id of no bytes": "it names nothing",
  "registration: a credential id that is not the message's": "what is stored would not be what the page was told",
  "registration: a key that is not on the curve of its algorithm": notLooked,
  "registration: an elliptic key that says it is RSA": notLooked,
  "registration: a key on another curve": notLooked,
  "registration: a key without its y": notLooked,
  "registration: a key with a short x": notLooked,
  "registration: a key that is not on the curve": notLooked,
  "registration: self attestation by another algorithm than the key's": "the specification has them compared",
  "authentication: a signature with a tail": "DER ends where it says: the peer cuts the tail off",
  "authentication: a passkey that now can be copied": "whether it may be is fixed when it is created",
  "authentication: a user handle of somebody else": "the peer leaves that to its caller",
};

/** Changes the text of `clientDataJSON` after it was made (and, for an assertion, signed). */
const rewritten = (change) => ({ response }) => {
  const text = Buffer.from(response.clientDataJSON, "base64url").toString();
  response.clientDataJSON = base64url(Buffer.from(change(text)));
};
/** Changes the bytes of a field after they were made. */
const bytes = (field, change) => ({ response }) => {
  response[field] = base64url(change(Buffer.from(response[field], "base64url")));
};
const other = (text) => (text[0] === "A" ? "B" : "A") + text.slice(1);
const flipped = (at) => (data) => {
  data[at < 0 ? data.length + at : at] ^= 1;
  return data;
};

/** The fields that both ceremonies have. */
const common = {
  "an id that is not the raw id": { message: (m) => (m.id = other(m.id)) },
  "a raw id that is not the id": { message: (m) => (m.rawId = other(m.rawId)) },
  "no id": { message: (m) => delete m.id },
  "an empty id": { message: (m) => (m.id = m.rawId = "") },
  "another type": { message: (m) => (m.type = "password") },
  "no type": { message: (m) => delete m.type },
  "no response": { message: (m) => delete m.response },
  "client data that is missing": { message: (m) => delete m.response.clientDataJSON },
  "client data that is empty": { message: (m) => (m.response.clientDataJSON = "") },
  "client data that is no text": { message: (m) => (m.response.clientDataJSON = 7) },
  "client data that is cut off": { message: rewritten((text) => text.slice(0, -1)) },
  "client data that is no object": { message: rewritten(() => "[]") },
  "client data without a type": { parts: (p) => delete p.clientData.type },
  "client data of a payment": { parts: (p) => (p.clientData.type = "payment.get") },
  "client data without a challenge": { parts: (p) => delete p.clientData.challenge },
  "an empty challenge": { parts: (p) => (p.clientData.challenge = "") },
  "another challenge": { parts: (p) => (p.clientData.challenge = other(p.clientData.challenge)) },
  "a challenge that is cut off": { parts: (p) => (p.clientData.challenge = p.clientData.challenge.slice(0, -4)) },
  "a challenge with a tail": { parts: (p) => (p.clientData.challenge += "AAAA") },
  "client data without an origin": { parts: (p) => delete p.clientData.origin },
  "an origin that is null": { parts: (p) => (p.clientData.origin = "null") },
  "an origin of another host": { parts: (p) => (p.clientData.origin = "http://example.test:3000") },
  "an origin that begins like ours": { parts: (p) => (p.clientData.origin = "http://localhost.example.test:3000") },
  "an origin that ends like ours": { parts: (p) => (p.clientData.origin = "http://evil-localhost:3000") },
  "an origin below ours": { parts: (p) => (p.clientData.origin = "http://sub.localhost:3000") },
  "an origin with another scheme": { parts: (p) => (p.clientData.origin = "https://localhost:3000") },
  "an origin with a user name": { parts: (p) => (p.clientData.origin = "http://localhost:3000@example.test") },
  "an origin at another port": { parts: (p) => (p.clientData.origin = "http://localhost:4000"), accepted: true },
  "an origin with a path": { parts: (p) => (p.clientData.origin = `${ORIGIN}/path`) },
  "a ceremony in a frame of another origin": {
    parts: (p) => Object.assign(p.clientData, { crossOrigin: true, topOrigin: "https://example.test" }),
  },
  "a ceremony in a frame that does not say whose": { parts: (p) => (p.clientData.crossOrigin = true) },
  "a top origin without a frame": { parts: (p) => (p.clientData.topOrigin = "https://example.test") },
  "a relying party that is another": { parts: (p) => (p.rpIdHash = Buffer.alloc(32, 7)) },
  "no user presence": { parts: (p) => (p.flags &= ~0x01) },
  "no user verification": { parts: (p) => (p.flags &= ~0x04), accepted: true },
  "a backup of what cannot be backed up": { parts: (p) => (p.flags |= BS) },
  "announced extensions that are not there": { parts: (p) => (p.flags |= ED) },
  "extensions that were not announced": { parts: (p) => (p.extensions = Buffer.of(0xa0)) },
  "a further member of client data": { parts: (p) => (p.clientData.later = "a member that nobody knows yet"), accepted: true },
  "extension results that nobody asked for": { message: (m) => (m.clientExtensionResults = { appid: true }), accepted: true },
};

const attestation = (change) => bytes("attestationObject", change);

const registrations = {
  ...common,
  "the good one": { accepted: true },
  "client data of an assertion": { parts: (p) => (p.clientData.type = "webauthn.get") },
  "a passkey that is copied to other devices": { parts: (p) => (p.flags |= BE | BS), accepted: true },
  "an attestation object that is missing": { message: (m) => delete m.response.attestationObject },
  "an attestation object that is empty": { message: (m) => (m.response.attestationObject = "") },
  "an attestation object that is no CBOR": { message: attestation(() => Buffer.from("nonsense")) },
  "an attestation object that is cut off": { message: attestation((data) => data.subarray(0, -20)) },
  "no attested credential": { parts: (p) => { p.flags &= ~AT; delete p.attested; } },
  "an attested credential that is not announced": { parts: (p) => (p.flags &= ~AT) },
  "a credential id that is longer than its data": { parts: (p) => (p.attested.credentialIdLength = 9000) },
  "a credential id of no bytes": { parts: (p) => (p.attested.credentialId = Buffer.alloc(0)) },
  "a credential id that is not the message's": { parts: (p) => (p.attested.credentialId = Buffer.alloc(32, 5)) },
  "a key of an algorithm that was not offered": { parts: (p) => p.attested.coseKey.set(3, -36) },
  "a key that is not on the curve of its algorithm": { parts: (p) => p.attested.coseKey.set(3, -35) },
  "a key without an algorithm": { parts: (p) => p.attested.coseKey.delete(3) },
  "an elliptic key that says it is RSA": { parts: (p) => p.attested.coseKey.set(1, 3).set(3, -257) },
  "a key on another curve": { parts: (p) => p.attested.coseKey.set(-1, 2) },
  "a key without its y": { parts: (p) => p.attested.coseKey.delete(-3) },
  "a key with a short x": { parts: (p) => p.attested.coseKey.set(-2, p.attested.coseKey.get(-2).subarray(1)) },
  "a key that is not on the curve": { parts: (p) => p.attested.coseKey.set(-3, Buffer.alloc(32, 9)) },
  "an unknown format": { parts: (p) => (p.format = "nonsense") },
  "no attestation, with a statement": { parts: (p) => (p.statement = () => new Map([["alg", -7]])) },
  "self attestation": {
    parts: (p) => {
      p.format = "packed";
      p.statement = async (sign) => new Map([["alg", -7], ["sig", new Uint8Array(await sign())]]);
    },
    accepted: true,
  },
  "self attestation with a signature over something else": {
    parts: (p) => {
      p.format = "packed";
      p.statement = async (sign) => new Map([["alg", -7], ["sig", new Uint8Array(await sign(Buffer.from("else")))]]);
    },
  },
  "self attestation by another algorithm than the key's": {
    parts: (p) => {
      p.format = "packed";
      p.statement = async (sign) => new Map([["alg", -257], ["sig", new Uint8Array(await sign())]]);
    },
  },
  "transports that nobody knows": { message: (m) => (m.response.transports = ["pigeon"]), accepted: true },
  "no transports": { message: (m) => delete m.response.transports, accepted: true },
};

const assertions = {
  ...common,
  "the good one": { accepted: true },
  "client data of a registration": { parts: (p) => (p.clientData.type = "webauthn.create") },
  "a signature with a flipped bit": { message: bytes("signature", flipped(-1)) },
  "a signature that is cut off": { message: bytes("signature", (data) => data.subarray(0, -1)) },
  "a signature that is empty": { message: (m) => (m.response.signature = "") },
  "a signature that is missing": { message: (m) => delete m.response.signature },
  "a signature of zeros": { parts: (p) => (p.signature = () => Buffer.of(0x30, 6, 2, 1, 0, 2, 1, 0)) },
  "a raw signature": { parts: (p) => (p.signature = (raw) => raw) },
  "a signature with a tail": { message: bytes("signature", (data) => Buffer.concat([data, Buffer.of(0)])) },
  "client data that was changed after it was signed": { message: rewritten((text) => text.replace("{", "{ ")) },
  "authenticator data that was changed after it was signed": { message: bytes("authenticatorData", flipped(36)) },
  "authenticator data that is cut off": { message: bytes("authenticatorData", (data) => data.subarray(0, 36)) },
  "authenticator data that is missing": { message: (m) => delete m.response.authenticatorData },
  "a counter that went back": { parts: (p) => (p.counter = 3) },
  "a counter that stands still": { parts: (p) => (p.counter = 5) },
  "a counter that stopped": { parts: (p) => (p.counter = 0) },
  "a counter that jumped": { parts: (p) => (p.counter = 2_000_000_000), accepted: true },
  "a passkey that now can be copied": { parts: (p) => (p.flags |= BE) },
  "extension data": { parts: (p) => { p.flags |= ED; p.extensions = Buffer.of(0xa0); }, accepted: true },
  "a user handle that is null": { message: (m) => (m.response.userHandle = null), accepted: true },
  "a user handle of somebody else": { message: (m) => (m.response.userHandle = base64url(Buffer.alloc(16, 3))) },
  "a user handle that is no text": { message: (m) => (m.response.userHandle = 7) },
};

const verdictOf = async (judge) => {
  try {
    return (await judge()) ? "accepted" : "refused";
  } catch {
    return "refused";
  }
};

/** Our verdict; an answer that is neither a success nor a refusal in the triple is none. */
const oursOn = ({ status, body }) => {
  if (status === 200) {
    assert.equal(body.isVerified, true);
    assert.ok(body.accessToken);
    return "accepted";
  }
  assert.ok(status >= 400 && status < 500, `${status} ${JSON.stringify(body)}`);
  assert.ok(body.error && body.error === body.errorCode && body.errorDescription, JSON.stringify(body));
  return "refused";
};

const compare = (ceremony, name, { accepted }, peer, ours) => {
  const reason = DIFFERENCES[`${ceremony}: ${name}`];
  if (reason === undefined) assert.equal(ours, peer, "ours, and the peer's");
  else assert.notEqual(ours, peer, "this difference is listed, and is gone");
  assert.equal(ours, accepted ? "accepted" : "refused", "ours, and what is right");
};

let users = 0;
const tracked = async () => {
  users += 1;
  const response = await fetch(`${server.api}/users/u${users}/actions/manage`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${SECRET}:`)}`, "content-type": "application/json" },
    body: "{}",
  });
  return (await response.json()).token;
};

/** Creates a credential; both verdicts, and what the peer stores. */
const registered = async (token, authenticator, spoiled) => {
  const { challengeId, options } = await server.ask("POST", `${PASSKEY}/registration-options`, {}, token);
  const response = await authenticator.create(options, spoiled);
  let stored;
  const peer = await verdictOf(async () => {
    const verdict = await verifyRegistrationResponse({
      response: structuredClone(response),
      expectedChallenge: options.challenge,
      expectedOrigin: ORIGIN,
      expectedRPID: RP_ID,
      requireUserVerification: false,
      supportedAlgorithmIDs: options.pubKeyCredParams.map(({ alg }) => alg),
    });
    stored = verdict.registrationInfo?.credential;
    return verdict.verified;
  });
  const body = { registrationCredential: response, conditionalCreate: false, challengeId };
  const answer = await server.call("POST", PASSKEY, body, token);
  return { peer, ours: oursOn(answer), stored, token: answer.body.accessToken };
};

describe("a registration is judged as the peer judges it", () => {
  for (const [name, spoiled] of Object.entries(registrations)) {
    test(name, async () => {
      const { peer, ours, stored } = await registered(await tracked(), await Authenticator.new(), spoiled);
      compare("registration", name, spoiled, peer, ours);
      if (ours === "accepted" && peer === "accepted") assert.ok(stored.id);
    });
  }
});

/** Asks for options and answers them; both verdicts. */
const asserted = async ({ stored, token }, authenticator, spoiled) => {
  const { challengeId, options } = await server.ask("POST", `${PASSKEY}/authentication-options`, {}, token);
  const response = await authenticator.get(options, spoiled);
  const peer = await verdictOf(async () => {
    const verdict = await verifyAuthenticationResponse({
      response: structuredClone(response),
      expectedChallenge: options.challenge,
      expectedOrigin: ORIGIN,
      expectedRPID: RP_ID,
      credential: stored,
      requireUserVerification: false,
    });
    stored.counter = verdict.authenticationInfo?.newCounter ?? stored.counter;
    return verdict.verified;
  });
  const body = { authenticationCredential: response, deviceId: "d", challengeId };
  return { peer, ours: oursOn(await server.call("POST", "/v1/client/verify/passkey", body, token)) };
};

describe("an assertion is judged as the peer judges it", () => {
  for (const [name, spoiled] of Object.entries(assertions)) {
    test(name, async () => {
      const authenticator = await Authenticator.new();
      const credential = await registered(await tracked(), authenticator);
      // The counter stands at 5, on both sides.
      const first = await asserted(credential, authenticator, { parts: (parts) => (parts.counter = 5) });
      assert.deepEqual(first, { peer: "accepted", ours: "accepted" });
      const parts = (parts) => {
        parts.counter = 6;
        spoiled.parts?.(parts);
      };
      const { peer, ours } = await asserted(credential, authenticator, { ...spoiled, parts });
      compare("authentication", name, spoiled, peer, ours);
    });
  }
});

describe("a key of each algorithm that is offered signs in, and no other key of its kind", () => {
  for (const [name, algorithm] of Object.entries(ALGORITHMS)) {
    test(name, async () => {
      const [authenticator, other] = [await Authenticator.new(algorithm), await Authenticator.new(algorithm)];
      other.credentialId = authenticator.credentialId;
      const credential = await registered(await tracked(), authenticator);
      assert.deepEqual(await asserted(credential, authenticator), { peer: "accepted", ours: "accepted" });
      const later = { parts: (parts) => (parts.counter = 9) };
      assert.deepEqual(await asserted(credential, other, later), { peer: "refused", ours: "refused" });
    });
  }
});

test("every listed difference is that of a case", () => {
  const known = new Set([
    ...Object.keys(registrations).map((name) => `registration: ${name}`),
    ...Object.keys(assertions).map((name) => `authentication: ${name}`),
  ]);
  for (const name of Object.keys(DIFFERENCES)) assert.ok(known.has(name), name);
});
