//! What an operation does, step by step. A plain operation is one request; the others are listed here, and a new one is
//! a list.

mod passkey;

use crate::binding;
use crate::ceremony;
use crate::engine::{self, Asked};
use crate::operation::{
    AUTHENTICATORS, PASSKEY_ADD, PASSKEY_IS_AVAILABLE, PASSKEY_REGISTRATION_OPTIONS, PASSKEY_SIGN_IN, PASSKEY_SIGN_UP,
    PASSKEY_SYNC,
};
use crate::task::State;
use crate::value::{Outcome, object};
use crate::words::k;

/// One step of a flow. A step may wait for promises, one after the other: it is performed again with each outcome.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// The request of the operation's own row, by the token that is set.
    Plain,
    /// The request of that row.
    Request(u8),
    /// The same, without the caller having asked for it: a failure is neither logged nor reported.
    RequestQuietly(u8),
    /// The ceremony that the data before it offers.
    Ceremony,
    /// The reply as the caller gets it: `accessToken` is kept, and called `token`.
    Reply,
    /// The data as `{data}`.
    Data,
    /// See [`passkey`].
    PrepareSignUp,
    FinishSignUp,
    PrepareSignIn,
    Challenge,
    AskOptions,
    Verify,
    FinishSignIn,
    LookUp,
    SignalAccepted,
}

/// The steps of an operation.
pub(crate) fn steps(operation: u8) -> &'static [Step] {
    match operation {
        PASSKEY_SIGN_UP => &[
            Step::PrepareSignUp,
            Step::Request(PASSKEY_REGISTRATION_OPTIONS),
            Step::Ceremony,
            Step::Request(PASSKEY_ADD),
            Step::FinishSignUp,
            Step::Data,
        ],
        PASSKEY_SIGN_IN => &[
            Step::PrepareSignIn,
            Step::Challenge,
            Step::AskOptions,
            Step::Ceremony,
            Step::Verify,
            Step::FinishSignIn,
            Step::Data,
        ],
        // The one public method whose result has no wrapper.
        PASSKEY_IS_AVAILABLE => &[Step::LookUp],
        PASSKEY_SYNC => &[Step::RequestQuietly(AUTHENTICATORS), Step::SignalAccepted],
        _ => &[Step::Plain, Step::Reply, Step::Data],
    }
}

pub(crate) fn perform(step: Step, state: &mut State) -> Outcome {
    match step {
        Step::Plain => {
            state.set(k!("token"), binding::token(state));
            engine::request(state.operation, Asked::Yes, state)
        }
        Step::Request(row) => engine::request(row, Asked::Yes, state),
        Step::RequestQuietly(row) => engine::request(row, Asked::No, state),
        Step::Ceremony => ceremony::run(state),
        Step::Reply => engine::reply(state),
        Step::Data => object().with(k!("data"), state.data).into(),
        Step::PrepareSignUp => passkey::prepare_sign_up(state),
        Step::FinishSignUp => passkey::finish_sign_up(state),
        Step::PrepareSignIn => passkey::prepare_sign_in(state),
        Step::Challenge => passkey::challenge(state),
        Step::AskOptions => passkey::ask_options(state),
        Step::Verify => passkey::verify(state),
        Step::FinishSignIn => passkey::finish_sign_in(state),
        Step::LookUp => passkey::look_up(state),
        Step::SignalAccepted => passkey::signal_accepted(state),
    }
}
