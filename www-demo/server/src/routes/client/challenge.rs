//! `POST /client/challenge`: names the action of a sign-in before anyone knows whose it is.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::domain::{MINUTE, Millis};
use crate::error::{ApiError, ApiResult};
use crate::routes::body::Body;
use crate::routes::server::actions::is_action_code;
use crate::store::{Challenge, Kind};

/// The life of a challenge.
pub const CHALLENGE_LIFE: Millis = 10 * MINUTE;

/// The body of [`start`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    action: Option<String>,
    idempotency_key: Option<String>,
}

/// Keeps the action's name until the sign-in that it is for.
pub async fn start(State(app): State<App>, Body(body): Body<Start>) -> ApiResult<Json<Value>> {
    if body.action.as_deref().is_some_and(|action| !is_action_code(action)) {
        return Err(ApiError::invalid_request("An action is 1 to 64 letters, digits, hyphens or underscores."));
    }
    let now = app.clock.now();
    let challenge = Challenge {
        challenge_id: app.random.id(),
        kind: Kind::Anonymous,
        user_key: None,
        action_key: None,
        authenticator_id: None,
        lookup: None,
        secret: None,
        data: json!({ "action": body.action, "idempotencyKey": body.idempotency_key }),
        attempts: 0,
        created_at: now,
        expires_at: now + CHALLENGE_LIFE,
        consumed_at: None,
    };
    let mut tx = app.store.write().await?;
    tx.insert_challenge(&challenge).await?;
    tx.commit().await?;
    Ok(Json(json!({ "challengeId": challenge.challenge_id })))
}
