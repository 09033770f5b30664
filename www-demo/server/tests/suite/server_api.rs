//! The server API.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::server::As;

#[tokio::test]
async fn track_tells_whether_a_challenge_is_required() {
    let server = Server::start().await;
    let tracked = server.post("/v1/users/ada/actions/signIn", As::Backend, json!({})).await.ok();
    assert_eq!(tracked["state"], "ALLOW");
    assert_eq!(tracked["isEnrolled"], false);
    let url = tracked["url"].as_str().unwrap();
    assert!(url.starts_with("http://localhost:8787/ui/?token="), "{url}");

    server.enrolled_user("ada").await;
    let tracked = server.post("/v1/users/ada/actions/signIn", As::Backend, json!({})).await.ok();
    assert_eq!(tracked["state"], "CHALLENGE_REQUIRED");
    assert_eq!(tracked["enrolledVerificationMethods"], json!(["PASSKEY"]));
    let token = &tracked["token"];
    let validated = server.post("/v1/validate", As::Backend, json!({ "token": token })).await.ok();
    assert_eq!(validated["isValid"], false);
    assert_eq!(validated["state"], "CHALLENGE_REQUIRED");
    assert_eq!(validated["userId"], "ada");
}

#[tokio::test]
async fn validate_answers_no_to_what_it_cannot_confirm() {
    let server = Server::start().await;
    let (_, token) = server.enrolled_user("ada").await;
    let ask = async |body: Value| server.post("/v1/validate", As::Backend, body).await.ok();
    assert_eq!(ask(json!({ "token": token, "action": "manage", "userId": "ada" })).await["isValid"], true);
    for body in [
        json!({ "token": token, "action": "other" }),
        json!({ "token": token, "userId": "bob" }),
        json!({ "token": "x" }),
    ] {
        let answer = ask(body).await;
        assert_eq!(answer["isValid"], false);
        assert!(answer["error"].is_string());
    }
    server.advance(600);
    assert_eq!(ask(json!({ "token": token })).await["isValid"], false);
    server.delete_user("ada").await;
    assert_eq!(ask(json!({ "token": token })).await["isValid"], false);
}

#[tokio::test]
async fn an_unknown_user_is_one_who_is_not_enrolled() {
    let server = Server::start().await;
    let user = server.get("/v1/users/nobody", As::Backend).await.ok();
    assert_eq!(user["isEnrolled"], false);
    assert_eq!(server.authenticators("nobody").await.len(), 0);
    server.delete("/v1/users/nobody", As::Backend).await.ok();
}

#[tokio::test]
async fn a_user_id_is_what_its_bytes_are() {
    let server = Server::start().await;
    let ids = ["a%20b", "a%2Fb", "%C3%A9", "e%CC%81", "A", "a", "a%3Fb", "%20a"];
    for id in ids {
        server.track(id, json!({ "username": id })).await;
    }
    for id in ids {
        assert_eq!(server.get(&format!("/v1/users/{id}"), As::Backend).await.ok()["username"], id);
    }
}

#[tokio::test]
async fn a_redirect_goes_to_registered_origins_only() {
    let server = Server::start().await;
    let track =
        async |url: &str| server.post("/v1/users/ada/actions/signIn", As::Backend, json!({ "redirectUrl": url })).await;
    track("http://localhost:4200/callback?x=1").await.ok();
    for url in ["javascript:alert(1)", "https://example.test/", "http://localhost@example.test/", "//x", "data:,x"] {
        track(url).await.refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn without_the_secret_the_server_api_answers_nobody() {
    let server = Server::start().await;
    let (_, token) = server.enrolled_user("ada").await;
    for by in [As::Nobody, As::Tenant, As::Holder(&token)] {
        for (method, path) in [
            (Method::POST, "/v1/users/ada/actions/signIn"),
            (Method::GET, "/v1/users/ada"),
            (Method::DELETE, "/v1/users/ada"),
            (Method::GET, "/v1/users/ada/authenticators"),
            (Method::POST, "/v1/validate"),
        ] {
            let description = server.call(method, path, by, json!({})).await.refused(401, "unauthorized");
            assert_eq!(
                description,
                "The request is unauthorized. Check that your API key and region base URL are correctly configured."
            );
        }
    }
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
}
