//! What the binding must be immune to, each test named after its number; further ones stand beside their rules in
//! `domain/` and `token`.

use std::sync::Arc;

use authsignal_local::config::Config;
use authsignal_local::domain::totp::AuthenticatorApp;
use authsignal_local::random::Random;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::process::deployed_database;
use crate::support::server::{As, claims_of, token_of};
use crate::support::{Answer, Device, Server};

/// Every answer to `count` requests that are made at once.
async fn at_once<F, R>(count: usize, request: F) -> Vec<Answer>
where
    F: Fn(usize) -> R,
    R: Future<Output = Answer> + Send + 'static,
{
    let mut running = JoinSet::new();
    for at in 0..count {
        running.spawn(request(at));
    }
    running.join_all().await
}

#[tokio::test]
async fn t2_an_attestation_that_is_posted_after_the_window_is_refused() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    server.advance(590);
    let options = server.registration_options(&window).await.ok();
    let credential = Device::new().create(&options["options"]).await;
    server.advance(10);
    server.register(&window, &options, credential).await.refused(401, "expired_token");
    assert_eq!(server.authenticators("ada").await.len(), 1);
}

#[tokio::test]
async fn t2_a_code_that_is_sent_after_the_window_enrols_nothing() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    let pending = server.enrol_totp(&window).await.ok();
    let app = AuthenticatorApp::stored(pending["secret"].as_str().unwrap()).unwrap();
    server.advance(600);
    server.verify_totp(&window, &server.code_of(&app)).await.refused(401, "expired_token");
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
}

#[tokio::test]
async fn t3_a_captured_assertion_is_accepted_once_however_often_it_is_sent_at_once() {
    let server = Arc::new(Server::start().await);
    let (mut device, _) = server.enrolled_user("ada").await;
    let body = server.assertion(&mut device, As::Tenant, json!({})).await;
    let answers = at_once(20, |_| {
        let (server, body) = (server.clone(), body.clone());
        async move { server.post("/v1/client/verify/passkey", As::Tenant, body).await }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 1);
}

#[tokio::test]
async fn t3_an_assertion_answers_the_stored_challenge_and_no_other() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let captured = server.assertion(&mut device, As::Tenant, json!({})).await;
    server.post("/v1/client/verify/passkey", As::Tenant, captured.clone()).await.ok();

    let mut replayed = server.assertion(&mut device, As::Tenant, json!({})).await;
    replayed["authenticationCredential"] = captured["authenticationCredential"].clone();
    server.post("/v1/client/verify/passkey", As::Tenant, replayed).await.refused(400, "invalid_credential");
    let mut unnamed = captured;
    unnamed["challengeId"] = Value::Null;
    server.post("/v1/client/verify/passkey", As::Tenant, unnamed).await.refused(400, "invalid_request");
}

/// A server whose readers see what is committed while others write, and a passkey of Ada's, with the folder of the data.
async fn with_passkey(device: Device) -> (Arc<Server>, Device, impl Sized) {
    let (database, folder) = deployed_database().await;
    let server = Server::start_on(Config::local(8787), Random::System, &database).await;
    let token = server.track("ada", json!({})).await;
    let (device, _) = server.create_passkey_on(device, &token).await;
    (Arc::new(server), device, folder)
}

/// Signs in by all of these at once.
async fn sign_in_at_once(server: &Arc<Server>, assertions: &[Value]) -> Vec<Answer> {
    at_once(assertions.len(), |at| {
        let (server, body) = (server.clone(), assertions[at].clone());
        async move { server.post("/v1/client/verify/passkey", As::Tenant, body).await }
    })
    .await
}

#[tokio::test]
async fn t3_of_a_passkey_and_its_copy_that_count_alike_at_once_one_signs_in_and_no_passkey_is_called_unknown() {
    let (server, mut device, _folder) = with_passkey(Device::new().counting()).await;
    server.sign_in(&mut device).await;
    let mut copy = device.clone();
    let mut assertions = Vec::new();
    for device in [&mut device, &mut copy] {
        assertions.push(server.assertion(device, As::Tenant, json!({})).await);
    }
    let answers = sign_in_at_once(&server, &assertions).await;
    let (passed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status.is_success());
    assert_eq!((passed.len(), refused.len()), (1, 1));
    for answer in refused {
        answer.refused(400, "invalid_credential");
    }
}

