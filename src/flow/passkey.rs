//! Passkey sign-up, sign-in and look-up.

use crate::binding;
use crate::ceremony::{self, signal};
use crate::engine::{self, Asked};
use crate::fault;
use crate::operation;
use crate::storage;
use crate::task::State;
use crate::value::{Outcome, Val, global, list, notify, object, val};
use crate::words::{Short, Word, k};

/// Options of `signIn` that exclude each other, and the message when both are given.
static FORBIDDEN_PAIRS: [(Word, Word, Word); 4] = [
    (k!("token"), k!("autofill"), k!("autofill is not supported when providing a token")),
    (k!("token"), k!("action"), k!("action is not supported when providing a token")),
    (k!("token"), k!("idempotencyKey"), k!("idempotencyKey is not supported when providing a token")),
    (
        k!("preferImmediatelyAvailableCredentials"),
        k!("autofill"),
        k!("autofill is not supported when using immediate UI mode"),
    ),
];

/// A sign-up goes by the token of the call, or the one that is set.
pub(super) fn prepare_sign_up(state: &mut State) -> Outcome {
    let token = state.token().or(binding::token(state));
    if !token.is_truthy() {
        return fault::token_not_set();
    }
    if state.has(k!("useAutoRegister")) {
        if state.phase == 0 {
            return ceremony::ask_capabilities();
        }
        if !state.arrived.data().get(k!("conditionalCreate")).is_truthy() {
            return fault::misuse(k!("CONDITIONAL_CREATE_NOT_SUPPORTED"));
        }
    }
    state.set(k!("token"), token);
    // `null` means any kind of authenticator, and goes out as such.
    if state.get(k!("authenticatorAttachment")).is_undefined() {
        state.set(k!("authenticatorAttachment"), val(k!("platform")));
    }
    token.into()
}

pub(super) fn finish_sign_up(state: &mut State) -> Outcome {
    let options = state.offer.get(k!("options"));
    conclude(state, options.get(k!("rp")).get(k!("id")), options.get(k!("user")).get(k!("id")));
    object()
        .with(k!("token"), state.data.get(k!("accessToken")))
        .with(k!("userAuthenticator"), state.data.get(k!("userAuthenticator")))
        .with(k!("registrationResponse"), state.credential)
        .into()
}

/// Without a token of the call, a sign-in asks for no user: the token that is set plays no part.
pub(super) fn prepare_sign_in(state: &mut State) -> Outcome {
    for (one, other, message) in &FORBIDDEN_PAIRS {
        if state.has(*one) && state.has(*other) {
            return fault::misuse(*message);
        }
    }
    if state.has(k!("preferImmediatelyAvailableCredentials")) {
        if state.phase == 0 {
            return ceremony::ask_capabilities();
        }
        if !state.arrived.data().get(k!("immediateGet")).is_truthy() {
            return fault::answer(
                state,
                k!("immediate_mediation_not_supported"),
                k!("This browser has no immediate mediation."),
            );
        }
    }
    if state.has(k!("autofill")) && !ceremony::claim_autofill(state) {
        // The peer's quirk: a second autofill request, as of a page that mounts twice, resolves with `{}`.
        return Outcome::answer(object());
    }
    Val::default().into()
}

/// Names the action, if the caller did.
pub(super) fn challenge(state: &mut State) -> Outcome {
    if state.has(k!("action")) {
        engine::request(operation::CHALLENGE, Asked::Yes, state)
    } else {
        Val::default().into()
    }
}

pub(super) fn ask_options(state: &mut State) -> Outcome {
    state.set(k!("challengeId"), state.data.get(k!("challengeId")));
    let row = if state.has(k!("useCookies")) && !state.has(k!("action")) {
        operation::PASSKEY_AUTHENTICATION_OPTIONS_WEB
    } else {
        operation::PASSKEY_AUTHENTICATION_OPTIONS
    };
    engine::request(row, Asked::Yes, state)
}

