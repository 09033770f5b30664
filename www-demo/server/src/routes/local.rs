//! The tester's control plane.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::App;
use crate::clock::{FARTHEST_MOVE, iso};
use crate::control::{Fault, Moment};
use crate::error::{ApiError, ApiResult};
use crate::routes::body::{Body, Empty};
use crate::routes::local_pages::{page, wants_page};
use crate::routes::server::{Params, actions, authenticators, users};
use crate::routes::view::{self, Viewer};

/// `GET /local/clock`
pub async fn clock(State(app): State<App>) -> Json<Value> {
    Json(json!({ "now": iso(app.clock.now()) }))
}

/// The body of [`advance_clock`].
#[derive(Deserialize, JsonSchema)]
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
#[derive(Deserialize, JsonSchema, Serialize)]
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

/// `POST /local/reset`: no data, no faults, the right time, and a repeatable sequence from its beginning.
pub async fn reset(State(app): State<App>, Body(Empty {}): Body<Empty>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    tx.delete_everything().await?;
    tx.commit().await?;
    app.clock.set_right();
    app.random.restart();
    app.control.reset();
    Ok(Json(json!({ "success": true })))
}

/// `GET /local/outbox`: what was sent to people, and what the backend was told; newest last.
/// A browser gets the page that shows it.
pub async fn outbox(State(app): State<App>, headers: HeaderMap) -> ApiResult<Response> {
    if wants_page(&headers) {
        return page(&app, "outbox", "Outbox").await;
    }
    const MOST: i64 = 500;
    let mut tx = app.store.read().await?;
    let messages: Vec<Value> = tx.messages(MOST).await?.iter().map(view::message).collect();
    let webhooks: Vec<Value> = tx.webhooks(MOST).await?.iter().map(view::webhook).collect();
    Ok(Json(json!({ "messages": messages, "webhooks": webhooks })).into_response())
}

/// A user to be there.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Seed {
    user_id: String,
    #[serde(default)]
    authenticators: Vec<authenticators::Enrol>,
    #[serde(flatten)]
    attributes: users::Update,
}

/// The body of [`seed_users`].
#[derive(Deserialize, JsonSchema)]
pub struct Seeds {
    users: Vec<Seed>,
}

/// `POST /local/users`: these users are there, with these attributes and verified authenticators; all of them or none.
pub async fn seed_users(State(app): State<App>, Body(body): Body<Seeds>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    for seed in body.users {
        users::update_in(&app, &mut tx, &seed.user_id, seed.attributes).await?;
        for authenticator in seed.authenticators {
            authenticators::enrol_verified(&app, &mut tx, &seed.user_id, authenticator).await?;
        }
    }
    tx.commit().await?;
    users(State(app)).await
}

/// `GET /local/users`: everybody with their authenticators, addresses in full, by id.
pub async fn users(State(app): State<App>) -> ApiResult<Json<Value>> {
    const MOST: i64 = 500;
    let mut tx = app.store.read().await?;
    let mut shown = Vec::new();
    for user in tx.query_users(None, None, None, None, MOST).await? {
        let all = tx.verified_authenticators(&user.user_key).await?;
        let mut view = view::user(&user);
        view.insert("userId".to_owned(), json!(user.user_id));
        view.insert("authenticators".to_owned(), view::authenticators(&all, Viewer::Backend(&user.user_id)));
        shown.push(Value::Object(view));
    }
    Ok(Json(json!({ "users": shown })))
}

/// The body of [`snapshot`] and [`restore`].
#[derive(Deserialize, JsonSchema)]
pub struct Named {
    #[serde(default)]
    name: String,
}

/// `POST /local/snapshot`: keeps the data, the clock and the place in a repeatable sequence under a name, while the
/// server runs.
pub async fn snapshot(State(app): State<App>, Body(body): Body<Named>) -> ApiResult<Json<Value>> {
    let data = app.store.read().await?.snapshot().await?;
    let reply = json!({ "name": body.name, "rows": data.len() });
    let moment = Moment { data, ahead: app.clock.ahead(), drawn: app.random.position() };
    if !app.control.keep(&body.name, moment) {
        return Err(ApiError::invalid_request("So many snapshots are not kept. Take one under a name that exists."));
    }
    Ok(Json(reply))
}

/// `POST /local/restore`: all is as it was.
pub async fn restore(State(app): State<App>, Body(body): Body<Named>) -> ApiResult<Json<Value>> {
    let kept = app.control.kept(&body.name);
    let moment = kept.ok_or_else(|| ApiError::not_found("There is no snapshot of this name."))?;
    let rows = moment.data.len();
    let mut tx = app.store.write().await?;
    tx.restore(moment.data).await?;
    tx.commit().await?;
    app.clock.set_ahead(moment.ahead);
    app.random.resume(moment.drawn);
    Ok(Json(json!({ "name": body.name, "rows": rows })))
}

/// The body of [`track`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Track {
    user_id: String,
    #[serde(default = "manage")]
    action: String,
    #[serde(flatten)]
    attributes: actions::Attributes,
}

fn manage() -> String {
    "manage".to_owned()
}

/// `POST /local/track`: what the backend would get, for testers who have none.
pub async fn track(State(app): State<App>, Body(body): Body<Track>) -> ApiResult<Json<Value>> {
    actions::track(State(app), Params((body.user_id, body.action)), Body(body.attributes)).await
}
