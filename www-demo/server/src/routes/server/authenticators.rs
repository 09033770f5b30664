//! A user's authenticators, as their backend sees them.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Params;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::routes::view::{self, Viewer};

/// `GET /users/{user_id}/authenticators`: the verified ones, addresses in full.
pub async fn list(State(app): State<App>, Params(user_id): Params<String>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.read().await?;
    let all = match tx.user(&user_id).await? {
        Some(user) => tx.verified_authenticators(&user.user_key).await?,
        None => Vec::new(),
    };
    Ok(Json(view::authenticators(&all, Viewer::Backend(&user_id))))
}

/// `DELETE /users/{user_id}/authenticators/{authenticator_id}`: the backend may remove even the last one.
pub async fn delete(
    State(app): State<App>,
    Params((user_id, authenticator_id)): Params<(String, String)>,
) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let deleted = match tx.user(&user_id).await? {
        Some(user) => tx.delete_authenticator(&user.user_key, &authenticator_id).await?,
        None => false,
    };
    tx.commit().await?;
    if !deleted {
        return Err(ApiError::not_found("The user has no such authenticator."));
    }
    Ok(Json(json!({ "success": true })))
}
