//! Codes by e-mail, text message and WhatsApp: one flow, three channels.

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::challenge::CHALLENGE_LIFE;
use super::totp::{Code, not_verified};
use crate::app::App;
use crate::domain::address::{counted, is_email, is_phone_number};
use crate::domain::binding::Operation;
use crate::domain::code::{Failure, may_guess, six_digits};
use crate::domain::method::Method;
use crate::error::{ApiError, ApiResult};
use crate::limits;
use crate::outbox::{About, Content, Sent};
use crate::random::hmac_sha256;
use crate::routes::body::Body;
use crate::routes::guard::Holder;
use crate::store::{Authenticator, Challenge, Kind, MessageKind, Tx, User};

/// A way for a code to travel.
#[derive(Clone, Copy)]
pub struct Channel {
    /// The challenge that it makes.
    pub kind: Kind,
    /// The method that it proves.
    pub method: Method,
    /// The authenticator that it goes to.
    pub to: Method,
    /// How it is sent.
    pub message: MessageKind,
}

/// By e-mail.
pub const EMAIL: Channel =
    Channel { kind: Kind::EmailOtp, method: Method::EmailOtp, to: Method::EmailOtp, message: MessageKind::Email };

/// By text message.
pub const SMS: Channel = Channel { kind: Kind::Sms, method: Method::Sms, to: Method::Sms, message: MessageKind::Sms };

/// By WhatsApp, to the phone number of a text-message authenticator.
pub const WHATSAPP: Channel =
    Channel { kind: Kind::Whatsapp, method: Method::Whatsapp, to: Method::Sms, message: MessageKind::Whatsapp };

/// Which way a text message goes.
#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub enum SmsChannel {
    /// As text message.
    Default,
    /// Through WhatsApp.
    Whatsapp,
}

/// The body of [`enrol_email`].
#[derive(Deserialize, JsonSchema)]
pub struct Email {
    /// Where the code is to go.
    pub email: String,
}

/// `POST .../email-otp`
pub async fn enrol_email(State(app): State<App>, holder: Holder, Body(body): Body<Email>) -> ApiResult<Json<Value>> {
    enrol(&app, &holder, EMAIL, body.email, EMAIL.message).await
}

/// The body of [`enrol_sms`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Phone {
    phone_number: String,
    sms_channel: Option<SmsChannel>,
}

/// `POST .../sms`
pub async fn enrol_sms(State(app): State<App>, holder: Holder, Body(body): Body<Phone>) -> ApiResult<Json<Value>> {
    enrol(&app, &holder, SMS, body.phone_number, message_of(body.sms_channel)).await
}

fn message_of(channel: Option<SmsChannel>) -> MessageKind {
    match channel {
        Some(SmsChannel::Whatsapp) => MessageKind::Whatsapp,
        Some(SmsChannel::Default) | None => MessageKind::Sms,
    }
}

async fn enrol(
    app: &App,
    holder: &Holder,
    channel: Channel,
    address: String,
    message: MessageKind,
) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    app.may_change(&mut tx, holder, Operation::Add, None).await?;
    let pending = add_pending(app, &mut tx, holder, channel.to, address).await?;
    let (_, sent) = send_code(app, &mut tx, holder, &user, &pending, channel, message).await?;
    app.hand_on(tx, sent).await?;
    Ok(Json(json!({ "userAuthenticatorId": pending.authenticator_id, "userId": user.user_id })))
}

/// Stores an address whose owner has yet to prove that it is theirs.
pub async fn add_pending(
    app: &App,
    tx: &mut Tx,
    holder: &Holder,
    method: Method,
    address: String,
) -> ApiResult<Authenticator> {
    let is_good = if method == Method::Sms { is_phone_number(&address) } else { is_email(&address) };
    if !is_good {
        return Err(ApiError::invalid_request(if method == Method::Sms {
            "A phone number is a plus and 6 to 15 digits, such as +15550100123."
        } else {
            "This is not an e-mail address."
        }));
    }
    let verified = tx.verified_authenticators(&holder.user.user_key).await?;
    if verified.iter().any(|one| one.method == method && one.address.as_ref() == Some(&address)) {
        return Err(ApiError::invalid_request("The user has this address as an authenticator already."));
    }
    let pending = Authenticator {
        authenticator_id: app.random.id(),
        user_key: holder.user.user_key.clone(),
        method,
        action_key: Some(holder.action.action_key.clone()),
        created_at: app.clock.now(),
        verified_at: None,
        last_verified_at: None,
        address: Some(address),
        display_name: None,
        credential_id: None,
        secret: None,
        details: json!({}),
    };
    tx.insert_authenticator(&pending).await?;
    Ok(pending)
}

