/**
 * The conversion of our own, for browsers without WebAuthn JSON: the test vectors of the specification, through it, to
 * `@simplewebauthn/server` as the verifier. tests/e2e has it beside the browser's own conversion.
 */
import assert from "node:assert/strict";
import { hkdfSync, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { SettingsService, verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server";
import { parseCreationOptionsFromJSON, parseRequestOptionsFromJSON, toJSON } from "../../pkg-template/webauthn-json.js";

/** Web Authentication Level 3, section 16. All bytes are in hexadecimal, as there. */
const { attestationRoot, vectors } = JSON.parse(readFileSync(new URL("support/w3c-vectors.json", import.meta.url)));

const bytes = (hex) => Buffer.from(hex, "hex");
/** As a browser has it: an `ArrayBuffer` of its own. */
const buffer = (hex) => new Uint8Array(bytes(hex)).buffer;
const base64url = (hex) => bytes(hex).toString("base64url");
const hex = (value) => Buffer.from(value).toString("hex");

/** The credential that a browser's ceremony brings. */
const credential = (credentialId, response, extensions = {}) => ({
  id: base64url(credentialId),
  rawId: buffer(credentialId),
  type: "public-key",
  authenticatorAttachment: null,
  getClientExtensionResults: () => extensions,
  response: Object.fromEntries(Object.entries(response).map(([name, value]) => [name, value && buffer(value)])),
});

before(() => {
  const root = new X509Certificate(bytes(attestationRoot)).toString();
  SettingsService.setRootCertificates({ identifier: "packed", certificates: [root] });
});

for (const { section, name, info, format, credentialId, registration, authentication } of vectors) {
  test(`the vectors of ${section}, ${name}, pass through the conversion and verify`, async () => {
    // How the specification made it: a slip of the copyist's shows here.
    const made = hkdfSync("sha256", "WebAuthn test vectors", Buffer.from([0]), info, 32);
    assert.equal(hex(made), registration.challenge);

    const { challenge, ...attestation } = registration;
    const creation = parseCreationOptionsFromJSON({ challenge: base64url(challenge), user: { id: "dQ" } });
    assert.equal(hex(creation.challenge), challenge);
    const expected = {
      expectedOrigin: "https://example.org",
      expectedTopOrigin: "https://example.com",
      expectedRPID: "example.org",
      requireUserVerification: false,
    };
    const registered = await verifyRegistrationResponse({
      ...expected,
      response: toJSON(credential(credentialId, attestation)),
      expectedChallenge: base64url(challenge),
    });
    assert.equal(registered.verified, true);
    assert.equal(registered.registrationInfo.fmt, format);
    assert.equal(registered.registrationInfo.credential.id, base64url(credentialId));

    const { challenge: another, ...assertion } = authentication;
    const request = parseRequestOptionsFromJSON({
      challenge: base64url(another),
      allowCredentials: [{ type: "public-key", id: base64url(credentialId) }],
    });
    assert.equal(hex(request.challenge), another);
    assert.equal(hex(request.allowCredentials[0].id), credentialId);
    const response = toJSON(credential(credentialId, { ...assertion, userHandle: null }));
    const { verified } = await verifyAuthenticationResponse({
      ...expected,
      response,
      expectedChallenge: base64url(another),
      credential: registered.registrationInfo.credential,
    });
    assert.equal(verified, true);
    assert.equal("userHandle" in JSON.parse(JSON.stringify(response)).response, false);
  });
}

test("a vector with one bit changed does not verify", async () => {
  const [{ credentialId, registration }] = vectors;
  const { challenge, ...attestation } = registration;
  const spoiled = bytes(challenge);
  spoiled[0] ^= 1;
  await assert.rejects(
    verifyRegistrationResponse({
      response: toJSON(credential(credentialId, attestation)),
      expectedChallenge: spoiled.toString("base64url"),
      expectedOrigin: "https://example.org",
      expectedRPID: "example.org",
      requireUserVerification: false,
    }),
    /challenge/i,
  );
});

/** Section 16.17.1: the values are made from this text and a number. */
const seed = Buffer.from("WebAuthn PRF test vectors");
const prf = (number) => Buffer.concat([seed, Buffer.from([number])]);

test("the inputs of PRF become buffers, for all credentials and for each, and its results become text", () => {
  const [first, second] = [prf(2), prf(3)].map((input) => input.toString("base64url"));
  const options = {
    challenge: "AA",
    extensions: { prf: { eval: { first, second }, evalByCredential: { "e02eZ9lPp0UdkF4vGRO4-NxlhWBkL1FCmsmb1tTfRyE": { first: second } } } },
  };
  const { extensions } = parseRequestOptionsFromJSON(options);
  assert.deepEqual(Buffer.from(extensions.prf.eval.first), prf(2));
  assert.deepEqual(Buffer.from(extensions.prf.eval.second), prf(3));
  const [[id, forOne]] = Object.entries(extensions.prf.evalByCredential);
  assert.equal(id, "e02eZ9lPp0UdkF4vGRO4-NxlhWBkL1FCmsmb1tTfRyE");
  assert.deepEqual(Buffer.from(forOne.first), prf(3));
  assert.equal(forOne.second, undefined);
  assert.equal(options.extensions.prf.eval.first, first, "what the server sent is not changed");

  const results = {
    first: buffer("3c33e07d202c3b029cc21f1722767021bf27d595933b3d2b6a1b9d5dddc77fae"),
    second: new Uint8Array(bytes("a62a8773b19cda90d7ed4ef72a80a804320dbd3997e2f663805ad1fd3293d50b")),
  };
  const { clientExtensionResults } = toJSON(credential("00", { signature: "00" }, { prf: { enabled: true, results } }));
  assert.deepEqual(clientExtensionResults, {
    prf: {
      enabled: true,
      results: {
        first: "PDPgfSAsOwKcwh8XInZwIb8n1ZWTOz0rahudXd3Hf64",
        second: "piqHc7Gc2pDX7U73KoCoBDINvTmX4vZjgFrR_TKT1Qs",
      },
    },
  });
});

test("a large blob is written from text, and what is read becomes text", () => {
  const { extensions } = parseRequestOptionsFromJSON({ challenge: "AA", extensions: { largeBlob: { write: "AAEC_-8" } } });
  assert.equal(hex(extensions.largeBlob.write), "000102ffef");
  const reading = parseRequestOptionsFromJSON({ challenge: "AA", extensions: { largeBlob: { read: true }, credProps: true } });
  assert.deepEqual(reading.extensions, { largeBlob: { read: true }, credProps: true });

  // A view of a part of a buffer is that part.
  const blob = new Uint8Array(buffer("ff000102ffef")).subarray(1);
  const json = toJSON(credential("00", { signature: "00" }, { largeBlob: { blob }, credProps: { rk: true }, appid: false }));
  assert.deepEqual(json.clientExtensionResults, { largeBlob: { blob: "AAEC_-8" }, credProps: { rk: true }, appid: false });
});
