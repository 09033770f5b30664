//! A running server, and what it costs.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::client::{Client, Credentials};

/// Whose passkeys these are.
pub const RP_ID: &str = "localhost";
/// The page that people sign in at.
pub const ORIGIN: &str = "http://localhost:3000";

const SECRET: &str = "a-secret-of-exactly-32-bytes-ok!";
const STARTED_WITHIN: Duration = Duration::from_secs(60);
/// Linux counts a process's time in these, whatever the kernel's own clock is.
const TICKS_PER_SECOND: f64 = 100.0;

/// Ended with the value.
pub struct Server {
    child: Child,
    /// Its host and port.
    pub address: String,
    credentials: Credentials,
}

impl Server {
    /// A deployment without rate limits: load from one address is no attack here. On these cores, if any are named, with
    /// a backend at this address that takes codes, if there is one.
    pub async fn deployed(
        program: &Path,
        database: &str,
        cores: Option<&str>,
        webhook: Option<&str>,
    ) -> Result<Server> {
        let mut command = on_cores(program, cores);
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-rate-limits", "--tenant-id", "load"]);
        command.args(["--public-url", "http://localhost:8787", "--origin", ORIGIN, "--rp-id", RP_ID]);
        command.args(["--database", database]).env("AUTHSIGNAL_LOCAL_SECRET", SECRET).env_remove("RUST_LOG");
        if let Some(webhook) = webhook {
            command.args(["--webhook", webhook]);
        }
        Server::start(command, Credentials { tenant_id: "load".to_owned(), secret: SECRET.to_owned() }).await
    }

    async fn start(mut command: Command, credentials: Credentials) -> Result<Server> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot run the server")?;
        let mut lines = BufReader::new(child.stdout.take().context("the server has no stdout")?).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(origin) = line.strip_prefix("listening on http://") {
                    return Ok(origin.to_owned());
                }
            }
            bail!("the server ended before it listened")
        };
        let address = timeout(STARTED_WITHIN, ready).await.context("the server did not start in time")??;
        Ok(Server { child, address, credentials })
    }

    /// A caller of it.
    pub fn client(&self) -> Client {
        self.client_at(&self.address)
    }

    /// A caller that finds it, or another of its instances, at this host and port.
    pub fn client_at(&self, address: &str) -> Client {
        Client::new(address, &self.credentials)
    }

    /// SIGKILL, as of the kernel when there is no memory, or of a machine that is gone.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    fn id(&self) -> Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// Seconds that processors have worked for it.
    pub fn processor_seconds(&self) -> Result<f64> {
        seconds_of(&self.id()?.to_string())
    }

    /// Megabytes of memory that it occupies.
    pub fn resident_megabytes(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("/proc tells no memory")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }
}

/// Seconds that processors have worked for the thread that asks.
pub fn thread_seconds() -> Result<f64> {
    seconds_of("thread-self")
}

fn seconds_of(process: &str) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Behind the name, which may hold anything: the 14th and 15th field of all.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).context("/proc tells no processor time")?;
    Ok((user + system) / TICKS_PER_SECOND)
}

/// The program, on these cores of the machine, as `taskset` names them.
fn on_cores(program: &Path, cores: Option<&str>) -> Command {
    match cores {
        None => Command::new(program),
        Some(cores) => {
            let mut command = Command::new("taskset");
            command.args(["-c", cores]).arg(program);
            command
        }
    }
}