/// The body of every challenge to an address; SDKs send none.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    /// Which one, if the user has several.
    pub user_authenticator_id: Option<String>,
    sms_channel: Option<SmsChannel>,
}

/// `POST /client/challenge/email-otp`
pub async fn challenge_email(State(app): State<App>, holder: Holder, Body(body): Body<Ask>) -> ApiResult<Json<Value>> {
    challenge(&app, &holder, EMAIL, EMAIL.message, &body).await
}

/// `POST /client/challenge/sms`
pub async fn challenge_sms(State(app): State<App>, holder: Holder, Body(body): Body<Ask>) -> ApiResult<Json<Value>> {
    challenge(&app, &holder, SMS, message_of(body.sms_channel), &body).await
}

/// `POST /client/challenge/whatsapp`
pub async fn challenge_whatsapp(
    State(app): State<App>,
    holder: Holder,
    Body(body): Body<Ask>,
) -> ApiResult<Json<Value>> {
    challenge(&app, &holder, WHATSAPP, WHATSAPP.message, &body).await
}

async fn challenge(
    app: &App,
    holder: &Holder,
    channel: Channel,
    message: MessageKind,
    body: &Ask,
) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    let to = challenged(app, &mut tx, holder, &user, channel.to, body).await?;
    let (challenge, sent) = send_code(app, &mut tx, holder, &user, &to, channel, message).await?;
    app.hand_on(tx, sent).await?;
    Ok(Json(json!({ "challengeId": challenge.challenge_id })))
}

/// The authenticator that a challenge to an address goes to: one that the user has; or one whose enrolment this action
/// has begun; or an address that the backend itself supplied, which then is an enrolment and needs the right to one.
pub async fn challenged(
    app: &App,
    tx: &mut Tx,
    holder: &Holder,
    user: &User,
    method: Method,
    body: &Ask,
) -> ApiResult<Authenticator> {
    let of_method = tx.authenticators(&user.user_key).await?.into_iter().filter(|one| one.method == method);
    let (verified, pending): (Vec<_>, Vec<_>) = of_method.partition(|one| one.verified_at.is_some());
    let named = |one: &Authenticator| body.user_authenticator_id.as_ref().is_none_or(|id| *id == one.authenticator_id);
    if let Some(found) = verified.into_iter().find(named) {
        return Ok(found);
    }
    let own = |one: &Authenticator| one.action_key.as_deref() == Some(holder.action.action_key.as_str());
    if let Some(found) = pending.into_iter().filter(own).find(named) {
        return Ok(found);
    }
    if body.user_authenticator_id.is_some() {
        return Err(ApiError::not_found("The user has no such authenticator of this method."));
    }
    let supplied = |name: &str, known: &Option<String>| {
        holder.action.attributes[name].as_str().map(str::to_owned).or_else(|| known.clone())
    };
    let address = if method == Method::Sms {
        supplied("phoneNumber", &user.phone_number)
    } else {
        supplied("email", &user.email)
    };
    let address = address.ok_or_else(|| {
        ApiError::invalid_request("The user has no authenticator of this method, and the backend supplied no address.")
    })?;
    app.may_change(tx, holder, Operation::Add, None).await?;
    add_pending(app, tx, holder, method, address).await
}

