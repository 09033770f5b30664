//! Application sessions.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::server::{As, token_of};
use crate::support::{Answer, Server};

async fn create(server: &Server, token: &str) -> Answer {
    server.post("/v1/sessions", As::Backend, json!({ "clientId": "web", "token": token })).await
}

async fn validate(server: &Server, pair: &Value) -> Answer {
    server.post("/v1/sessions/validate", As::Backend, json!({ "accessToken": pair["accessToken"] })).await
}

async fn refresh(server: &Server, pair: &Value) -> Answer {
    server.post("/v1/sessions/refresh", As::Backend, json!({ "refreshToken": pair["refreshToken"] })).await
}

#[tokio::test]
async fn a_completed_challenge_makes_one_session() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let token = token_of(&server.sign_in(&mut device).await);
    let pair = create(&server, &token).await.ok();
    let valid = validate(&server, &pair).await.ok();
    assert_eq!(valid["user"]["userId"], "ada");
    assert_eq!(valid["verificationMethod"], "PASSKEY");
    create(&server, &token).await.refused(401, "unauthorized");
    server.advance(900);
    validate(&server, &pair).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn no_session_without_a_verification() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let tracked = server.track("ada", json!({ "idempotencyKey": "k" })).await;
    let allowed = server.track("new", json!({})).await;
    for token in [tracked.as_str(), allowed.as_str(), "x"] {
        create(&server, token).await.refused(401, "unauthorized");
    }
    let body = server.assertion(&mut device, As::Holder(&tracked), json!({})).await;
    server.post("/v1/client/verify/passkey", As::Holder(&tracked), body).await.ok();
    create(&server, &tracked).await.refused(401, "unauthorized");
    let repeated = server.track("ada", json!({ "idempotencyKey": "k" })).await;
    create(&server, &repeated).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_its_whole_family() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let first = create(&server, &token_of(&server.sign_in(&mut device).await)).await.ok();
    let other = create(&server, &token_of(&server.sign_in(&mut device).await)).await.ok();
    let second = refresh(&server, &first).await.ok();
    validate(&server, &second).await.ok();
    validate(&server, &first).await.refused(401, "unauthorized");
    refresh(&server, &first).await.refused(401, "unauthorized");
    validate(&server, &second).await.refused(401, "unauthorized");
    refresh(&server, &second).await.refused(401, "unauthorized");
    validate(&server, &other).await.ok();
    server.advance(31 * 24 * 3600);
    refresh(&server, &other).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn sessions_end_by_revocation_and_with_their_user() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let mut pairs = Vec::new();
    for _ in 0..3 {
        pairs.push(create(&server, &token_of(&server.sign_in(&mut device).await)).await.ok());
    }
    let body = json!({ "accessToken": pairs[0]["accessToken"] });
    server.post("/v1/sessions/revoke", As::Backend, body).await.ok();
    validate(&server, &pairs[0]).await.refused(401, "unauthorized");
    validate(&server, &pairs[1]).await.ok();
    server.post("/v1/sessions/user/revoke", As::Backend, json!({ "userId": "ada" })).await.ok();
    for pair in &pairs {
        validate(&server, pair).await.refused(401, "unauthorized");
        refresh(&server, pair).await.refused(401, "unauthorized");
    }
}

async fn revoke(server: &Server, pair: &Value) -> Answer {
    server.post("/v1/sessions/revoke", As::Backend, json!({ "accessToken": pair["accessToken"] })).await
}

#[tokio::test]
async fn whoever_signs_out_late_leaves_no_refresh_token_behind() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let ended = create(&server, &token_of(&server.sign_in(&mut device).await)).await.ok();
    server.advance(901);
    revoke(&server, &ended).await.ok();
    refresh(&server, &ended).await.refused(401, "unauthorized");

    let replaced = create(&server, &token_of(&server.sign_in(&mut device).await)).await.ok();
    let newer = refresh(&server, &replaced).await.ok();
    revoke(&server, &replaced).await.ok();
    validate(&server, &newer).await.refused(401, "unauthorized");
    refresh(&server, &newer).await.refused(401, "unauthorized");
    revoke(&server, &replaced).await.ok();
    revoke(&server, &json!({ "accessToken": "x" })).await.refused(401, "unauthorized");
    server.delete_user("ada").await;
    revoke(&server, &replaced).await.ok();
}

