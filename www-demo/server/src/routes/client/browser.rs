//! The cookie of the `/web` routes. It authorises nothing: it ties the end of a ceremony to the browser that began it.

use axum::Json;
use axum::http::HeaderMap;
use axum::http::header::{COOKIE, ORIGIN, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::store::Challenge;

const COOKIE_NAME: &str = "as_dev_session";

/// The browser that begins a ceremony.
pub struct Tie {
    word: String,
    attributes: &'static str,
}

impl Tie {
    /// The browser that sent these headers; it keeps the word that it has.
    pub fn new(app: &App, headers: &HeaderMap) -> ApiResult<Self> {
        check_origin(app, headers)?;
        let word = cookie(headers).map_or_else(|| app.random.word(), str::to_owned);
        let is_local = app.config.origin.starts_with("http://");
        let attributes = if is_local { "SameSite=Lax" } else { "SameSite=None; Secure" };
        Ok(Self { word, attributes })
    }

    /// What the challenge remembers of the browser.
    pub fn data(&self) -> Value {
        json!({ "browser": digest(&self.word) })
    }

    /// The answer, with the cookie.
    pub fn answer(self, reply: Json<Value>) -> Response {
        let cookie = format!("{COOKIE_NAME}={}; Path=/v1; HttpOnly; {}", self.word, self.attributes);
        ([(SET_COOKIE, cookie)], reply).into_response()
    }
}

/// Whether the browser that ends a ceremony is the one that began it, and on a registered page, if it began with a cookie.
pub fn check(app: &App, challenge: &Challenge, headers: &HeaderMap) -> ApiResult<()> {
    let Some(browser) = challenge.data["browser"].as_str() else { return Ok(()) };
    // A browser sends its cookie whichever page it is that asks.
    check_origin(app, headers)?;
    if cookie(headers).map(digest).as_deref() == Some(browser) {
        return Ok(());
    }
    Err(ApiError::invalid_request(
        "This ceremony began in another browser, or without its cookie: send the request with credentials.",
    ))
}

/// Whether the page that asks is registered; a program names none.
fn check_origin(app: &App, headers: &HeaderMap) -> ApiResult<()> {
    let origin = headers.get(ORIGIN).map(|value| value.to_str().unwrap_or("?"));
    if origin.is_some_and(|origin| !app.config.allows_origin(origin)) {
        return Err(ApiError::forbidden("Pages of this origin may not use cookies here."));
    }
    Ok(())
}

/// What ends a ceremony: without the token, if it began with a cookie and the operator wants that.
pub fn ended(app: &App, challenge: &Challenge, mut reply: Value) -> Json<Value> {
    if app.config.cookies_hide_tokens
        && challenge.data["browser"].is_string()
        && let Some(reply) = reply.as_object_mut()
    {
        reply.remove("accessToken");
    }
    Json(reply)
}

fn digest(word: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(word.as_bytes()))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE_NAME).then_some(value))
}
