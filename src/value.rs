//! JavaScript values without the cost of owning them.
//!
//! A `JsValue` frees its slot when it is dropped, and the code that does so, at every `?` and every `await`, was a
//! large part of the package. [`Val`] is a plain copy of the slot's number. Its slot belongs to the task that runs (see
//! [`crate::task`]) and is freed with it; what must outlive the task is kept on the JavaScript side.
//!
//! Every import adds its own glue to the package as well. So a property is read by [`Val::get`] and a method is called by
//! [`Val::invoke`] instead of one binding each; `web-sys` serves where what it names is always there.

#[cfg(not(feature = "js"))]
use crate::lines::{
    claims_of, difference, encoded_tenant, first_of, is_missing, is_more, is_object, joined, milliseconds,
    new_controller, number, renamed,
};
use crate::slots;
use crate::slots::undefined;
pub(crate) use crate::slots::{globals, val};
use crate::words::{Short, Word, k};
use std::mem::ManuallyDrop;
use std::ops::Deref;
use wasm_bindgen::JsCast;
use wasm_bindgen::convert::{FromWasmAbi, IntoWasmAbi};
use wasm_bindgen::describe::WasmDescribe;
use wasm_bindgen::prelude::*;

/// A JavaScript value that belongs to the running task.
#[derive(Clone, Copy)]
pub(crate) struct Val(i32);

/// Crosses to JavaScript as a reference does: the slot stays ours.
impl WasmDescribe for Val {
    fn describe() {
        <&JsValue>::describe();
    }
}

impl IntoWasmAbi for Val {
    type Abi = i32;

    fn into_abi(self) -> i32 {
        self.0
    }
}

/// A value that JavaScript hands over.
pub(crate) struct Fresh(pub(crate) Val);

impl WasmDescribe for Fresh {
    fn describe() {
        JsValue::describe();
    }
}

impl FromWasmAbi for Fresh {
    type Abi = i32;

    unsafe fn from_abi(slot: i32) -> Self {
        Fresh(Val::owned(slot))
    }
}

// What may throw. In the npm build the glue catches it, and hands over `undefined`, or the outcome of a call
// (xtask/src/core.js).
#[cfg(feature = "js")]
#[wasm_bindgen]
extern "C" {
    type Any;
    #[wasm_bindgen(method, structural, indexing_getter)]
    fn property(this: &Any, key: Val) -> Fresh;
    #[wasm_bindgen(method, structural, indexing_setter)]
    fn set_property(this: &Any, key: Val, value: Val);
    #[wasm_bindgen(js_namespace = Reflect, js_name = apply)]
    fn reflect_apply(method: Val, this: Val, arguments: Val) -> Outcome;
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(message: Val);
    #[wasm_bindgen(js_namespace = JSON, js_name = stringify)]
    fn json_stringify(value: Val) -> Outcome;
}

// One line of JavaScript each, which the glue has in it.
#[cfg(feature = "js")]
#[wasm_bindgen(module = "/src/value.js")]
extern "C" {
    fn joined(first: Val, second: Val, third: Val, fourth: Val) -> Fresh;
    fn difference(one: Val, other: Val) -> Fresh;
    #[wasm_bindgen(js_name = isMore)]
    fn is_more(one: Val, other: Val) -> Fresh;
    fn milliseconds(seconds: Val) -> Fresh;
    #[wasm_bindgen(js_name = claimsOf)]
    fn claims_of(token: Val) -> Fresh;
    #[wasm_bindgen(js_name = encodedTenant)]
    fn encoded_tenant(id: Val) -> Outcome;
    #[wasm_bindgen(js_name = isObject)]
    fn is_object(value: Val) -> bool;
    #[wasm_bindgen(js_name = isMissing)]
    fn is_missing(value: Val) -> bool;
    fn number(value: i32) -> Fresh;
    fn renamed(body: Val) -> Fresh;
    #[wasm_bindgen(js_name = newController)]
    fn new_controller() -> Fresh;
    #[wasm_bindgen(js_name = firstOf)]
    fn first_of(one: Val, other: Val) -> Fresh;
}

