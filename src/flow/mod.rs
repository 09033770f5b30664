//! What an operation does, step by step. A plain operation is one request; the others are listed here, and a new one is
//! a list.

mod passkey;

use crate::binding;
use crate::ceremony;
use crate::engine::{self, Asked};
use crate::fault;
use crate::operation::*;
use crate::task::State;
use crate::value::{Outcome, Val, globals, object};
use crate::words::k;

/// How long a poll waits for the next.
const POLL_INTERVAL_MS: i32 = 1000;

/// One step of a flow. A step may wait for promises, one after the other: it is performed again with each outcome.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// Takes the token that is set, once for all requests of the operation.
    UseToken,
    /// The request of the operation's own row.
    Own,
    /// The same, with the body of the answer for a result: the low-level `api` of the peer.
    OwnBare,
    /// The request of that row.
    Request(u8),
    /// The same, without the caller having asked for it.
    RequestQuietly(u8),
    /// What the server offers for a ceremony, where it comes without a wrapper.
    BareOffer,
    /// Loads what browsers without WebAuthn JSON lack.
    Convert,
    /// The ceremony that the data before it offers.
    Ceremony,
    /// A second of patience and back to the step before, until the reply is verified, or the token must be over.
    UntilVerified,
    /// Keeps a new token.
    Keep,
    /// The reply as the caller gets it: `accessToken` is called `token`.
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
    /// The result of a security key's enrolment or verification.
    SecurityKey,
    /// See [`binding`].
    Binding,
}

/// The steps of an operation.
pub(crate) fn steps(operation: u8) -> &'static [Step] {
    match operation {
        PASSKEY_SIGN_UP => &[
            Step::PrepareSignUp,
            Step::Request(PASSKEY_REGISTRATION_OPTIONS),
            Step::Convert,
            Step::Ceremony,
            Step::Request(PASSKEY_ADD),
            Step::Keep,
            Step::FinishSignUp,
            Step::Data,
        ],
        PASSKEY_SIGN_IN => &[
            Step::PrepareSignIn,
            Step::Challenge,
            Step::AskOptions,
            Step::Convert,
            Step::Ceremony,
            Step::Verify,
            Step::Keep,
            Step::FinishSignIn,
            Step::Data,
        ],
        SECURITY_KEY_ENROLL => &[
            Step::UseToken,
            Step::Request(SECURITY_KEY_REGISTRATION_OPTIONS),
            Step::BareOffer,
            Step::Convert,
            Step::Ceremony,
            Step::Request(SECURITY_KEY_ADD),
            Step::Keep,
            Step::SecurityKey,
            Step::Data,
        ],
        SECURITY_KEY_VERIFICATION => &[
            Step::UseToken,
            Step::Request(SECURITY_KEY_AUTHENTICATION_OPTIONS),
            Step::BareOffer,
            Step::Convert,
            Step::Ceremony,
            Step::Request(SECURITY_KEY_VERIFY),
            Step::Keep,
            Step::SecurityKey,
            Step::Data,
        ],
        MAGIC_LINK_FINALIZE => &[Step::UseToken, Step::Own, Step::UntilVerified, Step::Keep, Step::Reply, Step::Data],
        // The peer's quirk: these two leave it to the caller to set the token.
        PUSH_VERIFY | QR_CODE_VERIFY => &[Step::UseToken, Step::Own, Step::Reply, Step::Data],
        // The one public method whose result has no wrapper.
        PASSKEY_IS_AVAILABLE => &[Step::LookUp],
        PASSKEY_SYNC => &[Step::RequestQuietly(AUTHENTICATORS), Step::SignalAccepted],
        BINDING => &[Step::Binding],
        PASSKEY_REGISTRATION_OPTIONS..=CHALLENGE | SECURITY_KEY_REGISTRATION_OPTIONS..=SECURITY_KEY_VERIFY => {
            &[Step::OwnBare]
        }
        _ => &[Step::UseToken, Step::Own, Step::Keep, Step::Reply, Step::Data],
    }
}

pub(crate) fn perform(step: Step, state: &mut State) -> Outcome {
    match step {
        Step::UseToken => {
            let token = binding::token(state);
            state.set(k!("token"), token);
            // The peer leaves an empty one out.
            if !state.get(k!("userAuthenticatorId")).is_truthy() {
                state.set(k!("userAuthenticatorId"), Val::default());
            }
            token.into()
        }
        Step::Own => engine::request(state.operation, Asked::Yes, state),
        Step::OwnBare => {
            let outcome = engine::request(state.operation, Asked::Api, state);
            // The one method of the peer's `api` that throws what the server refuses.
            if state.operation == PASSKEY_LOOK_UP && !outcome.is_data() && !outcome.is_waiting() {
                let status = state.response.get(k!("statusText"));
                let said = if status.is_truthy() { status } else { outcome.value().get(k!("error")) };
                return globals().invoke(k!("Error"), [said]).into_thrown();
            }
            outcome
        }
        Step::Request(row) => engine::request(row, Asked::Yes, state),
        Step::RequestQuietly(row) => engine::request(row, Asked::No, state),
        Step::BareOffer => object().with(k!("options"), state.data).into(),
        Step::Convert => ceremony::convert(state),
        Step::Ceremony => ceremony::run(state),
        Step::UntilVerified if state.phase > 0 => {
            state.go_back(2);
            state.data.into()
        }
        Step::UntilVerified if !state.data.get(k!("isVerified")).is_truthy() => {
            // Counted, and not read off a clock, which may be wrong: each wait is a second at least.
            state.waits = state.waits.wrapping_add(1);
            if f64::from(state.waits) > binding::lifetime(state.token()) {
                let over = k!("The magic link is over: send another one.");
                return fault::answer(state, k!("challenge_expired"), over);
            }
            state.context.invoke(k!("delay"), [POLL_INTERVAL_MS.into()]).wait()
        }
        Step::UntilVerified => state.data.into(),
        Step::Keep => {
            binding::renew(state, state.data.get(k!("accessToken")));
            state.data.into()
        }
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
        Step::SecurityKey => {
            let data = object().with(k!("token"), state.data.get(k!("accessToken")));
            if state.operation == SECURITY_KEY_ENROLL {
                data.with(k!("registrationResponse"), state.credential).into()
            } else {
                data.with(k!("isVerified"), state.data.get(k!("isVerified")))
                    .with(k!("authenticationResponse"), state.credential)
                    .into()
            }
        }
        Step::Binding => binding::describe(state),
    }
}
