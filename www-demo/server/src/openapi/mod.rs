//! The API described by its own code: what a route asks for comes from its handler's arguments, what it needs from its
//! row, and what it answers from [`answers`], which the tests hold against every answer that they get.

pub mod answers;

use axum::Json;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::routes::body::{Body, Query};
use crate::routes::client::devices::DeviceMethod;
use crate::routes::guard::{Holder, MaybeHolder};
use crate::routes::server::Params;
use crate::routes::{Need, Route, table};

/// What a handler asks a request for.
#[derive(Default)]
pub struct Asked {
    /// The schema of the body.
    pub body: Option<Value>,
    /// The schema of the query.
    pub query: Option<Value>,
}

/// An argument of a handler.
pub trait Told {
    /// Notes what it asks for.
    fn tell(_: &mut Asked) {}
}

impl<S> Told for State<S> {}
impl<T> Told for Params<T> {}
impl<T> Told for Path<T> {}
impl<T> Told for Option<axum::Extension<T>> {}
impl Told for Holder {}
impl Told for MaybeHolder {}
impl Told for DeviceMethod {}
impl Told for HeaderMap {}
impl Told for WebSocketUpgrade {}
impl Told for axum::extract::Request {}

impl<T: JsonSchema> Told for Body<T> {
    fn tell(asked: &mut Asked) {
        asked.body = Some(schema::<T>());
    }
}

impl<T: JsonSchema> Told for Query<T> {
    fn tell(asked: &mut Asked) {
        asked.query = Some(schema::<T>());
    }
}

/// All arguments of a handler, as axum names their types.
pub trait Arguments {
    /// What they ask for.
    fn asked() -> Asked;
}

macro_rules! arguments {
    ($($name:ident)*) => {
        impl<M, $($name: Told),*> Arguments for (M, $($name,)*) {
            fn asked() -> Asked {
                #[allow(unused_mut, reason = "a handler may have no arguments")]
                let mut asked = Asked::default();
                $($name::tell(&mut asked);)*
                asked
            }
        }
    };
}

arguments!();
arguments!(A);
arguments!(A B);
arguments!(A B C);
arguments!(A B C D);
arguments!(A B C D E);

fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>().to_value();
    if let Some(schema) = schema.as_object_mut() {
        // Names and notes of types are about this code.
        schema.remove("title");
        schema.remove("description");
        // Whatever else stands in a body is ignored, as by the vendor's own server.
        schema.remove("unevaluatedProperties");
        schema
    } else {
        return json!({ "type": "object" });
    };
    schema
}

/// `GET /openapi.json`
pub async fn document(State(app): State<App>) -> Json<Value> {
    Json(describe(&app))
}

fn describe(app: &App) -> Value {
    let mut paths = Map::new();
    for route in table().iter().filter(|route| app.config.is_local || !route.is_local()) {
        if let Some((summary, answer)) = answers::of(route) {
            let path = paths.entry(route.path).or_insert_with(|| json!({}));
            path[route.method.as_str().to_lowercase()] = operation(route, summary, &answer);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "authsignal-local",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The Authsignal client and server API as this server speaks it. Unofficial.",
        },
        "servers": [{ "url": app.config.origin }],
        "paths": paths,
        "components": {
            "schemas": { "Error": answers::error(), "Authenticator": answers::authenticator_schema() },
            "securitySchemes": {
                "secret": { "type": "http", "scheme": "basic", "description": "The API secret as user name, no password." },
                "tenant": { "type": "http", "scheme": "basic", "description": "The tenant's id as user name, no password." },
                "token": { "type": "http", "scheme": "bearer", "description": "A token of `track` or of a verify." },
            },
        },
    })
}

fn operation(route: &Route, summary: &str, answer: &Value) -> Value {
    let Asked { body, query } = (route.asked)();
    let mut parameters: Vec<Value> = path_parameters(route.path).collect();
    let required = |schema: &Value, name: &str| {
        schema["required"].as_array().is_some_and(|required| required.iter().any(|one| one == name))
    };
    if let Some(query) = &query {
        for (name, schema) in query["properties"].as_object().into_iter().flatten() {
            let is_required = required(query, name);
            parameters
                .push(json!({ "name": name, "in": "query", "required": is_required, "schema": without_null(schema) }));
        }
    }
    let json_of = |schema: &Value| json!({ "application/json": { "schema": schema } });
    let error = json_of(&json!({ "$ref": "#/components/schemas/Error" }));
    let mut operation = json!({
        "summary": summary,
        "tags": [tag(route)],
        "parameters": parameters,
        "security": security(route.need),
        "responses": {
            "200": { "description": "Done.", "content": json_of(answer) },
            "4XX": { "description": "Refused: nothing has changed.", "content": error },
        },
    });
    if let Some(body) = body {
        let is_required = body["required"].as_array().is_some_and(|required| !required.is_empty());
        operation["requestBody"] = json!({ "required": is_required, "content": json_of(&body) });
    }
    if answer == &answers::socket() {
        operation["responses"]["101"] = json!({ "description": "The socket is open." });
        operation["responses"].as_object_mut().map(|responses| responses.remove("200"));
    }
    operation
}

