//! What somebody with a little may try to make more of. Each of these was possible once.

use axum::http::Method;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use futures_util::{SinkExt, StreamExt};
use p256::SecretKey;
use p256::pkcs8::EncodePublicKey;
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::socket::{connect, listen, next};
use crate::support::server::{As, claims_of, token_of};
use crate::support::{Answer, Device, Phone, Server};

/// What the backend says of a token's action.
async fn set_state(server: &Server, token: &str, state: &str) {
    let other = claims_of(token)["other"].clone();
    let text = |name: &str| other[name].as_str().unwrap().to_owned();
    let path = format!("/v1/users/{}/actions/{}/{}", text("userId"), text("actionCode"), text("idempotencyKey"));
    server.call(Method::PATCH, &path, As::Backend, json!({ "state": state })).await.ok();
}

async fn validated(server: &Server, token: &str) -> Value {
    server.post("/v1/validate", As::Backend, json!({ "token": token })).await.ok()
}

#[tokio::test]
async fn what_was_refused_enrols_no_first_authenticator_and_does_not_become_a_success_by_one() {
    let server = Server::start().await;
    for state in ["BLOCK", "CHALLENGE_FAILED", "REVIEW_REQUIRED", "REVIEW_FAILED"] {
        let token = server.track("ada", json!({})).await;
        let options = server.registration_options(&token).await.ok();
        let credential = Device::new().create(&options["options"]).await;
        let secret = server.enrol_totp(&token).await.ok()["secret"].clone();
        let app = authsignal_local::domain::totp::AuthenticatorApp::stored(secret.as_str().unwrap()).unwrap();

        set_state(&server, &token, state).await;
        server.register(&token, &options, credential).await.refused(400, "invalid_request");
        server.verify_totp(&token, &server.code_of(&app)).await.refused(400, "invalid_request");
        server.enrol_totp(&token).await.refused(400, "invalid_request");
        Phone::new("push", 1).add(&server, &token).await.refused(400, "invalid_request");
        assert_eq!(validated(&server, &token).await["state"], state);
        assert!(server.methods("ada").await.is_empty());
    }
}

#[tokio::test]
async fn a_window_ends_when_the_backend_takes_back_what_opened_it() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let window = token_of(&server.sign_in(&mut device).await);
    server.enrol_totp(&window).await.ok();
    set_state(&server, &window, "CHALLENGE_FAILED").await;
    server.enrol_totp(&window).await.refused(400, "invalid_request");
    let scoped = server.track("ada", json!({ "scope": "add:authenticators remove:authenticators" })).await;
    set_state(&server, &scoped, "BLOCK").await;
    server.enrol_totp(&scoped).await.refused(400, "invalid_request");
    let id = server.authenticators("ada").await[0]["userAuthenticatorId"].as_str().unwrap().to_owned();
    let path = format!("/v1/client/user-authenticators/{id}");
    server.delete(&path, As::Holder(&scoped)).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn a_socket_makes_no_codes_for_a_user_after_its_token_has_ended() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let port = listen(&server).await;
    let protocols = format!("authsignal-ws, x.authsignal.token.{token}");
    let (mut socket, _) = connect(port, "/ws-v1-challenge", &protocols).await.unwrap();
    let ask = |action: &str| {
        let data = json!({ "challengeType": "QR_CODE", "actionCode": action });
        Message::text(json!({ "type": "CREATE_CHALLENGE", "data": data }).to_string())
    };
    socket.send(ask("manage")).await.unwrap();
    let first = next(&mut socket).await;
    assert_eq!(first["type"], "CHALLENGE_CREATED");
    server.advance(601);
    socket.send(ask("manage")).await.unwrap();
    let heard = loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Ping(_) => {}
            other => break other,
        }
    };
    assert!(heard.is_close(), "{heard:?}");
}

/// A challenge that names the action of a sign-in.
async fn anonymous(server: &Server) -> String {
    let reply = server.post("/v1/client/challenge", As::Tenant, json!({ "action": "signIn" })).await.ok();
    reply["challengeId"].as_str().unwrap().to_owned()
}

async fn sign_in_by(server: &Server, device: &mut Device, challenge_id: &str) -> Answer {
    let body = server.assertion(device, As::Tenant, json!({ "challengeId": challenge_id })).await;
    server.post("/v1/client/verify/passkey", As::Tenant, body).await
}

#[tokio::test]
async fn a_challenge_that_the_backend_gave_to_a_user_is_met_by_nobody_else() {
    let server = Server::start().await;
    let (mut of_ada, _) = server.enrolled_user("ada").await;
    let (mut of_bob, of_bob_token) = server.enrolled_user("bob").await;
    let phone = Phone::new("in-app", 1);
    phone.add(&server, &of_bob_token).await.ok();

    let id = anonymous(&server).await;
    let tracked = server.track("ada", json!({ "challengeId": id })).await;
    sign_in_by(&server, &mut of_bob, &id).await.refused(400, "invalid_credential");
    assert_eq!(validated(&server, &tracked).await["state"], "CHALLENGE_REQUIRED");
    // Ada meets it, and with it the action that it was given to.
    let signed_in = sign_in_by(&server, &mut of_ada, &id).await.ok();
    assert_eq!(signed_in["userId"], "ada");
    assert_eq!(validated(&server, &tracked).await["isValid"], true);

    let id = anonymous(&server).await;
    server.track("ada", json!({ "challengeId": id })).await;
    let body = json!({ "challengeId": id, "publicKey": phone.public_key(), "signature": phone.sign(&id) });
    server.post("/v1/client/verify/in-app", As::Tenant, body).await.refused(400, "invalid_credential");
}

