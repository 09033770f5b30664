//! The public keys of the tenant's tokens.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::routes::server::Params;

/// `GET /client/public/{tenant_id}/.well-known/jwks`, where tokens are signed by RS256.
pub async fn jwks(State(app): State<App>, Params(tenant_id): Params<String>) -> ApiResult<Json<Value>> {
    match &app.config.token_key {
        Some(key) if tenant_id == app.config.tenant_id => Ok(Json(key.jwks())),
        Some(_) => Err(ApiError::not_found("There is no such tenant here.")),
        None => Err(ApiError::not_found("This tenant's tokens are signed by HS256, which has no public key.")),
    }
}
