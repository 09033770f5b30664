//! Challenges that a backend makes itself.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::server::{As, claims_of};
use crate::support::{Answer, Phone, Server};

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
    for (method, channel) in [("SMS", "DEFAULT"), ("WHATSAPP", "WHATSAPP")] {
        let body = json!({ "verificationMethod": method, "phoneNumber": "+15550100123" });
        let id = ask(&server, body).await;
        let found = server.get(&format!("/v1/challenges?challengeId={id}"), As::Backend).await.ok();
        assert_eq!((&found["verificationMethod"], &found["smsChannel"]), (&json!(method), &json!(channel)));
    }
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

/// Claims a challenge for a user; the token.
async fn claim(server: &Server, id: &str, user_id: &str) -> String {
    let body = json!({ "challengeId": id, "userId": user_id });
    server.post("/v1/claim", As::Backend, body).await.ok()["token"].as_str().unwrap().to_owned()
}

/// The token of ada's, whose address is her authenticator, for a challenge with this scope.
async fn claimed_with(server: &Server, scope: Value) -> String {
    let id = ask(server, json!({ "email": ADA, "scope": scope })).await;
    verify(server, &id, &server.code_sent(ADA).await).await;
    claim(server, &id, "ada").await
}

#[tokio::test]
async fn the_scope_of_a_challenge_takes_rights_from_its_token_and_gives_none() {
    let server = Server::start().await;
    let by_mail = json!({ "verificationMethod": "EMAIL_OTP", "email": ADA });
    server.post("/v1/users/ada/authenticators", As::Backend, by_mail).await.ok();
    let every = "read:authenticators add:authenticators update:authenticators remove:authenticators";
    for (asked, scope) in [
        (Value::Null, every),
        (json!("add:authenticators"), "read:authenticators add:authenticators"),
        (json!("update:authenticators add:authenticatorsX"), "read:authenticators update:authenticators"),
        (json!(every), every),
        (json!(""), "read:authenticators"),
    ] {
        let token = claimed_with(&server, asked.clone()).await;
        assert_eq!(claims_of(&token)["scope"], scope, "{asked}");
        let answer = server.enrol_totp(&token).await;
        assert_eq!(answer.status.is_success(), scope.contains("add:"), "{asked}: {}", answer.body);
    }

    // Of a user whose authenticator the address is not, and of an address that was not verified.
    server.enrolled_user("bob").await;
    for (user_id, verifies) in [("bob", true), ("ada", false)] {
        let id = ask(&server, json!({ "email": ADA, "scope": every })).await;
        if verifies {
            verify(&server, &id, &server.code_sent(ADA).await).await;
        }
        let body = json!({ "challengeId": id, "userId": user_id, "skipVerificationCheck": true });
        let token = server.post("/v1/claim", As::Backend, body).await.ok()["token"].clone();
        let token = token.as_str().unwrap();
        assert_eq!(claims_of(token)["scope"], "read:authenticators", "{user_id}");
        server.enrol_totp(token).await.refused(403, "insufficient_scope");
    }
}

#[tokio::test]
async fn what_was_said_of_a_challenge_holds_for_its_action_also_after_it_was_sent_again() {
    let server = Server::start().await;
    let by_mail = json!({ "verificationMethod": "EMAIL_OTP", "email": ADA });
    server.post("/v1/users/ada/authenticators", As::Backend, by_mail).await.ok();
    let phone = Phone::new("push", 1);
    let add = server.track("ada", json!({ "scope": "add:authenticators" })).await;
    phone.add(&server, &add).await.ok();

    let custom = json!({ "numberMatch": "42", "till": [4] });
    let said = json!({
        "userId": "ada", "email": ADA, "deviceId": "a browser", "custom": custom, "scope": "add:authenticators",
        "ipAddress": "192.0.2.1", "userAgent": "a till",
    });
    let first = ask(&server, said).await;
    let id = ask(&server, json!({ "challengeId": first, "userAgent": "another till" })).await;
    assert_eq!(verify(&server, &first, &server.code_sent(ADA).await).await["isVerified"], false);
    assert_eq!(verify(&server, &id, &server.code_sent(ADA).await).await["isVerified"], true);
    let bob = json!({ "challengeId": id, "userId": "bob" });
    server.post("/v1/claim", As::Backend, bob).await.refused(401, "unauthorized");
    let token = claim(&server, &id, "ada").await;
    assert_eq!(claims_of(&token)["scope"], "read:authenticators add:authenticators");

    let devices = server.get("/v1/users/ada/devices", As::Backend).await.ok();
    assert_eq!(devices[0]["deviceId"], "a browser");
    assert_eq!(devices[0]["lastVerificationMethod"], "EMAIL_OTP");
    let push = json!({ "action": "challenge" });
    server.post("/v1/client/challenge/push", As::Holder(&token), push).await.ok();
    let asked = phone.pending(&server).await;
    assert_eq!(asked["custom"], custom);
    assert_eq!((&asked["deviceId"], &asked["ipAddress"]), (&json!("a browser"), &json!("192.0.2.1")));
    assert_eq!(asked["userAgent"], "another till");
}

