//! Links by e-mail.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;

use crate::support::server::{As, token_of};
use crate::support::{Answer, Server};

const ADA: &str = "ada@example.test";

/// The path and query of the newest link.
async fn link(server: &Server) -> String {
    let url = server.message(ADA).await["url"].as_str().unwrap().to_owned();
    url.strip_prefix("http://localhost:8787").unwrap().to_owned()
}

/// The button on the page of this link.
async fn press(server: &Server, link: &str) -> Answer {
    let (path, query) = link.split_once('?').unwrap();
    let request = Request::post(path)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(query.to_owned()))
        .unwrap();
    server.send(request).await
}

async fn finalize(server: &Server, token: &str) -> Answer {
    server.post("/v1/client/verify/email-magic-link/finalize", As::Holder(token), json!({})).await
}

#[tokio::test]
async fn t9_a_get_never_consumes_a_link_and_the_button_does() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let path = "/v1/client/user-authenticators/email-magic-link";
    server.post(path, As::Holder(&token), json!({ "email": ADA })).await.ok();
    let link = link(&server).await;
    for _ in 0..3 {
        let page = server.get(&link, As::Nobody).await;
        assert_eq!(page.status, 200);
        assert!(page.body.as_str().unwrap().contains("<button"), "{}", page.body);
        assert!(page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("frame-ancestors 'none'"));
        assert_eq!(finalize(&server, &token).await.ok(), json!({ "isVerified": false }));
    }
    assert!(server.methods("ada").await.is_empty());

    assert_eq!(press(&server, &link).await.status, 200);
    assert!(server.methods("ada").await.is_empty(), "the waiting tab commits");
    let reply = finalize(&server, &token).await.ok();
    assert_eq!(reply["isVerified"], true);
    assert_eq!(server.methods("ada").await, ["EMAIL_MAGIC_LINK"]);
    assert_eq!(finalize(&server, &token).await.ok(), json!({ "isVerified": false }), "it succeeds once");
    assert_eq!(press(&server, &link).await.status, 410);
}

#[tokio::test]
async fn a_link_meets_a_challenge_of_its_own_action_only() {
    let server = Server::start().await;
    let token = server.track("ada", json!({ "email": ADA })).await;
    server.challenge(&token, "email-magic-link").await.ok();
    press(&server, &link(&server).await).await;
    finalize(&server, &token).await.ok();

    let token = server.track("ada", json!({})).await;
    let other = server.track("ada", json!({})).await;
    server.challenge(&token, "email-magic-link").await.ok();
    press(&server, &link(&server).await).await;
    assert_eq!(finalize(&server, &other).await.ok()["isVerified"], false);
    server.create_app(&token_of(&finalize(&server, &token).await.ok())).await;
}

#[tokio::test]
async fn t2_a_link_that_is_confirmed_in_time_enrols_nothing_after_the_window() {
    let server = Server::start().await;
    let (_, window) = server.enrolled_user("ada").await;
    let path = "/v1/client/user-authenticators/email-magic-link";
    server.advance(300);
    server.post(path, As::Holder(&window), json!({ "email": ADA })).await.ok();
    press(&server, &link(&server).await).await;
    server.advance(300);
    finalize(&server, &window).await.refused(401, "expired_token");
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
}

#[tokio::test]
async fn a_link_that_was_never_sent_is_over() {
    let server = Server::start().await;
    for link in ["/api/verify-magic-link?token=<script>", "/api/verify-magic-link?token=", "/api/verify-magic-link?"] {
        let page = server.get(&link.replace('<', "%3C").replace('>', "%3E"), As::Nobody).await;
        assert_eq!(page.status, 410);
        assert!(!page.body.as_str().unwrap().contains("<script"), "{}", page.body);
        assert_eq!(press(&server, link).await.status, 410);
    }
}
