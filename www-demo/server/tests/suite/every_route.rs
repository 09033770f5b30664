//! Bad input for every row of the route table, so that a new route is covered by itself: the answer is the triple with
//! the right status, readable across origins, never our own failure, and a refusal has changed nothing.

use std::collections::BTreeSet;
use std::path::Path;

use authsignal_local::domain::SECOND;
use authsignal_local::routes::{Need, Route, table};
use authsignal_local::token::{Claims, Tokens};
use axum::Router;
use axum::body::Body;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderValue, Method, Request};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use crate::socket::{connect, listen};
use crate::support::server::claims_of;
use crate::support::{Answer, Dump, Phone, Server};

const PAGE: &str = "http://localhost:3000";
const OWN_PAGE: &str = "http://localhost:8787";

/// A server with two users who have authenticators and open challenges, and a look at all that it holds.
struct World {
    server: Server,
    router: Router,
    dump: Dump,
    /// A token of ada's with every right.
    ada: String,
    /// The same of bob's.
    bob: String,
    /// Ids of what is ada's: authenticators, open challenges, credentials.
    ids_of_ada: Vec<String>,
}

impl World {
    async fn new() -> Self {
        let server = Server::start().await;
        let (mut device, first) = server.enrolled_user("ada").await;
        server.create_app(&first).await;
        server.enrol_by_code(&first, "sms", "+15550100001").await;
        Phone::new("push", 1).add(&server, &first).await.ok();
        let (_, bob) = server.enrolled_user("bob").await;
        server.enrol_by_code(&bob, "sms", "+15550100002").await;
        let ada = server.sign_in(&mut device).await["accessToken"].as_str().unwrap().to_owned();

        let mut ids_of_ada = Vec::new();
        for one in server.authenticators("ada").await {
            ids_of_ada.push(one["userAuthenticatorId"].as_str().unwrap().to_owned());
            ids_of_ada.extend(one["webauthnCredential"]["credentialId"].as_str().map(str::to_owned));
        }
        let holder = crate::support::server::As::Holder(&ada);
        for (path, body) in [
            ("/v1/client/challenge/push", json!({ "action": "passkey_sign_in" })),
            ("/v1/client/challenge/sms", json!({})),
            ("/v1/client/user-authenticators/passkey/registration-options", json!({})),
            ("/v1/client/user-authenticators/passkey/authentication-options", json!({})),
        ] {
            let reply = server.post(path, holder, body).await;
            ids_of_ada.extend(reply.body["challengeId"].as_str().map(str::to_owned));
        }
        assert!(ids_of_ada.len() >= 8, "{ids_of_ada:?}");
        let dump = Dump::of(&server.app.store).await;
        Self { router: server.app.router(), server, dump, ada, bob, ids_of_ada }
    }

    async fn lines(&self) -> Vec<String> {
        self.dump.lines(&self.server.app.store).await
    }

    /// What a route needs, as ada or her backend bring it.
    fn authorization(&self, need: Need) -> Option<HeaderValue> {
        let text = match need {
            Need::Nothing | Need::Local | Need::OneTime | Need::Socket => return None,
            Need::Tenant | Need::Signature => format!("Basic {}", BASE64_STANDARD.encode("local")),
            Need::Secret => format!("Basic {}", BASE64_STANDARD.encode("local-secret:")),
            Need::Token | Need::TokenOrTenant | Need::Change(_) | Need::Proof => format!("Bearer {}", self.ada),
        };
        Some(HeaderValue::try_from(text).unwrap())
    }

    async fn send(&self, route: &Route, path: &str, authorization: Option<HeaderValue>, body: Vec<u8>) -> Answer {
        self.send_by(route.method.clone(), origin_of(route), path, authorization, body).await
    }

    async fn send_by(
        &self,
        method: Method,
        origin: &str,
        path: &str,
        authorization: Option<HeaderValue>,
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost:8787")
            .header(ORIGIN, origin)
            .header(CONTENT_TYPE, "application/json");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        Server::send_through(self.router.clone(), request.body(Body::from(body)).unwrap()).await
    }
}

