//! How often a user may have something sent, or may try a code: what the vendor documents.

use super::{MINUTE, Millis};

/// Something that is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What.
    pub what: &'static str,
    /// How often within the period.
    pub most: i64,
    /// The period.
    pub period: Millis,
}

const SENDS: Millis = 10 * MINUTE;
const VERIFIES: Millis = 5 * MINUTE;

/// Codes by e-mail.
pub const EMAIL_SENDS: Limit = Limit { what: "email-sends", most: 12, period: SENDS };
/// Links by e-mail.
pub const LINK_SENDS: Limit = Limit { what: "link-sends", most: 12, period: SENDS };
/// Codes by text message or WhatsApp.
pub const SMS_SENDS: Limit = Limit { what: "sms-sends", most: 6, period: SENDS };
/// Tries of a code from an e-mail.
pub const EMAIL_VERIFIES: Limit = Limit { what: "email-verifies", most: 10, period: VERIFIES };
/// Tries of a code from a message.
pub const SMS_VERIFIES: Limit = Limit { what: "sms-verifies", most: 10, period: VERIFIES };
/// Tries of a code from an authenticator app.
pub const TOTP_VERIFIES: Limit = Limit { what: "totp-verifies", most: 10, period: VERIFIES };

impl Limit {
    /// Milliseconds until one more is allowed, after those at `times` (the oldest first, all within the period); nothing
    /// if it is now.
    pub fn wait(&self, times: &[Millis], now: Millis) -> Option<Millis> {
        let most = usize::try_from(self.most).unwrap_or(0);
        let over = times.len().checked_sub(most)?;
        // Once that one is out of the period, fewer than the most are in it.
        times.get(over).map(|oldest| oldest + self.period - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_is_allowed_when_the_oldest_has_left_the_period() {
        let limit = Limit { what: "x", most: 2, period: 100 };
        assert_eq!(limit.wait(&[], 1000), None);
        assert_eq!(limit.wait(&[950], 1000), None);
        assert_eq!(limit.wait(&[920, 950], 1000), Some(20));
        assert_eq!(limit.wait(&[910, 920, 950], 1000), Some(20));
    }
}
