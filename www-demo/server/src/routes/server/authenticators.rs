//! A user's authenticators, as their backend sees them.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Params;
use super::actions::is_id;
use crate::app::App;
use crate::domain::address::{is_email, is_phone_number};
use crate::domain::method::Method;
use crate::domain::totp::AuthenticatorApp;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::Body;
use crate::routes::view::{self, Viewer};
use crate::store::{Authenticator, Tx};
use crate::webhook::Change;

/// `GET /users/{user_id}/authenticators`: the verified ones, addresses in full.
pub async fn list(State(app): State<App>, Params(user_id): Params<String>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.read().await?;
    let all = match tx.user(&user_id).await? {
        Some(user) => tx.verified_authenticators(&user.user_key).await?,
        None => Vec::new(),
    };
    Ok(Json(view::authenticators(&all, Viewer::Backend(&user_id))))
}

/// The body of [`enrol`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Enrol {
    verification_method: Method,
    email: Option<String>,
    phone_number: Option<String>,
    otp_uri: Option<String>,
}

/// `POST /users/{user_id}/authenticators`: an authenticator that the backend has verified itself.
pub async fn enrol(
    State(app): State<App>,
    Params(user_id): Params<String>,
    Body(body): Body<Enrol>,
) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let (new, is_default) = enrol_verified(&app, &mut tx, &user_id, body).await?;
    tx.commit().await?;
    let shown = view::authenticator(&new, is_default, Viewer::Backend(&user_id));
    Ok(Json(json!({ "authenticator": shown })))
}

/// Gives a user, who is created if there is none, an authenticator that counts at once; and whether it is their first.
pub async fn enrol_verified(app: &App, tx: &mut Tx, user_id: &str, body: Enrol) -> ApiResult<(Authenticator, bool)> {
    let method = match body.verification_method {
        Method::Whatsapp => Method::Sms,
        method => method,
    };
    let invalid = |why: &'static str| ApiError::invalid_request(why);
    let (address, secret) = match method {
        Method::EmailOtp | Method::EmailMagicLink => {
            let email = body.email.filter(|email| is_email(email));
            (Some(email.ok_or_else(|| invalid("This method needs an email."))?), None)
        }
        Method::Sms => {
            let number = body.phone_number.filter(|number| is_phone_number(number));
            (Some(number.ok_or_else(|| invalid("This method needs a phoneNumber such as +15550100123."))?), None)
        }
        Method::AuthenticatorApp => {
            let uri = body.otp_uri.as_deref().and_then(AuthenticatorApp::from_uri);
            let uri = uri.ok_or_else(|| {
                invalid("This method needs an otpUri: otpauth://totp/… with SHA-1, six digits and 30 seconds.")
            })?;
            (None, Some(uri.secret()))
        }
        _ => {
            return Err(invalid(
                "Only SMS, WHATSAPP, EMAIL_OTP, EMAIL_MAGIC_LINK and AUTHENTICATOR_APP can be enrolled by a backend.",
            ));
        }
    };
    if !is_id(user_id) {
        return Err(invalid("The userId is not of the right form."));
    }
    let now = app.clock.now();
    let user = tx.lock_or_create_user(user_id, &app.random.id(), now).await?;
    let verified = tx.verified_authenticators(&user.user_key).await?;
    if address.is_some() && verified.iter().any(|one| one.method == method && one.address == address) {
        return Err(invalid("The user has this address as an authenticator already."));
    }
    let through = if body.verification_method == Method::Whatsapp { "WHATSAPP" } else { "DEFAULT" };
    let new = Authenticator {
        authenticator_id: app.random.id(),
        user_key: user.user_key,
        method,
        action_key: None,
        created_at: now,
        verified_at: Some(now),
        last_verified_at: None,
        address,
        display_name: None,
        credential_id: None,
        secret,
        details: if method == Method::Sms { json!({ "previousSmsChannel": through }) } else { json!({}) },
    };
    tx.insert_authenticator(&new).await?;
    app.tell_of(tx, Change::Created, user_id, &new).await?;
    Ok((new, verified.is_empty()))
}

/// `GET /authenticators`: what the tenant offers.
pub async fn configuration() -> Json<Value> {
    Json(view::configuration())
}

/// `DELETE /users/{user_id}/authenticators/{authenticator_id}`: the backend may remove even the last one.
pub async fn delete(
    State(app): State<App>,
    Params((user_id, authenticator_id)): Params<(String, String)>,
) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let none = || ApiError::not_found("The user has no such authenticator.");
    let user = tx.user(&user_id).await?.ok_or_else(none)?;
    let all = tx.authenticators(&user.user_key).await?;
    let one = all.iter().find(|one| one.authenticator_id == authenticator_id).ok_or_else(none)?;
    if tx.delete_authenticator(&user.user_key, &authenticator_id).await? && one.verified_at.is_some() {
        app.tell_of(&mut tx, Change::Deleted, &user_id, one).await?;
    }
    tx.commit().await?;
    Ok(Json(json!({ "success": true })))
}
