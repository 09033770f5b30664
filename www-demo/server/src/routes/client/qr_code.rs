//! QR codes: a screen shows the id of a challenge, a phone claims it, its person approves.

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::challenge::CHALLENGE_LIFE;
use super::devices::signed_by;
use super::push::Answer;
use super::sign_in::sign_in_action;
use crate::app::App;
use crate::clock::iso;
use crate::domain::method::Method;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::Body;
use crate::routes::guard::{Holder, MaybeHolder};
use crate::routes::server::actions::is_action_code;
use crate::store::{Action, Challenge, Kind, Progress, Tx};
use crate::verification::Proof;

/// The body of [`challenge`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    action: String,
    custom: Option<Value>,
}

/// `POST /client/challenge/qr-code`
pub async fn challenge(
    State(app): State<App>,
    MaybeHolder(holder): MaybeHolder,
    Body(body): Body<Ask>,
) -> ApiResult<Json<Value>> {
    let device_code = app.random.word();
    let challenge = start(&app, holder.as_ref(), &body.action, body.custom, Some(&device_code)).await?;
    Ok(Json(json!({
        "challengeId": challenge.challenge_id,
        "deviceCode": device_code,
        "expiresAt": iso(challenge.expires_at),
    })))
}

/// Starts a QR code. `device_code` is what the screen will ask with; over a socket it need not ask. For a token, `custom` is
/// what was tracked: whoever holds one does not choose what the phone's person is shown.
pub async fn start(
    app: &App,
    holder: Option<&Holder>,
    action: &str,
    custom: Option<Value>,
    device_code: Option<&str>,
) -> ApiResult<Challenge> {
    if !is_action_code(action) {
        return Err(ApiError::invalid_request("An action is 1 to 64 letters, digits, hyphens or underscores."));
    }
    if holder.is_some_and(|holder| holder.action.code != action) {
        return Err(ApiError::invalid_request("The action must be the one that the token was tracked for."));
    }
    let custom = if holder.is_some() { None } else { custom };
    let challenge = Challenge {
        user_key: holder.map(|holder| holder.user.user_key.clone()),
        action_key: holder.map(|holder| holder.action.action_key.clone()),
        secret: device_code.map(digest),
        data: json!({ "action": action, "custom": custom }),
        ..Challenge::new(app.random.id(), Kind::QrCode, app.clock.now(), CHALLENGE_LIFE)
    };
    let mut tx = app.store.write().await?;
    tx.insert_challenge(&challenge).await?;
    tx.commit().await?;
    Ok(challenge)
}

fn digest(word: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(word.as_bytes()))
}

/// The body of [`claim`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    public_key: String,
    challenge_id: String,
    signature: String,
}

/// `POST .../qr-code/challenge/claim`: one phone claims a code; only that one can approve it.
pub async fn claim(State(app): State<App>, Body(body): Body<Claim>) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    let mut tx = app.store.write().await?;
    let device = signed_by(&mut tx, &body.public_key, Method::QrCode, &body.challenge_id, &body.signature).await?;
    let challenge = tx.open_challenge(Kind::QrCode, &body.challenge_id, now).await?.ok_or_else(gone)?;
    if challenge.user_key.as_ref().is_some_and(|user_key| *user_key != device.user_key) {
        return Err(ApiError::invalid_credential("This code was made for another user than this phone's."));
    }
    if !tx.progress_challenge(&challenge.challenge_id, Progress::Pending, Progress::Claimed, now).await? {
        return Err(gone());
    }
    tx.assign_challenge(&challenge.challenge_id, &device.user_key, &device.authenticator_id).await?;
    let action = action_of(&mut tx, &challenge).await?;
    let user = tx.user_by_key(&device.user_key).await?.ok_or(sqlx::Error::RowNotFound)?;
    app.commit_and_tell(tx, &challenge.challenge_id).await?;
    // What is approved is the action, if there is one: it is shown as the backend has tracked it.
    let tracked = action.as_ref().map(|action| (json!(action.code), &action.attributes["custom"]));
    let (code, custom) = tracked.unwrap_or_else(|| (challenge.data["action"].clone(), &Value::Null));
    let custom = if custom.is_null() { &challenge.data["custom"] } else { custom };
    let mut reply = json!({ "success": true, "actionCode": code });
    let mut put = |name: &str, value: &Value| {
        if !value.is_null() {
            reply[name] = value.clone();
        }
    };
    put("custom", custom);
    if let Some(custom) = user.custom {
        put("user", &json!({ "custom": custom }));
    }
    if let Some(action) = &action {
        put("idempotencyKey", &json!(action.idempotency_key));
        for name in ["userAgent", "ipAddress"] {
            put(name, &action.attributes[name]);
        }
    }
    Ok(Json(reply))
}

