//! The endpoint table: every request that the client can make is one row.
//!
//! A row says how the request is authorised, what its body is made of and where it goes; the engine does the rest. The
//! table is plain constants, so that native tests, and those of the server, can walk it.
//!
//! Source: the client API of Authsignal, as spoken by `@authsignal/browser` 1.21.1.

use crate::words::{Word, k};

/// How a request proves who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// The user's token; without one the request is not made (`token_not_set`).
    Bearer,
    /// The user's token if the caller passes one, else the tenant id.
    BearerOrTenant,
    /// The tenant id alone.
    Tenant,
}

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing: a GET, or a POST whose body is empty.
    None,
    /// A JSON object of these parameters of the caller's. One that is `undefined` is left out, as is [`NONE`]; `null` is sent.
    Fields([Word; 3]),
    /// The JSON of this parameter itself.
    Bare(Word),
}

/// Whether and how cookies travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookies {
    /// The fetch default.
    Default,
    /// `include` if the caller asks for `useCookies`, else `same-origin`.
    Optional,
    /// As `Optional`, and with `useCookies` the path ends in `/web`.
    Web,
    /// Always `include`.
    Always,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// `GET` or `POST`.
    pub method: Word,
    /// The path after the base URL and `/client/`.
    pub path: Word,
    /// See [`Auth`].
    pub auth: Auth,
    /// See [`Body`].
    pub body: Body,
    /// See [`Cookies`].
    pub cookies: Cookies,
}

/// Declares the rows as constants, the table in the order of their numbers, and their names beside it: the npm build
/// reads the rows by number and leaves the names out.
macro_rules! operations {
    ($( $number:literal $id:ident $name:literal: $method:ident $path:literal $auth:ident $cookies:ident $body:expr; )+) => {
        $(
            #[doc = concat!("`", stringify!($method), " /client/", $path, "`, called by `", $name, "`.")]
            pub const $id: u8 = $number;
        )+

        /// Every operation, at the index of its number.
        pub const OPERATIONS: &[Operation] = &[$(
            Operation {
                method: Word::of(stringify!($method)),
                path: Word::of($path),
                auth: Auth::$auth,
                body: $body,
                cookies: Cookies::$cookies,
            },
        )+];

        /// The public name of every operation, at the index of its number.
        pub const NAMES: &[&str] = &[$($name,)+];
    };
}

/// No field.
pub const NONE: Word = k!("");
/// An empty JSON object.
const EMPTY: Body = Body::Fields([NONE; 3]);
const EMAIL: Body = one(k!("email"));
/// The parameter `code`, by the name that the API has for it.
const CODE: Body = one(k!("verificationCode"));

const fn one(field: Word) -> Body {
    Body::Fields([field, NONE, NONE])
}

const fn two(first: Word, second: Word) -> Body {
    Body::Fields([first, second, NONE])
}