#[tokio::test]
async fn the_key_of_a_device_has_one_spelling() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let phone = Phone::new("push", 1);
    phone.add(&server, &token).await.ok();
    // The same point, compressed.
    let key = SecretKey::from_slice(&[1; 32]).unwrap().public_key();
    let mut der = header_of_compressed();
    der.extend(p256::elliptic_curve::sec1::ToSec1Point::to_sec1_point(&key, true).as_bytes());
    assert_ne!(BASE64_STANDARD.encode(&der), phone.public_key());
    assert_eq!(BASE64_STANDARD.encode(key.to_public_key_der().unwrap()), phone.public_key());
    let (_, bob) = server.enrolled_user("bob").await;
    let body = json!({ "publicKey": BASE64_STANDARD.encode(&der), "deviceName": "d", "devicePlatform": "ios" });
    for kind in ["push", "in-app"] {
        let path = format!("/v1/client/user-authenticators/{kind}");
        server.post(&path, As::Holder(&bob), body.clone()).await.refused(400, "invalid_request");
    }
}

/// SubjectPublicKeyInfo of P-256 before a compressed point.
fn header_of_compressed() -> Vec<u8> {
    let mut der = vec![0x30, 0x39, 0x30, 0x13];
    der.extend([0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]);
    der.extend([0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
    der.extend([0x03, 0x22, 0x00]);
    der
}

#[tokio::test]
async fn a_credential_id_that_is_longer_than_webauthn_allows_is_refused() {
    let server = Server::start().await;
    for (length, is_taken) in [(1023, true), (1024, false), (20_000, false)] {
        let token = server.track(&format!("ada{length}"), json!({})).await;
        let options = server.registration_options(&token).await.ok();
        let mut credential = Device::new().create(&options["options"]).await;
        let object = BASE64.decode(credential["response"]["attestationObject"].as_str().unwrap()).unwrap();
        let Cbor::Map(mut object) = serde_cbor_2::from_slice(&object).unwrap() else { panic!("no map") };
        let name = Cbor::Text("authData".to_owned());
        let Some(Cbor::Bytes(data)) = object.get(&name) else { panic!("no bytes") };
        let old_length = usize::from(u16::from_be_bytes([data[53], data[54]]));
        // Random, as a database may compress what is not.
        let id: Vec<u8> = std::iter::repeat_with(|| server.app.random.bytes::<1>()[0]).take(length).collect();
        let spoiled =
            [&data[..53], &u16::try_from(length).unwrap().to_be_bytes(), &id, &data[55 + old_length..]].concat();
        object.insert(name, Cbor::Bytes(spoiled));
        credential["response"]["attestationObject"] = json!(BASE64.encode(serde_cbor_2::to_vec(&object).unwrap()));
        credential["id"] = json!(BASE64.encode(&id));
        credential["rawId"] = credential["id"].clone();
        let answer = server.register(&token, &options, credential).await;
        if is_taken {
            answer.ok();
        } else {
            answer.refused(400, "invalid_credential");
        }
    }
}

#[tokio::test]
async fn a_user_whose_name_is_empty_gets_an_authenticator_app() {
    let server = Server::start().await;
    let token = server.track("ada", json!({ "username": "", "email": "" })).await;
    let uri = server.enrol_totp(&token).await.ok()["uri"].clone();
    assert!(uri.as_str().unwrap().contains(":ada?"), "{uri}");
}

#[tokio::test]
async fn a_filter_of_actions_looks_at_all_of_them() {
    let server = Server::start().await;
    let first = server.post("/v1/users/ada/actions/rare", As::Backend, json!({})).await.ok();
    server.advance(1);
    for _ in 0..501 {
        server.track("ada", json!({})).await;
    }
    let found = server.get("/v1/users/ada/actions?codes=x,rare", As::Backend).await.ok();
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["idempotencyKey"], first["idempotencyKey"]);
    for (query, count) in
        [("codes=rar", 0), ("codes=are,ra", 0), ("codes=", 0), ("state=BLOCK", 0), ("state=ALLOW", 500)]
    {
        let found = server.get(&format!("/v1/users/ada/actions?{query}"), As::Backend).await.ok();
        assert_eq!(found.as_array().unwrap().len(), count, "{query}");
    }
}

#[tokio::test]
async fn a_ceremony_that_began_in_a_browser_ends_in_no_app_without_its_cookie() {
    let server = Server::start().await;
    let phone = Phone::new("in-app", 1);
    phone.add(&server, &server.track("ada", json!({})).await).await.ok();
    let started = server.post("/v1/client/challenge/web", As::Tenant, json!({ "action": "signIn" })).await;
    let id = started.body["challengeId"].as_str().unwrap().to_owned();
    let body = json!({ "challengeId": id, "publicKey": phone.public_key(), "signature": phone.sign(&id) });
    server.post("/v1/client/verify/in-app", As::Tenant, body).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn users_with_ids_that_are_no_words_sign_in_to_the_demo() {
    let server = Server::start().await;
    let id = "a b/../\u{e9}?#%";
    let path = format!(
        "/v1/users/{}/actions/manage",
        percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC)
    );
    let tracked = server.post(&path, As::Backend, json!({})).await.ok();
    let (_, token) = server.create_passkey(tracked["token"].as_str().unwrap()).await;
    let signed_in = server.post("/demo/sign-in", As::Nobody, json!({ "token": token })).await.ok();
    assert_eq!(signed_in["user"]["userId"], id);
    server
        .post("/demo/token", As::Nobody, json!({ "action": "manageAuthenticators" }))
        .await
        .refused(401, "unauthorized");
}
