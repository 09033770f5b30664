//! The examples: those in JavaScript have the package as npm installs it from the tarball, the page in Leptos the crate.

use crate::serve::TestServer;
use crate::shell::{root, run, say};
use crate::{package, setup, suites};
use anyhow::{Result, bail};
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

/// Each is a folder of `www-demo/examples`.
const NAMES: [&str; 5] = ["react", "vue", "svelte", "plain", LEPTOS];

/// The one that cargo builds.
const LEPTOS: &str = "leptos";

/// Where they are.
pub fn folder() -> PathBuf {
    root().join("www-demo/examples")
}

/// Installs what they need from npm, and in the place of the link to `pkg/` what is in the package's tarball.
pub fn install() -> Result<()> {
    setup::npm_packages(&folder())?;
    let packed = suites::install_packed()?.join("node_modules/authsignal-wasm");
    let installed = folder().join("node_modules/authsignal-wasm");
    if installed.is_symlink() {
        std::fs::remove_file(&installed)?;
    }
    package::copy_folder(&packed, &installed)
}

/// Compiles the page in Leptos, and has wasm-bindgen write what loads it beside its document, into `dist`.
pub fn leptos() -> Result<()> {
    say("Building the page in Leptos");
    let wasm = setup::wasm()?;
    let mut cargo = wasm.cargo();
    cargo.args(["build", "--quiet", "--package", "authsignal-example-leptos", "--bins"]);
    cargo.args(["--target", "wasm32-unknown-unknown", "--target-dir", "target/wasm-tests"]);
    if wasm.needs_build_std() {
        cargo.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
    }
    run(&mut cargo)?;
    run(Command::new(setup::wasm_bindgen()?.join("wasm-bindgen"))
        .args(["--target", "web", "--no-typescript", "--out-name", "page", "--out-dir"])
        .arg(folder().join(LEPTOS).join("dist"))
        .arg("target/wasm-tests/wasm32-unknown-unknown/debug/authsignal-example-leptos.wasm"))
}

/// Serves one, with a server of its own whose data is in memory, until it is ended. `alone` is let go once all is built.
pub fn serve(arguments: &[String], alone: Option<File>) -> Result<()> {
    let name = match arguments {
        [name] if NAMES.contains(&name.as_str()) => name,
        _ => bail!("name one example: {}", NAMES.join(", ")),
    };
    install()?;
    if name == LEPTOS {
        leptos()?;
    }
    let server = TestServer::start()?;
    drop(alone);
    say(&format!("Serving the example, against {}", server.origin));
    let mut npm = Command::new("npm");
    npm.args(["start", "--silent", "--workspace", &format!("example-{name}")]).current_dir(folder());
    run(npm.env("AUTHSIGNAL_URL", format!("{}/v1", server.origin)))
}
