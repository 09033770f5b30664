//! Clients that do not get done with what they send or read; this needs real connections.

use std::time::Duration;

use authsignal_local::config::{Config, DEFAULT_PATIENCE};
use authsignal_local::serving::accept;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::process::Folder;
use crate::socket::{connect, create};
use crate::support::Server;
use crate::support::server::deployment;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);
/// Short, so that nobody waits for long.
const PATIENCE: Duration = Duration::from_millis(300);

struct Impatient {
    server: Server,
    port: u16,
    serving: JoinHandle<()>,
}

impl Impatient {
    async fn start() -> Self {
        Self::start_with(Config::local(8787)).await
    }

    async fn start_with(config: Config) -> Self {
        let server = Server::start_with(Config { patience: PATIENCE, ..config }).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(accept(server.app.clone(), listener));
        Self { server, port, serving }
    }

    async fn send(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }
}

/// All that the server says until it closes the connection.
async fn last_words(mut stream: TcpStream) -> String {
    let mut said = String::new();
    timeout(LONG, stream.read_to_string(&mut said)).await.expect("the connection is closed").unwrap();
    said
}

#[tokio::test]
async fn whoever_does_not_end_the_head_of_a_request_is_cut_off() {
    let server = Impatient::start().await;
    for begun in ["", "GET /hea", "GET /health HTTP/1.1\r\nhost: localhost\r\nx-slow: "] {
        assert_eq!(last_words(server.send(begun).await).await, "", "{begun}");
    }
}

#[tokio::test]
async fn whoever_does_not_end_a_body_is_told_so_and_cut_off() {
    let server = Impatient::start().await;
    for path in ["/v1/client/challenge", "/api/verify-magic-link"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic bG9jYWw=\r\n\
             content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
        );
        let said = last_words(server.send(&head).await).await;
        let (head, body) = said.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{path}: {said}"));
        assert!(head.starts_with("HTTP/1.1 408 "), "{path}: {head}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["error"], &body["errorCode"]), (&"invalid_request".into(), &"invalid_request".into()));
        assert!(body["errorDescription"].as_str().unwrap().contains("was not sent within"), "{body}");
    }
}

#[tokio::test]
async fn a_connection_that_is_kept_and_not_used_is_closed() {
    let server = Impatient::start().await;
    let said = last_words(server.send("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await).await;
    assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with(r#"{"status":"ok"}"#), "{said}");
}

#[tokio::test]
async fn whoever_does_not_read_an_answer_is_cut_off() {
    let site = Folder::new();
    // More than the buffers of a connection hold.
    std::fs::File::create(site.0.join("large")).unwrap().set_len(256 << 20).unwrap();
    let server = Impatient::start_with(Config { site: Some(site.0.clone()), ..Config::local(8787) }).await;
    let mut stream = server.send("GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let mut begun = [0; 12];
    timeout(LONG, stream.read_exact(&mut begun)).await.unwrap().unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200");
    // An end waits for every connection.
    server.server.app.end();
    timeout(LONG, server.serving).await.expect("it is not waited for").unwrap();
}

#[tokio::test]
async fn a_socket_may_be_silent_for_longer() {
    let server = Impatient::start().await;
    let protocols = "authsignal-ws, x.authsignal.tenant.local";
    let (mut socket, _) = connect(server.port, "/ws-v1-challenge", protocols).await.unwrap();
    sleep(3 * PATIENCE).await;
    create(&mut socket).await;
}

#[test]
fn nginx_gives_a_connection_up_before_an_instance_does() {
    let settings = include_str!("../../deploy/nginx.conf");
    let kept = settings.lines().find_map(|line| line.trim().strip_prefix("keepalive_timeout ")).unwrap();
    let seconds = kept.trim_end_matches("s;").parse().unwrap();
    assert!(Duration::from_secs(seconds) < DEFAULT_PATIENCE && DEFAULT_PATIENCE == deployment().patience);
}
