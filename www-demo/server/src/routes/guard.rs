//! Who is asking, and whether their route's need is met.

use std::borrow::Cow;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use super::Need;
use super::body::is_json;
use super::socket::{Opener, opener};
use crate::app::App;
use crate::config::is_loopback_host;
use crate::error::{ApiError, ApiResult};
use crate::store::{Action, User};
use crate::token::Claims;

/// What the vendor's server SDKs expect to read.
const BAD_SECRET: &str =
    "The request is unauthorized. Check that your API key and region base URL are correctly configured.";

/// The holder of a valid token.
#[derive(Clone)]
pub struct Holder {
    /// What the token says.
    pub claims: Claims,
    /// Whose it is.
    pub user: User,
    /// What it was tracked for.
    pub action: Action,
}

impl FromRequestParts<App> for Holder {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> ApiResult<Self> {
        parts.extensions.get().cloned().ok_or_else(no_token)
    }
}

/// The holder of a valid token, where the tenant's id is enough.
pub struct MaybeHolder(pub Option<Holder>);

impl FromRequestParts<App> for MaybeHolder {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> ApiResult<Self> {
        Ok(MaybeHolder(parts.extensions.get().cloned()))
    }
}

/// Keeps pages of other sites from a tester's server by name (DNS rebinding): its secret is public, and a page whose name
/// has come to lead here is of the same origin to its browser. A deployment's secret is not, and it has names of its own.
pub async fn check_host(State(app): State<App>, request: Request, next: Next) -> ApiResult<Response> {
    if app.config.is_local && !is_sent_to_loopback(&request) {
        return Err(ApiError::forbidden(
            "A local server answers to a loopback host only: use http://localhost. Under another name, run a deployment: \
             authsignal-local serve.",
        ));
    }
    Ok(next.run(request).await)
}

/// Whether a request names a host, and none but loopback ones wherever it does.
fn is_sent_to_loopback(request: &Request) -> bool {
    let named = request.headers().get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or("?"));
    let mut hosts = named.chain(request.uri().authority().map(Authority::as_str)).peekable();
    hosts.peek().is_some() && hosts.all(is_loopback_host)
}

/// Lets a request through to its handler if it brings what its route needs.
pub async fn check(State((app, need)): State<(App, Need)>, mut request: Request, next: Next) -> ApiResult<Response> {
    match need {
        Need::Nothing => {}
        Need::Local => check_local(&request)?,
        Need::Secret => check_secret(&app, request.headers())?,
        Need::OneTime => {}
        Need::Tenant | Need::Signature => check_tenant(&app, request.headers())?,
        Need::TokenOrTenant | Need::Proof => match bearer(request.headers()) {
            Some(token) => {
                let holder = holder(&app, token).await?;
                request.extensions_mut().insert(holder);
            }
            None => check_tenant(&app, request.headers())?,
        },
        Need::Socket => match opener(request.headers()) {
            Opener::Holder(token) => {
                let holder = holder(&app, token).await?;
                request.extensions_mut().insert(holder);
            }
            Opener::Tenant(tenant_id) if tenant_id == app.config.tenant_id => {}
            Opener::Tenant(_) | Opener::Nobody => return Err(no_tenant(&app)),
        },
        Need::Token | Need::Change(_) => {
            let token = bearer(request.headers()).ok_or_else(no_token)?;
            let holder = holder(&app, token).await?;
            if let Need::Change(operation) = need {
                app.may_change(&mut app.store.read().await?, &holder, operation, None).await?;
            }
            request.extensions_mut().insert(holder);
        }
    }
    Ok(next.run(request).await)
}

fn no_token() -> ApiError {
    ApiError::unauthorized("A user's token is required: Authorization: Bearer <token>, as `track` or a verify gave it.")
}

fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (named, value) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    named.eq_ignore_ascii_case(scheme).then(|| value.trim())
}

/// The token of a request.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    credentials(headers, "Bearer")
}

/// The user name of HTTP Basic. SDKs disagree on the colon, on padding and on the alphabet: all their forms are read.
fn basic(headers: &HeaderMap) -> Option<String> {
    let encoded = credentials(headers, "Basic")?;
    let decoded = [&BASE64_STANDARD, &BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD]
        .into_iter()
        .find_map(|engine| engine.decode(encoded).ok())?;
    let text = String::from_utf8(decoded).ok()?;
    Some(text.strip_suffix(':').unwrap_or(&text).to_owned())
}

fn check_tenant(app: &App, headers: &HeaderMap) -> ApiResult<()> {
    let wanted = &app.config.tenant_id;
    let given = basic(headers).unwrap_or_default();
    if given == *wanted || percent_decoded(&given).as_deref() == Some(wanted) {
        return Ok(());
    }
    Err(no_tenant(app))
}

fn no_tenant(app: &App) -> ApiError {
    ApiError::unauthorized(format!(
        "There is no such tenant here. Construct the client with tenantId: \"{}\", or give it a token.",
        app.config.tenant_id
    ))
}

/// The browser SDK sends `encodeURIComponent(tenantId)`.
fn percent_decoded(text: &str) -> Option<String> {
    percent_encoding::percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)
}

fn check_secret(app: &App, headers: &HeaderMap) -> ApiResult<()> {
    let given = basic(headers).unwrap_or_default();
    if bool::from(given.as_bytes().ct_eq(app.config.secret.as_bytes())) {
        return Ok(());
    }
    Err(ApiError::unauthorized(BAD_SECRET))
}

/// Reads a token and finds whose it is.
async fn holder(app: &App, token: &str) -> ApiResult<Holder> {
    let now = app.clock.now();
    let claims = app.tokens.read(token, now).ok_or_else(|| {
        ApiError::unauthorized("The token was not issued here. Give `setToken` the token that `track` returned.")
    })?;
    if claims.ends_at() <= now {
        return Err(ApiError::expired_token(
            "The token has expired. Have the user verify again, or track a new action.",
        ));
    }
    let mut tx = app.store.read().await?;
    let user = tx.user_by_key(&claims.binding.user_key).await?.filter(|user| user.user_id == claims.sub);
    let user = user.ok_or_else(|| ApiError::unauthorized("The user of this token does not exist any more."))?;
    let action = tx.action_by_key(&claims.binding.action_key).await?;
    let action = action.filter(|action| action.user_key == user.user_key);
    let action = action.ok_or_else(|| ApiError::unauthorized("The action of this token does not exist any more."))?;
    Ok(Holder { claims, user, action })
}

/// Keeps pages of other sites from driving what has no credentials; [`check_host`] has seen to those by another name.
fn check_local(request: &Request) -> ApiResult<()> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = header("host").or_else(|| request.uri().authority().map(Authority::as_str));
    if header("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return Err(ApiError::forbidden("The control plane is driven from its own pages and from programs only."));
    }
    let is_own = |origin: &str| origin.strip_prefix("http://") == host;
    if header("origin").is_some_and(|origin| !is_own(origin)) {
        return Err(ApiError::forbidden("The control plane does not answer pages of other origins."));
    }
    if request.method() != Method::GET && !is_json(request) {
        return Err(ApiError::invalid_with(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send JSON, with the header Content-Type: application/json.",
        ));
    }
    Ok(())
}