/// The tester's control plane answers its own pages only.
fn origin_of(route: &Route) -> &'static str {
    if route.need == Need::Local { OWN_PAGE } else { PAGE }
}

/// A path with this in the place of each parameter.
fn filled(path: &str, with: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { with } else { part }).collect::<Vec<_>>().join("/")
}

/// A refusal as every page can read it: its status, which is the caller's fault and not ours.
#[track_caller]
fn refused(answer: &Answer, what: &str) -> u16 {
    let status = answer.status.as_u16();
    assert!((400..500).contains(&status), "{what}: {status} {}", answer.body);
    let [error, code, description] =
        ["error", "errorCode", "errorDescription"].map(|key| answer.body[key].as_str().unwrap_or_default());
    assert!(!code.is_empty() && error == code && !description.is_empty(), "{what}: {status} {}", answer.body);
    readable(answer, what);
    status
}

/// Readable across origins.
#[track_caller]
fn readable(answer: &Answer, what: &str) {
    let allowed = answer.headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(HeaderValue::as_bytes);
    assert!(allowed.is_some_and(|origin| origin == PAGE.as_bytes() || origin == OWN_PAGE.as_bytes()), "{what}");
}

fn named(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// What is presented as a token, and what is wrong with it.
fn bad_tokens(world: &World) -> Vec<(&'static str, HeaderValue)> {
    let claims: Claims = serde_json::from_value(claims_of(&world.ada)).unwrap();
    let config = &world.server.app.config;
    let minted = |secret: &str, claims: &Claims| Tokens::new(secret, &claims.aud, "local").mint(claims).unwrap();
    let now = world.server.app.clock.now() / SECOND;
    let expired = Claims { exp: now - 1, ..claims.clone() };
    let of_a_time_to_come = Claims { iat: now + 3_600, exp: now + 7_200, ..claims.clone() };
    let other_audience = Claims { aud: "https://api.example.test/v1".to_owned(), ..claims.clone() };
    let mut other_tenant = claims.clone();
    other_tenant.other.tenant_id = "another".to_owned();
    let mut other_user = claims.clone();
    other_user.sub = "bob".to_owned();
    let mut both_names = other_user.clone();
    both_names.other.user_id = "bob".to_owned();
    let payload = world.ada.split('.').nth(1).unwrap();
    let header = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    let signature = world.ada.rsplit('.').next().unwrap();
    let bearer = |token: &str| HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    vec![
        ("empty", bearer("")),
        ("no token at all", bearer("x")),
        ("of three nonsense parts", bearer("a.b.c")),
        ("without a signature", bearer(world.ada.rsplit_once('.').unwrap().0)),
        ("cut off", bearer(&world.ada[..world.ada.len() - 2])),
        ("unsigned: alg none", bearer(&format!("{}.{payload}.", header(r#"{"alg":"none","typ":"JWT"}"#)))),
        ("unsigned: alg None", bearer(&format!("{}.{payload}.{signature}", header(r#"{"alg":"None"}"#)))),
        ("of another algorithm", bearer(&format!("{}.{payload}.{signature}", header(r#"{"alg":"HS512"}"#)))),
        ("of another key", bearer(&minted("another-secret", &claims))),
        ("of another audience", bearer(&minted(&config.secret, &other_audience))),
        ("of another tenant", bearer(&minted(&config.secret, &other_tenant))),
        ("of one user in the name of another", bearer(&minted(&config.secret, &other_user))),
        ("of one user's key in the name of another", bearer(&minted(&config.secret, &both_names))),
        ("of a time to come", bearer(&minted(&config.secret, &of_a_time_to_come))),
        ("expired", bearer(&minted(&config.secret, &expired))),
        ("the tenant's secret", bearer(&config.secret)),
        ("of no scheme", HeaderValue::try_from(world.ada.as_str()).unwrap()),
        ("of another scheme", HeaderValue::try_from(format!("Digest {}", world.ada)).unwrap()),
        ("bytes that are no text", HeaderValue::from_bytes(b"Bearer \xff\xfe").unwrap()),
        ("as a tenant's id", HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode("another"))).unwrap()),
    ]
}

#[tokio::test]
async fn no_route_takes_a_bad_token_for_a_good_one() {
    let world = World::new().await;
    let mut before = world.lines().await;
    let tokens = bad_tokens(&world);
    for route in table() {
        let path = filled(route.path, "ada");
        for (flaw, token) in &tokens {
            let what = format!("{} with a token {flaw}", named(&route));
            let answer = world.send(&route, &path, Some(token.clone()), b"{}".to_vec()).await;
            match route.need {
                // Those do not look at tokens.
                Need::Nothing | Need::Local | Need::OneTime => {
                    assert!(!answer.status.is_server_error(), "{what}: {} {}", answer.status, answer.body);
                }
                _ => {
                    let status = refused(&answer, &what);
                    assert_eq!(status, 401, "{what}: {}", answer.body);
                    let is_expired = *flaw == "expired" && answer.body["errorCode"] == "expired_token";
                    let looks_at_tokens =
                        !matches!(route.need, Need::Secret | Need::Tenant | Need::Signature | Need::Socket);
                    assert_eq!(is_expired, *flaw == "expired" && looks_at_tokens, "{what}: {}", answer.body);
                }
            }
        }
        if matches!(route.need, Need::Nothing | Need::Local | Need::OneTime) {
            before = world.lines().await;
        }
        assert_eq!(world.lines().await, before, "{}", named(&route));
    }
}

#[tokio::test]
async fn no_socket_is_opened_by_a_bad_token() {
    let world = World::new().await;
    let port = listen(&world.server).await;
    let before = world.lines().await;
    let mut tried = 0;
    for (flaw, token) in bad_tokens(&world) {
        // What is wrong with the others is wrong with the header alone, which sockets have not.
        let Some(token) = token.to_str().ok().and_then(|value| value.strip_prefix("Bearer ")) else { continue };
        let protocols = format!("authsignal-ws, x.authsignal.token.{token}");
        match connect(port, "/ws-v1-challenge", &protocols).await {
            Err(Error::Http(refusal)) => {
                assert_eq!(refusal.status(), 401, "{flaw}");
                let body: Value = serde_json::from_slice(refusal.body().as_deref().unwrap_or_default()).unwrap();
                let code = if flaw == "expired" { "expired_token" } else { "unauthorized" };
                assert_eq!((&body["error"], &body["errorCode"]), (&json!(code), &json!(code)), "{flaw}");
            }
            other => panic!("a token {flaw}: {other:?}"),
        }
        tried += 1;
    }
    assert!(tried > 12, "only {tried} bad tokens were tried");
    assert_eq!(world.lines().await, before);
    connect(port, "/ws-v1-challenge", &format!("authsignal-ws, x.authsignal.token.{}", world.ada)).await.unwrap();
}

/// The names of all fields that a body or a query of any route may have, read from the sources.
fn field_names() -> Vec<String> {
    fn collect(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, names);
                continue;
            }
            let mut is_read = false;
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                if line.starts_with("#[derive(") || line == "}" {
                    is_read = line.contains("Deserialize");
                }
                let field = line.strip_prefix("    ").map(|line| line.strip_prefix("pub ").unwrap_or(line));
                let Some((name, _)) = field.and_then(|field| field.split_once(": ")) else { continue };
                if is_read && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
                    names.insert(camel_case(name));
                }
            }
        }
    }
    let mut names = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/routes"), &mut names);
    assert!(names.contains("verificationCode") && names.contains("challengeId"), "{names:?}");
    names.into_iter().collect()
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(1);
        camel.push_str(&first.to_ascii_uppercase());
        camel.push_str(rest);
    }
    camel
}

/// The fields that a route reads from its body. Each of all names gets a value of its own that is of the wrong type for
/// most: the refusal tells the value, and so the field; without that one the next is told.
async fn fields_of(world: &World, route: &Route, names: &[String]) -> Vec<String> {
    let path = filled(route.path, "ada");
    let numbered = |at: usize| json!(90_001 + at);
    let worded = |at: usize| json!(format!("word{}", 90_001 + at));
    let mut fields = Vec::new();
    for value in [&numbered as &dyn Fn(usize) -> Value, &worded] {
        let mut rest: Vec<usize> = (0..names.len()).filter(|at| !fields.contains(&names[*at])).collect();
        loop {
            let body: serde_json::Map<_, _> = rest.iter().map(|at| (names[*at].clone(), value(*at))).collect();
            let body = Value::Object(body).to_string().into_bytes();
            let answer = world.send(route, &path, world.authorization(route.need), body).await;
            let said = answer.body["errorDescription"].as_str().unwrap_or_default();
            let told = |at: &&usize| said.contains("wrong type") && said.contains(&(90_001 + **at).to_string());
            let Some(at) = rest.iter().find(told).copied() else { break };
            fields.push(names[at].clone());
            rest.retain(|other| *other != at);
        }
    }
    fields
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let names = field_names();
    let mut tried = 0;
    for route in table() {
        if !matches!(route.method, Method::POST | Method::PATCH) || route.path == "/local/reset" {
            continue;
        }
        let path = filled(route.path, "ada");
        for field in fields_of(&world, &route, &names).await {
            let before = world.lines().await;
            let mut refusals = 0;
            for wrong in [json!(7), json!(-1e300), json!(true), json!([]), json!([[]]), json!({ "a": { "b": [] } })] {
                let what = format!("{} with {field}: {wrong}", named(&route));
                let body = json!({ &field: wrong }).to_string().into_bytes();
                let answer = world.send(&route, &path, world.authorization(route.need), body).await;
                readable(&answer, &what);
                if answer.status.is_success() {
                    continue;
                }
                refused(&answer, &what);
                refusals += 1;
                tried += 1;
            }
            assert!(refusals > 0, "{} takes {field} of any type", named(&route));
            if refusals == 6 {
                assert_eq!(world.lines().await, before, "{} with a wrong {field}", named(&route));
            }
        }
    }
    assert!(tried > 500, "only {tried} wrong fields were tried");
}

/// A value of the type that a schema describes, with what it requires.
fn sample(schema: &Value) -> Value {
    if let Some(only) = schema.get("const") {
        return only.clone();
    }
    if let Some(options) = schema.get("oneOf").or(schema.get("anyOf")) {
        return sample(&options[0]);
    }
    match schema["type"].as_str().or(schema["type"][0].as_str()) {
        Some("object") => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            required.map(|name| (name.to_owned(), sample(&schema["properties"][name]))).collect()
        }
        Some("array") => json!([]),
        Some("integer") => json!(1),
        Some("boolean") => json!(true),
        _ => json!("x"),
    }
}

/// The types of JSON that a schema takes; nothing if it takes all.
fn types(schema: &Value) -> Vec<&str> {
    if let Some(options) = schema.get("oneOf").or(schema.get("anyOf")).and_then(Value::as_array) {
        return options.iter().flat_map(types).collect();
    }
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// Values of types that a schema does not take.
fn wrong(schema: &Value) -> Vec<Value> {
    let types = types(schema);
    let all = [
        ("string", json!("words")),
        ("integer", json!(7)),
        ("number", json!(-1e300)),
        ("boolean", json!(true)),
        ("array", json!([])),
        ("array", json!([[]])),
        // The objects that are described have no such field.
        ("no object", json!({ "a": { "b": [] } })),
        ("null", json!(null)),
    ];
    let refused = all.into_iter().filter(|(kind, _)| !types.is_empty() && !types.contains(kind));
    let mut values: Vec<Value> = refused.map(|(_, value)| value).collect();
    if types.contains(&"integer") && schema["minimum"] == json!(0) {
        values.extend([json!(-1), json!(1.5)]);
    }
    values
}

/// Bodies of a schema, each with one thing of a wrong type inside of a list, and what that is.
fn spoiled(schema: &Value, at: &str, is_in_list: bool) -> Vec<(String, Value)> {
    let mut bodies = Vec::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        let here = if is_in_list { wrong(property) } else { Vec::new() };
        let here = here.into_iter().map(|value| (format!("{at}: {value}"), value));
        for (what, value) in here.chain(spoiled(property, &at, is_in_list)) {
            let mut body = sample(schema);
            body[name] = value;
            bodies.push((what, body));
        }
    }
    if schema["items"]["type"] == "object" {
        let items = wrong(&schema["items"]).into_iter().map(|value| (format!("{at}[]: {value}"), value));
        let all = items.chain(spoiled(&schema["items"], &format!("{at}[]"), true));
        bodies.extend(all.map(|(what, item)| (what, json!([item]))));
    }
    bodies
}

#[tokio::test]
async fn a_field_of_the_wrong_type_inside_of_a_list_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let described = world.server.get("/openapi.json", crate::support::server::As::Nobody).await.ok();
    let before = world.lines().await;
    let (mut lists, mut tried) = (BTreeSet::new(), 0);
    for route in table() {
        let operation = &described["paths"][route.path][route.method.as_str().to_lowercase()];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        for (what, body) in spoiled(schema, "", false) {
            let (list, _) = what.split_once(": ").unwrap().0.rsplit_once("[]").unwrap();
            lists.insert(format!("{}{list}[]", route.path));
            tried += 1;
            let what = format!("{} with {what}", named(&route));
            let path = filled(route.path, "ada");
            let body = body.to_string().into_bytes();
            let answer = world.send(&route, &path, world.authorization(route.need), body).await;
            assert_eq!(refused(&answer, &what), 422, "{what}: {}", answer.body);
        }
    }
    assert_eq!(world.lines().await, before);
    assert!(world.server.app.control.faults().is_empty());
    let wanted = ["/local/faults.faults[]", "/local/users.users[]", "/local/users.users[].authenticators[]"];
    for list in wanted.into_iter().chain(["/v1/users/authenticators.authenticators[]"]) {
        assert!(lists.contains(list), "{list} is not in {lists:?}");
    }
    assert!(tried > 150, "only {tried} wrong fields were tried");
}

#[tokio::test]
async fn texts_that_a_database_cannot_hold_are_no_failure_of_ours() {
    let world = World::new().await;
    let names = field_names();
    for route in table() {
        // Emptying everything is not a refusal.
        if route.path == "/local/reset" {
            continue;
        }
        let check = async |path: &str, body: Vec<u8>, what: String| {
            let answer = world.send(&route, path, world.authorization(route.need), body).await;
            readable(&answer, &what);
            // A person reads the page behind a link in a mail.
            let is_page = answer.headers.get(CONTENT_TYPE).is_some_and(|value| value == "text/html; charset=utf-8");
            if is_page {
                assert!(!answer.status.is_server_error(), "{what}: {}", answer.status);
            } else if !answer.status.is_success() {
                refused(&answer, &what);
            }
        };
        for text in ["%00", "%FF", "%ED%A0%80", "..%2F..", "%F0%9F%92%A9"] {
            let path = filled(route.path, text);
            check(&path, b"{}".to_vec(), format!("{} at {text}", named(&route))).await;
            let query: Vec<String> = names.iter().map(|name| format!("{name}={text}")).collect();
            let path = format!("{}?{}", filled(route.path, "ada"), query.join("&"));
            check(&path, b"{}".to_vec(), format!("{} asked for {text}", named(&route))).await;
        }
        let path = filled(route.path, &"x".repeat(10_000));
        check(&path, b"{}".to_vec(), format!("{} at a long path", named(&route))).await;
        if !matches!(route.method, Method::POST | Method::PATCH) {
            continue;
        }
        let path = filled(route.path, "ada");
        let fields = fields_of(&world, &route, &names).await;
        // A database compresses what repeats itself, and may find only then that it has room.
        let random: String = std::iter::repeat_with(|| world.server.app.random.word()).take(2_000).collect();
        for text in ["\0", "a\u{0}b", "\u{feff}\u{202e}\u{fffd}", "", &"x".repeat(100_000), &random] {
            for field in &fields {
                let body = json!({ field: text }).to_string().into_bytes();
                check(&path, body, format!("{} with {field}: {text:.20?}", named(&route))).await;
            }
            let all: serde_json::Map<_, _> = fields.iter().map(|name| (name.clone(), json!(text))).collect();
            let body = Value::Object(all).to_string().into_bytes();
            check(&path, body, format!("{} with {text:.20?} in all fields", named(&route))).await;
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let mut readers = 0;
    for route in table() {
        if !matches!(route.method, Method::POST | Method::PATCH) {
            continue;
        }
        let path = filled(route.path, "ada");
        let said = async |body: &[u8]| {
            let answer = world.send(&route, &path, world.authorization(route.need), body.to_vec()).await;
            (answer.status, answer.body)
        };
        // A route whose one-time secret or key is in the address reads no body.
        if said(b"[]").await == said(b"{}").await {
            continue;
        }
        let before = world.lines().await;
        for (body, wanted) in [
            (b"{".to_vec(), 400),
            (b"{\"email\":\"\xff\xfe\"}".to_vec(), 400),
            (b"\xef\xbb\xbf{}".to_vec(), 400),
            (b"{\"email\":\"\\ud800\"}".to_vec(), 400),
            (b"{\"a\":1e999}".to_vec(), 400),
            (b"nonsense".to_vec(), 400),
            (vec![b'['; 10_000], 400),
            ([br#"{"a":"#.repeat(10_000), b"1".to_vec()].concat(), 400),
            (b"[]".to_vec(), 422),
            (b"[7]".to_vec(), 422),
            (b"7".to_vec(), 422),
            (b"null".to_vec(), 422),
            (b"\"{}\"".to_vec(), 422),
            (vec![b' '; route.largest_body + 1], 413),
            ([b"{\"email\":\"".to_vec(), vec![b'x'; route.largest_body], b"\"}".to_vec()].concat(), 413),
        ] {
            let what = format!("{} with {:.20}", named(&route), String::from_utf8_lossy(&body));
            let answer = world.send(&route, &path, world.authorization(route.need), body).await;
            let status = refused(&answer, &what);
            assert_eq!(status, wanted, "{what}: {}", answer.body);
        }
        assert_eq!(world.lines().await, before, "{}", named(&route));
        readers += 1;
    }
    assert!(readers > 40, "only {readers} routes read a body");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_refused_and_the_others_are_named() {
    let world = World::new().await;
    let before = world.lines().await;
    let taken: Vec<(&str, Method)> = table().into_iter().map(|route| (route.path, route.method)).collect();
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get"];
    for route in table() {
        for method in methods {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            if taken.contains(&(route.path, method.clone())) {
                continue;
            }
            let what = format!("{method} {}", route.path);
            let authorization = world.authorization(route.need);
            let path = filled(route.path, "ada");
            let answer = world.send_by(method, origin_of(&route), &path, authorization, b"{}".to_vec()).await;
            let status = refused(&answer, &what);
            assert_eq!(status, 405, "{what}: {}", answer.body);
            let allowed = answer.headers.get(ALLOW).and_then(|value| value.to_str().ok()).unwrap_or_default();
            assert!(allowed.contains(route.method.as_str()), "{what}: {allowed}");
        }
    }
    assert_eq!(world.lines().await, before);
}

#[tokio::test]
async fn t5_the_ids_of_another_user_reach_nothing_of_theirs() {
    let world = World::new().await;
    let names = field_names();
    let ada_key = claims_of(&world.ada)["binding"]["userKey"].as_str().unwrap().to_owned();
    let of_ada = async || {
        let lines = world.lines().await;
        lines.into_iter().filter(|line| line.contains(&ada_key)).collect::<Vec<_>>()
    };
    let before = of_ada().await;
    assert!(before.len() > 8, "{before:?}");
    let bob = HeaderValue::try_from(format!("Bearer {}", world.bob)).unwrap();
    for route in table() {
        // A backend may reach every user, and a tester everything.
        if matches!(route.need, Need::Secret | Need::Local | Need::Socket) {
            continue;
        }
        for id in &world.ids_of_ada {
            let mut body =
                json!({ "verificationCode": "000000", "approved": true, "displayName": "mine", "action": "manage" });
            for name in names.iter().filter(|name| name.ends_with("Id") || name.ends_with("Ids")) {
                body[name] = json!(id);
            }
            let what = format!("{} with an id of another user", named(&route));
            let path = format!("{}?credentialIds={id}&challengeId={id}", filled(route.path, id));
            let answer = world.send(&route, &path, Some(bob.clone()), body.to_string().into_bytes()).await;
            assert!(!answer.status.is_server_error(), "{what}: {} {}", answer.status, answer.body);
            readable(&answer, &what);
            assert!(!answer.body.to_string().contains(&ada_key), "{what}: {}", answer.body);
            if route.path.contains('{') {
                assert_eq!(refused(&answer, &what), 404, "{what}: {}", answer.body);
            }
        }
        assert_eq!(of_ada().await, before, "{}", named(&route));
    }
}

#[tokio::test]
async fn the_control_plane_answers_no_page_of_another_site_at_any_route() {
    let world = World::new().await;
    let before = world.lines().await;
    for route in table().into_iter().filter(|route| route.need == Need::Local) {
        for (host, origin) in [
            ("localhost:8787", "http://localhost:3000"),
            ("localhost:8787", "https://example.test"),
            ("localhost:8787", "null"),
            ("example.test", "http://example.test"),
            ("localhost.example.test:8787", "http://localhost.example.test:8787"),
        ] {
            let request = Request::builder()
                .method(route.method.clone())
                .uri(filled(route.path, "ada"))
                .header(HOST, host)
                .header(ORIGIN, origin)
                .header(CONTENT_TYPE, "application/json")
                .body(Body::from("{}"))
                .unwrap();
            world.server.send(request).await.refused(403, "forbidden");
        }
    }
    assert_eq!(world.lines().await, before);
}

#[tokio::test]
async fn a_local_server_answers_to_no_name_but_a_loopback_one_at_any_route() {
    let world = World::new().await;
    let before = world.lines().await;
    // As a page asks whose own name has come to lead to this machine: it knows the secret, and is of the same origin.
    let ask = async |method: Method, uri: &str, hosts: &[&str], authorization: Option<HeaderValue>| {
        let mut request = Request::builder().method(method).uri(uri).header(CONTENT_TYPE, "application/json");
        for host in hosts {
            request = request.header(HOST, *host).header(ORIGIN, format!("http://{host}"));
        }
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        Server::send_through(world.router.clone(), request.body(Body::from("{}")).unwrap()).await
    };
    let mut asked: Vec<_> = table()
        .into_iter()
        .map(|route| (world.authorization(route.need), route.method, filled(route.path, "ada")))
        .collect();
    for path in ["/", "/index.html", "/pkg/index.js", "/v1/nothing", "/nothing"] {
        asked.push((None, Method::GET, path.to_owned()));
    }
    for (authorization, method, path) in asked {
        for foreign in ["attacker.example.test:8787", "localhost.example.test", "127.0.0.1.example.test:8787", ""] {
            let answer = ask(method.clone(), &path, &[foreign], authorization.clone()).await;
            answer.refused(403, "forbidden");
        }
    }
    let backend = || world.authorization(Need::Secret);
    for (uri, hosts) in [
        ("/v1/users/ada", &[][..]),
        ("/v1/users/ada", &["localhost", "attacker.example.test"]),
        ("/v1/users/ada", &["0.0.0.0:8787"]),
        ("/v1/users/ada", &["192.0.2.1"]),
        ("http://attacker.example.test/v1/users/ada", &["localhost"]),
    ] {
        ask(Method::GET, uri, hosts, backend()).await.refused(403, "forbidden");
    }
    assert_eq!(world.lines().await, before);
    for own in ["localhost", "localhost:3000", "127.0.0.1:8787", "127.8.9.10", "[::1]:8787", "[::1]"] {
        ask(Method::GET, "/v1/users/ada", &[own], backend()).await.ok();
    }
}
