//! Passkeys that were created elsewhere for the same relying party, and are enrolled by the backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};

use crate::support::server::{As, token_of};
use crate::support::{Device, Server};

const ALL: &str = "/v1/users/authenticators";

/// A passkey of another service's, and what that service knows of it.
pub async fn passkey() -> (Device, Value) {
    let elsewhere = Server::start().await;
    let token = elsewhere.track("somebody", json!({})).await;
    let options = elsewhere.registration_options(&token).await.ok();
    let mut device = Device::new();
    let credential = device.create(&options["options"]).await;
    elsewhere.register(&token, &options, credential.clone()).await.ok();
    let object = BASE64.decode(credential["response"]["attestationObject"].as_str().unwrap()).unwrap();
    let Cbor::Map(object) = serde_cbor_2::from_slice(&object).unwrap() else { panic!("no map") };
    let Cbor::Bytes(data) = &object[&Cbor::Text("authData".to_owned())] else { panic!("no bytes") };
    // After the hash, the flags and the counter: the model, and the credential's id with its length.
    let id_length = usize::from(u16::from_be_bytes([data[53], data[54]]));
    let key = BASE64.encode(&data[55 + id_length..]);
    (device, json!({ "credentialId": credential["id"], "credentialPublicKey": key }))
}

pub fn of(user_id: &str, passkey: &Value) -> Value {
    let mut one = passkey.clone();
    one["userId"] = json!(user_id);
    one["verificationMethod"] = json!("PASSKEY");
    one
}

#[tokio::test]
async fn a_passkey_that_was_created_elsewhere_signs_its_user_in_and_opens_the_window() {
    let server = Server::start().await;
    let (mut device, known) = passkey().await;
    let mut one = of("ada", &known);
    one["name"] = json!("Ada's phone");
    let answer = server.post(ALL, As::Backend, json!({ "authenticators": [one] })).await.ok();
    assert_eq!(answer, json!({ "total": 1, "succeeded": 1, "failed": 0, "failures": [] }));
    let stored = server.authenticators("ada").await;
    assert_eq!(stored[0]["webauthnCredential"]["name"], "Ada's phone");
    assert_eq!(stored[0]["webauthnCredential"]["credentialId"], known["credentialId"]);

    // Twice: what the first one tells of the authenticator holds for the second.
    for _ in 0..2 {
        let signed_in = server.sign_in(&mut device).await;
        assert_eq!(signed_in["userId"], "ada");
        server.enrol_totp(&token_of(&signed_in)).await.ok();
    }
    let token = server.track("ada", json!({})).await;
    let body = server.assertion(&mut device, As::Holder(&token), json!({})).await;
    server.post("/v1/client/verify/passkey", As::Holder(&token), body).await.ok();
}

#[tokio::test]
async fn a_passkey_that_was_created_elsewhere_may_carry_a_user_handle_of_any_form() {
    let server = Server::start().await;
    let (mut device, known) = passkey().await;
    server.post(ALL, As::Backend, json!({ "authenticators": [of("ada", &known)] })).await.ok();
    let mut body = server.assertion(&mut device, As::Tenant, json!({})).await;
    body["authenticationCredential"]["response"]["userHandle"] = json!(BASE64.encode("user 17"));
    server.post("/v1/client/verify/passkey", As::Tenant, body).await.ok();
}

#[tokio::test]
async fn while_a_thousand_passkeys_are_enrolled_and_restored_the_thread_is_others_too() {
    let server = Server::start().await;
    let (_, known) = passkey().await;
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = turns.clone();
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    server.post(ALL, As::Backend, batch(&known, 1000)).await.ok();
    assert!(turns.swap(0, Ordering::Relaxed) >= 1000);
    server.post("/local/snapshot", As::Nobody, json!({ "name": "all" })).await.ok();
    turns.store(0, Ordering::Relaxed);
    server.post("/local/restore", As::Nobody, json!({ "name": "all" })).await.ok();
    assert!(turns.load(Ordering::Relaxed) >= 20);
    other.abort();
}

#[tokio::test]
async fn an_imported_passkey_proves_its_own_user_only_and_by_its_own_key_only() {
    let server = Server::start().await;
    let (mut device, known) = passkey().await;
    let (_, other) = passkey().await;
    let mut swapped = known.clone();
    swapped["credentialPublicKey"] = other["credentialPublicKey"].clone();
    server.post(ALL, As::Backend, json!({ "authenticators": [of("ada", &swapped)] })).await.ok();
    let body = server.assertion(&mut device, As::Tenant, json!({})).await;
    server.post("/v1/client/verify/passkey", As::Tenant, body).await.refused(400, "invalid_credential");

    let (_, token) = server.enrolled_user("bob").await;
    let options = "/v1/client/user-authenticators/passkey/authentication-options";
    let of_bob = server.post(options, As::Holder(&token), json!({})).await.ok();
    let mut body = server.assertion(&mut device, As::Tenant, json!({})).await;
    body["challengeId"] = of_bob["challengeId"].clone();
    server.post("/v1/client/verify/passkey", As::Holder(&token), body).await.refused(400, "invalid_credential");
}

