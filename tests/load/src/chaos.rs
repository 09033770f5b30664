//! What may happen to a server in the middle of load, and what holds then. Each case is a sentence.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use hyper::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::client::{Answer, As};
use crate::device::Device;
use crate::ledger::{Found, Ledger};
use crate::receiver::Receiver;
use crate::server::{ORIGIN, RP_ID, Server};

/// Where to do it.
#[derive(Args)]
pub struct Chaos {
    /// The server's program.
    #[arg(long)]
    server: PathBuf,
    /// An empty folder.
    #[arg(long)]
    folder: PathBuf,
    /// An empty PostgreSQL database: postgres://…
    #[arg(long)]
    postgres: String,
    /// What stops and starts it, up to its last argument: `pg_ctl` with its flags.
    #[arg(last = true, required = true)]
    pg_ctl: Vec<String>,
}

/// How many people live at the same time.
const CLIENTS: usize = 8;
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs every case; prints a line for each and how many held.
pub async fn run(chaos: Chaos) -> Result<()> {
    let world = World { device: Arc::new(Device::new(ORIGIN, RP_ID)?), receiver: Receiver::listen().await?, chaos };
    let mut count = Count::default();
    let sqlite = |name: &str| format!("sqlite:{}", world.chaos.folder.join(name).display());
    let postgres = world.chaos.postgres.clone();
    let killed = "killed in the middle of load and started again, three times";
    count.case(&format!("SQLite: {killed}"), world.killed(&sqlite("killed.sqlite"))).await;
    count.case(&format!("PostgreSQL: {killed}"), world.killed(&postgres)).await;
    count.case("one of two instances behind a balancer is killed", world.instance_killed(&postgres)).await;
    count.case("the database is stopped and started again", world.database_restarted(&postgres)).await;
    let small = sqlite("small.sqlite");
    count.case("1,000 open sockets", world.sockets(&small)).await;
    count.case("bodies of 10 MB", world.large_bodies(&small)).await;
    count.case("200 clients that never finish what they send", world.slow_clients(&small)).await;
    count.case("the disk is full", world.disk_full()).await;
    println!("\n{} passed, {} failed", count.passed, count.failed);
    if count.failed > 0 { bail!("some cases did not hold") } else { Ok(()) }
}

#[derive(Default)]
struct Count {
    passed: u32,
    failed: u32,
}

impl Count {
    async fn case(&mut self, what: &str, case: impl Future<Output = Result<String>>) {
        let begun = Instant::now();
        let (word, told) = match case.await {
            Ok(held) => {
                self.passed += 1;
                ("ok", held)
            }
            Err(error) => {
                self.failed += 1;
                ("FAILED", format!("{error:#}"))
            }
        };
        println!("{word}: {what}: {told} ({:.1} s)", begun.elapsed().as_secs_f64());
    }
}

/// People who live, until they are told to stop.
struct Crowd {
    lives: JoinSet<Vec<Ledger>>,
    whole: Arc<AtomicUsize>,
    stop: Arc<AtomicUsize>,
}

impl Crowd {
    /// Waits until so many have lived a whole life since.
    async fn until(&self, more: usize) -> Result<()> {
        let wanted = self.whole.load(Ordering::Relaxed) + more;
        let waiting = async {
            while self.whole.load(Ordering::Relaxed) < wanted {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, waiting).await.context("people got nothing done")
    }

    async fn end(mut self) -> Result<Vec<Ledger>> {
        self.stop.store(1, Ordering::Relaxed);
        let mut all = Vec::new();
        while let Some(ledgers) = self.lives.join_next().await {
            all.extend(ledgers?);
        }
        Ok(all)
    }
}

struct World {
    chaos: Chaos,
    device: Arc<Device>,
    receiver: Receiver,
}

impl World {
    async fn start(&self, database: &str) -> Result<Server> {
        Server::deployed(&self.chaos.server, database, None, Some(&self.receiver.url)).await
    }

