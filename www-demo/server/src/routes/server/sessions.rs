//! Application sessions: what a backend makes of a completed challenge, if it wants no sessions of its own.

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::domain::binding::Window;
use crate::domain::{MINUTE, Millis, SECOND};
use crate::error::{ApiError, ApiResult};
use crate::routes::body::Body;
use crate::routes::view;
use crate::store::{ActionState, Session, Tx, User};
use crate::token::AccessClaims;

const ACCESS_LIFE: Millis = 15 * MINUTE;
const REFRESH_LIFE: Millis = 30 * 24 * 60 * MINUTE;

/// What is stored of a refresh token.
fn digest(token: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}

/// The body of [`create`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Create {
    client_id: String,
    token: String,
    action: Option<String>,
}

/// `POST /sessions`: one session for each token that a verify minted.
pub async fn create(State(app): State<App>, Body(body): Body<Create>) -> ApiResult<Json<Value>> {
    let refused = |why: &'static str| Err(ApiError::unauthorized(why));
    let now = app.clock.now();
    let Some(claims) = app.tokens.read(&body.token, now).filter(|claims| claims.ends_at() > now) else {
        return refused("The token was not issued here, or has expired.");
    };
    if !claims.binding.is_verified {
        return refused("A session is made from the token that a verify returned, not from the one that was tracked.");
    }
    let mut tx = app.store.write().await?;
    // Whoever revokes at the same time sees what is made here, or comes first.
    let user = tx.lock_user(&claims.binding.user_key).await?.filter(|user| user.user_id == claims.sub);
    let action = tx.action_by_key(&claims.binding.action_key).await?;
    let Some((user, action)) = user.zip(action) else {
        return refused("The user or the action of this token does not exist any more.");
    };
    if action.state != ActionState::ChallengeSucceeded || body.action.is_some_and(|code| code != action.code) {
        return refused("The challenge of this token's action was not completed, or the token is for another action.");
    }
    // Of a token without a window the action tells what has proven it.
    let opener_is_gone = match tx.window(&user.user_key, claims.binding.window_key.as_deref()).await? {
        Window::Gone => true,
        Window::Until(_) => false,
        Window::None => match &action.verified_by {
            Some(authenticator_id) => tx.authenticator(authenticator_id).await?.is_none(),
            None => false,
        },
    };
    if opener_is_gone {
        return refused("The authenticator that this token was verified with was removed. Have the user verify again.");
    }
    let family = app.random.id();
    let (session, refresh_token) = fresh(&app, &user, &body.client_id, family, Some(claims.jti));
    let session = Session { verification_method: action.verification_method, ..session };
    if !tx.insert_session(&session).await? {
        return refused("This token has made a session before.");
    }
    tx.commit().await?;
    answer(&app, &user, &session, refresh_token)
}

fn fresh(app: &App, user: &User, client_id: &str, family: String, token_id: Option<String>) -> (Session, String) {
    let now = app.clock.now();
    let refresh_token = app.random.word();
    let session = Session {
        session_id: app.random.id(),
        family,
        user_key: user.user_key.clone(),
        client_id: client_id.to_owned(),
        verification_method: None,
        refresh_hash: digest(&refresh_token),
        token_id,
        created_at: now,
        expires_at: now + REFRESH_LIFE,
        rotated_at: None,
        revoked_at: None,
    };
    (session, refresh_token)
}

fn answer(app: &App, user: &User, session: &Session, refresh_token: String) -> ApiResult<Json<Value>> {
    let claims = AccessClaims {
        aud: session.client_id.clone(),
        sub: user.user_id.clone(),
        iat: session.created_at / SECOND,
        exp: (session.created_at + ACCESS_LIFE) / SECOND,
        sid: session.session_id.clone(),
        tenant_id: app.config.tenant_id.clone(),
    };
    let access_token = app.tokens.mint_access(&claims).map_err(ApiError::internal)?;
    Ok(Json(json!({ "accessToken": access_token, "refreshToken": refresh_token })))
}