#[cfg(not(feature = "js"))]
#[wasm_bindgen]
extern "C" {
    type Any;
    #[wasm_bindgen(method, structural, indexing_getter, catch)]
    fn property(this: &Any, key: Val) -> Result<Fresh, JsValue>;
    #[wasm_bindgen(method, structural, indexing_setter, catch)]
    fn set_property(this: &Any, key: Val, value: Val) -> Result<(), JsValue>;
    #[wasm_bindgen(js_namespace = Reflect, js_name = apply, catch)]
    fn reflect_apply(method: Val, this: Val, arguments: Val) -> Result<Fresh, JsValue>;
    #[wasm_bindgen(js_namespace = console, js_name = error, catch)]
    fn console_error(message: Val) -> Result<(), JsValue>;
    #[wasm_bindgen(js_namespace = JSON, js_name = stringify, catch)]
    fn json_stringify(value: Val) -> Result<Fresh, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Array, js_name = of)]
    fn array_of_none() -> Fresh;
    #[wasm_bindgen(js_namespace = Array, js_name = of)]
    fn array_of_one(first: Val) -> Fresh;
    #[wasm_bindgen(js_namespace = Array, js_name = of)]
    fn array_of_two(first: Val, second: Val) -> Fresh;
    #[wasm_bindgen(js_name = Object)]
    fn object_of_none() -> Fresh;
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> Fresh;
    #[wasm_bindgen(js_name = Error)]
    fn error_of(message: Val) -> Fresh;
    #[wasm_bindgen(js_name = Number)]
    fn integer_of(value: Val) -> i32;
    #[wasm_bindgen(js_namespace = Object, js_name = is)]
    fn same(one: Val, other: Val) -> bool;
    #[wasm_bindgen(js_name = Boolean)]
    fn boolean(value: Val) -> bool;
    #[wasm_bindgen(js_namespace = Array, js_name = isArray)]
    fn is_array(value: Val) -> bool;
}

/// A property of the global object, `undefined` where there is none.
pub(crate) fn global(key: Word) -> Val {
    globals().get(key)
}

/// The page's clock: milliseconds since 1970.
pub(crate) fn now() -> Val {
    date_now().0
}

/// A new `AbortController`.
pub(crate) fn controller() -> Val {
    new_controller().0
}

/// Waits for the first of two promises to settle.
pub(crate) fn race(one: Val, other: Val) -> Outcome {
    Outcome::from(first_of(one, other).0).wait()
}

/// A tenant's id as the API wants it; what is no text that can be sent is the error.
pub(crate) fn tenant(id: Val) -> Outcome {
    encoded_tenant(id)
}

/// A new object without properties.
pub(crate) fn object() -> Val {
    object_of_none().0
}

/// Some values, as an array of JavaScript's. Arrays by value, of each length: a slice would have to lie in memory.
pub(crate) trait Values {
    fn list(self) -> Val;
}

impl Values for [Val; 0] {
    #[inline(always)]
    fn list(self) -> Val {
        array_of_none().0
    }
}

impl Values for [Val; 1] {
    #[inline(always)]
    fn list(self) -> Val {
        array_of_one(self[0]).0
    }
}

impl Values for [Val; 2] {
    #[inline(always)]
    fn list(self) -> Val {
        array_of_two(self[0], self[1]).0
    }
}

/// A new array of these.
#[inline(always)]
pub(crate) fn list(items: impl Values) -> Val {
    items.list()
}

/// At most four, as JavaScript writes them, one after the other; `undefined` and `null` as nothing.
#[inline(always)]
pub(crate) fn text<const N: usize>(parts: [Val; N]) -> Val {
    let part = |index| if index < N { parts[index] } else { Val::default() };
    joined(part(0), part(1), part(2), part(3)).into()
}

impl Default for Val {
    /// `undefined`.
    fn default() -> Self {
        undefined()
    }
}

