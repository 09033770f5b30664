//! How often codes are sent and tried, where the operator limits that.

use authsignal_local::config::Config;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, RETRY_AFTER};
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::server::As;

async fn limited() -> Server {
    Server::start_with(Config { rate_limits: true, ..Config::local(8787) }).await
}

#[tokio::test]
async fn codes_and_links_are_sent_so_often_in_ten_minutes_and_then_not_over_all_tokens() {
    let server = limited().await;
    let mut token = server.track("ada", json!({ "email": "ada@example.test" })).await;
    for (method, field, address, most) in [
        ("email-otp", "email", "ada@example.test", 12),
        ("email-magic-link", "email", "ada@example.test", 12),
        ("sms", "phoneNumber", "+15550100123", 6),
    ] {
        let enrol = format!("/v1/client/user-authenticators/{method}");
        for sent in 0..most {
            // An enrolment that is begun anew, and another token, count on.
            if sent % 2 == 0 {
                server.post(&enrol, As::Holder(&token), json!({ field: address })).await.ok();
                token = server.track("ada", json!({})).await;
            } else {
                server.post(&enrol, As::Holder(&token), json!({ field: address })).await.ok();
            }
        }
        let refused = server.post(&enrol, As::Holder(&token), json!({ field: address })).await;
        let seconds: i64 = refused.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((590..=600).contains(&seconds), "{seconds}");
        refused.refused(429, "too_many_requests");
        let bob = server.track("bob", json!({})).await;
        server.post(&enrol, As::Holder(&bob), json!({ field: address })).await.ok();
    }
    server.advance(601);
    let token = server.track("ada", json!({})).await;
    let email = json!({ "email": "ada@example.test" });
    server.post("/v1/client/user-authenticators/email-otp", As::Holder(&token), email).await.ok();
}

#[tokio::test]
async fn codes_are_tried_ten_times_in_five_minutes_and_then_not() {
    let server = limited().await;
    let token = server.track("ada", json!({})).await;
    let enrol = "/v1/client/user-authenticators/email-otp";
    server.post(enrol, As::Holder(&token), json!({ "email": "ada@example.test" })).await.ok();
    server.enrol_totp(&token).await.ok();
    for method in ["email-otp", "totp"] {
        for tried in 0..10 {
            // An action takes five; the user may go on with another code, for a while.
            if tried == 5 && method == "email-otp" {
                server.challenge(&token, "email-otp").await.ok();
            }
            let answer = server.verify_code(&token, method, "000000x").await;
            assert_eq!(answer.status, StatusCode::OK, "{method} {tried}: {}", answer.body);
            if method == "totp" && tried >= 4 {
                break;
            }
        }
    }
    server.verify_code(&token, "email-otp", "000000x").await.refused(429, "too_many_requests");
    server.advance(301);
    server.verify_code(&token, "email-otp", "000000x").await.ok();
}

#[tokio::test]
async fn a_backend_is_limited_by_address_where_no_user_is_known() {
    let server = limited().await;
    let ask = async |number: &str| server.post("/v1/challenge", As::Backend, json!({ "phoneNumber": number })).await;
    for _ in 0..6 {
        ask("+15550100123").await.ok();
    }
    ask("+15550100123").await.refused(429, "too_many_requests");
    ask("+15550100124").await.ok();
}

#[tokio::test]
async fn a_page_can_read_that_and_when_it_may_ask_again() {
    let server = limited().await;
    let token = server.track("ada", json!({})).await;
    let ask = || {
        Request::post("/v1/client/user-authenticators/sms")
            .header(HOST, "localhost")
            .header(ORIGIN, "http://localhost:3000")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .body(r#"{"phoneNumber":"+15550100123"}"#.into())
            .unwrap()
    };
    for _ in 0..6 {
        server.send(ask()).await.ok();
    }
    let refused = server.send(ask()).await;
    assert_eq!(refused.headers[ACCESS_CONTROL_ALLOW_ORIGIN], "http://localhost:3000");
    assert_eq!(refused.headers["access-control-expose-headers"], "retry-after");
    assert!(refused.headers.contains_key(RETRY_AFTER));
    refused.refused(429, "too_many_requests");
}

#[tokio::test]
async fn in_local_mode_nothing_is_limited_unless_it_is_asked_for() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    for _ in 0..20 {
        let number: Value = json!({ "phoneNumber": "+15550100123" });
        server.post("/v1/client/user-authenticators/sms", As::Holder(&token), number).await.ok();
    }
}
