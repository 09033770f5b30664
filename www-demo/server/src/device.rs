//! Keys of devices: P-256, as the mobile SDKs write them.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, prelude::BASE64_STANDARD};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::{DecodePublicKey, EncodePublicKey};

use crate::domain::{MINUTE, Millis, SECOND};

/// How long a time message holds.
const TIME_MESSAGE: Millis = 10 * MINUTE;

const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// A device's public key: base64 of DER SubjectPublicKeyInfo.
pub struct DeviceKey {
    text: String,
    key: VerifyingKey,
}

impl DeviceKey {
    /// Reads a key as a body holds it: in the one spelling that the SDKs have, since devices are found by the text. DER
    /// has another one, with a compressed point.
    pub fn parse(text: &str) -> Option<Self> {
        let der = BASE64_STANDARD.decode(text).ok()?;
        let key = VerifyingKey::from_public_key_der(&der).ok()?;
        let is_usual = key.to_public_key_der().is_ok_and(|usual| usual.as_bytes() == der);
        is_usual.then(|| Self { text: text.to_owned(), key })
    }

    /// Reads a key as a query holds it: the base64 of the text of a body, with or without padding, in either alphabet.
    pub fn parse_query(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()?;
        Self::parse(std::str::from_utf8(&bytes).ok()?)
    }

    /// As a body holds it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether `signature` (base64 of ASN.1 DER, ECDSA over SHA-256) is this key's over the message.
    pub fn has_signed(&self, message: &str, signature: &str) -> bool {
        let Ok(der) = BASE64_STANDARD.decode(signature) else { return false };
        Signature::from_der(&der).is_ok_and(|signature| self.key.verify(message.as_bytes(), &signature).is_ok())
    }
}

/// The messages that stand for the time at `now`: of this interval and of the one before it. The SDKs write the number of
/// ten-minute intervals as a floating-point number.
pub fn time_messages(now: Millis) -> [String; 2] {
    let interval = now / SECOND / (TIME_MESSAGE / SECOND);
    [format!("{interval}.0"), format!("{}.0", interval - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with `openssl ecparam -name prime256v1 -genkey` and `openssl dgst -sha256 -sign` over `c1`.
    const PUBLIC_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJv+/X+F3ANruH5y28B0ftb7YXPqNHAIKfN\
        EQZ+BS1vWBecQXohPmcoK1rzIoeD4ljdoLpLCDu6ecKx7AYe7ubA==";
    const SIGNATURE: &str = "MEQCIEmgT+kmt9zjKnZzD1zL87jBEGNhfMbIpXT0lY/+/P5EAiAEzPM7u3Wy5Lo1WkJwWX\
        E6Q+GxXqPM2eaUhfMThQZoZg==";

    #[test]
    fn a_signature_of_openssl_is_accepted_for_its_message_only() {
        let key = DeviceKey::parse(PUBLIC_KEY).unwrap();
        assert!(key.has_signed("c1", SIGNATURE));
        for (message, signature) in [("c2", SIGNATURE), ("", SIGNATURE), ("c1", ""), ("c1", "AAAA"), ("c1", "%")] {
            assert!(!key.has_signed(message, signature));
        }
    }

    #[test]
    fn raw_signatures_of_web_crypto_are_not_accepted() {
        let der = BASE64_STANDARD.decode(SIGNATURE).unwrap();
        let raw = Signature::from_der(&der).unwrap().to_bytes();
        assert!(!DeviceKey::parse(PUBLIC_KEY).unwrap().has_signed("c1", &BASE64_STANDARD.encode(raw)));
    }

    #[test]
    fn a_key_in_a_query_is_read_in_both_forms_of_the_sdks() {
        let android = BASE64_STANDARD.encode(PUBLIC_KEY);
        let ios = android.trim_end_matches('=').replace('+', "-").replace('/', "_");
        for text in [android.as_str(), ios.as_str()] {
            assert_eq!(DeviceKey::parse_query(text).unwrap().text(), PUBLIC_KEY);
        }
        for text in ["", "AAAA", PUBLIC_KEY, "%"] {
            assert!(DeviceKey::parse_query(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_time_is_written_as_a_floating_point_number() {
        assert_eq!(time_messages(1_764_000_000 * SECOND), ["2940000.0", "2939999.0"]);
    }
}
