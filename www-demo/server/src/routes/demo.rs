//! The demo's own backend: plays the customer's application server. It knows its user by a cookie, keeps the API secret
//! to itself, and calls the server API over HTTP like any customer would, only without a socket.

use axum::Json;
use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::app::{App, LARGEST_BODY};
use crate::error::{ApiError, ApiResult};
use crate::routes::body::{Body, Empty};
use crate::store::DemoSession;

const COOKIE_NAME: &str = "demo_session";

/// Calls the server API with the secret.
async fn call(app: &App, method: Method, path: &str, body: &Value) -> ApiResult<Value> {
    let secret = BASE64_STANDARD.encode(format!("{}:", app.config.secret));
    let request = Request::builder()
        .method(method)
        .uri(format!("/v1/{path}"))
        .header(HOST, "localhost")
        .header(AUTHORIZATION, format!("Basic {secret}"))
        .header(CONTENT_TYPE, "application/json")
        .body(HttpBody::from(body.to_string()))
        .map_err(ApiError::internal)?;
    let response = app.router().oneshot(request).await.map_err(ApiError::internal)?;
    let status = response.status();
    let bytes = to_bytes(response.into_body(), LARGEST_BODY).await.map_err(ApiError::internal)?;
    if !status.is_success() {
        return Err(ApiError::internal(format!("the server API answered {status} to the demo's backend")));
    }
    Ok(serde_json::from_slice(&bytes)?)
}

/// An id as a part of a path, whatever is in it.
fn segment(id: &str) -> PercentEncode<'_> {
    utf8_percent_encode(id, NON_ALPHANUMERIC)
}

fn session_id(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE_NAME).then_some(value))
}

async fn signed_in(app: &App, headers: &HeaderMap) -> ApiResult<Option<DemoSession>> {
    match session_id(headers) {
        Some(id) => Ok(app.store.look().await?.demo_session(id).await?),
        None => Ok(None),
    }
}

async fn require_user(app: &App, headers: &HeaderMap) -> ApiResult<DemoSession> {
    let user = signed_in(app, headers).await?;
    user.ok_or_else(|| ApiError::unauthorized("Nobody is signed in to the demo. Sign up or sign in first."))
}

/// Signs a browser in; the value of its cookie.
async fn sign_browser_in(app: &App, user: &DemoSession) -> ApiResult<String> {
    let id = app.random.word();
    let mut tx = app.store.write().await?;
    tx.insert_demo_session(&id, &user.user_id, &user.username).await?;
    tx.commit().await?;
    Ok(format!("{COOKIE_NAME}={id}; Path=/; HttpOnly; SameSite=Lax"))
}

/// `GET /demo/session`
pub async fn session(State(app): State<App>, headers: HeaderMap) -> ApiResult<Json<Value>> {
    Ok(Json(json!({ "user": signed_in(&app, &headers).await? })))
}

/// The body of [`sign_up`].
#[derive(Deserialize, JsonSchema)]
pub struct SignUp {
    username: String,
}

/// `POST /demo/sign-up`: a new user, signed in, and a token for their first authenticator.
pub async fn sign_up(State(app): State<App>, Body(body): Body<SignUp>) -> ApiResult<Response> {
    const LONGEST_NAME: usize = 64;
    let username = body.username.trim().to_owned();
    if username.is_empty() || username.chars().count() > LONGEST_NAME {
        return Err(ApiError::invalid_request(format!("A user name has 1 to {LONGEST_NAME} characters.")));
    }
    let user = DemoSession { user_id: app.random.id(), username };
    let path = format!("users/{}/actions/createAccount", user.user_id);
    let tracked = call(&app, Method::POST, &path, &json!({ "username": user.username })).await?;
    let cookie = sign_browser_in(&app, &user).await?;
    let reply = json!({
        "userId": user.user_id,
        "username": user.username,
        "token": tracked["token"],
        "isEnrolled": tracked["isEnrolled"],
    });
    Ok(([(SET_COOKIE, cookie)], Json(reply)).into_response())
}

/// The body of [`sign_in`].
#[derive(Deserialize, JsonSchema)]
pub struct SignIn {
    token: String,
}

/// `POST /demo/sign-in`: what the client brings counts only once the server API has confirmed it.
pub async fn sign_in(State(app): State<App>, Body(body): Body<SignIn>) -> ApiResult<Response> {
    let validated = call(&app, Method::POST, "validate", &json!({ "token": body.token })).await?;
    let user_id = validated["userId"].as_str().filter(|_| validated["state"] == "CHALLENGE_SUCCEEDED");
    let user_id = user_id.ok_or_else(|| {
        ApiError::unauthorized("The challenge of this token was not completed, so nobody was signed in.")
    })?;
    let known = call(&app, Method::GET, &format!("users/{}", segment(user_id)), &json!({})).await?;
    let username = known["username"].as_str().unwrap_or(user_id).to_owned();
    let user = DemoSession { user_id: user_id.to_owned(), username };
    let cookie = sign_browser_in(&app, &user).await?;
    Ok(([(SET_COOKIE, cookie)], Json(json!({ "user": user }))).into_response())
}

/// `POST /demo/sign-out`
pub async fn sign_out(State(app): State<App>, headers: HeaderMap, Body(Empty {}): Body<Empty>) -> ApiResult<Response> {
    if let Some(id) = session_id(&headers) {
        let mut tx = app.store.write().await?;
        tx.delete_demo_session(id).await?;
        tx.commit().await?;
    }
    let cookie = format!("{COOKIE_NAME}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    Ok(([(SET_COOKIE, cookie)], Json(json!({ "user": null }))).into_response())
}

/// The body of [`token`].
#[derive(Deserialize, JsonSchema)]
pub struct TokenRequest {
    action: String,
    scope: Option<String>,
    #[serde(default)]
    settings: bool,
}

/// `POST /demo/token`: a token for the signed-in user. Which rights a page may ask for is the backend's decision.
pub async fn token(
    State(app): State<App>,
    headers: HeaderMap,
    Body(body): Body<TokenRequest>,
) -> ApiResult<Json<Value>> {
    let user = require_user(&app, &headers).await?;
    if body.action != "manageAuthenticators" {
        return Err(ApiError::invalid_request("The demo's backend tracks the action manageAuthenticators only."));
    }
    if body.scope.as_deref().is_some_and(|scope| scope != "add:authenticators") {
        return Err(ApiError::invalid_request("The demo's backend grants the scope add:authenticators only."));
    }
    let path = format!("users/{}/actions/{}", segment(&user.user_id), body.action);
    let mut attributes = json!({
        "redirectUrl": format!("{}/", app.config.origin),
        "redirectToSettings": body.settings,
    });
    if let Some(scope) = body.scope {
        attributes["scope"] = json!(scope);
    }
    let tracked = call(&app, Method::POST, &path, &attributes).await?;
    Ok(Json(json!({
        "token": tracked["token"],
        "state": tracked["state"],
        "isEnrolled": tracked["isEnrolled"],
        "url": tracked["url"],
    })))
}

/// `GET /demo/authenticators`
pub async fn authenticators(State(app): State<App>, headers: HeaderMap) -> ApiResult<Json<Value>> {
    let user = require_user(&app, &headers).await?;
    let all = call(&app, Method::GET, &format!("users/{}/authenticators", segment(&user.user_id)), &json!({})).await?;
    Ok(Json(json!({ "authenticators": all })))
}
