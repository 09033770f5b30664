//! The control plane, and who may drive it.

use std::time::Duration;

use authsignal_local::config::Config;
use authsignal_local::random::Random;
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;
use tokio::time::Instant;

use crate::support::Server;
use crate::support::server::As;

/// How late an answer is to come.
const DELAY: Duration = Duration::from_millis(150);

#[tokio::test]
async fn the_clock_is_told_and_moved() {
    let server = Server::start().await;
    let before = server.get("/local/clock", As::Nobody).await.ok()["now"].as_str().unwrap().to_owned();
    let after = server.post("/local/clock", As::Nobody, json!({ "advanceSeconds": 31_536_000 })).await.ok();
    let year = |now: &str| now[..4].parse::<i32>().unwrap();
    assert_eq!(year(after["now"].as_str().unwrap()), year(&before) + 1);
    for seconds in [json!(1e30), json!("600"), json!(10_000_000_000_i64), json!(null)] {
        let answer = server.post("/local/clock", As::Nobody, json!({ "advanceSeconds": seconds })).await;
        assert!(answer.status.is_client_error(), "{seconds}: {}", answer.body);
    }
}

#[tokio::test]
async fn reset_empties_the_data_and_sets_the_clock_right() {
    let server = Server::start().await;
    let (_, token) = server.enrolled_user("ada").await;
    server.advance(10_000);
    server.post("/local/reset", As::Nobody, json!({})).await.ok();
    assert_eq!(server.methods("ada").await.len(), 0);
    server.get("/v1/client/user-authenticators", As::Holder(&token)).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn reset_forgets_wrong_codes_and_restore_does_not_count_them_twice() {
    let server = Server::start().await;
    let email = "ada@example.test";
    let post = async |path: &str, body: serde_json::Value| server.post(path, As::Backend, body).await.ok();
    let ask = async || post("/v1/challenge", json!({ "email": email })).await["challengeId"].clone();
    let guess = async |code: &str| {
        let body = json!({ "challengeId": ask().await, "verificationCode": code });
        post("/v1/verify", body).await["failureReason"].clone()
    };
    let right = async || {
        let id = ask().await;
        let body = json!({ "challengeId": id, "verificationCode": server.code_sent(email).await });
        post("/v1/verify", body).await["isVerified"].clone()
    };
    for _ in 0..6 {
        assert_eq!(guess("wrong!").await, "CODE_INVALID_OR_EXPIRED");
    }
    server.post("/local/snapshot", As::Nobody, json!({})).await.ok();
    for _ in 0..2 {
        let kept = server.post("/local/restore", As::Nobody, json!({})).await.ok();
        assert_eq!(server.post("/local/snapshot", As::Nobody, json!({})).await.ok(), kept);
    }
    assert_eq!(right().await, true, "six wrong codes are six still");
    for _ in 0..4 {
        guess("wrong!").await;
    }
    assert_eq!(right().await, false, "ten end it");
    server.post("/local/reset", As::Nobody, json!({})).await.ok();
    assert_eq!(right().await, true, "after a reset there were none");
}

#[tokio::test]
async fn pages_of_other_sites_cannot_drive_the_control_plane() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    let reset = async |headers: &[(header::HeaderName, &str)]| {
        let mut request = Request::post("/local/reset");
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        server.send(request.body(Body::from("{}")).unwrap()).await
    };
    let fetch_site = || header::HeaderName::from_static("sec-fetch-site");
    let json = (header::CONTENT_TYPE, "application/json");
    let host = (header::HOST, "localhost:8787");
    for foreign in [
        vec![json.clone(), (header::HOST, "attacker.example.test:8787")],
        vec![json.clone(), (header::HOST, "localhost.example.test")],
        vec![json.clone()],
        vec![json.clone(), host.clone(), (header::ORIGIN, "https://example.test")],
        vec![json.clone(), host.clone(), (header::ORIGIN, "null")],
        vec![json.clone(), host.clone(), (header::ORIGIN, "http://localhost:3000")],
        vec![json.clone(), host.clone(), (fetch_site(), "cross-site")],
        vec![json.clone(), host.clone(), (fetch_site(), "same-site")],
    ] {
        reset(&foreign).await.refused(403, "forbidden");
    }
    reset(&[host.clone(), (header::CONTENT_TYPE, "text/plain")]).await.refused(415, "invalid_request");
    assert_eq!(server.methods("ada").await, ["PASSKEY"], "nothing was emptied");
    reset(&[json, host, (header::ORIGIN, "http://localhost:8787"), (fetch_site(), "same-origin")]).await.ok();
}

