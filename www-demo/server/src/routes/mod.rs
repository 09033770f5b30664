//! The route table: every path, what it needs, and who answers.

pub mod body;
pub mod client;
pub mod demo;
pub mod guard;
pub mod local;
pub mod local_pages;
pub mod server;
pub mod socket;
pub mod ui;
pub mod view;

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::app::{App, LARGEST_BODY};
use crate::domain::binding::Operation;
use crate::openapi::{self, Arguments, Asked};
use crate::operations;

/// What a request must bring before its handler sees it; [`guard::check`] sees to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing. Never for a route that changes anything.
    Nothing,
    /// The tenant's id: the start of a ceremony whose user is not known yet.
    Tenant,
    /// An unexpired token of a user.
    Token,
    /// A token, or else the tenant's id.
    TokenOrTenant,
    /// A token that may do this to its user's authenticators. Checked before the handler and again at commit.
    Change(Operation),
    /// A token or the tenant's id, and the answer to a challenge. Where that finishes an enrolment, the handler asks
    /// [`crate::domain::binding::decide`] at commit.
    Proof,
    /// The tenant's id, and a device's signature over something that is used once: the handler checks it.
    Signature,
    /// A one-time secret in the body, which the handler checks.
    OneTime,
    /// A token or the tenant's id, among the protocols of a socket.
    Socket,
    /// The backend's secret.
    Secret,
    /// A page of this very server, or a program on this machine: no page of another site.
    Local,
}

/// One row.
pub struct Route {
    /// The HTTP method.
    pub method: Method,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// What it needs.
    pub need: Need,
    /// Who answers.
    pub handler: MethodRouter<App>,
    /// What its handler asks a request for.
    pub asked: fn() -> Asked,
    /// The largest body that is read, in bytes.
    pub largest_body: usize,
}

impl Route {
    /// Whether it is there for a tester or the demo, and not in a deployment.
    pub fn is_local(&self) -> bool {
        self.path.starts_with("/local/") || self.path.starts_with("/demo/")
    }

    /// The same, for bodies of up to so many bytes.
    fn reading(self, largest_body: usize) -> Self {
        Self { largest_body, ..self }
    }
}

fn route<H, T>(method: Method, filter: MethodFilter, path: &'static str, need: Need, handler: H) -> Route
where
    H: Handler<T, App>,
    T: Arguments + 'static,
{
    Route { method, path, need, handler: on(filter, handler), asked: T::asked, largest_body: LARGEST_BODY }
}

macro_rules! verbs {
    ($($verb:ident $method:ident;)+) => {$(
        fn $verb<H: Handler<T, App>, T: Arguments + 'static>(path: &'static str, need: Need, handler: H) -> Route {
            route(Method::$method, MethodFilter::$method, path, need, handler)
        }
    )+};
}

verbs! {
    get GET;
    post POST;
    patch PATCH;
    delete DELETE;
}

