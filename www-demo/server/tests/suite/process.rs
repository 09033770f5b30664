//! The program itself: how it starts, what it logs, and how it ends.

use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::Phone;
use crate::support::mailbox::MailServer;
use crate::support::server::{SECRET, basic, fresh_database};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The name of a deployment.
const PUBLIC_HOST: &str = "auth.example.test";

fn program(variables: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authsignal-local"));
    command.env_clear().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    for (name, value) in variables {
        command.env(format!("AUTHSIGNAL_LOCAL_{name}"), value);
    }
    command
}

/// A deployment on any port, as its operator starts it.
fn deployed(database: &str, smtp: &str) -> Command {
    program(
        &[
            ("SECRET", SECRET),
            ("ORIGINS", "https://app.example.test, https://shop.example.test"),
            ("RP_ID", "example.test"),
            ("DATABASE", database),
            ("PUBLIC_URL", "https://auth.example.test/"),
            ("SMTP", smtp),
            ("MAIL_FROM", "no-reply@example.test"),
        ],
        &["serve", "--listen", "127.0.0.1:0", "--tenant-id", "violet"],
    )
}

/// A program that runs, and all that it has written.
struct Running {
    child: Child,
    /// The name that it is reached by.
    host: &'static str,
    port: u16,
    log: tokio::task::JoinHandle<String>,
}

impl Running {
    /// A deployment.
    async fn start(database: &str, smtp: &str) -> Self {
        Self::of(PUBLIC_HOST, deployed(database, smtp).env("RUST_LOG", "trace")).await
    }

    /// A tester's server, its data in memory.
    async fn local(flags: &[&str]) -> Self {
        let flags = [&["--port", "0", "--database", "sqlite::memory:"], flags].concat();
        Self::of("localhost", &mut program(&[], &flags)).await
    }

    async fn of(host: &'static str, command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stderr = child.stderr.take().unwrap();
        let log = tokio::spawn(async move {
            let mut log = String::new();
            stderr.read_to_string(&mut log).await.unwrap();
            log
        });
        let port = loop {
            let Some(line) = timeout(PATIENCE, stdout.next_line()).await.unwrap().unwrap() else {
                panic!("it did not start: {}", log.await.unwrap());
            };
            if let Some((_, port)) = line.strip_prefix("listening on ").and_then(|address| address.rsplit_once(':')) {
                break port.parse().unwrap();
            }
        };
        Self { child, host, port, log }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    async fn call(&self, head: &str, authorization: &str, body: &Value) -> (u16, Value) {
        let mut stream = self.connect().await;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        stream.write_all(request(self.host, head, authorization, &body).as_bytes()).await.unwrap();
        answer(stream).await
    }

    async fn ask_to_end(&self) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    }

    /// Waits for the end; what it has logged.
    async fn ended(mut self) -> String {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
        let log = self.log.await.unwrap();
        assert!(status.success(), "{log}");
        log
    }
}

fn request(host: &str, head: &str, authorization: &str, body: &str) -> String {
    format!(
        "{head} HTTP/1.1\r\nhost: {host}\r\nauthorization: {authorization}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn answer(mut stream: TcpStream) -> (u16, Value) {
    let mut text = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut text)).await.expect("an answer").unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

