//! The pre-built UI, at the address that the backend got from `track`.

use super::host::{object, property, set, sleep};
use super::{Authsignal, Error, PAGE};
use futures_util::future::{Either, select};
use js_sys::{Function, JSON, Promise};
use serde::Deserialize;
use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{MessageEvent, Url, Window};

/// How often a window is asked whether the user has closed it: no event tells.
const CLOSED_INTERVAL_MS: i32 = 500;

/// What a window is opened with, as by the npm package.
const WINDOW_FEATURES: &str =
    "toolbar=no, location=no, directories=no, status=no, menubar=no, scrollbars=no, resizable=no, copyhistory=no";

/// The dialog of [`Authsignal::launch_popup`]. Style it by the ids `__authsignal-popup-container`, `-overlay`, `-content`
/// and `-iframe`.
pub struct PopupOptions {
    /// As CSS has it. Default: `385px`.
    pub width: String,
    /// As CSS has it. `None`: as tall as its content.
    pub height: Option<String>,
    /// Whether Escape and a click beside the dialog close it. Default: yes.
    pub is_closable: bool,
    /// Called when the pre-built UI is refused something by the API.
    pub on_error: Option<Box<dyn FnMut(LaunchError)>>,
}

impl Default for PopupOptions {
    fn default() -> Self {
        PopupOptions { width: "385px".into(), height: None, is_closable: true, on_error: None }
    }
}

/// The window of [`Authsignal::launch_window`], in the middle of the page's.
pub struct WindowOptions {
    /// Pixels. Default: 400.
    pub width: u32,
    /// Pixels. Default: 500.
    pub height: u32,
    /// Called when the pre-built UI is refused something by the API.
    pub on_error: Option<Box<dyn FnMut(LaunchError)>>,
}

impl Default for WindowOptions {
    fn default() -> Self {
        WindowOptions { width: 400, height: 500, on_error: None }
    }
}

/// What the API has refused to the pre-built UI, which goes on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaunchError {
    /// The API's code. `None`: it has given none.
    pub error_code: Option<String>,
    /// The status of its answer. `None`: there was none.
    pub status_code: Option<u16>,
}

/// How the pre-built UI ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launched {
    /// A token for the backend. It is *not* kept: see [`Authsignal::set_token`]. `None`: the user did not go to the end.
    pub token: Option<String>,
    /// Why the user closed the popup or the window before its end: the last code that the API refused something with, else
    /// `window_closed`. `None`: the pre-built UI ended by itself.
    pub error_code: Option<String>,
}

/// What there is to tell so far.
type SoFar = Rc<RefCell<Launched>>;

/// As long as nothing is handed over, whoever closes it ends it.
fn so_far() -> SoFar {
    Rc::new(RefCell::new(Launched { token: None, error_code: Some("window_closed".into()) }))
}

impl Authsignal {
    /// Leaves the page for the pre-built UI, which comes back to the redirect URL with `token` in its query.
    ///
    /// # Errors
    /// [`Error::Misuse`]: `url` is no address, or there is no page.
    pub fn launch_redirect(&self, url: &str) -> Result<(), Error> {
        let (window, _) = page(url)?;
        window.location().set_href(url).map_err(Error::thrown)
    }

    /// Shows the pre-built UI in a dialog, from this call on; the future is its end. Dropping it closes the
    /// dialog, and so does [`timeout`](super::timeout) around it.
    ///
    /// # Errors
    /// [`Error::Misuse`]: a popup is open already, `url` is no address, or there is no page.
    pub fn launch_popup(
        &self,
        url: &str,
        options: PopupOptions,
    ) -> impl Future<Output = Result<Launched, Error>> + use<> {
        let popup = Popup::open(url, options);
        async move {
            let popup = popup?;
            JsFuture::from(popup.end.clone()).await.map_err(Error::thrown)?;
            Ok(popup.so_far.borrow().clone())
        }
    }

    /// Opens the pre-built UI in a window of its own, at this call, so that it can be made in the handler of a click, where
    /// alone browsers allow it; the future is its end. Dropping it closes the window, and so does
    /// [`timeout`](super::timeout) around it.
    ///
    /// # Errors
    /// [`Error::PopupBlocked`]; [`Error::Misuse`]: `url` is no address, or there is no page.
    pub fn launch_window(
        &self,
        url: &str,
        options: WindowOptions,
    ) -> impl Future<Output = Result<Launched, Error>> + use<> {
        let opened = Opened::open(url, options);
        async move {
            let opened = opened?;
            let mut end = JsFuture::from(opened.end.clone());
            loop {
                match select(&mut end, pin!(sleep(CLOSED_INTERVAL_MS))).await {
                    Either::Right(_) if !opened.window.closed().unwrap_or(true) => {}
                    _ => return Ok(opened.so_far.borrow().clone()),
                }
            }
        }
    }
}

/// The page's window, and the origin of an address.
fn page(url: &str) -> Result<(Window, String), Error> {
    let window =
        web_sys::window().ok_or_else(|| Error::Misuse("The pre-built UI needs a page: there is none here".into()))?;
    let base = window.location().href().map_err(Error::thrown)?;
    let parsed = Url::new_with_base(url, &base)
        .map_err(|_| Error::Misuse("The address of the pre-built UI is none: pass the `url` of `track`".into()))?;
    Ok((window, parsed.origin()))
}

/// Adds the mode to an address's query, of whatever form.
fn in_popup_mode(url: &str) -> String {
    let (address, hash) = url.split_at(url.find('#').unwrap_or(url.len()));
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}mode=popup{hash}")
}

/// Hears what the pre-built UI says, until it is dropped. Only the window that was opened is heard, and only from the
/// origin that it was opened at.
struct Listener {
    window: Window,
    listen: Closure<dyn FnMut(MessageEvent)>,
}

