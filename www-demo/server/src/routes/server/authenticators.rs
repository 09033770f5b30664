//! A user's authenticators, as their backend sees them.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::yield_now;

use super::Params;
use super::actions::is_id;
use crate::answer::{LONGEST_CREDENTIAL_ID, from_base64url};
use crate::app::App;
use crate::ceremony::imported;
use crate::domain::address::{is_email, is_phone_number};
use crate::domain::method::Method;
use crate::domain::totp::AuthenticatorApp;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::Body;
use crate::routes::view::{self, Viewer};
use crate::store::{Authenticator, IMPORTED, Tx};
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
    /// Of a passkey that was created elsewhere for this relying party: its id, in base64url.
    credential_id: Option<String>,
    /// Its COSE key, in base64url.
    credential_public_key: Option<String>,
    /// Its signature counter; 0 if that is not known.
    counter: Option<u32>,
    /// What to call it.
    name: Option<String>,
    /// Whether the user is asked for it first. Of several such the last is, and without any the oldest authenticator.
    is_default: Option<bool>,
}

/// The most passkeys that are enrolled at once.
const MOST_AT_ONCE: usize = 1000;

/// The largest body of [`enrol_all`], in bytes: room for as many with the longest ids and the longest RSA keys.
pub const LARGEST_BATCH: usize = MOST_AT_ONCE * 4096;

