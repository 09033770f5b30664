//! What each route answers: its summary and the schema of a success. A test holds every answer of the server's suite
//! against it, so that a field that is not here, or is not sent, is found.

use serde_json::{Map, Value, json};

use crate::domain::method::Method;
use crate::routes::Route;

/// An object with these members and no others; a name that ends in a question mark may be absent.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, schema) in members {
        match name.strip_suffix('?') {
            Some(name) => drop(properties.insert(name.to_owned(), schema)),
            None => {
                required.push(name.to_owned());
                properties.insert(name.to_owned(), schema);
            }
        }
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn date() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn truth() -> Value {
    json!({ "type": "boolean" })
}

fn seconds() -> Value {
    json!({ "type": "integer", "description": "Seconds since 1970." })
}

fn number() -> Value {
    json!({ "type": "integer" })
}

/// An object that is not ours to describe: of the specification of WebAuthn, or of the customer.
fn free() -> Value {
    json!({ "type": "object" })
}

/// Whatever the customer has put there.
fn anything() -> Value {
    json!({})
}

fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn method() -> Value {
    json!({ "type": "string", "enum": Method::ALL })
}

fn state() -> Value {
    json!({
        "type": "string",
        "enum": [
            "ALLOW", "BLOCK", "CHALLENGE_REQUIRED", "CHALLENGE_SUCCEEDED", "CHALLENGE_FAILED", "REVIEW_REQUIRED",
            "REVIEW_SUCCEEDED", "REVIEW_FAILED",
        ],
    })
}

fn failure() -> Value {
    json!({ "type": "string", "enum": ["CODE_INVALID_OR_EXPIRED", "MAX_ATTEMPTS_EXCEEDED"] })
}

fn success() -> Value {
    object([("success", truth())])
}

fn authenticator() -> Value {
    json!({ "$ref": "#/components/schemas/Authenticator" })
}

/// The schema of every refusal.
pub fn error() -> Value {
    object([("error", text()), ("errorCode", text()), ("errorDescription", text())])
}

/// What an upgrade to a socket answers.
pub fn socket() -> Value {
    json!({ "description": "A socket." })
}

/// An authenticator: browsers see addresses masked.
pub fn authenticator_schema() -> Value {
    object([
        ("userId?", text()),
        ("userAuthenticatorId", text()),
        ("verificationMethod", method()),
        ("createdAt", date()),
        ("verifiedAt?", date()),
        ("lastVerifiedAt?", date()),
        ("isDefault", truth()),
        ("displayName?", text()),
        ("email?", text()),
        ("phoneNumber?", text()),
        ("previousSmsChannel?", text()),
        ("authenticatorAttachment?", text()),
        ("deviceName?", text()),
        ("devicePlatform?", text()),
        ("webauthnCredential?", free()),
    ])
}

fn user_with<const N: usize>(more: [(&str, Value); N]) -> Value {
    let mut schema = object([
        ("email?", text()),
        ("emailVerified", truth()),
        ("phoneNumber?", text()),
        ("phoneNumberVerified", truth()),
        ("username?", text()),
        ("displayName?", text()),
        ("locale?", text()),
        ("custom?", anything()),
    ]);
    let more = object(more);
    for (name, member) in more["properties"].as_object().into_iter().flatten() {
        schema["properties"][name] = member.clone();
    }
    if let (Some(all), Some(more)) = (schema["required"].as_array_mut(), more["required"].as_array()) {
        all.extend(more.iter().cloned());
    }
    schema
}

fn challenged() -> Value {
    object([("challengeId", text())])
}

fn pending() -> Value {
    object([("userAuthenticatorId", text()), ("userId", text())])
}

fn verified() -> Value {
    object([
        ("isVerified", truth()),
        ("accessToken?", text()),
        ("failureReason?", failure()),
        ("userAuthenticator?", authenticator()),
    ])
}

fn registered() -> Value {
    object([
        ("isVerified", truth()),
        // Not where a cookie is to do without: `--cookies-hide-tokens`.
        ("accessToken?", text()),
        ("userId", text()),
        ("userAuthenticatorId", text()),
        ("userAuthenticator", authenticator()),
    ])
}

fn asserted() -> Value {
    object([
        ("isVerified", truth()),
        // Not where a cookie is to do without: `--cookies-hide-tokens`.
        ("accessToken?", text()),
        ("userId", text()),
        ("userAuthenticatorId", text()),
        ("username?", text()),
        ("userDisplayName?", text()),
    ])
}

fn options() -> Value {
    object([("challengeId", text()), ("options", free())])
}

