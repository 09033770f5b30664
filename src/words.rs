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

/// The table: the parameters first, then all else, neighbours alike, which compresses better. Those before the 64th cost
/// a byte less at each use. The npm build has it in its glue, where xtask puts it.
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
    "unknown_credential",
    "signalUnknownCredential",
    "signalAllAcceptedCredentials",
    "allAcceptedCredentialIds",
    "allowCredentials",
    "-",
    "webauthnCredential",
    "PublicKeyCredential",
    "pubKeyCredParams",
    "No entry in pubKeyCredParams was of type \"public-key\"",
    "public-key",
    "verify/security-key",
    "verify/sms",
    "verify/passkey",
    "verify/qr-code",
    "challenge/qr-code",
    "challenge",
    "challenge/sms",
    "throwOnNetworkError",
    "SyntaxError",
    "UnknownError",
    "SecurityError",
    "NotSupportedError",
    "challenge/push",
    "challenge/whatsapp",
    "challenge/email-otp",
    "challenge/email-magic-link",
    "verify/email-magic-link/finalize",
    "verify/email-otp",
    "user-authenticators/email-otp",
    "user-authenticators/email-magic-link",
    "user-authenticators",
    "user-authenticators/sms",
    "verify/totp",
    "verify/push",
    "user-authenticators/totp",
    "user-authenticators/passkey",
    "user-authenticators/passkey/authentication-options",
    "user-authenticators/passkey/authentication-options/web",
    "user-authenticators/passkey/registration-options",
    "user-authenticators/security-key/registration-options",
    "user-authenticators/security-key/authentication-options",
    "assign",
    "TypeError",
    "InvalidStateError",
    "state",
    "user-authenticators/security-key",
    "user-authenticators/passkey?credentialIds=",
    ": ",
    "add:authenticators",
    "authenticatorSelection",
    " is an invalid domain",
    "\" is invalid for this domain",
    "deleteProperty",
    "authenticationResponse",
    "registrationResponse",
    "console",
    "conditional",
    "isConditionalMediationAvailable",
    "mediation",
    "immediate",
    "immediateGet",
    "immediate_mediation_not_supported",
    "autofill is not supported when using immediate UI mode",
    "autofill is not supported when providing a token",
    "action is not supported when providing a token",
    " ",
    "idempotencyKey is not supported when providing a token",
    "WebAuthn is not supported in this browser",
    "Browser does not support WebAuthn autofill",
    "webAuthnError",
    "Error",
    "Error: ",
    "statusText",
    "The answer (status ",
    "The answer has no challenge.",
    "signal",
    "challenge_expired",
    "expired",
    "expired_token",
    "onTokenExpired",
    "expiresAt",
    "exp",
    "A token has not been set. Call 'setToken' first.",
    "User ID was not between 1 and 64 characters",
    "Registration was not completed",
    "Authentication was not completed",
    "Authentication ceremony was sent an abort signal",
    "Registration ceremony was sent an abort signal",
    "[Authsignal] ",
    "[Authsignal] The Relying Party ID \"",
    "The RP ID \"",
    "length",
    "response",
    "The request could not be completed: ",
    "User verification was required during automatic registration but it could not be performed",
    "_",
    "User verification was required but no available authenticator supported it",
    "Discoverable credentials were required but no available authenticator supported it",
    "No available authenticator supported any of the specified pubKeyCredParams algorithms",
    "The authenticator was unable to process the specified options, or could not create a new credential",
    "The authenticator was unable to process the specified options, or could not create a new assertion signature",
    "The authenticator was previously registered",
    "No <input> with \"webauthn\" as the only or last value in its `autocomplete` attribute was detected",
    "input[autocomplete$='webauthn']",
    "enableLogging",
    "tenantId",
    "Content-Type",
    "controller",
    "conversion",
    "type",
    "CONDITIONAL_CREATE_NOT_SUPPORTED",
    "ERROR_AUTHENTICATOR_NO_SUPPORTED_PUBKEYCREDPARAMS_ALG",
    "ERROR_MALFORMED_PUBKEYCREDPARAMS",
    "ERROR_AUTHENTICATOR_MISSING_DISCOVERABLE_CREDENTIAL_SUPPORT",
    "ERROR_AUTHENTICATOR_MISSING_USER_VERIFICATION_SUPPORT",
    "ERROR_AUTO_REGISTER_USER_VERIFICATION_FAILURE",
    "ERROR_INVALID_RP_ID",
    "ERROR_INVALID_DOMAIN",
    "ERROR_INVALID_USER_ID_LENGTH",
    "ERROR_CEREMONY_ABORTED",
    "ERROR_PASSTHROUGH_SEE_CAUSE_PROPERTY",
    "PASSKEY",
    "platform",
    "cross-platform",
    "replaceAll",
    "race",
    "userDisplayName",
    "user_canceled",
    "userVerification",
    "verificationCode",
    "verificationMethod",
    "method",
    "Authorization",
    "application/json",
    "json",
    "userId is required",
    "required",
    "requireResidentKey",
    "/client/",
    "getClientCapabilities",
    "get",
    "No passkey is immediately available on this device.",
    "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED",
    "ERROR_AUTHENTICATOR_GENERAL_ERROR",
    "This browser has no immediate mediation.",
    "iat",
    "background",
    "abort",
    ") is not one of the Authsignal API. Check baseUrl, and any proxy on the way.",
    "baseUrl",
    ".\n To learn more, visit https://docs.authsignal.com/scenarios/passkeys-prebuilt-ui#defining-the-relying-party",
    "remainingMs",
    "btoa",
    "open",
    "scope",
    "scopes",
    "headers",
    "body",
    "uiMode",
    "includes",
    "same-origin",
    "Bearer ",
    "querySelector",
    "navigator",
    "atob",
    "The magic link is over: send another one.",
    "other",
    "encodeURIComponent",
    "decodeURIComponent",
    "value",
    "Too many requests. Wait, then try again.",
    "none",
    "Cancelling existing WebAuthn API call for new one",
    "localhost",
    "Basic ",
    "Reflect",
    "construct",
    "AbortController",
    "parseCreationOptionsFromJSON",
    "/web",
    "parse",
    "+",
    "include",
    "/",
    "delay",
    "Promise",
    "toJSON",
    "JSON",
    "fetch",
    "match",
    "document",
    "byteLength",
    r"^([A-Za-z0-9]+(-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,}$",
    "split",
    "Date",
    "create",
    "now",
    "GET",
    "POST",
    "stringify",
    "verify/whatsapp",
    "data",
    "page",
    "outcome",
    "timeout",
    "active",
    "indexOf",
    "sub",
    ".",
    "escape",
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
