//! The client API: what browsers and apps call.

pub mod authenticators;
pub mod browser;
pub mod ceremonies;
pub mod challenge;
pub mod codes;
pub mod devices;
pub mod in_app;
pub mod init;
pub mod keys;
pub mod magic_link;
mod magic_link_page;
pub mod passkey;
pub mod push;
pub mod qr_code;
pub mod recovery_codes;
pub mod security_key;
pub mod sign_in;
pub mod totp;
