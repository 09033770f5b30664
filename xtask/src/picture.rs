//! The picture of the README.

use crate::serve::TestServer;
use crate::setup;
use crate::shell::{root, run, say};
use anyhow::{Result, bail};
use std::process::Command;

const FILE: &str = "www-demo/pre-built-ui.png";
/// It is in git, and in front of every reader.
const LARGEST: u64 = 100 * 1024;

/// Writes [`FILE`], from the pages as they are.
pub fn picture() -> Result<()> {
    setup::npm()?;
    let chromium = setup::chromium()?;
    let server = TestServer::start()?;
    say("Taking a picture of the pre-built UI");
    let script = root().join("tests/picture/run.mjs");
    run(Command::new("node").arg(script).env("AUTHSIGNAL_LOCAL_URL", &server.origin).env("CHROMIUM", chromium))?;
    let size = root().join(FILE).metadata()?.len();
    if size > LARGEST {
        bail!("{FILE} has {size} bytes, and may have {LARGEST}");
    }
    println!("{FILE}: {size} bytes");
    Ok(())
}
