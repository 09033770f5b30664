/**
 * An authenticator that does as the test says, for where there is no browser (jsdom, Node.js) or no virtual
 * authenticator. It takes the place of `navigator.credentials`. Its keys are P-256 keys of the platform's WebCrypto, so
 * that what it signs verifies; the steps are those of Web Authentication Level 3, sections 5.1.3, 5.1.4 and 6.3.
 */
import { nodeModule } from "./node.js";

const ES256 = -7;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const HAS_CREDENTIAL = 0x40;

const nodeCrypto = () => nodeModule("crypto")?.webcrypto;
// jsdom's crypto has no `subtle`.
const webCrypto = () => (globalThis.crypto?.subtle ? globalThis.crypto : nodeCrypto());

const randomBytes = (length) => webCrypto().getRandomValues(new Uint8Array(length));

/** Jest's jsdom has no TextEncoder. */
const utf8 = (text) => Uint8Array.from(new (globalThis.TextEncoder ?? nodeModule("util").TextEncoder)().encode(text));

const sha256 = async (bytes) => new Uint8Array(await webCrypto().subtle.digest("SHA-256", bytes));

const bytesOf = (source) => {
  if (typeof source === "string") return fromBase64url(source);
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
};

const toBase64url = (source) =>
  btoa(Array.from(bytesOf(source), (byte) => String.fromCharCode(byte)).join(""))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const fromBase64url = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));

const concat = (...parts) => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

const bigEndian = (value, length) =>
  Uint8Array.from({ length }, (_, at) => Math.floor(value / 2 ** (8 * (length - 1 - at))) % 256);

/** The key as COSE has it: {1: 2, 3: -7, -1: 1, -2: x, -3: y}. */
const coseKey = async (publicKey) => {
  const raw = new Uint8Array(await webCrypto().subtle.exportKey("raw", publicKey));
  const [x, y] = [raw.slice(1, 33), raw.slice(33)];
  return concat([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32], x, [0x22, 0x58, 32], y);
};

/** CBOR of {fmt: "none", attStmt: {}, authData}. */
const attestationObject = (data) =>
  concat(
    [0xa3, 0x63, ...utf8("fmt"), 0x64, ...utf8("none"), 0x67, ...utf8("attStmt"), 0xa0, 0x68, ...utf8("authData")],
    data.length < 256 ? [0x58, data.length] : [0x59, ...bigEndian(data.length, 2)],
    data,
  );

/** WebCrypto signs as r and s side by side; WebAuthn wants them as ASN.1. */
const toDer = (signature) => {
  const integer = (bytes) => {
    const begin = bytes.findIndex((byte) => byte !== 0);
    const digits = bytes.slice(begin);
    const positive = digits[0] & 0x80 ? [0, ...digits] : [...digits];
    return [2, positive.length, ...positive];
  };
  const body = [...integer(signature.slice(0, 32)), ...integer(signature.slice(32))];
  return Uint8Array.from([0x30, body.length, ...body]);
};

const sign = async (privateKey, bytes) =>
  toDer(new Uint8Array(await webCrypto().subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, bytes)));

const refusal = (name, message) => new DOMException(message, name);
const notAllowed = () =>
  refusal("NotAllowedError", "The operation either timed out or was not allowed. (The test's authenticator refused.)");

/** What {@link ScriptedAuthenticator.next} knows. */
const BEHAVIOURS = ["cancel", "time out", "wrong signature", "hang"];

/** Ends with the signal's reason, as a browser does. */
const aborted = (signal) => signal?.reason ?? refusal("AbortError", "The operation was aborted.");

/** Settles as the work does, unless the signal comes first. */
const orAborted = (signal, work) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal));
    signal?.addEventListener("abort", () => reject(aborted(signal)), { once: true });
    work(resolve, reject);
  });

/** Refused after so long. Once the page has aborted, no timer is left that keeps Node.js running. */
const timedOut = (milliseconds, signal) =>
  new Promise((_, reject) => {
    const timer = setTimeout(() => reject(notAllowed()), milliseconds);
    signal?.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });

export class ScriptedAuthenticator {
  #origin;
  #userVerification;
  #passkeys = new Map();
  #script = [];
  #offers = [];
  #restore;

  constructor({ origin, userVerification = true } = {}) {
    this.#origin = origin;
    this.#userVerification = userVerification;
    /** Every ceremony that was asked for, newest last. */
    this.ceremonies = [];
  }

  /** The origin that ceremonies are for. */
  get origin() {
    const page = globalThis.location?.origin;
    return this.#origin ?? (page && page !== "null" ? page : "http://localhost");
  }

