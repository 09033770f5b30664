//! Every string of the core, as a number.
//!
//! A string literal costs an address and a length wherever it is used, and a decoding whenever it is. A [`Word`] costs a
//! small number, that of the string's slot. `k!` finds the number at compile time; a string that is not in the table does not compile.

/// A string of the table, by the number of its slot: from minus [`BELOW`] on, and around the [`CONSTANTS`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word(i16);

impl Word {
    /// The word of that text.
    ///
    /// # Panics
    /// At compile time, which is when it is used: if the text is not in [`WORDS`].
    pub const fn of(text: &str) -> Word {
        let mut at = 0;
        while at < WORDS.len() {
            if same(WORDS[at].as_bytes(), text.as_bytes()) {
                let behind = if at < BELOW { 0 } else { CONSTANTS };
                return Word((at + behind) as i16 - BELOW as i16);
            }
            at += 1;
        }
        panic!("this text is not in the table of words.rs")
    }

    /// The text.
    pub const fn as_str(self) -> &'static str {
        WORDS[self.index()]
    }

    /// The number of its slot.
    pub(crate) const fn slot(self) -> i32 {
        self.0 as i32
    }

    /// Where it stands in [`WORDS`].
    pub(crate) const fn index(self) -> usize {
        let behind = if self.0 < 0 { 0 } else { CONSTANTS };
        (self.slot() + BELOW as i32) as usize - behind
    }
}

impl Word {
    /// The word so far behind this one in the table, on the same side of the constants.
    pub(crate) const fn following(self, count: u32) -> Word {
        Word(self.0 + count as i16)
    }
}

/// A word in a byte: one that is not far from the constants.
#[derive(Clone, Copy)]
pub(crate) struct Short(i8);

impl Short {
    /// # Panics
    /// At compile time: if the word is too far.
    pub(crate) const fn of(word: Word) -> Short {
        assert!(word.0 >= i8::MIN as i16 && word.0 <= i8::MAX as i16, "move this word down in the table of words.rs");
        Short(word.0 as i8)
    }

