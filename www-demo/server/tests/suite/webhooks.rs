//! What the backend is told, and how it knows that it was told by us.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use authsignal_local::config::Config;
use authsignal_local::webhook;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::support::Server;
use crate::support::server::As;

/// What the backend received: the signature and the text.
type Received = (String, String);

/// A backend that answers with these statuses, and then with 200.
struct Backend {
    received: UnboundedReceiver<Received>,
    server: Server,
}

#[derive(Clone)]
struct Answers {
    statuses: Arc<Mutex<VecDeque<u16>>>,
    received: UnboundedSender<Received>,
}

async fn take(State(answers): State<Answers>, headers: HeaderMap, body: String) -> StatusCode {
    let signature = headers.get("x-signature-v2").and_then(|value| value.to_str().ok()).unwrap_or_default();
    answers.received.send((signature.to_owned(), body)).unwrap();
    let status = answers.statuses.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(status).unwrap()
}

impl Backend {
    async fn that_answers(statuses: &[u16]) -> Self {
        let (sender, received) = unbounded_channel();
        let answers = Answers { statuses: Arc::new(Mutex::new(statuses.iter().copied().collect())), received: sender };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/events", listener.local_addr().unwrap());
        let router = Router::new().route("/events", post(take)).with_state(answers);
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        let server = Server::start_with(Config { webhook: Some(address), ..Config::local(8787) }).await;
        tokio::spawn(webhook::run(server.app.clone()));
        Self { received, server }
    }

    /// The next event, once its signature was checked.
    async fn event(&mut self) -> Value {
        let (signature, body) = self.received.recv().await.unwrap();
        let seconds = signature.split(',').next().unwrap().strip_prefix("t=").unwrap().parse().unwrap();
        assert_eq!(signature, webhook::signature("local-secret", seconds, &body));
        assert!((self.server.app.clock.now() / 1000 - seconds).abs() < 60, "{signature}");
        serde_json::from_str(&body).unwrap()
    }

