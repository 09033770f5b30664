//! `POST /client/challenge`: names the action of a sign-in before anyone knows whose it is.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::browser::Tie;
use crate::app::App;
use crate::domain::{MINUTE, Millis};
use crate::error::{ApiError, ApiResult};
use crate::routes::body::Body;
use crate::routes::server::actions::{LONGEST_ID, is_action_code, is_id};
use crate::store::{Challenge, Kind};

/// The life of a challenge.
pub const CHALLENGE_LIFE: Millis = 10 * MINUTE;

/// The body of [`start`] and [`start_web`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    action: Option<String>,
    idempotency_key: Option<String>,
}

/// `POST /client/challenge`: keeps the action's name until the sign-in that it is for.
pub async fn start(State(app): State<App>, Body(body): Body<Start>) -> ApiResult<Json<Value>> {
    start_with(&app, body, json!({})).await
}

/// `POST /client/challenge/web`: the same, tied to the browser.
pub async fn start_web(State(app): State<App>, headers: HeaderMap, Body(body): Body<Start>) -> ApiResult<Response> {
    let tie = Tie::new(&app, &headers)?;
    let reply = start_with(&app, body, tie.data()).await?;
    Ok(tie.answer(reply))
}

async fn start_with(app: &App, body: Start, mut data: Value) -> ApiResult<Json<Value>> {
    if body.action.as_deref().is_some_and(|action| !is_action_code(action)) {
        return Err(ApiError::invalid_request("An action is 1 to 64 letters, digits, hyphens or underscores."));
    }
    if body.idempotency_key.as_deref().is_some_and(|key| !is_id(key)) {
        return Err(ApiError::invalid_request(format!("An idempotencyKey is 1 to {LONGEST_ID} bytes long.")));
    }
    data["action"] = json!(body.action);
    data["idempotencyKey"] = json!(body.idempotency_key);
    let challenge =
        Challenge { data, ..Challenge::new(app.random.id(), Kind::Anonymous, app.clock.now(), CHALLENGE_LIFE) };
    let mut tx = app.store.write().await?;
    tx.insert_challenge(&challenge).await?;
    tx.commit().await?;
    // The nonce is for the attestation of a device, which signs over it.
    Ok(Json(json!({ "challengeId": challenge.challenge_id, "nonce": app.random.word() })))
}
