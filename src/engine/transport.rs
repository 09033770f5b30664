//! The only `fetch`.
//!
//! Sending is not left to gloo-net: it panics when `fetch` yields anything but a real `Response` or `Error`, as test doubles and an
//! abort with a plain reason do. The typed build reads the answer by it.

use crate::task::State;
use crate::value::{Outcome, Val, check, globals};
use crate::words::k;

/// Sends a request, given the arguments of `fetch`, and waits for the head of its answer.
pub(super) fn send(arguments: Val) -> Outcome {
    globals().apply(k!("fetch"), arguments).wait()
}

/// Takes the status of the answer that arrived (0 where a test double has none), and waits for its body.
pub(super) fn read(state: &mut State) -> Outcome {
    let response = check!(state.arrived);
    state.response = response;
    state.status = status(response);
    // `json()`, not `text()`: an app's test doubles have the one that the peer calls.
    response.invoke(k!("json"), []).wait()
}

/// As a property: a reference to a `Response` would lie on a stack, and the npm core has none.
#[cfg(feature = "js")]
fn status(response: Val) -> u16 {
    response.get(k!("status")).to_int() as u16
}

#[cfg(not(feature = "js"))]
fn status(response: Val) -> u16 {
    response.view::<web_sys::Response, gloo_net::http::Response>().status()
}
