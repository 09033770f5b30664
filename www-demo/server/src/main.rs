//! The command line of `authsignal-local`.

use std::future::IntoFuture;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use authsignal_local::app::App;
use authsignal_local::appearance::Appearance;
use authsignal_local::config::Config;
use authsignal_local::domain::{MINUTE, Millis};
use authsignal_local::random::Random;
use authsignal_local::store::Store;
use authsignal_local::webhook;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use tracing_subscriber::EnvFilter;
use url::Url;

/// A local server that speaks the Authsignal client and server API.
#[derive(Parser)]
#[command(version)]
struct Options {
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
}

fn web_address(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(text.to_owned()),
        _ => Err("an http or https address is needed".to_owned()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("authsignal-local: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await.map_err(|error| {
        format!("port {} cannot be used: {error}. Give another one with --port, or 0 for any.", options.port)
    })?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    // Browsers try ::1 for "localhost" too; a machine without IPv6 does without.
    let ipv6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();

    let mut config = Config { site: options.site, pkg: options.pkg, webhook: options.webhook, ..Config::local(port) };
    if let Some(file) = options.ui {
        config.ui = Appearance::read(&file, config.site.as_deref())?;
    }
    let default = if options.seed.is_some() { "sqlite::memory:" } else { "sqlite:.data/authsignal-local.sqlite" };
    let database = options.database.as_deref().unwrap_or(default);
    let unusable =
        |error: sqlx::Error| format!("the database {database} cannot be used: {}", in_one_line(&error.to_string()));
    let store = Store::open(database).await.map_err(unusable)?;
    let random = match options.seed {
        None => Random::System,
        Some(_) if !store.is_empty().await.map_err(unusable)? => {
            return Err(format!(
                "--seed gives ids that are in the database {database} already. Leave --database out, or empty it."
            ));
        }
        Some(seed) => Random::seeded(seed),
    };
    let app = App::new(config, store, random).map_err(|error| error.to_string())?;

    tokio::spawn(tidy(app.clone()));
    tokio::spawn(webhook::run(app.clone()));
    let signals = Signals::listen()?;
    announce(&app).map_err(|error| format!("cannot write to stdout: {error}"))?;
    serve(&app, [Some(listener), ipv6], signals).await?;
    app.store.close().await;
    Ok(())
}

/// Deletes, hour by hour, what ended more than a day ago.
async fn tidy(app: App) {
    const EVERY: Duration = Duration::from_secs(3600);
    const KEPT: Millis = 24 * 60 * MINUTE;
    let mut hours = interval(EVERY);
    loop {
        hours.tick().await;
        if let Err(error) = tidied(&app, app.clock.now() - KEPT).await {
            tracing::warn!(%error, "old data could not be deleted; the next hour tries again");
        }
    }
}

async fn tidied(app: &App, moment: Millis) -> Result<(), sqlx::Error> {
    let mut tx = app.store.write().await?;
    tx.delete_ended_before(moment).await?;
    tx.commit().await
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn announce(app: &App) -> std::io::Result<()> {
    let config = &app.config;
    let mut out = std::io::stdout().lock();
    writeln!(out, "tenant id      {}", config.tenant_id)?;
    writeln!(out, "API secret     {}", config.secret)?;
    writeln!(out, "API            {}", config.api())?;
    writeln!(out, "relying party  {}", config.rp_id)?;
    writeln!(out, "listening on {}", config.origin)?;
    out.flush()
}

/// How long requests that are being answered may take once the server is to end.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Serves until SIGINT or SIGTERM, and then finishes what it is answering.
async fn serve(app: &App, listeners: [Option<TcpListener>; 2], signals: Signals) -> Result<(), String> {
    let mut servers = JoinSet::new();
    for listener in listeners.into_iter().flatten() {
        let ending = app.clone();
        let serving = axum::serve(listener, app.router()).with_graceful_shutdown(async move { ending.ended().await });
        servers.spawn(serving.into_future());
    }
    tokio::select! {
        () = signals.asked_to_end() => {}
        Some(ended) = servers.join_next() => {
            return Err(format!("the server has ended by itself: {ended:?}"));
        }
    }
    app.end();
    // Whoever takes longer than that is cut off: the data is safe, what was not committed did not happen.
    let _ = timeout(LAST_ANSWERS, servers.join_all()).await;
    Ok(())
}

/// The two ways of asking the server to end. Made before it says that it listens: whoever reads that may signal at once.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
        Ok(Signals { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn asked_to_end(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
