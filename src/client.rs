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

use crate::identity;
use crate::operation;
use crate::task::Task;
use crate::value::{Outcome, prepare};
use js_sys::{Object, Promise, Reflect};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

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
        code: String,
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

impl Error {
    fn answered(answer: &JsValue) -> Self {
        match property(answer, "errorCode").as_string() {
            Some(error_code) => {
                Error::Answered { error_code, error_description: property(answer, "errorDescription").as_string() }
            }
            // The only other answer: a second autofill request on the page.
            None => Error::Misuse("An autofill request is already pending on this page".into()),
        }
    }

    fn thrown(thrown: JsValue) -> Self {
        let text = |key| property(&thrown, key).as_string();
        match (text("code"), text("message")) {
            (Some(code), Some(message)) => Error::Ceremony {
                name: text("name").unwrap_or_default(),
                code,
                message,
                cause: property(&thrown, "cause"),
            },
            (None, Some(message)) if text("name").as_deref() == Some("Error") => Error::Misuse(message),
            _ => Error::Thrown(thrown),
        }
    }
}

fn property(target: &JsValue, key: &str) -> JsValue {
    Reflect::get(target, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

fn object<const N: usize>(fields: [(&str, &JsValue); N]) -> JsValue {
    let object = Object::new();
    for (key, value) in fields {
        // A plain object takes any property.
        let _ = Reflect::set(&object, &key.into(), value);
    }
    object.into()
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
    /// What all clients on the page share: the ceremony under way.
    static PAGE: JsValue = object([]);
}

/// A client of one tenant. Clients of one base URL and tenant share their token.
#[derive(Clone)]
pub struct Authsignal {
    context: JsValue,
    cell: JsValue,
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
            ("deviceId", &device_id.into()),
            ("cell", &cell),
            ("page", &PAGE.with(JsValue::clone)),
            ("enableLogging", &options.enable_logging.into()),
            ("webAuthnError", &web_authn_error()),
            ("delay", &delay()),
            ("conversion", &conversion()),
        ]);
        if let Some(callback) = options.on_token_expired {
            let _ = Reflect::set(&context, &"onTokenExpired".into(), &Closure::wrap(callback).into_js_value());
        }
        let client = Authsignal { context, cell };
        let _ = Reflect::set(&client.context, &"background".into(), &client.background());
        client
    }

    /// The id of this device.
    pub fn anonymous_id(&self) -> String {
        property(&self.context, "deviceId").as_string().unwrap_or_default()
    }

    /// Sets the token that the backend got from Authsignal.
    pub fn set_token(&self, token: &str) {
        let _ = Reflect::set(&self.cell, &"token".into(), &token.into());
    }

    /// Forgets the token.
    pub fn clear_token(&self) {
        let _ = Reflect::set(&self.cell, &"token".into(), &JsValue::UNDEFINED);
    }

    /// Adds a passkey.
    ///
    /// # Errors
    /// Every kind of [`Error`]; `insufficient_scope` means that no window is open and the token allows no enrolment.
    pub async fn passkey_sign_up(&self, parameters: SignUp) -> Result<SignedUp, Error> {
        self.call(operation::PASSKEY_SIGN_UP, &parameters).await
    }

    /// Proves a passkey, which opens the binding window.
    ///
    /// # Errors
    /// Every kind of [`Error`].
    pub async fn passkey_sign_in(&self, parameters: SignIn) -> Result<SignedIn, Error> {
        self.call(operation::PASSKEY_SIGN_IN, &parameters).await
    }

    /// Whether a passkey that this device has used is still the user's: a hint.
    pub async fn passkey_is_available_on_device(&self, user_id: &str) -> bool {
        let parameters = object([("userId", &user_id.into())]);
        run(operation::PASSKEY_IS_AVAILABLE, self.context.clone(), parameters)
            .await
            .is_ok_and(|found| found.is_truthy())
    }

    /// Begins to add an authenticator app.
    ///
    /// # Errors
    /// [`Error::Answered`].
    pub async fn totp_enroll(&self) -> Result<TotpEnrollment, Error> {
        self.call(operation::TOTP_ENROLL, &()).await
    }

    /// Checks a code of an authenticator app: the end of its enrolment, or a challenge.
    ///
    /// # Errors
    /// [`Error::Answered`]. A wrong code is no error: see [`Verification::failure_reason`].
    pub async fn totp_verify(&self, code: &str) -> Result<Verification, Error> {
        self.call(operation::TOTP_VERIFY, &Code { code }).await
    }

    /// Calls an operation: parameters out, data in.
    async fn call<T: serde::de::DeserializeOwned>(&self, number: u8, parameters: &impl Serialize) -> Result<T, Error> {
        let parameters = serde_wasm_bindgen::to_value(parameters).map_err(|error| Error::Thrown(error.into()))?;
        let parameters = if parameters.is_object() { parameters } else { object([]) };
        let result = run(number, self.context.clone(), parameters).await?;
        serde_wasm_bindgen::from_value(property(&result, "data")).map_err(|error| Error::Answered {
            error_code: "invalid_response".into(),
            error_description: Some(error.to_string()),
        })
    }

    /// Runs an operation that nobody waits for.
    fn background(&self) -> JsValue {
        let context = self.context.clone();
        Closure::<dyn Fn(u8, JsValue)>::new(move |number, parameters| {
            let context = context.clone();
            wasm_bindgen_futures::spawn_local(async move {
                // A hint to the browser: nobody asked for it, and nobody hears of its failure.
                let _ = run(number, context, parameters).await;
            });
        })
        .into_js_value()
    }
}

