//! Load on authsignal-local: tests/load with what it needs.

use crate::postgres::Postgres;
use crate::serve;
use crate::shell::{root, run, say};
use crate::suites::{Counts, count_closing_line, counted};
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// Prints how many sign-ins, registrations and TOTP verifies are answered each second, on both databases.
pub fn bench(arguments: &[String]) -> Result<()> {
    say("Building authsignal-local and the load, as they are released");
    let packages = ["--package", "authsignal-local", "--package", "authsignal-load"];
    run(Command::new("cargo").args(["build", "--quiet", "--release"]).args(packages))?;
    let programs = root().join("target/release");
    let postgres = Postgres::start_durable()?;
    let folder = Folder::empty()?;
    say("Measuring (a few minutes)");
    run(Command::new(programs.join("authsignal-load"))
        .arg("bench")
        .arg("--server")
        .arg(programs.join("authsignal-local"))
        .args(["--postgres", &postgres.url])
        .arg("--folder")
        .arg(&folder.0)
        .args(arguments))
}

/// What holds when the server is killed, and its database, its disk and its clients fail it: the suite `chaos`.
pub fn chaos() -> Result<Counts> {
    let server = serve::program()?;
    run(Command::new("cargo").args(["build", "--quiet", "--package", "authsignal-load"]))?;
    let postgres = Postgres::start()?;
    let folder = Folder::empty()?;
    let mut load = Command::new(root().join("target/debug/authsignal-load"));
    load.arg("chaos").arg("--server").arg(server).args(["--postgres", &postgres.url]).arg("--folder").arg(&folder.0);
    counted(load.arg("--").args(&postgres.control), count_closing_line)
}

/// A folder of this run's own, gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn empty() -> Result<Folder> {
        let folder = root().join("target/load").join(std::process::id().to_string());
        std::fs::create_dir_all(&folder)?;
        Ok(Folder(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
