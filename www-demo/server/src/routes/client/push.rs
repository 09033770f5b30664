//! Push: the browser asks, a phone answers, the browser polls.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::devices::signed_by;
use crate::app::App;
use crate::domain::method::Method;
use crate::error::{ApiError, ApiResult};
use crate::outbox::{About, Content};
use crate::routes::body::Body;
use crate::routes::guard::Holder;
use crate::store::{Challenge, Kind, MessageKind, Progress};
use crate::verification::Proof;

/// The body of [`challenge`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    action: Option<String>,
    user_authenticator_id: Option<String>,
}

/// `POST /client/challenge/push`: asks all phones of the user, or the one that is named.
pub async fn challenge(State(app): State<App>, holder: Holder, Body(body): Body<Ask>) -> ApiResult<Json<Value>> {
    if body.action.as_ref().is_some_and(|action| *action != holder.action.code) {
        return Err(ApiError::invalid_request("The action must be the one that the token was tracked for."));
    }
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    let mut devices = tx.verified_authenticators(&user.user_key).await?;
    devices.retain(|one| {
        one.method == Method::Push && body.user_authenticator_id.as_ref().is_none_or(|id| *id == one.authenticator_id)
    });
    if devices.is_empty() {
        return Err(ApiError::invalid_request("The user has no such phone. Add a push credential in its app first."));
    }
    let challenge = Challenge {
        user_key: Some(user.user_key.clone()),
        action_key: Some(holder.action.action_key.clone()),
        authenticator_id: body.user_authenticator_id,
        ..Challenge::new(app.random.id(), Kind::Push, app.clock.now(), app.config.window)
    };
    tx.insert_challenge(&challenge).await?;
    let about = About::action(&user, &holder.action, Method::Push);
    let phones: Vec<&str> = devices.iter().map(|device| device.authenticator_id.as_str()).collect();
    let sent = app.send(&mut tx, &about, &phones, MessageKind::Push, &challenge, Content::Question).await?;
    app.hand_on(tx, sent).await?;
    let delivered: Vec<Value> =
        devices.iter().map(|device| json!({ "userAuthenticatorId": device.authenticator_id })).collect();
    Ok(Json(json!({ "challengeId": challenge.challenge_id, "deliveryResults": delivered })))
}

/// The body of an answer from a phone.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The phone's key.
    pub public_key: String,
    /// What it answers.
    pub challenge_id: String,
    /// Over the id.
    pub signature: String,
    /// Yes or no.
    pub approved: bool,
    /// The number that the person picked.
    pub verification_code: Option<String>,
}

/// `POST .../push/challenge`: what the person said. A wrong number says no.
pub async fn answer(State(app): State<App>, Body(body): Body<Answer>) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    let gone = || ApiError::invalid_request("No such question waits for this phone: it was answered, or has ended.");
    let mut tx = app.store.write().await?;
    let device = signed_by(&mut tx, &body.public_key, Method::Push, &body.challenge_id, &body.signature).await?;
    tx.lock_user(&device.user_key).await?;
    let waiting = tx.waiting_for(Kind::Push, &device.user_key, &device.authenticator_id, now).await?;
    let challenge = waiting.into_iter().find(|one| one.challenge_id == body.challenge_id).ok_or_else(gone)?;
    let action = match &challenge.action_key {
        Some(action_key) => tx.action_by_key(action_key).await?,
        None => None,
    };
    let action = action.ok_or_else(gone)?;
    let number = match &action.attributes["custom"]["numberMatch"] {
        Value::String(number) => Some(number.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let approved = body.approved && number.is_none_or(|number| body.verification_code.as_ref() == Some(&number));
    let outcome = if approved { Progress::Approved } else { Progress::Rejected };
    if !tx.progress_challenge(&challenge.challenge_id, Progress::Pending, outcome, now).await? {
        return Err(gone());
    }
    tx.assign_challenge(&challenge.challenge_id, &device.user_key, &device.authenticator_id).await?;
    if !approved {
        app.rejected(&mut tx, &action).await?;
    }
    tx.commit().await?;
    Ok(Json(json!({ "isVerified": approved })))
}

/// The body of [`verify`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    challenge_id: String,
}

/// `POST /client/verify/push`: asked again and again until a phone has answered. The token is handed out once.
pub async fn verify(State(app): State<App>, holder: Holder, Body(body): Body<Verify>) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    let found = tx.challenge(Kind::Push, &body.challenge_id).await?.filter(|found| {
        found.user_key.as_ref() == Some(&user.user_key) && found.action_key.as_ref() == Some(&holder.action.action_key)
    });
    let challenge =
        found.ok_or_else(|| ApiError::invalid_request("This token's action has no such push challenge."))?;
    let is_approved = challenge.progress == Progress::Approved;
    let mut reply = json!({ "isVerified": is_approved, "isConsumed": challenge.progress != Progress::Pending });
    if is_approved && tx.consume_challenge(&challenge.challenge_id, now).await? {
        let device = match &challenge.authenticator_id {
            Some(id) => tx.authenticator(id).await?,
            None => None,
        };
        let device = device.ok_or(sqlx::Error::RowNotFound)?;
        let proof = Proof { authenticator: &device, method: Method::Push, secret: None, user_verified: true };
        let token = app.challenged(&mut tx, &user, &holder.action, &proof, Some(&holder.claims)).await?;
        reply["accessToken"] = json!(token);
        tx.commit().await?;
    }
    Ok(Json(reply))
}
