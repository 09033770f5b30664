//! Credentials of devices: keys that phones hold for push, QR codes and sign-in inside an app. A device proves itself by
//! signatures; only adding one needs a token.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::challenge::CHALLENGE_LIFE;
use crate::app::App;
use crate::clock::iso;
use crate::device::{DeviceKey, time_messages};
use crate::domain::Millis;
use crate::domain::binding::{Facts, Operation, Window, decide};
use crate::domain::method::Method;
use crate::domain::scope::Scopes;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::{Body, Empty, Query};
use crate::routes::guard::Holder;
use crate::store::{Authenticator, Challenge, Kind, Tx};
use crate::webhook::Change;

/// The method that a path names: `push`, `qr-code` or `in-app`.
pub struct DeviceMethod(pub Method);

impl FromRequestParts<App> for DeviceMethod {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> ApiResult<Self> {
        let named = |segment: &str| match segment {
            "push" => Some(Method::Push),
            "qr-code" => Some(Method::QrCode),
            "in-app" => Some(Method::InApp),
            _ => None,
        };
        let method = parts.uri.path().split('/').find_map(named);
        method.map(DeviceMethod).ok_or_else(|| ApiError::internal("a device route whose path names no method"))
    }
}

/// The body of [`add`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Add {
    public_key: String,
    device_name: Option<String>,
    device_platform: Option<Platform>,
    push_token: Option<String>,
}

#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Platform {
    Android,
    Ios,
    Web,
}

impl Platform {
    fn name(self) -> &'static str {
        match self {
            Platform::Android => "ANDROID",
            Platform::Ios => "IOS",
            Platform::Web => "WEB",
        }
    }
}

/// `POST .../{push|qr-code|in-app}`: the key counts at once, for the app that sends it holds it.
pub async fn add(
    State(app): State<App>,
    DeviceMethod(method): DeviceMethod,
    holder: Holder,
    Body(body): Body<Add>,
) -> ApiResult<Json<Value>> {
    let key = parse_key(&body.public_key)?;
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    let right = app.may_change(&mut tx, &holder, Operation::Add, None).await?;
    let taken = || ApiError::invalid_request("This key is registered already. Make another one for each credential.");
    if tx.credential(key.text()).await?.is_some() {
        return Err(taken());
    }
    let now = app.clock.now();
    let mut details = json!({});
    for (name, value) in [
        ("deviceName", json!(body.device_name)),
        ("devicePlatform", json!(body.device_platform.map(Platform::name))),
        ("pushToken", json!(body.push_token)),
    ] {
        if !value.is_null() {
            details[name] = value;
        }
    }
    let new = Authenticator {
        authenticator_id: app.random.id(),
        user_key: user.user_key.clone(),
        method,
        action_key: None,
        created_at: now,
        verified_at: Some(now),
        last_verified_at: None,
        address: None,
        display_name: body.device_name,
        credential_id: Some(key.text().to_owned()),
        secret: None,
        details,
    };
    if !tx.insert_authenticator(&new).await? {
        return Err(taken());
    }
    app.tell_of(&mut tx, Change::Created, &user.user_id, &new).await?;
    let token = app.enrolled(&mut tx, &holder, right, &new).await?;
    tx.commit().await?;
    let mut reply = credential(&new, &user.user_id);
    reply["accessToken"] = json!(token);
    Ok(Json(reply))
}

fn credential(device: &Authenticator, user_id: &str) -> Value {
    let mut view = json!({
        "userAuthenticatorId": device.authenticator_id,
        "userId": user_id,
        "verifiedAt": device.verified_at.map(iso),
    });
    if let Some(at) = device.last_verified_at {
        view["lastVerifiedAt"] = json!(iso(at));
    }
    if let Some(token) = device.details["pushToken"].as_str() {
        view["pushToken"] = json!(token);
    }
    view
}

fn parse_key(text: &str) -> ApiResult<DeviceKey> {
    DeviceKey::parse(text).ok_or_else(|| {
        ApiError::invalid_request("publicKey must be the base64 of a P-256 key as DER SubjectPublicKeyInfo.")
    })
}

/// The query of every question about a key.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyQuery {
    public_key: String,
}

impl KeyQuery {
    fn key(&self) -> ApiResult<DeviceKey> {
        DeviceKey::parse_query(&self.public_key).ok_or_else(|| {
            ApiError::invalid_request("publicKey must be the base64 of the text of a P-256 key in base64.")
        })
    }
}

/// The device that holds this key, for this method.
pub async fn device_of(tx: &mut Tx, key: &DeviceKey, method: Method) -> ApiResult<Authenticator> {
    let found = tx.credential(key.text()).await?.filter(|found| found.method == method);
    found.ok_or_else(|| ApiError::invalid_credential("No device with this key is registered, or not for this method."))
}

