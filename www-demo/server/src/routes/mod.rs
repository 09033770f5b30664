//! The route table: every path, what it needs, and who answers.

pub mod body;
pub mod client;
pub mod demo;
pub mod guard;
pub mod local;
pub mod server;
pub mod view;

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::app::App;
use crate::domain::binding::Operation;

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
}

fn route<H, T>(method: Method, filter: MethodFilter, path: &'static str, need: Need, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    Route { method, path, need, handler: on(filter, handler) }
}

macro_rules! verbs {
    ($($verb:ident $method:ident;)+) => {$(
        fn $verb<H: Handler<T, App>, T: 'static>(path: &'static str, need: Need, handler: H) -> Route {
            route(Method::$method, MethodFilter::$method, path, need, handler)
        }
    )+};
}

verbs! {
    get GET;
    post POST;
    delete DELETE;
}

/// Every route but the static files.
#[rustfmt::skip] // A table reads by its columns.
pub fn table() -> Vec<Route> {
    use Need::{Change, Local, Nothing, Proof, Secret, Tenant, Token, TokenOrTenant};
    use Operation::Add;
    vec![
        post("/v1/client/challenge", TokenOrTenant, client::challenge::start),
        get("/v1/client/user-authenticators", Token, client::authenticators::list),
        get("/v1/client/user-authenticators/passkey", Tenant, client::authenticators::find_passkey),
        post("/v1/client/user-authenticators/passkey/registration-options", Change(Add), client::passkey::registration_options),
        post("/v1/client/user-authenticators/passkey", Change(Add), client::passkey::register),
        post("/v1/client/user-authenticators/passkey/authentication-options", TokenOrTenant, client::passkey::authentication_options),
        post("/v1/client/verify/passkey", Proof, client::passkey::verify),
        post("/v1/client/user-authenticators/totp", Change(Add), client::totp::enrol),
        post("/v1/client/verify/totp", Proof, client::totp::verify),

        post("/v1/users/{user_id}/actions/{action}", Secret, server::actions::track),
        post("/v1/validate", Secret, server::actions::validate),
        get("/v1/users/{user_id}", Secret, server::users::get),
        delete("/v1/users/{user_id}", Secret, server::users::delete),
        get("/v1/users/{user_id}/authenticators", Secret, server::authenticators::list),
        delete("/v1/users/{user_id}/authenticators/{authenticator_id}", Secret, server::authenticators::delete),

        get("/local/clock", Local, local::clock),
        post("/local/clock", Local, local::advance_clock),
        post("/local/reset", Local, local::reset),

        get("/demo/session", Nothing, demo::session),
        get("/demo/authenticators", Nothing, demo::authenticators),
        post("/demo/sign-up", Local, demo::sign_up),
        post("/demo/sign-in", Local, demo::sign_in),
        post("/demo/sign-out", Local, demo::sign_out),
        post("/demo/token", Local, demo::token),
    ]
}
