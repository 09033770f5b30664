//! Operations as tasks. A task walks the steps of its flow until one needs a promise to settle, yields that promise to
//! whoever drives it, and is resumed with what came of it.
//!
//! The npm package is driven by its face (`pkg-template/index.js`), through `js.rs`; the typed API drives itself on
//! `wasm-bindgen-futures`. An `async fn` per operation did the same in a much larger package: an await is
//! expensive where every local must survive it, and a list of steps is a few bytes.

use crate::ceremony;
use crate::flow::{self, Step};
#[cfg(feature = "js")]
use crate::slots;
use crate::slots::{Values, val, within};
use crate::value::{Outcome, Val, check};
use crate::words::{Word, k};

/// An operation that was started and has not ended.
pub(crate) struct Task {
    values: Values,
    state: State,
}

/// What the steps of a task work on.
pub(crate) struct State {
    /// What the instance of the client knows, as the face hands it over: `baseUrl`, `tenantId`, `deviceId`, `cell` (the
    /// token, shared by the instances of a tenant), `page` (the ceremony, shared by all), `enableLogging`,
    /// `throwOnNetworkError`, the callback `onTokenExpired`, and the face's own `webAuthnError`, `delay`, `background`.
    #[cfg(not(feature = "js"))]
    context: Val,
    /// A copy of the caller's parameters, to which the steps add what the next request needs.
    #[cfg(not(feature = "js"))]
    parameters: Val,
    /// What the server offers for a ceremony: `{challengeId, options}`.
    pub(crate) offer: Val,
    /// The credential that the ceremony brought, as WebAuthn JSON.
    pub(crate) credential: Val,
    /// The data of the step before; at the end, of the operation.
    pub(crate) data: Val,
    /// What came of the promise that the step waited for.
    pub(crate) arrived: Outcome,
    /// Which of its promises the step has waited for.
    pub(crate) phase: u8,
    /// The answer that is being read, and its status.
    pub(crate) response: Val,
    pub(crate) status: u16,
    /// How often the flow has waited for its next try.
    pub(crate) waits: u16,
    /// Whether this task holds the page's only autofill request.
    pub(crate) autofill: bool,
    /// The operation, by its number.
    pub(crate) operation: u8,
    /// Which of its steps comes next.
    at: usize,
}

impl Task {
    /// An operation by its number, of an instance's context and an object of the caller's.
    #[cfg(not(feature = "js"))]
    pub(crate) fn new(operation: u8, context: wasm_bindgen::JsValue, parameters: wasm_bindgen::JsValue) -> Task {
        let mut values = Values::new();
        let state = within(&mut values, || State::new(operation, context.into(), parameters.into()));
        Task { values, state }
    }

    /// Which operation it is of, whose context and parameters the glue has put where they belong.
    #[cfg(feature = "js")]
    pub(crate) fn go_on(&mut self, operation: u8) {
        self.state.operation = operation;
    }

    /// Goes on, with what came of the promise (the first time, with anything), until the next promise or the end, and
    /// hands its value to `take`.
    pub(crate) fn resume<T>(&mut self, fulfilled: bool, value: impl Into<Val>, take: impl FnOnce(Outcome) -> T) -> T {
        let Task { values, state } = self;
        within(values, || {
            let value = value.into();
            state.arrived = if fulfilled { Outcome::from(value) } else { Outcome::throw(value) };
            let outcome = state.walk();
            if !outcome.is_waiting() {
                ceremony::release_autofill(state);
            }
            take(outcome)
        })
    }

    /// Gives up what the task holds.
    pub(crate) fn cancel(&mut self) {
        let Task { values, state } = self;
        within(values, || ceremony::release_autofill(state));
    }
}

impl State {
    #[cfg(not(feature = "js"))]
    fn new(operation: u8, context: Val, parameters: Val) -> State {
        let nothing = Val::default();
        State {
            context,
            parameters,
            offer: nothing,
            credential: nothing,
            data: nothing,
            arrived: nothing.into(),
            phase: 0,
            response: nothing,
            status: 0,
            waits: 0,
            autofill: false,
            operation,
            at: 0,
        }
    }

    fn walk(&mut self) -> Outcome {
        let steps = flow::steps(self.operation);
        while let Some(step) = steps.get(self.at).filter(|step| **step != Step::End) {
            let outcome = flow::perform(*step, self);
            if outcome.is_waiting() {
                self.phase += 1;
                return outcome;
            }
            self.data = check!(outcome);
            self.phase = 0;
            self.at += 1;
        }
        self.data.into()
    }

    /// See the field: in the npm core the slot is the same for all tasks.
    pub(crate) fn context(&self) -> Val {
        #[cfg(feature = "js")]
        return slots::given(0);
        #[cfg(not(feature = "js"))]
        self.context
    }

    pub(crate) fn parameters(&self) -> Val {
        #[cfg(feature = "js")]
        return slots::given(1);
        #[cfg(not(feature = "js"))]
        self.parameters
    }

    /// A parameter.
    pub(crate) fn get(&self, name: Word) -> Val {
        self.parameters().get(name)
    }

    /// Whether a parameter is given, and is not `false`, `0` or empty.
    #[inline(always)]
    pub(crate) fn has(&self, name: Word) -> bool {
        self.parameters().has(val(name))
    }

    /// Sets a parameter for the next request.
    pub(crate) fn set(&self, name: Word, value: Val) {
        self.parameters().set(name, value);
    }

    /// Goes so many steps back, counted from the one that is performed.
    pub(crate) fn go_back(&mut self, steps: usize) {
        self.at -= steps;
    }

    /// The token of the request at hand; falsy if it has none.
    pub(crate) fn token(&self) -> Val {
        self.get(k!("token"))
    }
}
