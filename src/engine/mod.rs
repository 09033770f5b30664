//! One path for every request: [`plan`] says what to send, [`transport`] sends it, [`reply`] judges what came back.

mod plan;
mod reply;
mod transport;

use crate::fault;
use crate::operation::{Auth, OPERATIONS};
use crate::task::State;
use crate::value::{Outcome, Val, check};
use crate::words::k;

pub(crate) use reply::reply;

/// Whether the caller asked for a request. One that he did not ask for neither logs nor tells of an expired token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Yes,
    No,
}

/// The request of that row, with the task's parameters, `token` among them. The data is the body of the answer.
pub(crate) fn request(number: u8, asked: Asked, state: &mut State) -> Outcome {
    let row = &OPERATIONS[usize::from(number)];
    let outcome = match state.phase {
        0 if row.auth == Auth::Bearer && !state.token().is_truthy() => return fault::token_not_set(),
        0 => transport::send(check!(plan::plan(row, state))),
        1 => transport::read(state),
        // What is no JSON is no body.
        _ if state.arrived.value().get(k!("name")).is(k!("SyntaxError")) => Val::default().into(),
        _ => state.arrived,
    };
    if outcome.is_waiting() { outcome } else { reply::judge(outcome, asked, state) }
}
