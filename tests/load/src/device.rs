//! A software authenticator: one P-256 key, and nobody at it but the load.
//!
//! The server's own tests have one that knows all of CTAP. This one knows the two answers that a load needs, so that the
//! load costs the machine less than the server does.

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use uuid::Uuid;

/// User present, and verified.
const TOUCHED: u8 = 0x05;
/// A credential follows.
const ATTESTED: u8 = 0x40;

/// An authenticator; it may hold any number of credentials, all with its one key.
pub struct Device {
    key: EcdsaKeyPair,
    random: SystemRandom,
    origin: String,
    rp_id_hash: [u8; 32],
}

impl Device {
    /// With a fresh key, in a browser at a page of this origin.
    pub fn new(origin: &str, rp_id: &str) -> Result<Device> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let failed = |error| anyhow!("no P-256 key: {error}");
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| failed("no randomness"))?;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).map_err(|_| failed("not read"))?;
        let rp_id_hash = digest(&SHA256, rp_id.as_bytes()).as_ref().try_into().context("a hash of 32 bytes")?;
        Ok(Device { key, random, origin: origin.to_owned(), rp_id_hash })
    }

    /// `navigator.credentials.create()`: a credential with this id.
    pub fn create(&self, credential_id: Uuid, options: &Value) -> Result<Value> {
        let client_data = self.client_data("webauthn.create", options)?;
        let mut data = self.authenticator_data(TOUCHED | ATTESTED);
        data.extend([0; 16]);
        data.extend([0, 16]);
        data.extend(credential_id.as_bytes());
        data.extend(self.cose_key());
        // {"fmt": "none", "attStmt": {}, "authData": bytes}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len())?);
        object.extend(data);
        let id = BASE64.encode(credential_id.as_bytes());
        Ok(json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64.encode(client_data),
                "attestationObject": BASE64.encode(object),
                "transports": ["internal"],
            },
        }))
    }

    /// `navigator.credentials.get()`: the answer of the credential with this id, of the user with this handle.
    pub fn get(&self, credential_id: Uuid, user_handle: Uuid, options: &Value) -> Result<Value> {
        let client_data = self.client_data("webauthn.get", options)?;
        let data = self.authenticator_data(TOUCHED);
        let mut signed = data.clone();
        signed.extend(digest(&SHA256, &client_data).as_ref());
        let signature = self.key.sign(&self.random, &signed).map_err(|_| anyhow!("nothing was signed"))?;
        let id = BASE64.encode(credential_id.as_bytes());
        Ok(json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64.encode(client_data),
                "authenticatorData": BASE64.encode(data),
                "signature": BASE64.encode(signature.as_ref()),
                "userHandle": BASE64.encode(user_handle.as_bytes()),
            },
        }))
    }

    fn client_data(&self, kind: &str, options: &Value) -> Result<Vec<u8>> {
        let challenge = options["challenge"].as_str().with_context(|| format!("no challenge in {options}"))?;
        let data = json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false });
        Ok(data.to_string().into_bytes())
    }

    /// The hash of the relying party, the flags, and a counter of zero: this authenticator does not count.
    fn authenticator_data(&self, flags: u8) -> Vec<u8> {
        let mut data = self.rp_id_hash.to_vec();
        data.push(flags);
        data.extend([0; 4]);
        data
    }

    /// {kty: EC2, alg: ES256, crv: P-256, x, y}
    fn cose_key(&self) -> Vec<u8> {
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        let mut key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        key.extend(x);
        key.extend(b"\x22\x58\x20");
        key.extend(y);
        key
    }
}