/// A credential that the server does not know is forgotten here too, on its explicit word only.
pub(super) fn verify(state: &mut State) -> Outcome {
    if state.phase == 0 {
        // Autofill may have waited for long: the token that counts is the one of now.
        binding::token(state);
        state.set(k!("deviceId"), state.context().get(k!("deviceId")));
        notify(state.parameters(), k!("onVerificationStarted"));
    }
    if state.phase == 3 {
        return Outcome::answer(state.data);
    }
    let outcome = engine::request(operation::PASSKEY_VERIFY, Asked::Yes, state);
    if !outcome.is_waiting() && outcome.value().get(k!("errorCode")).is(k!("unknown_credential")) {
        let id = state.credential.get(k!("id"));
        storage::forget(id);
        state.data = outcome.value();
        state.phase = 2;
        return signal::unknown(rp_id(state), id);
    }
    outcome
}

/// What a sign-in tells under the names of the API.
static KEPT: [Short; 4] = [
    Short::of(k!("isVerified")),
    Short::of(k!("userId")),
    Short::of(k!("userAuthenticatorId")),
    Short::of(k!("username")),
];

/// A verified sign-in opens the binding window.
pub(super) fn finish_sign_in(state: &mut State) -> Outcome {
    conclude(state, rp_id(state), state.credential.get(k!("response")).get(k!("userHandle")));
    object()
        .take(state.data, &KEPT)
        .with(k!("token"), state.data.get(k!("accessToken")))
        .with(k!("displayName"), state.data.get(k!("userDisplayName")))
        .with(k!("authenticationResponse"), state.credential)
        .into()
}

fn rp_id(state: &State) -> Val {
    state.offer.get(k!("options")).get(k!("rpId")).or(global(k!("location")).get(k!("hostname")))
}

/// Takes the new token, remembers a verified credential of this device, and in the background lets the browser know
/// which ones the server accepts.
fn conclude(state: &State, rp_id: Val, user_handle: Val) {
    let reply = state.data;
    let token = reply.get(k!("accessToken"));
    if !reply.get(k!("isVerified")).is_truthy() {
        return;
    }
    let id = state.credential.get(k!("id"));
    if !state.credential.get(k!("authenticatorAttachment")).is(k!("cross-platform")) {
        storage::remember(reply.get(k!("userId")), id);
    }
    let wanted = state.get(k!("syncCredentials"));
    let use_cookies = state.get(k!("useCookies"));
    if (wanted.is_undefined() || wanted.is_truthy())
        && token.or(use_cookies).is_truthy()
        && user_handle.is_truthy()
        && signal::can_sync()
    {
        let details = object()
            .with(k!("token"), token)
            .with(k!("useCookies"), use_cookies)
            .with(k!("rpId"), rp_id)
            .with(k!("userHandle"), user_handle)
            .with(k!("credentialId"), id);
        let _ = state.context().invoke(k!("background"), [i32::from(operation::PASSKEY_SYNC).into(), details]);
    }
}

/// Tells the browser which passkeys the server still accepts, so that deleted ones vanish from its list. The caller has
/// not asked for it: a failure is silent.
pub(super) fn signal_accepted(state: &mut State) -> Outcome {
    if state.phase > 0 {
        return state.data.into();
    }
    let id = state.get(k!("credentialId"));
    let accepted = list([id]);
    for authenticator in state.data.items() {
        let credential = authenticator.get(k!("webauthnCredential")).get(k!("credentialId"));
        if authenticator.get(k!("verificationMethod")).is(k!("PASSKEY"))
            && credential.is_truthy()
            && !credential.equals(id)
        {
            accepted.push(credential);
        }
    }
    signal::all_accepted(state.get(k!("rpId")), state.get(k!("userHandle")), accepted)
}

/// Whether a passkey that this device has used is still the user's. A hint: whatever goes wrong means no.
pub(super) fn look_up(state: &mut State) -> Outcome {
    let user = state.get(k!("userId"));
    if !user.is_truthy() {
        return fault::misuse(k!("userId is required"));
    }
    let known = storage::known(user);
    if !known.is_truthy() {
        return Val::from(false).into();
    }
    state.set(k!("credentialIds"), known);
    let found = engine::request(operation::PASSKEY_LOOK_UP, Asked::No, state);
    if found.is_waiting() { found } else { Val::from(found.is_data()).into() }
}
