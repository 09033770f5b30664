//! Phones: push, QR codes, keys inside an app.

use authsignal_local::config::Config;
use axum::http::Method;
use serde_json::{Value, json};

use crate::support::server::{As, claims_of, token_of};
use crate::support::{Phone, Server};

async fn ask_push(server: &Server, token: &str) -> String {
    let reply = server.post("/v1/client/challenge/push", As::Holder(token), json!({ "action": "manage" })).await.ok();
    reply["challengeId"].as_str().unwrap().to_owned()
}

async fn poll_push(server: &Server, token: &str, challenge_id: &str) -> Value {
    server.post("/v1/client/verify/push", As::Holder(token), json!({ "challengeId": challenge_id })).await.ok()
}

async fn user_with_phone(server: &Server, phone: &Phone) {
    let token = server.track("ada", json!({})).await;
    phone.add(server, &token).await.ok();
}

#[tokio::test]
async fn a_phone_approves_and_the_token_is_handed_out_once() {
    let server = Server::start().await;
    let phone = Phone::new("push", 1);
    user_with_phone(&server, &phone).await;
    let token = server.track("ada", json!({})).await;
    let asked = ask_push(&server, &token).await;
    assert_eq!(poll_push(&server, &token, &asked).await, json!({ "isVerified": false, "isConsumed": false }));
    let pending = phone.pending(&server).await;
    assert_eq!(pending["challengeId"], asked.as_str());
    assert_eq!(pending["actionCode"], "manage");
    phone.answer(&server, &asked, true, None).await.ok();
    let reply = poll_push(&server, &token, &asked).await;
    server.create_app(&token_of(&reply)).await;
    assert_eq!(poll_push(&server, &token, &asked).await, json!({ "isVerified": true, "isConsumed": true }));
    assert!(phone.pending(&server).await.get("challengeId").is_none());
    phone.answer(&server, &asked, false, None).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn a_denial_and_a_wrong_number_fail_the_action() {
    let server = Server::start().await;
    let phone = Phone::new("push", 1);
    user_with_phone(&server, &phone).await;
    for (number_match, approved, number, verified) in [
        (json!("42"), true, Some("42"), true),
        (json!(42), true, Some("42"), true),
        (json!("42"), true, Some("24"), false),
        (json!("42"), true, None, false),
        (Value::Null, false, None, false),
    ] {
        let token = server.track("ada", json!({ "custom": { "numberMatch": number_match } })).await;
        let asked = ask_push(&server, &token).await;
        let reply = phone.answer(&server, &asked, approved, number).await.ok();
        assert_eq!(reply["isVerified"], verified);
        let polled = poll_push(&server, &token, &asked).await;
        assert_eq!(polled["isVerified"], verified);
        assert_eq!(polled["isConsumed"], true);
        let state = server.post("/v1/validate", As::Backend, json!({ "token": token })).await.ok()["state"].clone();
        assert_eq!(state, if verified { "CHALLENGE_SUCCEEDED" } else { "CHALLENGE_FAILED" });
    }
}

#[tokio::test]
async fn an_operator_decides_whether_a_person_s_no_fails_the_action_or_the_backend_does() {
    let config = Config { rejection_fails: false, ..Config::local(8787) };
    for (server, wanted) in
        [(Server::start().await, "CHALLENGE_FAILED"), (Server::start_with(config).await, "CHALLENGE_REQUIRED")]
    {
        let [push, qr_code] = [Phone::new("push", 1), Phone::new("qr-code", 2)];
        let first = server.track("ada", json!({})).await;
        let window = server.enrol_by_code(&first, "sms", "+15550100001").await;
        push.add(&server, &window).await.ok();
        qr_code.add(&server, &window).await.ok();

        let token = server.track("ada", json!({})).await;
        let asked = ask_push(&server, &token).await;
        push.answer(&server, &asked, false, None).await.ok();
        let polled = poll_push(&server, &token, &asked).await;
        assert_eq!((&polled["isVerified"], &polled["isConsumed"]), (&json!(false), &json!(true)));
        assert_eq!(state_of(&server, &token).await, wanted);

        let token = server.track("ada", json!({})).await;
        let body = json!({ "action": "manage" });
        let shown = server.post("/v1/client/challenge/qr-code", As::Holder(&token), body).await.ok();
        let code = shown["challengeId"].as_str().unwrap();
        qr_code.claim(&server, code).await.ok();
        qr_code.answer(&server, code, false, None).await.ok();
        assert_eq!(state_of(&server, &token).await, wanted);
    }
}

async fn state_of(server: &Server, token: &str) -> Value {
    server.post("/v1/validate", As::Backend, json!({ "token": token })).await.ok()["state"].clone()
}

#[tokio::test]
async fn a_push_challenge_is_its_own_action_s_and_its_own_user_s() {
    let server = Server::start().await;
    let phone = Phone::new("push", 1);
    user_with_phone(&server, &phone).await;
    let stranger = Phone::new("push", 2);
    let bob = server.track("bob", json!({})).await;
    stranger.add(&server, &bob).await.ok();
    let token = server.track("ada", json!({})).await;
    let other_action = json!({ "action": "pay" });
    server.post("/v1/client/challenge/push", As::Holder(&token), other_action).await.refused(400, "invalid_request");

    let asked = ask_push(&server, &token).await;
    stranger.answer(&server, &asked, true, None).await.refused(400, "invalid_request");
    let other = server.track("ada", json!({})).await;
    for token in [other, bob] {
        let body = json!({ "challengeId": asked });
        server.post("/v1/client/verify/push", As::Holder(&token), body).await.refused(400, "invalid_request");
    }
    assert_eq!(poll_push(&server, &token, &asked).await["isConsumed"], false);
}

#[tokio::test]
async fn a_signature_of_another_key_or_over_something_else_is_refused() {
    let server = Server::start().await;
    let phone = Phone::new("push", 1);
    user_with_phone(&server, &phone).await;
    let token = server.track("ada", json!({})).await;
    let asked = ask_push(&server, &token).await;
    for signature in [phone.sign("x"), Phone::new("push", 2).sign(&asked), String::new()] {
        let body = json!({
            "publicKey": phone.public_key(), "challengeId": asked, "signature": signature, "approved": true,
        });
        server.post(&phone.path("/challenge"), As::Tenant, body).await.refused(400, "invalid_credential");
    }
    assert_eq!(poll_push(&server, &token, &asked).await["isConsumed"], false);
}

#[tokio::test]
async fn adding_a_phone_needs_the_right_to_add() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    let token = server.track("ada", json!({})).await;
    for kind in ["push", "qr-code", "in-app"] {
        Phone::new(kind, 1).add(&server, &token).await.refused(403, "insufficient_scope");
    }
    let scoped = server.track("ada", json!({ "scope": "add:authenticators" })).await;
    let phone = Phone::new("push", 1);
    let added = phone.add(&server, &scoped).await.ok();
    assert_eq!(claims_of(&token_of(&added))["scope"], "add:authenticators");
    phone.add(&server, &scoped).await.refused(400, "invalid_request");
    let found = server.get(&phone.path(&phone.query()), As::Tenant).await.ok();
    assert_eq!(found["userAuthenticatorId"], added["userAuthenticatorId"]);
    assert_eq!(server.methods("ada").await, ["PASSKEY", "PUSH"]);
}

