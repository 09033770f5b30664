//! The client API: what browsers and apps call.

pub mod authenticators;
pub mod challenge;
pub mod passkey;
pub mod totp;