fn gone() -> ApiError {
    ApiError::invalid_request("No such code waits: another phone has claimed it, or it has ended. Show a new one.")
}

async fn action_of(tx: &mut Tx, challenge: &Challenge) -> ApiResult<Option<Action>> {
    match &challenge.action_key {
        Some(action_key) => Ok(tx.action_by_key(action_key).await?),
        None => Ok(None),
    }
}

/// `POST .../qr-code/challenge`: what the person with the claiming phone said.
pub async fn answer(State(app): State<App>, Body(body): Body<Answer>) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    let mut tx = app.store.write().await?;
    let device = signed_by(&mut tx, &body.public_key, Method::QrCode, &body.challenge_id, &body.signature).await?;
    tx.lock_user(&device.user_key).await?;
    let challenge = tx.open_challenge(Kind::QrCode, &body.challenge_id, now).await?.ok_or_else(gone)?;
    if challenge.authenticator_id.as_ref() != Some(&device.authenticator_id) {
        return Err(ApiError::invalid_credential("Only the phone that has claimed this code can answer it."));
    }
    let outcome = if body.approved { Progress::Approved } else { Progress::Rejected };
    if !tx.progress_challenge(&challenge.challenge_id, Progress::Claimed, outcome, now).await? {
        return Err(gone());
    }
    if !body.approved
        && let Some(action) = action_of(&mut tx, &challenge).await?
    {
        app.rejected(&mut tx, &action).await?;
    }
    app.commit_and_tell(tx, &challenge.challenge_id).await?;
    Ok(Json(json!({ "isVerified": body.approved })))
}

/// The body of [`verify`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    challenge_id: String,
    device_code: String,
}

/// `POST /client/verify/qr-code`: asked again and again by the screen. The token is handed out once.
pub async fn verify(State(app): State<App>, Body(body): Body<Verify>) -> ApiResult<Json<Value>> {
    let challenge = app.store.look().await?.challenge(Kind::QrCode, &body.challenge_id).await?;
    let wanted = challenge.as_ref().and_then(|challenge| challenge.secret.clone()).unwrap_or_default();
    if wanted.is_empty() || !bool::from(digest(&body.device_code).as_bytes().ct_eq(wanted.as_bytes())) {
        return Err(ApiError::invalid_request("There is no code of this challengeId and deviceCode."));
    }
    let (progress, token) = collect(&app, &body.challenge_id).await?;
    let mut reply = json!({
        "isClaimed": progress != Progress::Pending,
        "isConsumed": matches!(progress, Progress::Approved | Progress::Rejected),
        "isVerified": progress == Progress::Approved,
    });
    if let Some(token) = token {
        reply["accessToken"] = json!(token);
    }
    Ok(Json(reply))
}

/// How far a code has come; the first time that it is found approved, with its token.
pub async fn collect(app: &App, challenge_id: &str) -> ApiResult<(Progress, Option<String>)> {
    let now = app.clock.now();
    let mut tx = app.store.write().await?;
    let challenge = tx.challenge(Kind::QrCode, challenge_id).await?.ok_or_else(gone)?;
    if challenge.progress != Progress::Approved || !tx.consume_challenge(challenge_id, now).await? {
        return Ok((challenge.progress, None));
    }
    let user = match &challenge.user_key {
        Some(user_key) => tx.lock_user(user_key).await?,
        None => None,
    };
    let device = match &challenge.authenticator_id {
        Some(id) => tx.authenticator(id).await?,
        None => None,
    };
    let (user, device) = user.zip(device).ok_or(sqlx::Error::RowNotFound)?;
    let action = match action_of(&mut tx, &challenge).await? {
        Some(action) => action,
        None => sign_in_action(app, &mut tx, &user, &challenge).await?,
    };
    let proof = Proof { authenticator: &device, method: Method::QrCode, secret: None, user_verified: true };
    let token = app.challenged(&mut tx, &user, &action, &proof, None).await?;
    tx.commit().await?;
    Ok((Progress::Approved, Some(token)))
}
