//! What a DOM exception of a ceremony means, by the step of the specification that throws it.
//!
//! Names, codes and messages are those of `@simplewebauthn/browser` 13, which the peer exposes and apps test for. The
//! original exception is always the cause.

use super::Kind;
use crate::fault;
use crate::task::State;
use crate::value::{Outcome, Val, global, log, now, text, val};
use crate::words::{Short, Word, k};

/// What must hold, besides the exception's name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// A discoverable credential was required.
    ResidentKey,
    /// User verification was required, of a ceremony without a dialog.
    VerificationConditional,
    /// User verification was required.
    Verification,
    /// None of the offered credential types is `public-key`.
    NoPublicKey,
    /// The user handle has not 1 to 64 bytes.
    UserHandle,
}

/// The exception's name, when, and the code and message it gets.
type Row = (Word, When, Word, Word);

/// Steps are those of Web Authentication Level 2: "create" is section 5.1.3, "get" 5.1.4.1, "make" 6.3.2 and "assert"
/// 6.3.3. The first row that fits decides.
const TABLE: [Row; 9] = [
    // create 16: the signal was aborted.
    (
        k!("AbortError"),
        When::Always,
        k!("ERROR_CEREMONY_ABORTED"),
        k!("Registration ceremony was sent an abort signal"),
    ),
    // make 1 and 8: the authenticator cannot process the request.
    (
        k!("UnknownError"),
        When::Always,
        k!("ERROR_AUTHENTICATOR_GENERAL_ERROR"),
        k!("The authenticator was unable to process the specified options, or could not create a new credential"),
    ),
    // make 4: no authenticator can keep a discoverable credential.
    (
        k!("ConstraintError"),
        When::ResidentKey,
        k!("ERROR_AUTHENTICATOR_MISSING_DISCOVERABLE_CREDENTIAL_SUPPORT"),
        k!("Discoverable credentials were required but no available authenticator supported it"),
    ),
    // Level 3, create 22.4: no user verification without a dialog.
    (
        k!("ConstraintError"),
        When::VerificationConditional,
        k!("ERROR_AUTO_REGISTER_USER_VERIFICATION_FAILURE"),
        k!("User verification was required during automatic registration but it could not be performed"),
    ),
    // make 5: no authenticator can verify the user.
    (
        k!("ConstraintError"),
        When::Verification,
        k!("ERROR_AUTHENTICATOR_MISSING_USER_VERIFICATION_SUPPORT"),
        k!("User verification was required but no available authenticator supported it"),
    ),
    // create 20, make 3: the authenticator holds one of the excluded credentials.
    (
        k!("InvalidStateError"),
        When::Always,
        k!("ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED"),
        k!("The authenticator was previously registered"),
    ),
    // create 10: nothing but other types was offered.
    (
        k!("NotSupportedError"),
        When::NoPublicKey,
        k!("ERROR_MALFORMED_PUBKEYCREDPARAMS"),
        k!("No entry in pubKeyCredParams was of type \"public-key\""),
    ),
    // make 2: no authenticator knows the algorithms.
    (
        k!("NotSupportedError"),
        When::Always,
        k!("ERROR_AUTHENTICATOR_NO_SUPPORTED_PUBKEYCREDPARAMS_ALG"),
        k!("No available authenticator supported any of the specified pubKeyCredParams algorithms"),
    ),
    // create 5: the user handle has 1 to 64 bytes.
    (
        k!("TypeError"),
        When::UserHandle,
        k!("ERROR_INVALID_USER_ID_LENGTH"),
        k!("User ID was not between 1 and 64 characters"),
    ),
];

/// The first of these rows that are of `get()`, too, by the messages that they have there: get 10, the signal was aborted, and assert 1
/// and 12, the authenticator cannot process the request.
const OF_GET: [Word; 2] = [
    k!("Authentication ceremony was sent an abort signal"),
    k!("The authenticator was unable to process the specified options, or could not create a new assertion signature"),
];

