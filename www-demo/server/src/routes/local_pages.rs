//! The pages of the control plane: the outbox and a simulated phone.

use std::path::Path;

use axum::extract::{Path as Part, State};
use axum::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// Where the pages find their scripts and styles. It is not written into the pages themselves: their files do nothing
/// where they are served as they lie.
const FILES: &str = "/local/files/";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// Whether a person asks, in a browser, and not a program.
pub fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

/// The page of this name: what is its own, inside of what all of them share.
pub async fn page(app: &App, name: &'static str, title: &str) -> ApiResult<Response> {
    let tenant = app.config.tenant_id.replace('&', "&amp;").replace('"', "&quot;");
    let here = format!("href=\"/local/{name}\"");
    let html = read(app, "page.html")
        .await?
        .replace(&here, &format!("{here} aria-current=\"page\""))
        .replace("{{files}}", FILES)
        .replace("{{name}}", name)
        .replace("{{title}}", title)
        .replace("{{main}}", &read(app, &format!("{name}.html")).await?)
        .replace("{{tenant}}", &tenant);
    Ok(answer("text/html; charset=utf-8", html))
}

/// `GET /local/phone`
pub async fn phone(State(app): State<App>) -> ApiResult<Response> {
    page(&app, "phone", "Phone").await
}

/// `GET /local/files/{name}`
pub async fn file(State(app): State<App>, Part(name): Part<String>) -> ApiResult<Response> {
    let kind = match name.as_str() {
        "page.css" => "text/css; charset=utf-8",
        "outbox.js" | "phone.js" | "keys.js" => "text/javascript; charset=utf-8",
        _ => return Err(ApiError::not_found("There is no such path here.")),
    };
    Ok(answer(kind, read(&app, &name).await?))
}

async fn read(app: &App, name: &str) -> ApiResult<String> {
    let site = app.config.site.as_deref();
    let site = site.ok_or_else(|| ApiError::not_found("The server was started without --site, so it has no pages."))?;
    let file = Path::new(site).join("local").join(name);
    let text = tokio::fs::read_to_string(file).await;
    text.map_err(|_| ApiError::not_found("The folder of --site has no pages of the control plane."))
}

fn answer(kind: &'static str, text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, text).into_response()
}
