//! How many people an instance lets in each second, and what each costs it beside the one thing that has to be done:
//! judging their assertion.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, anyhow, bail};
use authsignal_local::store::Store;
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::task::JoinSet;
use uuid::Uuid;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::proto::{AuthenticationState, Credential, PublicKeyCredential, UserVerificationPolicy};

use crate::client::{As, Client};
use crate::people::{People, Person, ceremonies};
use crate::server::{ORIGIN, RP_ID, Server, thread_seconds};

/// What to measure.
#[derive(Args)]
pub struct Bench {
    /// The server's program, of a release build.
    #[arg(long)]
    server: PathBuf,
    /// An empty folder for the SQLite file.
    #[arg(long)]
    folder: PathBuf,
    /// An empty PostgreSQL database: postgres://…
    #[arg(long)]
    postgres: Option<String>,
    /// How many people have an account.
    #[arg(long, default_value_t = 100_000)]
    users: usize,
    /// How long each figure is measured.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many ask at the same time.
    #[arg(long, default_value_t = 32)]
    clients: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    SignIn,
    Registration,
    Totp,
}

impl Work {
    const ALL: [Work; 3] = [Work::SignIn, Work::Registration, Work::Totp];

    fn name(self) -> &'static str {
        match self {
            Work::SignIn => "sign-in (options, verify)",
            Work::Registration => "registration (track, options, register)",
            Work::Totp => "TOTP verify",
        }
    }
}

pub async fn run(bench: Bench) -> Result<()> {
    if last_core()? < 1 {
        bail!("a machine with one core cannot measure a server beside its load");
    }
    let people = Arc::new(People::new(bench.users)?);
    let verification = Verification::measured(&people)?;
    for (judge, seconds) in [("by us", verification.ours), ("by webauthn-rs-core", verification.library)] {
        println!("one assertion judged in process {judge}: {:.0} µs, {:.0} each second", seconds * 1e6, 1.0 / seconds);
    }
    println!("{} people with a passkey and an authenticator app, {} clients", bench.users, bench.clients);
    println!("\n{HEAD}");
    let sqlite = format!("sqlite:{}", bench.folder.join("load.sqlite").display());
    settle(&people, &sqlite).await?;
    let mut memory = Vec::new();
    for (run, cores) in [ONE, TWO].into_iter().enumerate() {
        let setting = Setting { name: "SQLite", database: &sqlite, instances: 1, cores, run };
        memory.push(measured(&bench, &people, &setting, &verification).await?);
    }
    if let Some(postgres) = &bench.postgres {
        settle(&people, postgres).await?;
        for (run, (instances, cores)) in [(1, ONE), (1, TWO), (2, ONE), (2, TWO)].into_iter().enumerate() {
            let setting = Setting { name: "PostgreSQL", database: postgres, instances, cores, run };
            memory.push(measured(&bench, &people, &setting, &verification).await?);
        }
    }
    println!("\nmemory of an instance after its load, with {} people: {}", bench.users, memory.join(", "));
    Ok(())
}

async fn settle(people: &Arc<People>, database: &str) -> Result<()> {
    let store = Store::open(database).await?;
    people.settle(&store).await?;
    store.close().await;
    Ok(())
}

/// How many seconds of a processor it takes to judge an assertion, and nothing else.
struct Verification {
    ours: f64,
    /// By webauthn-rs-core, which judges in plain Rust.
    library: f64,
}

impl Verification {
    fn measured(people: &People) -> Result<Self> {
        let ceremonies = ceremonies()?;
        let person = people.person(0);
        let why = |rejected: authsignal_local::ceremony::Rejected| anyhow!(rejected.reason().to_owned());
        let pending = ceremonies.assert(&[], "preferred").map_err(why)?;
        let answer = people.device.get(person.credential(), person.handle(), &pending.options)?;
        let stored = people.stored_credential(person);
        let ours = seconds_of(|| {
            let assertion = ceremonies.read_assertion(&answer).map_err(why)?;
            ceremonies.asserted(pending.challenge(), &assertion, &stored, false).map(drop).map_err(why)
        })?;
        let origins = vec![ORIGIN.parse()?];
        let library = WebauthnCore::new_unsafe_experts_only("load", RP_ID, origins, Duration::ZERO, None, None);
        let builder =
            library.new_challenge_authenticate_builder(Vec::new(), Some(UserVerificationPolicy::Preferred))?;
        let (options, state) = library.generate_challenge_authenticate(builder)?;
        let options = serde_json::to_value(options.public_key)?;
        let answer = people.device.get(person.credential(), person.handle(), &options)?;
        let state = serde_json::to_string(&state)?;
        let library = seconds_of(|| {
            let credential: Credential = serde_json::from_str(&stored)?;
            let state: AuthenticationState = serde_json::from_str(&state)?;
            let answer = PublicKeyCredential::deserialize(&answer)?;
            Ok(library.authenticate_single_credential(&answer, &state, &credential).map(drop)?)
        })?;
        Ok(Self { ours, library })
    }
}

