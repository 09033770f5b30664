//! Sign-in by a key that the app itself holds.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::browser;
use super::devices::signed_by;
use super::sign_in::{given_action, sign_in_action};
use crate::app::App;
use crate::domain::method::Method;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::Body;
use crate::routes::guard::MaybeHolder;
use crate::store::Kind;
use crate::verification::Proof;

/// The body of [`verify`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    challenge_id: String,
    public_key: String,
    signature: String,
}

/// `POST /client/verify/in-app`
pub async fn verify(
    State(app): State<App>,
    MaybeHolder(holder): MaybeHolder,
    headers: HeaderMap,
    Body(body): Body<Verify>,
) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    let gone =
        || ApiError::invalid_request("There is no such challenge, or it was used. POST /client/challenge first.");
    let mut tx = app.store.write().await?;
    let challenge = tx.open_challenge(Kind::Anonymous, &body.challenge_id, now).await?.ok_or_else(gone)?;
    if !tx.consume_challenge(&challenge.challenge_id, now).await? {
        return Err(gone());
    }
    tx.commit().await?;
    browser::check(&app, &challenge, &headers)?;

    let mut tx = app.store.write().await?;
    let device = signed_by(&mut tx, &body.public_key, Method::InApp, &body.challenge_id, &body.signature).await?;
    if holder.as_ref().is_some_and(|holder| holder.user.user_key != device.user_key) {
        return Err(ApiError::invalid_credential("This key belongs to another user than the token."));
    }
    let user = tx.lock_user(&device.user_key).await?.ok_or_else(gone)?;
    let given = given_action(&mut tx, &user, &challenge).await?;
    let action = match holder.as_ref().map(|holder| &holder.action).or(given.as_ref()) {
        Some(action) => action.clone(),
        None => sign_in_action(&app, &mut tx, &user, &challenge).await?,
    };
    let proof = Proof { authenticator: &device, method: Method::InApp, secret: None, user_verified: true };
    let asked = holder.as_ref().map(|holder| &holder.claims);
    let token = app.challenged(&mut tx, &user, &action, &proof, asked).await?;
    tx.commit().await?;
    let mut reply = json!({ "token": token, "userId": user.user_id, "userAuthenticatorId": device.authenticator_id });
    if let Some(username) = user.username {
        reply["username"] = json!(username);
    }
    Ok(Json(reply))
}
