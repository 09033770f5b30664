//! Load on `authsignal-local`, by people with software authenticators: `cargo xtask bench server`, and `test chaos`.
#![allow(clippy::disallowed_methods, reason = "load is measured in real time")]

mod bench;
mod chaos;
mod client;
mod device;
mod ledger;
mod people;
mod receiver;
mod server;

use anyhow::Result;
use clap::Parser;

/// Load on authsignal-local.
#[derive(Parser)]
enum Command {
    /// Prints how many sign-ins, registrations and TOTP verifies are answered each second, and what each costs.
    Bench(bench::Bench),
    /// Does to the server what may happen to it in the middle of load, and says what held.
    Chaos(chaos::Chaos),
}

#[tokio::main]
async fn main() -> Result<()> {
    match Command::parse() {
        Command::Bench(bench) => bench::run(bench).await,
        Command::Chaos(chaos) => chaos::run(chaos).await,
    }
}
