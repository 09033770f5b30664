//! `/ws-v1-challenge`: QR codes over a WebSocket.

use std::collections::HashMap;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::HeaderMap;
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{interval, timeout};

use super::client::qr_code::{collect, start};
use super::guard::{Holder, MaybeHolder};
use crate::app::App;
use crate::changes::Change;
use crate::clock::iso;
use crate::control::SocketCloses;
use crate::domain::Millis;
use crate::error::ApiResult;
use crate::store::{Kind, Progress};

/// The protocol that clients name first; a browser drops the connection unless it is echoed.
const PROTOCOL: &str = "authsignal-ws";
const TOKEN_PREFIX: &str = "x.authsignal.token.";
const TENANT_PREFIX: &str = "x.authsignal.tenant.";

const LARGEST_MESSAGE: usize = 64 * 1024;
/// Keeps proxies from dropping a connection on which nothing happens for minutes.
const PING_EVERY: Duration = Duration::from_secs(25);
/// How long a client may take to close its side.
const LAST_WORD: Duration = Duration::from_secs(1);
/// Codes that one socket may have open; each refresh makes another one.
const MOST_CODES: usize = 16;

/// Who opens a socket. Browsers cannot send `Authorization` there, so that it stands in the list of protocols.
pub enum Opener<'a> {
    /// The holder of this token.
    Holder(&'a str),
    /// A page of this tenant.
    Tenant(&'a str),
    /// Somebody who does not say.
    Nobody,
}

/// Reads who opens a socket.
pub fn opener(headers: &HeaderMap) -> Opener<'_> {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    for protocol in offered.flat_map(|value| value.split(',')).map(str::trim) {
        if let Some(token) = protocol.strip_prefix(TOKEN_PREFIX) {
            return Opener::Holder(token);
        }
        if let Some(tenant_id) = protocol.strip_prefix(TENANT_PREFIX) {
            return Opener::Tenant(tenant_id);
        }
    }
    Opener::Nobody
}

/// The upgrade.
pub async fn open(
    State(app): State<App>,
    MaybeHolder(holder): MaybeHolder,
    closes: Option<Extension<SocketCloses>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    // From now on, as nobody else waits for what becomes of the connection.
    let open = app.open_socket();
    upgrade.protocols([PROTOCOL]).max_message_size(LARGEST_MESSAGE).on_upgrade(move |socket| async move {
        app.metrics.sockets.inc();
        serve(&app, holder.as_ref(), closes.is_some(), socket).await;
        app.metrics.sockets.dec();
        drop(open);
    })
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data", rename_all = "SCREAMING_SNAKE_CASE")]
enum Request {
    #[serde(rename_all = "camelCase")]
    CreateChallenge { challenge_type: String, action_code: String, custom: Option<Value> },
}

/// The codes of a socket: what was last said of each, and when it ends.
type Codes = HashMap<String, (Progress, Millis)>;

async fn serve(app: &App, holder: Option<&Holder>, closes: bool, mut socket: WebSocket) {
    let mut changes = app.changes.subscribe();
    let mut ping = interval(PING_EVERY);
    let mut codes = Codes::new();
    loop {
        let said = tokio::select! {
            received = socket.recv() => match received {
                // Nothing is begun for a user by a token that has ended since it opened the socket.
                Some(Ok(Message::Text(_))) if holder.is_some_and(|one| one.claims.ends_at() <= app.clock.now()) => {
                    return close(socket, close_code::POLICY, "The token has expired.").await;
                }
                Some(Ok(Message::Text(text))) => created(app, holder, &mut codes, &text).await,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => Ok(Vec::new()),
            },
            changed = changes.recv() => match changed {
                Ok(Change::Of(challenge_id)) => changed_to(app, &mut codes, &challenge_id).await,
                // Something was missed: it is found by looking at every code.
                Ok(Change::Any) | Err(RecvError::Lagged(_)) => news(app, &mut codes).await,
                Err(RecvError::Closed) => return,
            },
            _ = ping.tick() => {
                if socket.send(Message::Ping(Vec::new().into())).await.is_err() {
                    return;
                }
                // Other instances are heard over a connection that may be dead without anybody knowing yet.
                news(app, &mut codes).await
            }
            () = app.ended() => return close(socket, close_code::AWAY, "The server is shutting down.").await,
        };
        match said {
            Ok(messages) => {
                for message in messages {
                    if socket.send(Message::Text(message.to_string().into())).await.is_err() || closes {
                        return;
                    }
                }
            }
            // The log says why.
            Err(_) => return close(socket, close_code::ERROR, "The server failed; its log says why.").await,
        }
    }
}

async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    // A client that is gone need not hear it.
    if socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await.is_ok() {
        // What the client has sent meanwhile is read: a connection that is closed over it takes back the last word.
        let _ = timeout(LAST_WORD, async { while let Some(Ok(_)) = socket.recv().await {} }).await;
    }
}

/// A new code, if the message asks for one; messages that this server does not know are ignored.
async fn created(app: &App, holder: Option<&Holder>, codes: &mut Codes, text: &str) -> ApiResult<Vec<Value>> {
    let Ok(Request::CreateChallenge { challenge_type, action_code, custom }) = serde_json::from_str(text) else {
        return Ok(Vec::new());
    };
    let now = app.clock.now();
    codes.retain(|_, (_, ends_at)| *ends_at > now);
    if challenge_type != "QR_CODE" || codes.len() >= MOST_CODES {
        return Ok(Vec::new());
    }
    let Ok(challenge) = start(app, holder, &action_code, custom, None).await else { return Ok(Vec::new()) };
    codes.insert(challenge.challenge_id.clone(), (Progress::Pending, challenge.expires_at));
    Ok(vec![json!({
        "type": "CHALLENGE_CREATED",
        "data": {
            "challengeId": challenge.challenge_id,
            "challengeType": "QR_CODE",
            "expiresAt": iso(challenge.expires_at),
            "state": "unclaimed",
        },
    })])
}

/// What to say about every code of this socket.
async fn news(app: &App, codes: &mut Codes) -> ApiResult<Vec<Value>> {
    let mut all = Vec::new();
    for challenge_id in codes.keys().cloned().collect::<Vec<_>>() {
        all.extend(changed_to(app, codes, &challenge_id).await?);
    }
    Ok(all)
}

/// What to say about a change, if it is of a code of this socket and news to it.
async fn changed_to(app: &App, codes: &mut Codes, challenge_id: &str) -> ApiResult<Vec<Value>> {
    let Some((known, _)) = codes.get_mut(challenge_id) else { return Ok(Vec::new()) };
    // A look is cheap; only what has changed is collected.
    let stored = app.store.look().await?.challenge(Kind::QrCode, challenge_id).await?;
    if stored.is_none_or(|stored| stored.progress == *known) {
        return Ok(Vec::new());
    }
    let (progress, token) = collect(app, challenge_id).await?;
    *known = progress;
    let state = match progress {
        Progress::Pending => return Ok(Vec::new()),
        Progress::Claimed => "claimed",
        Progress::Approved => "approved",
        Progress::Rejected => "rejected",
    };
    let mut data = json!({ "challengeId": challenge_id, "state": state });
    if let Some(token) = token {
        data["accessToken"] = json!(token);
    }
    Ok(vec![json!({ "type": "STATE_CHANGE", "data": data })])
}
