//! What operations take and bring, as the API has it. All dates are ISO 8601 in UTC.

use serde::{Deserialize, Serialize, Serializer};
use wasm_bindgen::JsValue;

// ---- What they take ----

/// Which authenticators a passkey may be made with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Attachment {
    /// Those of this device.
    #[default]
    Platform,
    /// Those apart from it: security keys, phones.
    CrossPlatform,
    /// Any.
    Any,
}

impl Serialize for Attachment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Attachment::Platform => serializer.serialize_str("platform"),
            Attachment::CrossPlatform => serializer.serialize_str("cross-platform"),
            // The wire's word for it.
            Attachment::Any => serde_wasm_bindgen::preserve::serialize(&JsValue::NULL, serializer),
        }
    }
}

/// What the browser should offer first. <https://www.w3.org/TR/webauthn-3/#enum-hints>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hint {
    /// A security key.
    SecurityKey,
    /// This device.
    ClientDevice,
    /// A phone.
    Hybrid,
}

/// Parameters of [`super::Authsignal::passkey_sign_up`].
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignUp {
    /// The token to enrol with. `None`: the one that is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The user's name, shown by the credential manager. `None`: the server's choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A friendlier name. `None`: the server's choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Which authenticators may hold it. Default: those of this device.
    pub authenticator_attachment: Attachment,
    /// What the browser should offer first, best first. Empty: its own choice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<Hint>,
    /// Whether a password manager may create the passkey without a dialog, right after a sign-in. Default: no.
    pub use_auto_register: bool,
    /// Whether the API keeps the session in cookies. Default: no.
    pub use_cookies: bool,
    /// Whether the browser is told, in the background, which passkeys the server still accepts. Default: yes.
    pub sync_credentials: bool,
}

impl Default for SignUp {
    fn default() -> Self {
        SignUp {
            token: None,
            username: None,
            display_name: None,
            authenticator_attachment: Attachment::default(),
            hints: Vec::new(),
            use_auto_register: false,
            use_cookies: false,
            sync_credentials: true,
        }
    }
}

/// Parameters of [`super::Authsignal::passkey_sign_in`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// The action that the sign-in is for. Excludes `token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Makes repeated sign-ins for the action one and the same. Excludes `token`. `None`: each is its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// The user whose passkey is asked for. `None`: any user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Whether passkeys are offered in an input's autofill instead of a dialog. Excludes `token`. Default: no.
    pub autofill: bool,
    /// Whether only passkeys at hand are asked for: without any, the answer is `credential_not_found` at once. Excludes
    /// `autofill`. Default: no.
    pub prefer_immediately_available_credentials: bool,
    /// Whether the API keeps the session in cookies. Default: no.
    pub use_cookies: bool,
    /// Whether the browser is told, in the background, which passkeys the server still accepts. Default: yes.
    pub sync_credentials: bool,
    /// Called once the passkey was used, before the server verifies it: time to show progress.
    #[serde(skip)]
    pub on_verification_started: Option<Box<dyn FnMut()>>,
}

impl Default for SignIn {
    fn default() -> Self {
        SignIn {
            action: None,
            idempotency_key: None,
            token: None,
            autofill: false,
            prefer_immediately_available_credentials: false,
            use_cookies: false,
            sync_credentials: true,
            on_verification_started: None,
        }
    }
}

/// Parameters of [`super::Authsignal::push_challenge`].
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PushChallenge {
    /// What the user is asked to approve. `None`: the action of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The one device that is asked. `None`: all of the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_authenticator_id: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Email<'a> {
    pub(super) email: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhoneNumber<'a> {
    pub(super) phone_number: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChallengeId<'a> {
    pub(super) challenge_id: &'a str,
}

#[derive(Serialize)]
pub(super) struct Hints<'a> {
    #[serde(skip_serializing_if = "<[Hint]>::is_empty")]
    pub(super) hints: &'a [Hint],
}

// ---- What they bring ----

/// What [`super::Authsignal::passkey_sign_up`] brings.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedUp {
    /// A token for the backend, already kept for the next call.
    pub token: Option<String>,
    /// The new authenticator, as the API describes it.
    pub user_authenticator: Option<Authenticator>,
    /// The browser's registration response as WebAuthn JSON.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub registration_response: JsValue,
}

