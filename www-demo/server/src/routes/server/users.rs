//! Users.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Params;
use crate::app::App;
use crate::domain::method::Method;
use crate::error::ApiResult;
use crate::routes::view;
use crate::store::User;

/// `GET /users/{user_id}`: an unknown user is one who is not enrolled.
pub async fn get(State(app): State<App>, Params(user_id): Params<String>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.read().await?;
    let user = tx.user(&user_id).await?;
    let verified = match &user {
        Some(user) => tx.verified_authenticators(&user.user_key).await?,
        None => Vec::new(),
    };
    let methods: Vec<Method> = view::methods(&verified);
    let mut reply = view::user(&user.unwrap_or_else(|| User { user_id, ..User::default() }));
    reply.insert("isEnrolled".to_owned(), json!(!verified.is_empty()));
    reply.insert("enrolledVerificationMethods".to_owned(), json!(methods));
    reply.insert("allowedVerificationMethods".to_owned(), json!(methods));
    if let Some(default) = methods.first() {
        reply.insert("defaultVerificationMethod".to_owned(), json!(default));
    }
    Ok(Json(Value::Object(reply)))
}

/// `DELETE /users/{user_id}`: with all that is theirs. One who is not there is gone already.
pub async fn delete(State(app): State<App>, Params(user_id): Params<String>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    tx.delete_user(&user_id).await?;
    tx.commit().await?;
    Ok(Json(json!({ "success": true })))
}
