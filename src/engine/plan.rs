//! What to send: URL and `fetch` options of a row, for the task's parameters.

use super::rows::{self, Row};
use crate::operation::{Auth, Cookies};
use crate::task::State;
use crate::value::{Outcome, Val, check, list, object, stringify, tenant, text, val};
use crate::words::k;

/// The two arguments of `fetch`.
pub(super) fn plan(number: u32, row: &Row, state: &State) -> Outcome {
    let cookies = row.cookies();
    let with_cookies = cookies == Cookies::Always as u8 || state.has(k!("useCookies"));
    let suffix = if cookies == Cookies::Default as u8 {
        // The only parameter that travels in a URL: credential ids, base64url and commas, which need no escape.
        state.get(k!("credentialIds"))
    } else if cookies == Cookies::Web as u8 && with_cookies {
        val(k!("/web"))
    } else {
        // Joins as nothing.
        Val::default()
    };
    let url = text([state.context().get(k!("baseUrl")), val(k!("/client/")), val(rows::path(number)), suffix]);

    let token = state.token();
    let credentials = if row.auth() != Auth::Tenant as u8 && token.is_truthy() {
        text([val(k!("Bearer ")), token])
    } else {
        text([val(k!("Basic ")), check!(tenant(state.context().get(k!("tenantId"))))])
    };
    // GET carries the content type too: the API is asked in just the way it is used to.
    let headers = object().with(k!("Content-Type"), val(k!("application/json"))).with(k!("Authorization"), credentials);
    let body = row.body();
    let method = if body == rows::GET { k!("GET") } else { k!("POST") };
    let init = object().with(k!("method"), val(method)).with(k!("headers"), headers);
    if body >= rows::FIELDS {
        let body = if body == rows::FIELDS {
            object().take(state.parameters(), row.fields())
        } else {
            state.get(row.fields()[0].word())
        };
        init.set(k!("body"), check!(stringify(body)));
    }
    let signal = state.context().get(k!("signal"));
    if signal.is_truthy() {
        init.set(k!("signal"), signal);
    }
    if cookies != Cookies::Default as u8 {
        init.set(k!("credentials"), val(if with_cookies { k!("include") } else { k!("same-origin") }));
    }
    list([url, init]).into()
}