#[tokio::test]
async fn a_challenge_for_a_user_is_no_other_s_even_before_they_exist() {
    let server = Server::start().await;
    let id = ask(&server, json!({ "userId": "ada", "email": ADA })).await;
    let again = json!({ "challengeId": id, "userId": "bob" });
    server.post("/v1/challenge", As::Backend, again).await.refused(400, "invalid_request");
    verify(&server, &id, &server.code_sent(ADA).await).await;
    let bob = json!({ "challengeId": id, "userId": "bob" });
    server.post("/v1/claim", As::Backend, bob).await.refused(401, "unauthorized");
    claim(&server, &id, "ada").await;
    for body in [json!({ "userId": "", "email": ADA }), json!({ "deviceId": "x".repeat(257), "email": ADA })] {
        server.post("/v1/challenge", As::Backend, body).await.refused(400, "invalid_request");
    }
}

/// Sends so many codes that are certainly wrong, each to a challenge of its own for ada's address, however it is spelt.
async fn guess(server: &Server, times: usize, user: Value) {
    for time in 0..times {
        let email = if time % 2 == 0 { ADA } else { "Ada@Example.test" };
        let id = ask(server, json!({ "email": email, "userId": user })).await;
        verify(server, &id, "wrong!").await;
    }
}

/// What the right code of a fresh challenge is answered with.
async fn right(server: &Server, user: Value) -> Value {
    let id = ask(server, json!({ "email": ADA, "userId": user })).await;
    verify(server, &id, &server.code_sent(ADA).await).await
}

#[tokio::test]
async fn t18_ten_wrong_codes_over_challenges_of_the_backend_end_guessing_for_five_minutes() {
    let server = Server::start().await;
    server.track("ada", json!({})).await;
    for user in [Value::Null, json!("ada")] {
        guess(&server, 9, user.clone()).await;
        assert_eq!(right(&server, user.clone()).await["isVerified"], true, "{user}");
        guess(&server, 1, user.clone()).await;
        assert_eq!(right(&server, user.clone()).await["failureReason"], "MAX_ATTEMPTS_EXCEEDED", "{user}");
        server.advance(301);
        assert_eq!(right(&server, user.clone()).await["isVerified"], true, "{user}");
        server.advance(301);
    }
    // By another name of the same address nothing is won, and another address is not the same.
    guess(&server, 10, Value::Null).await;
    let id = ask(&server, json!({ "email": "bob@example.test" })).await;
    assert_eq!(verify(&server, &id, &server.code_sent("bob@example.test").await).await["isVerified"], true);
}

#[tokio::test]
async fn t18_guesses_at_an_authenticator_count_whoever_asks_for_its_codes() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    server.enrol_by_code(&token, "email-otp", ADA).await;
    let by_browser = async |code: Option<&str>| {
        let token = server.track("ada", json!({})).await;
        server.challenge(&token, "email-otp").await.ok();
        let sent = server.code_sent(ADA).await;
        server.verify_code(&token, "email-otp", code.unwrap_or(&sent)).await.ok()
    };
    for _ in 0..5 {
        by_browser(Some("wrong!")).await;
    }
    guess(&server, 5, Value::Null).await;
    for user in [Value::Null, json!("ada")] {
        assert_eq!(right(&server, user.clone()).await["failureReason"], "MAX_ATTEMPTS_EXCEEDED", "{user}");
    }
    assert_eq!(by_browser(None).await["failureReason"], "MAX_ATTEMPTS_EXCEEDED");

    // What somebody else tries to enrol is not hers.
    server.advance(301);
    let other = server.track("eve", json!({})).await;
    let email = json!({ "email": ADA });
    server.post("/v1/client/user-authenticators/email-otp", As::Holder(&other), email).await.ok();
    for _ in 0..5 {
        server.verify_code(&other, "email-otp", "wrong!").await.ok();
    }
    guess(&server, 9, Value::Null).await;
    assert_eq!(by_browser(None).await["isVerified"], true);
}

