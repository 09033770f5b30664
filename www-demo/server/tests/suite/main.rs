//! The server through its router, without a socket: whole ceremonies with a software authenticator.

mod bad_input;
mod codes;
mod cookies;
mod demo;
mod deployment;
mod devices;
mod instances;
mod limits;
mod local;
mod magic_links;
mod mail;
mod passkeys;
mod pre_built_ui;
mod process;
mod routes;
mod rs256;
mod security_keys;
mod server_api;
mod server_challenges;
mod sessions;
mod settings;
mod socket;
mod support;
mod threats;
mod totp;
mod webhooks;
