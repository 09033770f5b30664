/**
 * WebAuthn JSON for browsers without their own conversion (Chrome before 129, Safari before 18.4): Web Authentication
 * Level 3, sections 5.1.8 to 5.1.10. Loaded only there. Buffers are where the specification says `Base64URLString`.
 */
const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)).buffer;

const encode = (buffer) => {
  // Of a view, the part that it shows.
  const bytes = new Uint8Array(buffer.buffer ?? buffer, buffer.byteOffset, buffer.byteLength);
  return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
};

/**
 * Where options have buffers: the challenge, the ids of the user and of credentials, what largeBlob writes and what prf is given. Items
 * of a list are at the path of the list. Without a lookbehind: who needs this file may have a Safari that has none (before 16.4).
 */
const BUFFERS = /(\.challenge|(user|Credentials)\.id|largeBlob\.write|\.first|\.second)$/;

/** A copy, in which `change` replaces what it wants to, by its value and its path. */
const copy = (value, change, path = "") => {
  const changed = change(value, path);
  if (changed !== value || Object(value) !== value) return changed;
  if (Array.isArray(value)) return value.map((item) => copy(item, change, path));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copy(item, change, `${path}.${name}`)]));
};

const parse = (json) => copy(json, (value, path) => (value?.replace && BUFFERS.test(path) ? decode(value) : value));
export { parse as parseCreationOptionsFromJSON, parse as parseRequestOptionsFromJSON };

const FIELDS =
  "clientDataJSON attestationObject authenticatorData signature userHandle transports publicKeyAlgorithm publicKey";

/** What the response has under these names, or its methods give. What a browser implements wrongly is left out. */
const fieldsOf = (response) => {
  const fields = {};
  for (const name of FIELDS.split(" ")) {
    try {
      fields[name] = response[name] ?? response[name.replace(/./, (first) => "get" + first.toUpperCase())]();
    } catch {
      // No such method, mostly.
    }
  }
  return fields;
};

export const toJSON = (credential) => {
  const { id, rawId, type, response, authenticatorAttachment } = credential;
  return copy(
    {
      id,
      rawId,
      type,
      response: fieldsOf(response),
      clientExtensionResults: credential.getClientExtensionResults(),
      authenticatorAttachment: authenticatorAttachment ?? undefined,
    },
    (value) => (value?.byteLength >= 0 ? encode(value) : value),
  );
};