  get passkeys() {
    return [...this.#passkeys.values()].map(({ credentialId, rpId, userHandle, userName, signCount }) => ({
      credentialId,
      rpId,
      userHandle,
      userName,
      signCount,
    }));
  }

  next(...behaviours) {
    for (const behaviour of behaviours) {
      if (!BEHAVIOURS.includes(behaviour)) {
        throw new TypeError(`next() takes ${BEHAVIOURS.map((known) => `"${known}"`).join(", ")}, not ${String(behaviour)}`);
      }
    }
    this.#script.push(...behaviours);
    return this;
  }

  forget(credentialId) {
    if (credentialId === undefined) this.#passkeys.clear();
    else this.#passkeys.delete(credentialId);
  }

  pick() {
    const offer = this.#offers.at(-1);
    if (!offer) throw new Error("No autofill request is pending: call passkey.signIn({ autofill: true }) first");
    offer();
  }

  /** What a Chromium DevTools session takes as `WebAuthn.addCredential`. */
  async export(credentialId) {
    const passkey = this.#passkeys.get(credentialId);
    if (!passkey) throw new Error(`The authenticator has no passkey ${credentialId}`);
    const key = new Uint8Array(await webCrypto().subtle.exportKey("pkcs8", passkey.privateKey));
    const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return {
      credentialId: base64(fromBase64url(credentialId)),
      isResidentCredential: true,
      rpId: passkey.rpId,
      privateKey: base64(key),
      userHandle: base64(fromBase64url(passkey.userHandle)),
      userName: passkey.userName,
      signCount: passkey.signCount,
    };
  }

  create(options = {}) {
    const { publicKey, signal } = options;
    this.ceremonies.push({ kind: "create", options });
    return orAborted(signal, (resolve, reject) => {
      if (!publicKey) throw refusal("NotSupportedError", "Only public key credentials can be created");
      this.#play(options, (behaviour) => this.#register(publicKey, behaviour)).then(resolve, reject);
    });
  }

  get(options = {}) {
    const { publicKey, signal, mediation } = options;
    this.ceremonies.push({ kind: "get", options });
    return orAborted(signal, (resolve, reject) => {
      if (!publicKey) throw refusal("NotSupportedError", "Only public key credentials can be asked for");
      const play = () =>
        this.#play(options, (behaviour) => this.#assert(publicKey, behaviour)).then(resolve, reject);
      if (mediation !== "conditional") return play();
      // It waits in the autofill until the user picks one.
      const offer = () => {
        this.#withdraw(offer);
        play();
      };
      this.#offers.push(offer);
      signal?.addEventListener("abort", () => this.#withdraw(offer), { once: true });
    });
  }

  #withdraw(offer) {
    this.#offers = this.#offers.filter((other) => other !== offer);
  }

  /** The ceremony, as the script says. */
  #play({ publicKey: { timeout = 300_000 }, signal }, ceremony) {
    const behaviour = this.#script.shift();
    if (behaviour === "cancel") return Promise.reject(notAllowed());
    if (behaviour === "hang") return new Promise(() => {});
    if (behaviour === "time out") return timedOut(timeout, signal);
    return ceremony(behaviour);
  }

  /** The relying party, if this page may speak for it. */
  #relyingParty(rpId) {
    const { hostname } = new URL(this.origin);
    const id = rpId ?? hostname;
    if (id !== hostname && !hostname.endsWith(`.${id}`)) {
      throw refusal("SecurityError", `The relying party ID is not a registrable domain suffix of ${hostname}`);
    }
    return id;
  }

  #clientData(type, challenge) {
    return utf8(JSON.stringify({ type, challenge: toBase64url(challenge), origin: this.origin, crossOrigin: false }));
  }

  async #authenticatorData(rpId, verification, signCount, credential) {
    if (verification === "required" && !this.#userVerification) throw notAllowed();
    const verified = this.#userVerification && verification !== "discouraged" ? USER_VERIFIED : 0;
    const flags = USER_PRESENT | verified | (credential ? HAS_CREDENTIAL : 0);
    return concat(await sha256(utf8(rpId)), [flags], bigEndian(signCount, 4), credential ?? []);
  }

  async #register(options, behaviour) {
    const { rp, user, challenge, pubKeyCredParams = [], excludeCredentials = [], authenticatorSelection = {} } = options;
    if (behaviour === "wrong signature") {
      throw new TypeError('A registration has no signature: next("wrong signature") is for signing in and verifying');
    }
    const rpId = this.#relyingParty(rp.id);
    if (pubKeyCredParams.length > 0 && !pubKeyCredParams.some(({ alg }) => alg === ES256)) {
      throw refusal("NotSupportedError", "None of the requested algorithms is ES256");
    }
    if (excludeCredentials.some(({ id }) => this.#passkeys.get(toBase64url(id))?.rpId === rpId)) {
      throw refusal("InvalidStateError", "The authenticator was previously registered");
    }
    const { privateKey, publicKey } = await webCrypto().subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const rawId = randomBytes(32);
    const credentialId = toBase64url(rawId);
    const credential = concat(new Uint8Array(16), bigEndian(rawId.length, 2), rawId, await coseKey(publicKey));
    const authenticatorData = await this.#authenticatorData(
      rpId,
      authenticatorSelection.userVerification,
      0,
      credential,
    );
    const clientDataJSON = this.#clientData("webauthn.create", challenge);
    const spki = await webCrypto().subtle.exportKey("spki", publicKey);
    this.#passkeys.set(credentialId, {
      credentialId,
      rpId,
      userHandle: toBase64url(user.id),
      userName: user.name,
      signCount: 0,
      privateKey,
    });
    return credentialOf(rawId, {
      clientDataJSON: clientDataJSON.buffer,
      attestationObject: attestationObject(authenticatorData).buffer,
      getAuthenticatorData: () => authenticatorData.buffer,
      getPublicKey: () => spki,
      getPublicKeyAlgorithm: () => ES256,
      getTransports: () => ["internal"],
    });
  }

  async #assert({ rpId: asked, challenge, allowCredentials = [], userVerification }, behaviour) {
    const rpId = this.#relyingParty(asked);
    const allowed = allowCredentials.map(({ id }) => toBase64url(id));
    const usable = [...this.#passkeys.values()].filter(
      (passkey) => passkey.rpId === rpId && (allowed.length === 0 || allowed.includes(passkey.credentialId)),
    );
    const passkey = usable.at(-1);
    if (!passkey) throw notAllowed();
    passkey.signCount += 1;
    const authenticatorData = await this.#authenticatorData(rpId, userVerification, passkey.signCount);
    const clientDataJSON = this.#clientData("webauthn.get", challenge);
    const signed = concat(authenticatorData, await sha256(clientDataJSON));
    let { privateKey } = passkey;
    if (behaviour === "wrong signature") {
      // Well-formed, and by a key that is not the passkey's.
      ({ privateKey } = await webCrypto().subtle.generateKey(ALGORITHM, false, ["sign", "verify"]));
    }
    const signature = await sign(privateKey, signed);
    return credentialOf(fromBase64url(passkey.credentialId), {
      clientDataJSON: clientDataJSON.buffer,
      authenticatorData: authenticatorData.buffer,
      signature: signature.buffer,
      userHandle: fromBase64url(passkey.userHandle).buffer,
    });
  }

  install() {
    if (this.#restore) return this;
    globalThis.navigator ?? Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
    const before = [
      [globalThis.navigator, "credentials"],
      [globalThis, "PublicKeyCredential"],
    ].map(([owner, name]) => [owner, name, Object.getOwnPropertyDescriptor(owner, name)]);
    const put = (owner, name, value) =>
      Object.defineProperty(owner, name, { value, configurable: true, writable: true });
    put(globalThis.navigator, "credentials", {
      create: (options) => this.create(options),
      get: (options) => this.get(options),
      preventSilentAccess: async () => {},
      store: async (credential) => credential,
    });
    put(globalThis, "PublicKeyCredential", this.#interface());
    this.#restore = () => {
      for (const [owner, name, descriptor] of before) {
        if (descriptor) Object.defineProperty(owner, name, descriptor);
        else delete owner[name];
      }
    };
    return this;
  }

  uninstall() {
    this.#restore?.();
    this.#restore = undefined;
  }

  /** `PublicKeyCredential`, as far as a page asks it before a ceremony and signals it after one. */
  #interface() {
    const authenticator = this;
    return class PublicKeyCredential {
      static async isConditionalMediationAvailable() {
        return true;
      }
      static async isUserVerifyingPlatformAuthenticatorAvailable() {
        return authenticator.#userVerification;
      }
      static async signalUnknownCredential({ credentialId }) {
        authenticator.#passkeys.delete(credentialId);
      }
      static async signalAllAcceptedCredentials({ rpId, userId, allAcceptedCredentialIds }) {
        for (const passkey of authenticator.#passkeys.values()) {
          const isOfUser = passkey.rpId === rpId && passkey.userHandle === userId;
          if (isOfUser && !allAcceptedCredentialIds.includes(passkey.credentialId)) {
            authenticator.#passkeys.delete(passkey.credentialId);
          }
        }
      }
      static async signalCurrentUserDetails({ rpId, userId, name }) {
        for (const passkey of authenticator.#passkeys.values()) {
          if (passkey.rpId === rpId && passkey.userHandle === userId) passkey.userName = name;
        }
      }
    };
  }
}

/** A credential as `create` and `get` yield it. */
const credentialOf = (rawId, response) => ({
  id: toBase64url(rawId),
  rawId: rawId.buffer,
  type: "public-key",
  authenticatorAttachment: "platform",
  getClientExtensionResults: () => ({}),
  toJSON() {
    const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = response;
    const buffers = { clientDataJSON, attestationObject, authenticatorData, signature, userHandle };
    if (attestationObject) {
      buffers.authenticatorData = response.getAuthenticatorData();
      buffers.publicKey = response.getPublicKey();
    }
    const json = Object.entries(buffers).filter(([, buffer]) => buffer);
    return {
      id: this.id,
      rawId: this.id,
      type: this.type,
      authenticatorAttachment: this.authenticatorAttachment,
      clientExtensionResults: {},
      response: {
        ...Object.fromEntries(json.map(([name, buffer]) => [name, toBase64url(buffer)])),
        ...(attestationObject && { publicKeyAlgorithm: ES256, transports: response.getTransports() }),
      },
    };
  },
  response,
});