operations! {
    0 PASSKEY_REGISTRATION_OPTIONS "passkey.api.registrationOptions":
        POST "user-authenticators/passkey/registration-options" Bearer Web
        Body::Fields([k!("username"), k!("displayName"), k!("authenticatorAttachment")]);
    1 PASSKEY_ADD "passkey.api.addAuthenticator":
        POST "user-authenticators/passkey" Bearer Optional
        Body::Fields([k!("registrationCredential"), k!("conditionalCreate"), k!("challengeId")]);
    2 PASSKEY_AUTHENTICATION_OPTIONS "passkey.api.authenticationOptions":
        POST "user-authenticators/passkey/authentication-options" BearerOrTenant Optional
        one(k!("challengeId"));
    3 PASSKEY_AUTHENTICATION_OPTIONS_WEB "passkey.api.authenticationOptionsWeb":
        POST "user-authenticators/passkey/authentication-options/web" BearerOrTenant Always EMPTY;
    4 PASSKEY_VERIFY "passkey.api.verify":
        POST "verify/passkey" BearerOrTenant Optional
        Body::Fields([k!("authenticationCredential"), k!("deviceId"), k!("challengeId")]);
    5 AUTHENTICATORS "passkey.api.getAuthenticators":
        GET "user-authenticators" BearerOrTenant Optional Body::None;
    6 PASSKEY_LOOK_UP "passkey.api.getPasskeyAuthenticator":
        GET "user-authenticators/passkey?credentialIds=" Tenant Default Body::None;
    7 CHALLENGE "passkey.api.challenge":
        POST "challenge" Tenant Web
        two(k!("action"), k!("idempotencyKey"));
    8 TOTP_ENROLL "totp.enroll":
        POST "user-authenticators/totp" Bearer Default Body::None;
    9 TOTP_VERIFY "totp.verify":
        POST "verify/totp" Bearer Default CODE;
    10 EMAIL_ENROLL "email.enroll":
        POST "user-authenticators/email-otp" Bearer Default EMAIL;
    11 EMAIL_CHALLENGE "email.challenge":
        POST "challenge/email-otp" Bearer Default Body::None;
    12 EMAIL_VERIFY "email.verify":
        POST "verify/email-otp" Bearer Default CODE;
    13 SMS_ENROLL "sms.enroll":
        POST "user-authenticators/sms" Bearer Default
        one(k!("phoneNumber"));
    14 SMS_CHALLENGE "sms.challenge":
        POST "challenge/sms" Bearer Default Body::None;
    15 SMS_VERIFY "sms.verify":
        POST "verify/sms" Bearer Default CODE;
    16 WHATSAPP_CHALLENGE "whatsapp.challenge":
        POST "challenge/whatsapp" Bearer Default Body::None;
    17 WHATSAPP_VERIFY "whatsapp.verify":
        POST "verify/whatsapp" Bearer Default CODE;
    18 MAGIC_LINK_ENROLL "emailML.enroll":
        POST "user-authenticators/email-magic-link" Bearer Default EMAIL;
    19 MAGIC_LINK_CHALLENGE "emailML.challenge":
        POST "challenge/email-magic-link" Bearer Default Body::None;
    20 MAGIC_LINK_FINALIZE "emailML.checkVerificationStatus":
        POST "verify/email-magic-link/finalize" Bearer Default EMPTY;
    21 SECURITY_KEY_REGISTRATION_OPTIONS "securityKey.api.registrationOptions":
        POST "user-authenticators/security-key/registration-options" Bearer Default EMPTY;
    22 SECURITY_KEY_ADD "securityKey.api.addAuthenticator":
        POST "user-authenticators/security-key" Bearer Default Body::Bare(k!("registrationCredential"));
    23 SECURITY_KEY_AUTHENTICATION_OPTIONS "securityKey.api.authenticationOptions":
        POST "user-authenticators/security-key/authentication-options" Bearer Default EMPTY;
    24 SECURITY_KEY_VERIFY "securityKey.api.verify":
        POST "verify/security-key" Bearer Default Body::Bare(k!("authenticationCredential"));
    25 PUSH_CHALLENGE "push.challenge":
        POST "challenge/push" Bearer Default
        two(k!("action"), k!("userAuthenticatorId"));
    26 PUSH_VERIFY "push.verify":
        POST "verify/push" Bearer Default one(k!("challengeId"));
    27 QR_CODE_CHALLENGE "qrCode.challenge":
        POST "challenge/qr-code" BearerOrTenant Default
        two(k!("action"), k!("custom"));
    28 QR_CODE_VERIFY "qrCode.verify":
        POST "verify/qr-code" Tenant Default
        two(k!("challengeId"), k!("deviceCode"));
}

/// The number from which on a call is a flow of several requests and not a row of the table.
pub const FLOWS: u8 = OPERATIONS.len() as u8;
/// `passkey.signUp`.
pub const PASSKEY_SIGN_UP: u8 = FLOWS;
/// `passkey.signIn`.
pub const PASSKEY_SIGN_IN: u8 = FLOWS + 1;
/// `passkey.isAvailableOnDevice`.
pub const PASSKEY_IS_AVAILABLE: u8 = FLOWS + 2;
/// The background half of the two: tells the browser which passkeys the server accepts. Not a public method.
pub const PASSKEY_SYNC: u8 = FLOWS + 3;
/// `securityKey.enroll`.
pub const SECURITY_KEY_ENROLL: u8 = FLOWS + 4;
/// `securityKey.verify`.
pub const SECURITY_KEY_VERIFICATION: u8 = FLOWS + 5;
/// What the token that is set says of the binding window.
pub const BINDING: u8 = FLOWS + 6;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_stands_at_its_number() {
        assert_eq!(OPERATIONS[usize::from(TOTP_VERIFY)].path.as_str(), "verify/totp");
        assert_eq!(NAMES[usize::from(TOTP_VERIFY)], "totp.verify");
        assert_eq!(NAMES.len(), OPERATIONS.len());
    }

    #[test]
    fn no_two_operations_share_a_name_or_a_route() {
        let names: BTreeSet<_> = NAMES.iter().collect();
        assert_eq!(names.len(), NAMES.len());
        let routes: BTreeSet<_> = OPERATIONS.iter().map(|row| (row.method, row.path)).collect();
        assert_eq!(routes.len(), OPERATIONS.len());
    }

    #[test]
    fn only_a_post_has_a_body() {
        for (row, name) in OPERATIONS.iter().zip(NAMES) {
            assert!(row.method == k!("POST") || row.body == Body::None, "{name}");
        }
    }
}