impl Listener {
    fn new(
        (window, origin): (Window, String),
        source: impl Fn() -> JsValue + 'static,
        mut on_error: Option<Box<dyn FnMut(LaunchError)>>,
        so_far: SoFar,
        done: impl Fn() + 'static,
        other: impl Fn(JsValue) + 'static,
    ) -> Result<Self, Error> {
        let listen = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if event.origin() != origin || property(&event, "source") != source() {
                return;
            }
            let data = event.data();
            // Heights come as plain objects.
            let message = data.as_string().and_then(|text| JSON::parse(&text).ok()).unwrap_or(data);
            match property(&message, "event").as_string().as_deref() {
                Some("AUTHSIGNAL_API_ERROR") => {
                    let unsaid = LaunchError { error_code: None, status_code: None };
                    let error: LaunchError = serde_wasm_bindgen::from_value(message).unwrap_or(unsaid);
                    if let (Some(why), Some(code)) = (&mut so_far.borrow_mut().error_code, &error.error_code) {
                        why.clone_from(code);
                    }
                    if let Some(tell) = &mut on_error {
                        tell(error);
                    }
                }
                Some("AUTHSIGNAL_CLOSE_POPUP") => {
                    so_far.replace(Launched { token: property(&message, "token").as_string(), error_code: None });
                    done();
                }
                _ => other(message),
            }
        });
        window.add_event_listener_with_callback("message", listen.as_ref().unchecked_ref()).map_err(Error::thrown)?;
        Ok(Listener { window, listen })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.window.remove_event_listener_with_callback("message", self.listen.as_ref().unchecked_ref());
    }
}

/// The window, closed when dropped.
struct Opened {
    window: Window,
    end: Promise,
    so_far: SoFar,
    _listener: Listener,
}

impl Opened {
    fn open(url: &str, options: WindowOptions) -> Result<Self, Error> {
        let (page, origin) = page(url)?;
        let measure = |name| property(&page, name).as_f64().unwrap_or_default();
        let WindowOptions { width, height, on_error } = options;
        let left = measure("screenX") + (measure("outerWidth") - f64::from(width)) / 2.0;
        let top = measure("screenY") + (measure("outerHeight") - f64::from(height)) / 2.0;
        let features = format!("{WINDOW_FEATURES}, width={width}, height={height}, top={top}, left={left}");
        let window = page
            .open_with_url_and_target_and_features(&in_popup_mode(url), "", &features)
            .map_err(Error::thrown)?
            .ok_or_else(|| {
                Error::PopupBlocked("The browser blocked the window: launch it in the handler of a click".into())
            })?;
        let mut resolve = None;
        let end = Promise::new(&mut |fulfil, _| resolve = Some(fulfil));
        let done = move || {
            let _ = resolve.as_ref().map(|resolve| resolve.call0(&JsValue::UNDEFINED));
        };
        let source = JsValue::from(window.clone());
        let so_far = so_far();
        let listener = Listener::new((page, origin), move || source.clone(), on_error, so_far.clone(), done, drop)?;
        Ok(Opened { window, end, so_far, _listener: listener })
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let _ = self.window.close();
    }
}

/// The dialog, closed when dropped.
struct Popup {
    end: Promise,
    so_far: SoFar,
    /// What closes it, as long as it is open.
    close: Rc<RefCell<Option<Function>>>,
}

impl Popup {
    fn open(url: &str, options: PopupOptions) -> Result<Self, Error> {
        let heard = page(url)?;
        if PAGE.with(|page| property(page, "popup").is_truthy()) {
            return Err(Error::Misuse("Multiple instances of Authsignal popup is not supported.".into()));
        }
        let close = Rc::new(RefCell::new(None));
        let closes = close.clone();
        let so_far = so_far();
        let heard_so_far = so_far.clone();
        let PopupOptions { width, height, is_closable, on_error } = options;
        let follow =
            Closure::once_into_js(move |source: Function, done: Function, other: Function, remove: Function| {
                closes.replace(Some(remove));
                let nothing = JsValue::UNDEFINED;
                let listener = Listener::new(
                    heard,
                    move || source.call0(&nothing).unwrap_or_default(),
                    on_error,
                    heard_so_far,
                    move || drop(done.call0(&JsValue::UNDEFINED)),
                    move |message| {
                        let [event, height] = ["event", "height"].map(|key| property(&message, key));
                        drop(other.call2(&JsValue::UNDEFINED, &event, &height));
                    },
                );
                Closure::once_into_js(move || drop(listener))
            });
        let given = object([("width", &width.into()), ("height", &height.into()), ("isClosable", &is_closable.into())]);
        PAGE.with(|page| set(page, "popup", &true.into()));
        let shown = show(&in_popup_mode(url), &given, &follow);
        let closed = close.clone();
        let end = future_to_promise(async move {
            let result = JsFuture::from(shown).await;
            free(&closed);
            result
        });
        Ok(Popup { end, so_far, close })
    }
}

/// Lets the page open the next dialog, unless that was done before: what closes the one that is open.
fn free(close: &RefCell<Option<Function>>) -> Option<Function> {
    let close = close.take()?;
    PAGE.with(|page| set(page, "popup", &false.into()));
    Some(close)
}

impl Drop for Popup {
    fn drop(&mut self) {
        if let Some(close) = free(&self.close) {
            let _ = close.call0(&JsValue::UNDEFINED);
        }
    }
}

#[wasm_bindgen(module = "/pkg-template/popup.js")]
extern "C" {
    fn show(url: &str, options: &JsValue, follow: &JsValue) -> Promise;
}
