//! The server's clock, which a tester may move.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::domain::{Millis, SECOND};

/// Seconds by which the clock may be moved in one go: some 30 years.
pub const FARTHEST_MOVE: i64 = 1_000_000_000;

/// System time plus an offset.
#[derive(Default)]
pub struct Clock {
    offset: AtomicI64,
}

impl Clock {
    /// Now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system for the time")]
    pub fn now(&self) -> Millis {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        i64::try_from(system).unwrap_or(i64::MAX).saturating_add(self.offset.load(Ordering::SeqCst))
    }

    /// Moves the clock on by so many seconds.
    pub fn advance(&self, seconds: i64) {
        self.offset.fetch_add(seconds.saturating_mul(SECOND), Ordering::SeqCst);
    }

    /// How far it is ahead of system time.
    pub fn ahead(&self) -> Millis {
        self.offset.load(Ordering::SeqCst)
    }

    /// Sets it so far ahead of system time.
    pub fn set_ahead(&self, offset: Millis) {
        self.offset.store(offset, Ordering::SeqCst);
    }

    /// Back to system time.
    pub fn set_right(&self) {
        self.offset.store(0, Ordering::SeqCst);
    }
}

const ISO_8601: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A moment as the API writes it: `2030-01-01T00:00:00.000Z`.
pub fn iso(moment: Millis) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(moment) * 1_000_000)
        .ok()
        .and_then(|date| date.format(ISO_8601).ok())
        .unwrap_or_default()
}

/// The moment that a text in ISO 8601 means: a date, or a date and a time with its zone.
pub fn moment(text: &str) -> Option<Millis> {
    let full = if text.len() == "2030-01-01".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let date = OffsetDateTime::parse(&full, &Rfc3339).ok()?;
    i64::try_from(date.unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_with_milliseconds_in_utc() {
        assert_eq!(iso(1_893_456_000_007), "2030-01-01T00:00:00.007Z");
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(moment("2030-01-01T00:00:00.007Z"), Some(1_893_456_000_007));
        assert_eq!(moment("2030-01-01"), Some(1_893_456_000_000));
        assert_eq!(moment("tomorrow"), None);
    }

    #[test]
    fn a_moved_clock_is_ahead_until_it_is_set_right() {
        let clock = Clock::default();
        let before = clock.now();
        clock.advance(600);
        assert!(clock.now() >= before + 600 * SECOND);
        clock.set_right();
        assert!(clock.now() < before + 600 * SECOND);
    }
}
