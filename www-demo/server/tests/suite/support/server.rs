//! The server under test, and ways to call it.

use authsignal_local::app::App;
use authsignal_local::config::Config;
use authsignal_local::deployment::Deployment;
use authsignal_local::domain::totp::AuthenticatorApp;
use authsignal_local::random::Random;
use authsignal_local::store::Store;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tower::ServiceExt;

use super::{Device, described};

/// How a request proves who asks.
#[derive(Clone, Copy)]
pub enum As<'a> {
    Nobody,
    Tenant,
    Backend,
    Holder(&'a str),
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body
    }

    /// Checks that this is a refusal: its status, its code, and all three keys.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.body["errorCode"], code, "{}", self.body);
        assert_eq!(self.body["error"], code, "{}", self.body);
        let description = self.body["errorDescription"].as_str().unwrap_or_default();
        assert!(!description.is_empty(), "{}", self.body);
        description.to_owned()
    }
}

/// A server of its own for one test, with its data in memory.
pub struct Server {
    pub app: App,
}

impl Server {
    pub async fn start() -> Self {
        Self::start_with(Config::local(8787)).await
    }

    /// A deployment at `https://auth.example.test`, whose app is at `https://app.example.test`.
    pub async fn deployed() -> Self {
        Self::start_with(deployment()).await
    }

    /// The same, as the operator decides.
    pub async fn start_with(config: Config) -> Self {
        Self::start_by(config, Random::System).await
    }

    /// The same, with ids, codes and keys from there.
    pub async fn start_by(config: Config, random: Random) -> Self {
        Self::start_on(config, random, &fresh_database().await).await
    }

    /// The same, on this database.
    pub async fn start_on(config: Config, random: Random, database: &str) -> Self {
        let store = Store::open(database).await.unwrap();
        Self { app: App::new(config, store, random).unwrap() }
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        Self::send_through(self.app.router(), request).await
    }

