//! Guesses: how many, and when they end.

use super::{MINUTE, Millis};

/// Wrong codes that a challenge, or for authenticator apps an action, takes.
pub const ATTEMPTS_PER_CHALLENGE: i64 = 5;

/// Wrong codes that a user's authenticator takes within [`GUESS_PERIOD`], over all tokens and re-sent codes.
pub const GUESSES_PER_AUTHENTICATOR: i64 = 10;

/// See [`GUESSES_PER_AUTHENTICATOR`].
pub const GUESS_PERIOD: Millis = 5 * MINUTE;

/// Why a code was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// `CODE_INVALID_OR_EXPIRED`
    InvalidOrExpired,
    /// `MAX_ATTEMPTS_EXCEEDED`
    MaxAttemptsExceeded,
}

impl Failure {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Failure::InvalidOrExpired => "CODE_INVALID_OR_EXPIRED",
            Failure::MaxAttemptsExceeded => "MAX_ATTEMPTS_EXCEEDED",
        }
    }
}

/// Whether one more guess may be looked at, after so many wrong ones on the challenge and on the authenticator.
pub fn may_guess(wrong_on_challenge: i64, wrong_on_authenticator: i64) -> Result<(), Failure> {
    if wrong_on_challenge >= ATTEMPTS_PER_CHALLENGE || wrong_on_authenticator >= GUESSES_PER_AUTHENTICATOR {
        return Err(Failure::MaxAttemptsExceeded);
    }
    Ok(())
}

/// Six decimal digits out of random bytes, evenly: the bytes are drawn anew where the remainder would be uneven.
pub fn six_digits(mut random: impl FnMut() -> [u8; 4]) -> String {
    const CODES: u32 = 1_000_000;
    const EVEN: u32 = u32::MAX - u32::MAX % CODES;
    loop {
        let drawn = u32::from_be_bytes(random());
        if drawn < EVEN {
            return format!("{:06}", drawn % CODES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t18_guesses_end_at_five_on_a_challenge_and_ten_on_an_authenticator() {
        for (on_challenge, on_authenticator, allowed) in
            [(0, 0, true), (4, 9, true), (5, 5, false), (0, 10, false), (9, 99, false)]
        {
            assert_eq!(may_guess(on_challenge, on_authenticator).is_ok(), allowed);
        }
    }

    #[test]
    fn a_code_has_six_digits_and_skips_the_uneven_end_of_the_range() {
        assert_eq!(six_digits(|| 7u32.to_be_bytes()), "000007");
        let mut draws = [u32::MAX, 4_294_000_000, 123_456_789].into_iter();
        assert_eq!(six_digits(|| draws.next().unwrap().to_be_bytes()), "456789");
    }
}
