//! What an operator watches: whether the server lives and is ready, its figures, and a line for each request.

use std::time::Duration;

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tokio::time::{Instant, timeout};

use crate::app::App;
use crate::config::Metrics as Access;
use crate::error::{ApiError, ApiResult};
use crate::routes::guard::bearer;
use crate::store::Trouble;

/// How long the database may take before this instance is not ready.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// The upper bounds of the histogram of seconds: from a look-up to what a person would notice.
const SECONDS: [f64; 11] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// The figures of this instance.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Histogram,
    /// Sockets that are open.
    pub sockets: Gauge,
    connections: Gauge,
    idle_connections: Gauge,
}

/// The path is the route's, with its parameters unfilled: ids would make a series of each user.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    method: Verb,
    route: String,
    status: u16,
}

/// A method as a label; what nobody has heard of is one.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelValue)]
enum Verb {
    Get,
    Post,
    Patch,
    Delete,
    Other,
}

impl From<&axum::http::Method> for Verb {
    fn from(method: &axum::http::Method) -> Self {
        match method.as_str() {
            "GET" => Verb::Get,
            "POST" => Verb::Post,
            "PATCH" => Verb::Patch,
            "DELETE" => Verb::Delete,
            _ => Verb::Other,
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("authsignal_local");
        let requests = Family::<Answered, Counter>::default();
        registry.register("http_requests", "Requests that were answered", requests.clone());
        let seconds = Histogram::new(SECONDS);
        registry.register_with_unit("http_request_duration", "How long answers took", Unit::Seconds, seconds.clone());
        let [sockets, connections, idle_connections] = [Gauge::<i64, _>::default(), Gauge::default(), Gauge::default()];
        registry.register("websockets_open", "Sockets that are open", sockets.clone());
        registry.register("database_connections", "Connections to the database", connections.clone());
        registry.register("database_connections_idle", "Those that nobody uses", idle_connections.clone());
        Self { registry, requests, seconds, sockets, connections, idle_connections }
    }
}

/// Counts each request, and logs it: neither its path, for that may hold a user's id, nor its query, headers or bodies,
/// for those hold tokens and codes.
pub async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let begun = Instant::now();
    let response = next.run(request).await;
    let seconds = begun.elapsed().as_secs_f64();
    let status = response.status().as_u16();
    tracing::info!(target: "authsignal_local::request", %method, route, status, seconds, "answered");
    app.metrics.seconds.observe(seconds);
    app.metrics.requests.get_or_create(&Answered { method: Verb::from(&method), route, status }).inc();
    response
}

/// `GET /health`: the process lives.
pub async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /ready`, for anybody, since balancers send nothing and it tells nothing else: this instance can answer: its database
/// stores what it is given, and it is not about to end.
pub async fn ready(State(app): State<App>) -> ApiResult<Json<Value>> {
    if app.is_ending() {
        return Err(ApiError::unavailable("This instance is about to end."));
    }
    match timeout(READY_WITHIN, app.store.probe()).await {
        Ok(Ok(())) => Ok(Json(json!({ "status": "ready" }))),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database stores nothing");
            Err(match Trouble::of(&error) {
                Trouble::Full => ApiError::unavailable("The database has no room."),
                Trouble::Unreachable | Trouble::Contended | Trouble::Other => {
                    ApiError::unavailable("The database does not answer.")
                }
            })
        }
        Err(_) => Err(ApiError::unavailable("The database does not answer in time.")),
    }
}

/// `GET /metrics`: the figures, as Prometheus reads them, for whom the operator lets.
pub async fn metrics(State(app): State<App>, headers: HeaderMap) -> ApiResult<Response> {
    match &app.config.metrics {
        Access::Open => {}
        Access::Token(token) => {
            let given = bearer(&headers).unwrap_or_default();
            if !bool::from(given.as_bytes().ct_eq(token.as_bytes())) {
                return Err(ApiError::unauthorized(
                    "The operator's --metrics-token is required: Authorization: Bearer.",
                ));
            }
        }
        Access::Closed => {
            return Err(ApiError::not_found("There are no figures here: the operator has named no --metrics-token."));
        }
    }
    let metrics = &app.metrics;
    let (connections, idle) = app.store.connections();
    metrics.connections.set(connections);
    metrics.idle_connections.set(idle);
    let mut text = String::new();
    encode(&mut text, &metrics.registry).map_err(ApiError::internal)?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, content_type)], text).into_response())
}