#[tokio::test]
async fn a_device_removes_itself_once_and_never_the_last_authenticator() {
    let server = Server::start().await;
    let phone = Phone::new("push", 1);
    let token = server.track("ada", json!({})).await;
    let window = token_of(&phone.add(&server, &token).await.ok());
    let remove = async |message: String| {
        let body = json!({ "publicKey": phone.public_key(), "signature": phone.sign(&message) });
        server.post(&phone.path("/remove"), As::Tenant, body).await
    };
    let time = |back: i64| format!("{}.0", server.app.clock.now() / 600_000 - back);
    remove(time(0)).await.refused(400, "invalid_request");
    server.create_app(&window).await;
    // What was refused is used up as well: whoever recorded it cannot send it again once it would be done.
    remove(time(0)).await.refused(400, "invalid_credential");
    for message in [time(2), time(-1), time(0).replace(".0", ""), String::new()] {
        remove(message).await.refused(400, "invalid_credential");
    }
    remove(time(1)).await.ok();
    assert_eq!(server.methods("ada").await, ["AUTHENTICATOR_APP"]);
    server.get(&phone.path(&phone.query()), As::Tenant).await.refused(400, "invalid_credential");
    // Whoever recorded the removal cannot do it again to the device that was added anew.
    let scoped = server.track("ada", json!({ "scope": "add:authenticators" })).await;
    phone.add(&server, &scoped).await.ok();
    remove(time(1)).await.refused(400, "invalid_credential");
    assert_eq!(server.methods("ada").await, ["AUTHENTICATOR_APP", "PUSH"]);
}