async fn refused(variables: &[(&str, &str)], arguments: &[&str]) -> Vec<String> {
    let output = timeout(PATIENCE, program(variables, arguments).output()).await.expect("it ends").unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn serve_mode_does_not_start_before_everything_is_said() {
    let lines = refused(&[], &["serve"]).await;
    for (line, flag) in lines.iter().zip(["--secret", "--public-url", "--origin", "--rp-id", "--database"]) {
        assert!(line.starts_with(&format!("authsignal-local: {flag} (AUTHSIGNAL_LOCAL_")), "{line}");
    }
    assert_eq!(lines.len(), 5, "{lines:?}");
    let short = "0123456789abcdefghijklmnopqrstu";
    let lines = refused(&[("SECRET", short)], &["serve", "--rp-id", "example.test"]).await;
    assert!(lines.iter().all(|line| !line.contains(short)), "{lines:?}");
    assert_eq!(
        lines.iter().filter(|line| line.contains("--secret") || line.contains("--rp-id")).count(),
        1,
        "{lines:?}"
    );
}

#[tokio::test]
async fn neither_help_nor_a_failed_start_shows_a_secret() {
    let password = "open-sesame";
    let database = format!("postgres://ada:{password}@127.0.0.1:1/none?password={password}&sslmode=none-such");
    let variables = [
        ("SECRET", SECRET),
        ("DATABASE", &database),
        ("ORIGINS", "https://app.example.test"),
        ("RP_ID", "example.test"),
        ("PUBLIC_URL", "https://auth.example.test"),
    ];
    let told = refused(&variables, &["serve", "--listen", "127.0.0.1:0"]).await.join("\n");
    assert!(told.contains("the database postgres://127.0.0.1/none cannot be used"), "{told}");
    let help = program(&variables, &["serve", "--help"]).output().await.unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("AUTHSIGNAL_LOCAL_SECRET"));
    for text in [told, help] {
        assert!(!text.contains(SECRET) && !text.contains(password), "{text}");
    }
}

