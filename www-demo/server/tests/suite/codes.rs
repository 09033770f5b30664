//! Codes by e-mail, text message and WhatsApp.

use serde_json::{Value, json};

use crate::support::Server;
use crate::support::server::{As, claims_of, token_of};

const ADA: &str = "ada@example.test";
const PHONE: &str = "+15550100123";

#[tokio::test]
async fn a_first_authenticator_by_code_opens_the_window() {
    for (method, address, name) in [("email-otp", ADA, "EMAIL_OTP"), ("sms", PHONE, "SMS")] {
        let server = Server::start().await;
        let token = server.track("ada", json!({})).await;
        let after = server.enrol_by_code(&token, method, address).await;
        assert_eq!(server.methods("ada").await, [name]);
        assert!(claims_of(&after)["scope"].as_str().unwrap().contains("add:authenticators"));
        server.create_app(&after).await;
    }
}

#[tokio::test]
async fn browsers_see_addresses_masked_and_backends_in_full() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let token = server.enrol_by_code(&token, "email-otp", ADA).await;
    let token = server.enrol_by_code(&token, "sms", PHONE).await;
    let seen = server.get("/v1/client/user-authenticators", As::Holder(&token)).await.ok();
    assert_eq!(seen[0]["email"], "a***@example.test");
    assert_eq!(seen[1]["phoneNumber"], "+*********23");
    let stored = server.authenticators("ada").await;
    assert_eq!(stored[0]["email"], ADA);
    assert_eq!(stored[1]["phoneNumber"], PHONE);
}

#[tokio::test]
async fn a_challenge_by_code_opens_the_window_and_a_used_code_is_over() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    server.enrol_by_code(&token, "email-otp", ADA).await;
    let token = server.track("ada", json!({})).await;
    server.challenge(&token, "email-otp").await.ok();
    let code = server.code_sent(ADA).await;
    let reply = server.verify_code(&token, "email-otp", &code).await.ok();
    server.create_app(&token_of(&reply)).await;
    let again = server.verify_code(&token, "email-otp", &code).await.ok();
    assert_eq!(again, json!({ "isVerified": false, "failureReason": "CODE_INVALID_OR_EXPIRED" }));
}

#[tokio::test]
async fn a_new_code_ends_the_old_one_and_every_code_ends_after_ten_minutes() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let path = "/v1/client/user-authenticators/email-otp";
    server.post(path, As::Holder(&token), json!({ "email": ADA })).await.ok();
    let first = server.code_sent(ADA).await;
    let mut second = first.clone();
    while second == first {
        server.post(path, As::Holder(&token), json!({ "email": ADA })).await.ok();
        second = server.code_sent(ADA).await;
    }
    assert_eq!(server.verify_code(&token, "email-otp", &first).await.ok()["isVerified"], false);
    server.advance(600);
    let late = server.track("ada", json!({})).await;
    assert_eq!(server.verify_code(&late, "email-otp", &second).await.ok()["isVerified"], false);
    assert!(server.methods("ada").await.is_empty());
}

#[tokio::test]
async fn t7_five_wrong_codes_end_a_challenge() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    server.post("/v1/client/user-authenticators/email-otp", As::Holder(&token), json!({ "email": ADA })).await.ok();
    let code = server.code_sent(ADA).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let mut reasons = Vec::new();
    for guess in [wrong, wrong, wrong, wrong, wrong, code.as_str()] {
        reasons.push(server.verify_code(&token, "email-otp", guess).await.ok()["failureReason"].clone());
    }
    assert_eq!(reasons[..4], ["CODE_INVALID_OR_EXPIRED"; 4]);
    assert_eq!(reasons[4..], ["MAX_ATTEMPTS_EXCEEDED"; 2]);
}

#[tokio::test]
async fn t18_sending_codes_again_does_not_give_more_guesses() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    server.enrol_by_code(&token, "email-otp", ADA).await;
    for _ in 0..2 {
        let token = server.track("ada", json!({})).await;
        server.challenge(&token, "email-otp").await.ok();
        let code = server.code_sent(ADA).await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            server.verify_code(&token, "email-otp", wrong).await.ok();
        }
    }
    let token = server.track("ada", json!({})).await;
    server.challenge(&token, "email-otp").await.ok();
    let reply = server.verify_code(&token, "email-otp", &server.code_sent(ADA).await).await.ok();
    assert_eq!(reply["failureReason"], "MAX_ATTEMPTS_EXCEEDED");
}

#[tokio::test]
async fn an_address_from_the_backend_is_enrolled_by_being_challenged_if_it_is_the_first() {
    let server = Server::start().await;
    let token = server.track("ada", json!({ "email": ADA })).await;
    server.challenge(&token, "email-otp").await.ok();
    let reply = server.verify_code(&token, "email-otp", &server.code_sent(ADA).await).await.ok();
    assert_eq!(reply["userAuthenticator"]["verificationMethod"], "EMAIL_OTP");
    assert_eq!(server.methods("ada").await, ["EMAIL_OTP"]);
}