/// What [`super::Authsignal::passkey_sign_in`] brings.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// Whether the passkey was proved.
    pub is_verified: bool,
    /// A token for the backend, already kept for the next call: it opens the binding window.
    pub token: Option<String>,
    /// Whose passkey it was.
    pub user_id: Option<String>,
    /// Which authenticator it was.
    pub user_authenticator_id: Option<String>,
    /// The user's name, where the server knows one.
    pub username: Option<String>,
    /// The user's friendlier name, where the server knows one.
    pub display_name: Option<String>,
    /// The browser's authentication response as WebAuthn JSON.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub authentication_response: JsValue,
}

/// What an enrolment begins with: until it is verified it does not count.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Enrollment {
    /// The authenticator that its first code, or the link, will verify.
    pub user_authenticator_id: String,
    /// Whose it is.
    pub user_id: Option<String>,
}

/// What [`super::Authsignal::totp_enroll`] brings.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TotpEnrollment {
    /// An `otpauth://` URI, for a QR code.
    pub uri: String,
    /// The same secret in Base32, for typing.
    pub secret: String,
    /// The authenticator that a first code will verify.
    pub user_authenticator_id: String,
    /// Whose it is. `None`: the API does not say.
    pub user_id: Option<String>,
}

/// A challenge that was sent to the user.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    /// Its id.
    pub challenge_id: String,
}

/// What a verification brings.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether the code was right.
    pub is_verified: bool,
    /// A token for the backend, already kept for the next call.
    pub token: Option<String>,
    /// `CODE_INVALID_OR_EXPIRED` or `MAX_ATTEMPTS_EXCEEDED`, when the code was not right.
    pub failure_reason: Option<String>,
    /// The new authenticator, when this was the end of an enrolment.
    pub user_authenticator: Option<Authenticator>,
}

/// What [`super::Authsignal::push_challenge`] brings.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushSent {
    /// What [`super::Authsignal::push_verify`] asks about.
    pub challenge_id: String,
    /// What became of the message to each device. Empty where the API does not say.
    #[serde(default)]
    pub delivery_results: Vec<PushDelivery>,
}

/// What became of the message to one device.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushDelivery {
    /// The device.
    pub user_authenticator_id: String,
    /// Why it was not delivered. `None`: it was.
    pub error_code: Option<String>,
}

/// What became of a push: neither verified nor consumed is pending, consumed but not verified is denied.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushVerification {
    /// Whether the user approved it.
    pub is_verified: bool,
    /// Whether the user has answered.
    pub is_consumed: bool,
    /// A token for the backend. It is *not* kept: see [`super::Authsignal::set_token`].
    pub token: Option<String>,
}

/// What [`super::Authsignal::security_key_enroll`] brings.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityKeyEnrolled {
    /// A token for the backend, already kept for the next call.
    pub token: Option<String>,
    /// The browser's registration response as WebAuthn JSON.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub registration_response: JsValue,
}

/// What [`super::Authsignal::security_key_verify`] brings.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityKeyVerified {
    /// Whether the key was proved.
    pub is_verified: bool,
    /// A token for the backend, already kept for the next call.
    pub token: Option<String>,
    /// The browser's authentication response as WebAuthn JSON.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub authentication_response: JsValue,
}

/// What the token that is set says of the binding window. The server decides; this is for showing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// Whether authenticators can be added now.
    pub state: BindingState,
    /// Milliseconds until the token is over, 0 if it is.
    pub remaining_ms: f64,
    /// What the token permits, such as `add:authenticators`. Empty if it names nothing.
    pub scopes: Vec<String>,
    /// Milliseconds since 1970 at which the token is over. `None`: there is none, or it does not say.
    pub expires_at: Option<f64>,
    /// Whose token it is. `None`: there is none, or it does not say.
    pub user_id: Option<String>,
}

/// The state of the binding window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BindingState {
    /// No token, or one that adds nothing.
    #[default]
    None,
    /// Authenticators can be added.
    Open,
    /// The token is over.
    Expired,
}

