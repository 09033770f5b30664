//! Codes of authenticator apps (RFC 6238): SHA-1, six digits, 30 seconds, one step of skew to either side.

use totp_rs::{Builder, Secret, Totp};

use super::{Millis, SECOND};

/// Bytes of a fresh secret: the length of the hash, as RFC 4226 recommends.
pub const SECRET_LENGTH: usize = 20;

/// The secret of one authenticator app.
pub struct AuthenticatorApp {
    totp: Totp,
}

impl AuthenticatorApp {
    /// A fresh one, from so many random bytes. `issuer` and `account` are what the app shows.
    pub fn fresh(random: [u8; SECRET_LENGTH], issuer: &str, account: &str) -> Option<Self> {
        Self::build(random.to_vec(), issuer, account)
    }

    /// The one with this secret in base 32.
    pub fn stored(secret: &str) -> Option<Self> {
        let bytes = Secret::try_from_base32(secret).ok()?;
        Self::build(bytes.as_bytes().to_vec(), "stored", "stored")
    }

    /// The one that an `otpauth:` URI describes, if its codes are made the way that this module makes them.
    pub fn from_uri(uri: &str) -> Option<Self> {
        let described = Totp::from_url(uri).ok()?;
        let ours = Self::build(described.secret().as_bytes().to_vec(), "stored", "stored")?;
        [0, 59, 1_111_111_109]
            .into_iter()
            .all(|time| described.generate(time).to_string() == ours.totp.generate(time).to_string())
            .then_some(ours)
    }

    fn build(secret: Vec<u8>, issuer: &str, account: &str) -> Option<Self> {
        // The label of the URI is `issuer:account`, so that neither may hold the colon.
        let builder = Builder::new()
            .with_secret(secret)
            .with_account_name(account.replace(':', "_"))
            .with_issuer(Some(issuer.replace(':', "_")));
        Some(Self { totp: builder.build().ok()? })
    }

    /// The secret in base 32.
    pub fn secret(&self) -> String {
        self.totp.secret().to_base32()
    }

    /// The URI that the QR code holds.
    pub fn uri(&self) -> Option<String> {
        self.totp.to_url().ok()
    }

    /// The step that `code` belongs to, if it is right at `now`. Whoever accepts it must refuse this step, and those
    /// before it, from then on.
    pub fn step_of(&self, code: &str, now: Millis) -> Option<i64> {
        let is_six_digits = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = u64::try_from(now / SECOND).ok()?;
        is_six_digits.then(|| self.totp.check(code, seconds)).flatten().and_then(|step| i64::try_from(step).ok())
    }

    /// The code at `now`, as the app shows it.
    pub fn code_at(&self, now: Millis) -> String {
        self.totp.generate(u64::try_from(now / SECOND).unwrap_or(0)).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app() -> AuthenticatorApp {
        // The secret of the test vectors of RFC 6238, appendix B.
        AuthenticatorApp::fresh(*b"12345678901234567890", "Local", "ada").unwrap()
    }

    #[test]
    fn t7_the_vectors_of_rfc_6238_are_right() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(app().step_of(code, seconds * SECOND), Some(seconds / 30), "at {seconds}");
        }
    }

    #[test]
    fn a_code_is_accepted_one_step_early_and_late_and_not_two() {
        let code = app().code_at(3_000 * SECOND);
        for (seconds, accepted) in [(2_939, false), (2_970, true), (3_000, true), (3_059, true), (3_060, false)] {
            assert_eq!(app().step_of(&code, seconds * SECOND).is_some(), accepted, "at {seconds}");
        }
    }

    #[test]
    fn what_is_not_six_digits_is_never_a_code() {
        for code in ["", "28708", "2870822", "28708a", " 287082", "٢٨٧٠٨٢", "-87082"] {
            assert_eq!(app().step_of(code, 59 * SECOND), None, "{code:?}");
        }
    }

    #[test]
    fn the_uri_names_issuer_and_account() {
        let app = AuthenticatorApp::fresh([7; SECRET_LENGTH], "Local", "ada:lovelace").unwrap();
        let uri = app.uri().unwrap();
        assert!(uri.starts_with("otpauth://totp/Local:ada_lovelace?"), "{uri}");
        assert!(uri.contains("issuer=Local"), "{uri}");
        assert!(uri.contains(&app.secret()), "{uri}");
        assert_eq!(AuthenticatorApp::from_uri(&uri).unwrap().secret(), app.secret());
        for other in
            [uri.replace("otpauth", "http"), format!("{uri}&digits=8"), format!("{uri}&period=60"), String::new()]
        {
            assert!(AuthenticatorApp::from_uri(&other).is_none(), "{other}");
        }
        assert_eq!(AuthenticatorApp::stored(&app.secret()).unwrap().code_at(0), app.code_at(0));
    }
}
