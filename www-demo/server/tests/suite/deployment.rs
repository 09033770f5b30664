//! Serve mode: what a deployment does otherwise than a tester's server.

use std::path::Path;

use authsignal_local::deployment::Deployment;
use authsignal_local::random::Random;
use authsignal_local::routes::table;
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use crate::support::server::{As, SECRET, basic, deployment, settings, token_of};
use crate::support::{Device, Phone, Server};

const APP: &str = "https://app.example.test";

#[tokio::test]
async fn a_deployment_has_no_control_plane_and_no_demo() {
    let server = Server::deployed().await;
    let mut walked = 0;
    for route in table().into_iter().filter(authsignal_local::routes::Route::is_local) {
        server.call(route.method, route.path, As::Nobody, json!({})).await.refused(404, "not_found");
        walked += 1;
    }
    assert!(walked > 10, "only {walked} routes are local");
    server.app.control.set_faults(serde_json::from_value(json!([{ "path": "/v1/", "outcome": "hang" }])).unwrap());
    server.get("/v1/users/ada", As::Backend).await.ok();
}

#[tokio::test]
async fn a_deployment_answers_under_whatever_name_its_proxy_gives_it() {
    let server = Server::deployed().await;
    for host in ["auth.example.test", "10.0.0.7:8787", "authsignal.internal"] {
        let request = Request::get("/ready").header(header::HOST, host).body(Body::empty()).unwrap();
        server.send(request).await.ok();
    }
    server.send(Request::get("/ready").body(Body::empty()).unwrap()).await.ok();
}

#[tokio::test]
async fn no_address_that_is_handed_out_comes_from_what_a_request_says_of_its_host() {
    let send = async |server: &Server, host: &str, path: &str, by: &str, body: Value| {
        let request = Request::post(path)
            .header(header::HOST, host)
            .header("x-forwarded-host", host)
            .header(header::FORWARDED, format!("host=\"{host}\""))
            .header(header::AUTHORIZATION, by)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        server.send(request).await.ok()
    };
    let track = "/v1/users/ada/actions/manage";
    let deployed = Server::deployed().await;
    let tracked = send(&deployed, "attacker.example", track, &basic(&format!("{SECRET}:")), json!({})).await;
    let url = tracked["url"].as_str().unwrap();
    assert!(url.starts_with("https://auth.example.test/ui/?token="), "{url}");

    // Where the link in a letter leads can be read on a tester's server only.
    let local = Server::start().await;
    let tracked = send(&local, "127.0.0.1:9", track, &basic("local-secret:"), json!({})).await;
    let url = tracked["url"].as_str().unwrap();
    assert!(url.starts_with("http://localhost:8787/ui/?token="), "{url}");
    let bearer = format!("Bearer {}", tracked["token"].as_str().unwrap());
    let enrol = "/v1/client/user-authenticators/email-magic-link";
    send(&local, "127.0.0.1:9", enrol, &bearer, json!({ "email": "ada@example.test" })).await;
    let letter = local.message("ada@example.test").await;
    let url = letter["url"].as_str().unwrap();
    assert!(url.starts_with("http://localhost:8787/api/verify-magic-link?token="), "{url}");
}

