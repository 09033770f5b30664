//! What an operation does, step by step. A plain operation is one request; the others are listed here, and a new one is
//! a list.

mod passkey;

use crate::binding;
use crate::ceremony;
use crate::engine::{self, Asked, BARE, PLAIN, POLLED, ROWS, UNKEPT};
use crate::fault;
use crate::operation::*;
use crate::task::State;
use crate::value::{Outcome, Val, error, object};
use crate::words::k;

/// How long a poll waits for the next.
const POLL_INTERVAL_MS: i32 = 1000;

/// One step of a flow. A step may wait for promises, one after the other: it is performed again with each outcome.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Step {
    /// These are the requests of the rows of those numbers.
    PasskeyRegistrationOptions = PASSKEY_REGISTRATION_OPTIONS,
    PasskeyAdd = PASSKEY_ADD,
    SecurityKeyRegistrationOptions = SECURITY_KEY_REGISTRATION_OPTIONS,
    SecurityKeyAdd = SECURITY_KEY_ADD,
    SecurityKeyAuthenticationOptions = SECURITY_KEY_AUTHENTICATION_OPTIONS,
    SecurityKeyVerify = SECURITY_KEY_VERIFY,
    /// There is no more to do.
    End = OPERATIONS.len() as u8,
    /// Takes the token that is set, once for all requests of the operation.
    UseToken,
    /// The request of the operation's own row.
    Own,
    /// The same, with the body of the answer for a result: the low-level `api` of the peer.
    OwnBare,
    /// The user's authenticators, without the caller having asked for them.
    Authenticators,
    /// What the server offers for a ceremony, where it comes without a wrapper.
    BareOffer,
    /// Loads what browsers without WebAuthn JSON lack.
    Convert,
    /// The ceremony that the data before it offers.
    Ceremony,
    /// What the server gets of it.
    Json,
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

/// The steps of an operation, of which no one has more.
pub(crate) type Flow = [Step; 11];

/// A flow of these steps.
macro_rules! flow {
    ($($step:ident)+) => {{
        let steps = [$(Step::$step),+];
        let mut flow = [Step::End; 11];
        let mut at = 0;
        while at < steps.len() {
            flow[at] = steps[at];
            at += 1;
        }
        flow
    }};
}

/// How many flows are of operations that have a row.
const ROWED: u8 = UNKEPT + 1;

/// The steps of an operation without a row.
const fn composed(operation: u8) -> Flow {
    match operation {
        PASSKEY_SIGN_UP => {
            flow!(PrepareSignUp PasskeyRegistrationOptions Convert Ceremony Json PasskeyAdd Keep FinishSignUp Data)
        }
        PASSKEY_SIGN_IN => {
            flow!(PrepareSignIn Challenge AskOptions Convert Ceremony Json Verify Keep FinishSignIn Data)
        }
        SECURITY_KEY_ENROLL => {
            flow!(UseToken SecurityKeyRegistrationOptions BareOffer Convert Ceremony Json SecurityKeyAdd Keep SecurityKey Data)
        }
        SECURITY_KEY_VERIFICATION => {
            flow!(UseToken SecurityKeyAuthenticationOptions BareOffer Convert Ceremony Json SecurityKeyVerify Keep SecurityKey Data)
        }
        // The one public method whose result has no wrapper.
        PASSKEY_IS_AVAILABLE => flow!(LookUp),
        PASSKEY_SYNC => flow!(Authenticators SignalAccepted),
        BINDING => flow!(Binding),
        _ => panic!("an operation without steps"),
    }
}

/// All flows: those of operations with a row, by the constants of `engine/rows.rs`, and one for each of the others.
static STEPS: [Flow; (ROWED + BINDING - FLOWS + 1) as usize] = {
    let mut all = [flow!(OwnBare); (ROWED + BINDING - FLOWS + 1) as usize];
    all[PLAIN as usize] = flow!(UseToken Own Keep Reply Data);
    all[BARE as usize] = flow!(OwnBare);
    all[POLLED as usize] = flow!(UseToken Own UntilVerified Keep Reply Data);
    all[UNKEPT as usize] = flow!(UseToken Own Reply Data);
    let mut operation = FLOWS;
    while operation <= BINDING {
        all[(ROWED + operation - FLOWS) as usize] = composed(operation);
        operation += 1;
    }
    all
};

/// The steps of an operation.
pub(crate) fn steps(operation: u8) -> &'static Flow {
    let index = if operation < FLOWS { ROWS[usize::from(operation)].flow() } else { operation - FLOWS + ROWED };
    &STEPS[usize::from(index)]
}

pub(crate) fn perform(step: Step, state: &mut State) -> Outcome {
    match step {
        Step::UseToken => {
            let token = binding::token(state);
            state.set(k!("token"), token);
            // What callers and the API call it.
            state.set(k!("verificationCode"), state.get(k!("code")));
            // The peer leaves an empty one out.
            if !state.has(k!("userAuthenticatorId")) {
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
                return Outcome::throw(error(said));
            }
            outcome
        }
        Step::Authenticators => engine::request(AUTHENTICATORS, Asked::No, state),
        Step::BareOffer => object().with(k!("options"), state.data).into(),
        Step::Convert => ceremony::convert(state),
        Step::Ceremony => ceremony::run(state),
        Step::Json => ceremony::to_json(state),
        Step::UntilVerified if state.phase > 0 => {
            state.go_back(2);
            state.data.into()
        }
        Step::UntilVerified if !state.data.get(k!("isVerified")).is_truthy() => {
            // Counted, and not read off a clock, which may be wrong: each wait is a second at least.
            state.waits = state.waits.wrapping_add(1);
            if Val::from(i32::from(state.waits)).is_more_than(binding::lifetime(state.token())) {
                let over = k!("The magic link is over: send another one.");
                return fault::answer(state, k!("challenge_expired"), over);
            }
            state.context().invoke(k!("delay"), [POLL_INTERVAL_MS.into()]).wait()
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
        // Of the row of that number.
        _ => engine::request(step as u8, Asked::Yes, state),
    }
}