#[tokio::test]
async fn t3_of_a_security_key_and_its_copy_that_count_alike_at_once_one_meets_its_challenge() {
    const KEY: &str = "/v1/client/user-authenticators/security-key";
    let (database, _folder) = deployed_database().await;
    let server = Arc::new(Server::start_on(Config::local(8787), Random::System, &database).await);
    let token = server.track("ada", json!({})).await;
    let options = server.post(&format!("{KEY}/registration-options"), As::Holder(&token), json!({})).await.ok();
    let mut device = Device::new().counting();
    let credential = device.create(&options).await;
    server.post(KEY, As::Holder(&token), credential).await.ok();
    let mut ready = Vec::new();
    for mut device in [device.clone(), device] {
        let token = server.track("ada", json!({})).await;
        let options = server.post(&format!("{KEY}/authentication-options"), As::Holder(&token), json!({})).await.ok();
        ready.push((token, device.get(&options).await));
    }
    let answers = at_once(2, |at| {
        let (server, (token, credential)) = (server.clone(), ready[at].clone());
        async move { server.post("/v1/client/verify/security-key", As::Holder(&token), credential).await }
    })
    .await;
    let (passed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status.is_success());
    assert_eq!((passed.len(), refused.len()), (1, 1));
    for answer in refused {
        answer.refused(400, "invalid_credential");
    }
}

#[tokio::test]
async fn t3_a_counter_never_goes_back_whichever_of_two_assertions_is_stored_last() {
    let (server, mut device, _folder) = with_passkey(Device::new().counting()).await;
    let behind = server.assertion(&mut device, As::Tenant, json!({})).await;
    let mut copy = device.clone();
    let ahead = server.assertion(&mut device, As::Tenant, json!({})).await;
    sign_in_at_once(&server, &[ahead, behind]).await;
    // The copy counts to where the device is.
    let body = server.assertion(&mut copy, As::Tenant, json!({})).await;
    server.post("/v1/client/verify/passkey", As::Tenant, body).await.refused(400, "invalid_credential");
    server.sign_in(&mut device).await;
}

#[tokio::test]
async fn a_passkey_that_does_not_count_signs_in_on_several_pages_at_once() {
    let (server, mut device, _folder) = with_passkey(Device::new()).await;
    let mut assertions = Vec::new();
    for _ in 0..8 {
        assertions.push(server.assertion(&mut device, As::Tenant, json!({})).await);
    }
    for answer in sign_in_at_once(&server, &assertions).await {
        answer.ok();
    }
}

#[tokio::test]
async fn t3_a_ceremony_belongs_to_the_token_s_action_that_began_it() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let mine = server.track("ada", json!({})).await;
    let other = server.track("ada", json!({})).await;
    let body = server.assertion(&mut device, As::Holder(&mine), json!({})).await;
    server.post("/v1/client/verify/passkey", As::Holder(&other), body.clone()).await.refused(400, "invalid_request");
    server.post("/v1/client/verify/passkey", As::Tenant, body.clone()).await.refused(400, "invalid_request");
    server.post("/v1/client/verify/passkey", As::Holder(&mine), body).await.ok();
}

#[tokio::test]
async fn t4_a_scope_less_token_of_an_enrolled_user_enrols_nothing() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    let token = server.track("ada", json!({})).await;
    let description = server.registration_options(&token).await.refused(403, "insufficient_scope");
    assert!(description.contains("add:authenticators"), "{description}");
    server.enrol_totp(&token).await.refused(403, "insufficient_scope");
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
}

#[tokio::test]
async fn t4_the_token_from_before_the_challenge_gains_nothing_by_it() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let before = server.track("ada", json!({})).await;
    let body = server.assertion(&mut device, As::Holder(&before), json!({})).await;
    let reply = server.post("/v1/client/verify/passkey", As::Holder(&before), body).await.ok();
    server.enrol_totp(&before).await.refused(403, "insufficient_scope");
    server.enrol_totp(&token_of(&reply)).await.ok();
}