#[tokio::test]
async fn a_deployment_logs_json_without_secrets_and_ends_once_all_is_answered() {
    let (database, _folder) = deployed_database().await;
    let mut mail = MailServer::start(true).await;
    let running = Running::start(&database, &mail.url).await;
    let backend = basic(&format!("{SECRET}:"));
    let tracked = running.call("POST /v1/users/ada-lovelace/actions/manage", &backend, &json!({})).await;
    let token = tracked.1["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let (status, enrolled) = running.call("POST /v1/client/user-authenticators/totp", &bearer, &Value::Null).await;
    assert_eq!(status, 200, "{enrolled}");
    let totp = enrolled["secret"].as_str().unwrap().to_owned();
    let enrol = json!({ "email": "ada@example.test" });
    let (status, sent) = running.call("POST /v1/client/user-authenticators/email-magic-link", &bearer, &enrol).await;
    assert_eq!(status, 200, "{sent}");
    let letter = mail.letter().await.text;
    let link = letter.split_once("?token=").map(|(_, rest)| rest.lines().next().unwrap().to_owned()).unwrap();
    assert_eq!(running.call(&format!("GET /api/verify-magic-link?token={link}"), "", &Value::Null).await.0, 200);
    let (status, sent) = running.call("POST /v1/client/user-authenticators/email-otp", &bearer, &enrol).await;
    assert_eq!(status, 200, "{sent}");
    let letter = mail.letter().await.text;
    let code = letter.lines().find(|line| line.len() == 6 && line.parse::<u32>().is_ok()).unwrap();
    assert_eq!(running.call(&format!("GET /ui/?token={token}"), "", &Value::Null).await.0, 404);
    assert_eq!(running.call("GET /ready", "", &Value::Null).await.0, 200);

    let mut upgrade = "ws://auth.example.test/ws-v1-challenge".into_client_request().unwrap();
    let protocols = format!("authsignal-ws, x.authsignal.token.{token}");
    upgrade.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
    let (mut socket, _) = client_async(upgrade, running.connect().await).await.unwrap();
    // Half a request: it is being answered while the server is asked to end.
    let whole = request(PUBLIC_HOST, "POST /v1/validate", &backend, &json!({ "token": token }).to_string());
    let (first, second) = whole.split_at(whole.len() - 10);
    let mut half = running.connect().await;
    half.write_all(first.as_bytes()).await.unwrap();
    // Whoever has answered a later request has read the earlier one.
    assert_eq!(running.call("GET /health", "", &Value::Null).await.0, 200);

    running.ask_to_end().await;
    let farewell = loop {
        match timeout(PATIENCE, socket.next()).await.expect("a farewell").unwrap().unwrap() {
            Message::Close(frame) => break frame.unwrap(),
            other => assert!(other.is_ping(), "{other:?}"),
        }
    };
    assert_eq!(u16::from(farewell.code), 1001);
    half.write_all(second.as_bytes()).await.unwrap();
    let (status, validated) = answer(half).await;
    assert_eq!((status, &validated["userId"]), (200, &json!("ada-lovelace")));

    let log = running.ended().await;
    let mut routes = Vec::new();
    for line in log.lines() {
        let mut event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(event["timestamp"].is_string() && event["level"].is_string(), "{line}");
        if event["target"] == "authsignal_local::request" {
            routes.push(format!(
                "{} {} {}",
                event["method"].as_str().unwrap(),
                event["route"].as_str().unwrap(),
                event["status"]
            ));
        }
        // Six digits are in a time by chance.
        for times in ["timestamp", "seconds"] {
            event[times].take();
        }
        let words = event.to_string();
        assert!(
            words.split(|one: char| !one.is_ascii_digit()).all(|word| word != code),
            "the log has the code: {line}"
        );
    }
    for route in ["POST /v1/users/{user_id}/actions/{action} 200", "GET /ui/ 404", "POST /v1/validate 200"] {
        assert!(routes.iter().any(|one| one == route), "{route} is not in {routes:?}");
    }
    let password = database.split_once('@').and_then(|(before, _)| before.rsplit(':').next());
    for secret in
        [SECRET, &token, &totp, &link, "ada@example.test", backend.strip_prefix("Basic ").unwrap(), "ada-lovelace"]
            .into_iter()
            .chain(password)
    {
        assert!(!log.contains(secret), "the log has {secret}");
    }
}

#[tokio::test]
async fn mail_goes_through_tls_to_a_server_that_shows_a_certificate_and_to_no_other() {
    let (database, _folder) = deployed_database().await;
    let mut mail = MailServer::start_with_tls().await;
    let ask = json!({ "email": "ada@example.test", "verificationMethod": "EMAIL_OTP" });
    let backend = basic(&format!("{SECRET}:"));
    let trusted = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/mail.pem");
    let running = Running::of(PUBLIC_HOST, deployed(&database, &mail.url).env("SSL_CERT_FILE", trusted)).await;
    let (status, answer) = running.call("POST /v1/challenge", &backend, &ask).await;
    assert_eq!(status, 200, "{answer}");
    let letter = timeout(PATIENCE, mail.letter()).await.expect("the letter");
    assert_eq!(letter.to, "ada@example.test");

    // The same server, but nobody has said that its certificate is to be trusted.
    let wary = Running::of(PUBLIC_HOST, deployed(&database, &mail.url).env("SSL_CERT_FILE", "/dev/null")).await;
    let (status, answer) = wary.call("POST /v1/challenge", &backend, &ask).await;
    assert_eq!((status, &answer["errorCode"]), (502, &json!("invalid_configuration")), "{answer}");
}

/// The authenticator app that the first user of a tester's server gets.
async fn first_app(server: &Running) -> Value {
    let tracked = server.call("POST /v1/users/ada/actions/manage", &basic("local-secret:"), &json!({})).await.1;
    let bearer = format!("Bearer {}", tracked["token"].as_str().unwrap());
    server.call("POST /v1/client/user-authenticators/totp", &bearer, &Value::Null).await.1
}

#[tokio::test]
async fn a_seed_makes_two_runs_of_the_program_alike_and_another_seed_makes_another() {
    let mut made = Vec::new();
    for seed in ["7", "7", "8"] {
        made.push(first_app(&Running::local(&["--seed", seed]).await).await);
    }
    assert!(made[0]["secret"].is_string());
    for name in ["secret", "userAuthenticatorId"] {
        assert_eq!(made[0][name], made[1][name], "{name}");
        assert_ne!(made[0][name], made[2][name], "{name}");
    }
    assert_ne!(
        first_app(&Running::local(&[]).await).await["secret"],
        first_app(&Running::local(&[]).await).await["secret"]
    );
    let told = refused(&[], &["--seed", "seven"]).await.join("\n");
    assert!(told.contains("--seed"), "{told}");
}

#[tokio::test]
async fn a_seed_is_refused_on_data_that_is_there_already() {
    let folder = Folder::new();
    let database = format!("sqlite:{}/data.sqlite", folder.0.display());
    let there = Running::of("localhost", &mut program(&[], &["--port", "0", "--database", &database])).await;
    first_app(&there).await;
    there.ask_to_end().await;
    there.ended().await;
    let told = refused(&[], &["--port", "0", "--database", &database, "--seed", "7"]).await.join("\n");
    assert!(told.contains("--seed gives ids that are in the database"), "{told}");
}

#[tokio::test]
async fn a_token_key_signs_by_rs256_and_what_is_no_key_is_refused() {
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys");
    let server = Running::local(&["--token-key", &format!("{keys}/one.pem")]).await;
    let tracked = server.call("POST /v1/users/ada/actions/manage", &basic("local-secret:"), &json!({})).await.1;
    let header = tracked["token"].as_str().unwrap().split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let (_, published) = server.call("GET /v1/client/public/local/.well-known/jwks", "", &Value::Null).await;
    assert_eq!((&header["alg"], &header["kid"]), (&json!("RS256"), &published["keys"][0]["kid"]));
    for wrong in ["short.pem", "mail.pem", "none.pem"] {
        let told = refused(&[], &["--port", "0", "--token-key", &format!("{keys}/{wrong}")]).await;
        assert!(told.len() == 1 && told[0].starts_with("authsignal-local: "), "{told:?}");
    }
}

#[tokio::test]
async fn it_ends_with_stdin_where_that_was_wished_and_only_there() {
    let arguments = ["--port", "0", "--database", "sqlite::memory:"];
    let mut kept = Running::of(
        "localhost",
        program(&[], &[&arguments[..], &["--until-stdin-closes"]].concat()).stdin(Stdio::piped()),
    )
    .await;
    let mut stdin = kept.child.stdin.take().unwrap();
    stdin.write_all(b"What it is told there is nothing to it.\n").await.unwrap();
    first_app(&kept).await;
    drop(stdin);
    kept.ended().await;

    // In the background of a shell, stdin is closed from the beginning.
    let alone = Running::of("localhost", program(&[], &arguments).stdin(Stdio::null())).await;
    first_app(&alone).await;
    alone.ask_to_end().await;
    alone.ended().await;

    // A pipe that stays open is not waited for.
    let mut asked = Running::of(
        "localhost",
        program(&[], &[&arguments[..], &["--until-stdin-closes"]].concat()).stdin(Stdio::piped()),
    )
    .await;
    let _open = asked.child.stdin.take();
    asked.ask_to_end().await;
    asked.ended().await;
}

#[tokio::test]
async fn limits_hold_where_the_flag_is_given_and_only_there() {
    for (flags, last) in [(&["--rate-limits"][..], 429), (&[], 200)] {
        let server = Running::local(flags).await;
        let tracked = server.call("POST /v1/users/ada/actions/manage", &basic("local-secret:"), &json!({})).await.1;
        let bearer = format!("Bearer {}", tracked["token"].as_str().unwrap());
        let number = json!({ "phoneNumber": "+15550100123" });
        let mut statuses = Vec::new();
        for _ in 0..7 {
            statuses.push(server.call("POST /v1/client/user-authenticators/sms", &bearer, &number).await.0);
        }
        assert_eq!(statuses, [200, 200, 200, 200, 200, 200, last], "{flags:?}");
    }
}

#[tokio::test]
async fn a_person_s_no_leaves_the_action_open_where_the_flag_is_given_and_only_there() {
    let backend = basic("local-secret:");
    for (flags, wanted) in [(&["--rejection-leaves-open"][..], "CHALLENGE_REQUIRED"), (&[], "CHALLENGE_FAILED")] {
        let server = Running::local(flags).await;
        let phone = Phone::new("push", 1);
        let track = async || {
            let tracked = server.call("POST /v1/users/ada/actions/manage", &backend, &json!({})).await.1;
            tracked["token"].as_str().unwrap().to_owned()
        };
        let add = json!({ "publicKey": phone.public_key(), "deviceName": "Ada's phone", "devicePlatform": "ios" });
        let bearer = format!("Bearer {}", track().await);
        assert_eq!(server.call("POST /v1/client/user-authenticators/push", &bearer, &add).await.0, 200);
        let token = track().await;
        let ask = json!({ "action": "manage" });
        let (_, asked) = server.call("POST /v1/client/challenge/push", &format!("Bearer {token}"), &ask).await;
        let id = asked["challengeId"].as_str().unwrap();
        let signature = phone.sign(id);
        let no = json!({
            "publicKey": phone.public_key(),
            "challengeId": id,
            "signature": signature,
            "approved": false,
        });
        let path = "POST /v1/client/user-authenticators/push/challenge";
        assert_eq!(server.call(path, &basic("local"), &no).await.0, 200);
        let (_, validated) = server.call("POST /v1/validate", &backend, &json!({ "token": token })).await;
        assert_eq!(validated["state"], wanted, "{flags:?}");
    }
}

#[tokio::test]
async fn a_local_server_listens_to_this_machine_only_and_takes_no_other_address() {
    for flag in ["--listen", "--host", "--bind", "--address"] {
        let told = refused(&[], &["--port", "0", "--database", "sqlite::memory:", flag, "0.0.0.0:0"]).await.join("\n");
        assert!(told.contains("unexpected argument") && told.contains(flag), "{told}");
    }
    let told = refused(&[], &["--database", "sqlite::memory:", "--port", "0.0.0.0:0"]).await.join("\n");
    assert!(told.contains("--port"), "{told}");
    // The variables are a deployment's.
    let variables = [("LISTEN", "0.0.0.0:0"), ("PUBLIC_URL", "https://auth.example.test")];
    let flags = ["--port", "0", "--database", "sqlite::memory:"];
    let server = Running::of("localhost", &mut program(&variables, &flags)).await;
    assert_eq!(server.call("GET /health", "", &Value::Null).await.0, 200);
    // Whoever listens to all addresses has this one, too.
    assert!(TcpStream::connect(("127.0.0.2", server.port)).await.is_err());
}

/// A database that a process can open: a schema of PostgreSQL, or a file in a folder that goes with the value.
pub async fn deployed_database() -> (String, Option<Folder>) {
    let fresh = fresh_database().await;
    if !fresh.contains(":memory:") {
        return (fresh, None);
    }
    let folder = Folder::new();
    (format!("sqlite:{}/data.sqlite", folder.0.display()), Some(folder))
}

/// A folder of its own.
pub struct Folder(pub std::path::PathBuf);

impl Folder {
    pub fn new() -> Self {
        let name = format!("authsignal-local-{}", authsignal_local::random::Random::System.id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A socket of this tenant's, which the server serves already.
async fn socket_on(stream: TcpStream) -> WebSocketStream<TcpStream> {
    let mut upgrade = "ws://localhost/ws-v1-challenge".into_client_request().unwrap();
    let protocols = "authsignal-ws, x.authsignal.tenant.local".parse().unwrap();
    upgrade.headers_mut().insert("sec-websocket-protocol", protocols);
    let (mut socket, _) = client_async(upgrade, stream).await.unwrap();
    assert!(timeout(PATIENCE, socket.next()).await.expect("a ping").unwrap().unwrap().is_ping());
    socket
}

/// Reads on until the server says that it ends.
async fn farewell(socket: &mut WebSocketStream<TcpStream>) {
    let frame = loop {
        match timeout(PATIENCE, socket.next()).await.expect("a farewell") {
            Some(Ok(Message::Close(frame))) => break frame.unwrap(),
            Some(Ok(other)) => assert!(other.is_pong(), "{other:?}"),
            other => panic!("it is gone without a word: {other:?}"),
        }
    };
    assert_eq!(u16::from(frame.code), 1001);
}

#[tokio::test]
async fn every_socket_is_told_that_the_server_ends_also_where_nothing_else_is_being_answered() {
    let running = Running::local(&[]).await;
    let mut sockets = Vec::new();
    for _ in 0..50 {
        sockets.push(socket_on(running.connect().await).await);
    }
    // One that asks for so many answers, and reads none, that the server has no room left to write to it.
    let unread = TcpSocket::new_v4().unwrap();
    unread.set_recv_buffer_size(4096).unwrap();
    let address = ([127, 0, 0, 1], running.port).into();
    let mut late = socket_on(unread.connect(address).await.unwrap()).await;
    for _ in 0..1000 {
        for _ in 0..80 {
            late.feed(Message::Ping(vec![0; 125].into())).await.unwrap();
        }
        late.flush().await.unwrap();
    }
    running.ask_to_end().await;
    for socket in &mut sockets {
        farewell(socket).await;
    }
    farewell(&mut late).await;
    running.ended().await;
}