    pub(crate) const fn word(self) -> Word {
        Word(self.0 as i16)
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The [`Word`] of a string literal.
macro_rules! k {
    ($text:literal) => {
        const { $crate::words::Word::of($text) }
    };
}
pub(crate) use k;

/// How many strings there are.
pub(crate) const COUNT: usize = WORDS.len();

/// How many of the table's last words are names of callers' parameters.
pub const PARAMETERS: usize = 31;

/// How many slots from 0 on are those of constants: `undefined`, `false`, `true`, `null` and the global object.
pub const CONSTANTS: usize = 5;

/// The first slot of a task's own. WebAssembly writes a number from -64 to 63 in one byte and any other in two, so what is
/// used most is there: the last words of the table, the constants, and the first that is a task's own.
pub const OWN: usize = 61;

/// How many words have slots below 0.
pub const BELOW: usize = COUNT + CONSTANTS - OWN;

/// The table: first texts, which have spaces; then names: what is used least, or in other tables only, what is used in the code,
/// and the parameters last. Neighbours are alike, which compresses better. The npm build has it in its glue, where xtask puts it.
pub const WORDS: &[&str] = &[
    "Authentication ceremony was sent an abort signal",
    "The authenticator was unable to process the specified options, or could not create a new assertion signature",
    "Registration ceremony was sent an abort signal",
    "The authenticator was unable to process the specified options, or could not create a new credential",
    "Discoverable credentials were required but no available authenticator supported it",
    "User verification was required during automatic registration but it could not be performed",
    "User verification was required but no available authenticator supported it",
    "The authenticator was previously registered",
    "No entry in pubKeyCredParams was of type \"public-key\"",
    "No available authenticator supported any of the specified pubKeyCredParams algorithms",
    "User ID was not between 1 and 64 characters",
    " is an invalid domain",
    "\" is invalid for this domain",
    "autofill is not supported when using immediate UI mode",
    "autofill is not supported when providing a token",
    "action is not supported when providing a token",
    "idempotencyKey is not supported when providing a token",
    "WebAuthn is not supported in this browser",
    "Browser does not support WebAuthn autofill",
    "The answer (status ",
    "The answer has no challenge.",
    "A token has not been set. Call 'setToken' first.",
    "Registration was not completed",
    "Authentication was not completed",
    "[Authsignal] ",
    "[Authsignal] The Relying Party ID \"",
    "The RP ID \"",
    "The request could not be completed: ",
    "No <input> with \"webauthn\" as the only or last value in its `autocomplete` attribute was detected",
    "userId is required",
    "No passkey is immediately available on this device.",
    "This browser has no immediate mediation.",
    ") is not of the Authsignal API. Check baseUrl and proxies.",
    ".\n To learn more, visit https://docs.authsignal.com/scenarios/passkeys-prebuilt-ui#defining-the-relying-party",
    "The magic link is over: send another one.",
    ": ",
    "Too many requests. Wait, then try again.",
    "Cancelling existing WebAuthn API call for new one",
    " ",
    "Error: ",
    "Bearer ",
    "Basic ",
    "token_not_set",
    "expired_token",
    "network_error",
    "too_many_requests",
    "unknown_credential",
    "credential_not_found",
    "immediate_mediation_not_supported",
    "challenge_expired",
    "parseRequestOptionsFromJSON",
    "as_user_passkey_map",
    "Object",
    "signalUnknownCredential",
    "signalAllAcceptedCredentials",
    "allAcceptedCredentialIds",
    "allowCredentials",
    "background",
    "PublicKeyCredential",
    "pubKeyCredParams",
    "public-key",
    "/client/",
    "throwOnNetworkError",
    "SyntaxError",
    "SecurityError",
    "user-authenticators/passkey/registration-options",
    "user-authenticators/passkey",
    "user-authenticators/passkey/authentication-options",
    "user-authenticators/passkey/authentication-options/web",
    "verify/passkey",
    "user-authenticators",
    "user-authenticators/passkey?credentialIds=",
    "challenge",
    "user-authenticators/totp",
    "verify/totp",
    "user-authenticators/email-otp",
    "challenge/email-otp",
    "verify/email-otp",
    "user-authenticators/sms",
    "challenge/sms",
    "verify/sms",
    "challenge/whatsapp",
    "verify/whatsapp",
    "user-authenticators/email-magic-link",
    "challenge/email-magic-link",
    "verify/email-magic-link/finalize",
    "user-authenticators/security-key/registration-options",
    "user-authenticators/security-key",
    "user-authenticators/security-key/authentication-options",
    "verify/security-key",
    "challenge/push",
    "verify/push",
    "challenge/qr-code",
    "verify/qr-code",
    "add:authenticators",
    "retry-after",
    "retryAfter",
    "authenticatorSelection",
    "conditional",
    "isConditionalMediationAvailable",
    "mediation",
    "immediate",
    "immediateGet",
    "webauthnCredential",
    "webAuthnError",
    "statusText",
    "status",
    "onTokenExpired",
    "expiresAt",
    "response",
    "input[autocomplete$='webauthn']",
    "enableLogging",
    "tenantId",
    "Content-Type",
    "CONDITIONAL_CREATE_NOT_SUPPORTED",
    "ERROR_CEREMONY_ABORTED",
    "ERROR_AUTHENTICATOR_GENERAL_ERROR",
    "ERROR_AUTHENTICATOR_MISSING_DISCOVERABLE_CREDENTIAL_SUPPORT",
    "ERROR_AUTO_REGISTER_USER_VERIFICATION_FAILURE",
    "ERROR_AUTHENTICATOR_MISSING_USER_VERIFICATION_SUPPORT",
    "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED",
    "ERROR_MALFORMED_PUBKEYCREDPARAMS",
    "ERROR_AUTHENTICATOR_NO_SUPPORTED_PUBKEYCREDPARAMS_ALG",
    "ERROR_INVALID_USER_ID_LENGTH",
    "ERROR_INVALID_RP_ID",
    "ERROR_INVALID_DOMAIN",
    "ERROR_PASSTHROUGH_SEE_CAUSE_PROPERTY",
    "AbortError",
    "UnknownError",
    "ConstraintError",
    "InvalidStateError",
    "NotSupportedError",
    "TypeError",
    "platform",
    "cross-platform",
    "userDisplayName",
    "user_canceled",
    "userVerification",
    "verificationCode",
    "verificationMethod",
    "Authorization",
    "application/json",
    "required",
    "requireResidentKey",
    "PASSKEY",
    "getClientCapabilities",
    "remainingMs",
    "includes",
    "navigator",
    "same-origin",
    r"^([A-Za-z0-9]+(-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,}$",
    "GET",
    "POST",
    "document",
    "localhost",
    "byteLength",
    "rp",
    "id",
    "indexOf",
    "join",
    "name",
    "isVerified",
    "cell",
    "errorDescription",
    "options",
    "user",
    "userAuthenticator",
    "NotAllowedError",
    "location",
    "publicKey",
    "state",
    "values",
    "splice",
    "invalid_response",
    "hostname",
    "message",
    "accessToken",
    "credentials",
    "authenticationResponse",
    "registrationResponse",
    "expired",
    "exp",
    "length",
    "json",
    "get",
    "iat",
    "baseUrl",
    "open",
    "scope",
    "scopes",
    "method",
    "headers",
    "body",
    "uiMode",
    "other",
    "none",
    "abort",
    "type",
    "conversion",
    "querySelector",
    "controller",
    "",
    "error",
    "errorCode",
    "parseCreationOptionsFromJSON",
    "/web",
    "page",
    "include",
    "fetch",
    "data",
    "toJSON",
    "split",
    "create",
    "now",
    "outcome",
    "delay",
    "match",
    "sub",
    "active",
    "signal",
    "timeout",
    "rpId",
    "credentialIds",
    "userHandle",
    "authenticatorAttachment",
    "hints",
    "useAutoRegister",
    "credentialId",
    "autofill",
    "token",
    "action",
    "syncCredentials",
    "preferImmediatelyAvailableCredentials",
    "onVerificationStarted",
    "userId",
    "registrationCredential",
    "conditionalCreate",
    "challengeId",
    "authenticationCredential",
    "deviceId",
    "code",
    "useCookies",
    "userAuthenticatorId",
    "custom",
    "email",
    "phoneNumber",
    "username",
    "displayName",
    "deviceCode",
    "idempotencyKey",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_stands_twice_or_holds_the_separator() {
        let distinct: std::collections::BTreeSet<_> = WORDS.iter().collect();
        assert_eq!(distinct.len(), COUNT);
        assert!(WORDS.iter().all(|word| !word.contains('!')));
    }

    #[test]
    fn a_word_is_found_by_its_text() {
        assert_eq!(Word::of("accessToken").as_str(), "accessToken");
    }
}
