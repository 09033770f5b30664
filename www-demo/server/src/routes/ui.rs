//! The pre-built UI: the page behind the `url` of `track`, and what only that page asks.

use std::path::Path;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::appearance::{Appearance, Logo};
use crate::clock::iso;
use crate::domain::method::Method;
use crate::domain::scope::Scopes;
use crate::domain::{MINUTE, Millis};
use crate::error::{ApiError, ApiResult};
use crate::routes::body::Body;
use crate::routes::guard::Holder;
use crate::store::{Action, User};
use crate::token::{Claims, Tokens};
use crate::verification::Rights;

/// How long after `track` a page whose token has ended may ask its user to prove themselves again.
const RENEWABLE: Millis = 60 * MINUTE;

/// What can be added on the page, in the order in which it is offered.
const OFFERED: [Method; 7] = [
    Method::Passkey,
    Method::AuthenticatorApp,
    Method::EmailOtp,
    Method::EmailMagicLink,
    Method::Sms,
    Method::Whatsapp,
    Method::SecurityKey,
];

/// `GET /ui/` and `GET /challenge`: the page, with a fresh nonce in it and in its policy.
pub async fn page(State(app): State<App>) -> ApiResult<Response> {
    let site = app.config.site.clone();
    let site = site.ok_or_else(|| ApiError::not_found("The server was started without --site, so it has no pages."))?;
    let template = tokio::task::spawn_blocking(move || read_page(&site)).await.map_err(ApiError::internal)??;
    let nonce = app.random.word();
    let configuration = configuration(&app).to_string().replace('<', "\\u003c");
    // The configuration last: what an operator has written in it is no mark of this page.
    let html = template
        .replace("{{nonce}}", &nonce)
        .replace("{{color-scheme}}", app.config.ui.color_scheme())
        .replace("{{colors}}", &app.config.ui.style_sheet())
        .replace("{{configuration}}", &configuration);
    let headers =
        [(header::CONTENT_SECURITY_POLICY, policy(&app, &nonce)), (header::REFERRER_POLICY, "no-referrer".to_owned())];
    Ok((headers, Html(html)).into_response())
}

fn read_page(site: &Path) -> ApiResult<String> {
    std::fs::read_to_string(site.join("ui/index.html"))
        .map_err(|_| ApiError::not_found("The folder of --site has no ui/index.html."))
}

fn policy(app: &App, nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'nonce-{nonce}'; \
         img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors {}; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        app.config.frame_ancestors()
    )
}

/// What the page needs to know before anybody is known to it.
fn configuration(app: &App) -> Value {
    let Appearance { theme, texts, logo } = &app.config.ui;
    json!({
        "tenantId": app.config.tenant_id,
        "origins": app.config.origins(),
        "anyLoopback": app.config.allows_any_loopback(),
        "name": theme.name.as_ref().unwrap_or(&app.config.rp_name),
        "hasLogo": logo.is_some(),
        "texts": texts,
    })
}

/// `GET /ui/logo`: the operator's.
pub async fn logo(State(app): State<App>) -> ApiResult<Response> {
    let logo = app.config.ui.logo.as_ref();
    let Logo { kind, bytes } = logo.ok_or_else(|| ApiError::not_found("The configuration of --ui has no logo."))?;
    // An SVG file that is opened by itself is a document: it may run nothing, and load nothing.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    let headers = [(header::CONTENT_TYPE, *kind), (header::CONTENT_SECURITY_POLICY, policy)];
    Ok((headers, bytes.clone()).into_response())
}

/// `GET /client/ui`: what the page is to do, and for whom.
pub async fn open(State(app): State<App>, holder: Holder) -> ApiResult<Json<Value>> {
    let Holder { user, action, .. } = &holder;
    let mut tx = app.store.read().await?;
    let is_enrolled = !tx.verified_authenticators(&user.user_key).await?.is_empty();
    let has_recovery_codes = tx.recovery_codes(&user.user_key).await?.is_some_and(|codes| codes.are_left());
    let said = &action.attributes;
    let mut person = json!({
        "userId": user.user_id,
        "username": user.username,
        "isEnrolled": is_enrolled,
        "hasRecoveryCodes": has_recovery_codes,
    });
    if !is_enrolled {
        // To be confirmed, not to be typed again. Of enrolled users a browser sees masked addresses only.
        person["email"] = json!(said["email"].as_str().or(user.email.as_deref()));
        person["phoneNumber"] = json!(said["phoneNumber"].as_str().or(user.phone_number.as_deref()));
    }
    Ok(Json(json!({
        "now": iso(app.clock.now()),
        "renewal": renewal(&app, user, action)?,
        "action": {
            "actionCode": action.code,
            "redirectUrl": said["redirectUrl"],
            "redirectToSettings": said["redirectToSettings"] == true,
            "locale": said["locale"].as_str().or(user.locale.as_deref()),
            "numberMatch": said["custom"]["numberMatch"],
        },
        "user": person,
        "methods": OFFERED,
        "promptToEnroll": [Method::Passkey],
        "recoveryCodes": true,
    })))
}

/// The body of [`renew`].
#[derive(Deserialize, JsonSchema)]
pub struct Renew {
    renewal: String,
}

/// `POST /client/ui/renew`: after a token's end, a token of the same action that can be challenged, and nothing more.
pub async fn renew(State(app): State<App>, Body(body): Body<Renew>) -> ApiResult<Json<Value>> {
    let ended = || ApiError::expired_token("The time of this page is over. Track a new action.");
    let now = app.clock.now();
    let claims = renewals(&app).read(&body.renewal, now).filter(|claims| claims.ends_at() > now).ok_or_else(ended)?;
    let mut tx = app.store.read().await?;
    let user = tx.user_by_key(&claims.binding.user_key).await?.ok_or_else(ended)?;
    let action = tx.action_by_key(&claims.binding.action_key).await?.ok_or_else(ended)?;
    // Whoever has nothing to prove themselves with would get the right to a first authenticator, beyond the token's end.
    if tx.verified_authenticators(&user.user_key).await?.is_empty() {
        return Err(ended());
    }
    let rights = Rights {
        scope: Scopes::READ.to_string(),
        window_key: None,
        ends_at: now + app.config.window,
        is_verified: false,
    };
    Ok(Json(json!({ "now": iso(now), "token": app.mint(&user, &action, rights)? })))
}

/// What [`renew`] takes. It ends with the action's hour, however often the page is opened.
fn renewal(app: &App, user: &User, action: &Action) -> ApiResult<String> {
    let rights =
        Rights { scope: String::new(), window_key: None, ends_at: action.created_at + RENEWABLE, is_verified: false };
    let claims = Claims { aud: audience(app), ..app.claims(user, action, rights) };
    renewals(app).mint(&claims).map_err(ApiError::internal)
}

/// Of an audience of their own: a renewal is no token, and a token no renewal.
fn renewals(app: &App) -> Tokens {
    Tokens::new(&app.config.secret, &audience(app), &app.config.tenant_id)
}

fn audience(app: &App) -> String {
    format!("{}/client/ui/renew", app.config.api())
}
