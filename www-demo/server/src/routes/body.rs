//! The bodies of requests.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::app::{App, LARGEST_BODY};
use crate::error::{ApiError, ApiResult};

/// A JSON body. An empty one counts as `{}`: SDKs announce JSON and send nothing.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &App) -> ApiResult<Self> {
        let is_json = is_json(&request);
        let bytes = to_bytes(request.into_body(), LARGEST_BODY).await.map_err(|_| {
            ApiError::invalid_with(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("The body is larger than {LARGEST_BODY} bytes, or ended early."),
            )
        })?;
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
    serde_json::from_value(json)
        .map_err(|error| unprocessable(format!("A field of the body is missing or of the wrong type: {error}.")))
}

/// A body that says nothing.
#[derive(serde::Deserialize)]
pub struct Empty {}
