//! The `/web` routes: a cookie ties the end of a ceremony to the browser that began it.

use authsignal_local::config::Config;
use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::{Answer, Device, Server};

async fn post(server: &Server, path: &str, origin: &str, cookie: &str, body: Value) -> Answer {
    let request = Request::post(path)
        .header(header::HOST, "localhost")
        .header(header::AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode("local")))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ORIGIN, origin)
        .header(header::COOKIE, cookie)
        .body(Body::from(body.to_string()))
        .unwrap();
    server.send(request).await
}

const PAGE: &str = "http://localhost:3000";
const OPTIONS: &str = "/v1/client/user-authenticators/passkey/authentication-options/web";

#[tokio::test]
async fn a_ceremony_that_began_with_a_cookie_ends_with_it_and_in_no_other_browser() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    for (cookie, accepted) in [(None, true), (Some(""), false), (Some("as_dev_session=other"), false)] {
        let answer = post(&server, OPTIONS, PAGE, "", json!({})).await;
        let set = answer.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert!(set.contains("HttpOnly; SameSite=Lax"), "{set}");
        let own = set.split(';').next().unwrap().to_owned();
        let options = answer.ok();
        let body = json!({
            "authenticationCredential": device.get(&options["options"]).await,
            "challengeId": options["challengeId"],
        });
        let cookie = cookie.map_or(own, str::to_owned);
        let answer = post(&server, "/v1/client/verify/passkey", PAGE, &cookie, body).await;
        assert_eq!(answer.status.is_success(), accepted, "{cookie}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_ceremony_that_began_with_a_cookie_ends_on_a_registered_page_and_on_no_other() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    for (page, status) in [
        ("https://example.test", 403),
        ("http://localhost.example.test", 403),
        ("null", 403),
        ("http://127.0.0.1:5173", 200),
        (PAGE, 200),
    ] {
        let answer = post(&server, OPTIONS, PAGE, "", json!({})).await;
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let options = answer.ok();
        let body = json!({
            // The browser signs where the ceremony ran; the page that sends what came of it may be another.
            "authenticationCredential": device.get(&options["options"]).await,
            "challengeId": options["challengeId"],
        });
        let answer = post(&server, "/v1/client/verify/passkey", page, &cookie, body.clone()).await;
        assert_eq!(answer.status, status, "{page}: {}", answer.body);
        if status == 403 {
            answer.refused(403, "forbidden");
            // It was consumed before that: no page tries until one passes.
            let again = post(&server, "/v1/client/verify/passkey", PAGE, &cookie, body).await;
            again.refused(400, "invalid_request");
        }
    }
}

#[tokio::test]
async fn an_enrolment_that_began_with_a_cookie_ends_on_a_registered_page_and_on_no_other() {
    let server = Server::start().await;
    let token = server.track("ada", json!({})).await;
    let send = async |path: &str, page: &str, cookie: &str, body: Value| {
        let request = Request::post(path)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ORIGIN, page)
            .header(header::COOKIE, cookie)
            .body(Body::from(body.to_string()))
            .unwrap();
        server.send(request).await
    };
    let path = "/v1/client/user-authenticators/passkey";
    for (page, is_enrolled) in [("https://example.test", false), (PAGE, true)] {
        let answer = send(&format!("{path}/registration-options/web"), PAGE, "", json!({})).await;
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let options = answer.ok();
        let body = json!({
            "registrationCredential": Device::new().create(&options["options"]).await,
            "challengeId": options["challengeId"],
        });
        let answer = send(path, page, &cookie, body).await;
        assert_eq!(answer.status, if is_enrolled { 200 } else { 403 }, "{page}: {}", answer.body);
        assert_eq!(server.methods("ada").await.len(), usize::from(is_enrolled), "{page}");
    }
}

#[tokio::test]
async fn an_operator_decides_whether_what_began_with_a_cookie_ends_with_a_token() {
    let config = Config { cookies_hide_tokens: true, ..Config::local(8787) };
    for (server, has_token) in [(Server::start().await, true), (Server::start_with(config).await, false)] {
        let (mut device, _) = server.enrolled_user("ada").await;
        let answer = post(&server, OPTIONS, PAGE, "", json!({})).await;
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let options = answer.ok();
        let body = json!({
            "authenticationCredential": device.get(&options["options"]).await,
            "challengeId": options["challengeId"],
        });
        let reply = post(&server, "/v1/client/verify/passkey", PAGE, &cookie, body).await.ok();
        assert_eq!((&reply["isVerified"], &reply["userId"]), (&json!(true), &json!("ada")));
        assert_eq!(reply["accessToken"].is_string(), has_token, "{reply}");
        // Whoever takes no cookie takes a token.
        assert!(server.sign_in(&mut device).await["accessToken"].is_string());
    }
}

#[tokio::test]
async fn the_cookie_of_a_challenge_holds_for_the_ceremony_that_follows_it() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let answer = post(&server, "/v1/client/challenge/web", PAGE, "", json!({ "action": "signIn" })).await;
    let started = answer.ok();
    let path = "/v1/client/user-authenticators/passkey/authentication-options";
    let options = post(&server, path, PAGE, "", json!({ "challengeId": started["challengeId"] })).await.ok();
    let credential = device.get(&options["options"]).await;
    let body = json!({ "authenticationCredential": credential, "challengeId": options["challengeId"] });
    post(&server, "/v1/client/verify/passkey", PAGE, "", body).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn a_cookie_authorises_nothing_and_goes_to_registered_origins_only() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    post(&server, OPTIONS, "https://example.test", "", json!({})).await.refused(403, "forbidden");
    let answer = post(&server, OPTIONS, PAGE, "", json!({})).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let request = Request::get("/v1/client/user-authenticators")
        .header(header::HOST, "localhost")
        .header(header::COOKIE, cookie)
        .body(Body::empty())
        .unwrap();
    server.send(request).await.refused(401, "unauthorized");
}