/// The body of [`enrol_all`].
#[derive(Deserialize, JsonSchema)]
pub struct EnrolAll {
    authenticators: Vec<OneOfAll>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OneOfAll {
    user_id: String,
    #[serde(flatten)]
    authenticator: Enrol,
}

/// `POST /users/authenticators`: passkeys that were created elsewhere. Those that are not taken are listed, with why; one
/// that the user has already is taken as it is.
pub async fn enrol_all(State(app): State<App>, Body(body): Body<EnrolAll>) -> ApiResult<Json<Value>> {
    let total = body.authenticators.len();
    if total > MOST_AT_ONCE {
        return Err(ApiError::invalid_request(format!("At most {MOST_AT_ONCE} authenticators are enrolled at once.")));
    }
    let mut failures = BTreeMap::new();
    let mut valid = Vec::new();
    for (at, OneOfAll { user_id, authenticator }) in body.authenticators.into_iter().enumerate() {
        // As it is stored, whether it came with padding or without.
        let credential_id = authenticator.credential_id.as_deref().unwrap_or_default().trim_end_matches('=').to_owned();
        let checked = if authenticator.verification_method == Method::Passkey {
            checked(&user_id, authenticator)
        } else {
            Err(ApiError::invalid_request("Only PASSKEY can be enrolled for several users at once."))
        };
        match checked {
            Ok(checked) => valid.push((at, user_id, credential_id, checked)),
            Err(error) => drop(failures.insert(at, failure(&user_id, &credential_id, &error))),
        }
    }
    // The first that names a credential gets it.
    let mut first = HashMap::new();
    valid.retain(|(at, user_id, credential_id, _)| {
        let is_theirs = first.entry(credential_id.clone()).or_insert_with(|| user_id.clone()) == user_id;
        if !is_theirs {
            failures.insert(*at, failure(user_id, credential_id, &conflict()));
        }
        is_theirs
    });
    // Users' turns are taken in the order of their ids: of two batches at once none waits for the other while that waits for
    // it.
    valid.sort_by(|(_, one, ..), (_, other, ..)| one.cmp(other));
    let mut tx = app.store.write().await?;
    for (at, user_id, credential_id, checked) in valid {
        // SQLite's statements run in this thread, which others wait for.
        yield_now().await;
        match enrol_unless_there(&app, &mut tx, &user_id, &credential_id, checked).await {
            Ok(()) => {}
            // Nothing was written for it.
            Err(error) if error.status().is_client_error() => {
                failures.insert(at, failure(&user_id, &credential_id, &error));
            }
            Err(error) => return Err(error),
        }
    }
    tx.commit().await?;
    let failed = failures.len();
    Ok(Json(
        json!({ "total": total, "succeeded": total - failed, "failed": failed, "failures": failures.into_values().collect::<Vec<_>>() }),
    ))
}

fn failure(user_id: &str, credential_id: &str, error: &ApiError) -> Value {
    let (code, why) = error.parts();
    json!({ "userId": user_id, "credentialId": credential_id, "errorCode": code, "errorDescription": why })
}

fn conflict() -> ApiError {
    ApiError::invalid_request("This credential is registered for another user already.").called("conflict".into())
}

/// Enrols one of a batch; one that the user has already is as good.
async fn enrol_unless_there(
    app: &App,
    tx: &mut Tx,
    user_id: &str,
    credential_id: &str,
    checked: Checked,
) -> ApiResult<()> {
    if let Some(is_theirs) = is_theirs(tx, user_id, credential_id).await? {
        return if is_theirs { Ok(()) } else { Err(conflict()) };
    }
    match enrol_checked(app, tx, user_id, checked).await {
        // Another request may have come first at the same moment.
        Err(error) if error.status().is_client_error() => match is_theirs(tx, user_id, credential_id).await? {
            Some(true) => Ok(()),
            Some(false) => Err(conflict()),
            None => Err(error),
        },
        enrolled => enrolled.map(drop),
    }
}

/// Whether a credential is this user's; nothing if it is nobody's.
async fn is_theirs(tx: &mut Tx, user_id: &str, credential_id: &str) -> ApiResult<Option<bool>> {
    let Some(there) = tx.credential(credential_id).await? else { return Ok(None) };
    Ok(Some(tx.user_by_key(&there.user_key).await?.is_some_and(|owner| owner.user_id == user_id)))
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

/// What a backend has verified, its form checked.
struct Checked {
    method: Method,
    /// How a phone number is reached.
    through: &'static str,
    address: Option<String>,
    credential_id: Option<String>,
    secret: Option<String>,
    name: Option<String>,
    is_default: bool,
}

/// Checks the form of what a backend has verified.
fn checked(user_id: &str, body: Enrol) -> ApiResult<Checked> {
    let method = match body.verification_method {
        Method::Whatsapp => Method::Sms,
        method => method,
    };
    let invalid = |why: &'static str| ApiError::invalid_request(why);
    let mut credential_id = None;
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
        Method::Passkey => {
            let id = body.credential_id.as_deref().and_then(from_base64url);
            let id = id.filter(|id| (1..=LONGEST_CREDENTIAL_ID).contains(&id.len()));
            let id =
                id.ok_or_else(|| invalid("A passkey needs its credentialId in base64url, of at most 1,023 bytes."))?;
            let key = body.credential_public_key.as_deref().and_then(from_base64url);
            let key =
                key.ok_or_else(|| invalid("A passkey needs its credentialPublicKey, a COSE key in base64url."))?;
            let stored = imported(&id, &key, body.counter.unwrap_or(0))
                .map_err(|rejected| ApiError::invalid_request(rejected.reason().to_owned()))?;
            credential_id = Some(BASE64.encode(id));
            (None, Some(stored))
        }
        _ => {
            return Err(invalid(
                "Only PASSKEY, SMS, WHATSAPP, EMAIL_OTP, EMAIL_MAGIC_LINK and AUTHENTICATOR_APP can be enrolled by a \
                 backend.",
            ));
        }
    };
    if !is_id(user_id) {
        return Err(invalid("The userId is not of the right form."));
    }
    let through = if body.verification_method == Method::Whatsapp { "WHATSAPP" } else { "DEFAULT" };
    let is_default = body.is_default == Some(true);
    Ok(Checked { method, through, address, credential_id, secret, name: body.name, is_default })
}

/// Gives a user, who is created if there is none, an authenticator that counts at once; and whether it is their default.
pub async fn enrol_verified(app: &App, tx: &mut Tx, user_id: &str, body: Enrol) -> ApiResult<(Authenticator, bool)> {
    enrol_checked(app, tx, user_id, checked(user_id, body)?).await
}

async fn enrol_checked(app: &App, tx: &mut Tx, user_id: &str, checked: Checked) -> ApiResult<(Authenticator, bool)> {
    let Checked { method, through, address, credential_id, secret, name, is_default } = checked;
    let taken = || ApiError::invalid_request("This credential is registered already.");
    // Before there is a user: what is refused leaves nothing behind.
    if let Some(credential_id) = &credential_id
        && tx.credential(credential_id).await?.is_some()
    {
        return Err(taken());
    }
    let now = app.clock.now();
    let fresh_key = app.random.id();
    let user = tx.lock_or_create_user(user_id, &fresh_key, now).await?;
    let verified = tx.verified_authenticators(&user.user_key).await?;
    if address.is_some() && verified.iter().any(|one| one.method == method && one.address == address) {
        return Err(ApiError::invalid_request("The user has this address as an authenticator already."));
    }
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
        credential_id,
        secret,
        details: match method {
            Method::Sms => json!({ "previousSmsChannel": through }),
            Method::Passkey => json!({
                IMPORTED: true,
                "webauthnCredential": {
                    "deviceId": "",
                    "name": name.as_deref().unwrap_or("Passkey"),
                    "aaguid": null,
                    "credentialBackedUp": false,
                },
            }),
            _ => json!({}),
        },
    };
    if !tx.insert_authenticator(&new).await? {
        if new.user_key == fresh_key {
            tx.delete_user(user_id).await?;
        }
        return Err(taken());
    }
    if is_default {
        tx.make_default(&new.user_key, &new.authenticator_id).await?;
    }
    app.tell_of(tx, Change::Created, user_id, &new).await?;
    Ok((new, verified.is_empty() || is_default))
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
    // Whoever is about to add another one by a window of this one's waits, and finds it gone.
    let user = tx.lock_user(&user.user_key).await?.ok_or_else(none)?;
    let all = tx.authenticators(&user.user_key).await?;
    let one = all.iter().find(|one| one.authenticator_id == authenticator_id).ok_or_else(none)?;
    if tx.delete_authenticator(&user.user_key, &authenticator_id).await? && one.verified_at.is_some() {
        app.tell_of(&mut tx, Change::Deleted, &user_id, one).await?;
    }
    tx.commit().await?;
    Ok(Json(json!({ "success": true })))
}
