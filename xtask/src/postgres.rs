//! A PostgreSQL of the tests' own: on a free loopback port, its data in a folder of its own, ended with the value.

use crate::serve::free_port;
use crate::setup;
use crate::shell::{ending_with_us, output, root, run, say};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Below `target/`, or below the system's folder for temporary files where PostgreSQL's user cannot reach ours.
const FOLDER: &str = "authsignal-postgres";
const STARTED_WITHIN: Duration = Duration::from_secs(30);

/// A running server.
pub struct Postgres {
    server: Child,
    folder: PathBuf,
    /// How to connect, as the superuser: `postgres://…`.
    pub url: String,
    /// `pg_ctl` for it, as its owner: the program and its first arguments.
    pub control: Vec<OsString>,
}

impl Postgres {
    /// Installs PostgreSQL if it is missing, makes an empty database, and serves it; fast, for nothing of a test is to
    /// outlive a loss of power.
    pub fn start() -> Result<Postgres> {
        Postgres::start_with(&["fsync=off", "full_page_writes=off"])
    }

    /// The same, and what is committed is on the disk.
    pub fn start_durable() -> Result<Postgres> {
        Postgres::start_with(&[])
    }

    fn start_with(settings: &[&str]) -> Result<Postgres> {
        let programs = setup::postgres()?;
        let owner = Owner::of_data()?;
        let parent = owner.reachable_parent()?;
        remove_left_behind(&parent);
        let folder = parent.join(std::process::id().to_string());
        std::fs::create_dir_all(&folder)?;
        let password = password()?;
        std::fs::write(folder.join("password"), &password)?;
        owner.own(&folder)?;

        say("Starting a PostgreSQL for the tests");
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.arg("--pgdata").arg(folder.join("data")).arg("--pwfile").arg(folder.join("password"));
        initdb.args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        run(owner.becomes(&mut initdb, &folder).stdout(Stdio::null()))?;

        let port = free_port()?;
        // By this signal it ends at once, and all its processes do.
        let mut server = ending_with_us(programs.join("postgres"), "QUIT");
        server.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string(), "-h", "127.0.0.1"]);
        // Each test has a pool of its own.
        for setting in ["unix_socket_directories=", "max_connections=300"].iter().chain(settings) {
            server.args(["-c", setting]);
        }
        owner.becomes(&mut server, &folder).stdout(Stdio::null()).stderr(File::create(folder.join("log"))?);
        let server = server.spawn().context("cannot run postgres")?;
        let url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres");
        let mut control = owner.prefix();
        control.extend([programs.join("pg_ctl").into(), "-D".into(), folder.join("data").into()]);
        // Not our log: that is not its owner's.
        control.extend(["-l".into(), folder.join("log-since").into()]);
        let mut started = Postgres { server, folder, url, control };
        started.wait(port)?;
        Ok(started)
    }

    fn wait(&mut self, port: u16) -> Result<()> {
        let begun = Instant::now();
        // It listens before it lets anybody in; the log tells the moment.
        let is_ready = |log: &str| log.contains("ready to accept connections");
        while TcpStream::connect(("127.0.0.1", port)).is_err() || !is_ready(&self.log()) {
            if self.server.try_wait()?.is_some() || begun.elapsed() > STARTED_WITHIN {
                bail!("PostgreSQL did not start:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A kill would leave its processes behind. This ends them at once, and the data goes anyway. By the name of its
        // folder and not by our child, for it may have been restarted.
        let mut stop = Command::new(&self.control[0]);
        let _ = stop.args(&self.control[1..]).args(["-s", "-w", "-m", "immediate", "stop"]).current_dir("/").status();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Who owns the data: PostgreSQL refuses to run as root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn of_data() -> Result<Owner> {
        let id = |arguments: &[&str]| -> Result<u32> {
            Ok(output(Command::new("id").args(arguments))?.trim().parse::<u32>()?)
        };
        if id(&["-u"])? != 0 {
            return Ok(Owner(None));
        }
        Ok(Owner(Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?))))
    }

    fn becomes<'a>(&self, command: &'a mut Command, folder: &Path) -> &'a mut Command {
        if let Owner(Some((user, group))) = self {
            command.uid(*user).gid(*group);
        }
        // What starts there looks around there.
        command.current_dir(folder)
    }

    /// What a command is preceded with, to be run as the owner by somebody else.
    fn prefix(&self) -> Vec<OsString> {
        let Owner(Some((user, group))) = self else { return Vec::new() };
        let flags = [format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()];
        ["setpriv".to_owned()].into_iter().chain(flags).map(OsString::from).collect()
    }

    fn own(&self, folder: &Path) -> Result<()> {
        if let Owner(Some((user, group))) = self {
            run(Command::new("chown").arg("-R").arg(format!("{user}:{group}")).arg(folder))?;
        }
        run(Command::new("chmod").arg("-R").arg("go=").arg(folder))
    }

    fn reachable_parent(&self) -> Result<PathBuf> {
        let ours = root().join("target").join(FOLDER);
        std::fs::create_dir_all(&ours)?;
        // Not from there: the folder may be one that it cannot enter.
        let mut look = Command::new("ls");
        let sees = self.becomes(look.arg(&ours), Path::new("/")).stdout(Stdio::null()).stderr(Stdio::null());
        if sees.status().is_ok_and(|status| status.success()) {
            return Ok(ours);
        }
        Ok(std::env::temp_dir().join(FOLDER))
    }
}

/// Folders of runs that were killed. A server that a test has restarted since is not ended with us, but by itself once it
/// has lost its folder.
fn remove_left_behind(parent: &Path) {
    let processes = Path::new("/proc");
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    for folder in entries.filter(|entry| processes.exists() && !processes.join(entry.file_name()).exists()) {
        let _ = std::fs::remove_dir_all(folder.path());
    }
}

/// So that nobody else on this machine becomes its superuser.
fn password() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
