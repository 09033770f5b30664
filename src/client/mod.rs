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
//! `www-demo/examples/yew` is a whole page.
//!
//! The rules are those of the npm package, because the code is: same requests, same tokens, same errors. Of its methods,
//! `launch` and `initAdvancedProfiling` are not here.
//!
//! Every operation is a future. There is no `signal` and no `timeout`: dropping the future, as `select!`, a component that
//! is unmounted or a timeout does, aborts the request and the ceremony. Futures and clients stay on the page's thread: use
//! `spawn_local`, and in Leptos `StoredValue::new_local` or an `Action::new_local`.

mod error;
mod host;
mod operations;
mod qr_code;
mod types;

pub use error::Error;
pub use qr_code::{QrCode, QrCodeChallenge, QrCodeSession, QrCodeState};
pub use types::*;

use crate::identity;
use crate::operation::BINDING;
use host::{Settled, object, property, set};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::collections::BTreeMap;
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
            ("webAuthnError", &host::web_authn_error()),
            ("delay", &host::delay()),
            ("conversion", &host::conversion()),
        ]);
        if let Some(callback) = options.on_token_expired {
            set(&context, "onTokenExpired", &Closure::wrap(callback).into_js_value());
        }
        set(&context, "background", &host::background(context.clone()));
        Authsignal { context, cell }
    }

    /// The id of this device.
    pub fn anonymous_id(&self) -> String {
        property(&self.context, "deviceId").as_string().unwrap_or_default()
    }

    /// Sets the token that the backend got from Authsignal.
    pub fn set_token(&self, token: &str) {
        set(&self.cell, "token", &token.into());
    }

    /// Forgets the token.
    pub fn clear_token(&self) {
        set(&self.cell, "token", &JsValue::UNDEFINED);
    }

    /// What the token that is set says of the binding window.
    pub async fn binding(&self) -> Binding {
        let none =
            Binding { state: BindingState::None, remaining_ms: 0.0, scopes: vec![], expires_at: None, user_id: None };
        // It asks nobody, and ends at its first step.
        match run(BINDING, &self.context, object([])).await {
            Ok(described) => serde_wasm_bindgen::from_value(described).unwrap_or(none),
            Err(_) => none,
        }
    }

    /// Calls an operation: parameters out, data in.
    async fn call<T: DeserializeOwned>(&self, number: u8, parameters: &impl Serialize) -> Result<T, Error> {
        let parameters = serialize(parameters)?;
        let parameters = if parameters.is_object() { parameters } else { object([]) };
        let result = run(number, &self.context, parameters).await?;
        serde_wasm_bindgen::from_value(property(&result, "data")).map_err(Error::invalid_response)
    }
}

async fn run(number: u8, context: &JsValue, parameters: JsValue) -> Result<JsValue, Error> {
    match host::drive(number, context, parameters).await {
        Settled::Data(value) => Ok(value),
        Settled::Answered(value) => Err(Error::answered(&value)),
        Settled::Thrown(value) => Err(Error::thrown(value)),
    }
}

/// A value as JSON would have it: maps are objects.
fn serialize(value: &(impl Serialize + ?Sized)) -> Result<JsValue, Error> {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true);
    value.serialize(&serializer).map_err(|error| Error::Misuse(error.to_string()))
}
