//! The examples in JavaScript: the package in them as npm installs it from the tarball.

use crate::serve::TestServer;
use crate::shell::{root, run, say};
use crate::{package, setup, suites};
use anyhow::{Result, bail};
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

/// Each is a folder of `www-demo/examples`.
const NAMES: [&str; 4] = ["react", "vue", "svelte", "plain"];

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

/// Serves one, with a server of its own whose data is in memory, until it is ended. `alone` is let go once all is built.
pub fn serve(arguments: &[String], alone: Option<File>) -> Result<()> {
    let name = match arguments {
        [name] if NAMES.contains(&name.as_str()) => name,
        _ => bail!("name one example: {}", NAMES.join(", ")),
    };
    install()?;
    let server = TestServer::start()?;
    drop(alone);
    say(&format!("Serving the example, against {}", server.origin));
    let mut npm = Command::new("npm");
    npm.args(["start", "--silent", "--workspace", &format!("example-{name}")]).current_dir(folder());
    run(npm.env("AUTHSIGNAL_URL", format!("{}/v1", server.origin)))
}
