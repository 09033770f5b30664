//! Every way to fail, in three kinds that are never mixed.
//!
//! *Answered*: the API said no, or the request is known to fail; the promise resolves. *Ceremony*: the browser or the
//! authenticator refused; the promise rejects with a `WebAuthnError`. *Misuse*: the call itself is wrong; the promise
//! rejects with an `Error` whose message names the fix.

use crate::task::State;
use crate::value::{Outcome, Val, error, list, log, object, text, val};
use crate::words::{Word, k};

/// An answer of ours, with a description for people.
pub(crate) fn answer(state: &State, code: Word, description: Word) -> Outcome {
    let description = val(description);
    coded(state, description, val(code), description)
}

/// An answer of these three, which is logged if the caller asked for that. `error` is deprecated.
pub(crate) fn coded(state: &State, error: Val, code: Val, description: Val) -> Outcome {
    if state.context().has(val(k!("enableLogging"))) {
        let colon = val(if description.is_missing() { k!("") } else { k!(": ") });
        log(text([val(k!("[Authsignal] ")), code, colon, description]));
    }
    silent(error, code, description)
}

fn silent(error: Val, code: Val, description: Val) -> Outcome {
    let answer = object().with(k!("error"), error).with(k!("errorCode"), code);
    Outcome::answer(answer.with(k!("errorDescription"), description))
}

/// The peer logs this one always, and its deprecated `error` is the code: apps compare both.
#[inline(always)]
pub(crate) fn token_not_set() -> Outcome {
    let description = val(k!("A token has not been set. Call 'setToken' first."));
    log(text([val(k!("Error: ")), description]));
    let code = val(k!("token_not_set"));
    silent(code, code, description)
}

/// A refused ceremony. Only the face can make an error of a class that `instanceof` knows.
#[inline(always)]
pub(crate) fn ceremony(state: &State, code: Word, message: Val, cause: Val) -> Outcome {
    refused(state, val(code), message, cause)
}

fn refused(state: &State, code: Val, message: Val, cause: Val) -> Outcome {
    let arguments = list([code, message]);
    arguments.push(cause);
    let error = state.context().apply(k!("webAuthnError"), arguments);
    Outcome::throw(error.data().or(cause))
}

/// A wrong call.
#[inline(always)]
pub(crate) fn misuse(message: Word) -> Outcome {
    throw(val(message))
}

#[inline(never)]
fn throw(message: Val) -> Outcome {
    Outcome::throw(error(message))
}
