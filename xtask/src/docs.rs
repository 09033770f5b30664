//! The documentation: `target/docs`, a folder for any web server.

use crate::shell::{root, run, say};
use crate::{package, setup};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

/// Writes the guide, both references, the search, and the Rust API by rustdoc.
pub fn docs() -> Result<()> {
    let target = pages()?;
    rust_api()?;
    package::copy_folder(&root().join("target/wasm-tests/wasm32-unknown-unknown/doc"), &target.join("rust"))?;
    let begin = target.join("rust/authsignal_wasm/client/index.html");
    begin.metadata().with_context(|| format!("rustdoc wrote no {}", begin.display()))?;
    println!("target/docs/index.html");
    Ok(())
}

/// Writes the Rust API by rustdoc, whose warnings are errors.
pub fn rust_api() -> Result<()> {
    say("The Rust API, by rustdoc");
    // For the target that it is made for: elsewhere the typed API is not there.
    let wasm = setup::wasm()?;
    let mut cargo = wasm.cargo();
    cargo.args(["doc", "--quiet", "--no-deps", "--package", "authsignal-wasm"]);
    cargo.args(["--target", "wasm32-unknown-unknown", "--target-dir", "target/wasm-tests"]);
    if wasm.needs_build_std() {
        cargo.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
    }
    run(cargo.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Writes all but the Rust API. A link that leads nowhere is an error.
fn pages() -> Result<PathBuf> {
    setup::npm()?;
    let target = root().join("target/docs");
    run(Command::new("node").arg("www-demo/docs/build.mjs").arg(&target))?;
    Ok(target)
}

/// Writes the snippets of every text to where they are compiled: `target/snippets/js` and `target/snippets/ts`.
pub fn snippets() -> Result<()> {
    package::build()?;
    setup::npm()?;
    run(Command::new("node").args(["tests/docs/snippets.mjs", "target/snippets"]))
}
