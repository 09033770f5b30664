//! Actions: a backend says what a user is about to do, and asks how it went.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{Params, users};
use crate::app::App;
use crate::clock::{iso, moment};
use crate::domain::scope::Scopes;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::{Body, Query};
use crate::routes::view;
use crate::store::{Action, ActionState};
use crate::verification::Rights;

/// The longest user id, idempotency key and the like.
pub const LONGEST_ID: usize = 256;

/// Whether this is a name for an action.
pub fn is_action_code(code: &str) -> bool {
    (1..=64).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Whether this can be the id of a user, or an idempotency key.
pub fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
}

/// The body of [`track`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attributes {
    idempotency_key: Option<String>,
    redirect_url: Option<String>,
    redirect_to_settings: Option<bool>,
    ip_address: Option<String>,
    user_agent: Option<String>,
    device_id: Option<String>,
    scope: Option<String>,
    email: Option<String>,
    phone_number: Option<String>,
    username: Option<String>,
    custom: Option<Value>,
    locale: Option<String>,
    challenge_id: Option<String>,
    /// Taken, and without effect: the pre-built UI of this server is at one address.
    #[expect(dead_code, reason = "what is taken is described")]
    custom_domain: Option<String>,
}

/// `POST /users/{user_id}/actions/{action}`: creates the user if there is none, and gives a token to challenge them.
pub async fn track(
    State(app): State<App>,
    Params((user_id, code)): Params<(String, String)>,
    Body(body): Body<Attributes>,
) -> ApiResult<Json<Value>> {
    if !is_id(&user_id) {
        return Err(ApiError::invalid_request(format!("A user id is 1 to {LONGEST_ID} bytes long.")));
    }
    if !is_action_code(&code) {
        return Err(ApiError::invalid_request("An action is 1 to 64 letters, digits, hyphens or underscores."));
    }
    if body.idempotency_key.as_deref().is_some_and(|key| !is_id(key)) {
        return Err(ApiError::invalid_request(format!("An idempotencyKey is 1 to {LONGEST_ID} bytes long.")));
    }
    if body.device_id.as_deref().is_some_and(|device_id| !is_id(device_id)) {
        return Err(ApiError::invalid_request(format!("A deviceId is 1 to {LONGEST_ID} bytes long.")));
    }
    if let Some(redirect_url) = &body.redirect_url {
        check_redirect(&app, redirect_url)?;
    }

    let now = app.clock.now();
    let mut tx = app.store.write().await?;
    let mut user = tx.lock_or_create_user(&user_id, &app.random.id(), now).await?;
    let verified = tx.verified_authenticators(&user.user_key).await?;
    let is_enrolled = !verified.is_empty();

    // Whoever heard no answer asks again, and may have named no key: its challenge then tells which action it was.
    let known = match (&body.challenge_id, &body.idempotency_key) {
        (Some(challenge_id), None) => tx.action_of_challenge(challenge_id, &user.user_key, &code, now).await?,
        _ => None,
    };
    let tracked = Action {
        action_key: app.random.id(),
        user_key: user.user_key.clone(),
        code,
        idempotency_key: body.idempotency_key.unwrap_or_else(|| app.random.id()),
        state: if is_enrolled { ActionState::ChallengeRequired } else { ActionState::Allow },
        state_updated_at: now,
        created_at: now,
        updated_at: now,
        verification_method: None,
        verified_by: None,
        scope: body.scope.unwrap_or_else(|| Scopes::READ.to_string()),
        first_enrolment_at: None,
        attributes: json!({
            "redirectUrl": body.redirect_url,
            "redirectToSettings": body.redirect_to_settings,
            "ipAddress": body.ip_address,
            "userAgent": body.user_agent,
            "deviceId": &body.device_id,
            "email": body.email,
            "phoneNumber": body.phone_number,
            "locale": body.locale,
            "custom": body.custom,
        }),
    };
    let (action, is_new) = match known {
        Some(action) => (action, false),
        None => tx.insert_action(&tracked).await?,
    };
    // Of a repeat nothing counts: what the first call said stands.
    if is_new {
        user.email = body.email.or(user.email);
        user.phone_number = body.phone_number.or(user.phone_number);
        user.username = body.username.or(user.username);
        user.locale = body.locale.or(user.locale);
        users::check(&user)?;
        tx.save_user(&user).await?;
        if let Some(device_id) = &body.device_id {
            tx.see_device(&user.user_key, device_id, now).await?;
        }
    }
    if let Some(challenge_id) = &body.challenge_id {
        // A repeat attaches nothing: it is told whether the first call has.
        let is_attached = if is_new {
            tx.attach_challenge(challenge_id, &user.user_key, &action.action_key, now).await?
        } else {
            tx.is_attached(challenge_id, &action.action_key).await?
        };
        if !is_attached {
            return Err(ApiError::unauthorized("There is no such challenge, it has ended, or a user has claimed it."));
        }
    }
    tx.commit().await?;

    // A repeat never adds rights: the first call's scope stands, and of an action that is over only reading is left.
    let scope = match action.state {
        ActionState::Allow | ActionState::ChallengeRequired => action.scope.clone(),
        _ => Scopes::READ.to_string(),
    };
    let rights = Rights { scope, window_key: None, ends_at: now + app.config.window, is_verified: false };
    let token = app.mint(&user, &action, rights)?;
    let methods = view::methods(&verified);
    let mut reply = json!({
        "idempotencyKey": action.idempotency_key,
        "state": action.state,
        "url": format!("{}/ui/?token={token}", app.config.origin),
        "token": token,
        "isEnrolled": is_enrolled,
        "enrolledVerificationMethods": methods,
        "allowedVerificationMethods": methods,
    });
    if let Some(default) = methods.first() {
        reply["defaultVerificationMethod"] = json!(default);
    }
    Ok(Json(reply))
}

