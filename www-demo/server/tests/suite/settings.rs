//! What a person does with their own authenticators: list, rename, remove.

use authsignal_local::config::Config;
use axum::http::Method;
use serde_json::{Value, json};

use crate::support::server::{As, token_of};
use crate::support::{Answer, Phone, Server};

async fn ids(server: &Server, user_id: &str) -> Vec<String> {
    let all = server.authenticators(user_id).await;
    all.iter().map(|one| one["userAuthenticatorId"].as_str().unwrap().to_owned()).collect()
}

async fn remove(server: &Server, token: &str, id: &str) -> Answer {
    server.delete(&format!("/v1/client/user-authenticators/{id}"), As::Holder(token)).await
}

async fn rename(server: &Server, token: &str, id: &str, body: Value) -> Answer {
    let path = format!("/v1/client/user-authenticators/{id}");
    server.call(Method::PATCH, &path, As::Holder(token), body).await
}

#[tokio::test]
async fn inside_the_window_authenticators_are_renamed_and_removed_down_to_the_last() {
    let server = Server::start().await;
    let (mut device, window) = server.enrolled_user("ada").await;
    server.create_app(&window).await;
    let window = token_of(&server.sign_in(&mut device).await);
    let [passkey, app] = ids(&server, "ada").await.try_into().unwrap();
    let renamed = rename(&server, &window, &app, json!({ "displayName": " My phone " })).await.ok();
    assert_eq!(renamed["displayName"], "My phone");
    for name in ["", "  ", &"x".repeat(65)] {
        rename(&server, &window, &app, json!({ "displayName": name })).await.refused(400, "invalid_request");
    }
    remove(&server, &window, &app).await.ok();
    remove(&server, &window, &passkey).await.refused(400, "invalid_request");
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
}

#[tokio::test]
async fn an_operator_decides_how_long_tokens_last_and_what_a_missing_scope_is_called() {
    let config = Config::local(8787).with(Some(2), Some("no_scope".to_owned()));
    let server = Server::start_with(config).await;
    let (mut device, first) = server.enrolled_user("ada").await;
    Phone::new("push", 1).add(&server, &first).await.ok();
    let token = server.track("ada", json!({})).await;
    server.enrol_totp(&token).await.refused(403, "no_scope");
    let asked = server.post("/v1/client/challenge/push", As::Holder(&token), json!({ "action": "manage" })).await.ok();
    assert!(asked["challengeId"].is_string());
    let window = token_of(&server.sign_in(&mut device).await);
    server.advance(119);
    server.enrol_totp(&window).await.ok();
    assert!(Phone::new("push", 1).pending(&server).await["challengeId"].is_string());
    server.advance(1);
    server.enrol_totp(&window).await.refused(401, "expired_token");
    assert!(Phone::new("push", 1).pending(&server).await["challengeId"].is_null());
}

#[tokio::test]
async fn t1_a_scope_less_token_neither_removes_nor_then_enrols() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    server.create_app(&window).await;
    let before = server.authenticators("ada").await;
    let token = server.track("ada", json!({})).await;
    for id in ids(&server, "ada").await {
        remove(&server, &token, &id).await.refused(403, "insufficient_scope");
        rename(&server, &token, &id, json!({ "displayName": "x" })).await.refused(403, "insufficient_scope");
    }
    server.registration_options(&token).await.refused(403, "insufficient_scope");
    assert_eq!(server.authenticators("ada").await, before);
}

#[tokio::test]
async fn t5_a_user_does_nothing_to_the_ids_of_another() {
    let server = Server::start().await;
    let (_, ada) = server.enrolled_user("ada").await;
    server.create_app(&ada).await;
    let (_, bob) = server.enrolled_user("bob").await;
    let before = server.authenticators("ada").await;
    for id in ids(&server, "ada").await {
        remove(&server, &bob, &id).await.refused(404, "not_found");
        rename(&server, &bob, &id, json!({ "displayName": "x" })).await.refused(404, "not_found");
        let body = json!({ "userAuthenticatorId": id });
        for method in ["email-otp", "sms", "whatsapp", "email-magic-link"] {
            let path = format!("/v1/client/challenge/{method}");
            server.post(&path, As::Holder(&bob), body.clone()).await.refused(404, "not_found");
        }
        server.post("/v1/client/challenge/push", As::Holder(&bob), body).await.refused(400, "invalid_request");
    }
    assert_eq!(server.authenticators("ada").await, before);
}

#[tokio::test]
async fn t15_a_token_that_may_add_does_not_become_one_that_removes() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    let owner = ids(&server, "ada").await.remove(0);
    let adding = server.track("ada", json!({ "scope": "add:authenticators" })).await;
    let (_, minted) = server.create_app(&adding).await;
    for token in [&adding, &minted] {
        remove(&server, token, &owner).await.refused(403, "insufficient_scope");
    }
    assert_eq!(ids(&server, "ada").await.len(), 2);
}

#[tokio::test]
async fn t17_removing_the_opener_of_one_s_own_window_ends_it() {
    let server = Server::start().await;
    let (mut device, window) = server.enrolled_user("ada").await;
    server.create_app(&window).await;
    let window = token_of(&server.sign_in(&mut device).await);
    let [passkey, app] = ids(&server, "ada").await.try_into().unwrap();
    remove(&server, &window, &passkey).await.ok();
    server.enrol_totp(&window).await.refused(401, "expired_token");
    rename(&server, &window, &app, json!({ "displayName": "x" })).await.refused(401, "expired_token");
}

#[tokio::test]
async fn the_react_sdk_learns_what_it_may_challenge() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let token = server.enrol_by_code(&token, "email-otp", "ada@example.test").await;
    let reply = server.post("/v1/client/init", As::Holder(&token), json!({})).await.ok();
    assert_eq!(
        reply["challengeOptions"],
        json!({
            "token": token,
            "defaultVerificationMethod": "EMAIL_OTP",
            "verificationMethods": ["EMAIL_OTP"],
            "user": { "email": "a***@example.test" },
        })
    );
    let offered = server.get("/v1/client/authenticators", As::Holder(&token)).await.ok();
    assert!(offered.as_array().unwrap().iter().any(|one| one["verificationMethod"] == "PASSKEY"));
}
