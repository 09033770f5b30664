//! Authenticator apps.

use serde_json::json;

use crate::support::Server;
use crate::support::server::{As, claims_of, token_of};

#[tokio::test]
async fn an_app_is_enrolled_inside_the_window_that_a_sign_in_opened() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let token = token_of(&server.sign_in(&mut device).await);
    let pending = server.enrol_totp(&token).await.ok();
    assert!(pending["uri"].as_str().unwrap().starts_with("otpauth://totp/"));
    assert_eq!(server.methods("ada").await, ["PASSKEY"], "it counts once its code was verified");

    let (_, after) = server.create_app(&token).await;
    assert_eq!(server.methods("ada").await, ["AUTHENTICATOR_APP", "PASSKEY"]);
    let listed = server.get("/v1/client/user-authenticators", As::Holder(&after)).await.ok();
    assert_eq!(listed.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_app_may_be_the_first_authenticator_and_then_meets_challenges() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let (app, _) = server.create_app(&token).await;
    server.advance(30);
    let token = server.track("ada", json!({})).await;
    let reply = server.verify_totp(&token, &server.code_of(&app)).await.ok();
    assert_eq!(reply["isVerified"], true);
    assert!(reply.get("userAuthenticator").is_none(), "nothing was enrolled");
    assert!(claims_of(&token_of(&reply))["scope"].as_str().unwrap().contains("add:authenticators"));
}

#[tokio::test]
async fn a_wrong_code_is_an_answer_and_no_error() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let (app, _) = server.create_app(&token).await;
    let token = server.track("ada", json!({})).await;
    for code in [server.wrong_code_of(&app).as_str(), "", "abcdef", "0000000"] {
        let reply = server.verify_totp(&token, code).await.ok();
        assert_eq!(reply, json!({ "isVerified": false, "failureReason": "CODE_INVALID_OR_EXPIRED" }));
    }
}

#[tokio::test]
async fn a_pending_enrolment_is_finished_by_its_own_action_only() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    let pending = server.enrol_totp(&window).await.ok();
    let app = authsignal_local::domain::totp::AuthenticatorApp::stored(pending["secret"].as_str().unwrap()).unwrap();
    let other = server.track("ada", json!({ "scope": "add:authenticators" })).await;
    server.verify_totp(&other, &server.code_of(&app)).await.refused(400, "invalid_request");
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
}
