//! Challenges that a backend makes itself.

use serde_json::{Value, json};

use crate::support::Server;
use crate::support::server::{As, claims_of};

const ADA: &str = "ada@example.test";

async fn ask(server: &Server, body: Value) -> String {
    let reply = server.post("/v1/challenge", As::Backend, body).await.ok();
    assert!(reply["expiresAt"].as_i64().unwrap() < 100_000_000_000, "Unix seconds");
    reply["challengeId"].as_str().unwrap().to_owned()
}

async fn verify(server: &Server, id: &str, code: &str) -> Value {
    let body = json!({ "challengeId": id, "verificationCode": code });
    server.post("/v1/verify", As::Backend, body).await.ok()
}

#[tokio::test]
async fn a_code_is_sent_verified_and_claimed_once() {
    let server = Server::start().await;
    let id = ask(&server, json!({ "verificationMethod": "EMAIL_OTP", "email": ADA, "action": "signIn" })).await;
    let found = server.get(&format!("/v1/challenges?challengeId={id}"), As::Backend).await.ok();
    assert_eq!(found["email"], ADA);
    let code = server.code_sent(ADA).await;
    let claim = json!({ "challengeId": id, "userId": "ada" });
    server.post("/v1/claim", As::Backend, claim.clone()).await.refused(400, "invalid_request");
    let verified = verify(&server, &id, &code).await;
    assert_eq!(verified, json!({ "isVerified": true, "verificationMethod": "EMAIL_OTP", "email": ADA }));
    assert_eq!(verify(&server, &id, &code).await["isVerified"], false, "a code is used once");
    let claimed = server.post("/v1/claim", As::Backend, claim.clone()).await.ok();
    assert_eq!(claims_of(claimed["token"].as_str().unwrap())["scope"], "read:authenticators");
    server.post("/v1/claim", As::Backend, claim).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn five_wrong_codes_end_a_backend_s_challenge() {
    let server = Server::start().await;
    let id = ask(&server, json!({ "phoneNumber": "+15550100123" })).await;
    let code = server.code_sent("+15550100123").await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..4 {
        assert_eq!(verify(&server, &id, wrong).await["failureReason"], "CODE_INVALID_OR_EXPIRED");
    }
    for guess in [wrong, &code] {
        assert_eq!(verify(&server, &id, guess).await["failureReason"], "MAX_ATTEMPTS_EXCEEDED");
    }
}

#[tokio::test]
async fn a_claimed_token_manages_only_where_the_address_is_an_authenticator_of_that_user() {
    let server = Server::start().await;
    let email = json!({ "verificationMethod": "EMAIL_OTP", "email": ADA });
    server.post("/v1/users/ada/authenticators", As::Backend, email.clone()).await.ok();
    server.enrolled_user("bob").await;
    for (user_id, manages) in [("ada", true), ("bob", false)] {
        let id = ask(&server, email.clone()).await;
        verify(&server, &id, &server.code_sent(ADA).await).await;
        let claim = json!({ "challengeId": id, "userId": user_id });
        let token = server.post("/v1/claim", As::Backend, claim).await.ok()["token"].as_str().unwrap().to_owned();
        let answer = server.enrol_totp(&token).await;
        assert_eq!(answer.status.is_success(), manages, "{user_id}: {}", answer.body);
        let state = server.post("/v1/validate", As::Backend, json!({ "token": token })).await.ok()["isValid"].clone();
        assert_eq!(state, manages);
    }
}

#[tokio::test]
async fn a_challenge_is_attached_to_one_tracked_user() {
    let server = Server::start().await;
    let id = ask(&server, json!({ "email": ADA })).await;
    server.track("ada", json!({ "challengeId": id })).await;
    let again = json!({ "challengeId": id });
    server.post("/v1/users/bob/actions/manage", As::Backend, again).await.refused(401, "unauthorized");
    let late = ask(&server, json!({ "email": ADA })).await;
    server.advance(600);
    let late = json!({ "challengeId": late });
    server.post("/v1/users/bob/actions/manage", As::Backend, late).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_challenge_needs_somewhere_to_go() {
    let server = Server::start().await;
    for body in [
        json!({}),
        json!({ "email": "nobody" }),
        json!({ "verificationMethod": "SMS", "email": ADA }),
        json!({ "verificationMethod": "PASSKEY", "email": ADA }),
        json!({ "challengeId": "none", "email": ADA }),
        json!({ "email": ADA, "action": "no spaces" }),
    ] {
        server.post("/v1/challenge", As::Backend, body).await.refused(400, "invalid_request");
    }
    assert_eq!(server.get("/v1/challenges?userId=ada", As::Backend).await.ok(), json!({}));
}