/// How many seconds of a processor this takes, on the average of two seconds.
fn seconds_of(what: impl Fn() -> Result<()>) -> Result<f64> {
    let (begun, before) = (Instant::now(), thread_seconds()?);
    let mut count = 0.0;
    while begun.elapsed() < Duration::from_secs(2) {
        what()?;
        count += 1.0;
    }
    Ok((thread_seconds()? - before) / count)
}

/// Which cores the server gets, as `taskset` names them: the first; or the first two, which it shares with the load if
/// there are no more.
const ONE: &str = "0";
const TWO: &str = "0,1";

/// Seconds are of the clock, which others on the machine share; CPU seconds are the server's own, at last as multiples of
/// what one assertion costs to judge.
const HEAD: &str = "database    instances  cores  work                                     each second  p50 ms  p99 ms  \
                    each CPU second  CPU µs of each  × ours  × the library's";

/// What is measured together.
struct Setting<'a> {
    name: &'static str,
    database: &'a str,
    instances: usize,
    cores: &'static str,
    /// Which time this database is measured.
    run: usize,
}

/// How often a database is measured at most: each time other people type their codes, for none counts twice.
const RUNS: usize = 4;

async fn measured(
    bench: &Bench,
    people: &Arc<People>,
    setting: &Setting<'_>,
    verification: &Verification,
) -> Result<String> {
    let &Setting { name, database, instances, cores, run } = setting;
    let count = cores.split(',').count();
    // The load keeps off the core that the server has for itself.
    let others = if cores == ONE { 1 } else { 0 };
    move_to(&format!("{others}-{}", last_core()?)).await?;
    let mut servers = Vec::new();
    for _ in 0..instances {
        servers.push(Server::deployed(&bench.server, database, Some(cores), None).await?);
    }
    for work in Work::ALL {
        let figures = Load { bench, people, servers: &servers, work, run }.figures().await?;
        println!(
            "{name:<11} {instances:>9}  {count:>5}  {:<39}  {:>11.0}  {:>6.1}  {:>6.1}  {:>15.0}  {:>14.0}  {:>5.2}  {:>12.2}",
            work.name(),
            figures.each_second,
            figures.median * 1e3,
            figures.slowest_of_hundred * 1e3,
            1.0 / figures.processor,
            figures.processor * 1e6,
            figures.processor / verification.ours,
            figures.processor / verification.library,
        );
    }
    let megabytes = servers.iter().map(Server::resident_megabytes).sum::<Result<f64>>()? / instances as f64;
    Ok(format!("{megabytes:.0} MB ({name}, {instances} on {count})"))
}

/// The number of the machine's last core. Not `available_parallelism`: that counts those that the load was moved to.
fn last_core() -> Result<usize> {
    let machine = std::fs::read_to_string("/proc/cpuinfo")?;
    let count = machine.lines().filter(|line| line.starts_with("processor")).count();
    count.checked_sub(1).context("/proc tells no processors")
}

/// Has the load run on these cores, as `taskset` names them.
async fn move_to(cores: &str) -> Result<()> {
    let mut taskset = Command::new("taskset");
    taskset.args(["-apc", cores, &std::process::id().to_string()]).stdout(Stdio::null());
    let status = taskset.status().await.context("cannot run taskset: is util-linux installed?")?;
    if !status.success() { bail!("taskset cannot move the load to the cores {cores}") } else { Ok(()) }
}

struct Figures {
    each_second: f64,
    /// In seconds.
    median: f64,
    slowest_of_hundred: f64,
    /// Seconds of the servers' processors for each.
    processor: f64,
}

struct Load<'a> {
    bench: &'a Bench,
    people: &'a Arc<People>,
    servers: &'a [Server],
    work: Work,
    run: usize,
}

