//! What passkeys and security keys have in common: pending ceremonies, and their two outcomes.

use axum::Json;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use serde_json::{Value, json};

use super::browser;
use super::challenge::CHALLENGE_LIFE;
use crate::app::App;
use crate::assertion::Assertion;
use crate::ceremony::{Pending, Registered, claimed_challenge, claimed_credential, user_handle};
use crate::domain::binding::Operation;
use crate::domain::method::Method;
use crate::error::{ApiError, ApiResult};
use crate::routes::guard::Holder;
use crate::routes::view::{self, Viewer};
use crate::store::{Authenticator, Challenge, FoundBy, Kind};
use crate::webhook::Change;

/// The ids of all credentials that this user has, of either kind: none is created twice on one authenticator.
pub async fn webauthn_credentials(app: &App, user_key: &str) -> ApiResult<Vec<String>> {
    let all = app.store.look().await?.verified_authenticators(user_key).await?;
    let is_webauthn = |one: &Authenticator| matches!(one.method, Method::Passkey | Method::SecurityKey);
    Ok(all.into_iter().filter(is_webauthn).filter_map(|one| one.credential_id).collect())
}

/// Stores a ceremony until it is answered: for the holder's action alone, or for anyone.
pub async fn store_ceremony(
    app: &App,
    kind: Kind,
    holder: Option<&Holder>,
    pending: &Pending,
    data: Value,
) -> ApiResult<Challenge> {
    let challenge = Challenge {
        user_key: holder.map(|holder| holder.user.user_key.clone()),
        action_key: holder.map(|holder| holder.action.action_key.clone()),
        lookup: Some(pending.lookup.clone()),
        secret: Some(pending.state.clone()),
        data,
        ..Challenge::new(app.random.id(), kind, app.clock.now(), CHALLENGE_LIFE)
    };
    app.store.insert_challenge(&challenge).await?;
    Ok(challenge)
}

/// Finds the ceremony that `answer` is for and consumes it, before anything about the answer is believed. It must have
/// begun with the same token's action, or, without a token, without one.
pub async fn take_ceremony(
    app: &App,
    kind: Kind,
    holder: Option<&Holder>,
    challenge_id: Option<&str>,
    answer: &Value,
    headers: &HeaderMap,
) -> ApiResult<Challenge> {
    let gone = || {
        ApiError::invalid_request(
            "There is no such ceremony waiting for this answer: it was answered before, took longer than 10 minutes, or \
             began with another token. Ask for new options.",
        )
    };
    let claimed = if challenge_id.is_none() { claimed_challenge(answer) } else { None };
    let found_by = challenge_id.map(FoundBy::Id).or(claimed.as_deref().map(FoundBy::Lookup)).ok_or_else(gone)?;
    let owner = holder.map(|holder| (holder.user.user_key.as_str(), holder.action.action_key.as_str()));
    let challenge = app.store.take_challenge(kind, found_by, owner, app.clock.now()).await?.ok_or_else(gone)?;
    browser::check(app, &challenge, headers)?;
    Ok(challenge)
}

/// Adds a WebAuthn credential whose ceremony holds, if the holder may still add one.
pub async fn commit_registration(
    app: &App,
    holder: &Holder,
    method: Method,
    registered: Registered,
    answer: &Value,
    headers: &HeaderMap,
) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    let right = app.may_change(&mut tx, holder, Operation::Add, None).await?;
    let taken = || ApiError::invalid_credential("This credential is registered already.");
    if tx.credential(&registered.credential_id).await?.is_some() {
        return Err(taken());
    }
    let now = app.clock.now();
    let device_id = answer["deviceId"].as_str().unwrap_or_default();
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut details = json!({
        "webauthnCredential": {
            "deviceId": device_id,
            "name": if method == Method::Passkey { "Passkey" } else { "Security key" },
            "aaguid": registered.aaguid,
            "credentialBackedUp": registered.is_backed_up,
            "credentialDeviceType": if registered.is_multi_device { "multiDevice" } else { "singleDevice" },
            "transports": registered.transports,
            "parsedUserAgent": { "ua": user_agent },
        },
    });
    if let Some(attachment) = answer["authenticatorAttachment"].as_str() {
        details["authenticatorAttachment"] = json!(attachment);
        details["webauthnCredential"]["authenticatorAttachment"] = json!(attachment);
    }
    let new = Authenticator {
        authenticator_id: app.random.id(),
        user_key: user.user_key.clone(),
        method,
        action_key: None,
        created_at: now,
        verified_at: Some(now),
        last_verified_at: Some(now),
        address: None,
        display_name: None,
        credential_id: Some(registered.credential_id),
        secret: Some(registered.credential),
        details,
    };
    let is_default = tx.verified_authenticators(&user.user_key).await?.is_empty();
    if !tx.insert_authenticator(&new).await? {
        return Err(taken());
    }
    app.tell_of(&mut tx, Change::Created, &user.user_id, &new).await?;
    let token = app.enrolled(&mut tx, holder, right, &new).await?;
    tx.commit().await?;
    Ok(Json(json!({
        "isVerified": true,
        "accessToken": token,
        "userId": user.user_id,
        "userAuthenticatorId": new.authenticator_id,
        "userAuthenticator": view::authenticator(&new, is_default, Viewer::Client),
    })))
}

/// The assertion, its form checked, and the authenticator that it claims to come from: of this method, of the holder if
/// there is one, and else of the user whom the authenticator itself remembers. Nothing if no one has it.
pub async fn asserted_by(
    app: &App,
    method: Method,
    holder: Option<&Holder>,
    answer: &Value,
) -> ApiResult<Option<(Assertion, Authenticator)>> {
    let id = claimed_credential(answer).ok_or_else(|| {
        ApiError::invalid_request("The credential has no id: send what navigator.credentials returned.")
    })?;
    let assertion = app
        .ceremonies
        .read_assertion(answer)
        .map_err(|rejected| ApiError::invalid_credential(rejected.reason().to_owned()))?;
    let Some(found) = app.store.look().await?.credential(id).await? else { return Ok(None) };
    // A passkey that was created elsewhere remembers another name of its user's, which nobody has told.
    let handle = user_handle(answer).filter(|_| !found.is_imported());
    let is_theirs = match holder {
        None if found.is_imported() => true,
        Some(holder) => found.user_key == holder.user.user_key && handle.is_none_or(|handle| handle == found.user_key),
        None => handle.as_deref() == Some(found.user_key.as_str()),
    };
    if found.method != method || !is_theirs {
        return Err(ApiError::invalid_credential(
            "This credential belongs to another user, or is of another kind than this method takes.",
        ));
    }
    Ok(Some((assertion, found)))
}
