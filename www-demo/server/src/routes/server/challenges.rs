//! Challenges that a backend makes itself: a code to an address, before or after it knows whose it is.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::actions::{LONGEST_ID, is_action_code, is_id};
use crate::app::App;
use crate::domain::address::{counted, is_email, is_phone_number};
use crate::domain::code::{Failure, may_guess, six_digits};
use crate::domain::method::Method;
use crate::domain::rate::{EMAIL_VERIFIES, SMS_VERIFIES};
use crate::domain::scope::Scopes;
use crate::domain::{Millis, SECOND};
use crate::error::{ApiError, ApiResult};
use crate::limits;
use crate::outbox::{About, Content};
use crate::routes::body::{Body, Query};
use crate::routes::client::challenge::CHALLENGE_LIFE;
use crate::routes::client::codes::code_hash;
use crate::store::{Action, ActionState, Challenge, Kind, MessageKind, Progress};
use crate::verification::{Proof, Rights, met_on_device};

/// The action of a challenge that names none.
const DEFAULT_ACTION: &str = "challenge";

/// The body of [`challenge`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    verification_method: Option<Method>,
    action: Option<String>,
    challenge_id: Option<String>,
    idempotency_key: Option<String>,
    user_id: Option<String>,
    email: Option<String>,
    phone_number: Option<String>,
    sms_channel: Option<String>,
    ip_address: Option<String>,
    user_agent: Option<String>,
    locale: Option<String>,
    device_id: Option<String>,
    custom: Option<Value>,
    /// What the token of [`claim`] may do at most, of what it may do.
    scope: Option<String>,
}