/// A user's authenticator, as the user may see it: e-mail address and phone number are masked.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authenticator {
    /// Its id.
    pub user_authenticator_id: String,
    /// `PASSKEY`, `AUTHENTICATOR_APP`, `EMAIL_OTP`, ...: an open list.
    pub verification_method: String,
    /// When it was made.
    pub created_at: String,
    /// When it was proved for the first time. `None`: not yet.
    pub verified_at: Option<String>,
    /// When it was last proved. `None`: the API does not say.
    pub last_verified_at: Option<String>,
    /// Whether it is what the user is asked for first. `None`: the API does not say.
    pub is_default: Option<bool>,
    /// Where its codes or links go. `None`: it has no e-mail address.
    pub email: Option<String>,
    /// Where its messages go. `None`: it has no phone number.
    pub phone_number: Option<String>,
    /// What the user calls it. `None`: it has no name.
    pub display_name: Option<String>,
    /// The user's name at its creation. `None`: not known.
    pub username: Option<String>,
    /// `platform` or `cross-platform`. `None`: it is neither passkey nor security key, or the browser did not say.
    pub authenticator_attachment: Option<String>,
    /// `DEFAULT`, `SMS` or `WHATSAPP`: how its last message went. `None`: none did.
    pub previous_sms_channel: Option<String>,
    /// `IOS`, `ANDROID` or `WEB`. `None`: it is no device.
    pub device_platform: Option<String>,
    /// When it could last not be reached. `None`: it could.
    pub errored_at: Option<String>,
    /// Why. `None`: it could.
    pub error_code: Option<String>,
    /// The key pair behind it. `None`: it is neither passkey nor security key.
    pub webauthn_credential: Option<WebAuthnCredential>,
}

/// The key pair behind a passkey or a security key.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebAuthnCredential {
    /// Its id, base64url.
    pub credential_id: String,
    /// The model of the authenticator (AAGUID). `None`: it does not say.
    pub aaguid: Option<String>,
    /// What to call it.
    pub name: Option<String>,
    /// Whether it is synchronised. `None`: the API does not say.
    pub credential_backed_up: Option<bool>,
    /// `singleDevice` or `multiDevice`. `None`: the API does not say.
    pub credential_device_type: Option<String>,
    /// When it was last proved. `None`: the API does not say.
    pub verified_at: Option<String>,
    /// The anonymous id of the device that made it. `None`: the API does not say.
    pub device_id: Option<String>,
    /// `platform` or `cross-platform`. `None`: the browser did not say.
    pub authenticator_attachment: Option<String>,
    /// The browser that made it. `None`: the API does not say.
    pub parsed_user_agent: Option<UserAgent>,
    /// What the model is known as. `None`: it is not known.
    pub aaguid_mapping: Option<AuthenticatorModel>,
}

/// A browser, as its `User-Agent` header tells.
#[derive(Debug, Clone, Deserialize)]
pub struct UserAgent {
    /// The header itself.
    pub ua: Option<String>,
    /// The browser.
    #[serde(default)]
    pub browser: UserAgentPart,
    /// The device.
    #[serde(default)]
    pub device: UserAgentPart,
    /// The browser's engine.
    #[serde(default)]
    pub engine: UserAgentPart,
    /// The operating system.
    #[serde(default)]
    pub os: UserAgentPart,
    /// The processor.
    #[serde(default)]
    pub cpu: UserAgentPart,
}

/// What the header tells of one part; `None` is what it does not.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct UserAgentPart {
    /// The name of a browser, an engine or an operating system.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The first number of a browser's version.
    pub major: Option<String>,
    /// The model of a device.
    pub model: Option<String>,
    /// Its kind, such as `mobile`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Who made it.
    pub vendor: Option<String>,
    /// The architecture of a processor.
    pub architecture: Option<String>,
}

/// A model of authenticator.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticatorModel {
    /// What people call it.
    pub name: String,
    /// The address of its icon for light pages. `None`: it has none.
    pub svg_icon_light: Option<String>,
    /// The address of its icon for dark pages. `None`: it has none.
    pub svg_icon_dark: Option<String>,
}
