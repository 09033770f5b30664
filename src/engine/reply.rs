//! What came back: data, or an error in one of the shapes that servers have used.

use super::Asked;
use crate::fault;
use crate::task::State;
use crate::value::{Outcome, global, notify, object, text, val};
use crate::words::k;

/// The body of a good answer. Everything else is a fault: a status outside 200 to 299, any of `error` and `errorCode`
/// in the body (the peer knows only the first, and takes the second for data), and a body that is no JSON or `null`.
pub(super) fn judge(outcome: Outcome, asked: Asked, state: &State) -> Outcome {
    let State { context, status, .. } = *state;
    let body = outcome.value();
    let mut error = body.get(k!("error"));
    let mut code = body.get(k!("errorCode"));
    let mut description = body.get(k!("errorDescription"));
    if outcome.is_thrown() {
        // The peer rejects with this. Its documentation promises an answer, and that is the default.
        if context.get(k!("throwOnNetworkError")).is_truthy() {
            return outcome;
        }
        let said = body.get(k!("message")).or(body);
        description = text(&[val(k!("The request could not be completed: ")), said]);
        code = val(k!("network_error"));
    } else if code.or(error).is_missing() {
        // A test double without a status is judged by its body, as the peer judges everything.
        if body.is_object() && (status == 0 || status / 100 == 2) {
            return outcome;
        }
        if status == 429 {
            description = val(k!("Too many requests. Wait before you try again."));
            code = val(k!("too_many_requests"));
        } else {
            description = text(&[
                val(k!("The answer (status ")),
                i32::from(status).into(),
                val(k!(") is not one of the Authsignal API. Check baseUrl, and any proxy on the way.")),
            ]);
            code = val(k!("invalid_response"));
        }
    } else {
        // Some servers have the code in `error` alone.
        code = code.or(error);
    }
    if asked == Asked::No {
        return Outcome::answer(code);
    }
    if code.is(k!("expired_token")) {
        notify(context, k!("onTokenExpired"));
    }
    error = description.or(error).or(code);
    if asked == Asked::Api {
        return fault::silent(error, code, description);
    }
    fault::coded(state, error, code, description)
}

/// Gives the body to the caller, with `accessToken` under the name `token`.
pub(crate) fn reply(state: &mut State) -> Outcome {
    let body = state.data;
    let token = body.get(k!("accessToken"));
    if !token.is_string() {
        return body.into();
    }
    // A copy: a test double may hand out the same object again.
    let data = object().with(k!("token"), token);
    let _ = global(k!("Object")).invoke(k!("assign"), &[data, body]);
    let _ = global(k!("Reflect")).invoke(k!("deleteProperty"), &[data, val(k!("accessToken"))]);
    data.into()
}
