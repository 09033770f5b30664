//! The command line of `authsignal-local`.

use std::future::pending;
use std::io::{Stderr, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use authsignal_local::app::App;
use authsignal_local::appearance::Appearance;
use authsignal_local::changes;
use authsignal_local::config::Config;
use authsignal_local::deployment::{Checked, Deployment, error_code, is_web_address, token_minutes};
use authsignal_local::domain::{MINUTE, Millis};
use authsignal_local::random::Random;
use authsignal_local::serving;
use authsignal_local::store::Store;
use authsignal_local::token_key::TokenKey;
use authsignal_local::webhook;
use clap::{Args, Parser, Subcommand};
use mimalloc::MiMalloc;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::SubscriberBuilder;
use tracing_subscriber::fmt::format::{DefaultFields, Format};
use url::Url;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A local server that speaks the Authsignal client and server API.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    mode: Option<Mode>,
    #[command(flatten)]
    local: Local,
}

#[derive(Subcommand)]
enum Mode {
    /// Runs a deployment: no control plane, exact origins, a secret of one's own. Flags may be variables.
    Serve(Box<Deployment>),
}

/// A developer's machine.
#[derive(Args)]
struct Local {
    /// The port on the loopback interface; 0 takes a free one.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Where the data lives: sqlite:PATH, sqlite::memory: or postgres://… [default:
    /// sqlite:.data/authsignal-local.sqlite; with --seed, memory]
    #[arg(long)]
    database: Option<String>,
    /// Makes ids, codes and keys the same in every run, for tests: whoever knows the number knows them all.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A folder that is served at /.
    #[arg(long)]
    site: Option<PathBuf>,
    /// The built npm package, served at /pkg/.
    #[arg(long)]
    pkg: Option<PathBuf>,
    /// A JSON file with the pre-built UI's theme (name, logo, colorScheme, colors, darkColors) and texts.
    #[arg(long)]
    ui: Option<PathBuf>,
    /// Where the backend takes signed events: email.created, sms.created, push.created, authenticator.*
    #[arg(long, value_parser = web_address)]
    webhook: Option<String>,
    /// A PEM file with an RSA private key: tokens are signed by RS256, and its public half is published.
    #[arg(long)]
    token_key: Option<PathBuf>,
    /// Leaves an action as it is when a person says no on a device: the backend decides. Without it, CHALLENGE_FAILED.
    #[arg(long)]
    rejection_leaves_open: bool,
    /// Answers what began with a cookie (`useCookies`) without accessToken.
    #[arg(long)]
    cookies_hide_tokens: bool,
    /// Limits how often codes are sent and tried, as the vendor does.
    #[arg(long)]
    rate_limits: bool,
    /// Minutes that a token, a binding window and a question to a phone last, of at most a day [default: 10]
    #[arg(long, value_name = "N", value_parser = token_minutes)]
    token_minutes: Option<i64>,
    /// The code of the error that a token's scope does not allow something [default: insufficient_scope]
    #[arg(long, value_name = "CODE", value_parser = error_code)]
    scope_code: Option<String>,
    /// Ends once stdin does: for a program that keeps a pipe open as long as it lives, even where it is killed.
    #[arg(long)]
    until_stdin_closes: bool,
}

fn web_address(text: &str) -> Result<String, String> {
    if is_web_address(text) { Ok(text.to_owned()) } else { Err("an http or https address is needed".to_owned()) }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let ended = match options.mode {
        None => {
            log("warn").init();
            run_local(options.local).await
        }
        // A line of JSON for each event; and without ANSI's colours whatever RUST_LOG adds.
        Some(Mode::Serve(deployment)) => {
            log("info").json().flatten_event(true).with_span_list(false).init();
            run_deployment(*deployment).await
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            for line in message.lines() {
                eprintln!("authsignal-local: {line}");
            }
            ExitCode::FAILURE
        }
    }
}

/// To stderr, from this level on if RUST_LOG names none.
fn log(level: &str) -> SubscriberBuilder<DefaultFields, Format, EnvFilter, fn() -> Stderr> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr as fn() -> Stderr)
}

async fn run_local(options: Local) -> Result<(), String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await.map_err(|error| {
        format!("port {} cannot be used: {error}. Give another one with --port, or 0 for any.", options.port)
    })?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    // Browsers try ::1 for "localhost" too; a machine without IPv6 does without.
    let ipv6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
    let config = Config {
        site: options.site,
        pkg: options.pkg,
        webhook: options.webhook,
        token_key: options.token_key.as_deref().map(TokenKey::read).transpose()?,
        rate_limits: options.rate_limits,
        rejection_fails: !options.rejection_leaves_open,
        cookies_hide_tokens: options.cookies_hide_tokens,
        ..Config::local(port)
    };
    let config = config.with(options.token_minutes, options.scope_code);
    let config = with_appearance(config, options.ui.as_deref())?;
    let listeners = [Some(listener), ipv6].into_iter().flatten().collect();
    let default = if options.seed.is_some() { "sqlite::memory:" } else { "sqlite:.data/authsignal-local.sqlite" };
    let database = options.database.as_deref().unwrap_or(default);
    run(config, database, options.seed, listeners, options.until_stdin_closes).await
}

