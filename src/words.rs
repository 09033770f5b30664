//! Every string of the core, as a number.
//!
//! A string literal costs an address and a length wherever it is used, and a decoding whenever it is. A [`Word`] costs a
//! small number, that of the string's slot. `k!` finds the number at compile time; a string that is not in the table does not compile.

/// A string of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word(u16);

impl Word {
    /// The word of that text.
    ///
    /// # Panics
    /// At compile time, which is when it is used: if the text is not in [`WORDS`].
    pub const fn of(text: &str) -> Word {
        let mut at = 0;
        while at < WORDS.len() {
            if same(WORDS[at].as_bytes(), text.as_bytes()) {
                return Word(at as u16);
            }
            at += 1;
        }
        panic!("this text is not in the table of words.rs")
    }

    /// The text.
    pub const fn as_str(self) -> &'static str {
        WORDS[self.index()]
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
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

/// How many of the table's first words are names of callers' parameters.
pub const PARAMETERS: usize = 29;

/// The table: the parameters first, then all else. Those before the 64th cost a byte less at each use. The npm build has
/// it in its glue, where xtask puts it.
pub const WORDS: &[&str] = &[
    "token",
    "action",
    "autofill",
    "code",
    "useCookies",
    "idempotencyKey",
    "username",
    "displayName",
    "authenticatorAttachment",
    "hints",
    "useAutoRegister",
    "syncCredentials",
    "preferImmediatelyAvailableCredentials",
    "onVerificationStarted",
    "userId",
    "registrationCredential",
    "conditionalCreate",
    "challengeId",
    "authenticationCredential",
    "deviceId",
    "credentialIds",
    "rpId",
    "userHandle",
    "credentialId",
    "email",
    "phoneNumber",
    "userAuthenticatorId",
    "custom",
    "deviceCode",
    "id",
    "accessToken",
    "name",
    "isVerified",
    "cell",
    "localStorage",
    "",
    "Object",
    "error",
    "errorCode",
    "errorDescription",
    "options",
    "user",
    "rp",
    "userAuthenticator",
    "NotAllowedError",
    "location",
    "hostname",
    "message",
    "credentials",
    "publicKey",
    "AbortError",
    "parseRequestOptionsFromJSON",
    "ConstraintError",
    "as_user_passkey_map",
    "getItem",
    "setItem",
    "values",
    "splice",
    "token_not_set",
    "network_error",
    "too_many_requests",
    "invalid_response",
    "credential_not_found",
    "immediate_mediation_not_supported",
    "A token has not been set. Call 'setToken' first.",
    "Error: ",
    "enableLogging",
    ": ",
    "[Authsignal] ",
    "webAuthnError",
    "autofill is not supported when providing a token",
    "action is not supported when providing a token",
    "idempotencyKey is not supported when providing a token",
    "autofill is not supported when using immediate UI mode",
    "CONDITIONAL_CREATE_NOT_SUPPORTED",
    "platform",
    "registrationResponse",
    "unknown_credential",
    "response",
    "userDisplayName",
    "authenticationResponse",
    "userId is required",
    "No passkey is immediately available on this device.",
    "cross-platform",
    "background",
    "webauthnCredential",
    "verificationMethod",
    "PASSKEY",
    "throwOnNetworkError",
    "The request could not be completed: ",
    "expired_token",
    "onTokenExpired",
    "Too many requests. Wait, then try again.",
    "The answer (status ",
    ") is not one of the Authsignal API. Check baseUrl, and any proxy on the way.",
    "assign",
    "Reflect",
    "deleteProperty",
    "/web",
    "baseUrl",
    "/client/",
    "Content-Type",
    "application/json",
    "Authorization",
    "method",
    "headers",
    "body",
    "include",
    "same-origin",
    "Bearer ",
    "encodeURIComponent",
    "tenantId",
    "Basic ",
    "btoa",
    "fetch",
    "json",
    "SyntaxError",
    "signalAllAcceptedCredentials",
    "allAcceptedCredentialIds",
    "signalUnknownCredential",
    "PublicKeyCredential",
    "getClientCapabilities",
    "signal",
    "mediation",
    "conditional",
    "uiMode",
    "immediate",
    "toJSON",
    "Registration was not completed",
    "Authentication was not completed",
    "Cancelling existing WebAuthn API call for new one",
    "delay",
    "Promise",
    "race",
    "isConditionalMediationAvailable",
    "Browser does not support WebAuthn autofill",
    "input[autocomplete$='webauthn']",
    "document",
    "querySelector",
    "No <input> with \"webauthn\" as the only or last value in its `autocomplete` attribute was detected",
    "parseCreationOptionsFromJSON",
    "allowCredentials",
    "navigator",
    "immediateGet",
    "authenticatorSelection",
    "ERROR_PASSTHROUGH_SEE_CAUSE_PROPERTY",
    "SecurityError",
    "Registration ceremony was sent an abort signal",
    "Authentication ceremony was sent an abort signal",
    "ERROR_CEREMONY_ABORTED",
    "UnknownError",
    "The authenticator was unable to process the specified options, or could not create a new credential",
    "The authenticator was unable to process the specified options, or could not create a new assertion signature",
    "ERROR_AUTHENTICATOR_GENERAL_ERROR",
    "InvalidStateError",
    "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED",
    "The authenticator was previously registered",
    "requireResidentKey",
    "ERROR_AUTHENTICATOR_MISSING_DISCOVERABLE_CREDENTIAL_SUPPORT",
    "Discoverable credentials were required but no available authenticator supported it",
    "userVerification",
    "required",
    "ERROR_AUTO_REGISTER_USER_VERIFICATION_FAILURE",
    "User verification was required during automatic registration but it could not be performed",
    "ERROR_AUTHENTICATOR_MISSING_USER_VERIFICATION_SUPPORT",
    "User verification was required but no available authenticator supported it",
    "NotSupportedError",
    "pubKeyCredParams",
    "type",
    "public-key",
    "ERROR_AUTHENTICATOR_NO_SUPPORTED_PUBKEYCREDPARAMS_ALG",
    "No available authenticator supported any of the specified pubKeyCredParams algorithms",
    "ERROR_MALFORMED_PUBKEYCREDPARAMS",
    "No entry in pubKeyCredParams was of type \"public-key\"",
    "TypeError",
    "byteLength",
    "ERROR_INVALID_USER_ID_LENGTH",
    "User ID was not between 1 and 64 characters",
    " is an invalid domain",
    "ERROR_INVALID_DOMAIN",
    "The RP ID \"",
    "\" is invalid for this domain",
    "ERROR_INVALID_RP_ID",
    "localhost",
    "match",
    r"^([A-Za-z0-9]+(-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,}$",
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
    "GET",
    "POST",
    "verificationCode",
    "get",
    "console",
    "JSON",
    "stringify",
    "parse",
    "length",
    "value",
    "Error",
    "data",
    "page",
    "controller",
    "outcome",
    "active",
    "abort",
    "This browser has no immediate mediation: leave preferImmediatelyAvailableCredentials out.",
    "WebAuthn is not supported in this browser. It needs https or http://localhost; offer another method.",
    "indexOf",
    ". See https://docs.authsignal.com/scenarios/passkeys-prebuilt-ui#defining-the-relying-party",
    "scope",
    "split",
    " ",
    "exp",
    "Date",
    "now",
    "expired",
    "none",
    "includes",
    "add:authenticators",
    "open",
    "state",
    "remainingMs",
    "scopes",
    "expiresAt",
    "other",
    "sub",
    ".",
    "replaceAll",
    "-",
    "+",
    "_",
    "/",
    "atob",
    "escape",
    "decodeURIComponent",
    "conversion",
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
    "The answer has no challenge for a ceremony.",
    "statusText",
    "create",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_stands_twice_or_holds_the_separator() {
        let distinct: std::collections::BTreeSet<_> = WORDS.iter().collect();
        assert_eq!(distinct.len(), COUNT);
        assert!(WORDS.iter().all(|word| !word.contains('\n')));
    }

    #[test]
    fn a_word_is_found_by_its_text() {
        assert_eq!(Word::of("accessToken").as_str(), "accessToken");
    }
}
