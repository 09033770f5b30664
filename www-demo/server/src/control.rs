//! What a tester makes happen: faults, and a look at the last requests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::app::{App, SOCKET};
use crate::clock::iso;
use crate::domain::Millis;
use crate::routes;
use crate::store::Snapshot;

/// Requests that the log keeps.
const LOG_KEPT: usize = 200;
/// Moments that are kept at most.
const MOST_MOMENTS: usize = 32;
/// The longest that a fault may delay an answer.
const LONGEST_DELAY: u64 = 60_000;

/// The tester's wishes, and what they see.
#[derive(Default)]
pub struct Control {
    faults: Mutex<Vec<Fault>>,
    log: Mutex<VecDeque<Entry>>,
    moments: Mutex<BTreeMap<String, Moment>>,
}

/// All that a tester can come back to.
#[derive(Clone)]
pub struct Moment {
    /// The data.
    pub data: Snapshot,
    /// How far the clock was ahead.
    pub ahead: Millis,
    /// How far the repeatable sequence had come.
    pub drawn: u64,
}

/// What is to go wrong.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// What the path has to contain.
    pub path: String,
    /// How many more times.
    #[serde(default = "once")]
    pub times: u32,
    /// How late the answer comes.
    #[serde(default)]
    pub delay_milliseconds: u64,
    /// What happens to the answer; nothing but the delay if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

fn once() -> u32 {
    1
}

/// What happens to an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The request arrives twice, as when a client asks again after a lost answer; this is the second answer.
    Duplicate,
    /// A socket is opened, and ends without a word after its first message.
    SocketClose,
    /// It never comes, and nothing is done.
    Hang,
    /// The connection ends before the body, although all is done.
    Drop,
    /// The connection ends in the middle of the body, although all is done.
    Truncate,
    /// This status with the triple in JSON, and nothing is done.
    Json(u16),
    /// This status with a page, as a proxy answers, and nothing is done.
    Html(u16),
}

/// A request that was answered: neither its query nor its bodies, for they hold tokens and codes.
#[derive(Clone, Debug, Serialize)]
struct Entry {
    at: String,
    method: String,
    path: String,
    status: u16,
}

impl Control {
    /// The faults that are still to come.
    pub fn faults(&self) -> Vec<Fault> {
        lock(&self.faults).clone()
    }

    /// From now on these, and no others.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        *lock(&self.faults) = faults;
    }

    /// The last requests, newest last.
    pub fn log(&self) -> serde_json::Value {
        json!({ "requests": lock(&self.log).iter().collect::<Vec<_>>() })
    }

    /// Keeps a moment under a name; false if there are too many.
    pub fn keep(&self, name: &str, moment: Moment) -> bool {
        let mut moments = lock(&self.moments);
        if moments.len() >= MOST_MOMENTS && !moments.contains_key(name) {
            return false;
        }
        moments.insert(name.to_owned(), moment);
        true
    }

    /// The moment of this name.
    pub fn kept(&self, name: &str) -> Option<Moment> {
        lock(&self.moments).get(name).cloned()
    }

    /// Forgets faults and requests; moments stay, to come back to.
    pub fn reset(&self) {
        lock(&self.faults).clear();
        lock(&self.log).clear();
    }

    /// The fault that a request runs into, counted.
    fn take(&self, path: &str) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        let at = faults.iter().position(|fault| fault.times > 0 && path.contains(&fault.path))?;
        faults[at].times -= 1;
        let taken = faults[at].clone();
        faults.retain(|fault| fault.times > 0);
        Some(taken)
    }

    fn remember(&self, entry: Entry) {
        let mut log = lock(&self.log);
        if log.len() == LOG_KEPT {
            log.pop_front();
        }
        log.push_back(entry);
    }
}

/// The data of a lock is whole even if a holder has panicked: each change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets requests of the API run into their faults, and remembers them.
pub async fn watch(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if !app.config.is_local || (!path.starts_with("/v1/") && path != SOCKET) {
        return next.run(request).await;
    }
    let method = request.method().to_string();
    let response = match app.control.take(&path) {
        Some(fault) => faulty(&app, &fault, request, next).await,
        None => next.run(request).await,
    };
    app.control.remember(Entry { at: iso(app.clock.now()), method, path, status: response.status().as_u16() });
    response
}

/// The mark of a request whose socket is to be closed.
#[derive(Clone, Copy)]
pub struct SocketCloses;

async fn faulty(app: &App, fault: &Fault, mut request: Request, next: Next) -> Response {
    if fault.delay_milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(fault.delay_milliseconds.min(LONGEST_DELAY))).await;
    }
    let status = |code: u16| StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match &fault.outcome {
        None => next.run(request).await,
        Some(Outcome::Duplicate) => twice(request, next).await,
        Some(Outcome::SocketClose) => {
            request.extensions_mut().insert(SocketCloses);
            next.run(request).await
        }
        Some(Outcome::Hang) => {
            app.ended().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Some(Outcome::Json(code)) => {
            let name = if *code == 429 { "too_many_requests" } else { "unexpected_error" };
            let triple =
                json!({ "error": name, "errorCode": name, "errorDescription": "A fault, as the tester wished." });
            (status(*code), axum::Json(triple)).into_response()
        }
        Some(Outcome::Html(code)) => {
            let page = "<!doctype html><title>A fault</title><h1>A fault, as the tester wished.</h1>";
            (status(*code), [(CONTENT_TYPE, HeaderValue::from_static("text/html"))], page).into_response()
        }
        Some(outcome @ (Outcome::Drop | Outcome::Truncate)) => {
            let (mut parts, body) = next.run(request).await.into_parts();
            let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
            let kept = if *outcome == Outcome::Drop { Bytes::new() } else { whole.slice(..whole.len() / 2) };
            parts.headers.remove(CONTENT_LENGTH);
            let broken = std::io::Error::other("the tester wished the connection to end here");
            Response::from_parts(parts, Body::from_stream(stream::iter([Ok(kept), Err(broken)])))
        }
    }
}

async fn twice(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // Which route it is nobody knows yet: whoever answers refuses what is too much there.
    let largest = routes::table().iter().map(|route| route.largest_body).max().unwrap_or_default();
    let Ok(bytes) = to_bytes(body, largest).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let copy = || Request::from_parts(parts.clone(), Body::from(bytes.clone()));
    // The first answer is lost on its way.
    let _ = next.clone().run(copy()).await;
    next.run(copy()).await
}
