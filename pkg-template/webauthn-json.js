/**
 * WebAuthn JSON for browsers without their own conversion (Chrome before 129, Safari before 18.4): Web Authentication
 * Level 3, sections 5.1.8 to 5.1.10. Loaded only there. Buffers are where the specification says `Base64URLString`.
 */
const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)).buffer;

const encode = (buffer) => {
  // Of a view, the part that it shows.
  const bytes = new Uint8Array(buffer.buffer ?? buffer, buffer.byteOffset, buffer.byteLength);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
};

/** Where options have buffers: names whose strings are decoded, at any depth below names that are listed too. */
const OPTIONS = {
  challenge: decode,
  user: { id: decode },
  excludeCredentials: [{ id: decode }],
  allowCredentials: [{ id: decode }],
  extensions: {
    largeBlob: { write: decode },
    prf: { eval: { first: decode, second: decode }, evalByCredential: { "*": { first: decode, second: decode } } },
  },
};

const changed = (value, change) =>
  Object.fromEntries(Object.entries(value).map(([name, item]) => [name, change(item, name)]));

const convert = (value, schema) => {
  if (!schema || value === undefined || value === null) return value;
  if (typeof schema === "function") return schema(value);
  if (Array.isArray(schema)) return value.map((item) => convert(item, schema[0]));
  return changed(value, (item, name) => convert(item, schema[name] ?? schema["*"]));
};

/** Any buffer in a result, wherever an extension has put it. */
const encodeAll = (value) => {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return encode(value);
  if (Array.isArray(value)) return value.map(encodeAll);
  if (typeof value !== "object" || value === null) return value;
  return changed(value, encodeAll);
};

export const parseCreationOptionsFromJSON = (json) => convert(json, OPTIONS);
export const parseRequestOptionsFromJSON = parseCreationOptionsFromJSON;

/** What an extension or an old browser implements wrongly is left out. */
const attempt = (response, method) => {
  try {
    return response[method]?.() ?? undefined;
  } catch {
    return undefined;
  }
};

export const toJSON = (credential) => {
  const { id, rawId, type, response, authenticatorAttachment } = credential;
  const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = response;
  return encodeAll({
    id,
    rawId,
    type,
    response: attestationObject
      ? {
          clientDataJSON,
          attestationObject,
          transports: attempt(response, "getTransports"),
          publicKeyAlgorithm: attempt(response, "getPublicKeyAlgorithm"),
          publicKey: attempt(response, "getPublicKey"),
          authenticatorData: attempt(response, "getAuthenticatorData"),
        }
      : { clientDataJSON, authenticatorData, signature, userHandle: userHandle ?? undefined },
    clientExtensionResults: credential.getClientExtensionResults(),
    authenticatorAttachment: authenticatorAttachment ?? undefined,
  });
};