async fn wish(server: &Server, faults: serde_json::Value) {
    server.post("/local/faults", As::Nobody, json!({ "faults": faults })).await.ok();
}

#[tokio::test]
async fn a_fault_strikes_as_often_as_it_was_wished_for_and_only_where() {
    let server = Server::start().await;
    wish(&server, json!([{ "path": "/validate", "times": 2, "outcome": { "json": 429 } }])).await;
    server.get("/v1/users/ada", As::Backend).await.ok();
    for _ in 0..2 {
        server.post("/v1/validate", As::Backend, json!({ "token": "x" })).await.refused(429, "too_many_requests");
    }
    server.post("/v1/validate", As::Backend, json!({ "token": "x" })).await.ok();
    assert_eq!(server.get("/local/faults", As::Nobody).await.ok(), json!({ "faults": [] }));
}

#[tokio::test]
async fn a_proxy_s_page_reaches_the_client_as_it_is_and_nothing_is_done() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    wish(&server, json!([{ "path": "/v1/users/ada", "outcome": { "html": 502 } }])).await;
    let answer = server.delete("/v1/users/ada", As::Backend).await;
    assert_eq!(answer.status, 502);
    assert!(answer.body.as_str().unwrap().starts_with("<!doctype html>"));
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
}

#[tokio::test]
async fn an_answer_is_cut_off_although_all_is_done() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    for outcome in ["drop", "truncate"] {
        wish(&server, json!([{ "path": "/v1/users/ada", "outcome": outcome }])).await;
        let request = Request::delete("/v1/users/ada")
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, "Basic bG9jYWwtc2VjcmV0Og==")
            .body(Body::empty())
            .unwrap();
        let response = tower::ServiceExt::oneshot(server.app.router(), request).await.unwrap();
        axum::body::to_bytes(response.into_body(), 1000).await.unwrap_err();
    }
    assert!(server.methods("ada").await.is_empty());
}

#[tokio::test]
async fn a_hanging_answer_hangs_until_the_server_ends() {
    let server = Server::start().await;
    wish(&server, json!([{ "path": "/v1/users", "outcome": "hang" }])).await;
    let hanging = server.get("/v1/users/ada", As::Backend);
    tokio::pin!(hanging);
    assert!(futures_util::poll!(&mut hanging).is_pending());
    server.app.end();
    assert_eq!(hanging.await.status, 503);
}

#[tokio::test]
async fn an_answer_comes_as_late_as_the_tester_wishes_and_nothing_is_done_before() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    for (outcome, status) in [(json!({ "json": 503 }), 503), (json!(null), 200)] {
        let fault = json!({ "path": "/v1/users/ada", "delayMilliseconds": DELAY.as_millis(), "outcome": outcome });
        wish(&server, json!([fault])).await;
        let begun = Instant::now();
        let late = server.delete("/v1/users/ada", As::Backend);
        tokio::pin!(late);
        assert!(futures_util::poll!(&mut late).is_pending());
        // Others are not late, and as nobody polls the late one here, it is not done however long they take.
        assert_eq!(server.methods("ada").await, ["PASSKEY"]);
        assert_eq!(late.await.status, status);
        assert!(begun.elapsed() >= DELAY, "{:?}", begun.elapsed());
    }
    assert!(server.methods("ada").await.is_empty());
}

#[tokio::test]
async fn the_log_shows_requests_without_their_secrets() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    server.get(&format!("/v1/nothing?token={token}"), As::Holder(&token)).await.refused(404, "not_found");
    let log = server.get("/local/log", As::Nobody).await.ok();
    let requests = log["requests"].as_array().unwrap();
    assert_eq!((&requests[0]["method"], &requests[0]["status"]), (&json!("POST"), &json!(200)));
    assert_eq!(requests[1]["path"], "/v1/nothing");
    assert!(!log.to_string().contains(&token), "{log}");
}

#[tokio::test]
async fn what_ended_is_deleted_and_what_still_counts_is_kept() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    server.enrol_totp(&window).await.ok();
    let now = server.app.clock.now();
    let store = &server.app.store;
    assert_eq!(store.delete_ended_before(now).await.unwrap(), 1, "the note of an event that nobody was to be told");
    server.create_app(&window).await;
    assert!(store.delete_ended_before(now + 3_600_000).await.unwrap() >= 2, "the ceremony and the window");
    server.enrol_totp(&window).await.refused(401, "expired_token");
    assert_eq!(server.methods("ada").await, ["AUTHENTICATOR_APP", "PASSKEY"]);
}

