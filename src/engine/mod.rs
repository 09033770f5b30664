//! One path for every request: [`plan`] says what to send, [`transport`] sends it, [`reply`] judges what came back.

mod plan;
mod reply;
mod rows;
mod transport;

use crate::fault;
use crate::operation::Auth;
use crate::task::State;
use crate::value::{Outcome, Val, check};
use crate::words::k;

pub(crate) use reply::reply;
pub(crate) use rows::{BARE, PLAIN, POLLED, ROWS, UNKEPT};

/// Who hears of a request that fails.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub(crate) enum Asked {
    /// Only the flow itself: the caller has not asked for the request.
    No,
    /// `onTokenExpired` as well.
    Api,
    /// The log as well.
    Yes,
}

/// The request of that row, with the task's parameters, `token` among them. The data is the body of the answer.
#[inline(always)]
pub(crate) fn request(number: u8, asked: Asked, state: &mut State) -> Outcome {
    perform(u32::from(number), asked, state)
}

/// The same for a number of the width that wasm has: a byte would be cut down to one again in here.
#[inline(never)]
fn perform(number: u32, asked: Asked, state: &mut State) -> Outcome {
    let row = &ROWS[number as usize];
    let outcome = match state.phase {
        0 if row.auth() == Auth::Bearer as u8 && !state.token().is_truthy() => return fault::token_not_set(),
        0 => transport::send(check!(plan::plan(number, row, state))),
        1 => transport::read(state),
        // What is no JSON is no body.
        _ if state.arrived.is_thrown() && state.arrived.value().get(k!("name")).is(k!("SyntaxError")) => {
            Val::default().into()
        }
        _ => state.arrived,
    };
    if outcome.is_waiting() { outcome } else { reply::judge(outcome, asked, state) }
}
