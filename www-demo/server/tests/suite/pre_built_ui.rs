//! What only the pre-built UI asks.

use serde_json::{Value, json};

use crate::support::Server;
use crate::support::server::{As, claims_of, token_of};

async fn opened(server: &Server, token: &str) -> Value {
    server.get("/v1/client/ui", As::Holder(token)).await.ok()
}

async fn new_codes(server: &Server, token: &str) -> Vec<String> {
    let reply = server.post("/v1/client/recovery-codes", As::Holder(token), json!({})).await.ok();
    serde_json::from_value(reply["recoveryCodes"].clone()).unwrap()
}

async fn recover(server: &Server, token: &str, code: &str) -> Value {
    let body = json!({ "verificationCode": code });
    server.post("/v1/client/verify/recovery-code", As::Holder(token), body).await.ok()
}

#[tokio::test]
async fn after_a_tokens_end_the_page_gets_one_that_can_be_challenged_and_nothing_more() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    let renewal = opened(&server, &window).await["renewal"].clone();
    server.advance(600);
    let renewed = server.post("/v1/client/ui/renew", As::Tenant, json!({ "renewal": renewal })).await.ok();
    let token = renewed["token"].as_str().unwrap();
    assert_eq!(claims_of(token)["scope"], "read:authenticators");
    server.registration_options(token).await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn an_hour_after_track_no_renewal_helps_however_often_the_page_was_opened() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    let first = opened(&server, &window).await["renewal"].clone();
    server.advance(3000);
    let renew = |renewal: Value| server.post("/v1/client/ui/renew", As::Tenant, json!({ "renewal": renewal }));
    let token = renew(first).await.ok()["token"].as_str().unwrap().to_owned();
    let second = opened(&server, &token).await["renewal"].clone();
    server.advance(601);
    renew(second).await.refused(401, "expired_token");
}

#[tokio::test]
async fn t2_a_renewal_does_not_prolong_the_right_to_a_first_authenticator() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let renewal = opened(&server, &token).await["renewal"].clone();
    server.advance(600);
    let body = json!({ "renewal": renewal });
    server.post("/v1/client/ui/renew", As::Tenant, body).await.refused(401, "expired_token");
    server.registration_options(&token).await.refused(401, "expired_token");
}

#[tokio::test]
async fn a_renewal_is_no_token_and_a_token_is_no_renewal() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    let renewal = opened(&server, &window).await["renewal"].as_str().unwrap().to_owned();
    server.get("/v1/client/user-authenticators", As::Holder(&renewal)).await.refused(401, "unauthorized");
    let body = json!({ "renewal": window });
    server.post("/v1/client/ui/renew", As::Tenant, body).await.refused(401, "expired_token");
}

#[tokio::test]
async fn a_recovery_code_opens_the_window_once_and_a_new_list_ends_the_old_one() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    let codes = new_codes(&server, &window).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(server.methods("ada").await, ["PASSKEY"], "recovery codes are no authenticator");

    let token = server.track("ada", json!({})).await;
    let recovered = recover(&server, &token, &codes[0].to_uppercase().replace('-', " ")).await;
    server.registration_options(&token_of(&recovered)).await.ok();
    assert_eq!(recover(&server, &token, &codes[0]).await["isVerified"], false);

    new_codes(&server, &token_of(&recovered)).await;
    assert_eq!(recover(&server, &token, &codes[1]).await["isVerified"], false);
}

#[tokio::test]
async fn t15_a_right_to_add_does_not_end_the_owners_recovery_codes() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    new_codes(&server, &window).await;
    let adding = server.track("ada", json!({ "scope": "add:authenticators" })).await;
    let path = "/v1/client/recovery-codes";
    server.post(path, As::Holder(&adding), json!({})).await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn whoever_has_no_authenticator_gets_no_recovery_codes() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let path = "/v1/client/recovery-codes";
    server.post(path, As::Holder(&token), json!({})).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn recovery_codes_are_guessed_five_times_at_most() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    let codes = new_codes(&server, &window).await;
    let token = server.track("ada", json!({})).await;
    for _ in 0..5 {
        recover(&server, &token, "00000-00000").await;
    }
    assert_eq!(recover(&server, &token, &codes[0]).await["failureReason"], "MAX_ATTEMPTS_EXCEEDED");
}
