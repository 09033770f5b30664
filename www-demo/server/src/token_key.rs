//! The key pair of RS256 tokens: anybody may check them, with the public key at the JWKS address.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use signature::Error;

/// An RSA key pair of 2048 bits or more.
#[derive(Clone)]
pub struct TokenKey(Arc<RsaKeyPair>);

impl TokenKey {
    /// Reads a private key: a PEM file, as `openssl genpkey -algorithm RSA` writes it.
    pub fn read(file: &Path) -> Result<Self, String> {
        let unusable = |why: &dyn fmt::Display| format!("the key {} cannot be used: {why}", file.display());
        let pem = std::fs::read(file).map_err(|error| unusable(&error))?;
        Self::from_pem(&pem).map_err(|why| unusable(&why))
    }

    /// The same, of a PEM text.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let read = match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err("it holds no RSA private key in PEM".to_owned()),
        };
        match read {
            Ok(pair) => Ok(Self(Arc::new(pair))),
            Err(why) => Err(format!("an RSA key of 2048 bits or more is needed ({why})")),
        }
    }

    /// The public key, as DER of PKCS #1.
    pub fn public_der(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// The name of the key: the same for the same key.
    pub fn id(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(self.public_der())[..12])
    }

    /// The JSON Web Key Set with the public key.
    pub fn jwks(&self) -> Value {
        let parts = PublicKeyComponents::<Vec<u8>>::from(self.0.public_key());
        json!({
            "keys": [{
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "kid": self.id(),
                "n": BASE64_URL_SAFE_NO_PAD.encode(parts.n),
                "e": BASE64_URL_SAFE_NO_PAD.encode(parts.e),
            }],
        })
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| Error::new())
    }
}

/// Whether the holder of this public key has signed the message.
pub fn has_signed(public_der: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_der).verify(message, signature).is_ok()
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TokenKey({})", self.id())
    }
}
