// The keys of a phone: made in WebCrypto, not extractable, kept in IndexedDB, where only this origin can use them.

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const STORE = "credentials";

const request = (made) =>
  new Promise((resolve, reject) => {
    made.onsuccess = () => resolve(made.result);
    made.onerror = () => reject(made.error);
  });

async function store(mode) {
  const opening = indexedDB.open("authsignal-local-phone", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "publicKey" });
  return (await request(opening)).transaction(STORE, mode).objectStore(STORE);
}

const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

/** Every credential of this phone: `{publicKey, privateKey, kind, userId, userAuthenticatorId}`. */
export async function credentials() {
  return request((await store("readonly")).getAll());
}

/** A fresh key pair: the public key as the SDKs write it, and the private one that cannot be read. */
export async function generate() {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(ALGORITHM, false, ["sign"]);
  return { publicKey: base64(await crypto.subtle.exportKey("spki", publicKey)), privateKey };
}

export async function keep(credential) {
  await request((await store("readwrite")).put(credential));
}

export async function forget({ publicKey }) {
  await request((await store("readwrite")).delete(publicKey));
}

/** ECDSA over SHA-256 of a text, as base64 of ASN.1 DER, which WebCrypto does not write. */
export async function sign({ privateKey }, message) {
  const raw = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, new TextEncoder().encode(message));
  const bytes = new Uint8Array(raw);
  const body = [...integer(bytes.subarray(0, 32)), ...integer(bytes.subarray(32))];
  return base64(Uint8Array.of(0x30, body.length, ...body));
}

/** A positive INTEGER: no leading zeros but the one that keeps the sign. */
function integer(bytes) {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from += 1;
  const digits = [...bytes.subarray(from)];
  if (digits[0] & 0x80) digits.unshift(0);
  return [0x02, digits.length, ...digits];
}

/** A public key as a query holds it. */
export function inQuery({ publicKey }) {
  return `publicKey=${encodeURIComponent(btoa(publicKey))}`;
}
