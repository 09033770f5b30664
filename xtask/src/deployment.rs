//! The deployment of the README, by its settings and its nginx.conf, on free ports and in a folder of its own: two
//! instances, nginx, PostgreSQL.

use crate::postgres::Postgres;
use crate::serve::{self, free_port};
use crate::setup;
use crate::shell::{ending_with_us, output, root, run};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SECRET: &str = "a-secret-of-the-tests-with-32-bytes";
const TENANT: &str = "your-tenant-id";

/// Ended with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Ended with the value, and asked to: killed, it would leave its worker behind.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// The whole of it, until the value goes.
pub struct Deployment {
    instances: [(Running, u16); 2],
    _nginx: Nginx,
    address: String,
    certificate: String,
    _postgres: Postgres,
}

impl Deployment {
    pub fn start() -> Result<Deployment> {
        let nginx = setup::nginx()?;
        let program = serve::build()?;
        let postgres = Postgres::start()?;
        let folder = root().join("target/deployment");
        std::fs::create_dir_all(&folder)?;
        let instances = [instance(&program, &postgres, &folder, 1)?, instance(&program, &postgres, &folder, 2)?];
        let address = format!("127.0.0.1:{}", free_port()?);
        certify(&folder)?;
        configure(&folder, &address, [instances[0].1, instances[1].1])?;
        let nginx = ending_with_us(nginx, "TERM")
            .arg("-p")
            .arg(&folder)
            .args(["-c", "nginx.conf"])
            .stderr(File::create(folder.join("nginx.log"))?)
            .spawn()
            .context("cannot run nginx")?;
        let mut nginx = Nginx(nginx);
        let begun = Instant::now();
        while TcpStream::connect(&address).is_err() {
            if nginx.0.try_wait()?.is_some() || begun.elapsed() > Duration::from_secs(10) {
                bail!("nginx did not start: {}", std::fs::read_to_string(folder.join("nginx.log"))?);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let certificate = folder.join("cert.pem").to_string_lossy().into_owned();
        Ok(Deployment { instances, _nginx: nginx, address, certificate, _postgres: postgres })
    }

    /// The tests of it.
    pub fn tests(&self) -> Command {
        let [first, second] = &self.instances;
        let mut node = Command::new("node");
        node.args(["--test", "--test-reporter=tap", "tests/deployment/behind-nginx.test.mjs"])
            .env("ADDRESS", &self.address)
            .env("CA", &self.certificate)
            .env("INSTANCES", format!("127.0.0.1:{},127.0.0.1:{}", first.1, second.1))
            .env("FIRST", first.0.0.id().to_string())
            .env("SECRET", SECRET)
            .env("TENANT", TENANT);
        node
    }
}

/// An instance, and its port.
fn instance(program: &Path, postgres: &Postgres, folder: &Path, number: u8) -> Result<(Running, u16)> {
    let log = folder.join(format!("instance-{number}.log"));
    let child = ending_with_us(program, "KILL")
        .args(["serve", "--listen", "127.0.0.1:0"])
        .envs(settings()?)
        // What is this machine's own.
        .env("AUTHSIGNAL_LOCAL_SECRET", SECRET)
        .env("AUTHSIGNAL_LOCAL_DATABASE", &postgres.url)
        .env("AUTHSIGNAL_LOCAL_SITE", root().join("target/site"))
        .env("AUTHSIGNAL_LOCAL_PKG", root().join("pkg"))
        .stdout(Stdio::piped())
        .stderr(File::create(&log)?)
        .spawn()
        .context("cannot run authsignal-local")?;
    let mut running = Running(child);
    let stdout = running.0.stdout.take().context("authsignal-local has no stdout")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
    let port = port.with_context(|| format!("authsignal-local did not start: {} says why", log.display()))?;
    Ok((running, port))
}

/// The settings of the README, by their names.
fn settings() -> Result<Vec<(String, String)>> {
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    let (_, from) = readme.split_once("/etc/authsignal-local/env <<END\n").context("the README has no settings")?;
    let lines = from.lines().take_while(|line| *line != "END");
    lines
        .map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect::<Option<_>>()
        .context("a setting of the README has no value")
}

fn certify(folder: &Path) -> Result<()> {
    output(
        Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=auth.example.com"])
            .args(["-addext", "subjectAltName=DNS:auth.example.com", "-keyout"])
            .arg(folder.join("key.pem"))
            .arg("-out")
            .arg(folder.join("cert.pem"))
            .stderr(Stdio::null()),
    )
    .map(drop)?;
    run(Command::new("chmod").arg("600").arg(folder.join("key.pem")))
}

/// The file of the README, with other ports and folders, inside a whole configuration.
fn configure(folder: &Path, address: &str, ports: [u16; 2]) -> Result<()> {
    let mut site = std::fs::read_to_string(root().join("www-demo/server/deploy/nginx.conf"))?;
    let here = format!("{}/", folder.display());
    for (theirs, ours) in [
        ("listen 443 ", format!("listen {address} ")),
        ("127.0.0.1:8801", format!("127.0.0.1:{}", ports[0])),
        ("127.0.0.1:8802", format!("127.0.0.1:{}", ports[1])),
        ("/etc/authsignal-local/", here.clone()),
        ("/var/log/nginx/", here.clone()),
    ] {
        if !site.contains(theirs) {
            bail!("`{theirs}` is not in www-demo/server/deploy/nginx.conf any more");
        }
        site = site.replace(theirs, &ours);
    }
    std::fs::write(folder.join("site.conf"), site)?;
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = kinds.iter().map(|kind| format!("    {kind}_temp_path {here}{kind};\n")).collect();
    // Its workers would be nobody, who may not enter the folder.
    let user = if output(Command::new("id").arg("-u"))?.trim() == "0" { "user root;\n" } else { "" };
    let whole = format!(
        "{user}daemon off;\nworker_processes 1;\npid {here}nginx.pid;\nevents {{}}\nhttp {{\n{temporary}    include \
         {here}site.conf;\n}}\n"
    );
    Ok(std::fs::write(folder.join("nginx.conf"), whole)?)
}