#[tokio::test]
async fn t18_of_guesses_at_once_no_more_than_ten_are_looked_at() {
    let server = Arc::new(Server::start().await);
    let mut ids = Vec::new();
    for at in 0..30 {
        // Each of another action: of one action a new challenge ends the one before.
        ids.push(ask(&server, json!({ "email": ADA, "action": format!("action-{at}") })).await);
    }
    let guesses = ids.into_iter().map(|id| {
        let server = server.clone();
        tokio::spawn(async move { verify(&server, &id, "wrong!").await["failureReason"].clone() })
    });
    let answers = join_all(guesses).await;
    let looked_at = answers.into_iter().filter(|answer| *answer.as_ref().unwrap() == "CODE_INVALID_OR_EXPIRED").count();
    assert_eq!(looked_at, 9, "the tenth says that it was the last");
}

#[tokio::test]
async fn a_challenge_is_attached_to_one_tracked_user() {
    let server = Server::start().await;
    let id = ask(&server, json!({ "email": ADA })).await;
    let tracked = server.track("ada", json!({ "challengeId": id })).await;
    verify(&server, &id, &server.code_sent(ADA).await).await;
    // What it is claimed by is the action that it was attached to.
    let claimed = claim(&server, &id, "ada").await;
    assert_eq!(claims_of(&claimed)["other"]["actionCode"], "manage");
    let state = server.post("/v1/validate", As::Backend, json!({ "token": tracked })).await.ok();
    assert_eq!(state["isValid"], true);
    let again = json!({ "challengeId": id });
    server.post("/v1/users/bob/actions/manage", As::Backend, again).await.refused(401, "unauthorized");
    let late = ask(&server, json!({ "email": ADA })).await;
    server.advance(600);
    let late = json!({ "challengeId": late });
    server.post("/v1/users/bob/actions/manage", As::Backend, late).await.refused(401, "unauthorized");
    // A ceremony is no such challenge.
    let options = "/v1/client/user-authenticators/passkey/authentication-options";
    let begun = server.post(options, As::Tenant, json!({})).await.ok()["challengeId"].clone();
    let begun = json!({ "challengeId": begun });
    server.post("/v1/users/bob/actions/manage", As::Backend, begun).await.refused(401, "unauthorized");
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

async fn track_with(server: &Server, user_id: &str, attributes: Value) -> Answer {
    server.post(&format!("/v1/users/{user_id}/actions/manage"), As::Backend, attributes).await
}

#[tokio::test]
async fn a_track_that_is_repeated_with_its_challenge_is_the_same_action_with_a_key_or_without() {
    let server = Server::start().await;
    for key in [Value::Null, json!("k")] {
        let id = ask(&server, json!({ "email": ADA })).await;
        let attributes = json!({ "challengeId": id, "idempotencyKey": key, "scope": "add:authenticators" });
        let first = track_with(&server, "ada", attributes).await.ok();
        // A repeat never adds rights, nor takes any.
        let again = json!({ "challengeId": id, "idempotencyKey": key, "scope": "remove:authenticators" });
        let again = track_with(&server, "ada", again).await.ok();
        assert_eq!(again["idempotencyKey"], first["idempotencyKey"], "{key}");
        assert_eq!(claims_of(again["token"].as_str().unwrap())["scope"], "add:authenticators", "{key}");
        verify(&server, &id, &server.code_sent(ADA).await).await;
        claim(&server, &id, "ada").await;
        let state = server.post("/v1/validate", As::Backend, json!({ "token": again["token"] })).await.ok();
        assert_eq!(state["isValid"], true, "{key}: what the challenge proves is the action of both answers");
    }
    let actions = server.get("/v1/users/ada/actions", As::Backend).await.ok();
    assert_eq!(actions.as_array().unwrap().len(), 2, "{actions}");
}

#[tokio::test]
async fn a_challenge_of_one_action_is_attached_to_no_other_of_the_same_user() {
    let server = Server::start().await;
    let id = ask(&server, json!({ "email": ADA })).await;
    let attached = json!({ "challengeId": id, "idempotencyKey": "k" });
    track_with(&server, "ada", attached).await.ok();
    let other_key = json!({ "challengeId": id, "idempotencyKey": "l" });
    track_with(&server, "ada", other_key).await.refused(401, "unauthorized");
    let no_key = json!({ "challengeId": id });
    server.post("/v1/users/ada/actions/pay", As::Backend, no_key).await.refused(401, "unauthorized");
    let actions = server.get("/v1/users/ada/actions", As::Backend).await.ok();
    assert_eq!(actions.as_array().unwrap().len(), 1, "what is refused leaves no action: {actions}");
}

#[tokio::test]
async fn a_repeat_with_another_challenge_attaches_no_second_one() {
    let server = Server::start().await;
    let first = ask(&server, json!({ "email": ADA })).await;
    let second = ask(&server, json!({ "email": "bob@example.test" })).await;
    for (attached, other) in [(Some(&first), &second), (None, &second)] {
        let key = json!(attached.map_or("none", |_| "one"));
        let attributes = json!({ "challengeId": attached, "idempotencyKey": key });
        track_with(&server, "ada", attributes).await.ok();
        let other = json!({ "challengeId": other, "idempotencyKey": key });
        track_with(&server, "ada", other).await.refused(401, "unauthorized");
    }
    // It is nobody's still.
    track_with(&server, "bob", json!({ "challengeId": second })).await.ok();
}

#[tokio::test]
async fn a_new_challenge_ends_the_one_before_it_of_the_same_subject_and_action() {
    let server = Server::start().await;
    for user in [Value::Null, json!("ada")] {
        let said = |action: &str| json!({ "email": ADA, "userId": user, "action": action });
        let first = ask(&server, said("signIn")).await;
        let code = server.code_sent(ADA).await;
        let (other, other_code) = (ask(&server, said("pay")).await, server.code_sent(ADA).await);
        let by_text = json!({ "phoneNumber": "+15550100123", "userId": user, "action": "signIn" });
        let by_text = ask(&server, by_text).await;
        let second = ask(&server, said("signIn")).await;
        assert_eq!(verify(&server, &first, &code).await["failureReason"], "CODE_INVALID_OR_EXPIRED", "{user}");
        assert_eq!(verify(&server, &second, &server.code_sent(ADA).await).await["isVerified"], true, "{user}");
        assert_eq!(verify(&server, &other, &other_code).await["isVerified"], true, "{user}: another action's");
        let texted = server.code_sent("+15550100123").await;
        assert_eq!(verify(&server, &by_text, &texted).await["isVerified"], true, "{user}: another way's");
        // What was verified may be claimed all the same: nobody takes it away by asking for another code.
        ask(&server, said("signIn")).await;
        claim(&server, &second, "ada").await;
    }
}

#[tokio::test]
async fn of_challenges_at_once_for_one_subject_and_action_one_is_left() {
    let server = Arc::new(Server::start().await);
    for user in [Value::Null, json!("ada")] {
        server.track("ada", json!({})).await;
        let asked = (0..8).map(|_| {
            let (server, body) = (server.clone(), json!({ "email": ADA, "userId": user }));
            tokio::spawn(async move { ask(&server, body).await })
        });
        let mut open = 0;
        for id in join_all(asked).await {
            let path = format!("/v1/challenges?challengeId={}", id.unwrap());
            open += usize::from(server.get(&path, As::Backend).await.ok() != json!({}));
        }
        assert_eq!(open, 1, "{user}");
    }
}

#[tokio::test]
async fn a_challenge_is_found_for_its_own_user_and_no_other() {
    let server = Server::start().await;
    server.track("ada", json!({})).await;
    let found = async |id: &str, user_id: &str| {
        let path = format!("/v1/challenges?challengeId={id}&userId={user_id}");
        server.get(&path, As::Backend).await.ok()["challengeId"] == *id
    };
    let of_ada = ask(&server, json!({ "email": ADA, "userId": "ada" })).await;
    let of_eve = ask(&server, json!({ "email": ADA, "userId": "eve" })).await;
    let of_nobody = ask(&server, json!({ "email": "bob@example.test" })).await;
    server.track("bob", json!({})).await;
    for user_id in ["ada", "bob", "eve"] {
        assert_eq!(found(&of_ada, user_id).await, user_id == "ada", "{user_id}");
        assert_eq!(found(&of_eve, user_id).await, user_id == "eve", "{user_id}, who does not exist yet");
        assert!(!found(&of_nobody, user_id).await, "{user_id}");
    }
    track_with(&server, "bob", json!({ "challengeId": of_nobody })).await.ok();
    assert!(found(&of_nobody, "bob").await);
}
