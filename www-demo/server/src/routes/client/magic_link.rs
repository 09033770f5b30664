//! Links by e-mail. Following one shows a page with a button, for mail scanners follow links too; the button marks the
//! challenge as confirmed, and the tab that waits commits it.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::challenge::CHALLENGE_LIFE;
use super::codes::{Ask, Email, add_pending, challenged};
use super::magic_link_page::{Page, page};
use crate::app::App;
use crate::domain::binding::Operation;
use crate::domain::method::Method;
use crate::domain::rate::LINK_SENDS;
use crate::error::ApiResult;
use crate::outbox::{About, Content, Sent};
use crate::routes::body::{Body, Query, whole};
use crate::routes::guard::Holder;
use crate::store::{Authenticator, Challenge, Kind, MessageKind, Progress, Tx, User};

const METHOD: Method = Method::EmailMagicLink;

/// `POST .../email-magic-link`
pub async fn enrol(State(app): State<App>, holder: Holder, Body(body): Body<Email>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    app.may_change(&mut tx, &holder, Operation::Add, None).await?;
    let pending = add_pending(&app, &mut tx, &holder, METHOD, body.email).await?;
    let (challenge, sent) = send_link(&app, &mut tx, &holder, &user, &pending).await?;
    app.hand_on(tx, sent).await?;
    Ok(Json(json!({
        "challengeId": challenge.challenge_id,
        "userAuthenticatorId": pending.authenticator_id,
        "userId": user.user_id,
    })))
}

/// `POST /client/challenge/email-magic-link`
pub async fn challenge(State(app): State<App>, holder: Holder, Body(body): Body<Ask>) -> ApiResult<Json<Value>> {
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    let to = challenged(&app, &mut tx, &holder, &user, METHOD, &body).await?;
    let (challenge, sent) = send_link(&app, &mut tx, &holder, &user, &to).await?;
    app.hand_on(tx, sent).await?;
    Ok(Json(json!({ "challengeId": challenge.challenge_id })))
}

async fn send_link(
    app: &App,
    tx: &mut Tx,
    holder: &Holder,
    user: &User,
    to: &Authenticator,
) -> ApiResult<(Challenge, Sent)> {
    let now = app.clock.now();
    app.limit(tx, &user.user_key, LINK_SENDS).await?;
    let word = app.random.word();
    let challenge = Challenge {
        user_key: Some(user.user_key.clone()),
        action_key: Some(holder.action.action_key.clone()),
        authenticator_id: Some(to.authenticator_id.clone()),
        lookup: Some(digest(&word)),
        ..Challenge::new(app.random.id(), Kind::MagicLink, now, CHALLENGE_LIFE)
    };
    tx.end_challenges(Kind::MagicLink, &user.user_key, &holder.action.action_key, now).await?;
    tx.insert_challenge(&challenge).await?;
    let url = format!("{}{PATH}?token={word}", app.config.origin);
    let about = About::action(user, &holder.action, METHOD);
    let address = to.address.as_deref().unwrap_or_default();
    let sent = app.send(tx, &about, &[address], MessageKind::Email, &challenge, Content::Link(&url)).await?;
    Ok((challenge, sent))
}

/// The path of every link.
pub const PATH: &str = "/api/verify-magic-link";

/// What is stored of the word in a link.
fn digest(word: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(word.as_bytes()))
}

/// The body of [`finalize`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finalize {
    challenge_id: Option<String>,
}

/// `POST /client/verify/email-magic-link/finalize`: asked again and again until the person has confirmed. Rights and
/// expiry are judged here, and it succeeds once.
pub async fn finalize(State(app): State<App>, holder: Holder, Body(body): Body<Finalize>) -> ApiResult<Json<Value>> {
    let now = app.clock.now();
    let waiting = || Ok(Json(json!({ "isVerified": false })));
    let mut tx = app.store.write().await?;
    let user = holder.turn(&mut tx).await?;
    let found = tx.newest_of_action(Kind::MagicLink, &user.user_key, &holder.action.action_key, now).await?;
    let Some(challenge) = found.filter(|found| body.challenge_id.as_ref().is_none_or(|id| *id == found.challenge_id))
    else {
        return waiting();
    };
    if challenge.progress != Progress::Approved || !tx.consume_challenge(&challenge.challenge_id, now).await? {
        return waiting();
    }
    let authenticator = match &challenge.authenticator_id {
        Some(id) => tx.authenticator(id).await?,
        None => None,
    };
    let authenticator = authenticator.ok_or(sqlx::Error::RowNotFound)?;
    Ok(Json(app.accepted(tx, &holder, &authenticator, METHOD).await?))
}

/// The query of a link.
#[derive(Deserialize, JsonSchema)]
pub struct Link {
    #[serde(default)]
    token: String,
}

/// `GET /api/verify-magic-link?token=…`: a page with a button, and nothing else.
pub async fn landing(State(app): State<App>, headers: HeaderMap, Query(link): Query<Link>) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let found = tx.find_challenge(Kind::MagicLink, &digest(&link.token), app.clock.now()).await?;
    let locale = locale(&mut tx, found.as_ref()).await?;
    let shown = match &found {
        // Only a word that was found reaches the page: 43 characters of base64url.
        Some(challenge) if challenge.progress == Progress::Pending => Page::Ask { path: PATH, token: &link.token },
        Some(_) => Page::Confirmed,
        None => Page::Over,
    };
    Ok(page(&app, &headers, locale.as_deref(), &shown))
}

/// `POST /api/verify-magic-link`: the button.
pub async fn confirm(State(app): State<App>, headers: HeaderMap, request: Request) -> ApiResult<Response> {
    let bytes = whole(&app, request).await?;
    let word = url::form_urlencoded::parse(&bytes).find_map(|(name, value)| (name == "token").then_some(value));
    let now = app.clock.now();
    let mut tx = app.store.write().await?;
    let found = match word {
        Some(word) => tx.find_challenge(Kind::MagicLink, &digest(&word), now).await?,
        None => None,
    };
    let locale = locale(&mut tx, found.as_ref()).await?;
    let Some(challenge) = found else { return Ok(page(&app, &headers, None, &Page::Over)) };
    tx.progress_challenge(&challenge.challenge_id, Progress::Pending, Progress::Approved, now).await?;
    tx.commit().await?;
    Ok(page(&app, &headers, locale.as_deref(), &Page::Confirmed))
}

/// What `track` said of the language of the action that the link is for.
async fn locale(tx: &mut Tx, challenge: Option<&Challenge>) -> ApiResult<Option<String>> {
    let Some(action_key) = challenge.and_then(|challenge| challenge.action_key.as_ref()) else { return Ok(None) };
    let action = tx.action_by_key(action_key).await?;
    Ok(action.and_then(|action| action.attributes["locale"].as_str().map(str::to_owned)))
}