/// `POST /challenge`: sends a code to an address. With the id of an earlier challenge it is sent again, and what was said
/// of that one and is not said anew still holds. Without, it ends the one before it of the same user (or of the same address,
/// where no user is known) and action that went the same way, by mail or to a phone: of several codes the last one counts.
pub async fn challenge(State(app): State<App>, Body(body): Body<Ask>) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    if [&body.user_id, &body.device_id].into_iter().flatten().any(|id| !is_id(id)) {
        return Err(ApiError::invalid_request(format!("A userId and a deviceId are 1 to {LONGEST_ID} bytes long.")));
    }
    let mut tx = app.store.write().await?;
    let earlier = match &body.challenge_id {
        Some(id) => {
            let earlier = tx.open_challenge(Kind::ServerCode, id, now).await?;
            Some(earlier.ok_or_else(|| ApiError::invalid_request("There is no such challenge, or it has ended."))?)
        }
        None => None,
    };
    let known = |name: &str| earlier.as_ref().and_then(|earlier| earlier.data[name].as_str().map(str::to_owned));
    // `track` may have given it to a user since.
    let given_to = match earlier.as_ref().and_then(|earlier| earlier.user_key.as_ref()) {
        Some(user_key) => tx.user_by_key(user_key).await?.map(|user| user.user_id),
        None => None,
    };
    let theirs = given_to.or_else(|| known("userId"));
    if theirs.as_ref().is_some_and(|theirs| body.user_id.as_ref().is_some_and(|user_id| user_id != theirs)) {
        return Err(ApiError::invalid_request("This challenge is another user's."));
    }
    let user_id = body.user_id.or(theirs);
    let user = match &user_id {
        Some(user_id) => tx.user(user_id).await?,
        None => None,
    };
    let email = body.email.or_else(|| known("email")).or_else(|| user.as_ref()?.email.clone());
    let number = body.phone_number.or_else(|| known("phoneNumber")).or_else(|| user.as_ref()?.phone_number.clone());
    let method = body.verification_method.or_else(|| known("method").as_deref().and_then(Method::named));
    let method = match (method, body.sms_channel.as_deref()) {
        (Some(Method::Sms), Some("WHATSAPP")) => Method::Whatsapp,
        (Some(method), _) => method,
        (None, _) if email.is_some() => Method::EmailOtp,
        (None, _) => Method::Sms,
    };
    let (address, message) = match method {
        Method::EmailOtp => (email.filter(|email| is_email(email)), MessageKind::Email),
        Method::Sms => (number.filter(|number| is_phone_number(number)), MessageKind::Sms),
        Method::Whatsapp => (number.filter(|number| is_phone_number(number)), MessageKind::Whatsapp),
        _ => return Err(ApiError::invalid_request("verificationMethod is SMS, EMAIL_OTP or WHATSAPP.")),
    };
    let address = address.ok_or_else(|| {
        ApiError::invalid_request(
            "An email (EMAIL_OTP), or a phoneNumber such as +15550100123 (SMS, WHATSAPP), is needed.",
        )
    })?;
    let code = body.action.or_else(|| known("action")).unwrap_or_else(|| DEFAULT_ACTION.to_owned());
    let idempotency_key = body.idempotency_key.or_else(|| known("idempotencyKey")).unwrap_or_else(|| app.random.id());
    if !is_action_code(&code) || !is_id(&idempotency_key) {
        return Err(ApiError::invalid_request("The action or the idempotencyKey is not of the right form."));
    }

    // Of those that come at once, each ends the one before it.
    let subject = match &user {
        Some(user) => {
            tx.lock_user(&user.user_key).await?;
            user.user_key.clone()
        }
        None => {
            let address = counted(&address);
            tx.lock_address(&address).await?;
            address
        }
    };
    app.limit(&mut tx, &subject, limits::sends(message)).await?;
    let digits = six_digits(|| app.random.bytes());
    let challenge_id = app.random.id();
    let mut data = json!({
        "method": method,
        "action": &code,
        "idempotencyKey": &idempotency_key,
        "userId": &user_id,
        "scope": body.scope.or_else(|| known("scope")),
        "attributes": {},
    });
    for (name, said) in [
        ("ipAddress", json!(body.ip_address)),
        ("userAgent", json!(body.user_agent)),
        ("locale", json!(body.locale)),
        ("deviceId", json!(body.device_id)),
        ("custom", json!(body.custom)),
    ] {
        let before = earlier.as_ref().map(|earlier| earlier.data["attributes"][name].clone()).unwrap_or_default();
        data["attributes"][name] = if said.is_null() { before } else { said };
    }
    let field = if method == Method::EmailOtp { "email" } else { "phoneNumber" };
    data[field] = json!(address);
    let lookup = format!("{field} {code} {subject}");
    let challenge = Challenge {
        user_key: user.as_ref().map(|user| user.user_key.clone()),
        action_key: earlier.as_ref().and_then(|earlier| earlier.action_key.clone()),
        lookup: Some(lookup.clone()),
        secret: Some(code_hash(&app, &challenge_id, &digits)),
        data,
        ..Challenge::new(challenge_id, Kind::ServerCode, now, CHALLENGE_LIFE)
    };
    if let Some(earlier) = &earlier {
        tx.consume_challenge(&earlier.challenge_id, now).await?;
    }
    tx.give_way(&lookup, now).await?;
    tx.insert_challenge(&challenge).await?;
    let about = About {
        user_id: user.as_ref().map(|user| user.user_id.as_str()).unwrap_or_default(),
        action: &code,
        idempotency_key: &idempotency_key,
        method,
        attributes: &challenge.data["attributes"],
    };
    let sent = app.send(&mut tx, &about, &[&address], message, &challenge, Content::Code(&digits)).await?;
    app.hand_on(tx, sent).await?;
    Ok(Json(json!({
        "challengeId": challenge.challenge_id,
        "idempotencyKey": idempotency_key,
        "expiresAt": challenge.expires_at / SECOND,
    })))
}

/// The body of [`verify`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    challenge_id: String,
    verification_code: String,
}

