//! The token that the clients of one base URL and tenant share, and who hears of its binding window.

use super::host::{described, property, sleep};
use super::types::Binding;
use js_sys::{Object, Reflect};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::time::Duration;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

/// The longest that a browser's timer takes: a signed number of 32 bits.
const LONGEST_TIMER_MS: f64 = i32::MAX as f64;

thread_local! {
    /// By base URL and tenant, as in the face of the npm package.
    static CELLS: RefCell<BTreeMap<(String, String), Rc<TokenCell>>> = const { RefCell::new(BTreeMap::new()) };
}

/// A token, or none.
#[derive(Default)]
pub(super) struct TokenCell {
    token: RefCell<JsValue>,
    watches: RefCell<Vec<Weak<Watch>>>,
    js: OnceCell<JsValue>,
}

impl TokenCell {
    pub(super) fn of(base_url: &str, tenant_id: &str) -> Rc<TokenCell> {
        CELLS.with_borrow_mut(|cells| cells.entry((base_url.to_owned(), tenant_id.to_owned())).or_default().clone())
    }

    /// What the core reads and sets: an object with the properties `token` and `user` (see `crate::binding`).
    pub(super) fn to_js(self: &Rc<Self>) -> JsValue {
        self.js.get_or_init(|| self.new_js()).clone()
    }

    fn new_js(self: &Rc<Self>) -> JsValue {
        let (read, written) = (self.clone(), self.clone());
        let get = Closure::<dyn Fn() -> JsValue>::new(move || read.token.borrow().clone()).into_js_value();
        let set = Closure::<dyn Fn(JsValue)>::new(move |token| written.set(token)).into_js_value();
        let accessors = super::host::object([("get", &get), ("set", &set)]);
        let cell = Object::new();
        // An object of our own takes any property.
        let _ = Reflect::define_property(&cell, &"token".into(), accessors.unchecked_ref());
        cell.into()
    }

    /// Takes the app's token, or none.
    pub(super) fn set_by_app(self: &Rc<Self>, token: JsValue) {
        super::host::set(&self.to_js(), "user", &token);
        self.set(token);
    }

    /// The token that the app has set last.
    pub(super) fn user(self: &Rc<Self>) -> Option<String> {
        property(&self.to_js(), "user").as_string()
    }

    fn set(&self, token: JsValue) {
        *self.token.borrow_mut() = token;
        let watches: Vec<_> = {
            let mut watches = self.watches.borrow_mut();
            watches.retain(|watch| watch.strong_count() > 0);
            watches.iter().filter_map(Weak::upgrade).collect()
        };
        watches.iter().for_each(Watch::changed);
    }

    pub(super) fn tell(&self, watch: &Rc<Watch>) {
        self.watches.borrow_mut().push(Rc::downgrade(watch));
    }
}

/// What is called as the window changes, for as long as the client or a clone of it lives. None of its callbacks runs
/// under a borrow: it may set a token.
pub(super) struct Watch {
    pub(super) context: JsValue,
    pub(super) on_binding_change: Option<Box<dyn Fn(Binding)>>,
    pub(super) on_token_expiring: Option<Box<dyn Fn(Binding)>>,
    pub(super) token_expiring: Duration,
    /// Counts the changes: what was to come of the one before does not.
    pub(super) generation: Cell<u32>,
}

impl Watch {
    fn changed(self: &Rc<Self>) {
        let binding = described(&self.context);
        self.generation.set(self.generation.get().wrapping_add(1));
        if binding.remaining_ms > 0.0 {
            self.later(binding.remaining_ms, Watch::changed);
            self.later(binding.remaining_ms - self.token_expiring.as_secs_f64() * 1000.0, Watch::expiring);
        }
        if let Some(tell) = &self.on_binding_change {
            tell(binding);
        }
    }

    fn expiring(self: &Rc<Self>) {
        if let Some(tell) = &self.on_token_expiring {
            tell(described(&self.context));
        }
    }

    fn later(self: &Rc<Self>, milliseconds: f64, then: fn(&Rc<Self>)) {
        let (watch, mine) = (Rc::downgrade(self), self.generation.get());
        spawn_local(async move {
            let mut left = milliseconds;
            while left > 0.0 {
                sleep(left.min(LONGEST_TIMER_MS) as i32).await;
                left -= LONGEST_TIMER_MS;
            }
            if let Some(watch) = watch.upgrade()
                && watch.generation.get() == mine
            {
                then(&watch);
            }
        });
    }
}