async fn run_deployment(deployment: Deployment) -> Result<(), String> {
    let ui = deployment.ui.clone();
    let Checked { listen, database, config } = deployment.check().map_err(|lines| lines.join("\n"))?;
    let config = with_appearance(config, ui.as_deref())?;
    let listener = TcpListener::bind(listen).await.map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    run(config, &database, None, vec![listener], false).await
}

fn with_appearance(mut config: Config, file: Option<&Path>) -> Result<Config, String> {
    if let Some(file) = file {
        config.ui = Appearance::read(file, config.site.as_deref())?;
    }
    Ok(config)
}

async fn run(
    config: Config,
    database: &str,
    seed: Option<u64>,
    listeners: Vec<TcpListener>,
    until_stdin_closes: bool,
) -> Result<(), String> {
    let shown = without_password(database);
    let unusable =
        |error: sqlx::Error| format!("the database {shown} cannot be used: {}", in_one_line(&error.to_string()));
    let store = Store::open(database).await.map_err(unusable)?;
    let random = match seed {
        None => Random::System,
        Some(_) if !store.is_empty().await.map_err(unusable)? => {
            return Err(format!(
                "--seed gives ids that are in the database {shown} already. Leave --database out, or empty it."
            ));
        }
        Some(seed) => Random::seeded(seed),
    };
    let app = App::new(config, store, random).map_err(|error| error.to_string())?;
    tokio::spawn(tidy(app.clone()));
    tokio::spawn(changes::listen(app.clone()));
    tokio::spawn(webhook::run(app.clone()));
    let end = End::listen(until_stdin_closes)?;
    announce(&app, &listeners).map_err(|error| format!("cannot write to stdout: {error}"))?;
    serve(&app, listeners, end).await?;
    // Whoever holds a connection for longer has been cut off, or is a task that the end takes along.
    let _ = timeout(serving::LAST_ANSWERS, app.store.close()).await;
    tracing::info!("ended");
    Ok(())
}

/// A database's address as it may be shown.
fn without_password(database: &str) -> String {
    match Url::parse(database) {
        Ok(url) if url.has_host() => format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path()),
        _ if database.starts_with("sqlite:") => database.to_owned(),
        _ => "that was named".to_owned(),
    }
}

/// Deletes, hour by hour, what ended more than a day ago.
async fn tidy(app: App) {
    const EVERY: Duration = Duration::from_secs(3600);
    const KEPT: Millis = 24 * 60 * MINUTE;
    let mut hours = interval(EVERY);
    loop {
        hours.tick().await;
        if let Err(error) = app.store.delete_ended_before(app.clock.now() - KEPT).await {
            tracing::warn!(%error, "old data could not be deleted; the next hour tries again");
        }
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Tells a developer everything, and an operator where it listens.
fn announce(app: &App, listeners: &[TcpListener]) -> std::io::Result<()> {
    let config = &app.config;
    let mut out = std::io::stdout().lock();
    if config.is_local {
        writeln!(out, "tenant id      {}", config.tenant_id)?;
        writeln!(out, "API secret     {}", config.secret)?;
        writeln!(out, "API            {}", config.api())?;
        writeln!(out, "relying party  {}", config.rp_id)?;
        writeln!(out, "listening on {}", config.origin)?;
    } else {
        for listener in listeners {
            let address = listener.local_addr()?;
            tracing::info!(%address, public_url = config.origin, rp_id = config.rp_id, "listening");
            writeln!(out, "listening on http://{address}")?;
        }
    }
    out.flush()
}

/// Serves until it is asked to end, and then finishes what it is answering.
async fn serve(app: &App, listeners: Vec<TcpListener>, end: End) -> Result<(), String> {
    let mut servers = JoinSet::new();
    for listener in listeners {
        servers.spawn(serving::accept(app.clone(), listener));
    }
    tokio::select! {
        () = end.asked_for() => {}
        Some(ended) = servers.join_next() => {
            return Err(format!("the server has ended by itself: {ended:?}"));
        }
    }
    tracing::info!("ending: what is being answered is finished");
    app.end();
    // Whoever takes longer than that is cut off: the data is safe, what was not committed did not happen.
    let _ = timeout(serving::LAST_ANSWERS, servers.join_all()).await;
    Ok(())
}

/// The ways of asking the server to end: SIGINT, SIGTERM and, where that was wished, the end of stdin. Made before it says
/// that it listens: whoever reads that may signal at once.
struct End {
    interrupt: Signal,
    terminate: Signal,
    stdin: Option<oneshot::Receiver<()>>,
}

impl End {
    fn listen(until_stdin_closes: bool) -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
        Ok(End {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            stdin: until_stdin_closes.then(end_of_stdin),
        })
    }

    async fn asked_for(mut self) {
        let stdin = async {
            match self.stdin {
                // Told, or given up: either way nobody reads it any longer.
                Some(ended) => drop(ended.await),
                None => pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = stdin => {}
        }
    }
}

/// Tells once stdin has ended. In a thread of its own: the runtime's would be waited for where a signal comes first.
fn end_of_stdin() -> oneshot::Receiver<()> {
    let (tell, ended) = oneshot::channel();
    thread::spawn(move || {
        // What cannot be read has ended, too.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        tell.send(())
    });
    ended
}
