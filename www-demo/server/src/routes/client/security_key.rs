//! Security keys: WebAuthn credentials that are a second factor. Options and answers travel without a wrapper, so that
//! the ceremony is found by the challenge in the client data; the token's action decides whose it is.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::ceremonies::{
    Proven, asserted_by, commit_registration, store_ceremony, take_ceremony, webauthn_credentials,
};
use crate::app::App;
use crate::ceremony::NewCredential;
use crate::domain::method::Method;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::{Body, Empty};
use crate::routes::guard::Holder;
use crate::store::Kind;
use crate::verification::Proof;

const METHOD: Method = Method::SecurityKey;

/// `POST .../security-key/registration-options`
pub async fn registration_options(
    State(app): State<App>,
    holder: Holder,
    Body(Empty {}): Body<Empty>,
) -> ApiResult<Json<Value>> {
    let user = &holder.user;
    let existing = webauthn_credentials(&app, &user.user_key).await?;
    let name = user.username.as_deref().unwrap_or(&user.user_id);
    let display_name = user.display_name.as_deref().unwrap_or(name);
    let new = NewCredential { user_key: &user.user_key, name, display_name, existing: &existing };
    let pending = app
        .ceremonies
        .create_security_key(&new)
        .map_err(|rejected| ApiError::invalid_request(rejected.reason().to_owned()))?;
    store_ceremony(&app, Kind::SecurityKeyRegistration, Some(&holder), &pending, json!({})).await?;
    Ok(Json(pending.options))
}

/// `POST .../security-key`
pub async fn register(
    State(app): State<App>,
    holder: Holder,
    headers: HeaderMap,
    Body(answer): Body<Value>,
) -> ApiResult<Json<Value>> {
    let ceremony = take_ceremony(&app, Kind::SecurityKeyRegistration, Some(&holder), None, &answer, &headers).await?;
    let registered = app
        .ceremonies
        .registered(ceremony.secret.as_deref().unwrap_or_default(), &answer)
        .map_err(|rejected| ApiError::invalid_credential(rejected.reason().to_owned()))?;
    commit_registration(&app, &holder, METHOD, registered, &answer, &headers).await
}

/// `POST .../security-key/authentication-options`
pub async fn authentication_options(
    State(app): State<App>,
    holder: Holder,
    Body(Empty {}): Body<Empty>,
) -> ApiResult<Json<Value>> {
    let all = app.store.look().await?.verified_authenticators(&holder.user.user_key).await?;
    let keys: Vec<String> = all.into_iter().filter(|one| one.method == METHOD).filter_map(|one| one.secret).collect();
    if keys.is_empty() {
        return Err(ApiError::invalid_request(
            "The user has no security key. Enrol one with securityKey.enroll first.",
        ));
    }
    let pending = app
        .ceremonies
        .assert(&keys, "discouraged")
        .map_err(|rejected| ApiError::invalid_request(rejected.reason().to_owned()))?;
    store_ceremony(&app, Kind::SecurityKeyAuthentication, Some(&holder), &pending, json!({})).await?;
    Ok(Json(pending.options))
}

/// `POST /client/verify/security-key`
pub async fn verify(
    State(app): State<App>,
    holder: Holder,
    headers: HeaderMap,
    Body(answer): Body<Value>,
) -> ApiResult<Json<Value>> {
    let ceremony = take_ceremony(&app, Kind::SecurityKeyAuthentication, Some(&holder), None, &answer, &headers).await?;
    let proven = asserted_by(&app, METHOD, Some(&holder), &ceremony, &answer).await?;
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    let Proven { authenticator, asserted, .. } = proven.in_turn(&app, &mut tx, &ceremony).await?;
    let proof = Proof {
        authenticator: &authenticator,
        method: METHOD,
        secret: asserted.credential.as_deref(),
        user_verified: asserted.user_verified,
    };
    let token = app.challenged(&mut tx, &user, &holder.action, &proof, Some(&holder.claims)).await?;
    tx.commit().await?;
    Ok(Json(json!({
        "isVerified": true,
        "accessToken": token,
        "userId": user.user_id,
        "userAuthenticatorId": authenticator.authenticator_id,
    })))
}