impl From<JsValue> for Val {
    fn from(value: JsValue) -> Self {
        Val::owned(value.into_abi() as i32)
    }
}

impl From<bool> for Val {
    fn from(value: bool) -> Self {
        slots::boolean(value)
    }
}

impl From<i32> for Val {
    fn from(value: i32) -> Self {
        number(value).0
    }
}

/// What a step comes to: data, a promise to wait for, or one of the two ends without. A single word, of the value's slot and two bits
/// of kind, where a `Result` is three words and a detour through memory; [`check`] does what `?` does.
#[derive(Clone, Copy)]
pub(crate) struct Outcome(i32);

/// The kinds of outcome, as the face knows them too.
const DATA: i32 = 0;
const WAIT: i32 = 1;
const ANSWER: i32 = 2;
const THROWN: i32 = 3;

impl Outcome {
    const fn new(value: Val, kind: i32) -> Self {
        Outcome(value.0 << 2 | kind)
    }

    const fn kind(self) -> i32 {
        self.0 & 3
    }

    /// The number that the face takes apart again.
    #[cfg(feature = "js")]
    pub(crate) const fn number(self) -> i32 {
        self.0
    }

    /// An end that resolves the promise with this: mostly `{error, errorCode, errorDescription}`.
    pub(crate) fn answer(value: Val) -> Self {
        Outcome::new(value, ANSWER)
    }

    /// An end that rejects the promise with this.
    pub(crate) fn throw(value: Val) -> Self {
        Outcome::new(value, THROWN)
    }

    /// The data, made a promise to wait for. What is thrown stays that; no answer is ever asked for this.
    pub(crate) const fn wait(self) -> Self {
        Outcome(self.0 | WAIT)
    }

    /// The data, the promise, the answer, or what is thrown.
    pub(crate) fn value(self) -> Val {
        Val(self.0 >> 2)
    }

    pub(crate) fn is_data(self) -> bool {
        self.kind() == DATA
    }

    pub(crate) fn is_waiting(self) -> bool {
        self.kind() == WAIT
    }

    pub(crate) fn is_thrown(self) -> bool {
        self.kind() == THROWN
    }

    /// The data, or `undefined`.
    pub(crate) fn data(self) -> Val {
        if self.is_data() { self.value() } else { Val::default() }
    }
}

impl From<Val> for Outcome {
    fn from(data: Val) -> Self {
        Outcome::new(data, 0)
    }
}

#[cfg(feature = "js")]
impl WasmDescribe for Outcome {
    fn describe() {
        JsValue::describe();
    }
}

#[cfg(feature = "js")]
impl FromWasmAbi for Outcome {
    type Abi = i32;

    unsafe fn from_abi(number: i32) -> Self {
        Outcome(number)
    }
}

/// What came of an import that may throw.
#[cfg(not(feature = "js"))]
impl From<Result<Fresh, JsValue>> for Outcome {
    fn from(result: Result<Fresh, JsValue>) -> Self {
        match result {
            Ok(value) => value.0.into(),
            Err(thrown) => Outcome::throw(thrown.into()),
        }
    }
}

#[cfg(not(feature = "js"))]
impl From<Result<Fresh, JsValue>> for Val {
    fn from(result: Result<Fresh, JsValue>) -> Self {
        Outcome::from(result).data()
    }
}

impl From<Fresh> for Val {
    fn from(value: Fresh) -> Self {
        value.0
    }
}

/// Calls a function, with that for `this`.
fn call(function: Val, this: Val, arguments: Val) -> Outcome {
    #[cfg(feature = "js")]
    return reflect_apply(function, this, arguments);
    #[cfg(not(feature = "js"))]
    reflect_apply(function, this, arguments).into()
}

/// The data of an outcome; any other outcome is returned.
macro_rules! check {
    ($outcome:expr) => {{
        let outcome: $crate::value::Outcome = $outcome;
        if !outcome.is_data() {
            return outcome;
        }
        outcome.value()
    }};
}
pub(crate) use check;

