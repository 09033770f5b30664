//! What to send: URL and `fetch` options of a row, for the task's parameters.

use crate::operation::{Auth, Body, Cookies, Operation};
use crate::task::State;
use crate::value::{Outcome, Val, check, list, object, stringify, tenant, text, val};
use crate::words::k;

/// The two arguments of `fetch`.
pub(super) fn plan(row: &Operation, state: &State) -> Outcome {
    let with_cookies = row.cookies == Cookies::Always || state.has(k!("useCookies"));
    let suffix = match row.cookies {
        Cookies::Web if with_cookies => val(k!("/web")),
        // The only parameter that travels in a URL: credential ids, base64url and commas, which need no escape.
        Cookies::Default => state.get(k!("credentialIds")),
        // Joins as nothing.
        _ => Val::default(),
    };
    let url = text([state.context().get(k!("baseUrl")), val(k!("/client/")), val(row.path), suffix]);

    let token = state.token();
    let credentials = if row.auth != Auth::Tenant && token.is_truthy() {
        text([val(k!("Bearer ")), token])
    } else {
        text([val(k!("Basic ")), check!(tenant(state.context().get(k!("tenantId"))))])
    };
    // GET carries the content type too: the API is asked in just the way it is used to.
    let headers = object().with(k!("Content-Type"), val(k!("application/json"))).with(k!("Authorization"), credentials);
    let init = object().with(k!("method"), val(row.method)).with(k!("headers"), headers);
    let body = match &row.body {
        Body::None => None,
        Body::Fields(fields) => Some(object().take(state.parameters(), fields)),
        Body::Code => Some(object().with(k!("verificationCode"), state.get(k!("code")))),
        Body::Bare(parameter) => Some(state.get(*parameter)),
    };
    if let Some(body) = body {
        init.set(k!("body"), check!(stringify(body)));
    }
    let signal = state.context().get(k!("signal"));
    if signal.is_truthy() {
        init.set(k!("signal"), signal);
    }
    if row.cookies != Cookies::Default {
        init.set(k!("credentials"), val(if with_cookies { k!("include") } else { k!("same-origin") }));
    }
    list([url, init]).into()
}
