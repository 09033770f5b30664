//! A software authenticator in a browser at `http://localhost:8787`, with room for one passkey.

use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData, DefaultClientDataWithExtra};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use passkey::types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use serde_json::{Value, json};
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

pub struct Device {
    passkey: Option<Passkey>,
    verifies: bool,
    origin: String,
}

impl Device {
    pub fn new() -> Self {
        Self { passkey: None, verifies: true, origin: "http://localhost:8787".to_owned() }
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

    fn authenticator(&mut self) -> Authenticator<Option<Passkey>, Person, RustCryptoBackend> {
        let person = Person { verifies: self.verifies };
        Authenticator::new(Aaguid::from(*b"a test's device."), self.passkey.take(), person, RustCryptoBackend)
    }

    /// `navigator.credentials.create()`
    pub async fn create(&mut self, options: &Value) -> Value {
        let request: CredentialCreationOptions =
            serde_json::from_value(json!({ "publicKey": options })).expect("options that a browser can read");
        let mut client = Client::new(self.authenticator())
            .allows_insecure_localhost(true)
            .user_verification_when_preferred(self.verifies);
        let origin = Url::parse(&self.origin).unwrap();
        let created = client.register(&origin, request, DefaultClientData).await.unwrap();
        self.passkey = client.authenticator().store().clone();
        serde_json::to_value(created).unwrap()
    }

    /// `navigator.credentials.get()`
    pub async fn get(&mut self, options: &Value) -> Value {
        self.get_with(options, json!({})).await
    }

    /// The same, with more in the client data.
    pub async fn get_with(&mut self, options: &Value, extra: Value) -> Value {
        let request: CredentialRequestOptions =
            serde_json::from_value(json!({ "publicKey": options })).expect("options that a browser can read");
        let mut client = Client::new(self.authenticator())
            .allows_insecure_localhost(true)
            .user_verification_when_preferred(self.verifies);
        let origin = Url::parse(&self.origin).unwrap();
        let asserted = client.authenticate(&origin, request, DefaultClientDataWithExtra(extra)).await.unwrap();
        self.passkey = client.authenticator().store().clone();
        serde_json::to_value(asserted).unwrap()
    }
}