/// A view of a value for code that wants a `JsValue` or a type of `web-sys`; it frees nothing.
pub(crate) struct View<T>(ManuallyDrop<T>);

impl<T> Deref for View<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl Val {
    /// The value of a slot that is nobody's to free, or somebody else's.
    pub(crate) const fn at_slot(slot: i32) -> Val {
        Val(slot)
    }

    /// The value of a slot that was handed over: the task's from now on.
    fn owned(slot: i32) -> Val {
        slots::own(slot);
        Val(slot)
    }

    /// This as a type of `web-sys`, or as what wraps one.
    pub(crate) fn view<T: JsCast, U: From<T>>(self) -> View<U> {
        // SAFETY: the slot is valid while its task runs, and the view never frees it.
        View(ManuallyDrop::new(U::from(T::unchecked_from_js(unsafe { JsValue::from_abi(self.0 as u32) }))))
    }

    /// A value of its own, that outlives the task.
    #[cfg(feature = "rust")]
    pub(crate) fn to_js(self) -> JsValue {
        self.view::<JsValue, JsValue>().clone()
    }

    /// Reads a property of something that we or the browser made: a value that has none is `undefined`.
    #[inline(always)]
    pub(crate) fn get(self, key: Word) -> Val {
        self.get_by(val(key))
    }

    /// As [`Val::get`], by a key that is data.
    pub(crate) fn get_by(self, key: Val) -> Val {
        self.view::<Any, Any>().property(key).into()
    }

    /// Whether a property is truthy.
    #[inline(never)]
    pub(crate) fn has(self, key: Val) -> bool {
        self.get_by(key).is_truthy()
    }

    #[inline(always)]
    pub(crate) fn set(self, key: Word, value: Val) {
        self.set_by(val(key), value);
    }

    /// As [`Val::set`], by a key that is data.
    pub(crate) fn set_by(self, key: Val, value: Val) {
        // What is frozen stays as it is.
        #[cfg(feature = "js")]
        self.view::<Any, Any>().set_property(key, value);
        #[cfg(not(feature = "js"))]
        let _ = self.view::<Any, Any>().set_property(key, value).map_err(Val::from);
    }

    /// Sets a property, for building an object in one expression.
    pub(crate) fn with(self, key: Word, value: Val) -> Val {
        self.set(key, value);
        self
    }

    /// Sets properties to those of that name of another object.
    pub(crate) fn take(self, from: Val, names: &[Short]) -> Val {
        for name in names {
            self.set(name.word(), from.get(name.word()));
        }
        self
    }

    /// Adds an item to a list.
    pub(crate) fn push(self, item: Val) {
        self.set_by(self.get(k!("length")), item);
    }

    /// An item of a list.
    pub(crate) fn at(self, index: i32) -> Val {
        self.get_by(index.into())
    }

    /// The items of a list; of anything else, none.
    #[inline(always)]
    pub(crate) fn items(self) -> Items {
        let length = if self.is_list() { self.get(k!("length")).to_int() } else { 0 };
        Items { list: self, index: 0, length }
    }

    /// A number, cut to an integer; 0 for anything else.
    pub(crate) fn to_int(self) -> i32 {
        integer_of(self)
    }

    /// A number less another, as values: a fraction would have to lie in memory on its way. What is no number makes NaN.
    pub(crate) fn minus(self, other: Val) -> Val {
        difference(self, other).into()
    }

    /// Whether a number is greater than another; of NaN, never.
    pub(crate) fn is_more_than(self, other: Val) -> bool {
        Val::from(is_more(self, other)).is_truthy()
    }

    /// Whether a number is greater than 0.
    pub(crate) fn is_positive(self) -> bool {
        self.is_more_than(false.into())
    }

    /// A number of seconds, in milliseconds.
    pub(crate) fn to_milliseconds(self) -> Val {
        milliseconds(self).into()
    }

    /// What a token says; `undefined` where it cannot be read.
    pub(crate) fn to_claims(self) -> Val {
        claims_of(self).into()
    }

