//! What must hold besides the tests.

use crate::shell::{run, say};
use crate::{docs, setup, size, tidy, workflows};
use anyhow::{Result, bail};
use std::process::Command;

pub fn ci() -> Result<()> {
    say("Formatting");
    run(Command::new("cargo").args(["fmt", "--all", "--check"]))?;
    say("Lints, host");
    let host = ["--workspace", "--all-targets", "--features", "authsignal-wasm/testing"];
    run(Command::new("cargo").args(["clippy", "--quiet"]).args(host).args(["--", "-D", "warnings"]))?;
    let wasm = setup::wasm()?;
    let typed = ["--package", "authsignal-wasm", "--package", "authsignal-example-yew", "--all-targets"];
    let [core, authenticator] = ["js", "testing"].map(|feature| ["--no-default-features", "--features", feature]);
    for features in [&core[..], &authenticator, &typed] {
        say(&format!("Lints, wasm, {}", features.join(" ")));
        let mut clippy = wasm.cargo();
        clippy
            .args(["clippy", "--quiet", "--target", "wasm32-unknown-unknown", "--target-dir", "target/wasm-tests"])
            .args(features);
        if wasm.needs_build_std() {
            clippy.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
        }
        run(clippy.args(["--", "-D", "warnings"]))?;
    }
    docs::rust_api()?;
    say("Workflows");
    workflows::lint()?;
    say("House rules");
    let broken = tidy::check()?;
    if !broken.is_empty() {
        bail!("house rules are broken:\n{}", broken.join("\n"));
    }
    say("Size");
    size::size()
}
