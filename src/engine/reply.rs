//! What came back: data, or an error in one of the shapes that servers have used.

use super::Asked;
use crate::fault;
use crate::task::State;
use crate::value::{Outcome, Val, notify, text, val};
use crate::words::k;

/// The body of a good answer. Everything else is a fault: a status outside 200 to 299, any of `error` and `errorCode`
/// in the body (the peer knows only the first, and takes the second for data), and a body that is no JSON or `null`.
pub(super) fn judge(outcome: Outcome, asked: Asked, state: &State) -> Outcome {
    let context = state.context();
    let status = state.status;
    let body = outcome.value();
    let mut error = body.get(k!("error"));
    let mut code = body.get(k!("errorCode"));
    let mut description = body.get(k!("errorDescription"));
    // Whether the API has said no, and not we for it.
    let mut is_answer = false;
    if outcome.is_thrown() {
        // The peer rejects with this. Its documentation promises an answer, and that is the default.
        if context.has(val(k!("throwOnNetworkError"))) {
            return outcome;
        }
        let said = body.get(k!("message")).or(body);
        description = text([val(k!("The request could not be completed: ")), said]);
        code = val(k!("network_error"));
    } else if error.is_undefined() && code.is_undefined() && body.is_object() && (status == 0 || status / 100 == 2) {
        // A test double without a status is judged by its body, as the peer judges everything.
        return outcome;
    } else if !code.is_string() && !error.is_string() {
        // A status that refuses, no body, or an `error` that is no code.
        error = Val::default();
        if status == 429 {
            description = val(k!("Too many requests. Wait, then try again."));
            code = val(k!("too_many_requests"));
        } else {
            description = text([
                val(k!("The answer (status ")),
                i32::from(status).into(),
                val(k!(") is not of the Authsignal API. Check baseUrl and proxies.")),
            ]);
            code = val(k!("invalid_response"));
        }
    } else {
        is_answer = true;
        // Some servers have the code in `error` alone.
        code = if code.is_string() { code } else { error };
    }
    if asked == Asked::No {
        return Outcome::answer(code);
    }
    if code.is(k!("expired_token")) {
        notify(context, k!("onTokenExpired"));
    }
    if asked == Asked::Api && is_answer {
        // The peer's `api` hands out the body that it got.
        return Outcome::answer(body);
    }
    error = description.or(error).or(code);
    let answer = fault::coded(state, error, code, description);
    if status == 429 {
        // In seconds. A date, which the header may have as well, is left to whoever wants it.
        let seconds = state.response.get(k!("headers")).ask(k!("get"), [val(k!("retry-after"))]).minus(false.into());
        if seconds.is_positive() {
            answer.value().set(k!("retryAfter"), seconds);
        }
    }
    answer
}

/// Gives the body to the caller, with `accessToken` under the name `token`.
pub(crate) fn reply(state: &mut State) -> Outcome {
    let body = state.data;
    let token = body.get(k!("accessToken"));
    if !token.is_string() {
        return body.into();
    }
    body.to_renamed().into()
}