#[derive(Serialize)]
struct Code<'a> {
    code: &'a str,
}

/// Drives a task on `wasm-bindgen-futures`.
async fn run(number: u8, context: JsValue, parameters: JsValue) -> Result<JsValue, Error> {
    prepare();
    let mut task = Task::new(number, context, parameters);
    let mut settled = Ok(JsValue::UNDEFINED);
    loop {
        let (fulfilled, value) = match settled {
            Ok(value) => (true, value),
            Err(thrown) => (false, thrown),
        };
        let (outcome, value) = task.resume(fulfilled, value, |outcome: Outcome| (outcome, outcome.value().to_js()));
        if outcome.is_data() {
            return Ok(value);
        }
        if !outcome.is_waiting() {
            return Err(if outcome.is_thrown() { Error::thrown(value) } else { Error::answered(&value) });
        }
        settled = JsFuture::from(Promise::resolve(&value)).await;
    }
}

/// The `webAuthnError` of the context: an error with a code and a cause, as the npm package's class has them.
fn web_authn_error() -> JsValue {
    Closure::<dyn Fn(JsValue, JsValue, JsValue) -> JsValue>::new(|code, message: JsValue, cause: JsValue| {
        let error = js_sys::Error::new(&message.as_string().unwrap_or_default());
        for (key, value) in [("code", &code), ("name", &property(&cause, "name")), ("cause", &cause)] {
            let _ = Reflect::set(&error, &key.into(), value);
        }
        error.into()
    })
    .into_js_value()
}

/// The `delay` of the context.
fn delay() -> JsValue {
    Closure::<dyn Fn(i32) -> Promise>::new(|milliseconds| {
        Promise::new(&mut |resolve, _| set_timeout(&resolve.into(), milliseconds))
    })
    .into_js_value()
}

/// The `conversion` of the context: WebAuthn JSON for browsers without their own.
fn conversion() -> JsValue {
    Closure::<dyn Fn() -> JsValue>::new(|| {
        let parse = Closure::<dyn Fn(JsValue) -> JsValue>::new(|json| parse_options(&json)).into_js_value();
        let write = Closure::<dyn Fn(JsValue) -> JsValue>::new(|credential| to_json(&credential)).into_js_value();
        object([("parseCreationOptionsFromJSON", &parse), ("parseRequestOptionsFromJSON", &parse), ("toJSON", &write)])
    })
    .into_js_value()
}

#[wasm_bindgen(module = "/pkg-template/webauthn-json.js")]
extern "C" {
    #[wasm_bindgen(js_name = parseCreationOptionsFromJSON)]
    fn parse_options(json: &JsValue) -> JsValue;
    #[wasm_bindgen(js_name = toJSON)]
    fn to_json(credential: &JsValue) -> JsValue;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &JsValue, milliseconds: i32);
}