#[tokio::test]
async fn a_device_changes_where_it_is_reached_by_signing_a_fresh_message_once() {
    let server = Server::start().await;
    let phone = Phone::new("push", 1);
    user_with_phone(&server, &phone).await;
    let asked = server.post(&phone.path(&format!("/sign{}", phone.query())), As::Tenant, json!({})).await.ok();
    let body = json!({
        "challengeId": asked["challengeId"],
        "publicKey": phone.public_key(),
        "signature": phone.sign(asked["message"].as_str().unwrap()),
        "pushToken": "fresh",
    });
    let update = async || server.call(Method::PATCH, &phone.path(""), As::Tenant, body.clone()).await;
    assert_eq!(update().await.ok()["pushToken"], "fresh");
    update().await.refused(400, "invalid_request");
}

#[tokio::test]
async fn a_signed_poll_uses_its_message_once() {
    let server = Server::start().await;
    let phone = Phone::new("push", 1);
    user_with_phone(&server, &phone).await;
    let path = phone.path(&format!("/challenge/sign{}", phone.query()));
    let message = server.post(&path, As::Tenant, json!({})).await.ok()["message"].as_str().unwrap().to_owned();
    let poll = async |signature: &str| {
        let request = axum::http::Request::get(phone.path(&format!("/challenge{}", phone.query())))
            .header("host", "localhost")
            .header("authorization", "Basic bG9jYWw=")
            .header("x-authsignal-signature", signature)
            .body(axum::body::Body::empty())
            .unwrap();
        server.send(request).await
    };
    poll(&phone.sign("x")).await.refused(400, "invalid_credential");
    poll(&phone.sign(&message)).await.ok();
    poll(&phone.sign(&message)).await.refused(400, "invalid_credential");
}

async fn qr_code(server: &Server) -> (String, Value) {
    let reply = server.post("/v1/client/challenge/qr-code", As::Tenant, json!({ "action": "kiosk" })).await.ok();
    let body = json!({ "challengeId": reply["challengeId"], "deviceCode": reply["deviceCode"] });
    (reply["challengeId"].as_str().unwrap().to_owned(), body)
}

async fn poll_qr(server: &Server, body: &Value) -> Value {
    server.post("/v1/client/verify/qr-code", As::Tenant, body.clone()).await.ok()
}

#[tokio::test]
async fn t6_a_code_is_claimed_by_one_phone_and_only_that_one_answers_it() {
    let server = Server::start().await;
    let phone = Phone::new("qr-code", 1);
    user_with_phone(&server, &phone).await;
    let stranger = Phone::new("qr-code", 2);
    stranger.add(&server, &server.track("bob", json!({})).await).await.ok();
    let second = Phone::new("qr-code", 3);
    second.add(&server, &server.track("ada", json!({ "scope": "add:authenticators" })).await).await.ok();
    let (id, poll) = qr_code(&server).await;
    stranger.answer(&server, &id, true, None).await.refused(400, "invalid_credential");
    phone.claim(&server, &id).await.ok();
    stranger.claim(&server, &id).await.refused(400, "invalid_credential");
    second.claim(&server, &id).await.refused(400, "invalid_request");
    second.answer(&server, &id, true, None).await.refused(400, "invalid_credential");
    stranger.answer(&server, &id, true, None).await.refused(400, "invalid_credential");
    assert_eq!(poll_qr(&server, &poll).await, json!({ "isClaimed": true, "isConsumed": false, "isVerified": false }));
    phone.answer(&server, &id, true, None).await.ok();
    let reply = poll_qr(&server, &poll).await;
    let claims = claims_of(&token_of(&reply));
    assert_eq!((&claims["sub"], &claims["other"]["actionCode"]), (&json!("ada"), &json!("kiosk")));
    let later = poll_qr(&server, &poll).await;
    assert_eq!(later, json!({ "isClaimed": true, "isConsumed": true, "isVerified": true }), "no second token");
}

