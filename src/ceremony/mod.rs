//! `navigator.credentials`: one ceremony at a time on a page, its options and its outcome as WebAuthn JSON.
//!
//! Source: Web Authentication Level 3, <https://www.w3.org/TR/webauthn-3/>.

mod error;
pub(crate) mod signal;

use crate::fault;
use crate::task::State;
use crate::value::{Outcome, Val, check, controller, error, global, list, now, object, race, val};
use crate::words::{Word, k};

/// How long a new ceremony waits for an aborted one to end. A browser ends it at once; an extension that took over
/// `navigator.credentials` and ignores the signal must not block the page for good.
const GRACE_MS: i32 = 500;

/// What a ceremony is aborted with when another one takes over. The text is that of `@simplewebauthn/browser`.
const REPLACED: Word = k!("Cancelling existing WebAuthn API call for new one");

/// What the browser is asked to do.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Kind {
    /// `create()`, with the browser's dialog.
    Create,
    /// `create()` without a dialog, right after a password sign-in (conditional create).
    CreateConditional,
    /// `get()`, with the browser's dialog.
    Get,
    /// `get()` from the autofill of an input (conditional mediation).
    GetConditional,
    /// `get()` of what is at hand, or nothing at all (immediate mediation).
    GetImmediate,
}

impl Kind {
    fn creates(self) -> bool {
        matches!(self, Kind::Create | Kind::CreateConditional)
    }
}

/// Takes the right to have an autofill request pending, of which a page has one: whether it was free.
pub(crate) fn claim_autofill(state: &mut State) -> bool {
    let free = !page(state).get(k!("autofill")).is_truthy();
    if free {
        page(state).set(k!("autofill"), true.into());
        state.autofill = true;
    }
    free
}

/// Gives it back, if this task holds it.
pub(crate) fn release_autofill(state: &mut State) {
    if state.autofill {
        page(state).set(k!("autofill"), false.into());
        state.autofill = false;
    }
}

/// What all instances on the page share: `autofill`, whether such a request is pending, and `active`, the ceremony that
/// is under way, with its `controller`, `options` and `outcome`, `now`, when it began, and `abort`, why another took over. None is under way: whether the
/// last one brought a credential.
fn page(state: &State) -> Val {
    state.context().get(k!("page"))
}

fn public_key_credential() -> Val {
    global(k!("PublicKeyCredential"))
}

/// Waits for `PublicKeyCredential.getClientCapabilities()`; a browser without it has none.
pub(crate) fn ask_capabilities() -> Outcome {
    Outcome::from(public_key_credential().ask(k!("getClientCapabilities"), [])).wait()
}

/// What kind of ceremony the parameters ask for. Only a registration brings an `rp`.
fn kind(state: &State) -> Kind {
    let creates = state.offer.get(k!("options")).get(k!("rp")).is_object();
    if creates && state.has(k!("useAutoRegister")) {
        Kind::CreateConditional
    } else if creates {
        Kind::Create
    } else if state.has(k!("autofill")) {
        Kind::GetConditional
    } else if state.has(k!("preferImmediatelyAvailableCredentials")) {
        Kind::GetImmediate
    } else {
        Kind::Get
    }
}

/// Makes sure that the browser knows WebAuthn, and loads the conversion of its JSON where the browser has none.
pub(crate) fn convert(state: &mut State) -> Outcome {
    if !public_key_credential().is_truthy() {
        return fault::misuse(k!("WebAuthn is not supported in this browser"));
    }
    if !state.data.get(k!("options")).get(k!("challenge")).is_string() {
        return fault::answer(state, k!("invalid_response"), k!("The answer has no challenge."));
    }
    if state.phase > 0 {
        page(state).set(k!("conversion"), check!(state.arrived));
    } else if !public_key_credential().get(k!("parseCreationOptionsFromJSON")).is_truthy() {
        return state.context().invoke(k!("conversion"), []).wait();
    }
    state.data.into()
}

/// The ceremony that the data before it offers. The data is the credential.
pub(crate) fn run(state: &mut State) -> Outcome {
    match state.phase {
        0 => {
            state.offer = state.data;
            if kind(state) == Kind::GetConditional {
                let available = public_key_credential().ask(k!("isConditionalMediationAvailable"), []);
                return Outcome::from(available).wait();
            }
        }
        1 => {
            if !check!(state.arrived).is_truthy() {
                return fault::misuse(k!("Browser does not support WebAuthn autofill"));
            }
            let input = val(k!("input[autocomplete$='webauthn']"));
            if !global(k!("document")).ask(k!("querySelector"), [input]).is_object() {
                return fault::misuse(k!(
                    "No <input> with \"webauthn\" as the only or last value in its `autocomplete` attribute was detected"
                ));
            }
        }
        2 => {}
        3 => return finish(state),
        // Autofill made way for another ceremony. Once that has a credential, there is no more to offer.
        _ => {
            let other = page(state).get(k!("active"));
            if other.is_object() {
                return make_way(state);
            } else if other.is_truthy() {
                return error::identify(state, Kind::GetConditional, state.credential);
            }
        }
    }
    let active = page(state).get(k!("active"));
    if active.is_object() && !active.equals(state.credential) {
        state.phase = 1;
        return end(state, active);
    }
    state.phase = 2;
    let started = begin(state);
    if started.is_data() {
        page(state).set(k!("active"), state.data.with(k!("outcome"), started.value()));
        return started.wait();
    }
    state.arrived = started;
    finish(state)
}

