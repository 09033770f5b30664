/**
 * A software authenticator with the browser's part of a ceremony: WebCrypto signs, `@simplewebauthn/server` encodes CBOR.
 * A test spoils what it makes: `parts` before they are put together and signed, `message` just before it is sent.
 */
import { isoCBOR } from "@simplewebauthn/server/helpers";
import { webcrypto } from "node:crypto";

const { subtle } = webcrypto;
export const ORIGIN = "http://localhost:3000";

const UP = 0x01;
const UV = 0x04;
export const BE = 0x08;
export const BS = 0x10;
export const AT = 0x40;
export const ED = 0x80;

export const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const sha256 = async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes));
const uint = (value, length) => {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
};

/** ASN.1 DER of the r||s that WebCrypto makes. */
export const der = (raw) => {
  const integer = (bytes) => {
    let digits = Buffer.from(bytes);
    while (digits.length > 1 && digits[0] === 0 && digits[1] < 0x80) digits = digits.subarray(1);
    if (digits[0] >= 0x80) digits = Buffer.concat([Buffer.of(0), digits]);
    return Buffer.concat([Buffer.of(0x02, digits.length), digits]);
  };
  const half = raw.length / 2;
  const [r, s] = [integer(raw.subarray(0, half)), integer(raw.subarray(half))];
  return Buffer.concat([Buffer.of(0x30, r.length + s.length), r, s]);
};

/** A key on a curve: kty EC2, alg, crv, x, y. */
const elliptic = (algorithm, curve, namedCurve, hash) => ({
  generate: { name: "ECDSA", namedCurve },
  sign: { name: "ECDSA", hash },
  coseKey: async (key) => {
    const point = Buffer.from(await subtle.exportKey("raw", key)).subarray(1);
    const half = point.length / 2;
    return new Map([[1, 2], [3, algorithm], [-1, curve], [-2, point.subarray(0, half)], [-3, point.subarray(half)]]);
  },
  encode: der,
});

/** What our options offer. */
export const ALGORITHMS = {
  ES256: elliptic(-7, 1, "P-256", "SHA-256"),
  ES384: elliptic(-35, 2, "P-384", "SHA-384"),
  RS256: {
    generate: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) },
    sign: { name: "RSASSA-PKCS1-v1_5" },
    // kty RSA, alg, n, e
    coseKey: async (key) => {
      const { n, e } = await subtle.exportKey("jwk", key);
      return new Map([[1, 3], [3, -257], [-1, Buffer.from(n, "base64url")], [-2, Buffer.from(e, "base64url")]]);
    },
    encode: (raw) => raw,
  },
};

const unspoiled = { parts: () => {}, message: () => {} };

/** Authenticator data as its parts say. */
const authenticatorData = ({ rpIdHash, flags, counter, attested, extensions }) => {
  const pieces = [rpIdHash, Buffer.of(flags), uint(counter, 4)];
  if (attested) {
    const { aaguid, credentialId, credentialIdLength, coseKey } = attested;
    pieces.push(aaguid, uint(credentialIdLength ?? credentialId.length, 2), credentialId, isoCBOR.encode(coseKey));
  }
  if (extensions) pieces.push(extensions);
  return Buffer.concat(pieces);
};

export class Authenticator {
  #algorithm;
  #keys;
  #counter = 0;

  static async new(algorithm = ALGORITHMS.ES256) {
    const authenticator = new Authenticator();
    authenticator.#algorithm = algorithm;
    authenticator.#keys = await subtle.generateKey(algorithm.generate, true, ["sign"]);
    authenticator.credentialId = webcrypto.getRandomValues(new Uint8Array(32));
    return authenticator;
  }

  /** Signs as WebCrypto does: by a key on a curve, r||s. */
  async sign(bytes) {
    return new Uint8Array(await subtle.sign(this.#algorithm.sign, this.#keys.privateKey, bytes));
  }

  /** What `navigator.credentials.create()` answers to these options, as JSON. */
  async create(options, spoiled = unspoiled) {
    const parts = {
      clientData: { type: "webauthn.create", challenge: options.challenge, origin: ORIGIN, crossOrigin: false },
      rpIdHash: await sha256(Buffer.from(options.rp.id)),
      flags: UP | UV | AT,
      counter: 0,
      attested: {
        aaguid: Buffer.alloc(16),
        credentialId: this.credentialId,
        coseKey: await this.#algorithm.coseKey(this.#keys.publicKey),
      },
      format: "none",
      statement: () => new Map(),
    };
    spoiled.parts?.(parts);
    const clientDataJSON = Buffer.from(JSON.stringify(parts.clientData));
    const authData = authenticatorData(parts);
    const signed = Buffer.concat([authData, await sha256(clientDataJSON)]);
    const attestationObject = isoCBOR.encode(
      new Map([
        ["fmt", parts.format],
        ["attStmt", await parts.statement((bytes = signed) => this.sign(bytes).then(this.#algorithm.encode))],
        ["authData", new Uint8Array(authData)],
      ]),
    );
    const message = this.#message({
      clientDataJSON: base64url(clientDataJSON),
      attestationObject: base64url(attestationObject),
      transports: ["internal"],
    });
    spoiled.message?.(message);
    return message;
  }

  /** What `navigator.credentials.get()` answers to these options, as JSON. */
  async get(options, spoiled = unspoiled) {
    this.#counter += 1;
    const parts = {
      clientData: { type: "webauthn.get", challenge: options.challenge, origin: ORIGIN, crossOrigin: false },
      rpIdHash: await sha256(Buffer.from(options.rpId)),
      flags: UP | UV,
      counter: this.#counter,
      signature: this.#algorithm.encode,
    };
    spoiled.parts?.(parts);
    const clientDataJSON = Buffer.from(JSON.stringify(parts.clientData));
    const authData = authenticatorData(parts);
    const raw = await this.sign(Buffer.concat([authData, await sha256(clientDataJSON)]));
    const message = this.#message({
      clientDataJSON: base64url(clientDataJSON),
      authenticatorData: base64url(authData),
      signature: base64url(parts.signature(raw)),
    });
    spoiled.message?.(message);
    return message;
  }

  #message(response) {
    const id = base64url(this.credentialId);
    return { id, rawId: id, type: "public-key", response, clientExtensionResults: {}, authenticatorAttachment: "platform" };
  }
}
