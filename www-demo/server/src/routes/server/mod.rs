//! The server API: what the customer's backend calls, with the tenant's secret.

pub mod actions;
pub mod authenticators;
pub mod challenges;
pub mod devices;
pub mod sessions;
pub mod users;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::routes::body::refuse_nul;

/// The parameters of a path, percent-decoded and otherwise byte for byte.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        refuse_nul(&parts.uri)?;
        let Path(params) = Path::from_request_parts(parts, app)
            .await
            .map_err(|error| ApiError::invalid_request(format!("The path cannot be read: {}.", error.body_text())))?;
        Ok(Params(params))
    }
}