    /// People who live by asking this address.
    fn crowd(&self, server: &Server, address: &str) -> Crowd {
        let (whole, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut lives = JoinSet::new();
        for _ in 0..CLIENTS {
            let (whole, stop) = (whole.clone(), stop.clone());
            let (device, receiver) = (self.device.clone(), self.receiver.clone());
            let mut client = server.client_at(address);
            lives.spawn(async move {
                let mut ledgers = Vec::new();
                while stop.load(Ordering::Relaxed) == 0 {
                    let mut ledger = Ledger::default();
                    match ledger.live(&mut client, &device, &receiver).await {
                        Ok(()) => _ = whole.fetch_add(1, Ordering::Relaxed),
                        // It will be back, and is not to be kept from it.
                        Err(_) => sleep(Duration::from_millis(20)).await,
                    }
                    ledgers.push(ledger);
                }
                ledgers
            });
        }
        Crowd { lives, whole, stop }
    }

    async fn killed(&self, database: &str) -> Result<String> {
        let mut ledgers = Vec::new();
        for _ in 0..3 {
            let server = self.start(database).await?;
            let crowd = self.crowd(&server, &server.address);
            crowd.until(8).await?;
            server.kill().await?;
            ledgers.extend(crowd.end().await?);
        }
        let server = self.start(database).await?;
        check(&server, &ledgers).await
    }

    async fn instance_killed(&self, database: &str) -> Result<String> {
        let (one, other) = (self.start(database).await?, self.start(database).await?);
        let balancer = Balancer::listen([one.address.clone(), other.address.clone()]).await?;
        let crowd = self.crowd(&one, &balancer.address);
        crowd.until(8).await?;
        other.kill().await?;
        crowd.until(24).await?;
        let ledgers = crowd.end().await?;
        let broken = ledgers.iter().filter(|ledger| !ledger.is_whole()).count();
        // One request of each, and one more that found the connection of its keep-alive closed.
        ensure!(broken <= 2 * CLIENTS, "{broken} people were interrupted by the end of one instance");
        Ok(format!("the other went on; {}", check(&one, &ledgers).await?))
    }

    async fn database_restarted(&self, database: &str) -> Result<String> {
        let server = self.start(database).await?;
        let crowd = self.crowd(&server, &server.address);
        crowd.until(8).await?;
        self.pg_ctl(&["-m", "fast", "stop"]).await?;
        let mut client = server.client();
        let path = "/v1/client/user-authenticators/passkey/authentication-options";
        let answer = client.post(path, As::Tenant, &json!({})).await?;
        expect_unavailable(&answer)?;
        ensure!(client.get("/ready", As::Tenant).await?.status == 503, "it says that it is ready");
        self.pg_ctl(&["restart"]).await?;
        crowd.until(8).await?;
        let ledgers = crowd.end().await?;
        Ok(format!("it said so, and went on by itself; {}", check(&server, &ledgers).await?))
    }

    async fn pg_ctl(&self, what: &[&str]) -> Result<()> {
        let (program, flags) = self.chaos.pg_ctl.split_first().context("pg_ctl is missing")?;
        let mut command = Command::new(program);
        command.args(flags).arg("-w").arg("-s").args(what).current_dir("/");
        let status = command.status().await.with_context(|| format!("cannot run {program}"))?;
        ensure!(status.success(), "pg_ctl {what:?} failed");
        Ok(())
    }

    async fn sockets(&self, database: &str) -> Result<String> {
        let server = self.start(database).await?;
        let mut sockets = Vec::new();
        for _ in 0..1_000 {
            let mut stream = TcpStream::connect(&server.address).await?;
            let head = "GET /ws-v1-challenge HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                        sec-websocket-protocol: authsignal-ws, x.authsignal.tenant.load\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            let mut answer = [0; 12];
            timeout(PATIENCE, stream.read_exact(&mut answer)).await.context("a socket was not opened in time")??;
            ensure!(&answer == b"HTTP/1.1 101", "a socket was refused: {}", String::from_utf8_lossy(&answer));
            sockets.push(stream);
        }
        let crowd = self.crowd(&server, &server.address);
        crowd.until(8).await?;
        let ledgers = crowd.end().await?;
        ensure!(ledgers.iter().all(Ledger::is_whole), "people were interrupted");
        Ok(format!("{} people sign in meanwhile; memory {:.0} MB", ledgers.len(), server.resident_megabytes()?))
    }

    async fn large_bodies(&self, database: &str) -> Result<String> {
        let server = self.start(database).await?;
        let before = server.resident_megabytes()?;
        let body = hyper::body::Bytes::from(vec![b' '; 10 << 20]);
        let mut posts = JoinSet::new();
        let paths = ["/v1/client/verify/passkey", "/v1/users/ada/actions/live", "/api/verify-magic-link", "/v1/verify"];
        for path in paths.into_iter().cycle().take(24) {
            let (mut client, body) = (server.client(), body.clone());
            posts.spawn(async move {
                let by = if path.starts_with("/v1/client") { As::Tenant } else { As::Backend };
                client.send(Method::POST, path, by, "application/json", body).await.map(|answer| answer.status)
            });
        }
        let (mut refused, mut cut) = (0, 0);
        while let Some(status) = posts.join_next().await {
            match status? {
                Ok(413) => refused += 1,
                Ok(status) => bail!("one was answered with {status}"),
                // Closed by the server while it was still being sent.
                Err(_) => cut += 1,
            }
        }
        let grown = server.resident_megabytes()? - before;
        ensure!(grown < 48.0, "they occupy {grown:.0} MB");
        let crowd = self.crowd(&server, &server.address);
        crowd.until(1).await?;
        crowd.end().await?;
        Ok(format!("{refused} refused with 413 and {cut} cut off, memory grew by {grown:.0} MB, and others are served"))
    }

    async fn slow_clients(&self, database: &str) -> Result<String> {
        let server = self.start(database).await?;
        let post = "POST /v1/client/verify/passkey HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic bG9hZA==\r\n\
                    content-type: application/json\r\ncontent-length: 100\r\n\r\n{\"a\":";
        let mut slow = Vec::new();
        for (number, sent) in ["GET /health HTTP/1.1\r\nhost: lo", post].into_iter().cycle().take(200).enumerate() {
            let mut stream = TcpStream::connect(&server.address).await?;
            stream.write_all(sent.as_bytes()).await.with_context(|| format!("client {number}"))?;
            slow.push(stream);
        }
        let begun = Instant::now();
        let crowd = self.crowd(&server, &server.address);
        crowd.until(8).await?;
        let ledgers = crowd.end().await?;
        ensure!(ledgers.iter().all(Ledger::is_whole), "people were interrupted");
        for (number, mut stream) in slow.into_iter().enumerate() {
            let mut answer = Vec::new();
            let ended = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
            let what = if number % 2 == 0 { "head" } else { "body" };
            // Cut off with or without an answer: both are an end.
            ensure!(ended.is_ok(), "a client that never ends its {what} is waited for");
        }
        Ok(format!("others are served meanwhile, and after {:.0} s all are cut off", begun.elapsed().as_secs_f64()))
    }

    async fn disk_full(&self) -> Result<String> {
        let disk = Disk::mount(self.chaos.folder.join("disk")).await?;
        let server = self.start(&format!("sqlite:{}", disk.folder.join("full.sqlite").display())).await?;
        let crowd = self.crowd(&server, &server.address);
        crowd.until(4).await?;
        disk.fill()?;
        let mut client = server.client();
        let full = async {
            loop {
                let path = format!("/v1/users/{}/actions/full", Uuid::new_v4());
                let answer = client.post(&path, As::Backend, &json!({})).await?;
                if answer.status != 200 {
                    return anyhow::Ok(answer);
                }
            }
        };
        let answer = timeout(PATIENCE, full).await.context("the disk does not fill")??;
        expect_unavailable(&answer)?;
        ensure!(client.get("/health", As::Tenant).await?.status == 200, "it does not live");
        expect_unavailable(&client.get("/ready", As::Tenant).await?)?;
        disk.clear()?;
        crowd.until(8).await?;
        ensure!(client.get("/ready", As::Tenant).await?.status == 200, "it says that it is not ready");
        let ledgers = crowd.end().await?;
        let held = check(&server, &ledgers).await?;
        server.kill().await?;
        disk.unmount().await?;
        Ok(format!("it says so, also when it is asked whether it is ready, and goes on once there is room; {held}"))
    }
}

/// The server says that it cannot, in the words of its API.
fn expect_unavailable(answer: &Answer) -> Result<()> {
    let Answer { status, body } = answer;
    let is_triple = body["error"] == "unavailable" && body["errorCode"] == "unavailable";
    ensure!(*status == 503 && is_triple && body["errorDescription"].is_string(), "{status}: {body}");
    Ok(())
}

async fn check(server: &Server, ledgers: &[Ledger]) -> Result<String> {
    let mut client = server.client();
    let mut found = Found::default();
    for ledger in ledgers {
        found += ledger.check(&mut client).await?;
    }
    Ok(format!(
        "{} actions, {} enrolments and {} sessions stand, {} things that were used are refused, {} in doubt were not \
         used twice",
        found.actions, found.enrolments, found.sessions, found.used, found.in_doubt
    ))
}

/// Hands each connection to the next instance that takes it.
struct Balancer {
    address: String,
    accepting: JoinHandle<()>,
}

impl Balancer {
    async fn listen(instances: [String; 2]) -> Result<Balancer> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let accepting = tokio::spawn(async move {
            let mut next = 0;
            while let Ok((mut stream, _)) = listener.accept().await {
                next += 1;
                let order = [instances[next % 2].clone(), instances[(next + 1) % 2].clone()];
                tokio::spawn(async move {
                    for instance in order {
                        if let Ok(mut to) = TcpStream::connect(instance).await {
                            let _ = copy_bidirectional(&mut stream, &mut to).await;
                            return;
                        }
                    }
                });
            }
        });
        Ok(Balancer { address, accepting })
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A small disk of its own.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    const SIZE: usize = 16 << 20;

    async fn mount(folder: PathBuf) -> Result<Disk> {
        std::fs::create_dir_all(&folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={}", Disk::SIZE), "tmpfs"]).arg(&folder);
        let status = mount.status().await.context("cannot run mount")?;
        ensure!(status.success(), "a small disk needs `mount -t tmpfs`, which only root may");
        Ok(Disk { folder })
    }

    /// Leaves next to nothing.
    fn fill(&self) -> Result<()> {
        let zeros = vec![0; 4096];
        let mut file = std::fs::File::create(self.folder.join("filler"))?;
        // Ends where the disk does.
        while std::io::Write::write_all(&mut file, &zeros).is_ok() {}
        Ok(())
    }

    fn clear(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.folder.join("filler"))?)
    }

    async fn unmount(&self) -> Result<()> {
        let status = Command::new("umount").arg(&self.folder).status().await?;
        ensure!(status.success(), "the small disk stays mounted");
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Also after a case that failed. A lazy one, for the server may still be there; harmless a second time.
        let quiet = std::process::Stdio::null;
        let mut umount = std::process::Command::new("umount");
        let _ = umount.arg("-l").arg(&self.folder).stderr(quiet()).status();
    }
}
