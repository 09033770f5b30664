//! Every answer of the suite, held against the description of the API: `/openapi.json` says nothing that is not so.

use std::sync::LazyLock;

use authsignal_local::openapi::answers;
use authsignal_local::routes::{Route, table};
use axum::http::Method;
use serde_json::{Value, json};

static TABLE: LazyLock<Vec<Route>> = LazyLock::new(table);

/// What a success of this request is said to be; nothing for what is not described.
fn said(method: &Method, path: &str) -> Option<Value> {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |route: &&Route| {
        let (wanted, given) = (route.path.split('/'), path.split('/'));
        route.method == *method
            && wanted.clone().count() == given.clone().count()
            && wanted.zip(given).all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
    };
    // As the router does: of two that fit, the one with a word and not a parameter.
    let route = TABLE.iter().filter(fits).min_by_key(|route| route.path.matches('{').count())?;
    answers::of(route).map(|(_, answer)| answer)
}

/// Checks the body of a success.
#[track_caller]
pub fn check(method: &Method, path: &str, body: &Value) {
    if let Some(schema) = said(method, path) {
        let problems = problems(&schema, body, "$");
        assert!(problems.is_empty(), "{method} {path} answers otherwise than described: {problems:?}\n{body}");
    }
}

/// What is wrong with a value; of JSON Schema as much as the description uses.
pub fn problems(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if schema["$ref"] == "#/components/schemas/Authenticator" {
        return problems(&answers::authenticator_schema(), value, at);
    }
    let mut found = Vec::new();
    let is_right_type = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64(),
        _ => true,
    };
    if !is_right_type {
        found.push(format!("{at} is no {}", schema["type"]));
    }
    if let Some(options) = schema["enum"].as_array()
        && !options.contains(value)
    {
        found.push(format!("{at} is {value}"));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            found.push(format!("{at}.{name} is missing"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(schema) => found.extend(problems(schema, member, &format!("{at}.{name}"))),
            None if schema["additionalProperties"] == json!(false) => {
                found.push(format!("{at}.{name} is not described"))
            }
            None => {}
        }
    }
    if let Some(items) = schema.get("items") {
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            found.extend(problems(items, item, &format!("{at}[{index}]")));
        }
    }
    found
}
