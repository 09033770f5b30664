//! Running the local server.

use crate::package;
use crate::shell::{ending_with_us, root, run, say};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const DEFAULT_PORT: u16 = 8787;

/// Builds all that the server serves, and the server.
pub fn build() -> Result<PathBuf> {
    package::build()?;
    package::site()?;
    program()
}

/// Builds the server alone.
pub fn program() -> Result<PathBuf> {
    say("Building authsignal-local");
    run(Command::new("cargo").args(["build", "--quiet", "--package", "authsignal-local"]))?;
    Ok(root().join("target/debug/authsignal-local"))
}

fn serving(mut program: Command, package: &Path) -> Command {
    program.arg("--site").arg(root().join("target/site")).arg("--pkg").arg(package);
    program
}

/// Runs the server in the foreground, in the place of this process: signals reach it directly.
pub fn serve(arguments: &[String]) -> Result<()> {
    let mut server = serving(Command::new(build()?), &root().join("pkg"));
    server.args(arguments);
    replace(server)
}

#[cfg(unix)]
fn replace(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).context("cannot run the server")
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> Result<()> {
    run(&mut command)
}

/// Serves, and opens the page.
pub fn demo(arguments: &[String]) -> Result<()> {
    let mut port = DEFAULT_PORT;
    let mut open = true;
    let mut flags = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--no-open" => open = false,
            "--port" => {
                let value = arguments.next().context("--port needs a number")?;
                port = value.parse().with_context(|| format!("--port needs a number, not `{value}`"))?;
            }
            // The server tells which flags it does not know.
            other => flags.push(other),
        }
    }
    let program = build()?;
    if port == 0 {
        port = free_port()?;
    }
    eprintln!("\nThe demo will be at http://localhost:{port}\n");
    if open {
        // Outlives this process, which becomes the server.
        Command::new(std::env::current_exe()?)
            .args(["open-when-ready", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
    }
    let mut server = serving(Command::new(program), &root().join("pkg"));
    server.args(["--port", &port.to_string()]).args(flags);
    replace(server)
}

/// Waits for the server and opens its page in a browser, if there is one.
pub fn open_when_ready(arguments: &[String]) -> Result<()> {
    let port = arguments.first().context("a port is missing")?;
    let begun = Instant::now();
    while TcpStream::connect(format!("localhost:{port}")).is_err() {
        if begun.elapsed() > Duration::from_secs(30) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let url = format!("http://localhost:{port}");
    let openers: &[&str] = if cfg!(target_os = "macos") { &["open"] } else { &["xdg-open", "wslview", "gnome-open"] };
    for opener in openers {
        if Command::new(opener)
            .arg(&url)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
        {
            break;
        }
    }
    Ok(())
}

pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// What the server of the tests logs: where to look when one fails.
const SERVER_LOG: &str = "target/test-server.log";

/// A server for tests: its data in memory, on any free port, ended with the value.
pub struct TestServer {
    child: Child,
    /// What runs.
    pub program: PathBuf,
    /// Where it listens: `http://localhost:PORT`.
    pub origin: String,
}

impl TestServer {
    pub fn start() -> Result<TestServer> {
        TestServer::with_package(&root().join("pkg"))
    }

    /// One that serves this folder as the npm package.
    pub fn with_package(package: &Path) -> Result<TestServer> {
        let program = build()?;
        let mut child = serving(ending_with_us(&program, "KILL"), package)
            .args(["--port", "0", "--database", "sqlite::memory:"])
            .stdout(Stdio::piped())
            .stderr(File::create(root().join(SERVER_LOG))?)
            .spawn()
            .context("cannot run authsignal-local")?;
        let stdout = child.stdout.take().context("authsignal-local has no stdout")?;
        let mut lines = BufReader::new(stdout).lines();
        let ready = lines.find_map(|line| line.ok()?.strip_prefix("listening on ").map(str::to_owned));
        let Some(origin) = ready else {
            let _ = child.kill();
            bail!("authsignal-local ended before it listened: {SERVER_LOG} says why");
        };
        // Whatever it prints later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(TestServer { child, program, origin })
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
