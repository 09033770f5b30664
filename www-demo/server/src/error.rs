//! Every failure becomes the same three keys: SDKs read `error`, `errorCode` or both.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::domain::binding::Refusal;
use crate::store::Trouble;

/// The API said no.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: Cow<'static, str>,
    description: Cow<'static, str>,
    /// Seconds after which it is worth asking again.
    retry_after: Option<i64>,
}

/// What a handler answers.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    fn new(status: StatusCode, code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code: code.into(), description: description.into(), retry_after: None }
    }

    /// The same by another code.
    pub fn called(self, code: Cow<'static, str>) -> Self {
        Self { code, ..self }
    }

    /// The request cannot be carried out as it stands.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// The same, with the status that says more.
    pub fn invalid_with(status: StatusCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, "invalid_request", description)
    }

    /// Nothing of this id that the caller may see.
    pub fn not_found(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", description)
    }

    /// The caller did not prove who they are.
    pub fn unauthorized(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", description)
    }

    /// The caller may not do this from where they are.
    pub fn forbidden(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", description)
    }

    /// The token has ended.
    pub fn expired_token(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "expired_token", description)
    }

    /// A credential that is not accepted, or that was looked for and is not there.
    pub fn invalid_credential(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_credential", description)
    }

    /// A credential that this tenant has never had, or has no longer: clients may tell the authenticator to forget it.
    pub fn unknown_credential() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unknown_credential",
            "This passkey is not registered here. Remove it from the device, and create another one.",
        )
    }

    /// Too much in too little time: allowed again after so many seconds.
    pub fn too_many_requests(seconds: i64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_requests",
                format!("Too many requests in too little time. Try again in {seconds} seconds."),
            )
        }
    }

    /// The backend's webhook did not take what was to be sent to a person.
    pub fn undelivered(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "invalid_configuration", description)
    }

    /// The operator has not said how.
    pub fn not_configured(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_configuration", description)
    }

    /// Not now, and perhaps elsewhere.
    pub fn unavailable(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", description)
    }

    /// Our own failure. What it was goes to the log, not to the caller.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "unexpected_error",
            "The server failed to answer; its log says why.",
        )
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The code and the description.
    pub fn parts(&self) -> (&str, &str) {
        (&self.code, &self.description)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotTheirs => Self::unauthorized("The token was issued for another user or tenant."),
            Refusal::Expired => {
                Self::expired_token("The token has expired. Have the user verify again, or track a new action.")
            }
            Refusal::WindowGone => Self::expired_token(
                "The authenticator that opened this binding window was removed, which ended the window. Have the user \
                 verify with another one.",
            ),
            Refusal::Scope(operation) => Self::new(
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                format!(
                    "{scope} is required: have the user verify with an existing authenticator first, or track the \
                     action with the scope {scope}.",
                    scope = operation.scope()
                ),
            ),
            Refusal::ActionRefused => Self::invalid_request("This action was refused. Track a new one."),
            Refusal::Last => {
                Self::invalid_request("The last authenticator cannot be removed. Add another one before it.")
            }
        }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        let trouble = Trouble::of(&error);
        let internal = Self::internal(error);
        match trouble {
            Trouble::Full => Self::unavailable("The server has no room to store this. Nothing was changed."),
            Trouble::Unreachable => Self::unavailable("The server's database does not answer. Try again."),
            Trouble::Contended => {
                Self::unavailable("Others changed the same at that moment. Nothing was changed. Try again.")
            }
            Trouble::Other => internal,
        }
    }
}

impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.code, "errorCode": self.code, "errorDescription": self.description });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Gives the triple to failures that were not made here: 405, 413, rejections of the framework, panics.
pub async fn as_triple(response: Response) -> Response {
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    // JSON was made here, and so were pages for people.
    let is_ours = content_type.starts_with(b"application/json") || content_type.starts_with(b"text/html");
    if is_ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let description = match status {
        StatusCode::NOT_FOUND => "There is no such path here.".to_owned(),
        StatusCode::METHOD_NOT_ALLOWED => "This path does not take this method.".to_owned(),
        StatusCode::PAYLOAD_TOO_LARGE => "The body is too large.".to_owned(),
        _ => status.canonical_reason().unwrap_or("The request failed.").to_owned(),
    };
    let triple = match status {
        StatusCode::NOT_FOUND => ApiError::not_found(description),
        status if status.is_server_error() => ApiError::new(status, "unexpected_error", description),
        status => ApiError::invalid_with(status, description),
    };
    let body = triple.into_response().into_body();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, body)
}
