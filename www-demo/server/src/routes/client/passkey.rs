//! Passkeys: create one, sign in with one.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::browser::Tie;
use super::ceremonies::{
    Proven, asserted_by, commit_registration, store_ceremony, take_ceremony, webauthn_credentials,
};
use super::sign_in::sign_in_action;
use crate::app::App;
use crate::ceremony::NewCredential;
use crate::domain::method::Method;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::Body;
use crate::routes::guard::{Holder, MaybeHolder};
use crate::routes::server::actions::is_id;
use crate::store::Kind;
use crate::verification::Proof;

/// The body of [`registration_options`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationOptions {
    username: Option<String>,
    display_name: Option<String>,
    authenticator_attachment: Option<Attachment>,
}

#[derive(Deserialize, JsonSchema, Clone, Copy)]
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
    registration_options_with(&app, &holder, &body, json!({})).await
}

/// `POST .../passkey/registration-options/web`: the same, tied to the browser.
pub async fn registration_options_web(
    State(app): State<App>,
    holder: Holder,
    headers: HeaderMap,
    Body(body): Body<RegistrationOptions>,
) -> ApiResult<Response> {
    let tie = Tie::new(&app, &headers)?;
    let reply = registration_options_with(&app, &holder, &body, tie.data()).await?;
    Ok(tie.answer(reply))
}

async fn registration_options_with(
    app: &App,
    holder: &Holder,
    body: &RegistrationOptions,
    data: Value,
) -> ApiResult<Json<Value>> {
    let user = &holder.user;
    let existing = webauthn_credentials(app, &user.user_key).await?;
    let name = first_of([&body.username, &user.username, &user.email]).unwrap_or(&user.user_id);
    let display_name = first_of([&body.display_name, &user.display_name]).unwrap_or(name);
    let new = NewCredential { user_key: &user.user_key, name, display_name, existing: &existing };
    let pending = app
        .ceremonies
        .create_passkey(&new, body.authenticator_attachment.map(Attachment::name))
        .map_err(|rejected| ApiError::invalid_request(rejected.reason().to_owned()))?;
    let challenge = store_ceremony(app, Kind::PasskeyRegistration, Some(holder), &pending, data).await?;
    Ok(Json(json!({ "challengeId": challenge.challenge_id, "options": pending.options })))
}

/// The first text that is there and not empty.
pub fn first_of<const N: usize>(texts: [&Option<String>; N]) -> Option<&str> {
    texts.into_iter().flatten().map(String::as_str).find(|text| !text.is_empty())
}

/// The body of [`register`].
#[derive(Deserialize, JsonSchema)]
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
        take_ceremony(&app, Kind::PasskeyRegistration, Some(&holder), body.challenge_id.as_deref(), answer, &headers)
            .await?;
    let registered = app
        .ceremonies
        .registered(ceremony.secret.as_deref().unwrap_or_default(), answer)
        .map_err(|rejected| ApiError::invalid_credential(rejected.reason().to_owned()))?;
    let Json(reply) = commit_registration(&app, &holder, Method::Passkey, registered, answer, &headers).await?;
    Ok(super::browser::ended(&app, &ceremony, reply))
}

/// The body of [`authentication_options`].
#[derive(Deserialize, JsonSchema)]
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
    authentication_options_with(&app, holder.as_ref(), &body, json!({})).await
}

/// `POST .../passkey/authentication-options/web`: the same, tied to the browser.
pub async fn authentication_options_web(
    State(app): State<App>,
    MaybeHolder(holder): MaybeHolder,
    headers: HeaderMap,
    Body(body): Body<AuthenticationOptions>,
) -> ApiResult<Response> {
    let tie = Tie::new(&app, &headers)?;
    let reply = authentication_options_with(&app, holder.as_ref(), &body, tie.data()).await?;
    Ok(tie.answer(reply))
}

async fn authentication_options_with(
    app: &App,
    holder: Option<&Holder>,
    body: &AuthenticationOptions,
    mut data: Value,
) -> ApiResult<Json<Value>> {
    if let Some(challenge_id) = &body.challenge_id {
        let started = app.store.look().await?.open_challenge(Kind::Anonymous, challenge_id, app.clock.now()).await?;
        let started = started.ok_or_else(|| {
            ApiError::invalid_request("There is no such challenge, or it has ended. POST /client/challenge starts one.")
        })?;
        for name in ["action", "idempotencyKey"] {
            data[name] = started.data[name].clone();
        }
        if started.data["browser"].is_string() {
            data["browser"] = started.data["browser"].clone();
        }
        data["startedBy"] = json!(started.challenge_id);
    }
    let credentials = match (holder, &body.username) {
        (Some(holder), _) => passkeys(app, &holder.user.user_key).await?,
        (None, Some(username)) => {
            // Not in the head of the `match`: its connection would be held while `passkeys` waits for one.
            let user = app.store.look().await?.user_by_username(username).await?;
            match user {
                Some(user) => passkeys(app, &user.user_key).await?,
                None => Vec::new(),
            }
        }
        (None, None) => Vec::new(),
    };
    if holder.is_some() && credentials.is_empty() {
        return Err(ApiError::invalid_request("The user has no passkey. Create one with passkey.signUp first."));
    }
    let pending = app
        .ceremonies
        .assert(&credentials, "preferred")
        .map_err(|rejected| ApiError::invalid_request(rejected.reason().to_owned()))?;
    let challenge = store_ceremony(app, Kind::PasskeyAuthentication, holder, &pending, data).await?;
    Ok(Json(json!({ "challengeId": challenge.challenge_id, "options": pending.options })))
}

async fn passkeys(app: &App, user_key: &str) -> ApiResult<Vec<String>> {
    let all = app.store.look().await?.verified_authenticators(user_key).await?;
    Ok(all.into_iter().filter(|one| one.method == Method::Passkey).filter_map(|one| one.secret).collect())
}

/// The body of [`verify`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    authentication_credential: Value,
    challenge_id: Option<String>,
    device_id: Option<String>,
}

/// `POST /client/verify/passkey`: a sign-in, or a challenge of the token's user.
pub async fn verify(
    State(app): State<App>,
    MaybeHolder(holder): MaybeHolder,
    headers: HeaderMap,
    Body(body): Body<Verify>,
) -> ApiResult<Json<Value>> {
    let answer = &body.authentication_credential;
    let mut ceremony = take_ceremony(
        &app,
        Kind::PasskeyAuthentication,
        holder.as_ref(),
        body.challenge_id.as_deref(),
        answer,
        &headers,
    )
    .await?;
    let proven = asserted_by(&app, Method::Passkey, holder.as_ref(), &ceremony, answer).await?;

    let mut tx = app.store.write().await?;
    let user = tx.lock_user(&proven.authenticator.user_key).await?.ok_or_else(ApiError::unknown_credential)?;
    let Proven { authenticator, asserted, .. } = proven.in_turn(&app, &mut tx, &ceremony).await?;
    let action = match &holder {
        Some(holder) => holder.action.clone(),
        None => {
            ceremony.data["deviceId"] = json!(body.device_id.filter(|device_id| is_id(device_id)));
            sign_in_action(&app, &mut tx, &user, &ceremony).await?
        }
    };
    let proof = Proof {
        authenticator: &authenticator,
        method: Method::Passkey,
        secret: asserted.credential.as_deref(),
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
    Ok(super::browser::ended(&app, &ceremony, reply))
}