#[tokio::test]
async fn pages_of_registered_origins_read_answers_and_no_others() {
    let server = Server::deployed().await;
    let allowed = async |origin: &str| {
        let request = Request::get("/v1/client/authenticators").header(header::ORIGIN, origin);
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        answer.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(allowed(APP).await.as_deref(), Some(APP));
    for foreign in [
        "https://other.example.test",
        "https://app.example.test:8443",
        "http://app.example.test",
        "https://app.example.test.attacker.example",
        "http://localhost:3000",
        "null",
    ] {
        assert_eq!(allowed(foreign).await, None, "{foreign}");
    }
}

#[tokio::test]
async fn the_pre_built_ui_is_framed_by_registered_origins_only() {
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("../site");
    let mut config = deployment();
    config.site = Some(site);
    let server = Server::start_with(config).await;
    let answer = server.get("/ui/", As::Nobody).await;
    let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("frame-ancestors https://app.example.test;"), "{policy}");
    let page = answer.body.as_str().unwrap();
    assert!(page.contains(r#""origins":["https://app.example.test"]"#) && page.contains(r#""anyLoopback":false"#));
    server.get("/", As::Nobody).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_redirect_leads_to_a_registered_origin() {
    let server = Server::deployed().await;
    let track =
        async |url: &str| server.post("/v1/users/ada/actions/manage", As::Backend, json!({ "redirectUrl": url })).await;
    let tracked = track("https://app.example.test/back?x=1").await.ok();
    assert!(tracked["url"].as_str().unwrap().starts_with("https://auth.example.test/ui/?token="));
    for foreign in
        ["http://localhost:3000/", "https://attacker.example/", "https://app.example.test:444/", "javascript:1"]
    {
        track(foreign).await.refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_phone_signs_to_see_its_challenges() {
    let server = Server::deployed().await;
    let phone = Phone::new("push", 1);
    phone.add(&server, &server.track("ada", json!({})).await).await.ok();
    let path = phone.path("/challenge") + &phone.query();
    server.get(&path, As::Tenant).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn passkeys_are_made_on_registered_pages_only() {
    let server = Server::deployed().await;
    let create = async |user: &str, origin: &str| {
        let token = server.track(user, json!({})).await;
        let options = server.registration_options(&token).await.ok();
        assert_eq!(options["options"]["rp"]["id"], "example.test");
        let credential = Device::new().at(origin).create(&options["options"]).await;
        server.register(&token, &options, credential).await
    };
    token_of(&create("ada", APP).await.ok());
    token_of(&create("bob", "https://auth.example.test").await.ok());
    for (user, foreign) in [("eve", "https://other.example.test"), ("mallory", "https://app.example.test:8443")] {
        create(user, foreign).await.refused(400, "invalid_credential");
    }
}

#[tokio::test]
async fn an_instance_tells_its_health_its_readiness_and_its_figures() {
    let server = Server::deployed().await;
    server.get("/v1/users/ada", As::Backend).await.ok();
    server.get("/v1/users/ada", As::Nobody).await.refused(401, "unauthorized");
    server.get("/nothing/ada", As::Nobody).await.refused(404, "not_found");
    assert_eq!(server.get("/health", As::Nobody).await.ok(), json!({ "status": "ok" }));
    assert_eq!(server.get("/ready", As::Nobody).await.ok(), json!({ "status": "ready" }));
    let figures = server.get("/metrics", As::Nobody).await.ok();
    let figures = figures.as_str().unwrap();
    for line in [
        r#"authsignal_local_http_requests_total{method="Get",route="/v1/users/{user_id}",status="200"} 1"#,
        r#"authsignal_local_http_requests_total{method="Get",route="/v1/users/{user_id}",status="401"} 1"#,
        r#"authsignal_local_http_requests_total{method="Get",route="none",status="404"} 1"#,
        "authsignal_local_websockets_open 0",
        "authsignal_local_http_request_duration_seconds_count 5",
    ] {
        assert!(figures.lines().any(|one| one == line), "{line} is not in\n{figures}");
    }
    assert!(!figures.contains("ada"), "a user is no series");
}

#[tokio::test]
async fn figures_are_for_this_machine_or_for_whoever_has_the_operator_s_token() {
    const TOKEN: &str = "0123456789abcdef";
    let with = |listen: &str, token: Option<&str>| Deployment {
        listen: listen.to_owned(),
        metrics_token: token.map(str::to_owned),
        ..settings()
    };
    let start = async |listen, token| Server::start_with(with(listen, token).check().ok().unwrap().config).await;

    start("[::1]:8787", None).await.get("/metrics", As::Nobody).await.ok();
    let closed = start("0.0.0.0:8787", None).await;
    closed.get("/metrics", As::Nobody).await.refused(404, "not_found");
    closed.get("/metrics", As::Backend).await.refused(404, "not_found");
    closed.get("/ready", As::Nobody).await.ok();
    for listen in ["0.0.0.0:8787", "127.0.0.1:8787"] {
        let server = start(listen, Some(TOKEN)).await;
        server.get("/metrics", As::Holder(TOKEN)).await.ok();
        for by in [As::Nobody, As::Backend, As::Tenant, As::Holder("0123456789abcdeF"), As::Holder("")] {
            server.get("/metrics", by).await.refused(401, "unauthorized");
        }
    }
    let told = with("127.0.0.1:8787", Some("0123456789abcde")).check().err().unwrap();
    assert!(told.len() == 1 && told[0].starts_with("--metrics-token") && !told[0].contains("0123456789"), "{told:?}");
}

#[tokio::test]
async fn an_instance_that_ends_or_has_lost_its_database_lives_and_is_not_ready() {
    let server = Server::deployed().await;
    server.app.end();
    server.get("/ready", As::Nobody).await.refused(503, "unavailable");
    let server = Server::deployed().await;
    server.app.store.close().await;
    server.get("/ready", As::Nobody).await.refused(503, "unavailable");
    server.get("/health", As::Nobody).await.ok();
}

#[tokio::test]
async fn what_finds_no_room_is_refused_as_unavailable_and_the_next_request_is_answered() {
    let server = Server::start_on(deployment(), Random::System, "sqlite::memory:").await;
    let mut tx = server.app.store.write().await.unwrap();
    // Fewer pages than there are means no more than there are.
    tx.all("PRAGMA max_page_count = 1", Vec::new()).await.unwrap();
    drop(tx);
    let large = json!({ "custom": { "note": "-".repeat(200_000) } });
    let answer = server.post("/v1/users/ada/actions/pay", As::Backend, large).await;
    assert!(answer.refused(503, "unavailable").contains("no room"));
    server.track("ada", json!({})).await;
    let actions = server.get("/v1/users/ada/actions", As::Backend).await.ok();
    assert_eq!(actions.as_array().unwrap().len(), 1, "{actions}");
}
