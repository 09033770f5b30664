//! A software authenticator in a browser at `http://localhost:8787`, with room for one passkey.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientDataWithCustomHash};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use passkey::types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

/// The person at the device.
struct Person {
    verifies: bool,
}

#[async_trait::async_trait]
impl UserValidationMethod for Person {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(&self, _: UiHint<'a, Passkey>, presence: bool, _: bool) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification: self.verifies })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        self.verifies.then_some(true)
    }
}

/// A clone is a copy of the authenticator, key and counter included.
#[derive(Clone)]
pub struct Device {
    passkey: Option<Passkey>,
    verifies: bool,
    counts: bool,
    origin: String,
}

impl Device {
    pub fn new() -> Self {
        Self { passkey: None, verifies: true, counts: false, origin: "http://localhost:8787".to_owned() }
    }

    /// From now on the page is of this origin.
    pub fn at(mut self, origin: &str) -> Self {
        origin.clone_into(&mut self.origin);
        self
    }

    /// From now on nobody checks who touches it.
    pub fn without_user_verification(mut self) -> Self {
        self.verifies = false;
        self
    }

    /// What it creates from now on counts its signatures.
    pub fn counting(mut self) -> Self {
        self.counts = true;
        self
    }

    fn authenticator(&mut self) -> Authenticator<Option<Passkey>, Person, RustCryptoBackend> {
        let (person, aaguid) = (Person { verifies: self.verifies }, Aaguid::from(*b"a test's device."));
        let mut authenticator = Authenticator::new(aaguid, self.passkey.take(), person, RustCryptoBackend);
        authenticator.set_make_credentials_with_signature_counter(self.counts);
        authenticator
    }

    /// `navigator.credentials.create()`
    pub async fn create(&mut self, options: &Value) -> Value {
        self.create_in(&json!({}), options).await
    }

    /// The same in a frame: `{crossOrigin, topOrigin}`, as the browser tells of it.
    pub async fn create_in(&mut self, frame: &Value, options: &Value) -> Value {
        let request: CredentialCreationOptions =
            serde_json::from_value(json!({ "publicKey": options })).expect("options that a browser can read");
        let (data, hash) = self.client_data("webauthn.create", options, frame);
        let mut client = Client::new(self.authenticator())
            .allows_insecure_localhost(true)
            .user_verification_when_preferred(self.verifies);
        let origin = Url::parse(&self.origin).unwrap();
        let created = client.register(&origin, request, hash).await.unwrap();
        self.passkey = client.authenticator().store().clone();
        saying(serde_json::to_value(created).unwrap(), data)
    }

    /// `navigator.credentials.get()`
    pub async fn get(&mut self, options: &Value) -> Value {
        self.get_in(&json!({}), options).await
    }

    /// The same in a frame.
    pub async fn get_in(&mut self, frame: &Value, options: &Value) -> Value {
        let request: CredentialRequestOptions =
            serde_json::from_value(json!({ "publicKey": options })).expect("options that a browser can read");
        let (data, hash) = self.client_data("webauthn.get", options, frame);
        let mut client = Client::new(self.authenticator())
            .allows_insecure_localhost(true)
            .user_verification_when_preferred(self.verifies);
        let origin = Url::parse(&self.origin).unwrap();
        let asserted = client.authenticate(&origin, request, hash).await.unwrap();
        self.passkey = client.authenticator().store().clone();
        saying(serde_json::to_value(asserted).unwrap(), data)
    }

    /// What the browser says of the ceremony, and what of it is signed. The library knows of no frames.
    fn client_data(&self, kind: &str, options: &Value, frame: &Value) -> (String, DefaultClientDataWithCustomHash) {
        let mut data = json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        data.as_object_mut().unwrap().extend(frame.as_object().unwrap().clone());
        let data = data.to_string();
        let hash = DefaultClientDataWithCustomHash(Sha256::digest(&data).to_vec());
        (data, hash)
    }
}

fn saying(mut answer: Value, client_data: String) -> Value {
    answer["response"]["clientDataJSON"] = json!(BASE64_URL_SAFE_NO_PAD.encode(client_data));
    answer
}
