//! What the core needs of JavaScript, which the npm package's face has: the context of an instance, and whoever drives
//! its tasks.

use super::types::Binding;
use crate::operation::BINDING;
use crate::task::Task;
use crate::value::Outcome;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortController;

pub(super) fn property(target: &JsValue, key: &str) -> JsValue {
    Reflect::get(target, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

pub(super) fn object<const N: usize>(fields: [(&str, &JsValue); N]) -> JsValue {
    let object = Object::new();
    for (key, value) in fields {
        set(&object, key, value);
    }
    object.into()
}

pub(super) fn set(object: &JsValue, key: &str, value: &JsValue) {
    // An object of our own takes any property.
    let _ = Reflect::set(object, &key.into(), value);
}

/// How an operation ended.
pub(super) enum Settled {
    Data(JsValue),
    Answered(JsValue),
    Thrown(JsValue),
}

/// An operation under way. Dropping it before its end aborts its request and its ceremony.
struct Call {
    task: Task,
    context: JsValue,
    controller: Option<AbortController>,
}

impl Drop for Call {
    fn drop(&mut self) {
        let Some(controller) = self.controller.take() else {
            return;
        };
        let page = property(&self.context, "page");
        let active = property(&page, "active");
        if property(&active, "signal") == JsValue::from(controller.signal()) {
            property(&active, "controller").unchecked_into::<AbortController>().abort();
            wasm_bindgen_futures::spawn_local(async move {
                let _ = JsFuture::from(Promise::resolve(&property(&active, "outcome"))).await;
                // It has ended now, and others need not make way for it.
                if property(&page, "active") == active {
                    set(&page, "active", &false.into());
                }
            });
        }
        controller.abort();
        self.task.cancel();
    }
}

/// Drives a task on `wasm-bindgen-futures`.
pub(super) async fn drive(number: u8, context: &JsValue, parameters: JsValue) -> Settled {
    let controller = match AbortController::new() {
        Ok(controller) => controller,
        Err(thrown) => return Settled::Thrown(thrown),
    };
    let context = JsValue::from(Object::<JsValue>::create(context.unchecked_ref()));
    set(&context, "signal", &controller.signal());
    let task = Task::new(number, context.clone(), parameters);
    let mut call = Call { task, context, controller: Some(controller) };
    let mut settled = Ok(JsValue::UNDEFINED);
    loop {
        let (fulfilled, value) = match settled {
            Ok(value) => (true, value),
            Err(thrown) => (false, thrown),
        };
        let take = |outcome: Outcome| (outcome, outcome.value().to_js());
        let (outcome, value) = call.task.resume(fulfilled, value, take);
        if !outcome.is_waiting() {
            call.controller = None;
            return if outcome.is_data() {
                Settled::Data(value)
            } else if outcome.is_thrown() {
                Settled::Thrown(value)
            } else {
                Settled::Answered(value)
            };
        }
        settled = JsFuture::from(Promise::resolve(&value)).await;
    }
}

/// What the token that is set says of the binding window: asks nobody, and ends at its first step.
pub(super) fn described(context: &JsValue) -> Binding {
    let mut task = Task::new(BINDING, context.clone(), object([]));
    let described = task.resume(true, JsValue::UNDEFINED, |outcome| outcome.value().to_js());
    serde_wasm_bindgen::from_value(described).unwrap_or_default()
}

/// The `background` of the context: runs an operation that nobody waits for.
pub(super) fn background(context: JsValue) -> JsValue {
    Closure::<dyn Fn(u8, JsValue)>::new(move |number, parameters| {
        let context = context.clone();
        wasm_bindgen_futures::spawn_local(async move {
            // A hint to the browser: nobody asked for it, and nobody hears of its failure.
            drive(number, &context, parameters).await;
        });
    })
    .into_js_value()
}

/// The `webAuthnError` of the context: an error with a code and a cause, as the npm package's class has them.
pub(super) fn web_authn_error() -> JsValue {
    Closure::<dyn Fn(JsValue, JsValue, JsValue) -> JsValue>::new(|code, message: JsValue, cause: JsValue| {
        let error = js_sys::Error::new(&message.as_string().unwrap_or_default());
        for (key, value) in [("code", &code), ("name", &property(&cause, "name")), ("cause", &cause)] {
            set(&error, key, value);
        }
        error.into()
    })
    .into_js_value()
}

fn timer(milliseconds: i32) -> Promise {
    Promise::new(&mut |resolve, _| set_timeout(&resolve.into(), milliseconds))
}

/// Waits.
pub(super) async fn sleep(milliseconds: i32) {
    // It never rejects.
    let _ = JsFuture::from(timer(milliseconds)).await;
}

/// The `delay` of the context.
pub(super) fn delay() -> JsValue {
    Closure::<dyn Fn(i32) -> Promise>::new(timer).into_js_value()
}

/// The `conversion` of the context: WebAuthn JSON for browsers without their own.
pub(super) fn conversion() -> JsValue {
    Closure::<dyn Fn() -> JsValue>::new(|| {
        let parse = Closure::<dyn Fn(JsValue) -> JsValue>::new(|json| parse_options(&json)).into_js_value();
        object([("parseCreationOptionsFromJSON", &parse), ("parseRequestOptionsFromJSON", &parse)])
    })
    .into_js_value()
}

/// The `toJSON` of the context: the browser's own. An old one has none, and what extensions yield is often no credential
/// to it.
pub(super) fn to_json() -> JsValue {
    Closure::<dyn Fn(JsValue) -> JsValue>::new(|credential: JsValue| {
        let own = property(&credential, "toJSON").dyn_into::<Function>().and_then(|own| own.call0(&credential));
        own.unwrap_or_else(|_| fields_to_json(&credential))
    })
    .into_js_value()
}

#[wasm_bindgen(module = "/pkg-template/webauthn-json.js")]
extern "C" {
    #[wasm_bindgen(js_name = parseCreationOptionsFromJSON)]
    fn parse_options(json: &JsValue) -> JsValue;
    #[wasm_bindgen(js_name = toJSON)]
    fn fields_to_json(credential: &JsValue) -> JsValue;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &JsValue, milliseconds: i32);
}
