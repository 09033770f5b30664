//! Sessions of a QR code: the npm package's own, under a typed surface.

use super::host::{Settled, drive, object, property, set};
use super::{Error, serialize};
use js_sys::Promise;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

/// What a QR code's challenge is about, and who hears of it.
pub struct QrCode {
    action: String,
    custom: JsValue,
    polling: Option<Duration>,
    refresh_every: Option<Duration>,
    on_refresh: Option<Box<dyn FnMut(String, String)>>,
    on_error: Option<Box<dyn FnMut(Error)>>,
    on_state_change: Box<dyn FnMut(QrCodeState, Option<String>)>,
}

/// The life of a QR code's challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QrCodeState {
    /// Nobody has scanned it.
    Unclaimed,
    /// A phone has scanned it.
    Claimed,
    /// Its user has approved: the end.
    Approved,
    /// Its user has refused: the end.
    Rejected,
}

/// A challenge to show as a QR code of its id.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QrCodeChallenge {
    /// What the QR code says.
    pub challenge_id: String,
    /// When it is over: ISO 8601 in UTC.
    pub expires_at: String,
    /// What proves that this page asked. `None`: the socket does.
    pub device_code: Option<String>,
}

impl QrCode {
    /// A challenge for that action. `on_state_change` hears of each new state once; with
    /// [`QrCodeState::Approved`] comes a token for the backend, which is *not* kept: see
    /// [`super::Authsignal::set_token`].
    pub fn new(action: impl Into<String>, on_state_change: impl FnMut(QrCodeState, Option<String>) + 'static) -> Self {
        QrCode {
            action: action.into(),
            custom: JsValue::UNDEFINED,
            polling: None,
            refresh_every: None,
            on_refresh: None,
            on_error: None,
            on_state_change: Box::new(on_state_change),
        }
    }

    /// What the phone is shown besides: an object. Default: nothing.
    ///
    /// # Errors
    /// [`Error::Misuse`] if it cannot be written as JSON.
    pub fn custom(mut self, custom: &impl Serialize) -> Result<Self, Error> {
        self.custom = serialize(custom)?;
        Ok(self)
    }

    /// Asks the API at that interval, rather than being told through a WebSocket. Default: a WebSocket.
    pub fn polling(mut self, interval: Duration) -> Self {
        self.polling = Some(interval);
        self
    }

    /// How often a new challenge takes the place of the last. Default: 9 minutes.
    pub fn refresh_every(mut self, interval: Duration) -> Self {
        self.refresh_every = Some(interval);
        self
    }

    /// Hears the id and expiry of each challenge that takes the place of the last. With polling, challenges are
    /// refreshed only for somebody who hears of it.
    pub fn on_refresh(mut self, on_refresh: impl FnMut(String, String) + 'static) -> Self {
        self.on_refresh = Some(Box::new(on_refresh));
        self
    }

    /// Hears once why the session is over without [`QrCodeState::Approved`] or [`QrCodeState::Rejected`]:
    /// [`Error::Answered`] with `challenge_expired`, or the API's refusal. What a network loses is tried again instead.
    pub fn on_error(mut self, on_error: impl FnMut(Error) + 'static) -> Self {
        self.on_error = Some(Box::new(on_error));
        self
    }

    fn into_js(self) -> JsValue {
        let parameters = object([
            ("action", &self.action.into()),
            ("custom", &self.custom),
            ("polling", &self.polling.is_some().into()),
        ]);
        let mut on_state_change = self.on_state_change;
        let heard = move |state: JsValue, token: JsValue| {
            // A state that the API has added since is none of those that the app knows.
            if let Ok(state) = serde_wasm_bindgen::from_value(state) {
                on_state_change(state, token.as_string());
            }
        };
        set(&parameters, "onStateChange", &Closure::<dyn FnMut(JsValue, JsValue)>::new(heard).into_js_value());
        if let Some(callback) = self.on_refresh {
            set(&parameters, "onRefresh", &Closure::<dyn FnMut(String, String)>::wrap(callback).into_js_value());
        }
        if let Some(mut callback) = self.on_error {
            let heard = move |answer: JsValue| callback(Error::answered(&answer));
            set(&parameters, "onError", &Closure::<dyn FnMut(JsValue)>::new(heard).into_js_value());
        }
        for (key, interval) in [("pollInterval", self.polling), ("refreshInterval", self.refresh_every)] {
            if let Some(interval) = interval {
                set(&parameters, key, &(interval.as_millis() as f64).into());
            }
        }
        parameters
    }
}