    /// The events as the tester sees them, once none waits that is due.
    async fn shown(&self) -> Vec<Value> {
        self.server.get("/local/outbox", As::Nobody).await.ok()["webhooks"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn the_backend_is_told_the_code_before_the_caller_is_answered() {
    let mut backend = Backend::that_answers(&[]).await;
    let token = backend.server.track("ada", json!({ "ipAddress": "192.0.2.1", "locale": "de" })).await;
    let email = json!({ "email": "ada@example.test" });
    let path = "/v1/client/user-authenticators/email-otp";
    backend.server.post(path, As::Holder(&token), email).await.ok();
    let event = backend.received.try_recv().map(|(_, body)| serde_json::from_str::<Value>(&body).unwrap()).unwrap();
    assert_eq!((&event["version"], &event["type"]), (&json!(1), &json!("email.created")));
    assert_eq!((&event["source"], &event["tenantId"]), (&json!("https://authsignal.com"), &json!("local")));
    let data = &event["data"];
    assert_eq!(data["to"], "ada@example.test");
    assert_eq!(data["code"], backend.server.code_sent("ada@example.test").await);
    assert_eq!((&data["userId"], &data["actionCode"]), (&json!("ada"), &json!("manage")));
    assert_eq!((&data["ipAddress"], &data["locale"]), (&json!("192.0.2.1"), &json!("de")));
    assert_eq!(data["verificationMethod"], "EMAIL_OTP");
    let shown = backend.shown().await;
    assert_eq!((&shown[0]["state"], &shown[0]["event"]["id"]), (&json!("delivered"), &event["id"]));
}

#[tokio::test]
async fn each_channel_has_its_event() {
    let mut backend = Backend::that_answers(&[]).await;
    let token = backend.server.track("ada", json!({})).await;
    let token = backend.server.enrol_by_code(&token, "sms", "+15550100123").await;
    let mut kinds = [backend.event().await, backend.event().await];
    kinds.sort_by_key(|event| event["type"].as_str().unwrap().to_owned());
    assert_eq!(kinds[0]["type"], "authenticator.created");
    assert_eq!((&kinds[1]["type"], &kinds[1]["data"]["to"]), (&json!("sms.created"), &json!("+15550100123")));
    backend.server.challenge(&token, "whatsapp").await.ok();
    assert_eq!(backend.event().await["data"]["channel"], "WHATSAPP");
    let phone = crate::support::Phone::new("push", 7);
    phone.add(&backend.server, &token).await.ok();
    assert_eq!(backend.event().await["data"]["verificationMethod"], "PUSH");
    let challenge = backend.server.post("/v1/client/challenge/push", As::Holder(&token), json!({})).await.ok();
    let event = backend.event().await;
    assert_eq!(event["type"], "push.created");
    assert_eq!(event["data"]["challengeId"], challenge["challengeId"]);
}

#[tokio::test]
async fn a_code_that_the_backend_does_not_take_is_no_code() {
    let mut backend = Backend::that_answers(&[500]).await;
    let token = backend.server.track("ada", json!({})).await;
    let email = json!({ "email": "ada@example.test" });
    let path = "/v1/client/user-authenticators/email-otp";
    let why = backend.server.post(path, As::Holder(&token), email).await.refused(502, "invalid_configuration");
    assert!(why.contains("email.created") && why.contains("500"), "{why}");
    let code = backend.event().await["data"]["code"].as_str().unwrap().to_owned();
    let reply = backend.server.verify_code(&token, "email-otp", &code).await.ok();
    assert_eq!(reply["isVerified"], false, "{reply}");
    assert_eq!(backend.shown().await[0]["state"], "failed");
    // Asked again, the backend takes it.
    backend.server.challenge(&token, "email-otp").await.ok();
    let code = backend.event().await["data"]["code"].as_str().unwrap().to_owned();
    assert_eq!(backend.server.verify_code(&token, "email-otp", &code).await.ok()["isVerified"], true);
}

#[tokio::test]
async fn a_changed_authenticator_is_told_again_every_30_seconds_and_three_times_at_most() {
    let mut backend = Backend::that_answers(&[500, 302, 429, 503]).await;
    backend.server.enrolled_user("ada").await;
    let first = backend.event().await;
    assert_eq!(first["type"], "authenticator.created");
    assert_eq!(first["data"]["verificationMethod"], "PASSKEY");
    assert!(first["data"]["credentialId"].is_string() && first["data"]["createdAt"].is_string(), "{first}");
    for _ in 0..3 {
        assert!(backend.received.try_recv().is_err(), "not before its time");
        backend.settled("waiting").await;
        backend.server.post("/local/clock", As::Nobody, json!({ "advanceSeconds": 30 })).await.ok();
        assert_eq!(backend.event().await, first, "the same event, word for word");
    }
    backend.settled("failed").await;
    let shown = backend.shown().await;
    assert_eq!(shown[0]["attempts"], 4);
    assert_eq!(shown[0]["outcome"], "it answered 503 Service Unavailable");
    backend.server.post("/local/clock", As::Nobody, json!({ "advanceSeconds": 300 })).await.ok();
    backend.server.delete_user("ada").await;
    let next = backend.event().await;
    assert_eq!(next["type"], "authenticator.deleted", "the event that failed is not sent a fifth time");
}

impl Backend {
    /// Waits until what came of the last attempt is stored.
    async fn settled(&self, state: &str) {
        loop {
            let shown = self.shown().await;
            if shown[0]["state"] == state && shown[0]["outcome"].is_string() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn renaming_and_removing_are_told_too() {
    let mut backend = Backend::that_answers(&[]).await;
    let (_, token) = backend.server.enrolled_user("ada").await;
    backend.event().await;
    let (_, token) = backend.server.create_app(&token).await;
    backend.event().await;
    let id = backend.server.authenticators("ada").await[0]["userAuthenticatorId"].as_str().unwrap().to_owned();
    let path = format!("/v1/client/user-authenticators/{id}");
    let name = json!({ "displayName": "Key" });
    backend.server.call(axum::http::Method::PATCH, &path, As::Holder(&token), name).await.ok();
    let event = backend.event().await;
    assert_eq!((&event["type"], &event["data"]["userAuthenticatorId"]), (&json!("authenticator.updated"), &json!(id)));
    backend.server.delete(&format!("/v1/users/ada/authenticators/{id}"), As::Backend).await.ok();
    let event = backend.event().await;
    assert_eq!((&event["type"], &event["data"]["userAuthenticatorId"]), (&json!("authenticator.deleted"), &json!(id)));
}

#[tokio::test]
async fn without_an_address_the_outbox_shows_what_would_have_been_told() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    let outbox = server.get("/local/outbox", As::Nobody).await.ok();
    let webhook = &outbox["webhooks"][0];
    assert_eq!((&webhook["type"], &webhook["state"]), (&json!("authenticator.created"), &json!("unsent")));
}
