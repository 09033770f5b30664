//! The description of the API.

use authsignal_local::config::Config;
use authsignal_local::openapi::answers;
use authsignal_local::routes::table;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::described::problems;
use crate::support::server::As;

#[tokio::test]
async fn every_route_of_the_api_is_described_with_what_it_needs_and_answers() {
    let document = Server::start().await.get("/openapi.json", As::Nobody).await.ok();
    for route in table() {
        let is_page = matches!(route.path, "/local/phone" | "/local/files/{name}");
        if is_page || !(route.path.starts_with("/v1/") || route.path.starts_with("/local/")) {
            continue;
        }
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert!(operation["summary"].is_string(), "{} {} is not described", route.method, route.path);
        assert_eq!(operation["responses"]["4XX"]["content"].as_object().unwrap().len(), 1);
        for part in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let names = |name: &str| operation["parameters"].as_array().unwrap().iter().any(|one| one["name"] == name);
            assert!(names(part), "{}: {part}", route.path);
        }
    }
}

#[tokio::test]
async fn bodies_and_queries_are_those_that_the_handlers_read() {
    let document = Server::start().await.get("/openapi.json", As::Nobody).await.ok();
    let paths = &document["paths"];
    let body = |path: &str| paths[path]["post"]["requestBody"]["content"]["application/json"]["schema"].clone();
    let track = body("/v1/users/{user_id}/actions/{action}");
    assert!(track["properties"]["redirectUrl"].is_object() && track["properties"]["idempotencyKey"].is_object());
    assert_eq!(body("/v1/client/verify/totp")["required"], json!(["verificationCode"]));
    assert_eq!(paths["/v1/client/verify/totp"]["post"]["requestBody"]["required"], true);
    assert_eq!(paths["/v1/client/challenge/sms"]["post"]["requestBody"]["required"], false);
    let query: Vec<&Value> = paths["/v1/users"]["get"]["parameters"].as_array().unwrap().iter().collect();
    assert!(query.iter().any(|one| one["name"] == "lastEvaluatedUserId" && one["in"] == "query"), "{query:?}");
    assert_eq!(paths["/v1/client/user-authenticators/totp"]["post"]["security"], json!([{ "token": [] }]));
}

#[tokio::test]
async fn a_deployment_describes_no_control_plane() {
    let config = Config { is_local: false, ..Config::local(8787) };
    let document = Server::start_with(config).await.get("/openapi.json", As::Nobody).await.ok();
    assert!(document["paths"].as_object().unwrap().keys().all(|path| !path.starts_with("/local/")));
    assert!(document["paths"]["/v1/validate"].is_object());
}

#[tokio::test]
async fn people_read_the_same_on_a_page_without_scripts() {
    let answer = Server::start().await.get("/openapi", As::Nobody).await;
    let policy = answer.headers["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let page = answer.ok();
    let page = page.as_str().unwrap();
    for route in table().iter().filter(|route| answers::of(route).is_some()) {
        assert!(page.contains(&format!("<code>{}</code>", route.path)), "{}", route.path);
    }
}

#[test]
fn an_answer_that_is_otherwise_than_described_is_found() {
    let route = table().into_iter().find(|route| route.path == "/v1/validate").unwrap();
    let (_, schema) = answers::of(&route).unwrap();
    assert!(problems(&schema, &json!({ "isValid": true, "state": "ALLOW" }), "$").is_empty());
    for wrong in [
        json!({}),
        json!([]),
        json!({ "isValid": "true" }),
        json!({ "isValid": true, "state": "FINE" }),
        json!({ "isValid": true, "more": 1 }),
    ] {
        assert!(!problems(&schema, &wrong, "$").is_empty(), "{wrong}");
    }
}
