//! Passkeys: create one, sign in with one.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use serde::Deserialize;
use serde_json::{Value, json};

use super::challenge::CHALLENGE_LIFE;
use crate::app::App;
use crate::ceremony::{NewCredential, Pending, Registered, claimed_challenge, claimed_credential, user_handle};
use crate::domain::Millis;
use crate::domain::binding::Operation;
use crate::domain::method::Method;
use crate::domain::scope::Scopes;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::Body;
use crate::routes::guard::{Holder, MaybeHolder};
use crate::routes::view::{self, Viewer};
use crate::store::{Action, ActionState, Authenticator, Challenge, Kind, Tx, User};
use crate::verification::Proof;

/// The action of a sign-in that names none.
const DEFAULT_ACTION: &str = "passkey_sign_in";

/// The body of [`registration_options`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationOptions {
    username: Option<String>,
    display_name: Option<String>,
    authenticator_attachment: Option<Attachment>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Attachment {
    Platform,
    CrossPlatform,
}

impl Attachment {
    fn name(self) -> &'static str {
        match self {
            Attachment::Platform => "platform",
            Attachment::CrossPlatform => "cross-platform",
        }
    }
}

/// `POST .../passkey/registration-options`
pub async fn registration_options(
    State(app): State<App>,
    holder: Holder,
    Body(body): Body<RegistrationOptions>,
) -> ApiResult<Json<Value>> {
    let user = &holder.user;
    let existing = webauthn_credentials(&app, &user.user_key).await?;
    let name = first_of([&body.username, &user.username, &user.email]).unwrap_or(&user.user_id);
    let display_name = first_of([&body.display_name, &user.display_name]).unwrap_or(name);
    let new = NewCredential { user_key: &user.user_key, name, display_name, existing: &existing };
    let pending = app
        .ceremonies
        .create_passkey(&new, body.authenticator_attachment.map(Attachment::name))
        .map_err(|rejected| ApiError::invalid_request(rejected.reason().to_owned()))?;
    let challenge = store_ceremony(&app, Kind::PasskeyRegistration, Some(&holder), &pending, json!({})).await?;
    Ok(Json(json!({ "challengeId": challenge.challenge_id, "options": pending.options })))
}

/// The first text that is there and not empty.
fn first_of<const N: usize>(texts: [&Option<String>; N]) -> Option<&str> {
    texts.into_iter().flatten().map(String::as_str).find(|text| !text.is_empty())
}

/// The ids of all credentials that this user has, of either kind: none is created twice on one authenticator.
pub async fn webauthn_credentials(app: &App, user_key: &str) -> ApiResult<Vec<String>> {
    let all = app.store.read().await?.verified_authenticators(user_key).await?;
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
    let now = app.clock.now();
    let challenge = Challenge {
        challenge_id: app.random.id(),
        kind,
        user_key: holder.map(|holder| holder.user.user_key.clone()),
        action_key: holder.map(|holder| holder.action.action_key.clone()),
        authenticator_id: None,
        lookup: Some(pending.lookup.clone()),
        secret: Some(pending.state.clone()),
        data,
        attempts: 0,
        created_at: now,
        expires_at: now + CHALLENGE_LIFE,
        consumed_at: None,
    };
    let mut tx = app.store.write().await?;
    tx.insert_challenge(&challenge).await?;
    tx.commit().await?;
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
) -> ApiResult<Challenge> {
    let gone = || {
        ApiError::invalid_request(
            "There is no such ceremony waiting for this answer: it was answered before, took longer than 10 minutes, or \
             began with another token. Ask for new options.",
        )
    };
    let now = app.clock.now();
    let mut tx = app.store.write().await?;
    let found = match challenge_id {
        Some(challenge_id) => tx.open_challenge(kind, challenge_id, now).await?,
        None => match claimed_challenge(answer) {
            Some(lookup) => tx.find_challenge(kind, &lookup, now).await?,
            None => None,
        },
    };
    let challenge = found.ok_or_else(gone)?;
    let belongs = challenge.user_key.as_deref() == holder.map(|holder| holder.user.user_key.as_str())
        && challenge.action_key.as_deref() == holder.map(|holder| holder.action.action_key.as_str());
    if !belongs || !tx.consume_challenge(&challenge.challenge_id, now).await? {
        return Err(gone());
    }
    tx.commit().await?;
    Ok(challenge)
}