#[tokio::test]
async fn t4_a_backend_issued_scope_enrols_without_a_challenge() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    let token = server.track("ada", json!({ "scope": "add:authenticators" })).await;
    server.create_app(&token).await;
    assert_eq!(server.methods("ada").await, ["AUTHENTICATOR_APP", "PASSKEY"]);
}

#[tokio::test]
async fn t5_nobody_deletes_another_user_s_authenticator() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    server.enrolled_user("bob").await;
    let id = server.authenticators("ada").await[0]["userAuthenticatorId"].as_str().unwrap().to_owned();
    server.delete(&format!("/v1/users/bob/authenticators/{id}"), As::Backend).await.refused(404, "not_found");
    assert_eq!(server.authenticators("ada").await.len(), 1);
}

#[tokio::test]
async fn t7_a_code_is_accepted_once_in_a_row_and_once_of_fifty_at_once() {
    let server = Arc::new(Server::start().await);
    let token = server.track("ada", json!({})).await;
    let enrolment = server.enrol_totp(&token).await.ok();
    let app = AuthenticatorApp::stored(enrolment["secret"].as_str().unwrap()).unwrap();
    let used = server.code_of(&app);
    assert_eq!(server.verify_totp(&token, &used).await.ok()["isVerified"], true);
    let token = server.track("ada", json!({})).await;
    assert_eq!(server.verify_totp(&token, &used).await.ok()["isVerified"], false, "the enrolment has used it");

    server.advance(60);
    let code = server.code_of(&app);
    let mut tokens = Vec::new();
    for _ in 0..50 {
        tokens.push(server.track("ada", json!({})).await);
    }
    let answers = at_once(50, |at| {
        let (server, token, code) = (server.clone(), tokens[at].clone(), code.clone());
        async move { server.verify_totp(&token, &code).await }
    })
    .await;
    let verified = answers.into_iter().filter(|answer| answer.body["isVerified"] == true).count();
    assert_eq!(verified, 1);
}

#[tokio::test]
async fn t7_the_code_before_an_accepted_one_is_refused_too() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let (app, _) = server.create_app(&token).await;
    server.advance(60);
    let before = server.code_of(&app);
    server.advance(30);
    let token = server.track("ada", json!({})).await;
    assert_eq!(server.verify_totp(&token, &server.code_of(&app)).await.ok()["isVerified"], true);
    assert_eq!(server.verify_totp(&token, &before).await.ok()["isVerified"], false);
}

#[tokio::test]
async fn t7_five_wrong_codes_end_the_action_even_for_the_right_one() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let (app, _) = server.create_app(&token).await;
    server.advance(60);
    let token = server.track("ada", json!({})).await;
    let wrong = server.wrong_code_of(&app);
    for _ in 0..4 {
        let reply = server.verify_totp(&token, &wrong).await.ok();
        assert_eq!(reply["failureReason"], "CODE_INVALID_OR_EXPIRED");
    }
    for code in [&wrong, &server.code_of(&app)] {
        let reply = server.verify_totp(&token, code).await.ok();
        assert_eq!(reply, json!({ "isVerified": false, "failureReason": "MAX_ATTEMPTS_EXCEEDED" }));
    }
    let token = server.track("ada", json!({})).await;
    assert_eq!(server.verify_totp(&token, &server.code_of(&app)).await.ok()["isVerified"], true);
}

#[tokio::test]
async fn t18_ten_wrong_codes_over_fresh_tokens_end_guessing_for_five_minutes() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let (app, _) = server.create_app(&token).await;
    server.advance(60);
    for _ in 0..10 {
        let token = server.track("ada", json!({})).await;
        server.verify_totp(&token, &server.wrong_code_of(&app)).await.ok();
    }
    let token = server.track("ada", json!({})).await;
    let reply = server.verify_totp(&token, &server.code_of(&app)).await.ok();
    assert_eq!(reply["failureReason"], "MAX_ATTEMPTS_EXCEEDED");
    server.advance(301);
    let token = server.track("ada", json!({})).await;
    assert_eq!(server.verify_totp(&token, &server.code_of(&app)).await.ok()["isVerified"], true);
}

