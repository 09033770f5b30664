//! The control plane, and who may drive it.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;

use crate::support::Server;
use crate::support::server::As;

#[tokio::test]
async fn the_clock_is_told_and_moved() {
    let server = Server::start().await;
    let before = server.get("/local/clock", As::Nobody).await.ok()["now"].as_str().unwrap().to_owned();
    let after = server.post("/local/clock", As::Nobody, json!({ "advanceSeconds": 31_536_000 })).await.ok();
    let year = |now: &str| now[..4].parse::<i32>().unwrap();
    assert_eq!(year(after["now"].as_str().unwrap()), year(&before) + 1);
    for seconds in [json!(1e30), json!("600"), json!(10_000_000_000_i64), json!(null)] {
        let answer = server.post("/local/clock", As::Nobody, json!({ "advanceSeconds": seconds })).await;
        assert!(answer.status.is_client_error(), "{seconds}: {}", answer.body);
    }
}

#[tokio::test]
async fn reset_empties_the_data_and_sets_the_clock_right() {
    let server = Server::start().await;
    let (_, token) = server.enrolled_user("ada").await;
    server.advance(10_000);
    server.post("/local/reset", As::Nobody, json!({})).await.ok();
    assert_eq!(server.methods("ada").await.len(), 0);
    server.get("/v1/client/user-authenticators", As::Holder(&token)).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn pages_of_other_sites_cannot_drive_the_control_plane() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    let reset = async |headers: &[(header::HeaderName, &str)]| {
        let mut request = Request::post("/local/reset");
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        server.send(request.body(Body::from("{}")).unwrap()).await
    };
    let fetch_site = || header::HeaderName::from_static("sec-fetch-site");
    let json = (header::CONTENT_TYPE, "application/json");
    let host = (header::HOST, "localhost:8787");
    for foreign in [
        vec![json.clone(), (header::HOST, "attacker.example.test:8787")],
        vec![json.clone(), (header::HOST, "localhost.example.test")],
        vec![json.clone()],
        vec![json.clone(), host.clone(), (header::ORIGIN, "https://example.test")],
        vec![json.clone(), host.clone(), (header::ORIGIN, "null")],
        vec![json.clone(), host.clone(), (header::ORIGIN, "http://localhost:3000")],
        vec![json.clone(), host.clone(), (fetch_site(), "cross-site")],
        vec![json.clone(), host.clone(), (fetch_site(), "same-site")],
    ] {
        reset(&foreign).await.refused(403, "forbidden");
    }
    reset(&[host.clone(), (header::CONTENT_TYPE, "text/plain")]).await.refused(415, "invalid_request");
    assert_eq!(server.methods("ada").await, ["PASSKEY"], "nothing was emptied");
    reset(&[json, host, (header::ORIGIN, "http://localhost:8787"), (fetch_site(), "same-origin")]).await.ok();
}
