//! The requests behind passkeys and security keys, one by one, for apps that hold the ceremony themselves.

use super::types::{Attachment, Authenticator, Challenge};
use super::{Authsignal, Error};
use crate::operation;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

/// Parameters of [`PasskeyApi::registration_options`].
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationOptions {
    /// The user's token.
    pub token: String,
    /// The user's name. `None`: the server's choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A friendlier name. `None`: the server's choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Which authenticators may hold the passkey. Default: those of this device.
    pub authenticator_attachment: Attachment,
    /// Whether the API ties the ceremony to cookies. Default: no.
    pub use_cookies: bool,
}

/// Parameters of requests that need no more than to know who asks.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationOptions {
    /// The user's token. `None`: any user, for the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What [`PasskeyApi::challenge`] answered with. `None`: there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge_id: Option<String>,
    /// Whether the API ties the ceremony to cookies. Default: no.
    pub use_cookies: bool,
}

/// What a server offers for a ceremony.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// What the end of the ceremony names. `None`: the server does not ask for it.
    pub challenge_id: Option<String>,
    /// Options of `navigator.credentials`, as WebAuthn JSON.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub options: JsValue,
}

/// Parameters of [`PasskeyApi::add_authenticator`] and [`SecurityKeyApi::add_authenticator`], which takes the first two
/// alone.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AddAuthenticator {
    /// The user's token.
    pub token: String,
    /// The browser's registration response, as WebAuthn JSON.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub registration_credential: JsValue,
    /// Whether it was made without a dialog. Default: no.
    pub conditional_create: bool,
    /// The id in the offer. `None`: it had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge_id: Option<String>,
    /// Whether the API ties the ceremony to cookies. Default: no.
    pub use_cookies: bool,
}

/// Parameters of [`PasskeyApi::verify`] and [`SecurityKeyApi::verify`], which takes the first two alone and needs the token.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyAuthenticator {
    /// The user's token. `None`: the credential tells whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The browser's authentication response, as WebAuthn JSON.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub authentication_credential: JsValue,
    /// The id of this device, as [`Authsignal::anonymous_id`] tells. `None`: the server is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// The id in the offer. `None`: it had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge_id: Option<String>,
    /// Whether the API ties the ceremony to cookies. Default: no.
    pub use_cookies: bool,
}

/// Parameters of [`PasskeyApi::challenge`].
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChallengeAction {
    /// The action.
    pub action: String,
    /// Makes repeated challenges for the action one and the same. `None`: each is its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Whether the API ties the ceremony to cookies. Default: no.
    pub use_cookies: bool,
}

/// The answer to a registration.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticatorAdded {
    /// Whether the authenticator counts from now on.
    pub is_verified: bool,
    /// A token for the backend. It is *not* kept: see [`Authsignal::set_token`].
    pub access_token: Option<String>,
    /// Which authenticator it is. `None`: the API does not say.
    pub user_authenticator_id: Option<String>,
    /// Whose it is. `None`: the API does not say.
    pub user_id: Option<String>,
    /// The authenticator, as the API describes it.
    pub user_authenticator: Option<Authenticator>,
}

/// The answer to an assertion.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticatorVerified {
    /// Whether the authenticator was proved.
    pub is_verified: bool,
    /// A token for the backend. It is *not* kept: see [`Authsignal::set_token`].
    pub access_token: Option<String>,
    /// Whose it is. `None`: the API does not say.
    pub user_id: Option<String>,
    /// Which authenticator it was. `None`: the API does not say.
    pub user_authenticator_id: Option<String>,
    /// The user's name, where the server knows one.
    pub username: Option<String>,
    /// The user's friendlier name, where the server knows one.
    pub user_display_name: Option<String>,
}

/// A passkey that the server knows.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownPasskey {
    /// Its id, base64url.
    pub credential_id: String,
    /// When it was last proved. `None`: the API does not say.
    pub verified_at: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialIds<'a> {
    credential_ids: &'a [&'a str],
}

#[derive(Serialize)]
struct Token<'a> {
    token: &'a str,
}

impl Authsignal {
    /// The requests behind passkeys, one by one.
    pub fn passkey_api(&self) -> PasskeyApi<'_> {
        PasskeyApi(self)
    }

    /// The requests behind security keys, one by one.
    pub fn security_key_api(&self) -> SecurityKeyApi<'_> {
        SecurityKeyApi(self)
    }

    /// An operation whose result has no wrapper.
    async fn call_bare<T: serde::de::DeserializeOwned>(
        &self,
        number: u8,
        parameters: &impl Serialize,
    ) -> Result<T, Error> {
        let answer = super::run(number, &self.context, super::serialize(parameters)?).await?;
        serde_wasm_bindgen::from_value(answer).map_err(Error::invalid_response)
    }
}

