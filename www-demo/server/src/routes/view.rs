//! What callers see of the data.

use serde_json::{Map, Value as Json, json};

use crate::clock::iso;
use crate::domain::mask;
use crate::domain::method::Method;
use crate::store::{Authenticator, IMPORTED, Message, User, Webhook};

/// For whom a view is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Viewer<'a> {
    /// A browser: addresses are masked.
    Client,
    /// The backend, which knows this id of the user.
    Backend(&'a str),
}

/// An authenticator.
pub fn authenticator(authenticator: &Authenticator, is_default: bool, viewer: Viewer<'_>) -> Json {
    let mut view = Map::new();
    let mut put = |name: &str, value: Json| {
        if !value.is_null() {
            view.insert(name.to_owned(), value);
        }
    };
    if let Viewer::Backend(user_id) = viewer {
        put("userId", json!(user_id));
    }
    put("userAuthenticatorId", json!(authenticator.authenticator_id));
    put("verificationMethod", json!(authenticator.method));
    put("createdAt", json!(iso(authenticator.created_at)));
    put("verifiedAt", json!(authenticator.verified_at.map(iso)));
    put("lastVerifiedAt", json!(authenticator.last_verified_at.map(iso)));
    put("isDefault", json!(is_default));
    put("displayName", json!(authenticator.display_name));
    let masked = |mask: fn(&str) -> String| {
        json!(authenticator.address.as_deref().map(|address| match viewer {
            Viewer::Client => mask(address),
            Viewer::Backend(_) => address.to_owned(),
        }))
    };
    match authenticator.method {
        Method::EmailOtp | Method::EmailMagicLink => put("email", masked(mask::email)),
        Method::Sms => put("phoneNumber", masked(mask::phone_number)),
        _ => {}
    }
    if let Json::Object(details) = &authenticator.details {
        // The push token is an address, and nobody's business but the device's.
        for (name, value) in details.iter().filter(|(name, _)| !["pushToken", IMPORTED].contains(&name.as_str())) {
            put(name, value.clone());
        }
    }
    if let (Method::Passkey | Method::SecurityKey, Some(id)) = (authenticator.method, &authenticator.credential_id)
        && let Some(credential) = view.get_mut("webauthnCredential")
    {
        credential["credentialId"] = json!(id);
        credential["verifiedAt"] = json!(authenticator.verified_at.map(iso));
    }
    Json::Object(view)
}

/// A list of authenticators; the first is the default.
pub fn authenticators(all: &[Authenticator], viewer: Viewer<'_>) -> Json {
    all.iter().enumerate().map(|(at, one)| authenticator(one, at == 0, viewer)).collect()
}

/// The methods of these authenticators, each once.
pub fn methods(all: &[Authenticator]) -> Vec<Method> {
    let mut methods: Vec<Method> = Vec::new();
    for one in all {
        if !methods.contains(&one.method) {
            methods.push(one.method);
        }
    }
    methods
}

/// A user as the server API answers: what is unknown is left out.
pub fn user(user: &User) -> Map<String, Json> {
    let mut view = Map::new();
    for (name, value) in [
        ("email", json!(user.email)),
        ("emailVerified", json!(user.email_verified)),
        ("phoneNumber", json!(user.phone_number)),
        ("phoneNumberVerified", json!(user.phone_number_verified)),
        ("username", json!(user.username)),
        ("displayName", json!(user.display_name)),
        ("locale", json!(user.locale)),
        ("custom", json!(user.custom)),
    ] {
        if !value.is_null() {
            view.insert(name.to_owned(), value);
        }
    }
    view
}

/// What the tenant offers: every method, each active.
pub fn configuration() -> Json {
    Method::ALL
        .into_iter()
        .map(|method| json!({ "authenticatorId": method.name().to_lowercase(), "verificationMethod": method, "isActive": true }))
        .collect()
}

/// A message of the outbox.
pub fn message(message: &Message) -> Json {
    let mut view = json!({
        "kind": message.kind,
        "to": message.recipient,
        "userId": message.user_id,
        "createdAt": iso(message.created_at),
    });
    for (name, value) in [("code", &message.code), ("url", &message.url), ("challengeId", &message.challenge_id)] {
        if let Some(value) = value {
            view[name] = json!(value);
        }
    }
    view
}

/// An event of the outbox.
pub fn webhook(webhook: &Webhook) -> Json {
    let mut view = json!({
        "type": webhook.kind,
        "createdAt": iso(webhook.created_at),
        "state": webhook.delivery.name(),
        "attempts": webhook.attempts,
        "event": serde_json::from_str::<Json>(&webhook.body).unwrap_or_default(),
    });
    if let Some(outcome) = &webhook.outcome {
        view["outcome"] = json!(outcome);
    }
    view
}