#[tokio::test]
async fn a_refresh_at_the_same_time_does_not_outlive_a_revocation() {
    let server = Arc::new(Server::start().await);
    let (mut device, _) = server.enrolled_user("ada").await;
    for round in 0..12 {
        let pair = create(&server, &token_of(&server.sign_in(&mut device).await)).await.ok();
        let refreshes = tokio::spawn({
            let (server, pair) = (server.clone(), pair.clone());
            async move { refresh(&server, &pair).await }
        });
        let revokes = tokio::spawn({
            let server = server.clone();
            async move {
                if round % 2 == 0 {
                    revoke(&server, &pair).await.ok();
                } else {
                    server.post("/v1/sessions/user/revoke", As::Backend, json!({ "userId": "ada" })).await.ok();
                }
            }
        });
        let refreshed = refreshes.await.unwrap();
        revokes.await.unwrap();
        if refreshed.status.is_success() {
            // Whichever came first, nothing of the sign-in is left.
            validate(&server, &refreshed.body).await.refused(401, "unauthorized");
            refresh(&server, &refreshed.body).await.refused(401, "unauthorized");
        }
    }
}

#[tokio::test]
async fn neither_kind_of_token_works_as_the_other() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let token = token_of(&server.sign_in(&mut device).await);
    // The client id is chosen by the backend: even the audience of challenge tokens confuses nothing.
    let body = json!({ "clientId": "http://localhost:8787/v1", "token": token });
    let pair = server.post("/v1/sessions", As::Backend, body).await.ok();
    let access = pair["accessToken"].as_str().unwrap();
    server.enrol_totp(access).await.refused(401, "unauthorized");
    assert_eq!(server.post("/v1/validate", As::Backend, json!({ "token": access })).await.ok()["isValid"], false);
    create(&server, access).await.refused(401, "unauthorized");
    validate(&server, &json!({ "accessToken": token })).await.refused(401, "unauthorized");
    let other_app = json!({ "accessToken": access, "clientIds": ["web"] });
    server.post("/v1/sessions/validate", As::Backend, other_app).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn no_session_by_a_token_whose_authenticator_the_backend_has_deleted() {
    let server = Server::start().await;
    let (mut device, window) = server.enrolled_user("ada").await;
    let (_, enrolled) = server.create_app(&window).await;
    let passkey = server.authenticators("ada").await;
    let passkey = passkey.iter().find(|one| one["verificationMethod"] == "PASSKEY").unwrap();
    let verified = token_of(&server.sign_in(&mut device).await);
    let mut device = device.without_user_verification();
    // It opens no window, and is worth a session all the same.
    let touched = token_of(&server.sign_in(&mut device).await);
    let another = token_of(&server.sign_in(&mut device).await);
    create(&server, &another).await.ok();
    let path = format!("/v1/users/ada/authenticators/{}", passkey["userAuthenticatorId"].as_str().unwrap());
    server.delete(&path, As::Backend).await.ok();
    // The app was enrolled in the passkey's window.
    for token in [&verified, &touched, &window, &enrolled] {
        create(&server, token).await.refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn whoever_makes_a_session_waits_for_whoever_revokes_those_of_the_user() {
    let server = Arc::new(Server::start().await);
    let (mut device, _) = server.enrolled_user("ada").await;
    let token = token_of(&server.sign_in(&mut device).await);
    let mut revoking = server.app.store.write().await.unwrap();
    let user = revoking.user("ada").await.unwrap().unwrap();
    revoking.lock_user(&user.user_key).await.unwrap();
    let mut creating = tokio::spawn({
        let server = server.clone();
        async move { create(&server, &token).await }
    });
    let early = tokio::time::timeout(Duration::from_millis(200), &mut creating).await;
    assert!(early.is_err(), "it was not seen, and outlives the revocation");
    revoking.revoke_user_sessions(&user.user_key, server.app.clock.now()).await.unwrap();
    revoking.commit().await.unwrap();
    creating.await.unwrap().ok();
}