/// A QR code that is shown. Dropping it ends it: from then on it calls nobody.
pub struct QrCodeSession {
    session: Session,
    challenge: QrCodeChallenge,
}

impl QrCodeSession {
    pub(super) async fn begin(context: &JsValue, parameters: QrCode) -> Result<Self, Error> {
        let parameters = parameters.into_js();
        let session = Session(open_session(context, &call(), &notify(), &answer(), &parameters));
        let answer = JsFuture::from(session.0.challenge()).await.map_err(Error::thrown)?;
        let data = property(&answer, "data");
        if !data.is_object() {
            return Err(Error::answered(&answer));
        }
        let challenge = serde_wasm_bindgen::from_value(data).map_err(Error::invalid_response)?;
        Ok(QrCodeSession { session, challenge })
    }

    /// The challenge that it began with; `on_refresh` hears of those after it.
    pub fn challenge(&self) -> &QrCodeChallenge {
        &self.challenge
    }

    /// Puts a new challenge in the place of the last, and tells `on_refresh`.
    ///
    /// # Errors
    /// [`Error::SocketLost`], and [`Error::Misuse`] if `custom` cannot be written as JSON. `None` keeps what was shown.
    pub async fn refresh(&self, custom: Option<&impl Serialize>) -> Result<(), Error> {
        let custom = custom.map(serialize).transpose()?.unwrap_or_default();
        JsFuture::from(self.session.0.refresh(&object([("custom", &custom)]))).await.map_err(Error::thrown)?;
        Ok(())
    }
}

/// Ended when dropped, the challenge that it waits for included.
struct Session(JsSession);

impl Drop for Session {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The `call` of a session.
fn call() -> JsValue {
    Closure::<dyn Fn(u8, JsValue, JsValue) -> Promise>::new(|number, context: JsValue, parameters: JsValue| {
        future_to_promise(async move {
            match drive(number, &context, parameters).await {
                Settled::Data(value) | Settled::Answered(value) => Ok(value),
                Settled::Thrown(value) => Err(value),
            }
        })
    })
    .into_js_value()
}

/// The `notify` of a session: calls a callback of the app's, if there is one.
fn notify() -> JsValue {
    Closure::<dyn Fn(JsValue, JsValue, JsValue)>::new(|callback: JsValue, first: JsValue, second: JsValue| {
        if let Ok(callback) = callback.dyn_into::<js_sys::Function>() {
            // A callback in Rust throws nothing but a panic, which is its own.
            let _ = callback.call2(&JsValue::UNDEFINED, &first, &second);
        }
    })
    .into_js_value()
}

/// The `answer` of a session: that there is no data, and why.
fn answer() -> JsValue {
    Closure::<dyn Fn(JsValue, JsValue, JsValue) -> JsValue>::new(|_context, code: JsValue, description: JsValue| {
        object([("error", &description), ("errorCode", &code), ("errorDescription", &description)])
    })
    .into_js_value()
}

#[wasm_bindgen(module = "/pkg-template/qr.js")]
extern "C" {
    type JsSession;
    #[wasm_bindgen(js_name = openSession)]
    fn open_session(
        context: &JsValue,
        call: &JsValue,
        notify: &JsValue,
        answer: &JsValue,
        parameters: &JsValue,
    ) -> JsSession;
    #[wasm_bindgen(method)]
    fn challenge(this: &JsSession) -> Promise;
    #[wasm_bindgen(method)]
    fn refresh(this: &JsSession, parameters: &JsValue) -> Promise;
    #[wasm_bindgen(method)]
    fn end(this: &JsSession);
}