/// Aborts the ceremony under way and waits until the browser has let go of it: before that, it refuses any other. Until then
/// it stays the one under way, so that a third ceremony waits as well, and the last one wins.
fn end(state: &mut State, active: Val) -> Outcome {
    state.credential = active;
    let reason = error(val(REPLACED));
    reason.set(k!("name"), val(k!("AbortError")));
    active.set(k!("abort"), reason);
    let _ = active.get(k!("controller")).invoke(k!("abort"), [reason]);
    race(active.get(k!("outcome")), grace(state).data())
}

/// Autofill waits until the ceremony that took over is through, and is armed again if that brought nothing.
fn make_way(state: &mut State) -> Outcome {
    state.phase = 3;
    grace(state).wait()
}

fn grace(state: &State) -> Outcome {
    state.context().invoke(k!("delay"), [GRACE_MS.into()])
}

/// Starts the ceremony: its promise. `state.data` becomes what describes it.
fn begin(state: &mut State) -> Outcome {
    let kind = kind(state);
    let json = state.offer.get(k!("options"));
    let controller = controller();
    let options = object().with(k!("signal"), controller.get(k!("signal")));
    // The signal of the call tells the face whose ceremony this is.
    state.data = object()
        .with(k!("controller"), controller)
        .with(k!("options"), options)
        .with(k!("signal"), state.context().get(k!("signal")))
        .with(k!("now"), now());
    let parser = if kind.creates() { k!("parseCreationOptionsFromJSON") } else { k!("parseRequestOptionsFromJSON") };
    let hints = state.get(k!("hints"));
    if hints.is_truthy() {
        json.set(k!("hints"), hints);
    }
    let converter = page(state).get(k!("conversion")).or(public_key_credential());
    let public_key = check!(converter.invoke(parser, [json]));
    options.set(k!("publicKey"), public_key);
    if matches!(kind, Kind::CreateConditional | Kind::GetConditional) {
        options.set(k!("mediation"), val(k!("conditional")));
    }
    if kind == Kind::GetImmediate {
        options.set(k!("uiMode"), val(k!("immediate")));
    }
    // Conditional and immediate requests take any credential that the page may use.
    if matches!(kind, Kind::GetConditional | Kind::GetImmediate) {
        public_key.set(k!("allowCredentials"), list([]));
    }
    let method = if kind.creates() { k!("create") } else { k!("get") };
    global(k!("navigator")).get(k!("credentials")).invoke(method, [options])
}

fn finish(state: &mut State) -> Outcome {
    let kind = kind(state);
    let credential = state.arrived.value();
    if page(state).get(k!("active")).equals(state.data) {
        page(state).set(k!("active"), (state.arrived.is_data() && credential.is_object()).into());
    }
    // By our own note: what it rejects with is up to the browser, or to an extension.
    if state.autofill && state.arrived.is_thrown() && state.data.has(val(k!("abort"))) {
        state.credential = credential;
        return make_way(state);
    }
    release_autofill(state);
    if state.arrived.is_thrown() {
        // In immediate mode a refusal is the answer that no credential is at hand.
        if kind == Kind::GetImmediate && credential.get(k!("name")).is(k!("NotAllowedError")) {
            return nothing_at_hand(state);
        }
        return error::identify(state, kind, credential);
    }
    if !credential.is_object() {
        return match kind {
            Kind::GetImmediate => nothing_at_hand(state),
            Kind::Get | Kind::GetConditional => fault::misuse(k!("Authentication was not completed")),
            _ => fault::misuse(k!("Registration was not completed")),
        };
    }
    credential.into()
}

/// The credential as WebAuthn JSON, and the parameters get what the server wants to know of it.
pub(crate) fn to_json(state: &mut State) -> Outcome {
    if state.phase == 0 {
        return state.context().invoke(k!("toJSON"), [state.data]).wait();
    }
    let credential = check!(state.arrived);
    state.credential = credential;
    // Each request takes the one that is its own.
    let told = state.parameters().with(k!("registrationCredential"), credential);
    let told = told.with(k!("authenticationCredential"), credential);
    let told = told.with(k!("conditionalCreate"), state.get(k!("useAutoRegister")).is_truthy().into());
    told.set(k!("challengeId"), state.offer.get(k!("challengeId")));
    credential.into()
}

fn nothing_at_hand(state: &State) -> Outcome {
    fault::answer(state, k!("credential_not_found"), k!("No passkey is immediately available on this device."))
}