/// The device that holds this key and has signed `message` with it.
pub async fn signed_by(
    tx: &mut Tx,
    public_key: &str,
    method: Method,
    message: &str,
    signature: &str,
) -> ApiResult<Authenticator> {
    let key = parse_key(public_key)?;
    let device = device_of(tx, &key, method).await?;
    if key.has_signed(message, signature) { Ok(device) } else { Err(bad_signature()) }
}

fn bad_signature() -> ApiError {
    ApiError::invalid_credential("The signature is not this key's over the expected message, as ASN.1 DER in base64.")
}

/// `GET .../{push|qr-code|in-app}?publicKey=…`
pub async fn get(
    State(app): State<App>,
    DeviceMethod(method): DeviceMethod,
    Query(query): Query<KeyQuery>,
) -> ApiResult<Json<Value>> {
    let mut tx = app.store.read().await?;
    let device = device_of(&mut tx, &query.key()?, method).await?;
    let user = tx.user_by_key(&device.user_key).await?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(Json(credential(&device, &user.user_id)))
}

/// The body of [`remove`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Remove {
    public_key: String,
    signature: String,
}

/// `POST .../{push|qr-code|in-app}/remove`: a device removes its own credential, and no other.
pub async fn remove(
    State(app): State<App>,
    DeviceMethod(method): DeviceMethod,
    Body(body): Body<Remove>,
) -> ApiResult<Json<Value>> {
    let key = parse_key(&body.public_key)?;
    let now = app.clock.now();
    let mut tx = app.store.write().await?;
    let device = device_of(&mut tx, &key, method).await?;
    let message = time_messages(now).into_iter().find(|message| key.has_signed(message, &body.signature));
    let message = message.ok_or_else(bad_signature)?;
    let used = Challenge {
        lookup: Some(digest(&format!("{}:{message}", key.text()))),
        ..Challenge::new(app.random.id(), Kind::DeviceTime, now, 2 * CHALLENGE_LIFE)
    };
    if !tx.use_once(&used).await? {
        return Err(ApiError::invalid_credential("This signature was used before."));
    }
    // It is used whatever follows: what is refused now would else be done by whoever sends it again later.
    tx.commit().await?;

    let mut tx = app.store.write().await?;
    let gone = || ApiError::invalid_credential("This device was removed.");
    let user = tx.lock_user(&device.user_key).await?.ok_or_else(gone)?;
    let verified = tx.verified_authenticators(&device.user_key).await?;
    if !verified.iter().any(|one| one.authenticator_id == device.authenticator_id) {
        return Err(gone());
    }
    // The signature stands for the right to remove, on the device itself alone.
    decide(
        Operation::Remove,
        &Facts {
            now,
            token_ends_at: Millis::MAX,
            scopes: Scopes { remove: true, ..Scopes::default() },
            window: Window::None,
            same_tenant: true,
            same_user: true,
            action_is_open: true,
            first_enrolment_spent: true,
            verified: verified.len(),
            target_is_verified: true,
        },
    )?;
    tx.delete_authenticator(&device.user_key, &device.authenticator_id).await?;
    app.tell_of(&mut tx, Change::Deleted, &user.user_id, &device).await?;
    tx.commit().await?;
    Ok(Json(json!({ "removedAuthenticatorId": device.authenticator_id })))
}

/// What is stored of something long that is looked up.
fn digest(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}

/// `POST .../push/sign?publicKey=…`: a message to sign before an update.
pub async fn start_update(
    State(app): State<App>,
    DeviceMethod(method): DeviceMethod,
    Query(query): Query<KeyQuery>,
    Body(Empty {}): Body<Empty>,
) -> ApiResult<Json<Value>> {
    let challenge = new_nonce(&app, &query.key()?, method, Kind::DeviceUpdate).await?;
    Ok(Json(json!({ "challengeId": challenge.challenge_id, "message": challenge.secret })))
}

async fn new_nonce(app: &App, key: &DeviceKey, method: Method, kind: Kind) -> ApiResult<Challenge> {
    let mut tx = app.store.write().await?;
    let device = device_of(&mut tx, key, method).await?;
    let challenge = Challenge {
        user_key: Some(device.user_key),
        authenticator_id: Some(device.authenticator_id),
        secret: Some(app.random.word()),
        ..Challenge::new(app.random.id(), kind, app.clock.now(), CHALLENGE_LIFE)
    };
    tx.insert_challenge(&challenge).await?;
    tx.commit().await?;
    Ok(challenge)
}