/// A query holds a text or does not; it has no null.
fn without_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(types) = schema["type"].as_array() {
        let kept: Vec<&Value> = types.iter().filter(|one| *one != "null").collect();
        if let [one] = kept.as_slice() {
            schema["type"] = (*one).clone();
        }
    }
    if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
        let kept: Vec<&Value> = options.iter().filter(|one| one["type"] != "null").collect();
        if let [one] = kept.as_slice() {
            return (*one).clone();
        }
    }
    schema
}

fn path_parameters(path: &'static str) -> impl Iterator<Item = Value> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(|name| {
        let schema = if name == "action" {
            json!({ "type": "string", "pattern": "^[a-zA-Z0-9_-]{1,64}$" })
        } else {
            json!({ "type": "string", "minLength": 1, "maxLength": 256 })
        };
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    })
}

fn security(need: Need) -> Value {
    match need {
        Need::Nothing | Need::Local | Need::OneTime => json!([]),
        Need::Secret => json!([{ "secret": [] }]),
        Need::Tenant | Need::Signature => json!([{ "tenant": [] }]),
        Need::Token | Need::Change(_) => json!([{ "token": [] }]),
        Need::TokenOrTenant | Need::Proof | Need::Socket => json!([{ "token": [] }, { "tenant": [] }]),
    }
}

fn tag(route: &Route) -> &'static str {
    if route.path.starts_with("/v1/client/") || route.need == Need::Socket {
        "Client API"
    } else if route.path.starts_with("/v1/") {
        "Server API"
    } else if route.path.starts_with("/local/") {
        "Control plane"
    } else {
        "Operation"
    }
}

/// `GET /openapi`: the same, for people.
pub async fn page(State(app): State<App>) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                 frame-ancestors 'none'",
            ),
        ),
    ];
    (headers, readable(&describe(&app))).into_response()
}

fn readable(document: &Value) -> String {
    let mut html = String::from(PAGE_BEGIN);
    for tag in ["Client API", "Server API", "Control plane", "Operation"] {
        let mut rows = String::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                if operation["tags"][0] == tag {
                    rows.push_str(&row(path, method, operation));
                }
            }
        }
        if !rows.is_empty() {
            html.push_str(&format!("<h2>{tag}</h2>{rows}"));
        }
    }
    html
}

fn row(path: &str, method: &str, operation: &Value) -> String {
    let pretty = |schema: &Value| escaped(&serde_json::to_string_pretty(schema).unwrap_or_default());
    let needs: Vec<&str> = operation["security"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_object()?.keys().next().map(String::as_str))
        .collect();
    let needs = if needs.is_empty() { "no credentials".to_owned() } else { needs.join(" or ") };
    let query: Vec<&str> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["in"] == "query")
        .filter_map(|one| one["name"].as_str())
        .collect();
    let part = |title: &str, schema: &Value| {
        if schema.is_null() {
            String::new()
        } else {
            format!("<h3>{title}</h3><pre tabindex=0>{}</pre>", pretty(schema))
        }
    };
    format!(
        "<details><summary><b>{}</b> <code>{}</code> <span>{}</span></summary><p>Needs: {needs}.{}</p>{}{}</details>",
        method.to_uppercase(),
        escaped(path),
        escaped(operation["summary"].as_str().unwrap_or_default()),
        if query.is_empty() { String::new() } else { format!(" Query: {}.", escaped(&query.join(", "))) },
        part("Body", &operation["requestBody"]["content"]["application/json"]["schema"]),
        part("Answer", &operation["responses"]["200"]["content"]["application/json"]["schema"]),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const PAGE_BEGIN: &str = "<!doctype html><html lang=en><meta charset=utf-8>\
    <meta name=viewport content=\"width=device-width\"><meta name=color-scheme content=\"light dark\">\
    <title>API · authsignal-local</title><style>\
    :root{--soft:#53605b;--line:#d6d2c5;--accent:#0b6b4f;--ground:#f3f1ea;--ink:#1b2321;--sunk:#e8e5db}\
    @media(prefers-color-scheme:dark){:root{--soft:#a5b1ab;--line:#2b3532;--accent:#74d3ae;--ground:#101514;--ink:#e8ece7;\
    --sunk:#0b0f0e}}\
    body{font:1rem/1.5 system-ui,sans-serif;max-width:56rem;margin:0 auto;padding:1rem 1rem 4rem;background:var(--ground);\
    color:var(--ink)}a{color:var(--accent)}h2{margin-top:2.5rem}h3{font-size:1rem;margin:.8rem 0 .2rem}\
    details{border-bottom:1px solid var(--line)}summary{padding:.6rem 0;cursor:pointer;overflow-wrap:anywhere}\
    summary b{display:inline-block;min-width:4.2rem;color:var(--accent)}summary span{color:var(--soft)}\
    pre{overflow-x:auto;padding:.8rem;background:var(--sunk);border-radius:.5rem;font-size:.86rem}</style>\
    <main><h1>API</h1><p>Every route as this server answers it, made from its code. For tools: \
    <a href=/openapi.json>openapi.json</a>.</p>\
    <p>A refusal has a 4xx status and <code>{error, errorCode, errorDescription}</code>, and nothing has changed.</p>";
