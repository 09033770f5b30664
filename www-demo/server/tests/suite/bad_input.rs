//! Whatever comes in, the answer is the triple with the right status, readable across origins, and nothing changes.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;

use crate::support::Server;
use crate::support::server::As;

const OPTIONS: &str = "/v1/client/user-authenticators/passkey/registration-options";

#[tokio::test]
async fn malformed_bodies_are_refused_and_store_nothing() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    for (body, status) in [
        (b"{".to_vec(), 400),
        (b"{\"verificationCode\":\"\xff\"}".to_vec(), 400),
        (b"nothing".to_vec(), 400),
        (b"{\"verificationCode\":\"1\"} {}".to_vec(), 400),
        (vec![b'['; 100_000], 400),
        (b"[]".to_vec(), 422),
        (b"[\"123456\"]".to_vec(), 422),
        (b"null".to_vec(), 422),
        (b"{}".to_vec(), 422),
        (b"".to_vec(), 422),
        (b"{\"verificationCode\":1}".to_vec(), 422),
        (vec![b' '; 300_000], 413),
    ] {
        let request = Request::post("/v1/client/verify/totp")
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header(header::ORIGIN, "http://localhost:3000")
            .body(Body::from(body.clone()))
            .unwrap();
        let answer = server.send(request).await;
        assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "http://localhost:3000");
        let shown = String::from_utf8_lossy(&body[..body.len().min(30)]).into_owned();
        assert_eq!(answer.status.as_u16(), status, "{shown}: {}", answer.body);
        answer.refused(status, "invalid_request");
    }
    assert_eq!(server.methods("ada").await.len(), 0);
}

#[tokio::test]
async fn a_body_that_is_not_announced_as_json_is_refused() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        let request = Request::post(OPTIONS)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from("{}"))
            .unwrap();
        server.send(request).await.refused(415, "invalid_request");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_answered_in_json() {
    let server = Server::start().await;
    for path in ["/v1/nothing", "/v1/client/verify/nothing", "/v1/", "/v2/users", "/local/nothing", "/nothing.html"] {
        server.get(path, As::Tenant).await.refused(404, "not_found");
        server.post(path, As::Tenant, json!({})).await.refused(404, "not_found");
    }
    server.get("/v1/validate", As::Backend).await.refused(405, "invalid_request");
    server.call(Method::PUT, OPTIONS, As::Tenant, json!({})).await.refused(405, "invalid_request");
    server.get("/v1/users/%FF", As::Backend).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn every_form_of_the_tenant_s_id_is_read_and_a_wrong_one_refused() {
    let server = Server::start().await;
    let ask = async |authorization: &str| {
        let request = Request::post("/v1/client/challenge")
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(r#"{"action":"a"}"#))
            .unwrap();
        server.send(request).await
    };
    // Browser: no colon. Android: with one. iOS: base64url without padding.
    for good in ["Basic bG9jYWw=", "Basic bG9jYWw6", "basic bG9jYWw"] {
        ask(good).await.ok();
    }
    for bad in ["Basic b3RoZXI=", "Basic ", "Basic ???", "Bearer ", "Digest bG9jYWw=", ""] {
        ask(bad).await.refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_tenant_s_id_may_hold_what_a_browser_has_to_escape() {
    let mut config = authsignal_local::config::Config::local(8787);
    config.tenant_id = "ten/é 1".to_owned();
    let store = authsignal_local::store::Store::open("sqlite::memory:").await.unwrap();
    let random = authsignal_local::random::Random::System;
    let server = Server { app: authsignal_local::app::App::new(config, store, random).unwrap() };
    let request = Request::post("/v1/client/challenge")
        .header(header::HOST, "localhost")
        .header(header::AUTHORIZATION, "Basic dGVuJTJGJUMzJUE5JTIwMQ==")
        .body(Body::empty())
        .unwrap();
    server.send(request).await.ok();
}

#[tokio::test]
async fn a_preflight_names_what_the_clients_send() {
    let server = Server::start().await;
    let preflight = async |origin: &str| {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri(OPTIONS)
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type")
            .body(Body::empty())
            .unwrap();
        server.send(request).await
    };
    let answer = preflight("http://127.0.0.1:5173").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "http://127.0.0.1:5173");
    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
    for origin in ["null", "https://example.test", "http://localhost.example.test"] {
        let answer = preflight(origin).await;
        assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{origin}");
    }
}

#[tokio::test]
async fn wrong_fields_are_refused_by_name() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let refused = async |path: &str, body: serde_json::Value, status: u16| {
        let by = if path.contains("/client/") { As::Holder(&token) } else { As::Backend };
        server.post(path, by, body).await.refused(status, "invalid_request")
    };
    refused(OPTIONS, json!({ "authenticatorAttachment": "any" }), 422).await;
    refused("/v1/client/user-authenticators/passkey", json!({ "registrationCredential": {} }), 400).await;
    refused("/v1/client/verify/passkey", json!({ "authenticationCredential": "x" }), 400).await;
    refused("/v1/client/challenge", json!({ "action": "no spaces" }), 400).await;
    let unknown = json!({ "challengeId": "nothing" });
    refused("/v1/client/user-authenticators/passkey/authentication-options", unknown, 400).await;
    refused("/v1/users/ada/actions/no%20spaces", json!({}), 400).await;
    refused("/v1/users/ada/actions/a", json!({ "idempotencyKey": "" }), 400).await;
    refused("/v1/users/ada/actions/a", json!({ "scope": ["add:authenticators"] }), 422).await;
    refused(&format!("/v1/users/{}/actions/a", "x".repeat(257)), json!({}), 400).await;
    refused("/v1/validate", json!({}), 422).await;
    assert_eq!(server.methods("ada").await.len(), 0);
}