/// The body of [`validate`] and [`revoke`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    access_token: String,
    client_ids: Option<Vec<String>>,
}

fn refused_access() -> ApiError {
    ApiError::unauthorized("The access token was not issued here, has expired, or was revoked.")
}

/// The session of an access token that still holds.
async fn session_of(app: &App, tx: &mut Tx, body: &Access) -> ApiResult<(AccessClaims, Session)> {
    let claims = app.tokens.read_access(&body.access_token).ok_or_else(refused_access)?;
    let is_for_them = body.client_ids.as_ref().is_none_or(|ids| ids.contains(&claims.aud));
    if claims.exp.saturating_mul(SECOND) <= app.clock.now() || !is_for_them {
        return Err(refused_access());
    }
    let session =
        tx.session(&claims.sid).await?.filter(|session| session.revoked_at.is_none()).ok_or_else(refused_access)?;
    Ok((claims, session))
}

/// `POST /sessions/validate`
pub async fn validate(State(app): State<App>, Body(body): Body<Access>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.read().await?;
    let (claims, session) = session_of(&app, &mut tx, &body).await?;
    let user = tx.user_by_key(&session.user_key).await?.ok_or(sqlx::Error::RowNotFound)?;
    let mut shown = view::user(&user);
    shown.insert("userId".to_owned(), json!(user.user_id));
    let mut reply = json!({ "user": shown, "expiresAt": claims.exp });
    if let Some(method) = session.verification_method {
        reply["verificationMethod"] = json!(method);
    }
    Ok(Json(reply))
}

/// The body of [`refresh`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refresh {
    refresh_token: String,
}

/// `POST /sessions/refresh`: a new pair. A refresh token that comes a second time was stolen from one of the two who have
/// it, so that everything that came from its sign-in ends.
pub async fn refresh(State(app): State<App>, Body(body): Body<Refresh>) -> ApiResult<Json<Value>> {
    let refused = || ApiError::unauthorized("The refresh token is unknown, used, expired or revoked. Sign in again.");
    let now = app.clock.now();
    let mut tx = app.store.write().await?;
    let old = tx.session_by_refresh(&digest(&body.refresh_token)).await?.ok_or_else(refused)?;
    // Whoever revokes at the same time sees what is made here, or is seen.
    let user = tx.lock_user(&old.user_key).await?.ok_or_else(refused)?;
    if !tx.rotate_session(&old.session_id, now).await? {
        tx.revoke_family(&old.family, now).await?;
        tx.commit().await?;
        return Err(refused());
    }
    let (session, refresh_token) = fresh(&app, &user, &old.client_id, old.family.clone(), None);
    let session = Session { verification_method: old.verification_method, ..session };
    tx.insert_session(&session).await?;
    // The access token of the pair that was replaced ends with it.
    tx.revoke_session(&old.session_id, now).await?;
    tx.commit().await?;
    answer(&app, &user, &session, refresh_token)
}

/// `POST /sessions/revoke`: all that came from the sign-in of this access token, also when it has ended or was replaced.
/// Otherwise whoever signs out late would leave the refresh token behind.
pub async fn revoke(State(app): State<App>, Body(body): Body<Access>) -> ApiResult<Json<Value>> {
    let claims = app.tokens.read_access(&body.access_token).ok_or_else(refused_access)?;
    let mut tx = app.store.write().await?;
    if let Some(session) = tx.session(&claims.sid).await? {
        tx.lock_user(&session.user_key).await?;
        tx.revoke_family(&session.family, app.clock.now()).await?;
    }
    tx.commit().await?;
    Ok(Json(json!({ "success": true })))
}

/// The body of [`revoke_user`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfUser {
    user_id: String,
}

/// `POST /sessions/user/revoke`
pub async fn revoke_user(State(app): State<App>, Body(body): Body<OfUser>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    if let Some(user) = tx.user(&body.user_id).await? {
        tx.lock_user(&user.user_key).await?;
        tx.revoke_user_sessions(&user.user_key, app.clock.now()).await?;
    }
    tx.commit().await?;
    Ok(Json(json!({ "success": true })))
}
