//! Tokens that anybody can check, and nobody else can make.

use authsignal_local::config::Config;
use authsignal_local::random::hmac_sha256;
use authsignal_local::token_key::{TokenKey, has_signed};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::server::As;

fn key() -> TokenKey {
    TokenKey::from_pem(include_bytes!("../keys/one.pem")).unwrap()
}

async fn start() -> Server {
    Server::start_with(Config { token_key: Some(key()), ..Config::local(8787) }).await
}

const JWKS: &str = "/v1/client/public/local/.well-known/jwks";

/// DER of an INTEGER or a SEQUENCE.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut all = if content.len() < 128 { vec![tag, length[1]] } else { vec![tag, 0x82, length[0], length[1]] };
    all.extend_from_slice(content);
    all
}

#[tokio::test]
async fn a_backend_checks_a_token_with_the_published_key_alone() {
    let server = start().await;
    let token = server.track("ada", json!({})).await;
    let jwks = server.get(JWKS, As::Nobody).await.ok();
    let jwk = &jwks["keys"][0];
    assert_eq!((&jwk["kty"], &jwk["alg"], &jwk["use"]), (&json!("RSA"), &json!("RS256"), &json!("sig")));
    let header: Value = serde_json::from_slice(&BASE64.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!((&header["alg"], &header["kid"]), (&json!("RS256"), &jwk["kid"]));
    let number = |name: &str| {
        let mut bytes = BASE64.decode(jwk[name].as_str().unwrap()).unwrap();
        if bytes[0] > 127 {
            bytes.insert(0, 0);
        }
        der(2, &bytes)
    };
    let public = der(0x30, &[number("n"), number("e")].concat());
    let (message, signature) = token.rsplit_once('.').unwrap();
    assert!(has_signed(&public, message.as_bytes(), &BASE64.decode(signature).unwrap()));
    assert!(!jwks.to_string().contains("\"d\""), "nothing private");
}

#[tokio::test]
async fn whole_ceremonies_and_sessions_work_with_it() {
    let server = start().await;
    let (mut device, token) = server.enrolled_user("ada").await;
    server.create_app(&token).await;
    let signed_in = server.sign_in(&mut device).await;
    let token = signed_in["accessToken"].as_str().unwrap();
    let valid = server.post("/v1/validate", As::Backend, json!({ "token": token })).await.ok();
    assert_eq!(valid["isValid"], true, "{valid}");
    let made = server.post("/v1/sessions", As::Backend, json!({ "clientId": "app", "token": token })).await.ok();
    let access = json!({ "accessToken": made["accessToken"] });
    let session = server.post("/v1/sessions/validate", As::Backend, access).await.ok();
    assert_eq!(session["user"]["userId"], "ada");
    let access = made["accessToken"].as_str().unwrap();
    server.get("/v1/client/user-authenticators", As::Holder(access)).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn t13_a_token_that_is_signed_with_the_public_key_or_the_secret_is_refused() {
    let server = start().await;
    let token = server.track("ada", json!({ "scope": "add:authenticators" })).await;
    let payload = token.split('.').nth(1).unwrap();
    let jwks = server.get(JWKS, As::Nobody).await.ok();
    let n = BASE64.decode(jwks["keys"][0]["n"].as_str().unwrap()).unwrap();
    for secret in [key().public_der(), &n, jwks.to_string().as_bytes(), b"local-secret"] {
        let header = json!({ "typ": "JWT", "alg": "HS256", "kid": jwks["keys"][0]["kid"] });
        let message = format!("{}.{payload}", BASE64.encode(header.to_string()));
        let forged = format!("{message}.{}", BASE64.encode(hmac_sha256(secret, message.as_bytes())));
        server.enrol_totp(&forged).await.refused(401, "unauthorized");
        let valid = server.post("/v1/validate", As::Backend, json!({ "token": forged })).await.ok();
        assert_eq!(valid["isValid"], false);
    }
    server.enrol_totp(&token).await.ok();
}

#[tokio::test]
async fn without_a_key_and_for_other_tenants_there_is_no_key_set() {
    let server = start().await;
    server.get("/v1/client/public/other/.well-known/jwks", As::Nobody).await.refused(404, "not_found");
    Server::start().await.get(JWKS, As::Nobody).await.refused(404, "not_found");
}
