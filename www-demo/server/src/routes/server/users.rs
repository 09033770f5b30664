//! Users.

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::Params;
use super::actions::is_id;
use crate::app::App;
use crate::domain::method::Method;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::{Body, Query};
use crate::routes::view;
use crate::store::{Tx, User};
use crate::webhook::Change;

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

/// The query of [`query`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Which {
    username: Option<String>,
    email: Option<String>,
    phone_number: Option<String>,
    /// An id token of Apple or Google.
    token: Option<String>,
    limit: Option<i64>,
    last_evaluated_user_id: Option<String>,
}

/// `GET /users`: those with all of the attributes that are given, page by page.
pub async fn query(State(app): State<App>, Query(which): Query<Which>) -> ApiResult<Json<Value>> {
    const LARGEST_PAGE: i64 = 100;
    let most = which.limit.unwrap_or(LARGEST_PAGE).clamp(1, LARGEST_PAGE);
    let payload = which.token.as_deref().map(|token| payload_of(&app, token)).transpose()?;
    let told = payload.as_ref().map(|payload| payload["email"].as_str().unwrap_or_default());
    if told.is_some_and(|told| which.email.as_deref().is_some_and(|email| email != told)) {
        return Err(ApiError::invalid_request("The token tells of another email than the one that is asked for."));
    }
    let mut tx = app.store.read().await?;
    let mut users = tx
        .query_users(
            which.username.as_deref(),
            which.email.as_deref().or(told),
            which.phone_number.as_deref(),
            which.last_evaluated_user_id.as_deref(),
            most + 1,
        )
        .await?;
    let page = usize::try_from(most).unwrap_or(1);
    let has_more = users.len() > page;
    users.truncate(page);
    let shown: Vec<Value> = users
        .iter()
        .map(|user| {
            let mut view = view::user(user);
            view.insert("userId".to_owned(), json!(user.user_id));
            Value::Object(view)
        })
        .collect();
    let mut reply = json!({ "users": shown });
    if let (true, Some(last)) = (has_more, users.last()) {
        reply["lastEvaluatedUserId"] = json!(last.user_id);
    }
    if let Some(payload) = payload {
        reply["tokenPayload"] = payload;
    }
    Ok(Json(reply))
}

/// What an id token says. Its issuer's keys are on the internet, where this server does not go: in local mode it is
/// believed, and elsewhere nothing is.
fn payload_of(app: &App, token: &str) -> ApiResult<Value> {
    if !app.config.is_local {
        return Err(ApiError::invalid_request(
            "This server cannot verify tokens of Apple and Google. Verify them in the backend, and query by email.",
        ));
    }
    let payload = token.split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
    let payload = payload.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()).filter(Value::is_object);
    payload.ok_or_else(|| ApiError::invalid_request("The token is not a JSON Web Token."))
}

/// The body of [`update`]; what is absent stays as it is, `null` takes it away.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Update {
    #[serde(default, deserialize_with = "given")]
    email: Option<Option<String>>,
    email_verified: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    phone_number: Option<Option<String>>,
    phone_number_verified: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    username: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    locale: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    custom: Option<Option<Value>>,
}

/// Tells `null` from absent.
#[expect(clippy::option_option, reason = "three things are told apart")]
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// `PATCH /users/{user_id}`, and `POST` as older SDKs do: creates the user if there is none.
pub async fn update(
    State(app): State<App>,
    Params(user_id): Params<String>,
    Body(body): Body<Update>,
) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let user = update_in(&app, &mut tx, &user_id, body).await?;
    tx.commit().await?;
    Ok(Json(Value::Object(view::user(&user))))
}

/// The same, in a transaction of the caller's.
pub async fn update_in(app: &App, tx: &mut Tx, user_id: &str, body: Update) -> ApiResult<User> {
    if !is_id(user_id) {
        return Err(ApiError::invalid_request("The userId is not of the right form."));
    }
    let mut user = tx.lock_or_create_user(user_id, &app.random.id(), app.clock.now()).await?;
    user.email = body.email.unwrap_or(user.email);
    user.email_verified = body.email_verified.unwrap_or(user.email_verified);
    user.phone_number = body.phone_number.unwrap_or(user.phone_number);
    user.phone_number_verified = body.phone_number_verified.unwrap_or(user.phone_number_verified);
    user.username = body.username.unwrap_or(user.username);
    user.display_name = body.display_name.unwrap_or(user.display_name);
    user.locale = body.locale.unwrap_or(user.locale);
    user.custom = body.custom.unwrap_or(user.custom);
    check(&user)?;
    tx.save_user(&user).await?;
    Ok(user)
}

/// The longest of what users are found by, in bytes: PostgreSQL indexes little more.
const LONGEST_ATTRIBUTE: usize = 1024;

/// Refuses what could not be stored.
pub fn check(user: &User) -> ApiResult<()> {
    let found_by = [&user.username, &user.email, &user.phone_number];
    if found_by.into_iter().flatten().any(|text| text.len() > LONGEST_ATTRIBUTE) {
        let why = format!("A username, an email and a phoneNumber are at most {LONGEST_ATTRIBUTE} bytes long.");
        return Err(ApiError::invalid_request(why));
    }
    Ok(())
}

/// `DELETE /users/{user_id}`: with all that is theirs. One who is not there is gone already.
pub async fn delete(State(app): State<App>, Params(user_id): Params<String>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    if let Some(user) = tx.user(&user_id).await? {
        for one in tx.verified_authenticators(&user.user_key).await? {
            app.tell_of(&mut tx, Change::Deleted, &user_id, &one).await?;
        }
    }
    tx.delete_user(&user_id).await?;
    tx.commit().await?;
    Ok(Json(json!({ "success": true })))
}