/// The body of [`register`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Register {
    registration_credential: Value,
    challenge_id: Option<String>,
}

/// `POST .../passkey`: the new passkey.
pub async fn register(
    State(app): State<App>,
    holder: Holder,
    headers: HeaderMap,
    Body(body): Body<Register>,
) -> ApiResult<Json<Value>> {
    let answer = &body.registration_credential;
    let ceremony =
        take_ceremony(&app, Kind::PasskeyRegistration, Some(&holder), body.challenge_id.as_deref(), answer).await?;
    let registered = app
        .ceremonies
        .registered(ceremony.secret.as_deref().unwrap_or_default(), answer)
        .map_err(|rejected| ApiError::invalid_credential(rejected.reason().to_owned()))?;
    commit_registration(&app, &holder, Method::Passkey, registered, answer, &headers).await
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
    let user = locked(&mut tx, holder).await?;
    let right = app.may_change(&mut tx, holder, Operation::Add, None).await?;
    if tx.credential(&registered.credential_id).await?.is_some() {
        return Err(ApiError::invalid_credential("This credential is registered already."));
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
    tx.insert_authenticator(&new).await?;
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

/// The holder's turn to change their authenticators.
pub async fn locked(tx: &mut Tx, holder: &Holder) -> ApiResult<User> {
    let user = tx.lock_user(&holder.user.user_key).await?;
    user.ok_or_else(|| ApiError::unauthorized("The user of this token does not exist any more."))
}

/// The body of [`authentication_options`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationOptions {
    challenge_id: Option<String>,
    username: Option<String>,
}

/// `POST .../passkey/authentication-options`
pub async fn authentication_options(
    State(app): State<App>,
    MaybeHolder(holder): MaybeHolder,
    Body(body): Body<AuthenticationOptions>,
) -> ApiResult<Json<Value>> {
    let mut data = json!({});
    if let Some(challenge_id) = &body.challenge_id {
        let started = app.store.read().await?.open_challenge(Kind::Anonymous, challenge_id, app.clock.now()).await?;
        let started = started.ok_or_else(|| {
            ApiError::invalid_request("There is no such challenge, or it has ended. POST /client/challenge starts one.")
        })?;
        data = started.data;
        data["startedBy"] = json!(started.challenge_id);
    }
    let credentials = match (&holder, &body.username) {
        (Some(holder), _) => passkeys(&app, &holder.user.user_key).await?,
        (None, Some(username)) => match app.store.read().await?.user_by_username(username).await? {
            Some(user) => passkeys(&app, &user.user_key).await?,
            None => Vec::new(),
        },
        (None, None) => Vec::new(),
    };
    if holder.is_some() && credentials.is_empty() {
        return Err(ApiError::invalid_request("The user has no passkey. Create one with passkey.signUp first."));
    }
    let pending = app
        .ceremonies
        .assert(&credentials, "preferred")
        .map_err(|rejected| ApiError::invalid_request(rejected.reason().to_owned()))?;
    let challenge = store_ceremony(&app, Kind::PasskeyAuthentication, holder.as_ref(), &pending, data).await?;
    Ok(Json(json!({ "challengeId": challenge.challenge_id, "options": pending.options })))
}

async fn passkeys(app: &App, user_key: &str) -> ApiResult<Vec<String>> {
    let all = app.store.read().await?.verified_authenticators(user_key).await?;
    Ok(all.into_iter().filter(|one| one.method == Method::Passkey).filter_map(|one| one.secret).collect())
}

/// The body of [`verify`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    authentication_credential: Value,
    challenge_id: Option<String>,
}