/// `POST /verify`
pub async fn verify(State(app): State<App>, Body(body): Body<Verify>) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    let failed = |failure: Failure| Ok(Json(json!({ "isVerified": false, "failureReason": failure.name() })));
    let mut tx = app.store.write().await?;
    let Some(challenge) = tx.open_challenge(Kind::ServerCode, &body.challenge_id, now).await? else {
        return failed(Failure::InvalidOrExpired);
    };
    if challenge.progress != Progress::Pending {
        return failed(Failure::InvalidOrExpired);
    }
    let text = |name: &str| challenge.data[name].as_str();
    let (to, limit) =
        if text("email").is_some() { (Method::EmailOtp, EMAIL_VERIFIES) } else { (Method::Sms, SMS_VERIFIES) };
    let address = counted(text("email").or_else(|| text("phoneNumber")).unwrap_or_default());
    // Of guesses that come at once, each sees those before it.
    let user_key = challenge.user_key.as_deref();
    match user_key {
        Some(user_key) => drop(tx.lock_user(user_key).await?),
        None => tx.lock_address(&address).await?,
    }
    app.limit(&mut tx, user_key.unwrap_or(&address), limit).await?;
    let attempts = tx.add_attempt(&challenge.challenge_id).await?;
    let guessed = tx.recent_wrong_codes(user_key, to, &address, now).await?;
    if let Err(failure) = may_guess(attempts - 1, guessed) {
        return failed(failure);
    }
    let given = code_hash(&app, &challenge.challenge_id, &body.verification_code);
    let wanted = challenge.secret.as_deref().unwrap_or_default();
    if !bool::from(given.as_bytes().ct_eq(wanted.as_bytes())) {
        tx.add_wrong_code(user_key, None, to, &address, now).await?;
        tx.commit().await?;
        return failed(may_guess(attempts, guessed + 1).err().unwrap_or(Failure::InvalidOrExpired));
    }
    if !tx.progress_challenge(&challenge.challenge_id, Progress::Pending, Progress::Approved, now).await? {
        return failed(Failure::InvalidOrExpired);
    }
    tx.commit().await?;
    let mut reply = json!({ "isVerified": true, "verificationMethod": challenge.data["method"] });
    for name in ["email", "phoneNumber"] {
        if challenge.data[name].is_string() {
            reply[name] = challenge.data[name].clone();
        }
    }
    Ok(Json(reply))
}

/// The body of [`claim`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    challenge_id: String,
    user_id: String,
    #[serde(default)]
    skip_verification_check: bool,
}

/// `POST /claim`: a challenge becomes a user's, once. Its token may manage their authenticators only if the address that
/// was verified is one of them, and then no more than the `scope` of the challenge, if it had one.
pub async fn claim(State(app): State<App>, Body(body): Body<Claim>) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    let gone = || ApiError::unauthorized("There is no such challenge, it has ended, or a user has claimed it.");
    if !is_id(&body.user_id) {
        return Err(ApiError::invalid_request("The userId is not of the right form."));
    }
    let mut tx = app.store.write().await?;
    let challenge = tx.open_challenge(Kind::ServerCode, &body.challenge_id, now).await?.ok_or_else(gone)?;
    let is_verified = challenge.progress == Progress::Approved;
    if !is_verified && !body.skip_verification_check {
        return Err(ApiError::invalid_request("The challenge was not verified. POST /verify first."));
    }
    let user = tx.lock_or_create_user(&body.user_id, &app.random.id(), now).await?;
    let is_another_s = challenge.user_key.as_ref().is_some_and(|user_key| *user_key != user.user_key)
        || challenge.data["userId"].as_str().is_some_and(|user_id| user_id != user.user_id);
    if is_another_s || !tx.consume_challenge(&challenge.challenge_id, now).await? {
        return Err(gone());
    }
    let text = |name: &str| challenge.data[name].as_str().map(str::to_owned).unwrap_or_default();
    let method = Method::named(&text("method")).unwrap_or(Method::EmailOtp);
    let new = Action {
        attributes: challenge.data["attributes"].clone(),
        ..new_action(&app, &user.user_key, text("action"), text("idempotencyKey"), now)
    };
    // `track` may have given it to an action since.
    let given = match &challenge.action_key {
        Some(action_key) => tx.action_by_key(action_key).await?,
        None => None,
    };
    let (action, is_new) = match given {
        Some(action) => (action, false),
        None => tx.insert_action(&new).await?,
    };
    if is_new && let Some(device_id) = new.attributes["deviceId"].as_str() {
        tx.see_device(&user.user_key, device_id, now).await?;
    }
    let address = if method == Method::EmailOtp { text("email") } else { text("phoneNumber") };
    let to = if method == Method::EmailOtp { Method::EmailOtp } else { Method::Sms };
    let verified = tx.verified_authenticators(&user.user_key).await?;
    let proven = verified.iter().find(|one| one.method == to && one.address.as_ref() == Some(&address));
    let token = match proven {
        Some(authenticator) if is_verified => {
            let proof = Proof { authenticator, method, secret: None, user_verified: true };
            let rights = app.met(&mut tx, &user, &action, &proof, None).await?;
            let asked = challenge.data["scope"].as_str().map(Scopes::parse);
            let scopes = Scopes::parse(&rights.scope);
            let scope = asked.map_or(scopes, |asked| scopes.and(asked)).to_string();
            app.mint(&user, &action, Rights { scope, ..rights })?
        }
        _ => {
            let rights = Rights {
                scope: Scopes::READ.to_string(),
                window_key: None,
                ends_at: now + app.config.window,
                is_verified,
            };
            // For a user who has authenticators, an address that is none of them proves nothing.
            if is_verified && verified.is_empty() && action.state.is_open() {
                tx.set_action_state(&action.action_key, ActionState::ChallengeSucceeded, None, now).await?;
                met_on_device(&mut tx, &action, method, now).await?;
            }
            app.mint(&user, &action, rights)?
        }
    };
    tx.commit().await?;
    Ok(Json(json!({ "token": token, "verificationMethod": method })))
}

