//! The token of authenticator binding.
//!
//! A verified challenge answers with a new token; while that lives, the user may add another authenticator. All that
//! the client does for it is to hold the token in memory and to replace it by each newer one. The cell is shared by all
//! instances of one base URL and tenant, because apps make one instance for each component, and by nobody else. It is an
//! object of the face's, out of reach of page script, so that a core that traps does not take the token along.

use crate::task::State;
use crate::value::{Outcome, Val, list, now, object, val};
use crate::words::k;

/// Takes the token that is set, falsy if there is none, and remembers whose it is.
pub(crate) fn token(state: &State) -> Val {
    let cell = cell(state);
    state.set(k!("user"), cell.get(k!("user")));
    cell.get(k!("token"))
}

/// Keeps the token that a reply brought, if it brought one. What the app has set or cleared since the token of the
/// request was taken stands: it may be another user's, or nobody's after a sign-out.
pub(crate) fn renew(state: &State, token: Val) {
    let cell = cell(state);
    if cell.get(k!("user")).equals(state.get(k!("user"))) && token.is_truthy() {
        cell.set(k!("token"), token);
    }
}

/// `token`, and `user`, which stands for whose it is: the token that the app itself has set last.
fn cell(state: &State) -> Val {
    state.context().get(k!("cell"))
}

/// What the token says of the binding window: `{state, expiresAt, remainingMs, scopes, userId}`, never the token itself.
/// The server decides; this is for showing. `open` is a token that is not over and may add authenticators, `expired` is
/// one that is over, `none` is no token, one that adds nothing, and one that cannot be read.
pub(crate) fn describe(state: &State) -> Outcome {
    let claims = token(state).to_claims();
    let scopes = claims.get(k!("scope")).ask(k!("split"), [val(k!(" "))]).or(list([]));
    let end = claims.get(k!("exp")).to_milliseconds();
    let has_end = end.is_positive();
    let remaining = end.minus(now());
    let adds = scopes.ask(k!("includes"), [val(k!("add:authenticators"))]).is_truthy();
    let (state, remaining) = if remaining.is_positive() {
        (if adds { k!("open") } else { k!("none") }, remaining)
    } else {
        (if has_end { k!("expired") } else { k!("none") }, 0.into())
    };
    object()
        .with(k!("state"), val(state))
        .with(k!("remainingMs"), remaining)
        .with(k!("scopes"), scopes)
        .with(k!("expiresAt"), if has_end { end } else { Val::default() })
        .with(k!("userId"), claims.get(k!("other")).get(k!("userId")).or(claims.get(k!("sub"))))
        .into()
}

/// How many seconds a token lives; NaN if it does not say.
pub(crate) fn lifetime(token: Val) -> Val {
    let claims = token.to_claims();
    claims.get(k!("exp")).minus(claims.get(k!("iat")))
}
