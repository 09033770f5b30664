//! A user's authenticators, as a browser sees them.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::clock::iso;
use crate::domain::binding::Operation;
use crate::domain::method::Method;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::{Body, Query};
use crate::routes::guard::Holder;
use crate::routes::server::Params;
use crate::routes::view::{self, Viewer};
use crate::webhook::Change;

/// `GET /client/user-authenticators`: the verified ones of the token's user, addresses masked.
pub async fn list(State(app): State<App>, holder: Holder) -> ApiResult<Json<Value>> {
    let all = app.store.look().await?.verified_authenticators(&holder.user.user_key).await?;
    Ok(Json(view::authenticators(&all, Viewer::Client)))
}

/// The query of [`find_passkey`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialIds {
    #[serde(default)]
    credential_ids: String,
}

/// `GET /client/user-authenticators/passkey?credentialIds=a,b`: the first of these passkeys that is still registered.
pub async fn find_passkey(State(app): State<App>, Query(query): Query<CredentialIds>) -> ApiResult<Json<Value>> {
    const MOST_IDS: usize = 100;
    let mut tx = app.store.read().await?;
    for credential_id in query.credential_ids.split(',').filter(|id| !id.is_empty()).take(MOST_IDS) {
        if let Some(found) = tx.credential(credential_id).await?.filter(|found| found.method == Method::Passkey) {
            return Ok(Json(json!({ "credentialId": credential_id, "verifiedAt": found.verified_at.map(iso) })));
        }
    }
    Err(ApiError::invalid_credential(
        "None of these passkeys is registered here: name those that this browser has stored.",
    ))
}

/// `GET /client/authenticators`: what the tenant offers.
pub async fn configuration() -> Json<Value> {
    Json(view::configuration())
}

/// The body of [`rename`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rename {
    display_name: String,
}

/// `PATCH /client/user-authenticators/{authenticator_id}`
pub async fn rename(
    State(app): State<App>,
    holder: Holder,
    Params(authenticator_id): Params<String>,
    Body(body): Body<Rename>,
) -> ApiResult<Json<Value>> {
    const LONGEST_NAME: usize = 64;
    let display_name = body.display_name.trim();
    if display_name.is_empty() || display_name.chars().count() > LONGEST_NAME {
        return Err(ApiError::invalid_request(format!("A displayName has 1 to {LONGEST_NAME} characters.")));
    }
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    app.may_change(&mut tx, &holder, Operation::Update, Some(&authenticator_id)).await?;
    tx.rename_authenticator(&user.user_key, &authenticator_id, display_name).await?;
    let all = tx.verified_authenticators(&user.user_key).await?;
    let at = all.iter().position(|one| one.authenticator_id == authenticator_id).ok_or_else(no_authenticator)?;
    app.tell_of(&mut tx, Change::Updated, &user.user_id, &all[at]).await?;
    tx.commit().await?;
    Ok(Json(view::authenticator(&all[at], at == 0, Viewer::Client)))
}

/// `DELETE /client/user-authenticators/{authenticator_id}`
pub async fn remove(
    State(app): State<App>,
    holder: Holder,
    Params(authenticator_id): Params<String>,
) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    app.may_change(&mut tx, &holder, Operation::Remove, Some(&authenticator_id)).await?;
    let all = tx.verified_authenticators(&user.user_key).await?;
    let removed = all.iter().find(|one| one.authenticator_id == authenticator_id).ok_or_else(no_authenticator)?;
    app.tell_of(&mut tx, Change::Deleted, &user.user_id, removed).await?;
    tx.delete_authenticator(&user.user_key, &authenticator_id).await?;
    tx.commit().await?;
    Ok(Json(json!({ "success": true })))
}

fn no_authenticator() -> ApiError {
    ApiError::not_found("The user of this token has no such authenticator.")
}
