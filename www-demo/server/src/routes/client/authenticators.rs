//! A user's authenticators, as a browser sees them.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::clock::iso;
use crate::domain::method::Method;
use crate::error::{ApiError, ApiResult};
use crate::routes::guard::Holder;
use crate::routes::view::{self, Viewer};

/// `GET /client/user-authenticators`: the verified ones of the token's user, addresses masked.
pub async fn list(State(app): State<App>, holder: Holder) -> ApiResult<Json<Value>> {
    let all = app.store.read().await?.verified_authenticators(&holder.user.user_key).await?;
    Ok(Json(view::authenticators(&all, Viewer::Client)))
}

/// The query of [`find_passkey`].
#[derive(Deserialize)]
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
    Err(ApiError::no_credential("None of these passkeys is registered here: name those that this browser has stored."))
}