    /// The same, for whoever sends so many that making the router anew for each takes longer than the answers.
    pub async fn send_through(router: Router, request: Request<Body>) -> Answer {
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Calls a path; `null` sends no body.
    pub async fn call(&self, method: Method, path: &str, by: As<'_>, body: Value) -> Answer {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(CONTENT_TYPE, "application/json")
            .header(HOST, "localhost:8787");
        match by {
            As::Nobody => {}
            As::Tenant => request = request.header(AUTHORIZATION, basic(&self.app.config.tenant_id)),
            As::Backend => request = request.header(AUTHORIZATION, basic(&format!("{}:", self.app.config.secret))),
            As::Holder(token) => request = request.header(AUTHORIZATION, format!("Bearer {token}")),
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let answer = self.send(request.body(body).unwrap()).await;
        if answer.status == StatusCode::OK && answer.body.is_object() || answer.body.is_array() {
            described::check(&method, path, &answer.body);
        }
        answer
    }

    pub async fn post(&self, path: &str, by: As<'_>, body: Value) -> Answer {
        self.call(Method::POST, path, by, body).await
    }

    pub async fn get(&self, path: &str, by: As<'_>) -> Answer {
        self.call(Method::GET, path, by, Value::Null).await
    }

    pub async fn delete(&self, path: &str, by: As<'_>) -> Answer {
        self.call(Method::DELETE, path, by, Value::Null).await
    }

    /// Tracks an action, as a backend does; the token.
    pub async fn track(&self, user_id: &str, attributes: Value) -> String {
        let answer = self.post(&format!("/v1/users/{user_id}/actions/manage"), As::Backend, attributes).await.ok();
        answer["token"].as_str().unwrap().to_owned()
    }

    pub async fn delete_user(&self, user_id: &str) {
        self.delete(&format!("/v1/users/{user_id}"), As::Backend).await.ok();
    }

    /// What is stored for a user: methods, sorted.
    pub async fn methods(&self, user_id: &str) -> Vec<String> {
        let all = self.authenticators(user_id).await;
        let mut methods: Vec<_> =
            all.iter().map(|one| one["verificationMethod"].as_str().unwrap().to_owned()).collect();
        methods.sort();
        methods
    }

    pub async fn authenticators(&self, user_id: &str) -> Vec<Value> {
        let all = self.get(&format!("/v1/users/{user_id}/authenticators"), As::Backend).await.ok();
        all.as_array().unwrap().clone()
    }

    /// The newest message to this address.
    pub async fn message(&self, to: &str) -> Value {
        let outbox = self.get("/local/outbox", As::Nobody).await.ok();
        let found = outbox["messages"].as_array().unwrap().iter().rfind(|message| message["to"] == to);
        found.unwrap_or_else(|| panic!("no message to {to} in {outbox}")).clone()
    }

    /// The code in the newest message to this address.
    pub async fn code_sent(&self, to: &str) -> String {
        self.message(to).await["code"].as_str().unwrap().to_owned()
    }

    /// Enrols a method that sends a code, and confirms it; the token of the verify.
    pub async fn enrol_by_code(&self, token: &str, method: &str, address: &str) -> String {
        let field = if method == "sms" { "phoneNumber" } else { "email" };
        let path = format!("/v1/client/user-authenticators/{method}");
        self.post(&path, As::Holder(token), json!({ field: address })).await.ok();
        let code = self.code_sent(address).await;
        let reply = self.verify_code(token, method, &code).await.ok();
        assert_eq!(reply["isVerified"], true, "{reply}");
        token_of(&reply)
    }

    pub async fn verify_code(&self, token: &str, method: &str, code: &str) -> Answer {
        let path = format!("/v1/client/verify/{method}");
        self.post(&path, As::Holder(token), json!({ "verificationCode": code })).await
    }

    pub async fn challenge(&self, token: &str, method: &str) -> Answer {
        self.post(&format!("/v1/client/challenge/{method}"), As::Holder(token), Value::Null).await
    }

    pub fn advance(&self, seconds: i64) {
        self.app.clock.advance(seconds);
    }

    pub async fn registration_options(&self, token: &str) -> Answer {
        self.post("/v1/client/user-authenticators/passkey/registration-options", As::Holder(token), json!({})).await
    }

    /// Sends what a device made of the options.
    pub async fn register(&self, token: &str, options: &Value, credential: Value) -> Answer {
        let body = json!({
            "registrationCredential": credential,
            "conditionalCreate": false,
            "challengeId": options["challengeId"],
        });
        self.post("/v1/client/user-authenticators/passkey", As::Holder(token), body).await
    }

    /// Creates a passkey by this token; its device, and the token of the verify.
    pub async fn create_passkey(&self, token: &str) -> (Device, String) {
        self.create_passkey_on(Device::new(), token).await
    }

    /// The same on this device.
    pub async fn create_passkey_on(&self, mut device: Device, token: &str) -> (Device, String) {
        let options = self.registration_options(token).await.ok();
        let credential = device.create(&options["options"]).await;
        let reply = self.register(token, &options, credential).await.ok();
        (device, token_of(&reply))
    }

    /// A user whose first authenticator is a passkey.
    pub async fn enrolled_user(&self, user_id: &str) -> (Device, String) {
        let token = self.track(user_id, json!({})).await;
        self.create_passkey(&token).await
    }

    /// Options for an assertion, and the answer to it.
    pub async fn assertion(&self, device: &mut Device, by: As<'_>, options: Value) -> Value {
        let options =
            self.post("/v1/client/user-authenticators/passkey/authentication-options", by, options).await.ok();
        let credential = device.get(&options["options"]).await;
        json!({ "authenticationCredential": credential, "deviceId": "d", "challengeId": options["challengeId"] })
    }

    /// Signs in with a passkey, without a token.
    pub async fn sign_in(&self, device: &mut Device) -> Value {
        let body = self.assertion(device, As::Tenant, json!({})).await;
        self.post("/v1/client/verify/passkey", As::Tenant, body).await.ok()
    }

    pub async fn enrol_totp(&self, token: &str) -> Answer {
        self.post("/v1/client/user-authenticators/totp", As::Holder(token), Value::Null).await
    }

    pub async fn verify_totp(&self, token: &str, code: &str) -> Answer {
        self.post("/v1/client/verify/totp", As::Holder(token), json!({ "verificationCode": code })).await
    }

    /// Enrols an authenticator app by this token and confirms it; the app, and the token of the verify.
    pub async fn create_app(&self, token: &str) -> (AuthenticatorApp, String) {
        let reply = self.enrol_totp(token).await.ok();
        let app = AuthenticatorApp::stored(reply["secret"].as_str().unwrap()).unwrap();
        let reply = self.verify_totp(token, &self.code_of(&app)).await.ok();
        assert_eq!(reply["isVerified"], true, "{reply}");
        (app, token_of(&reply))
    }

    pub fn code_of(&self, app: &AuthenticatorApp) -> String {
        app.code_at(self.app.clock.now())
    }

    /// A code that is wrong now and in the steps beside it.
    pub fn wrong_code_of(&self, app: &AuthenticatorApp) -> String {
        (0..10)
            .map(|digit| format!("{digit}{digit}{digit}{digit}{digit}{digit}"))
            .find(|code| app.step_of(code, self.app.clock.now()).is_none())
            .unwrap()
    }
}

pub fn basic(user: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(user))
}

/// The settings of a deployment.
pub fn deployment() -> Config {
    settings().check().map_err(|wrong| wrong.join("\n")).unwrap().config
}

/// What its operator says.
pub fn settings() -> Deployment {
    Deployment {
        listen: "127.0.0.1:0".to_owned(),
        public_url: Some("https://auth.example.test".to_owned()),
        secret: Some(SECRET.to_owned()),
        origins: vec!["https://app.example.test".to_owned()],
        rp_id: Some("example.test".to_owned()),
        database: Some("sqlite:unused".to_owned()),
        tenant_id: "violet".to_owned(),
        ..Deployment::default()
    }
}

/// The secret of a deployment.
pub const SECRET: &str = "a-secret-of-exactly-32-bytes-ok!";

/// An empty database: in memory, or a schema of its own in the PostgreSQL database that the environment names.
pub async fn fresh_database() -> String {
    let Ok(url) = std::env::var("AUTHSIGNAL_LOCAL_TEST_POSTGRES") else { return "sqlite::memory:".to_owned() };
    let schema = format!("test_{}", Random::System.id().replace('-', ""));
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).await.unwrap();
    format!("{url}?options[search_path]={schema}")
}

/// The token that a verify answered with.
#[track_caller]
pub fn token_of(reply: &Value) -> String {
    reply["accessToken"].as_str().unwrap_or_else(|| panic!("no accessToken in {reply}")).to_owned()
}

/// What a token says.
pub fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