#[tokio::test]
async fn a_request_that_arrives_twice_is_done_twice() {
    let server = Server::start().await;
    wish(&server, json!([{ "path": "/users/ada/actions", "outcome": "duplicate" }])).await;
    server.track("ada", json!({})).await;
    let actions = server.get("/v1/users/ada/actions", As::Backend).await.ok();
    assert_eq!(actions.as_array().unwrap().len(), 2, "without an idempotencyKey");
    wish(&server, json!([{ "path": "/users/ada/actions", "outcome": "duplicate" }])).await;
    server.track("ada", json!({ "idempotencyKey": "k" })).await;
    let actions = server.get("/v1/users/ada/actions", As::Backend).await.ok();
    assert_eq!(actions.as_array().unwrap().len(), 3, "with one");
}

#[tokio::test]
async fn users_are_there_as_the_tester_wishes_all_or_none() {
    let server = Server::start().await;
    let users = json!([
        {
            "userId": "ada",
            "username": "Ada",
            "email": "ada@example.test",
            "custom": { "plan": "gold" },
            "authenticators": [
                { "verificationMethod": "EMAIL_OTP", "email": "ada@example.test" },
                { "verificationMethod": "AUTHENTICATOR_APP", "otpUri": "otpauth://totp/x:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=x" },
            ],
        },
        { "userId": "bob" },
    ]);
    let there = server.post("/local/users", As::Nobody, json!({ "users": users })).await.ok();
    assert_eq!(there, server.get("/local/users", As::Nobody).await.ok());
    assert_eq!(there["users"][0]["custom"]["plan"], "gold");
    // Those of one millisecond are in no order.
    let authenticators = there["users"][0]["authenticators"].as_array().unwrap();
    assert!(authenticators.iter().any(|authenticator| authenticator["email"] == "ada@example.test"), "{there}");
    assert_eq!(server.methods("ada").await, ["AUTHENTICATOR_APP", "EMAIL_OTP"]);
    let tracked = server.post("/local/track", As::Nobody, json!({ "userId": "ada", "action": "pay" })).await.ok();
    assert_eq!((&tracked["state"], &tracked["isEnrolled"]), (&json!("CHALLENGE_REQUIRED"), &json!(true)));
    let bad =
        json!([{ "userId": "eve" }, { "userId": "mallory", "authenticators": [{ "verificationMethod": "SMS" }] }]);
    server.post("/local/users", As::Nobody, json!({ "users": bad })).await.refused(400, "invalid_request");
    assert_eq!(server.get("/local/users", As::Nobody).await.ok(), there);
}

#[tokio::test]
async fn a_snapshot_brings_back_the_data_and_the_clock() {
    let server = Server::start().await;
    let (mut device, token) = server.enrolled_user("ada").await;
    server.challenge(&token, "push").await.refused(400, "invalid_request");
    server.enrol_by_code(&token, "email-otp", "ada@example.test").await;
    let before = server.get("/local/outbox", As::Nobody).await.ok();
    let taken = server.post("/local/snapshot", As::Nobody, json!({ "name": "enrolled" })).await.ok();
    server.advance(3600);
    server.delete_user("ada").await;
    server.track("eve", json!({})).await;
    let restored = server.post("/local/restore", As::Nobody, json!({ "name": "enrolled" })).await.ok();
    assert_eq!(restored, taken);
    assert_eq!(server.methods("ada").await, ["EMAIL_OTP", "PASSKEY"]);
    assert_eq!(server.authenticators("eve").await.len(), 0);
    assert_eq!(server.get("/local/outbox", As::Nobody).await.ok(), before);
    server.create_app(&token).await;
    assert_eq!(server.sign_in(&mut device).await["isVerified"], true);
    server.post("/local/restore", As::Nobody, json!({ "name": "other" })).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_seed_gives_the_same_ids_codes_and_keys_in_every_run_and_after_every_reset() {
    let server = Server::start_by(Config::local(8787), Random::seeded(7)).await;
    let play = async || {
        let token = server.track("ada", json!({})).await;
        let totp = server.enrol_totp(&token).await.ok();
        let email = json!({ "email": "ada@example.test" });
        let path = "/v1/client/user-authenticators/email-otp";
        let enrolled = server.post(path, As::Holder(&token), email).await.ok();
        (totp["secret"].clone(), enrolled["userAuthenticatorId"].clone(), server.code_sent("ada@example.test").await)
    };
    let first = play().await;
    server.post("/local/reset", As::Nobody, json!({})).await.ok();
    assert_eq!(play().await, first);
    let other = Server::start_by(Config::local(8787), Random::seeded(8)).await;
    let token = other.track("ada", json!({})).await;
    assert_ne!(other.enrol_totp(&token).await.ok()["secret"], first.0);
}