#[tokio::test]
async fn t8_a_second_enrolment_leaves_the_verified_app_as_it_is() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let (app, window) = server.create_app(&token).await;
    server.enrol_totp(&window).await.ok();
    server.advance(60);
    let token = server.track("ada", json!({})).await;
    assert_eq!(server.verify_totp(&token, &server.code_of(&app)).await.ok()["isVerified"], true);
    assert_eq!(server.authenticators("ada").await.len(), 1);
}

#[tokio::test]
async fn t10_of_parallel_first_enrolments_one_passes() {
    let server = Arc::new(Server::start().await);
    let mut ready = Vec::new();
    for _ in 0..8 {
        let token = server.track("ada", json!({})).await;
        let options = server.registration_options(&token).await.ok();
        let credential = Device::new().create(&options["options"]).await;
        ready.push((token, options, credential));
    }
    let answers = at_once(8, |at| {
        let server = server.clone();
        let (token, options, credential) = ready[at].clone();
        async move { server.register(&token, &options, credential).await }
    })
    .await;
    let (passed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status.is_success());
    assert_eq!(passed.len(), 1);
    for answer in refused {
        answer.refused(403, "insufficient_scope");
    }
    assert_eq!(server.authenticators("ada").await.len(), 1);
}

#[tokio::test]
async fn t10_a_spent_first_enrolment_does_not_come_back_when_everything_is_deleted() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    server.create_passkey(&token).await;
    let id = server.authenticators("ada").await[0]["userAuthenticatorId"].as_str().unwrap().to_owned();
    server.delete(&format!("/v1/users/ada/authenticators/{id}"), As::Backend).await.ok();
    server.registration_options(&token).await.refused(403, "insufficient_scope");
    let fresh = server.track("ada", json!({})).await;
    server.create_passkey(&fresh).await;
}

#[tokio::test]
async fn t13_scope_words_of_a_backend_count_whole_or_not_at_all() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    for scope in ["add:authenticatorsX", "add:", "ADD:AUTHENTICATORS", "remove:authenticators", "all"] {
        let token = server.track("ada", json!({ "scope": scope })).await;
        server.enrol_totp(&token).await.refused(403, "insufficient_scope");
    }
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
}

#[tokio::test]
async fn t13_a_token_of_another_tenant_is_refused() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let (header, rest) = token.split_once('.').unwrap();
    let (payload, _) = rest.split_once('.').unwrap();
    for forged in [format!("{header}.{payload}."), format!("{header}.{payload}.AAAA"), "x".to_owned(), String::new()] {
        server.enrol_totp(&forged).await.refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn t14_only_what_this_tenant_does_not_have_for_this_relying_party_is_unknown() {
    const VERIFY: &str = "/v1/client/verify/passkey";
    let server = Server::start().await;
    let other = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let (_, bob) = server.enrolled_user("bob").await;

    // Known, whatever else is wrong with it.
    let mut forged = server.assertion(&mut device, As::Tenant, json!({})).await;
    forged["authenticationCredential"]["response"]["signature"] = json!("AAAA");
    server.post(VERIFY, As::Tenant, forged).await.refused(400, "invalid_credential");
    let body = server.assertion(&mut device, As::Tenant, json!({})).await;
    let options = "/v1/client/user-authenticators/passkey/authentication-options";
    let of_bob = server.post(options, As::Holder(&bob), json!({})).await.ok();
    let mut borrowed = body.clone();
    borrowed["challengeId"] = of_bob["challengeId"].clone();
    server.post(VERIFY, As::Holder(&bob), borrowed).await.refused(400, "invalid_credential");

    // Sent to a tenant that never asked for it, or in the name of one that is not here.
    other.post(VERIFY, As::Tenant, body.clone()).await.refused(400, "invalid_request");
    server.post(VERIFY, As::Nobody, body).await.refused(401, "unauthorized");

    // Gone: unknown, unless it was made for another relying party.
    server.delete_user("ada").await;
    let mut elsewhere = server.assertion(&mut device, As::Tenant, json!({})).await;
    let data = &mut elsewhere["authenticationCredential"]["response"]["authenticatorData"];
    *data = json!(format!("AAAA{}", &data.as_str().unwrap()[4..]));
    server.post(VERIFY, As::Tenant, elsewhere).await.refused(400, "invalid_credential");
    let body = server.assertion(&mut device, As::Tenant, json!({})).await;
    server.post(VERIFY, As::Tenant, body).await.refused(400, "unknown_credential");
}

#[tokio::test]
async fn t14_a_credential_is_known_by_its_id_with_padding_too() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let mut padded = server.assertion(&mut device, As::Tenant, json!({})).await;
    for name in ["id", "rawId"] {
        let id = &mut padded["authenticationCredential"][name];
        *id = json!(format!("{}==", id.as_str().unwrap()));
    }
    server.post("/v1/client/verify/passkey", As::Tenant, padded).await.ok();
}

