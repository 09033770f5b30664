/**
 * An authenticator that does as the test says, for where there is no browser (jsdom, Node.js) or no virtual
 * authenticator. It takes the place of `navigator.credentials`. What it signs verifies: keys and signatures are Rust's
 * (`core.js`). Here are the steps of Web Authentication Level 3, sections 5.1.3, 5.1.4 and 6.3.
 */
import { core } from "./core.js";
import { nodeModule } from "./node.js";

const ES256 = -7;

/** The platform's where it can be: the page's may be the test's own. */
const randomBytes = (length) =>
  (nodeModule("crypto")?.webcrypto ?? globalThis.crypto).getRandomValues(new Uint8Array(length));

/** Jest's jsdom has no TextEncoder. */
const utf8 = (text) => Uint8Array.from(new (globalThis.TextEncoder ?? nodeModule("util").TextEncoder)().encode(text));

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
    const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return {
      credentialId: base64(fromBase64url(credentialId)),
      isResidentCredential: true,
      rpId: passkey.rpId,
      privateKey: base64(core().pkcs8(passkey.seed)),
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

  /** Whether it is to verify its user. Refuses where it cannot, and has to. */
  #verifies(verification) {
    if (verification === "required" && !this.#userVerification) throw notAllowed();
    return this.#userVerification && verification !== "discouraged";
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
    const [seed, rawId] = [randomBytes(32), randomBytes(32)];
    const credentialId = toBase64url(rawId);
    const { attestationObject, attestedCredentialData, authenticatorData, spki } = core();
    const isVerified = this.#verifies(authenticatorSelection.userVerification);
    const data = authenticatorData(utf8(rpId), isVerified, 0, attestedCredentialData(seed, rawId));
    const clientDataJSON = this.#clientData("webauthn.create", challenge);
    this.#passkeys.set(credentialId, {
      credentialId,
      rpId,
      userHandle: toBase64url(user.id),
      userName: user.name,
      signCount: 0,
      seed,
    });
    return credentialOf(rawId, {
      clientDataJSON: clientDataJSON.buffer,
      attestationObject: attestationObject(data).buffer,
      getAuthenticatorData: () => data.buffer,
      getPublicKey: () => spki(seed).buffer,
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
    const { assertionSignature, authenticatorData } = core();
    const isVerified = this.#verifies(userVerification);
    passkey.signCount += 1;
    const data = authenticatorData(utf8(rpId), isVerified, passkey.signCount, new Uint8Array());
    const clientDataJSON = this.#clientData("webauthn.get", challenge);
    // A wrong one is well-formed, and by a key that is not the passkey's.
    const seed = behaviour === "wrong signature" ? randomBytes(32) : passkey.seed;
    return credentialOf(fromBase64url(passkey.credentialId), {
      clientDataJSON: clientDataJSON.buffer,
      authenticatorData: data.buffer,
      signature: assertionSignature(seed, data, clientDataJSON).buffer,
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
