//! The signal API: telling the browser's credential manager what the server knows.
//!
//! Source: Web Authentication Level 3, section 5.1.10 "Signal Credential Changes to the Authenticator".

use super::public_key_credential;
use crate::value::{Outcome, Val, object};
use crate::words::{Word, k};

const ALL_ACCEPTED: Word = k!("signalAllAcceptedCredentials");

/// Whether the browser can hear which credentials the server accepts.
pub(crate) fn can_sync() -> bool {
    public_key_credential().get(ALL_ACCEPTED).is_truthy()
}

/// Tells which credentials of that user are accepted; the manager hides all others.
pub(crate) fn all_accepted(rp_id: Val, user_handle: Val, credentials: Val) -> Outcome {
    let details = object().with(k!("rpId"), rp_id).with(k!("userId"), user_handle);
    signal(ALL_ACCEPTED, details.with(k!("allAcceptedCredentialIds"), credentials))
}

/// Tells that a credential is unknown to the server. This deletes it for good: only on the server's own word.
pub(crate) fn unknown(rp_id: Val, credential: Val) -> Outcome {
    signal(k!("signalUnknownCredential"), object().with(k!("rpId"), rp_id).with(k!("credentialId"), credential))
}

/// A hint to the browser, which is waited for: what it cannot do, or refuses, is no failure.
#[inline(always)]
fn signal(method: Word, details: Val) -> Outcome {
    Outcome::from(public_key_credential().ask(method, [details])).wait()
}