/// The requests behind [`Authsignal::passkey_sign_up`] and [`Authsignal::passkey_sign_in`]: see
/// [`Authsignal::passkey_api`]. They know of no token that is set, and set none. Each fails with [`Error::Answered`] alone.
pub struct PasskeyApi<'a>(&'a Authsignal);

#[allow(clippy::missing_errors_doc, reason = "they are the same for all: see the type")]
impl PasskeyApi<'_> {
    /// `POST /client/user-authenticators/passkey/registration-options`. Its `token` is required.
    pub async fn registration_options(&self, parameters: RegistrationOptions) -> Result<Offer, Error> {
        self.0.call_bare(operation::PASSKEY_REGISTRATION_OPTIONS, &parameters).await
    }

    /// `POST /client/user-authenticators/passkey`. Its `token` is required.
    pub async fn add_authenticator(&self, parameters: AddAuthenticator) -> Result<AuthenticatorAdded, Error> {
        self.0.call_bare(operation::PASSKEY_ADD, &parameters).await
    }

    /// `POST /client/user-authenticators/passkey/authentication-options`.
    pub async fn authentication_options(&self, parameters: AuthenticationOptions) -> Result<Offer, Error> {
        self.0.call_bare(operation::PASSKEY_AUTHENTICATION_OPTIONS, &parameters).await
    }

    /// `POST /client/user-authenticators/passkey/authentication-options/web`, with cookies.
    pub async fn authentication_options_web(&self, parameters: AuthenticationOptions) -> Result<Offer, Error> {
        self.0.call_bare(operation::PASSKEY_AUTHENTICATION_OPTIONS_WEB, &parameters).await
    }

    /// `POST /client/verify/passkey`.
    pub async fn verify(&self, parameters: VerifyAuthenticator) -> Result<AuthenticatorVerified, Error> {
        self.0.call_bare(operation::PASSKEY_VERIFY, &parameters).await
    }

    /// `GET /client/user-authenticators`.
    pub async fn authenticators(&self, parameters: AuthenticationOptions) -> Result<Vec<Authenticator>, Error> {
        self.0.call_bare(operation::AUTHENTICATORS, &parameters).await
    }

    /// `GET /client/user-authenticators/passkey`: one of these that the server knows. `None`: it knows none, or has not
    /// answered.
    pub async fn passkey_authenticator(&self, credential_ids: &[&str]) -> Option<KnownPasskey> {
        self.0.call_bare(operation::PASSKEY_LOOK_UP, &CredentialIds { credential_ids }).await.ok()
    }

    /// `POST /client/challenge`.
    pub async fn challenge(&self, parameters: ChallengeAction) -> Result<Challenge, Error> {
        self.0.call_bare(operation::CHALLENGE, &parameters).await
    }
}

/// The requests behind [`Authsignal::security_key_enroll`] and [`Authsignal::security_key_verify`]: see
/// [`Authsignal::security_key_api`]. They know of no token that is set, and set none. Each fails with [`Error::Answered`]
/// alone; the token is required.
pub struct SecurityKeyApi<'a>(&'a Authsignal);

#[allow(clippy::missing_errors_doc, reason = "they are the same for all: see the type")]
impl SecurityKeyApi<'_> {
    /// `POST /client/user-authenticators/security-key/registration-options`: options as WebAuthn JSON.
    pub async fn registration_options(&self, token: &str) -> Result<JsValue, Error> {
        super::run(operation::SECURITY_KEY_REGISTRATION_OPTIONS, &self.0.context, super::serialize(&Token { token })?)
            .await
    }

    /// `POST /client/user-authenticators/security-key`.
    pub async fn add_authenticator(&self, parameters: AddAuthenticator) -> Result<AuthenticatorAdded, Error> {
        self.0.call_bare(operation::SECURITY_KEY_ADD, &parameters).await
    }

    /// `POST /client/user-authenticators/security-key/authentication-options`: options as WebAuthn JSON.
    pub async fn authentication_options(&self, token: &str) -> Result<JsValue, Error> {
        super::run(operation::SECURITY_KEY_AUTHENTICATION_OPTIONS, &self.0.context, super::serialize(&Token { token })?)
            .await
    }

    /// `POST /client/verify/security-key`.
    pub async fn verify(&self, parameters: VerifyAuthenticator) -> Result<AuthenticatorVerified, Error> {
        self.0.call_bare(operation::SECURITY_KEY_VERIFY, &parameters).await
    }
}
