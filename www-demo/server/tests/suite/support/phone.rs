//! A phone with an app that holds keys.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use serde_json::{Value, json};

use super::server::As;
use super::{Answer, Server};

pub struct Phone {
    key: SigningKey,
    kind: &'static str,
}

impl Phone {
    /// With a fresh key for `push`, `qr-code` or `in-app`; `seed` tells phones apart.
    pub fn new(kind: &'static str, seed: u8) -> Self {
        Self { key: SigningKey::from_slice(&[seed; 32]).unwrap(), kind }
    }

    pub fn public_key(&self) -> String {
        BASE64_STANDARD.encode(self.key.verifying_key().to_public_key_der().unwrap())
    }

    pub fn sign(&self, message: &str) -> String {
        let signature: Signature = self.key.sign(message.as_bytes());
        BASE64_STANDARD.encode(signature.to_der())
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/v1/client/user-authenticators/{}{rest}", self.kind)
    }

    pub fn query(&self) -> String {
        format!("?publicKey={}", BASE64_STANDARD.encode(self.public_key()).replace('=', "%3D"))
    }

    pub async fn add(&self, server: &Server, token: &str) -> Answer {
        let body = json!({ "publicKey": self.public_key(), "deviceName": "Ada's phone", "devicePlatform": "ios" });
        server.post(&self.path(""), As::Holder(token), body).await
    }

    pub async fn answer(&self, server: &Server, challenge_id: &str, approved: bool, number: Option<&str>) -> Answer {
        let body = json!({
            "publicKey": self.public_key(),
            "challengeId": challenge_id,
            "signature": self.sign(challenge_id),
            "approved": approved,
            "verificationCode": number,
        });
        server.post(&self.path("/challenge"), As::Tenant, body).await
    }

    pub async fn claim(&self, server: &Server, challenge_id: &str) -> Answer {
        let body = json!({
            "publicKey": self.public_key(),
            "challengeId": challenge_id,
            "signature": self.sign(challenge_id),
        });
        server.post(&self.path("/challenge/claim"), As::Tenant, body).await
    }

    pub async fn pending(&self, server: &Server) -> Value {
        server.get(&self.path(&format!("/challenge{}", self.query())), As::Tenant).await.ok()
    }
}