impl Load<'_> {
    async fn figures(&self) -> Result<Figures> {
        let seconds = Duration::from_secs(self.bench.seconds);
        let turns = Arc::new(AtomicUsize::new(0));
        let tokens = Arc::new(if self.work == Work::Totp { self.tokens(seconds).await? } else { Vec::new() });
        if self.work != Work::Totp {
            // Connections, statements and caches are there before anything counts.
            self.run(Duration::from_secs(1), &turns, &tokens).await?;
        }
        let (begun, before) = (Instant::now(), self.processor_seconds()?);
        let mut latencies = self.run(seconds, &turns, &tokens).await?;
        let (elapsed, spent) = (begun.elapsed().as_secs_f64(), self.processor_seconds()? - before);
        latencies.sort_by(f64::total_cmp);
        let count = latencies.len() as f64;
        let at = |share: usize| latencies.get(latencies.len() * share / 100).copied().context("nothing was measured");
        Ok(Figures {
            each_second: count / elapsed,
            median: at(50)?,
            slowest_of_hundred: at(99)?,
            processor: spent / count,
        })
    }

    fn processor_seconds(&self) -> Result<f64> {
        self.servers.iter().map(Server::processor_seconds).sum()
    }

    /// How long each took, in seconds.
    async fn run(
        &self,
        seconds: Duration,
        turns: &Arc<AtomicUsize>,
        tokens: &Arc<Vec<(Person, String)>>,
    ) -> Result<Vec<f64>> {
        let until = Instant::now() + seconds;
        let mut clients = JoinSet::new();
        for number in 0..self.bench.clients {
            let (people, turns, tokens) = (self.people.clone(), turns.clone(), tokens.clone());
            let work = self.work;
            // One that knows every instance, and asks a different one each time.
            let mut balanced = self.balanced(number);
            clients.spawn(async move {
                let mut latencies = Vec::new();
                while Instant::now() < until {
                    let turn = turns.fetch_add(1, Ordering::Relaxed);
                    let begun = Instant::now();
                    match work {
                        Work::SignIn => sign_in(&mut balanced, &people, people.person(turn)).await?,
                        Work::Registration => register(&mut balanced, &people).await?,
                        Work::Totp => {
                            let Some((_, token)) = tokens.get(turn) else { break };
                            verify_totp(&mut balanced, &people, token).await?;
                        }
                    }
                    latencies.push(begun.elapsed().as_secs_f64());
                }
                anyhow::Ok(latencies)
            });
        }
        let mut all = Vec::new();
        while let Some(latencies) = clients.join_next().await {
            all.extend(latencies??);
        }
        Ok(all)
    }

    fn balanced(&self, number: usize) -> Balanced {
        Balanced { clients: self.servers.iter().map(Server::client).collect(), next: number }
    }

    /// Tokens of people who are about to type a code: as many as can be tracked in that time.
    async fn tokens(&self, seconds: Duration) -> Result<Vec<(Person, String)>> {
        let until = Instant::now() + seconds;
        let share = self.people.count / RUNS;
        let last = share * (self.run + 1);
        let turns = Arc::new(AtomicUsize::new(share * self.run));
        let mut clients = JoinSet::new();
        for number in 0..self.bench.clients {
            let (people, turns, mut balanced) = (self.people.clone(), turns.clone(), self.balanced(number));
            clients.spawn(async move {
                let mut tokens = Vec::new();
                while Instant::now() < until {
                    let turn = turns.fetch_add(1, Ordering::Relaxed);
                    if turn >= last {
                        break;
                    }
                    let person = people.person(turn);
                    tokens.push((person, track(&mut balanced, &person.user_id()).await?));
                }
                anyhow::Ok(tokens)
            });
        }
        let mut all = Vec::new();
        while let Some(tokens) = clients.join_next().await {
            all.extend(tokens??);
        }
        Ok(all)
    }
}

/// A caller behind a balancer.
struct Balanced {
    clients: Vec<Client>,
    next: usize,
}

impl Balanced {
    async fn post(&mut self, path: &str, by: As<'_>, body: &Value) -> Result<Value> {
        self.next += 1;
        let at = self.next % self.clients.len();
        self.clients[at].post(path, by, body).await?.ok()
    }
}

async fn sign_in(client: &mut Balanced, people: &People, person: Person) -> Result<()> {
    let path = "/v1/client/user-authenticators/passkey/authentication-options";
    let pending = client.post(path, As::Tenant, &json!({})).await?;
    let answer = people.device.get(person.credential(), person.handle(), &pending["options"])?;
    let body = json!({ "authenticationCredential": answer, "challengeId": pending["challengeId"] });
    expect_verified(&client.post("/v1/client/verify/passkey", As::Tenant, &body).await?)
}

async fn register(client: &mut Balanced, people: &People) -> Result<()> {
    let token = track(client, &format!("newcomer-{}", Uuid::new_v4())).await?;
    let path = "/v1/client/user-authenticators/passkey";
    let pending = client.post(&format!("{path}/registration-options"), As::Holder(&token), &json!({})).await?;
    let answer = people.device.create(Uuid::new_v4(), &pending["options"])?;
    let body = json!({ "registrationCredential": answer, "challengeId": pending["challengeId"] });
    expect_verified(&client.post(path, As::Holder(&token), &body).await?)
}

async fn track(client: &mut Balanced, user_id: &str) -> Result<String> {
    let tracked = client.post(&format!("/v1/users/{user_id}/actions/load"), As::Backend, &json!({})).await?;
    tracked["token"].as_str().map(str::to_owned).with_context(|| format!("no token in {tracked}"))
}

async fn verify_totp(client: &mut Balanced, people: &People, token: &str) -> Result<()> {
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_millis();
    let body = json!({ "verificationCode": people.app.code_at(i64::try_from(now)?) });
    expect_verified(&client.post("/v1/client/verify/totp", As::Holder(token), &body).await?)
}

fn expect_verified(reply: &Value) -> Result<()> {
    if reply["isVerified"] == true { Ok(()) } else { bail!("not verified: {reply}") }
}
