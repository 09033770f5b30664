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
//! `www-demo/examples/yew` and `www-demo/examples/leptos` are whole pages.
//!
//! The rules are those of the npm package, because the code is: same requests, same tokens, same errors. Its namespaces are
//! the beginnings of names here (`passkey.signUp` is [`Authsignal::passkey_sign_up`]); what has another form:
//!
//! | npm package | here |
//! | --- | --- |
//! | `signal` | dropping the future, as `select!` or a component that is unmounted does: it aborts the request and the ceremony |
//! | `timeout` | [`timeout`] |
//! | `{ error, errorCode, errorDescription }`, and what is thrown | [`Error`] |
//! | `emailML` | `email_magic_link` |
//! | `qrCode.refresh`, `qrCode.disconnect` | [`QrCodeSession::refresh`], dropping the session |
//! | `launch(url, { mode })` | [`Authsignal::launch_redirect`], [`Authsignal::launch_popup`], [`Authsignal::launch_window`] |
//! | `passkey.api`, `securityKey.api` | [`Authsignal::passkey_api`], [`Authsignal::security_key_api`] |
//! | `throwOnNetworkError` | an error either way, with the code `network_error` |
//!
//! Every operation is a future. Futures and clients stay on the page's thread: use `spawn_local`, and in Leptos
//! `StoredValue::new_local` or an `Action::new_local`.

#![warn(missing_docs)]

mod api;
mod error;
mod host;
mod launch;
mod operations;
mod profiling;
mod qr_code;
mod token;
mod types;

pub use api::*;
pub use error::Error;
pub use launch::{LaunchError, Launched, PopupOptions, WindowOptions};
pub use qr_code::{QrCode, QrCodeChallenge, QrCodeSession, QrCodeState};
pub use types::*;

use crate::identity;
use futures_util::future::{Either, FutureExt, LocalBoxFuture, WeakShared, select};
use host::{Settled, object, property, set};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use token::{TokenCell, Watch};
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
    /// Called with the binding window whenever a token is set, comes or goes, and when it is over.
    pub on_binding_change: Option<Box<dyn Fn(Binding)>>,
    /// Called once ahead of the token's end.
    pub on_token_expiring: Option<Box<dyn Fn(Binding)>>,
    /// How long ahead. Default: a minute.
    pub token_expiring: Duration,
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
            on_binding_change: None,
            on_token_expiring: None,
            token_expiring: Duration::from_secs(60),
            enable_logging: false,
        }
    }
}

thread_local! {
    /// What all clients on the page share: the ceremony under way, and whether a popup is open.
    static PAGE: JsValue = object([]);
}

/// Verifications under way, by operation, code, and whose token it is.
type InFlight =
    RefCell<BTreeMap<(u8, String, Option<String>), WeakShared<LocalBoxFuture<'static, Result<JsValue, Error>>>>>;

/// A client of one tenant. Clients of one base URL and tenant share their token. A clone is the same client.
#[derive(Clone)]
pub struct Authsignal {
    context: JsValue,
    cell: Rc<TokenCell>,
    in_flight: Rc<InFlight>,
    /// What the options' callbacks hear by, until the last clone is dropped.
    _watch: Rc<Watch>,
}

impl Authsignal {
    /// Makes a client, and the anonymous id's cookie where there is none.
    pub fn new(options: Options) -> Self {
        let base_url = options.base_url.trim_end_matches('/').to_owned();
        let device_id = identity::anonymous_id(&options.cookie_name, options.cookie_domain.as_deref());
        let cell = TokenCell::of(&base_url, &options.tenant_id);
        let context = object([
            ("tenantId", &options.tenant_id.into()),
            ("baseUrl", &base_url.into()),
            ("cookieDomain", &options.cookie_domain.into()),
            ("deviceId", &device_id.into()),
            ("cell", &cell.to_js()),
            ("page", &PAGE.with(JsValue::clone)),
            ("enableLogging", &options.enable_logging.into()),
            ("webAuthnError", &host::web_authn_error()),
            ("delay", &host::delay()),
            ("conversion", &host::conversion()),
            ("toJSON", &host::to_json()),
        ]);
        if let Some(callback) = options.on_token_expired {
            set(&context, "onTokenExpired", &Closure::wrap(callback).into_js_value());
        }
        set(&context, "background", &host::background(context.clone()));
        let watch = Rc::new(Watch {
            context: context.clone(),
            on_binding_change: options.on_binding_change,
            on_token_expiring: options.on_token_expiring,
            token_expiring: options.token_expiring,
            generation: Cell::new(0),
        });
        cell.tell(&watch);
        Authsignal { context, cell, in_flight: Rc::default(), _watch: watch }
    }

    /// The id of this device.
    pub fn anonymous_id(&self) -> String {
        property(&self.context, "deviceId").as_string().unwrap_or_default()
    }

    /// Sets the token that the backend got from Authsignal.
    pub fn set_token(&self, token: &str) {
        self.cell.set_by_app(token.into());
    }

    /// Forgets the token.
    pub fn clear_token(&self) {
        self.cell.set_by_app(JsValue::UNDEFINED);
    }

    /// What the token that is set says of the binding window.
    pub fn binding(&self) -> Binding {
        host::described(&self.context)
    }

    /// Calls an operation: parameters out, data in.
    async fn call<T: DeserializeOwned>(&self, number: u8, parameters: &impl Serialize) -> Result<T, Error> {
        self.call_with(number, serialize(parameters)?).await
    }

    async fn call_with<T: DeserializeOwned>(&self, number: u8, parameters: JsValue) -> Result<T, Error> {
        let parameters = if parameters.is_object() { parameters } else { object([]) };
        data(run(number, &self.context, parameters).await?)
    }

    /// Calls an operation that spends one of the user's attempts: a double submit of one code is one request.
    async fn verify(&self, number: u8, code: &str) -> Result<Verification, Error> {
        let key = (number, code.to_owned(), self.cell.user());
        let under_way = self.in_flight.borrow().get(&key).and_then(WeakShared::upgrade);
        let call = under_way.unwrap_or_else(|| {
            let (context, parameters) = (self.context.clone(), object([("code", &code.into())]));
            let call = async move { run(number, &context, parameters).await }.boxed_local().shared();
            let mut in_flight = self.in_flight.borrow_mut();
            in_flight.retain(|_, call| call.upgrade().is_some());
            in_flight.extend(call.downgrade().map(|call| (key, call)));
            call
        });
        data(call.await?)
    }
}

/// Ends a call that takes too long, by dropping it: [`Error::Answered`] with the code `timeout`.
///
/// # Errors
/// That, and those of the call.
pub async fn timeout<T>(limit: Duration, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let milliseconds = i32::try_from(limit.as_millis()).unwrap_or(i32::MAX);
    match select(pin!(call), pin!(host::sleep(milliseconds))).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(Error::Answered {
            error_code: "timeout".into(),
            error_description: Some(format!("No answer within {milliseconds} ms")),
            retry_after: None,
        }),
    }
}

/// The data of an operation's result.
fn data<T: DeserializeOwned>(result: JsValue) -> Result<T, Error> {
    serde_wasm_bindgen::from_value(property(&result, "data")).map_err(Error::invalid_response)
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

/// The README's example in Rust, compiled with those of this documentation.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
