//! The rules, and nothing but the rules: no HTTP, no SQL, no system clock, no system randomness.

pub mod address;
pub mod binding;
pub mod code;
pub mod mask;
pub mod method;
pub mod rate;
pub mod recovery;
pub mod scope;
pub mod totp;

/// A moment: milliseconds since 1970.
pub type Millis = i64;

/// Milliseconds in a second.
pub const SECOND: Millis = 1000;

/// Milliseconds in a minute.
pub const MINUTE: Millis = 60 * SECOND;