    /// A copy with `accessToken` under the name `token`.
    pub(crate) fn to_renamed(self) -> Val {
        renamed(self).0
    }

    /// Calls the method of that name. What it throws is the error; so is `undefined` where there is no such method.
    #[inline(always)]
    pub(crate) fn invoke(self, name: Word, arguments: impl Values) -> Outcome {
        self.apply(name, arguments.list())
    }

    /// As [`Val::invoke`], with the arguments in a list.
    #[inline(always)]
    pub(crate) fn apply(self, name: Word, arguments: Val) -> Outcome {
        self.apply_by(val(name), arguments)
    }

    /// As [`Val::invoke`], where what fails brings `undefined`.
    #[inline(always)]
    pub(crate) fn ask(self, name: Word, arguments: impl Values) -> Val {
        self.ask_by(val(name), arguments.list())
    }

    #[inline(never)]
    fn ask_by(self, name: Val, arguments: Val) -> Val {
        self.apply_by(name, arguments).data()
    }

    #[inline(never)]
    fn apply_by(self, name: Val, arguments: Val) -> Outcome {
        let method = self.get_by(name);
        // What has no such method is called itself, which throws a TypeError that names it.
        call(if method.is_truthy() { method } else { self }, self, arguments)
    }

    /// Whether this is that string.
    #[inline(always)]
    pub(crate) fn is(self, text: Word) -> bool {
        self.equals(val(text))
    }

    /// Whether both are the same value.
    pub(crate) fn equals(self, other: Val) -> bool {
        same(self, other)
    }

    pub(crate) fn is_truthy(self) -> bool {
        boolean(self)
    }

    /// Whether this is `undefined` or `null`.
    pub(crate) fn is_missing(self) -> bool {
        is_missing(self)
    }

    pub(crate) fn is_undefined(self) -> bool {
        self.equals(Val::default())
    }

    /// Whether this is an object, an array or a function.
    pub(crate) fn is_object(self) -> bool {
        is_object(self)
    }

    /// Whether this is a string: what is one becomes itself when it is joined to nothing.
    #[inline(never)]
    pub(crate) fn is_string(self) -> bool {
        self.equals(text([self]))
    }

    pub(crate) fn is_list(self) -> bool {
        is_array(self)
    }

    /// The first of the two that is neither `undefined` nor `null`.
    #[inline(never)]
    pub(crate) fn or(self, other: Val) -> Val {
        if self.is_missing() { other } else { self }
    }
}

/// What [`Val::items`] walks. A range, mapped, would return each of them by way of memory.
pub(crate) struct Items {
    list: Val,
    index: i32,
    length: i32,
}

impl Iterator for Items {
    type Item = Val;

    #[inline(always)]
    fn next(&mut self) -> Option<Val> {
        if self.index >= self.length {
            return None;
        }
        let item = self.list.at(self.index);
        self.index += 1;
        Some(item)
    }
}

/// Writes something to the console's errors.
pub(crate) fn log(message: Val) {
    #[cfg(feature = "js")]
    console_error(message);
    #[cfg(not(feature = "js"))]
    let _ = console_error(message);
}

/// Calls one of the caller's callbacks. What it throws is logged and goes no further: a failing callback is never the
/// failure of the operation that called it. It has no `this`, which would hand it what is ours, the token among it.
#[inline(always)]
pub(crate) fn notify(callbacks: Val, name: Word) {
    call_back(callbacks.get(name));
}

fn call_back(callback: Val) {
    if callback.is_truthy() {
        let outcome = call(callback, Val::default(), list([]));
        if outcome.is_thrown() {
            log(outcome.value());
        }
    }
}

/// JSON of a value; what its `toJSON` throws is the error.
pub(crate) fn stringify(value: Val) -> Outcome {
    #[cfg(feature = "js")]
    return json_stringify(value);
    #[cfg(not(feature = "js"))]
    json_stringify(value).into()
}

/// A JavaScript error of that message.
pub(crate) fn error(message: Val) -> Val {
    error_of(message).0
}
