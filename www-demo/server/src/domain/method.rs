//! The verification methods.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a person proves that it is them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    /// A passkey.
    Passkey,
    /// A WebAuthn credential that is a second factor only.
    SecurityKey,
    /// An app that shows a code every 30 seconds.
    AuthenticatorApp,
    /// A code by e-mail.
    EmailOtp,
    /// A link by e-mail.
    EmailMagicLink,
    /// A code by text message.
    Sms,
    /// A code by WhatsApp; another channel to the phone number of `Sms`, not an authenticator of its own.
    Whatsapp,
    /// A question to an app on a phone.
    Push,
    /// A QR code that an app on a phone reads.
    QrCode,
    /// A key in the app that asks.
    InApp,
    /// A code from a list on paper.
    RecoveryCode,
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 11] = [
        Method::Passkey,
        Method::SecurityKey,
        Method::AuthenticatorApp,
        Method::EmailOtp,
        Method::EmailMagicLink,
        Method::Sms,
        Method::Whatsapp,
        Method::Push,
        Method::QrCode,
        Method::InApp,
        Method::RecoveryCode,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Method::Passkey => "PASSKEY",
            Method::SecurityKey => "SECURITY_KEY",
            Method::AuthenticatorApp => "AUTHENTICATOR_APP",
            Method::EmailOtp => "EMAIL_OTP",
            Method::EmailMagicLink => "EMAIL_MAGIC_LINK",
            Method::Sms => "SMS",
            Method::Whatsapp => "WHATSAPP",
            Method::Push => "PUSH",
            Method::QrCode => "QR_CODE",
            Method::InApp => "IN_APP",
            Method::RecoveryCode => "RECOVERY_CODE",
        }
    }

    /// The method of this name.
    pub fn named(name: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|method| method.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_found_by_its_name_and_serialises_as_it() {
        for method in Method::ALL {
            assert_eq!(Method::named(method.name()), Some(method));
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
        }
    }
}