#[tokio::test]
async fn of_a_batch_what_is_wrong_is_listed_and_the_rest_is_enrolled() {
    let server = Server::start().await;
    let ((_, first), (_, second)) = (passkey().await, passkey().await);
    let mut no_key = of("dan", &second);
    no_key["credentialPublicKey"] = json!("AAAA");
    let mut no_id = of("dan", &second);
    no_id["credentialId"] = json!("not base64url!");
    let mut by_mail = of("dan", &second);
    by_mail["verificationMethod"] = json!("EMAIL_OTP");
    let mut padded = first.clone();
    let text = padded["credentialId"].as_str().unwrap();
    padded["credentialId"] = json!(format!("{text:=<0$}", text.len().next_multiple_of(4)));
    assert_ne!(padded, first);
    let batch = json!({ "authenticators": [
        of("ada", &first),
        of("ada", &padded),
        of("bob", &first),
        no_key,
        no_id,
        by_mail,
        of("", &second),
        of("cyd", &second),
    ] });
    let answer = server.post(ALL, As::Backend, batch).await.ok();
    assert_eq!((&answer["total"], &answer["succeeded"], &answer["failed"]), (&json!(8), &json!(3), &json!(5)));
    let failures: Vec<_> = answer["failures"].as_array().unwrap().iter().map(|one| one["errorCode"].clone()).collect();
    assert_eq!(failures, ["conflict", "invalid_request", "invalid_request", "invalid_request", "invalid_request"]);
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
    assert_eq!(server.methods("cyd").await, ["PASSKEY"]);
    for nobody in ["bob", "dan"] {
        assert!(server.methods(nobody).await.is_empty());
    }
}

/// So many passkeys, each of another user, with ids as long as WebAuthn lets them be and the longest names.
fn batch(passkey: &Value, count: usize) -> Value {
    let one = |at: usize| {
        let mut one = of(&format!("{at:0>256}"), passkey);
        one["credentialId"] = json!(BASE64.encode(format!("{at:x<1023}")));
        one["name"] = json!("A phone of somebody's");
        one
    };
    json!({ "authenticators": (0..count).map(one).collect::<Vec<_>>() })
}

#[tokio::test]
async fn a_batch_of_a_thousand_is_taken_one_of_a_thousand_and_one_and_ten_megabytes_are_not() {
    let server = Server::start().await;
    let (_, known) = passkey().await;
    server.post(ALL, As::Backend, batch(&known, 1001)).await.refused(400, "invalid_request");
    let mut large = batch(&known, 1000);
    large["authenticators"][0]["name"] = json!("x".repeat(10_000_000));
    server.post(ALL, As::Backend, large).await.refused(413, "invalid_request");
    assert_eq!(server.get("/v1/users", As::Backend).await.ok()["users"], json!([]), "what is refused changes nothing");

    let answer = server.post(ALL, As::Backend, batch(&known, 1000)).await.ok();
    assert_eq!(answer, json!({ "total": 1000, "succeeded": 1000, "failed": 0, "failures": [] }));
    assert_eq!(server.methods(&format!("{:0>256}", 999)).await, ["PASSKEY"]);
    // The room is of this route alone.
    let large = json!({ "displayName": "x".repeat(300_000) });
    server.post("/v1/users/ada", As::Backend, large).await.refused(413, "invalid_request");
}

#[tokio::test]
async fn one_passkey_is_enrolled_like_any_other_verified_authenticator_and_not_twice() {
    let server = Server::start().await;
    let (mut device, known) = passkey().await;
    let enrol = async |user: &str| {
        server.post(&format!("/v1/users/{user}/authenticators"), As::Backend, of(user, &known)).await
    };
    assert_eq!(enrol("ada").await.ok()["authenticator"]["verificationMethod"], "PASSKEY");
    for user in ["ada", "bob"] {
        enrol(user).await.refused(400, "invalid_request");
    }
    let users = server.get("/local/users", As::Nobody).await.ok();
    assert_eq!(users["users"].as_array().unwrap().len(), 1, "what is refused creates no user: {users}");
    assert_eq!(server.sign_in(&mut device).await["userId"], "ada");
}

#[tokio::test]
async fn a_user_who_is_called_as_the_path_of_the_batch_is_reached_by_the_other_spelling() {
    let server = Server::start().await;
    server.track("authenticators", json!({ "email": "a@example.test" })).await;
    let user = server.get("/v1/users/%61uthenticators", As::Backend).await.ok();
    assert_eq!(user["email"], "a@example.test");
}
