//! `authsignal-local`: a local server that speaks the Authsignal client and server API.
//!
//! [`routes`] answer HTTP, [`domain`] holds the rules (no HTTP, no SQL), [`store`] keeps the data, and
//! [`verification`] is the one way from a proven answer to a token. Start reading at [`routes::table`].

pub mod answer;
pub mod app;
pub mod appearance;
pub mod assertion;
pub mod ceremony;
pub mod changes;
pub mod clock;
pub mod config;
pub mod control;
pub mod deployment;
pub mod device;
pub mod domain;
pub mod error;
pub mod limits;
pub mod mail;
pub mod openapi;
pub mod operations;
pub mod outbox;
pub mod random;
pub mod routes;
pub mod serving;
pub mod store;
pub mod token;
pub mod token_key;
pub mod verification;
pub mod webhook;
