//! The server through its router, without a socket: whole ceremonies with a software authenticator.

mod bad_input;
mod demo;
mod local;
mod passkeys;
mod routes;
mod server_api;
mod support;
mod threats;
mod totp;