/// What the core has of the table: codes and messages follow each other in the words, and those of `get()` come first.
static ROWS: [(Short, When); TABLE.len()] = {
    let mut rows = [(Short::of(TABLE[0].0), TABLE[0].1); TABLE.len()];
    let mut at = 0;
    while at < rows.len() {
        let (exception, when, code, message) = TABLE[at];
        rows[at] = (Short::of(exception), when);
        assert!(code.slot() == TABLE[0].2.following(at as u32).slot());
        assert!(message.slot() == OF_GET[0].following((at + OF_GET.len()) as u32).slot());
        assert!(at >= OF_GET.len() || OF_GET[at].slot() == OF_GET[0].following(at as u32).slot());
        at += 1;
    }
    rows
};

pub(super) fn identify(state: &State, kind: Kind, thrown: Val) -> Outcome {
    let ceremony = state.data;
    let public_key = ceremony.get(k!("options")).get(k!("publicKey"));
    let name = thrown.get(k!("name"));
    // Platforms overload it beyond the specification: what they say is worth more than what it says.
    if name.is(k!("NotAllowedError")) {
        let code = k!("ERROR_PASSTHROUGH_SEE_CAUSE_PROPERTY");
        let error = fault::ceremony(state, code, thrown.get(k!("message")), thrown);
        // create 18, get 9: the time is over. Browsers say the same as for a user who cancels, or a page that may not ask.
        let elapsed = now().minus(ceremony.get(k!("now")));
        let is_over = elapsed.minus(public_key.get(k!("timeout"))).is_more_than((-1).into());
        error.value().set(k!("errorCode"), val(if is_over { k!("timeout") } else { k!("user_canceled") }));
        return error;
    }
    if name.is(k!("SecurityError")) {
        return security(state, kind, thrown, public_key);
    }
    let (count, first) = if kind.creates() { (TABLE.len(), TABLE[0].3) } else { (OF_GET.len(), OF_GET[0]) };
    for (at, (exception, when)) in (0..).zip(&ROWS[..count]) {
        if name.is(exception.word()) && holds(*when, kind, public_key) {
            return fault::ceremony(state, TABLE[0].2.following(at), val(first.following(at)), thrown);
        }
    }
    Outcome::throw(thrown)
}

fn holds(when: When, kind: Kind, public_key: Val) -> bool {
    let selection = public_key.get(k!("authenticatorSelection"));
    let verification = selection.get(k!("userVerification")).is(k!("required"));
    match when {
        When::Always => true,
        When::ResidentKey => selection.get(k!("requireResidentKey")).is_truthy(),
        When::VerificationConditional => verification && kind == Kind::CreateConditional,
        When::Verification => verification,
        When::NoPublicKey => {
            !public_key.get(k!("pubKeyCredParams")).items().any(|offer| offer.get(k!("type")).is(k!("public-key")))
        }
        // Options that the browser could not read have no user.
        When::UserHandle => {
            public_key.is_object()
                && !(1..=64).contains(&public_key.get(k!("user")).get(k!("id")).get(k!("byteLength")).to_int())
        }
    }
}

const ADVICE: Word = k!(
    ".\n To learn more, visit https://docs.authsignal.com/scenarios/passkeys-prebuilt-ui#defining-the-relying-party"
);

fn security(state: &State, kind: Kind, thrown: Val, public_key: Val) -> Outcome {
    let host = global(k!("location")).get(k!("hostname"));
    let rp_id = if kind.creates() { public_key.get(k!("rp")).get(k!("id")) } else { public_key.get(k!("rpId")) };
    if !is_valid_domain(host) {
        // create 7, get 5: the origin's effective domain is not a valid domain.
        return fault::ceremony(
            state,
            k!("ERROR_INVALID_DOMAIN"),
            text([host, val(k!(" is an invalid domain"))]),
            thrown,
        );
    }
    if rp_id.equals(host) {
        return Outcome::throw(thrown);
    }
    // create 8, get 6: the relying party id is not a registrable suffix of it.
    let invalid = val(k!("\" is invalid for this domain"));
    let message = text([val(k!("The RP ID \"")), rp_id, invalid]);
    log(text([val(k!("[Authsignal] The Relying Party ID \"")), rp_id, invalid, val(ADVICE)]));
    fault::ceremony(state, k!("ERROR_INVALID_RP_ID"), message, thrown)
}

/// A host name of at least two labels that ends in letters, or `localhost`: an IP address is no domain.
fn is_valid_domain(host: Val) -> bool {
    let domain = val(k!(r"^([A-Za-z0-9]+(-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,}$"));
    host.is(k!("localhost")) || host.ask(k!("match"), [domain]).is_truthy()
}