fn device() -> Value {
    object([
        ("userAuthenticatorId", text()),
        ("userId", text()),
        ("verifiedAt", date()),
        ("lastVerifiedAt?", date()),
        ("pushToken?", text()),
        ("accessToken?", text()),
    ])
}

fn configuration() -> Value {
    list(object([("authenticatorId", text()), ("verificationMethod", method()), ("isActive", truth())]))
}

fn tracked() -> Value {
    object([
        ("idempotencyKey", text()),
        ("state", state()),
        ("url", text()),
        ("token", text()),
        ("isEnrolled", truth()),
        ("enrolledVerificationMethods", list(method())),
        ("allowedVerificationMethods", list(method())),
        ("defaultVerificationMethod?", method()),
    ])
}

fn pair() -> Value {
    object([("accessToken", text()), ("refreshToken", text())])
}

fn user_device() -> Value {
    object([
        ("userId", text()),
        ("deviceId", text()),
        ("createdAt", date()),
        ("authenticatedAt?", date()),
        ("invalidatedAt?", date()),
        ("rememberedUntil?", date()),
        ("lastVerificationMethod?", method()),
    ])
}

fn users() -> Value {
    object([("users", list(user_with([("userId", text()), ("authenticators", list(authenticator()))])))])
}

fn moment() -> Value {
    object([("name", text()), ("rows", number())])
}

