//! Authenticator apps.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::passkey::first_of;
use crate::app::App;
use crate::domain::binding::Operation;
use crate::domain::code::{Failure, may_guess};
use crate::domain::method::Method;
use crate::domain::rate::TOTP_VERIFIES;
use crate::domain::totp::AuthenticatorApp;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::{Body, Empty};
use crate::routes::guard::Holder;
use crate::store::Authenticator;

const METHOD: Method = Method::AuthenticatorApp;

/// `POST .../totp`: a new secret, which counts once a code of it was verified.
pub async fn enrol(State(app): State<App>, holder: Holder, Body(Empty {}): Body<Empty>) -> ApiResult<Json<Value>> {
    let user = &holder.user;
    let account = first_of([&user.username, &user.email]).unwrap_or(&user.user_id);
    let fresh = AuthenticatorApp::fresh(app.random.bytes(), &app.config.rp_name, account);
    let fresh = fresh.ok_or_else(|| ApiError::internal("no authenticator app from fresh random bytes"))?;
    let uri = fresh.uri().ok_or_else(|| ApiError::internal("no otpauth URI for a fresh secret"))?;

    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    app.may_change(&mut tx, &holder, Operation::Add, None).await?;
    let pending = Authenticator {
        authenticator_id: app.random.id(),
        user_key: user.user_key.clone(),
        method: METHOD,
        action_key: Some(holder.action.action_key.clone()),
        created_at: app.clock.now(),
        verified_at: None,
        last_verified_at: None,
        address: None,
        display_name: None,
        credential_id: None,
        secret: Some(fresh.secret()),
        details: json!({}),
    };
    tx.insert_authenticator(&pending).await?;
    tx.commit().await?;
    Ok(Json(json!({
        "userAuthenticatorId": pending.authenticator_id,
        "userId": user.user_id,
        "uri": uri,
        "secret": fresh.secret(),
    })))
}

/// The body of every verification of a code.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    /// What the person typed.
    pub verification_code: String,
}

/// `POST /client/verify/totp`: finishes an enrolment that this token's action began, or meets a challenge.
pub async fn verify(State(app): State<App>, holder: Holder, Body(body): Body<Code>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    let now = app.clock.now();
    app.limit(&mut tx, &user.user_key, TOTP_VERIFIES).await?;
    let candidates: Vec<Authenticator> = tx
        .authenticators(&user.user_key)
        .await?
        .into_iter()
        .filter(|one| one.method == METHOD)
        .filter(|one| one.verified_at.is_some() || one.action_key.as_deref() == Some(holder.action.action_key.as_str()))
        .collect();
    if candidates.is_empty() {
        return Err(ApiError::invalid_request("The user has no authenticator app. Enrol one with totp.enroll first."));
    }

    let mut failure = Failure::MaxAttemptsExceeded;
    for candidate in &candidates {
        let id = candidate.authenticator_id.as_str();
        let on_action = tx.wrong_codes_of_action(&user.user_key, &holder.action.action_key, id).await?;
        let on_authenticator = tx.recent_wrong_codes(Some(&user.user_key), METHOD, id, now).await?;
        if may_guess(on_action, on_authenticator).is_err() {
            continue;
        }
        let secret = candidate.secret.as_deref().unwrap_or_default();
        let step = AuthenticatorApp::stored(secret).and_then(|stored| stored.step_of(&body.verification_code, now));
        // Taken before anything else follows: of two requests with one code, one goes on.
        if let Some(step) = step
            && tx.take_step(id, step).await?
        {
            return Ok(Json(app.accepted(tx, &holder, candidate, METHOD).await?));
        }
        tx.add_wrong_code(Some(&user.user_key), Some(&holder.action.action_key), METHOD, id, now).await?;
        failure = may_guess(on_action + 1, on_authenticator + 1).err().unwrap_or(Failure::InvalidOrExpired);
    }
    tx.commit().await?;
    Ok(Json(not_verified(failure)))
}

/// A code that was not accepted: an answer, and no error.
pub fn not_verified(failure: Failure) -> Value {
    json!({ "isVerified": false, "failureReason": failure.name() })
}