#[tokio::test]
async fn t15_an_enrolment_by_scope_mints_the_scope_and_the_end_of_the_asking_token() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    let asking = server.track("ada", json!({ "scope": "add:authenticators" })).await;
    server.advance(100);
    let (_, minted) = server.create_app(&asking).await;
    assert_eq!(claims_of(&minted)["scope"], "add:authenticators");
    assert_eq!(claims_of(&minted)["exp"], claims_of(&asking)["exp"]);
}

#[tokio::test]
async fn t16_no_chain_of_enrolments_outlives_the_window_of_its_challenge() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let mut token = token_of(&server.sign_in(&mut device).await);
    let end = claims_of(&token)["exp"].clone();
    let mut chain = vec![token.clone()];
    for _ in 0..3 {
        server.advance(190);
        token = server.create_passkey(&token).await.1;
        assert_eq!(claims_of(&token)["exp"], end);
        chain.push(token.clone());
    }
    server.advance(31);
    for token in chain {
        server.enrol_totp(&token).await.refused(401, "expired_token");
    }
    assert_eq!(server.authenticators("ada").await.len(), 4);
}

#[tokio::test]
async fn t17_tokens_of_a_deleted_user_do_not_fit_a_later_one_of_the_same_id() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    let scoped = server.track("ada", json!({ "scope": "add:authenticators" })).await;
    server.delete_user("ada").await;
    server.enrol_totp(&window).await.refused(401, "unauthorized");
    server.enrolled_user("ada").await;
    for token in [window, scoped] {
        server.enrol_totp(&token).await.refused(401, "unauthorized");
    }
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
}

#[tokio::test]
async fn t17_removing_the_authenticator_that_opened_a_window_ends_the_window() {
    let server = Server::start().await;
    let (mut device, first) = server.enrolled_user("ada").await;
    server.create_app(&first).await;
    let window = token_of(&server.sign_in(&mut device).await);
    let all = server.authenticators("ada").await;
    let passkey = all.iter().find(|one| one["verificationMethod"] == "PASSKEY").unwrap();
    let path = format!("/v1/users/ada/authenticators/{}", passkey["userAuthenticatorId"].as_str().unwrap());
    server.delete(&path, As::Backend).await.ok();
    server.registration_options(&window).await.refused(401, "expired_token");
}

#[tokio::test]
async fn a_repeated_idempotency_key_gives_the_same_action_and_never_more_rights() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let first = server.track("ada", json!({ "idempotencyKey": "k" })).await;
    let repeated = server.track("ada", json!({ "idempotencyKey": "k", "scope": "add:authenticators" })).await;
    server.enrol_totp(&repeated).await.refused(403, "insufficient_scope");

    let scoped = server.track("ada", json!({ "idempotencyKey": "s", "scope": "add:authenticators" })).await;
    let body = server.assertion(&mut device, As::Holder(&scoped), json!({})).await;
    server.post("/v1/client/verify/passkey", As::Holder(&scoped), body).await.ok();
    let after = server.track("ada", json!({ "idempotencyKey": "s", "scope": "add:authenticators" })).await;
    assert_eq!(claims_of(&after)["scope"], "read:authenticators", "the action has succeeded already");
    assert_eq!(claims_of(&first)["other"]["idempotencyKey"], "k");
}