/// `POST /client/verify/passkey`: a sign-in, or a challenge of the token's user.
pub async fn verify(
    State(app): State<App>,
    MaybeHolder(holder): MaybeHolder,
    Body(body): Body<Verify>,
) -> ApiResult<Json<Value>> {
    let answer = &body.authentication_credential;
    let ceremony =
        take_ceremony(&app, Kind::PasskeyAuthentication, holder.as_ref(), body.challenge_id.as_deref(), answer).await?;
    let authenticator =
        asserted_by(&app, Method::Passkey, holder.as_ref(), answer).await?.ok_or_else(ApiError::unknown_credential)?;
    let asserted = app
        .ceremonies
        .asserted(
            ceremony.secret.as_deref().unwrap_or_default(),
            answer,
            authenticator.secret.as_deref().unwrap_or_default(),
        )
        .map_err(|rejected| ApiError::invalid_credential(rejected.reason().to_owned()))?;

    let now = app.clock.now();
    let mut tx = app.store.write().await?;
    let user = tx.lock_user(&authenticator.user_key).await?.ok_or_else(ApiError::unknown_credential)?;
    // It may have been removed while its assertion was checked.
    if tx.authenticator(&authenticator.authenticator_id).await?.is_none() {
        return Err(ApiError::unknown_credential());
    }
    let action = match &holder {
        Some(holder) => holder.action.clone(),
        None => sign_in_action(&app, &mut tx, &user, &ceremony, now).await?,
    };
    let proof = Proof {
        authenticator: &authenticator,
        method: Method::Passkey,
        secret: Some(&asserted.credential),
        user_verified: asserted.user_verified,
    };
    let asked = holder.as_ref().map(|holder| &holder.claims);
    let token = app.challenged(&mut tx, &user, &action, &proof, asked).await?;
    tx.commit().await?;
    let mut reply = json!({
        "isVerified": true,
        "accessToken": token,
        "userId": user.user_id,
        "userAuthenticatorId": authenticator.authenticator_id,
    });
    if let Some(username) = &user.username {
        reply["username"] = json!(username);
    }
    if let Some(name) = &user.display_name {
        reply["userDisplayName"] = json!(name);
    }
    Ok(Json(reply))
}

/// The authenticator that an assertion claims to come from: of this method, of the holder if there is one, and else of
/// the user whom the authenticator itself remembers. Nothing if no one has it.
pub async fn asserted_by(
    app: &App,
    method: Method,
    holder: Option<&Holder>,
    answer: &Value,
) -> ApiResult<Option<Authenticator>> {
    let id = claimed_credential(answer).ok_or_else(|| {
        ApiError::invalid_request("The credential has no id: send what navigator.credentials returned.")
    })?;
    let Some(found) = app.store.read().await?.credential(id).await? else { return Ok(None) };
    let handle = user_handle(answer);
    let is_theirs = match holder {
        Some(holder) => found.user_key == holder.user.user_key && handle.is_none_or(|handle| handle == found.user_key),
        None => handle.as_deref() == Some(found.user_key.as_str()),
    };
    if found.method != method || !is_theirs {
        return Err(ApiError::invalid_credential(
            "This credential belongs to another user, or is of another kind than this method takes.",
        ));
    }
    Ok(Some(found))
}

/// The action that a sign-in without a token is for: the one that its challenge named, or a default.
async fn sign_in_action(app: &App, tx: &mut Tx, user: &User, ceremony: &Challenge, now: Millis) -> ApiResult<Action> {
    if let Some(started_by) = ceremony.data["startedBy"].as_str()
        && !tx.consume_challenge(started_by, now).await?
    {
        return Err(ApiError::invalid_request("The challenge of this sign-in was used before, or has ended."));
    }
    let text = |name: &str| ceremony.data[name].as_str().map(str::to_owned);
    let action = Action {
        action_key: app.random.id(),
        user_key: user.user_key.clone(),
        code: text("action").unwrap_or_else(|| DEFAULT_ACTION.to_owned()),
        idempotency_key: text("idempotencyKey").unwrap_or_else(|| app.random.id()),
        state: ActionState::ChallengeRequired,
        state_updated_at: now,
        created_at: now,
        updated_at: now,
        verification_method: None,
        verified_by: None,
        scope: Scopes::READ.to_string(),
        first_enrolment_at: None,
        attributes: json!({}),
    };
    Ok(tx.insert_action(&action).await?.0)
}