/// The pre-built UI hands a token to this address: it must be one of ours.
fn check_redirect(app: &App, redirect_url: &str) -> ApiResult<()> {
    let refused = || {
        ApiError::invalid_request(
            "The redirectUrl must be http or https, with an origin that is registered here; in local mode that is any \
             port of http://localhost.",
        )
    };
    let url = Url::parse(redirect_url).map_err(|_| refused())?;
    let is_web = matches!(url.scheme(), "http" | "https");
    if is_web && app.config.allows_origin(&url.origin().ascii_serialization()) { Ok(()) } else { Err(refused()) }
}

/// The body of [`validate`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Validate {
    token: String,
    action: Option<String>,
    user_id: Option<String>,
}

/// `POST /validate`: how the action of a token stands.
pub async fn validate(State(app): State<App>, Body(body): Body<Validate>) -> ApiResult<Json<Value>> {
    let invalid = |error: &str| Ok(Json(json!({ "isValid": false, "error": error })));
    let now = app.clock.now();
    let Some(claims) = app.tokens.read(&body.token, now) else {
        return invalid("The token was not issued here.");
    };
    if claims.ends_at() <= now {
        return invalid("The token has expired.");
    }
    let mut tx = app.store.read().await?;
    let action = tx.action_by_key(&claims.binding.action_key).await?;
    let action = action.filter(|action| action.user_key == claims.binding.user_key);
    let Some(action) = action else {
        return invalid("The user or the action of this token does not exist any more.");
    };
    if body.user_id.as_ref().is_some_and(|user_id| *user_id != claims.sub) {
        return invalid("The token was issued for another user.");
    }
    if body.action.as_ref().is_some_and(|code| *code != action.code) {
        return invalid("The token was issued for another action.");
    }
    let mut reply = json!({
        "isValid": action.state == ActionState::ChallengeSucceeded,
        "state": action.state,
        "stateUpdatedAt": iso(action.state_updated_at),
        "userId": claims.sub,
        "action": action.code,
        "actionCode": action.code,
        "idempotencyKey": action.idempotency_key,
    });
    if let Some(method) = action.verification_method {
        reply["verificationMethod"] = json!(method);
    }
    Ok(Json(reply))
}

async fn find(app: &App, (user_id, code, key): &(String, String, String)) -> ApiResult<Action> {
    let mut tx = app.store.read().await?;
    let action = match tx.user(user_id).await? {
        Some(user) => tx.action(&user.user_key, code, key).await?,
        None => None,
    };
    action.ok_or_else(|| ApiError::not_found("There is no such action of this user."))
}

/// `GET /users/{user_id}/actions/{action}/{idempotency_key}`
pub async fn get(State(app): State<App>, Params(path): Params<(String, String, String)>) -> ApiResult<Json<Value>> {
    let action = find(&app, &path).await?;
    let mut reply = json!({
        "state": action.state,
        "stateUpdatedAt": iso(action.state_updated_at),
        "createdAt": iso(action.created_at),
        "rules": [],
    });
    if let Some(method) = action.verification_method {
        reply["verificationMethod"] = json!(method);
    }
    Ok(Json(reply))
}

/// The body of [`update`].
#[derive(Deserialize, JsonSchema)]
pub struct Update {
    state: ActionState,
}

/// `PATCH /users/{user_id}/actions/{action}/{idempotency_key}`: the backend has the last word.
pub async fn update(
    State(app): State<App>,
    Params(path): Params<(String, String, String)>,
    Body(body): Body<Update>,
) -> ApiResult<Json<Value>> {
    let action = find(&app, &path).await?;
    let mut tx = app.store.write().await?;
    // A challenge that is being met at this moment would have the last word.
    tx.lock_user(&action.user_key).await?;
    tx.set_action_state(&action.action_key, body.state, None, app.clock.now()).await?;
    tx.commit().await?;
    Ok(Json(json!({ "state": body.state })))
}

/// The query of [`query`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Which {
    from_date: Option<String>,
    codes: Option<String>,
    state: Option<ActionState>,
}

/// `GET /users/{user_id}/actions`: the newest first.
pub async fn query(
    State(app): State<App>,
    Params(user_id): Params<String>,
    Query(which): Query<Which>,
) -> ApiResult<Json<Value>> {
    const MOST_ACTIONS: i64 = 500;
    let since = match &which.from_date {
        Some(date) => moment(date).ok_or_else(|| ApiError::invalid_request("fromDate must be a date in ISO 8601."))?,
        None => 0,
    };
    let mut tx = app.store.read().await?;
    let found = match tx.user(&user_id).await? {
        Some(user) => {
            tx.query_actions(&user.user_key, since, which.codes.as_deref(), which.state, MOST_ACTIONS).await?
        }
        None => Vec::new(),
    };
    Ok(Json(found.iter().map(shown).collect()))
}

fn shown(action: &Action) -> Value {
    let mut view = json!({
        "actionCode": action.code,
        "idempotencyKey": action.idempotency_key,
        "createdAt": iso(action.created_at),
        "updatedAt": iso(action.updated_at),
        "state": action.state,
        "stateUpdatedAt": iso(action.state_updated_at),
    });
    if let Some(method) = action.verification_method {
        view["verificationMethod"] = json!(method);
    }
    if let Some(by) = &action.verified_by {
        view["verifiedByAuthenticatorId"] = json!(by);
    }
    view
}
