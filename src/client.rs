//! The typed API for Rust frontends: Leptos, Yew, Dioxus, or none of them.
//!
//! ```no_run
//! # async fn example() -> Result<(), authsignal_wasm::client::Error> {
//! use authsignal_wasm::client::{Authsignal, Options, SignIn};
//!
//! let authsignal = Authsignal::new(Options::new("your-tenant-id"));
//! let signed_in = authsignal.passkey_sign_in(SignIn { action: Some("signIn".into()), ..SignIn::default() }).await?;
//! if signed_in.is_verified {
//!     let authenticator_app = authsignal.totp_enroll().await?; // inside the window that the sign-in opened
//!     let verified = authsignal.totp_verify("123456").await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The rules are those of the npm package, because the code is: same requests, same tokens, same errors.

use crate::binding;
use crate::engine::{self, Context};
use crate::fault::Fault;
use crate::flow::passkey;
use crate::host::{get, object, set};
use crate::identity;
use crate::operation;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use wasm_bindgen::prelude::*;

/// The API of the vendor's region `us`.
pub const DEFAULT_BASE_URL: &str = "https://api.authsignal.com/v1";

/// What a client is made from.
pub struct Options {
    /// The tenant's id.
    pub tenant_id: String,
    /// The API of the tenant's region, up to and with `/v1`. Default: [`DEFAULT_BASE_URL`].
    pub base_url: String,
    /// The domain of the anonymous id's cookie. `None`: the page's host without a leading `www.`.
    pub cookie_domain: Option<String>,
    /// The name of that cookie. Default: `__as_aid`.
    pub cookie_name: String,
    /// Called when a request is answered with `expired_token`.
    pub on_token_expired: Option<Box<dyn FnMut()>>,
    /// Whether errors that the API answers with are written to the console. Default: no.
    pub enable_logging: bool,
}

impl Options {
    /// The defaults for that tenant.
    pub fn new(tenant_id: impl Into<String>) -> Self {
        Options {
            tenant_id: tenant_id.into(),
            base_url: DEFAULT_BASE_URL.into(),
            cookie_domain: None,
            cookie_name: identity::DEFAULT_NAME.into(),
            on_token_expired: None,
            enable_logging: false,
        }
    }
}

/// Why an operation gave no data.
#[derive(Debug, Clone)]
pub enum Error {
    /// The API said no, or the request is known to fail: `error_code` as in the API's documentation, or
    /// `token_not_set`, `network_error`, `too_many_requests`, `invalid_response`.
    Answered {
        /// The code.
        error_code: String,
        /// A sentence for people, where there is one.
        error_description: Option<String>,
    },
    /// The browser or the authenticator refused the ceremony.
    Ceremony {
        /// The name of the browser's exception, such as `NotAllowedError`.
        name: String,
        /// What it means, such as `ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED`.
        code: &'static str,
        /// A sentence for people.
        message: String,
        /// The browser's exception.
        cause: JsValue,
    },
    /// The call itself is wrong, or impossible in this browser; the text names the fix.
    Misuse(String),
    /// Anything else that JavaScript threw.
    Thrown(JsValue),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Answered { error_code, error_description: Some(description) } => {
                write!(f, "{error_code}: {description}")
            }
            Error::Answered { error_code, error_description: None } => f.write_str(error_code),
            Error::Ceremony { code, message, .. } => write!(f, "{code}: {message}"),
            Error::Misuse(message) => f.write_str(message),
            Error::Thrown(value) => write!(f, "{value:?}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Answered { code, description, .. } => Error::Answered {
                error_code: code.as_string().unwrap_or_default(),
                error_description: description.as_string(),
            },
            Fault::Ceremony { name, code, message, cause } => Error::Ceremony {
                name: name.as_string().unwrap_or_default(),
                code,
                message: message.as_string().unwrap_or_default(),
                cause,
            },
            Fault::Misuse(message) => Error::Misuse(message.into()),
            Fault::Thrown(value) => Error::Thrown(value),
            Fault::Settled(_) => Error::Misuse("An autofill request is already pending on this page".into()),
        }
    }
}

/// Parameters of [`Authsignal::passkey_sign_up`].
#[derive(Debug, Clone, Default, Serialize)]
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
    /// Whether a password manager may create the passkey without a dialog, right after a sign-in. Default: no.
    pub use_auto_register: bool,
}

/// Parameters of [`Authsignal::passkey_sign_in`].
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// The action that the sign-in is for. Excludes `token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The user whose passkey is asked for. `None`: any user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Whether passkeys are offered in an input's autofill instead of a dialog. Excludes `token`. Default: no.
    pub autofill: bool,
}

/// What [`Authsignal::passkey_sign_up`] brings.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedUp {
    /// A token for the backend, already kept for the next call.
    pub token: Option<String>,
    /// The new authenticator, as the API describes it.
    pub user_authenticator: Option<Authenticator>,
}

