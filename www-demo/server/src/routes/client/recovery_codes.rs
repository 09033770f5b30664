//! Recovery codes: a list on paper, each code of which lets its user in once. Made on the pre-built page only.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::totp::{Code, not_verified};
use crate::app::App;
use crate::domain::binding::Operation;
use crate::domain::code::{Failure, may_guess};
use crate::domain::method::Method;
use crate::domain::recovery::{CODES, normalised, spelled};
use crate::error::{ApiError, ApiResult};
use crate::random::hmac_sha256;
use crate::routes::body::{Body, Empty};
use crate::routes::guard::Holder;
use crate::store::Authenticator;
use crate::verification::Proof;

const METHOD: Method = Method::RecoveryCode;

/// `POST /client/recovery-codes`: a new list, shown this once. It takes the place of the old one.
pub async fn issue(State(app): State<App>, holder: Holder, Body(Empty {}): Body<Empty>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    app.may_change(&mut tx, &holder, Operation::Add, None).await?;
    if tx.verified_authenticators(&user.user_key).await?.is_empty() {
        return Err(ApiError::invalid_request("Enrol an authenticator first: recovery codes are the way back to one."));
    }
    let old = tx.recovery_codes(&user.user_key).await?;
    let id = match &old {
        Some(old) => {
            // The old codes end, which a right to add alone must not do to anyone.
            app.may_change(&mut tx, &holder, Operation::Update, None).await?;
            old.0.authenticator_id.clone()
        }
        None => app.random.id(),
    };
    let codes: Vec<String> = (0..CODES).map(|_| spelled(app.random.bytes())).collect();
    let hashes: Vec<String> = codes.iter().map(|code| hash(&app, &id, code)).collect();
    let secret = json!(hashes).to_string();
    if old.is_some() {
        tx.replace_recovery_codes(&id, &secret).await?;
    } else {
        let now = app.clock.now();
        tx.insert_authenticator(&Authenticator {
            authenticator_id: id,
            user_key: user.user_key,
            method: METHOD,
            action_key: None,
            created_at: now,
            verified_at: Some(now),
            last_verified_at: None,
            address: None,
            display_name: None,
            credential_id: None,
            secret: Some(secret),
            details: json!({}),
        })
        .await?;
    }
    tx.commit().await?;
    Ok(Json(json!({ "recoveryCodes": codes })))
}

/// `POST /client/verify/recovery-code`: each code meets one challenge.
pub async fn verify(State(app): State<App>, holder: Holder, Body(body): Body<Code>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    let now = app.clock.now();
    let codes = tx.recovery_codes(&user.user_key).await?;
    let codes = codes.ok_or_else(|| ApiError::invalid_request("The user has no recovery codes."))?;
    let id = codes.0.authenticator_id.as_str();

    let on_action = tx.wrong_codes_of_action(&user.user_key, &holder.action.action_key, id).await?;
    let on_codes = tx.recent_wrong_codes(Some(&user.user_key), METHOD, id, now).await?;
    if let Err(failure) = may_guess(on_action, on_codes) {
        return Ok(Json(not_verified(failure)));
    }
    let typed = hash(&app, id, &normalised(&body.verification_code));
    let (used, left): (Vec<_>, Vec<_>) =
        codes.hashes().into_iter().partition(|hash| bool::from(hash.as_bytes().ct_eq(typed.as_bytes())));
    if used.is_empty() {
        tx.add_wrong_code(Some(&user.user_key), Some(&holder.action.action_key), METHOD, id, now).await?;
        tx.commit().await?;
        let failure = may_guess(on_action + 1, on_codes + 1).err().unwrap_or(Failure::InvalidOrExpired);
        return Ok(Json(not_verified(failure)));
    }
    let left = json!(left).to_string();
    let proof = Proof { authenticator: &codes.0, method: METHOD, secret: Some(&left), user_verified: true };
    let token = app.challenged(&mut tx, &user, &holder.action, &proof, Some(&holder.claims)).await?;
    tx.commit().await?;
    Ok(Json(json!({ "isVerified": true, "accessToken": token })))
}

/// What is stored of a code: without the tenant's secret nobody can try codes on it.
fn hash(app: &App, authenticator_id: &str, code: &str) -> String {
    let message = format!("recovery code {authenticator_id} {code}");
    hmac_sha256(app.config.secret.as_bytes(), message.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