#[tokio::test]
async fn a_code_is_polled_with_its_device_code_and_may_be_rejected() {
    let server = Server::start().await;
    let phone = Phone::new("qr-code", 1);
    user_with_phone(&server, &phone).await;
    let (id, poll) = qr_code(&server).await;
    for device_code in ["", "x"] {
        let body = json!({ "challengeId": id, "deviceCode": device_code });
        server.post("/v1/client/verify/qr-code", As::Tenant, body).await.refused(400, "invalid_request");
    }
    phone.claim(&server, &id).await.ok();
    phone.answer(&server, &id, false, None).await.ok();
    assert_eq!(poll_qr(&server, &poll).await, json!({ "isClaimed": true, "isConsumed": true, "isVerified": false }));
    server.advance(600);
    let (id, _) = qr_code(&server).await;
    server.advance(600);
    phone.claim(&server, &id).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn a_code_that_a_token_made_is_for_its_user_only() {
    let server = Server::start().await;
    let phone = Phone::new("qr-code", 1);
    user_with_phone(&server, &phone).await;
    let bob = server.track("bob", json!({})).await;
    let body = json!({ "action": "manage" });
    let reply = server.post("/v1/client/challenge/qr-code", As::Holder(&bob), body).await.ok();
    phone.claim(&server, reply["challengeId"].as_str().unwrap()).await.refused(400, "invalid_credential");
}

#[tokio::test]
async fn a_phone_shows_what_was_tracked_and_not_what_the_browser_says() {
    let server = Server::start().await;
    let phone = Phone::new("qr-code", 1);
    user_with_phone(&server, &phone).await;
    let ask = async |by: As<'_>, custom: Value| {
        let body = json!({ "action": "manage", "custom": custom });
        let reply = server.post("/v1/client/challenge/qr-code", by, body).await.ok();
        reply["challengeId"].as_str().unwrap().to_owned()
    };
    let tracked = json!({ "amount": "1,000" });
    let token = server.track("ada", json!({ "custom": tracked, "userAgent": "a till" })).await;
    let silent = server.track("ada", json!({})).await;
    for (token, shown) in [(&token, &tracked), (&silent, &Value::Null)] {
        let id = ask(As::Holder(token), json!({ "amount": "1" })).await;
        let claimed = phone.claim(&server, &id).await.ok();
        assert_eq!(claimed.get("custom").unwrap_or(&Value::Null), shown);
    }

    // Of a code that a backend has given to an action since, the action is what is approved.
    let id = ask(As::Tenant, json!({ "till": "4" })).await;
    let pay = json!({ "challengeId": id, "custom": tracked });
    server.post("/v1/users/ada/actions/pay", As::Backend, pay).await.ok();
    let claimed = phone.claim(&server, &id).await.ok();
    assert_eq!((&claimed["actionCode"], &claimed["custom"]), (&json!("pay"), &tracked));
    let alone = ask(As::Tenant, json!({ "till": "4" })).await;
    assert_eq!(
        phone.claim(&server, &alone).await.ok()["custom"],
        json!({ "till": "4" }),
        "there is nothing else to show"
    );
}

#[tokio::test]
async fn a_key_inside_an_app_signs_in_once_per_challenge() {
    let server = Server::start().await;
    let phone = Phone::new("in-app", 1);
    user_with_phone(&server, &phone).await;
    let started = server.post("/v1/client/challenge", As::Tenant, json!({ "action": "signIn" })).await.ok();
    assert!(started["nonce"].is_string());
    let id = started["challengeId"].as_str().unwrap();
    let body = json!({ "challengeId": id, "publicKey": phone.public_key(), "signature": phone.sign(id) });
    let reply = server.post("/v1/client/verify/in-app", As::Tenant, body.clone()).await.ok();
    assert_eq!(reply["userId"], "ada");
    server.create_app(reply["token"].as_str().unwrap()).await;
    server.post("/v1/client/verify/in-app", As::Tenant, body).await.refused(400, "invalid_request");
}