fn new_action(app: &App, user_key: &str, code: String, idempotency_key: String, now: Millis) -> Action {
    Action {
        action_key: app.random.id(),
        user_key: user_key.to_owned(),
        code,
        idempotency_key,
        state: ActionState::ChallengeRequired,
        state_updated_at: now,
        created_at: now,
        updated_at: now,
        verification_method: None,
        verified_by: None,
        scope: Scopes::READ.to_string(),
        first_enrolment_at: None,
        attributes: json!({}),
    }
}

/// The query of [`get`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Which {
    challenge_id: Option<String>,
    user_id: Option<String>,
    action: Option<String>,
    verification_method: Option<Method>,
}

/// `GET /challenges`: the newest that fits and can still be answered; nothing in it if there is none.
pub async fn get(State(app): State<App>, Query(which): Query<Which>) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    let mut tx = app.store.read().await?;
    let user = match &which.user_id {
        Some(user_id) => tx.user(user_id).await?,
        None => None,
    };
    let found = match (&which.challenge_id, &user) {
        (Some(id), _) => tx.open_challenge(Kind::ServerCode, id, now).await?.into_iter().collect(),
        (None, Some(user)) => tx.open_of_user(Kind::ServerCode, &user.user_key, now).await?,
        (None, None) => Vec::new(),
    };
    let is_theirs = |challenge: &Challenge, user_id: &str| match &challenge.user_key {
        Some(user_key) => user.as_ref().is_some_and(|user| user.user_key == *user_key),
        None => challenge.data["userId"] == *user_id,
    };
    let fits = |challenge: &&Challenge| {
        which.user_id.as_ref().is_none_or(|user_id| is_theirs(challenge, user_id))
            && which.action.as_ref().is_none_or(|action| challenge.data["action"] == **action)
            && which.verification_method.is_none_or(|method| challenge.data["method"] == method.name())
    };
    let Some(challenge) = found.iter().find(fits) else { return Ok(Json(json!({}))) };
    let mut reply = json!({
        "challengeId": challenge.challenge_id,
        "expiresAt": challenge.expires_at / SECOND,
        "verificationMethod": challenge.data["method"],
        "action": challenge.data["action"],
    });
    if challenge.data["phoneNumber"].is_string() {
        let is_whatsapp = challenge.data["method"] == Method::Whatsapp.name();
        reply["smsChannel"] = json!(if is_whatsapp { "WHATSAPP" } else { "DEFAULT" });
    }
    for name in ["email", "phoneNumber"] {
        if challenge.data[name].is_string() {
            reply[name] = challenge.data[name].clone();
        }
    }
    Ok(Json(reply))
}