/// What [`Authsignal::passkey_sign_in`] brings.
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
}

/// What [`Authsignal::totp_enroll`] brings.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TotpEnrollment {
    /// An `otpauth://` URI, for a QR code.
    pub uri: String,
    /// The same secret in Base32, for typing.
    pub secret: String,
    /// The authenticator that a first code will verify.
    pub user_authenticator_id: String,
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

/// A user's authenticator.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authenticator {
    /// Its id.
    pub user_authenticator_id: String,
    /// `PASSKEY`, `AUTHENTICATOR_APP`, ...
    pub verification_method: String,
    /// When it was made: ISO 8601.
    pub created_at: String,
    /// When it was proved for the first time: ISO 8601. `None`: not yet.
    pub verified_at: Option<String>,
}

thread_local! {
    /// Token cells by base URL and tenant, as in the face of the npm package.
    static CELLS: RefCell<BTreeMap<(String, String), JsValue>> = const { RefCell::new(BTreeMap::new()) };
}

/// A client of one tenant. Clients of one base URL and tenant share their token.
#[derive(Clone)]
pub struct Authsignal {
    context: Context,
}

impl Authsignal {
    /// Makes a client, and the anonymous id's cookie where there is none.
    pub fn new(options: Options) -> Self {
        let base_url = options.base_url.trim_end_matches('/').to_owned();
        let device_id = identity::anonymous_id(&options.cookie_name, options.cookie_domain.as_deref());
        let cell = CELLS.with_borrow_mut(|cells| {
            cells.entry((base_url.clone(), options.tenant_id.clone())).or_insert_with(|| object([])).clone()
        });
        let context = object([
            ("tenantId", &options.tenant_id.into()),
            ("baseUrl", &base_url.into()),
            ("deviceId", &device_id),
            ("cell", &cell),
            ("enableLogging", &options.enable_logging.into()),
        ]);
        if let Some(callback) = options.on_token_expired {
            set(&context, "onTokenExpired", &Closure::wrap(callback).into_js_value());
        }
        Authsignal { context: Context(context) }
    }

    /// The id of this device.
    pub fn anonymous_id(&self) -> String {
        self.context.get("deviceId").as_string().unwrap_or_default()
    }

    /// Sets the token that the backend got from Authsignal.
    pub fn set_token(&self, token: &str) {
        binding::renew(&self.context, &token.into());
    }

    /// Adds a passkey.
    ///
    /// # Errors
    /// Every kind of [`Error`]; `insufficient_scope` means that no window is open and the token allows no enrolment.
    pub async fn passkey_sign_up(&self, parameters: SignUp) -> Result<SignedUp, Error> {
        typed(passkey::sign_up(self.context.clone(), outward(&parameters)?).await)
    }

    /// Proves a passkey, which opens the binding window.
    ///
    /// # Errors
    /// Every kind of [`Error`].
    pub async fn passkey_sign_in(&self, parameters: SignIn) -> Result<SignedIn, Error> {
        typed(passkey::sign_in(self.context.clone(), outward(&parameters)?).await)
    }

    /// Whether a passkey that this device has used is still the user's: a hint.
    pub async fn passkey_is_available_on_device(&self, user_id: &str) -> bool {
        let parameters = object([("userId", &user_id.into())]);
        passkey::is_available(self.context.clone(), parameters).await.is_ok_and(|found| found.is_truthy())
    }

    /// Begins to add an authenticator app.
    ///
    /// # Errors
    /// [`Error::Answered`].
    pub async fn totp_enroll(&self) -> Result<TotpEnrollment, Error> {
        typed(engine::call(&self.context, operation::TOTP_ENROLL, &JsValue::UNDEFINED).await)
    }

    /// Checks a code of an authenticator app: the end of its enrolment, or a challenge.
    ///
    /// # Errors
    /// [`Error::Answered`]. A wrong code is no error: see [`Verification::failure_reason`].
    pub async fn totp_verify(&self, code: &str) -> Result<Verification, Error> {
        let parameters = object([("code", &code.into())]);
        typed(engine::call(&self.context, operation::TOTP_VERIFY, &parameters).await)
    }
}

fn outward(parameters: &impl Serialize) -> Result<JsValue, Error> {
    serde_wasm_bindgen::to_value(parameters).map_err(|error| Error::Thrown(error.into()))
}

fn typed<T: serde::de::DeserializeOwned>(data: Result<JsValue, Fault>) -> Result<T, Error> {
    let data = data?;
    serde_wasm_bindgen::from_value(data.clone()).map_err(|error| Error::Answered {
        error_code: crate::fault::INVALID_RESPONSE.into(),
        error_description: get(&error.into(), "message").as_string(),
    })
}
