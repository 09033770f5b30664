//! `POST /client/init`: what the React SDK asks before it shows anything.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::app::App;
use crate::domain::mask;
use crate::domain::method::Method;
use crate::error::ApiResult;
use crate::routes::body::{Body, Empty};
use crate::routes::guard::{Holder, bearer};
use crate::routes::view;

/// The methods by which the token's user can be challenged.
pub async fn init(
    State(app): State<App>,
    holder: Holder,
    headers: HeaderMap,
    Body(Empty {}): Body<Empty>,
) -> ApiResult<Json<Value>> {
    let all = app.store.look().await?.verified_authenticators(&holder.user.user_key).await?;
    let methods = view::methods(&all);
    let mut options = json!({ "token": bearer(&headers), "verificationMethods": methods, "user": {} });
    if let Some(default) = methods.first() {
        options["defaultVerificationMethod"] = json!(default);
    }
    let address = |wanted: fn(Method) -> bool| all.iter().find(|one| wanted(one.method))?.address.as_deref();
    if let Some(email) = address(|method| matches!(method, Method::EmailOtp | Method::EmailMagicLink)) {
        options["user"]["email"] = json!(mask::email(email));
    }
    if let Some(number) = address(|method| method == Method::Sms) {
        options["user"]["phoneNumber"] = json!(mask::phone_number(number));
    }
    Ok(Json(json!({ "challengeOptions": options })))
}
