//! The demo's own backend.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use crate::support::server::{As, token_of};
use crate::support::{Answer, Server};

async fn call(server: &Server, method: Method, path: &str, cookie: &str, body: Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost:8787")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::COOKIE, format!("theme=dark; {cookie}"))
        .body(Body::from(body.to_string()))
        .unwrap();
    server.send(request).await
}

fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_visitor_signs_up_signs_out_and_signs_in_by_passkey() {
    let server = Server::start().await;
    let nobody = call(&server, Method::GET, "/demo/session", "", json!(null)).await.ok();
    assert_eq!(nobody, json!({ "user": null }));

    let answer = call(&server, Method::POST, "/demo/sign-up", "", json!({ "username": "ada" })).await;
    let cookie = cookie_of(&answer);
    let account = answer.ok();
    assert_eq!(account["isEnrolled"], false);
    let (mut device, _) = server.create_passkey(account["token"].as_str().unwrap()).await;
    let user = json!({ "user": { "userId": account["userId"], "username": "ada" } });
    assert_eq!(call(&server, Method::GET, "/demo/session", &cookie, json!(null)).await.ok(), user);

    let listed = call(&server, Method::GET, "/demo/authenticators", &cookie, json!(null)).await.ok();
    assert_eq!(listed["authenticators"][0]["verificationMethod"], "PASSKEY");

    call(&server, Method::POST, "/demo/sign-out", &cookie, json!({})).await.ok();
    assert_eq!(call(&server, Method::GET, "/demo/session", &cookie, json!(null)).await.ok()["user"], Value::Null);

    let token = token_of(&server.sign_in(&mut device).await);
    let answer = call(&server, Method::POST, "/demo/sign-in", "", json!({ "token": token })).await;
    let cookie = cookie_of(&answer);
    assert_eq!(answer.ok(), user);
    assert_eq!(call(&server, Method::GET, "/demo/session", &cookie, json!(null)).await.ok(), user);
}

#[tokio::test]
async fn a_token_whose_challenge_was_not_completed_signs_nobody_in() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    for token in [server.track("ada", json!({})).await, server.track("new", json!({})).await, "x".to_owned()] {
        let answer = call(&server, Method::POST, "/demo/sign-in", "", json!({ "token": token })).await;
        answer.refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn the_backend_decides_which_scopes_a_page_may_ask_for() {
    let server = Server::start().await;
    let answer = call(&server, Method::POST, "/demo/sign-up", "", json!({ "username": "ada" })).await;
    let cookie = cookie_of(&answer);
    server.create_passkey(answer.ok()["token"].as_str().unwrap()).await;
    let ask = async |cookie: &str, body: Value| call(&server, Method::POST, "/demo/token", cookie, body).await;

    let plain = ask(&cookie, json!({ "action": "manageAuthenticators" })).await.ok();
    assert_eq!(plain["state"], "CHALLENGE_REQUIRED");
    server.enrol_totp(plain["token"].as_str().unwrap()).await.refused(403, "insufficient_scope");
    let granted = json!({ "action": "manageAuthenticators", "scope": "add:authenticators" });
    let granted = ask(&cookie, granted).await.ok();
    server.enrol_totp(granted["token"].as_str().unwrap()).await.ok();

    let greedy = json!({ "action": "manageAuthenticators", "scope": "remove:authenticators" });
    ask(&cookie, greedy).await.refused(400, "invalid_request");
    ask(&cookie, json!({ "action": "pay" })).await.refused(400, "invalid_request");
    ask("", json!({ "action": "manageAuthenticators" })).await.refused(401, "unauthorized");
    ask("demo_session=x", json!({ "action": "manageAuthenticators" })).await.refused(401, "unauthorized");
    server.get("/demo/authenticators", As::Nobody).await.refused(401, "unauthorized");
}
