//! Security keys.

use serde_json::json;

use crate::support::server::{As, token_of};
use crate::support::{Device, Server};

const KEY: &str = "/v1/client/user-authenticators/security-key";

async fn create(server: &Server, token: &str) -> (Device, serde_json::Value) {
    let mut device = Device::new().without_user_verification();
    let options = server.post(&format!("{KEY}/registration-options"), As::Holder(token), json!({})).await.ok();
    assert!(options["challenge"].is_string(), "the options come bare: {options}");
    let credential = device.create(&options).await;
    (device, server.post(KEY, As::Holder(token), credential).await.ok())
}

#[tokio::test]
async fn a_security_key_is_enrolled_and_meets_a_challenge_without_user_verification() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let (mut device, reply) = create(&server, &token).await;
    assert_eq!(reply["userAuthenticator"]["verificationMethod"], "SECURITY_KEY");
    let token = server.track("ada", json!({})).await;
    let options = server.post(&format!("{KEY}/authentication-options"), As::Holder(&token), json!({})).await.ok();
    let credential = device.get(&options).await;
    let reply = server.post("/v1/client/verify/security-key", As::Holder(&token), credential.clone()).await.ok();
    server.create_app(&token_of(&reply)).await;
    server.post("/v1/client/verify/security-key", As::Holder(&token), credential).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn the_challenge_in_the_client_data_finds_a_ceremony_and_the_token_decides_whose_it_is() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let (mut device, _) = create(&server, &token).await;
    let token = server.track("ada", json!({})).await;
    let other = server.track("ada", json!({})).await;
    let options = server.post(&format!("{KEY}/authentication-options"), As::Holder(&token), json!({})).await.ok();
    let credential = device.get(&options).await;
    server.post("/v1/client/verify/security-key", As::Holder(&other), credential).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn neither_kind_of_credential_passes_for_the_other() {
    let server = Server::start().await;
    let (mut passkey, window) = server.enrolled_user("ada").await;
    let (mut key, _) = create(&server, &window).await;

    let body = server.assertion(&mut passkey, As::Tenant, json!({})).await;
    let mut options =
        server.post("/v1/client/user-authenticators/passkey/authentication-options", As::Tenant, json!({})).await.ok();
    let credential = key.get(&options["options"].take()).await;
    let by_key = json!({ "authenticationCredential": credential, "challengeId": options["challengeId"] });
    server.post("/v1/client/verify/passkey", As::Tenant, by_key).await.refused(400, "invalid_credential");
    server.post("/v1/client/verify/passkey", As::Tenant, body).await.ok();

    let token = server.track("ada", json!({})).await;
    let mut options = server.post(&format!("{KEY}/authentication-options"), As::Holder(&token), json!({})).await.ok();
    options["allowCredentials"] = json!([]);
    let credential = passkey.get(&options).await;
    server
        .post("/v1/client/verify/security-key", As::Holder(&token), credential)
        .await
        .refused(400, "invalid_credential");
}
