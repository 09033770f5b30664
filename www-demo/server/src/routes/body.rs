//! The bodies and the queries of requests.

use axum::body::{Bytes, to_bytes};
use axum::extract::{self, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri, header};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use crate::app::{App, LARGEST_BODY};
use crate::error::{ApiError, ApiResult};

/// The largest body of a request's route; see [`crate::routes::Route::largest_body`].
#[derive(Clone, Copy)]
pub struct LargestBody(pub usize);

/// A JSON body. An empty one counts as `{}`: SDKs announce JSON and send nothing.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> ApiResult<Self> {
        let is_json = is_json(&request);
        let bytes = whole(app, request).await?;
        if bytes.is_empty() {
            return read(b"{}").map(Body);
        }
        if !is_json {
            return Err(ApiError::invalid_with(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Send JSON, with the header Content-Type: application/json.",
            ));
        }
        read(&bytes).map(Body)
    }
}

/// All of a body. Whoever sends too much, or is too slow, is not waited for.
pub async fn whole(app: &App, request: Request) -> ApiResult<Bytes> {
    let patience = app.config.patience;
    let largest = request.extensions().get().map_or(LARGEST_BODY, |LargestBody(largest)| *largest);
    let bytes = timeout(patience, to_bytes(request.into_body(), largest)).await.map_err(|_| {
        let seconds = patience.as_secs();
        ApiError::invalid_with(StatusCode::REQUEST_TIMEOUT, format!("The body was not sent within {seconds} seconds."))
    })?;
    bytes.map_err(|_| {
        ApiError::invalid_with(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body is larger than {largest} bytes, or ended early."),
        )
    })
}

/// Whether a request says that it carries JSON.
pub fn is_json(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> ApiResult<T> {
    let json: Value = serde_json::from_slice(bytes)
        .map_err(|error| ApiError::invalid_request(format!("The body is not valid JSON: {error}.")))?;
    let unprocessable = |why: String| ApiError::invalid_with(StatusCode::UNPROCESSABLE_ENTITY, why);
    // Otherwise an array would be read as the fields of an object in their order.
    if !json.is_object() {
        return Err(unprocessable("The body must be a JSON object.".to_owned()));
    }
    if holds_nul(&json) {
        return Err(unprocessable("A text of the body holds U+0000.".to_owned()));
    }
    serde_json::from_value(json)
        .map_err(|error| unprocessable(format!("A field of the body is missing or of the wrong type: {error}.")))
}

/// Whether a text in here holds U+0000, which PostgreSQL cannot store.
pub fn holds_nul(json: &Value) -> bool {
    match json {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The same for an address.
pub fn refuse_nul(uri: &Uri) -> ApiResult<()> {
    let holds_nul = uri.path_and_query().is_some_and(|text| text.as_str().contains("%00"));
    if holds_nul { Err(ApiError::invalid_request("The address holds U+0000.")) } else { Ok(()) }
}

/// The parameters of an address after its `?`.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        refuse_nul(&parts.uri)?;
        let extract::Query(query) = extract::Query::from_request_parts(parts, app)
            .await
            .map_err(|error| ApiError::invalid_request(format!("The query cannot be read: {}.", error.body_text())))?;
        Ok(Query(query))
    }
}

/// A body that says nothing.
#[derive(serde::Deserialize, JsonSchema)]
pub struct Empty {}
