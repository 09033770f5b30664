//! What passkeys and security keys have in common: pending ceremonies, and their two outcomes.

use axum::Json;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use serde_json::{Value, json};
use uuid::Uuid;

use super::browser;
use super::challenge::CHALLENGE_LIFE;
use crate::app::App;
use crate::assertion::Assertion;
use crate::ceremony::{Asserted, Pending, Registered, claimed_challenge};
use crate::domain::binding::Operation;
use crate::domain::method::Method;
use crate::error::{ApiError, ApiResult};
use crate::routes::guard::Holder;
use crate::routes::view::{self, Viewer};
use crate::store::{Authenticator, Challenge, FoundBy, Kind, Tx};
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
        lookup: Some(pending.challenge().to_owned()),
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

/// An assertion that holds for an authenticator, as far as that was known when it was looked up.
pub struct Proven {
    /// What it comes from.
    pub authenticator: Authenticator,
    /// What follows from it.
    pub asserted: Asserted,
    assertion: Assertion,
}

/// Judges an assertion by its ceremony and the authenticator that it claims to come from: of this method, of the holder if
/// there is one, and else of the user whom the authenticator itself remembers.
pub async fn asserted_by(
    app: &App,
    method: Method,
    holder: Option<&Holder>,
    ceremony: &Challenge,
    answer: &Value,
) -> ApiResult<Proven> {
    if !answer["id"].is_string() {
        return Err(ApiError::invalid_request("The credential has no id: send what navigator.credentials returned."));
    }
    let assertion = app
        .ceremonies
        .read_assertion(answer)
        .map_err(|rejected| ApiError::invalid_credential(rejected.reason().to_owned()))?;
    let found = app.store.look().await?.credential(&assertion.credential_id()).await?;
    let found = found.ok_or_else(ApiError::unknown_credential)?;
    let is_of_holder = holder.is_none_or(|holder| holder.user.user_key == found.user_key);
    let is_of_handle = match assertion.user_handle() {
        // A passkey that was created elsewhere remembers another name of its user's, which nobody has told.
        _ if found.is_imported() => true,
        Some(handle) => Uuid::from_slice(handle).is_ok_and(|handle| handle.to_string() == found.user_key),
        None => holder.is_some(),
    };
    let is_theirs = is_of_holder && is_of_handle;
    if found.method != method || !is_theirs {
        return Err(ApiError::invalid_credential(
            "This credential belongs to another user, or is of another kind than this method takes.",
        ));
    }
    if !assertion.is_listed(ceremony.secret.as_deref().unwrap_or_default()) {
        return Err(ApiError::invalid_credential("This credential is none of those that the options listed."));
    }
    let asserted = judged(app, ceremony, &assertion, &found)?;
    Ok(Proven { authenticator: found, asserted, assertion })
}

impl Proven {
    /// The same once it is the user's turn, to be asked after [`Tx::lock_user`]: if another assertion has changed what is
    /// stored of the authenticator, this one is judged anew. So of an authenticator and a copy of it that have counted to the
    /// same number one passes, and a counter never goes back.
    pub async fn in_turn(self, app: &App, tx: &mut Tx, ceremony: &Challenge) -> ApiResult<Self> {
        // What stores nothing new may count as having been first.
        if self.asserted.credential.is_none() {
            return Ok(self);
        }
        let stored = tx.authenticator(&self.authenticator.authenticator_id).await?;
        let stored = stored.ok_or_else(ApiError::unknown_credential)?;
        let judged_by = |one: &Authenticator| (one.secret.clone(), one.is_imported_and_unused());
        if judged_by(&stored) == judged_by(&self.authenticator) {
            return Ok(self);
        }
        let asserted = judged(app, ceremony, &self.assertion, &stored)?;
        Ok(Self { authenticator: stored, asserted, ..self })
    }
}

fn judged(
    app: &App,
    ceremony: &Challenge,
    assertion: &Assertion,
    authenticator: &Authenticator,
) -> ApiResult<Asserted> {
    let challenge = ceremony.lookup.as_deref().unwrap_or_default();
    let stored = authenticator.secret.as_deref().unwrap_or_default();
    app.ceremonies
        .asserted(challenge, assertion, stored, authenticator.is_imported_and_unused())
        .map_err(|rejected| ApiError::invalid_credential(rejected.reason().to_owned()))
}