/// The body of [`update`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Update {
    challenge_id: String,
    public_key: String,
    signature: String,
    push_token: Option<String>,
}

/// `PATCH .../push`: where the device is reached.
pub async fn update(
    State(app): State<App>,
    DeviceMethod(method): DeviceMethod,
    Body(body): Body<Update>,
) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    let gone = || ApiError::invalid_request("There is no such message to sign, or it was used. Ask for another one.");
    let mut tx = app.store.write().await?;
    let nonce = tx.open_challenge(Kind::DeviceUpdate, &body.challenge_id, now).await?.ok_or_else(gone)?;
    if !tx.consume_challenge(&nonce.challenge_id, now).await? {
        return Err(gone());
    }
    tx.commit().await?;

    let mut tx = app.store.write().await?;
    let message = nonce.secret.as_deref().unwrap_or_default();
    let mut device = signed_by(&mut tx, &body.public_key, method, message, &body.signature).await?;
    if nonce.authenticator_id.as_deref() != Some(device.authenticator_id.as_str()) {
        return Err(bad_signature());
    }
    if let Some(token) = body.push_token {
        device.details["pushToken"] = json!(token);
        tx.set_details(&device.authenticator_id, &device.details).await?;
    }
    tx.mark_used(&device.authenticator_id, None, now).await?;
    device.last_verified_at = Some(now);
    let user = tx.user_by_key(&device.user_key).await?.ok_or(sqlx::Error::RowNotFound)?;
    app.tell_of(&mut tx, Change::Updated, &user.user_id, &device).await?;
    tx.commit().await?;
    Ok(Json(credential(&device, &user.user_id)))
}

/// `POST .../push/challenge/sign?publicKey=…`: a message to sign before asking what is pending.
pub async fn start_poll(
    State(app): State<App>,
    DeviceMethod(method): DeviceMethod,
    Query(query): Query<KeyQuery>,
    Body(Empty {}): Body<Empty>,
) -> ApiResult<Json<Value>> {
    let challenge = new_nonce(&app, &query.key()?, method, Kind::DevicePoll).await?;
    Ok(Json(json!({ "message": challenge.secret })))
}

/// `GET .../push/challenge?publicKey=…`: the newest question that waits for this device; without one, no `challengeId`.
/// Old SDKs send no signature; they are let in for as long as the server is a local one.
pub async fn poll(
    State(app): State<App>,
    DeviceMethod(method): DeviceMethod,
    Query(query): Query<KeyQuery>,
    headers: HeaderMap,
) -> ApiResult<Json<Value>> {
    let key = query.key()?;
    let now = app.clock.now();
    let mut tx = app.store.write().await?;
    let device = device_of(&mut tx, &key, method).await?;
    match headers.get("x-authsignal-signature").map(|value| value.to_str().unwrap_or_default()) {
        Some(signature) => {
            let nonces = tx.waiting_for(Kind::DevicePoll, &device.user_key, &device.authenticator_id, now).await?;
            let signed = nonces
                .iter()
                .find(|nonce| nonce.secret.as_deref().is_some_and(|message| key.has_signed(message, signature)));
            let nonce = signed.ok_or_else(bad_signature)?;
            if !tx.consume_challenge(&nonce.challenge_id, now).await? {
                return Err(bad_signature());
            }
        }
        None if app.config.is_local => {}
        None => return Err(ApiError::unauthorized("The header X-Authsignal-Signature is required here.")),
    }
    let mut reply = json!({ "userAuthenticatorId": device.authenticator_id });
    let waiting = tx.waiting_for(Kind::Push, &device.user_key, &device.authenticator_id, now).await?;
    if let Some(challenge) = waiting.first() {
        let action = match &challenge.action_key {
            Some(action_key) => tx.action_by_key(action_key).await?,
            None => None,
        };
        let action = action.ok_or(sqlx::Error::RowNotFound)?;
        let user = tx.user_by_key(&device.user_key).await?.ok_or(sqlx::Error::RowNotFound)?;
        reply["challengeId"] = json!(challenge.challenge_id);
        reply["userId"] = json!(user.user_id);
        reply["actionCode"] = json!(action.code);
        reply["idempotencyKey"] = json!(action.idempotency_key);
        reply["expiresAt"] = json!(challenge.expires_at / crate::domain::SECOND);
        for name in ["userAgent", "deviceId", "ipAddress", "custom"] {
            if !action.attributes[name].is_null() {
                reply[name] = action.attributes[name].clone();
            }
        }
        if let Some(custom) = user.custom {
            reply["user"] = json!({ "custom": custom });
        }
    }
    tx.commit().await?;
    Ok(Json(reply))
}