async fn send_code(
    app: &App,
    tx: &mut Tx,
    holder: &Holder,
    user: &User,
    to: &Authenticator,
    channel: Channel,
    message: MessageKind,
) -> ApiResult<(Challenge, Sent)> {
    let now = app.clock.now();
    app.limit(tx, &user.user_key, limits::sends(message)).await?;
    let code = six_digits(|| app.random.bytes());
    let challenge_id = app.random.id();
    let challenge = Challenge {
        user_key: Some(user.user_key.clone()),
        action_key: Some(holder.action.action_key.clone()),
        authenticator_id: Some(to.authenticator_id.clone()),
        secret: Some(code_hash(app, &challenge_id, &code)),
        data: json!({ "whatsapp": message == MessageKind::Whatsapp }),
        ..Challenge::new(challenge_id.clone(), channel.kind, now, CHALLENGE_LIFE)
    };
    tx.end_challenges(channel.kind, &user.user_key, &holder.action.action_key, now).await?;
    tx.insert_challenge(&challenge).await?;
    let method = if message == MessageKind::Whatsapp { Method::Whatsapp } else { channel.method };
    let about = About::action(user, &holder.action, method);
    let address = to.address.as_deref().unwrap_or_default();
    let sent = app.send(tx, &about, &[address], message, &challenge, Content::Code(&code)).await?;
    Ok((challenge, sent))
}

/// What is stored of a code: worthless without the tenant's secret, and for any other challenge.
pub fn code_hash(app: &App, challenge_id: &str, code: &str) -> String {
    let mac = hmac_sha256(app.config.secret.as_bytes(), format!("code:{challenge_id}:{code}").as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(mac)
}

/// `POST /client/verify/email-otp`
pub async fn verify_email(State(app): State<App>, holder: Holder, Body(body): Body<Code>) -> ApiResult<Json<Value>> {
    verify(&app, &holder, EMAIL, &body.verification_code).await
}

/// `POST /client/verify/sms`
pub async fn verify_sms(State(app): State<App>, holder: Holder, Body(body): Body<Code>) -> ApiResult<Json<Value>> {
    verify(&app, &holder, SMS, &body.verification_code).await
}

/// `POST /client/verify/whatsapp`
pub async fn verify_whatsapp(State(app): State<App>, holder: Holder, Body(body): Body<Code>) -> ApiResult<Json<Value>> {
    verify(&app, &holder, WHATSAPP, &body.verification_code).await
}

async fn verify(app: &App, holder: &Holder, channel: Channel, code: &str) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    app.limit(&mut tx, &user.user_key, limits::verifies(channel.message)).await?;
    let action_key = holder.action.action_key.as_str();
    let Some(challenge) = tx.newest_of_action(channel.kind, &user.user_key, action_key, now).await? else {
        return Ok(Json(not_verified(Failure::InvalidOrExpired)));
    };
    let authenticator = match &challenge.authenticator_id {
        Some(id) => tx.authenticator(id).await?,
        None => None,
    };
    let authenticator = authenticator.ok_or(sqlx::Error::RowNotFound)?;
    // Addresses, not ids: an enrolment that is begun anew asks the same person.
    let target = counted(authenticator.address.as_deref().unwrap_or_default());
    let guessed = tx.recent_wrong_codes(Some(&user.user_key), channel.to, &target, now).await?;
    if let Err(failure) = may_guess(challenge.attempts, guessed) {
        return Ok(Json(not_verified(failure)));
    }
    let wanted = challenge.secret.as_deref().unwrap_or_default();
    let given = code_hash(app, &challenge.challenge_id, code);
    if !bool::from(given.as_bytes().ct_eq(wanted.as_bytes())) {
        tx.add_attempt(&challenge.challenge_id).await?;
        tx.add_wrong_code(Some(&user.user_key), Some(action_key), channel.to, &target, now).await?;
        tx.commit().await?;
        let failure = may_guess(challenge.attempts + 1, guessed + 1).err().unwrap_or(Failure::InvalidOrExpired);
        return Ok(Json(not_verified(failure)));
    }
    if !tx.consume_challenge(&challenge.challenge_id, now).await? {
        return Ok(Json(not_verified(Failure::InvalidOrExpired)));
    }
    if channel.to == Method::Sms {
        let through = if challenge.data["whatsapp"] == true { "WHATSAPP" } else { "DEFAULT" };
        let mut details = authenticator.details.clone();
        details["previousSmsChannel"] = json!(through);
        tx.set_details(&authenticator.authenticator_id, &details).await?;
    }
    Ok(Json(app.accepted(tx, holder, &authenticator, channel.method).await?))
}