#[tokio::test]
async fn t11_no_address_becomes_an_authenticator_of_an_enrolled_user_without_the_right() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    let token = server.track("ada", json!({ "email": ADA, "phoneNumber": PHONE })).await;
    for method in ["email-otp", "sms", "whatsapp", "email-magic-link"] {
        server.challenge(&token, method).await.refused(403, "insufficient_scope");
    }
    let token = server.track("bob", json!({})).await;
    for method in ["email-otp", "sms", "whatsapp", "email-magic-link"] {
        server.challenge(&token, method).await.refused(400, "invalid_request");
    }
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
    let outbox = server.get("/local/outbox", As::Nobody).await.ok();
    assert_eq!(outbox["messages"], json!([]), "and nothing was sent");
}

#[tokio::test]
async fn t11_an_address_that_another_action_began_to_enrol_is_sent_nothing_by_this_one() {
    let server = Server::start().await;
    let first = server.track("bob", json!({})).await;
    server.post("/v1/client/user-authenticators/email-otp", As::Holder(&first), json!({ "email": ADA })).await.ok();
    let other = server.track("bob", json!({})).await;
    server.challenge(&other, "email-otp").await.refused(400, "invalid_request");
    server.challenge(&first, "email-otp").await.ok();
}

#[tokio::test]
async fn t11_an_address_that_the_window_began_to_enrol_needs_the_window_to_the_end() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    server.post("/v1/client/user-authenticators/email-otp", As::Holder(&window), json!({ "email": ADA })).await.ok();
    let code = server.code_sent(ADA).await;
    server.advance(600);
    server.verify_code(&window, "email-otp", &code).await.refused(401, "expired_token");
    let fresh = server.track("ada", json!({})).await;
    assert_eq!(server.verify_code(&fresh, "email-otp", &code).await.ok()["isVerified"], false);
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
}

#[tokio::test]
async fn whatsapp_proves_the_phone_number_of_a_text_message_authenticator() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    server.enrol_by_code(&token, "sms", PHONE).await;
    let token = server.track("ada", json!({})).await;
    server.challenge(&token, "whatsapp").await.ok();
    let message = server.message(PHONE).await;
    assert_eq!(message["kind"], "whatsapp");
    let code = message["code"].as_str().unwrap();
    assert_eq!(server.verify_code(&token, "sms", code).await.ok()["isVerified"], false, "another channel's code");
    let reply = server.verify_code(&token, "whatsapp", code).await.ok();
    assert_eq!(reply["isVerified"], true);
    let validated = server.post("/v1/validate", As::Backend, json!({ "token": token_of(&reply) })).await.ok();
    assert_eq!(validated["verificationMethod"], "WHATSAPP");
    assert_eq!(server.authenticators("ada").await[0]["previousSmsChannel"], "WHATSAPP");
}

#[tokio::test]
async fn bad_addresses_and_known_ones_are_refused() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let token = server.enrol_by_code(&token, "email-otp", ADA).await;
    let enrol = async |method: &str, body: Value| {
        server.post(&format!("/v1/client/user-authenticators/{method}"), As::Holder(&token), body).await
    };
    for email in ["", "nobody", "a@b\r\nBcc: c@d", ADA] {
        enrol("email-otp", json!({ "email": email })).await.refused(400, "invalid_request");
    }
    for number in ["", "5550100123", "+1 555"] {
        enrol("sms", json!({ "phoneNumber": number })).await.refused(400, "invalid_request");
    }
    enrol("sms", json!({ "phoneNumber": PHONE, "smsChannel": "PIGEON" })).await.refused(422, "invalid_request");
}

#[tokio::test]
async fn an_action_that_the_backend_refused_is_not_talked_back_by_a_challenge() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    server.enrol_by_code(&token, "email-otp", ADA).await;
    let token = server.track("ada", json!({ "idempotencyKey": "k" })).await;
    server.challenge(&token, "email-otp").await.ok();
    let action = server.app.store.read().await.unwrap().user("ada").await.unwrap().unwrap();
    let mut tx = server.app.store.write().await.unwrap();
    let action = tx.action(&action.user_key, "manage", "k").await.unwrap().unwrap();
    let blocked = authsignal_local::store::ActionState::Block;
    tx.set_action_state(&action.action_key, blocked, None, server.app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    let code = server.code_sent(ADA).await;
    server.verify_code(&token, "email-otp", &code).await.refused(400, "invalid_request");
    let validated = server.post("/v1/validate", As::Backend, json!({ "token": token })).await.ok();
    assert_eq!(validated["state"], "BLOCK");
}
