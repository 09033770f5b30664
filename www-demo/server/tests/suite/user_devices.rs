//! The devices that a user comes from, as their backend sees them.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::server::As;

async fn devices(server: &Server, user_id: &str) -> Vec<Value> {
    let answer = server.get(&format!("/v1/users/{user_id}/devices"), As::Backend).await.ok();
    answer.as_array().unwrap().clone()
}

async fn remember(server: &Server, path: &str, until: Value) -> crate::support::Answer {
    server.call(Method::PATCH, path, As::Backend, json!({ "rememberedUntil": until })).await
}

#[tokio::test]
async fn a_device_is_known_once_it_is_tracked_and_proven_once_a_challenge_is_met_on_it() {
    let server = Server::start().await;
    assert!(devices(&server, "ada").await.is_empty());
    let token = server.track("ada", json!({ "deviceId": "laptop" })).await;
    let seen = devices(&server, "ada").await;
    assert_eq!((&seen[0]["userId"], &seen[0]["deviceId"]), (&json!("ada"), &json!("laptop")));
    assert_eq!(seen[0]["authenticatedAt"], Value::Null);
    server.create_app(&token).await;
    server.advance(5);
    let token = server.track("ada", json!({ "deviceId": "phone" })).await;
    server.track("ada", json!({ "deviceId": "laptop" })).await;
    let seen = devices(&server, "ada").await;
    assert_eq!((seen.len(), &seen[0]["lastVerificationMethod"]), (2, &json!("AUTHENTICATOR_APP")));
    assert!(seen[0]["authenticatedAt"].is_string());
    assert_eq!((&seen[1]["deviceId"], &seen[1]["authenticatedAt"]), (&json!("phone"), &Value::Null));
    assert!(devices(&server, "bob").await.is_empty());
    drop(token);
    server.delete_user("ada").await;
    assert!(devices(&server, "ada").await.is_empty());
}

#[tokio::test]
async fn a_sign_in_by_passkey_tells_the_device_that_the_browser_names() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    for device_id in [json!("d1"), json!("d1"), json!(""), json!("x".repeat(257)), Value::Null] {
        let mut body = server.assertion(&mut device, As::Tenant, json!({})).await;
        body["deviceId"] = device_id;
        server.post("/v1/client/verify/passkey", As::Tenant, body).await.ok();
    }
    let seen = devices(&server, "ada").await;
    assert_eq!((seen.len(), &seen[0]["deviceId"]), (1, &json!("d1")));
    assert_eq!(seen[0]["lastVerificationMethod"], "PASSKEY");
}

#[tokio::test]
async fn a_backend_remembers_a_device_until_a_date_and_ends_its_trust_in_it() {
    let server = Server::start().await;
    server.track("ada", json!({ "deviceId": "the laptop/é" })).await;
    let path = "/v1/users/ada/devices/the%20laptop%2F%C3%A9";
    let device = remember(&server, path, json!("2999-01-01T00:00:00.000Z")).await.ok();
    assert_eq!(device["rememberedUntil"], "2999-01-01T00:00:00.000Z");
    for wrong in [json!("2001-01-01T00:00:00.000Z"), json!("soon"), json!("")] {
        remember(&server, path, wrong).await.refused(400, "invalid_request");
    }
    let unchanged = server.call(Method::PATCH, path, As::Backend, json!({})).await.ok();
    assert_eq!(unchanged, device);
    assert_eq!(remember(&server, path, Value::Null).await.ok()["rememberedUntil"], Value::Null);

    remember(&server, path, json!("2999-01-01")).await.ok();
    let ended = server.post(&format!("{path}/invalidate"), As::Backend, Value::Null).await.ok();
    assert!(ended["invalidatedAt"].is_string() && ended["rememberedUntil"].is_null(), "{ended}");
    assert_eq!(devices(&server, "ada").await, [ended]);
}

#[tokio::test]
async fn a_device_of_another_user_is_not_found() {
    let server = Server::start().await;
    server.track("ada", json!({ "deviceId": "d" })).await;
    server.track("bob", json!({})).await;
    for user in ["bob", "nobody"] {
        let path = format!("/v1/users/{user}/devices/d");
        remember(&server, &path, Value::Null).await.refused(404, "not_found");
        server.post(&format!("{path}/invalidate"), As::Backend, json!({})).await.refused(404, "not_found");
    }
    let long = json!({ "deviceId": "x".repeat(257) });
    server.post("/v1/users/ada/actions/manage", As::Backend, long).await.refused(400, "invalid_request");
    assert_eq!(devices(&server, "ada").await[0]["invalidatedAt"], Value::Null);
}
