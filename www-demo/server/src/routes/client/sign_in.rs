//! Sign-ins without a token: nobody has tracked an action, so that they bring their own.

use serde_json::json;

use crate::app::App;
use crate::domain::scope::Scopes;
use crate::error::{ApiError, ApiResult};
use crate::store::{Action, ActionState, Challenge, Kind, Tx, User};

/// The action of a sign-in that names none.
const DEFAULT_ACTION: &str = "passkey_sign_in";

/// The action that a sign-in without a token is for: the one that its challenge named, or a default.
pub async fn sign_in_action(app: &App, tx: &mut Tx, user: &User, ceremony: &Challenge) -> ApiResult<Action> {
    let now = app.clock.now();
    if let Some(started_by) = ceremony.data["startedBy"].as_str() {
        let gone = || ApiError::invalid_request("The challenge of this sign-in was used before, or has ended.");
        let started = tx.open_challenge(Kind::Anonymous, started_by, now).await?.ok_or_else(gone)?;
        let given = given_action(tx, user, &started).await?;
        if !tx.consume_challenge(started_by, now).await? {
            return Err(gone());
        }
        if let Some(action) = given {
            return Ok(action);
        }
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
        attributes: json!({ "deviceId": text("deviceId") }),
    };
    Ok(tx.insert_action(&action).await?.0)
}

/// The action that `track` has given this challenge to, if it has. Then it is for that action's user and nobody else.
pub async fn given_action(tx: &mut Tx, user: &User, challenge: &Challenge) -> ApiResult<Option<Action>> {
    if challenge.user_key.as_ref().is_some_and(|user_key| *user_key != user.user_key) {
        return Err(ApiError::invalid_credential("The challenge of this sign-in was given to another user."));
    }
    match &challenge.action_key {
        Some(action_key) => Ok(tx.action_by_key(action_key).await?),
        None => Ok(None),
    }
}
