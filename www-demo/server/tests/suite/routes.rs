//! The route table, walked.

use authsignal_local::domain::binding::Operation;
use authsignal_local::routes::{Need, table};
use axum::http::Method;
use serde_json::json;

use crate::support::Server;
use crate::support::server::As;

fn filled(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn t6_every_route_that_changes_something_declares_what_it_needs() {
    let undeclared: Vec<_> = table()
        .into_iter()
        .filter(|route| route.method != Method::GET && route.need == Need::Nothing)
        .map(|route| route.path)
        .collect();
    assert!(undeclared.is_empty(), "{undeclared:?}");
}

#[tokio::test]
async fn every_need_is_checked_before_the_handler() {
    let server = Server::start().await;
    for route in table() {
        let answer = server.call(route.method.clone(), &filled(route.path), As::Nobody, json!({})).await;
        // Those are checked by what is in the body, or by where the request comes from.
        if matches!(route.need, Need::Nothing | Need::Local | Need::OneTime) {
            continue;
        }
        assert_eq!(answer.status, 401, "{} {}: {}", route.method, route.path, answer.body);
    }
}

#[tokio::test]
async fn every_route_that_changes_authenticators_refuses_a_token_that_may_only_read() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    let token = server.track("ada", json!({})).await;
    let mut walked = 0;
    for route in table() {
        let Need::Change(operation) = route.need else { continue };
        let answer = server.call(route.method, &filled(route.path), As::Holder(&token), json!({})).await;
        let description = answer.refused(403, "insufficient_scope");
        assert!(description.contains(operation.scope()), "{}: {description}", route.path);
        walked += 1;
    }
    assert!(walked >= 3, "only {walked} routes change authenticators");
    assert!(table().iter().any(|route| route.need == Need::Change(Operation::Add)));
}
