//! A user's devices: what the backend knows of the browsers and apps that they come from, and says of them. Of the
//! authenticators they change nothing.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Params;
use super::users::given;
use crate::app::App;
use crate::clock::{iso, moment};
use crate::error::{ApiError, ApiResult};
use crate::routes::body::{Body, Empty};
use crate::store::{Device, Tx};

/// `GET /users/{user_id}/devices`: oldest first.
pub async fn list(State(app): State<App>, Params(user_id): Params<String>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.read().await?;
    let all = match tx.user(&user_id).await? {
        Some(user) => tx.devices(&user.user_key).await?,
        None => Vec::new(),
    };
    Ok(Json(all.iter().map(|device| shown(&user_id, device)).collect()))
}

/// The body of [`update`]; what is absent stays as it is, `null` takes it away.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Update {
    #[serde(default, deserialize_with = "given")]
    remembered_until: Option<Option<String>>,
}

/// `PATCH /users/{user_id}/devices/{device_id}`: until when it is remembered.
pub async fn update(
    State(app): State<App>,
    Params((user_id, device_id)): Params<(String, String)>,
    Body(body): Body<Update>,
) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    let until = match body.remembered_until {
        None => None,
        Some(None) => Some(None),
        Some(Some(date)) => {
            let until = moment(&date).filter(|until| *until > now);
            Some(Some(until.ok_or_else(|| {
                ApiError::invalid_request("rememberedUntil must be a date in ISO 8601 that is still to come, or null.")
            })?))
        }
    };
    let mut tx = app.store.write().await?;
    let (user_key, mut device) = find(&mut tx, &user_id, &device_id).await?;
    device.remembered_until = until.unwrap_or(device.remembered_until);
    tx.save_device(&user_key, &device).await?;
    tx.commit().await?;
    Ok(Json(shown(&user_id, &device)))
}

/// `POST /users/{user_id}/devices/{device_id}/invalidate`: it is not to be trusted, nor remembered, from now on.
pub async fn invalidate(
    State(app): State<App>,
    Params((user_id, device_id)): Params<(String, String)>,
    Body(Empty {}): Body<Empty>,
) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let (user_key, device) = find(&mut tx, &user_id, &device_id).await?;
    let device = Device { invalidated_at: Some(app.clock.now()), remembered_until: None, ..device };
    tx.save_device(&user_key, &device).await?;
    tx.commit().await?;
    Ok(Json(shown(&user_id, &device)))
}

async fn find(tx: &mut Tx, user_id: &str, device_id: &str) -> ApiResult<(String, Device)> {
    let none = || ApiError::not_found("The user has no such device.");
    let user = tx.user(user_id).await?.ok_or_else(none)?;
    let device = tx.device(&user.user_key, device_id).await?.ok_or_else(none)?;
    Ok((user.user_key, device))
}

fn shown(user_id: &str, device: &Device) -> Value {
    let mut view = json!({ "userId": user_id, "deviceId": device.device_id, "createdAt": iso(device.created_at) });
    for (name, moment) in [
        ("authenticatedAt", device.authenticated_at),
        ("invalidatedAt", device.invalidated_at),
        ("rememberedUntil", device.remembered_until),
    ] {
        if let Some(moment) = moment {
            view[name] = json!(iso(moment));
        }
    }
    if let Some(method) = device.last_verification_method {
        view["lastVerificationMethod"] = json!(method);
    }
    view
}
