//! The tester's control plane.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::App;
use crate::clock::{FARTHEST_MOVE, iso};
use crate::control::Fault;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::{Body, Empty};
use crate::routes::view;

/// `GET /local/clock`
pub async fn clock(State(app): State<App>) -> Json<Value> {
    Json(json!({ "now": iso(app.clock.now()) }))
}

/// The body of [`advance_clock`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Advance {
    advance_seconds: i64,
}

/// `POST /local/clock`: everything that ends in the meantime has ended.
pub async fn advance_clock(State(app): State<App>, Body(body): Body<Advance>) -> ApiResult<Json<Value>> {
    if !(-FARTHEST_MOVE..=FARTHEST_MOVE).contains(&body.advance_seconds) {
        return Err(ApiError::invalid_request(format!("advanceSeconds is at most {FARTHEST_MOVE} either way.")));
    }
    app.clock.advance(body.advance_seconds);
    Ok(clock(State(app)).await)
}

/// The body of [`set_faults`], and what [`faults`] answers.
#[derive(Deserialize, Serialize)]
pub struct Faults {
    faults: Vec<Fault>,
}

/// `GET /local/faults`: those that are still to come.
pub async fn faults(State(app): State<App>) -> Json<Faults> {
    Json(Faults { faults: app.control.faults() })
}

/// `POST /local/faults`: these, and no others.
pub async fn set_faults(State(app): State<App>, Body(body): Body<Faults>) -> Json<Faults> {
    app.control.set_faults(body.faults);
    faults(State(app)).await
}

/// `GET /local/log`: the last requests of the API, newest last.
pub async fn log(State(app): State<App>) -> Json<Value> {
    Json(app.control.log())
}

/// `POST /local/reset`: no data, no faults, and the right time.
pub async fn reset(State(app): State<App>, Body(Empty {}): Body<Empty>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    tx.delete_everything().await?;
    tx.commit().await?;
    app.clock.set_right();
    app.control.reset();
    Ok(Json(json!({ "success": true })))
}

/// `GET /local/outbox`: what was sent to people, and what the backend was told; newest last.
pub async fn outbox(State(app): State<App>) -> ApiResult<Json<Value>> {
    const MOST: i64 = 500;
    let mut tx = app.store.read().await?;
    let messages: Vec<Value> = tx.messages(MOST).await?.iter().map(view::message).collect();
    let webhooks: Vec<Value> = tx.webhooks(MOST).await?.iter().map(view::webhook).collect();
    Ok(Json(json!({ "messages": messages, "webhooks": webhooks })))
}
