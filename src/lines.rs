//! What `value.js` and `storage.js` have in a line each, for the typed build: in Rust, so that an app has no more files to serve.

use crate::value::{Fresh, Outcome, Val, list, object, val};
use crate::words::k;
use js_sys::{Array, JSON, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};

fn fresh(value: impl Into<JsValue>) -> Fresh {
    Fresh(value.into().into())
}

/// What JavaScript's `Number()` makes of it; NaN of what cannot be one.
fn float(value: Val) -> f64 {
    f64::try_from(value.to_js()).unwrap_or(f64::NAN)
}

pub(crate) fn is_object(value: Val) -> bool {
    let value = value.to_js();
    value.is_object() || value.is_function()
}

pub(crate) fn is_missing(value: Val) -> bool {
    value.to_js().is_null_or_undefined()
}

pub(crate) fn number(value: i32) -> Fresh {
    fresh(value)
}

pub(crate) fn joined(first: Val, second: Val, third: Val, fourth: Val) -> Fresh {
    let parts = list([first, second]);
    parts.push(third);
    parts.push(fourth);
    Fresh(parts.ask(k!("join"), [val(k!(""))]))
}

pub(crate) fn difference(one: Val, other: Val) -> Fresh {
    fresh(float(one) - float(other))
}

pub(crate) fn is_more(one: Val, other: Val) -> Fresh {
    fresh(float(one) > float(other))
}

pub(crate) fn milliseconds(seconds: Val) -> Fresh {
    fresh(float(seconds) * 1000.0)
}

/// Calls a function of the global object.
fn call(name: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    let function = Reflect::get(&js_sys::global(), &name.into())?;
    function.unchecked_into::<js_sys::Function>().call1(&JsValue::UNDEFINED, argument)
}

pub(crate) fn claims_of(token: Val) -> Fresh {
    let claims = || {
        let token = token.to_js().as_string()?;
        let payload = token.split('.').nth(1)?.replace('-', "+").replace('_', "/");
        let bytes = call("atob", &payload.into()).ok()?;
        let escaped = call("escape", &bytes).ok()?;
        let text = call("decodeURIComponent", &escaped).ok()?.as_string()?;
        JSON::parse(&text).ok()
    };
    fresh(claims().unwrap_or_default())
}

pub(crate) fn encoded_tenant(id: Val) -> Outcome {
    let encoded = call("encodeURIComponent", &id.to_js()).and_then(|id| call("btoa", &id));
    encoded.map(fresh).into()
}

pub(crate) fn renamed(body: Val) -> Fresh {
    let copy = Object::new();
    let body: Object = body.to_js().unchecked_into();
    let key = JsValue::from_str("accessToken");
    // An object of our own takes any property, and gives it away.
    let _ = Reflect::set(&copy, &"token".into(), &Reflect::get(&body, &key).unwrap_or_default());
    Object::assign(&copy, &body);
    let _ = Reflect::delete_property(&copy, &key);
    fresh(copy)
}

pub(crate) fn new_controller() -> Fresh {
    fresh(web_sys::AbortController::new().map(JsValue::from).unwrap_or_default())
}

pub(crate) fn first_of(one: Val, other: Val) -> Fresh {
    fresh(Promise::race(&Array::of2(&one.to_js(), &other.to_js())))
}

fn storage(method: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let storage = Reflect::get(&js_sys::global(), &"localStorage".into())?;
    let method = Reflect::get(&storage, &method.into())?;
    method.unchecked_into::<js_sys::Function>().apply(&storage, arguments)
}

pub(crate) fn stored(key: Val) -> Fresh {
    let text = storage("getItem", &Array::of1(&key.to_js())).ok().and_then(|text| text.as_string());
    text.and_then(|text| JSON::parse(&text).ok()).map_or_else(|| Fresh(object()), fresh)
}

pub(crate) fn store(key: Val, value: Val) -> Fresh {
    let stored = JSON::stringify(&value.to_js()).and_then(|text| storage("setItem", &Array::of2(&key.to_js(), &text)));
    fresh(stored.unwrap_or_default())
}
