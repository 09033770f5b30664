//! Browser client for the Authsignal API, compiled to WebAssembly.
//!
//! A new authenticator may be added only inside the window that a verified challenge with an existing one opened, with a
//! backend-issued token of scope `add:authenticators`, or as the user's first. The server enforces that rule; this crate
//! makes it effortless: it keeps the short-lived token in memory, swaps it for the one that a verification returns, and
//! uses that for the next enrolment.
//!
//! # Map, from the bottom up
//!
//! | module | what it owns |
//! | --- | --- |
//! | [`words`] | every string, as a number |
//! | [`operation`] | the endpoint table: every request of the API is one row |
//! | `slots`, `value`, `task` | JavaScript values, and operations that wait for promises, at the size of neither |
//! | `fault` | every way to fail: answered, ceremony, misuse |
//! | `binding` | the token cell that instances of one tenant share |
//! | `storage`, `identity` | the map of passkeys known on this device; the anonymous id |
//! | `engine` | one path for every request: plan, transport, reply |
//! | `ceremony` | `navigator.credentials`: options, responses, errors, one ceremony at a time |
//! | `flow` | operations of several steps: passkey sign-up, sign-in, look-up |
//! | `js` (feature `js`) | the only exports, behind the hand-written face in `pkg-template/` |
//! | [`client`] (feature `rust`) | the typed API for Leptos, Yew, Dioxus and plain Rust frontends |
//! | `authenticator` (feature `testing`) | beside all of these: keys and signatures for the tests of apps |
//!
//! Dependencies point up this list only.
//!
//! # Features
//!
//! - `rust` (default): the typed API in [`client`].
//! - `js`: the exports of the npm package, without the default features: xtask makes glue for them, and no other fits. Size rules this build: values stay JavaScript values, and nothing formats.
//! - `testing`: without the default features, the keys of the scripted authenticator of `authsignal-wasm/testing`, and nothing of the client.

#[cfg(all(target_arch = "wasm32", feature = "js", feature = "rust"))]
compile_error!(
    "feature `js` is the npm core, which xtask builds with --no-default-features; a Rust frontend needs `rust` alone"
);
#[cfg(all(target_arch = "wasm32", feature = "testing", any(feature = "js", feature = "rust")))]
compile_error!("feature `testing` is a wasm of its own, which xtask builds with --no-default-features");

#[cfg(feature = "testing")]
pub mod authenticator;
pub mod operation;
#[cfg_attr(
    not(all(target_arch = "wasm32", any(feature = "js", feature = "rust"))),
    allow(dead_code, reason = "natively, only the table of operations is of use")
)]
pub mod words;

#[cfg(all(target_arch = "wasm32", any(feature = "js", feature = "rust")))]
mod binding;
#[cfg(all(target_arch = "wasm32", any(feature = "js", feature = "rust")))]
mod ceremony;
#[cfg(all(target_arch = "wasm32", any(feature = "js", feature = "rust")))]
mod engine;
#[cfg(all(target_arch = "wasm32", any(feature = "js", feature = "rust")))]
mod fault;
#[cfg(all(target_arch = "wasm32", any(feature = "js", feature = "rust")))]
mod flow;
#[cfg(all(target_arch = "wasm32", feature = "rust"))]
mod lines;
#[cfg(all(target_arch = "wasm32", any(feature = "js", feature = "rust")))]
mod slots;
#[cfg(all(target_arch = "wasm32", any(feature = "js", feature = "rust")))]
mod storage;
#[cfg(all(target_arch = "wasm32", any(feature = "js", feature = "rust")))]
mod task;
#[cfg(all(target_arch = "wasm32", any(feature = "js", feature = "rust")))]
mod value;

#[cfg(all(target_arch = "wasm32", feature = "rust"))]
pub mod client;
#[cfg(all(target_arch = "wasm32", feature = "rust"))]
mod identity;
#[cfg(all(target_arch = "wasm32", feature = "js"))]
pub mod js;