/// Every route but the static files.
#[rustfmt::skip] // A table reads by its columns.
pub fn table() -> Vec<Route> {
    use Need::{Change, Local, Nothing, OneTime, Proof, Secret, Signature, Socket, Tenant, Token, TokenOrTenant};
    use Operation::{Add, Remove, Update};
    use client::{authenticators, challenge, codes, devices, in_app, init, keys, magic_link, passkey, push, qr_code};
    use client::{recovery_codes, security_key, totp};
    vec![
        post("/v1/client/init", Token, init::init),
        get("/v1/client/public/{tenant_id}/.well-known/jwks", Nothing, keys::jwks),
        get("/v1/client/authenticators", TokenOrTenant, authenticators::configuration),
        post("/v1/client/challenge", TokenOrTenant, challenge::start),
        post("/v1/client/challenge/web", TokenOrTenant, challenge::start_web),
        get("/v1/client/user-authenticators", Token, authenticators::list),
        patch("/v1/client/user-authenticators/{authenticator_id}", Change(Update), authenticators::rename),
        delete("/v1/client/user-authenticators/{authenticator_id}", Change(Remove), authenticators::remove),

        get("/v1/client/user-authenticators/passkey", Tenant, authenticators::find_passkey),
        post("/v1/client/user-authenticators/passkey/registration-options", Change(Add), passkey::registration_options),
        post("/v1/client/user-authenticators/passkey/registration-options/web", Change(Add), passkey::registration_options_web),
        post("/v1/client/user-authenticators/passkey", Change(Add), passkey::register),
        post("/v1/client/user-authenticators/passkey/authentication-options", TokenOrTenant, passkey::authentication_options),
        post("/v1/client/user-authenticators/passkey/authentication-options/web", TokenOrTenant, passkey::authentication_options_web),
        post("/v1/client/verify/passkey", Proof, passkey::verify),

        post("/v1/client/user-authenticators/security-key/registration-options", Change(Add), security_key::registration_options),
        post("/v1/client/user-authenticators/security-key", Change(Add), security_key::register),
        post("/v1/client/user-authenticators/security-key/authentication-options", Token, security_key::authentication_options),
        post("/v1/client/verify/security-key", Proof, security_key::verify),

        post("/v1/client/user-authenticators/totp", Change(Add), totp::enrol),
        post("/v1/client/verify/totp", Proof, totp::verify),

        post("/v1/client/user-authenticators/email-otp", Change(Add), codes::enrol_email),
        post("/v1/client/challenge/email-otp", Token, codes::challenge_email),
        post("/v1/client/verify/email-otp", Proof, codes::verify_email),
        post("/v1/client/user-authenticators/sms", Change(Add), codes::enrol_sms),
        post("/v1/client/challenge/sms", Token, codes::challenge_sms),
        post("/v1/client/verify/sms", Proof, codes::verify_sms),
        post("/v1/client/challenge/whatsapp", Token, codes::challenge_whatsapp),
        post("/v1/client/verify/whatsapp", Proof, codes::verify_whatsapp),

        post("/v1/client/user-authenticators/email-magic-link", Change(Add), magic_link::enrol),
        post("/v1/client/challenge/email-magic-link", Token, magic_link::challenge),
        post("/v1/client/verify/email-magic-link/finalize", Proof, magic_link::finalize),
        get(magic_link::PATH, Nothing, magic_link::landing),
        post(magic_link::PATH, OneTime, magic_link::confirm),

        post("/v1/client/challenge/push", Token, push::challenge),
        post("/v1/client/verify/push", Proof, push::verify),
        post("/v1/client/user-authenticators/push", Change(Add), devices::add),
        get("/v1/client/user-authenticators/push", Tenant, devices::get),
        patch("/v1/client/user-authenticators/push", Signature, devices::update),
        post("/v1/client/user-authenticators/push/sign", Tenant, devices::start_update),
        post("/v1/client/user-authenticators/push/remove", Signature, devices::remove),
        post("/v1/client/user-authenticators/push/challenge/sign", Tenant, devices::start_poll),
        get("/v1/client/user-authenticators/push/challenge", Signature, devices::poll),
        post("/v1/client/user-authenticators/push/challenge", Signature, push::answer),

        post("/v1/client/challenge/qr-code", TokenOrTenant, qr_code::challenge),
        post("/v1/client/verify/qr-code", Tenant, qr_code::verify),
        post("/v1/client/user-authenticators/qr-code", Change(Add), devices::add),
        get("/v1/client/user-authenticators/qr-code", Tenant, devices::get),
        post("/v1/client/user-authenticators/qr-code/remove", Signature, devices::remove),
        post("/v1/client/user-authenticators/qr-code/challenge/claim", Signature, qr_code::claim),
        post("/v1/client/user-authenticators/qr-code/challenge", Signature, qr_code::answer),
        get("/ws-v1-challenge", Socket, socket::open),

        post("/v1/client/user-authenticators/in-app", Change(Add), devices::add),
        get("/v1/client/user-authenticators/in-app", Tenant, devices::get),
        post("/v1/client/user-authenticators/in-app/remove", Signature, devices::remove),
        post("/v1/client/verify/in-app", Proof, in_app::verify),

        get("/ui/", Nothing, ui::page),
        get("/ui/logo", Nothing, ui::logo),
        get("/challenge", Nothing, ui::page),
        get("/v1/client/ui", Token, ui::open),
        post("/v1/client/ui/renew", Tenant, ui::renew),
        post("/v1/client/recovery-codes", Change(Add), recovery_codes::issue),
        post("/v1/client/verify/recovery-code", Proof, recovery_codes::verify),

        get("/v1/authenticators", Secret, server::authenticators::configuration),
        get("/v1/users", Secret, server::users::query),
        get("/v1/users/{user_id}", Secret, server::users::get),
        patch("/v1/users/{user_id}", Secret, server::users::update),
        post("/v1/users/{user_id}", Secret, server::users::update),
        delete("/v1/users/{user_id}", Secret, server::users::delete),
        get("/v1/users/{user_id}/authenticators", Secret, server::authenticators::list),
        post("/v1/users/{user_id}/authenticators", Secret, server::authenticators::enrol),
        // A user of the id `authenticators` is reached as `%61uthenticators`.
        post("/v1/users/authenticators", Secret, server::authenticators::enrol_all).reading(server::authenticators::LARGEST_BATCH),
        delete("/v1/users/{user_id}/authenticators/{authenticator_id}", Secret, server::authenticators::delete),
        get("/v1/users/{user_id}/devices", Secret, server::devices::list),
        patch("/v1/users/{user_id}/devices/{device_id}", Secret, server::devices::update),
        post("/v1/users/{user_id}/devices/{device_id}/invalidate", Secret, server::devices::invalidate),
        get("/v1/users/{user_id}/actions", Secret, server::actions::query),
        post("/v1/users/{user_id}/actions/{action}", Secret, server::actions::track),
        get("/v1/users/{user_id}/actions/{action}/{idempotency_key}", Secret, server::actions::get),
        patch("/v1/users/{user_id}/actions/{action}/{idempotency_key}", Secret, server::actions::update),
        post("/v1/validate", Secret, server::actions::validate),
        post("/v1/challenge", Secret, server::challenges::challenge),
        post("/v1/verify", Secret, server::challenges::verify),
        post("/v1/claim", Secret, server::challenges::claim),
        get("/v1/challenges", Secret, server::challenges::get),
        post("/v1/sessions", Secret, server::sessions::create),
        post("/v1/sessions/validate", Secret, server::sessions::validate),
        post("/v1/sessions/refresh", Secret, server::sessions::refresh),
        post("/v1/sessions/revoke", Secret, server::sessions::revoke),
        post("/v1/sessions/user/revoke", Secret, server::sessions::revoke_user),

        get("/openapi.json", Nothing, openapi::document),
        get("/openapi", Nothing, openapi::page),
        get("/health", Nothing, operations::health),
        get("/ready", Nothing, operations::ready),
        get("/metrics", Nothing, operations::metrics),

        get("/local/clock", Local, local::clock),
        post("/local/clock", Local, local::advance_clock),
        post("/local/reset", Local, local::reset),
        get("/local/outbox", Local, local::outbox),
        get("/local/phone", Local, local_pages::phone),
        get("/local/files/{name}", Local, local_pages::file),
        get("/local/faults", Local, local::faults),
        post("/local/faults", Local, local::set_faults),
        get("/local/log", Local, local::log),
        get("/local/users", Local, local::users),
        post("/local/users", Local, local::seed_users),
        post("/local/track", Local, local::track),
        post("/local/snapshot", Local, local::snapshot),
        post("/local/restore", Local, local::restore),

        get("/demo/session", Nothing, demo::session),
        get("/demo/authenticators", Nothing, demo::authenticators),
        post("/demo/sign-up", Local, demo::sign_up),
        post("/demo/sign-in", Local, demo::sign_in),
        post("/demo/sign-out", Local, demo::sign_out),
        post("/demo/token", Local, demo::token),
    ]
}