/// What a route is for, and what it answers; nothing for pages, files and the demo's own backend.
#[expect(clippy::too_many_lines, reason = "a table")]
pub fn of(route: &Route) -> Option<(&'static str, Value)> {
    let rest = route.path.strip_prefix("/v1/client/").unwrap_or(route.path);
    Some(match (route.method.as_str(), rest) {
        ("POST", "init") => (
            "By what the token's user can be challenged.",
            object([(
                "challengeOptions",
                object([
                    ("token", text()),
                    ("verificationMethods", list(method())),
                    ("defaultVerificationMethod?", method()),
                    ("user", object([("email?", text()), ("phoneNumber?", text())])),
                ]),
            )]),
        ),
        ("GET", "public/{tenant_id}/.well-known/jwks") => {
            ("The public keys of RS256 tokens.", object([("keys", list(free()))]))
        }
        ("GET", "authenticators" | "/v1/authenticators") => ("What the tenant offers.", configuration()),
        ("POST", "challenge" | "challenge/web") => {
            ("Names the action of a sign-in.", object([("challengeId", text()), ("nonce", text())]))
        }
        ("GET", "user-authenticators") => ("The user's authenticators, addresses masked.", list(authenticator())),
        ("PATCH", "user-authenticators/{authenticator_id}") => ("Names an authenticator.", authenticator()),
        ("DELETE", "user-authenticators/{authenticator_id}") => ("Removes an authenticator.", success()),
        ("GET", "user-authenticators/passkey") => {
            ("Which of these passkeys is registered.", object([("credentialId", text()), ("verifiedAt", date())]))
        }
        (
            "POST",
            "user-authenticators/passkey/registration-options" | "user-authenticators/passkey/registration-options/web",
        ) => ("Begins to create a passkey.", options()),
        ("POST", "user-authenticators/passkey") => ("Registers a passkey.", registered()),
        (
            "POST",
            "user-authenticators/passkey/authentication-options"
            | "user-authenticators/passkey/authentication-options/web",
        ) => ("Begins a sign-in by passkey.", options()),
        ("POST", "verify/passkey") => ("Signs in by passkey.", asserted()),
        (
            "POST",
            "user-authenticators/security-key/registration-options"
            | "user-authenticators/security-key/authentication-options",
        ) => ("Begins a ceremony with a security key.", free()),
        ("POST", "user-authenticators/security-key") => ("Registers a security key.", registered()),
        ("POST", "verify/security-key") => ("Meets a challenge with a security key.", asserted()),
        ("POST", "user-authenticators/totp") => (
            "Begins to enrol an authenticator app.",
            object([("userAuthenticatorId", text()), ("userId", text()), ("uri", text()), ("secret", text())]),
        ),
        (
            "POST",
            "verify/totp"
            | "verify/email-otp"
            | "verify/sms"
            | "verify/whatsapp"
            | "verify/recovery-code"
            | "verify/email-magic-link/finalize",
        ) => ("Finishes an enrolment, or meets a challenge.", verified()),
        ("POST", "user-authenticators/email-otp" | "user-authenticators/sms") => {
            ("Begins an enrolment: a code is sent.", pending())
        }
        ("POST", "challenge/email-otp" | "challenge/sms" | "challenge/whatsapp") => ("Sends a code.", challenged()),
        ("POST", "user-authenticators/email-magic-link") => (
            "Begins an enrolment: a link is sent.",
            object([("challengeId", text()), ("userAuthenticatorId", text()), ("userId", text())]),
        ),
        ("POST", "challenge/email-magic-link") => ("Sends a link.", challenged()),
        ("POST", "challenge/push") => (
            "Asks the user's phones.",
            object([
                ("challengeId", text()),
                ("deliveryResults", list(object([("userAuthenticatorId", text()), ("errorCode?", text())]))),
            ]),
        ),
        ("POST", "verify/push") => (
            "What a phone has answered.",
            object([("isVerified", truth()), ("isConsumed", truth()), ("accessToken?", text())]),
        ),
        ("POST", "user-authenticators/push" | "user-authenticators/qr-code" | "user-authenticators/in-app") => {
            ("Registers a device's key.", device())
        }
        ("GET", "user-authenticators/push" | "user-authenticators/qr-code" | "user-authenticators/in-app") => {
            ("Whether a device's key is registered.", device())
        }
        ("PATCH", "user-authenticators/push") => ("Changes how a device is reached.", device()),
        ("POST", "user-authenticators/push/sign") => {
            ("A message to sign before an update.", object([("challengeId", text()), ("message", text())]))
        }
        (
            "POST",
            "user-authenticators/push/remove"
            | "user-authenticators/qr-code/remove"
            | "user-authenticators/in-app/remove",
        ) => ("A device removes its own key.", object([("removedAuthenticatorId", text())])),
        ("POST", "user-authenticators/push/challenge/sign") => {
            ("A message to sign before asking what waits.", object([("message", text())]))
        }
        ("GET", "user-authenticators/push/challenge") => (
            "What waits for a device.",
            object([
                ("userAuthenticatorId", text()),
                ("challengeId?", text()),
                ("userId?", text()),
                ("actionCode?", text()),
                ("idempotencyKey?", text()),
                ("expiresAt?", seconds()),
                ("userAgent?", text()),
                ("deviceId?", text()),
                ("ipAddress?", text()),
                ("custom?", anything()),
                ("user?", free()),
            ]),
        ),
        ("POST", "user-authenticators/push/challenge" | "user-authenticators/qr-code/challenge") => {
            ("A device answers a challenge.", object([("isVerified", truth())]))
        }
        ("POST", "challenge/qr-code") => {
            ("Makes a QR code.", object([("challengeId", text()), ("deviceCode", text()), ("expiresAt", date())]))
        }
        ("POST", "verify/qr-code") => (
            "How far a QR code has come.",
            object([
                ("isClaimed", truth()),
                ("isConsumed", truth()),
                ("isVerified", truth()),
                ("accessToken?", text()),
            ]),
        ),
        ("POST", "user-authenticators/qr-code/challenge/claim") => (
            "A device claims a QR code.",
            object([
                ("success", truth()),
                ("actionCode", text()),
                ("idempotencyKey?", text()),
                ("custom?", anything()),
                ("userAgent?", text()),
                ("ipAddress?", text()),
                ("user?", free()),
            ]),
        ),
        ("GET", "/ws-v1-challenge") => ("QR codes over a socket.", socket()),
        ("POST", "verify/in-app") => (
            "Signs in by a key in the app.",
            object([("token", text()), ("userId", text()), ("userAuthenticatorId", text()), ("username?", text())]),
        ),
        ("GET", "ui") => ("What the pre-built UI is to do.", free()),
        ("POST", "ui/renew") => ("Another token for the pre-built UI.", object([("token", text()), ("now", date())])),
        ("POST", "recovery-codes") => ("A new list of recovery codes.", object([("recoveryCodes", list(text()))])),

        ("GET", "/v1/users") => (
            "Users by their attributes.",
            object([
                ("users", list(user_with([("userId", text())]))),
                ("lastEvaluatedUserId?", text()),
                ("tokenPayload?", free()),
            ]),
        ),
        ("GET", "/v1/users/{user_id}") => (
            "A user; one who is unknown is not enrolled.",
            user_with([
                ("isEnrolled", truth()),
                ("enrolledVerificationMethods", list(method())),
                ("allowedVerificationMethods", list(method())),
                ("defaultVerificationMethod?", method()),
            ]),
        ),
        ("PATCH" | "POST", "/v1/users/{user_id}") => ("Changes a user, or creates them.", user_with([])),
        ("DELETE", "/v1/users/{user_id}") => ("Deletes a user and all that is theirs.", success()),
        ("GET", "/v1/users/{user_id}/authenticators") => ("The user's authenticators.", list(authenticator())),
        ("POST", "/v1/users/{user_id}/authenticators") => {
            ("Enrols what the backend has verified.", object([("authenticator", authenticator())]))
        }
        ("POST", "/v1/users/authenticators") => (
            "Enrols passkeys that were created elsewhere, up to 1,000 at once.",
            object([
                ("total", number()),
                ("succeeded", number()),
                ("failed", number()),
                (
                    "failures",
                    list(object([
                        ("userId", text()),
                        ("credentialId", text()),
                        ("errorCode", text()),
                        ("errorDescription", text()),
                    ])),
                ),
            ]),
        ),
        ("GET", "/v1/users/{user_id}/devices") => ("The user's devices.", list(user_device())),
        ("PATCH", "/v1/users/{user_id}/devices/{device_id}") => {
            ("Says until when a device is remembered.", user_device())
        }
        ("POST", "/v1/users/{user_id}/devices/{device_id}/invalidate") => {
            ("Ends the trust in a device.", user_device())
        }
        ("DELETE", "/v1/users/{user_id}/authenticators/{authenticator_id}") => ("Removes an authenticator.", success()),
        ("GET", "/v1/users/{user_id}/actions") => (
            "The user's actions, the newest first.",
            list(object([
                ("actionCode", text()),
                ("idempotencyKey", text()),
                ("createdAt", date()),
                ("updatedAt", date()),
                ("state", state()),
                ("stateUpdatedAt", date()),
                ("verificationMethod?", method()),
                ("verifiedByAuthenticatorId?", text()),
            ])),
        ),
        ("POST", "/v1/users/{user_id}/actions/{action}") => ("Tracks an action.", tracked()),
        ("GET", "/v1/users/{user_id}/actions/{action}/{idempotency_key}") => (
            "How an action stands.",
            object([
                ("state", state()),
                ("stateUpdatedAt", date()),
                ("createdAt", date()),
                ("rules", list(free())),
                ("verificationMethod?", method()),
            ]),
        ),
        ("PATCH", "/v1/users/{user_id}/actions/{action}/{idempotency_key}") => {
            ("Decides an action.", object([("state", state())]))
        }
        ("POST", "/v1/validate") => (
            "How the action of a token stands.",
            object([
                ("isValid", truth()),
                ("error?", text()),
                ("state?", state()),
                ("stateUpdatedAt?", date()),
                ("userId?", text()),
                ("action?", text()),
                ("actionCode?", text()),
                ("idempotencyKey?", text()),
                ("verificationMethod?", method()),
            ]),
        ),
        ("POST", "/v1/challenge") => (
            "Sends a code to an address.",
            object([("challengeId", text()), ("idempotencyKey", text()), ("expiresAt", seconds())]),
        ),
        ("POST", "/v1/verify") => (
            "Checks a code.",
            object([
                ("isVerified", truth()),
                ("verificationMethod?", method()),
                ("email?", text()),
                ("phoneNumber?", text()),
                ("failureReason?", failure()),
            ]),
        ),
        ("POST", "/v1/claim") => {
            ("Gives a challenge to a user.", object([("token", text()), ("verificationMethod", method())]))
        }
        ("GET", "/v1/challenges") => (
            "The newest challenge that can be answered.",
            object([
                ("challengeId?", text()),
                ("expiresAt?", seconds()),
                ("verificationMethod?", method()),
                ("smsChannel?", text()),
                ("action?", text()),
                ("email?", text()),
                ("phoneNumber?", text()),
            ]),
        ),
        ("POST", "/v1/sessions") => ("Makes a session of a verified token.", pair()),
        ("POST", "/v1/sessions/validate") => (
            "Whose session it is.",
            object([
                ("user", user_with([("userId", text())])),
                ("expiresAt", seconds()),
                ("verificationMethod?", method()),
            ]),
        ),
        ("POST", "/v1/sessions/refresh") => ("A new pair of tokens.", pair()),
        ("POST", "/v1/sessions/revoke") => ("Ends a session.", success()),
        ("POST", "/v1/sessions/user/revoke") => ("Ends all sessions of a user.", success()),

        ("GET" | "POST", "/local/clock") => ("The clock, and moving it.", object([("now", date())])),
        ("POST", "/local/reset") => ("Empties everything.", success()),
        ("GET", "/local/outbox") => {
            ("What was sent.", object([("messages", list(free())), ("webhooks", list(free()))]))
        }
        ("GET" | "POST", "/local/faults") => ("What is to go wrong.", object([("faults", list(free()))])),
        ("GET", "/local/log") => ("The last requests.", object([("requests", list(free()))])),
        ("GET" | "POST", "/local/users") => ("Who is there.", users()),
        ("POST", "/local/track") => ("Tracks, for testers without a backend.", tracked()),
        ("POST", "/local/snapshot") => ("Keeps a moment.", moment()),
        ("POST", "/local/restore") => ("Comes back to it.", moment()),
        _ => return None,
    })
}
