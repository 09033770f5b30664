//! The token of authenticator binding.
//!
//! A verified challenge answers with a new token; while that lives, the user may add another authenticator. All that
//! the client does for it is to hold the token in memory and to replace it by each newer one. The cell is shared by all
//! instances of one base URL and tenant, because apps make one instance for each component, and by nobody else. It is an
//! object of the face's, out of reach of page script, so that a core that traps does not take the token along.

use crate::task::State;
use crate::value::Val;
use crate::words::k;

/// The token that is set; falsy if there is none.
pub(crate) fn token(state: &State) -> Val {
    state.context.get(k!("cell")).get(k!("token"))
}

/// Takes the token that a reply brought, if it brought one.
pub(crate) fn renew(state: &State, token: Val) {
    if token.is_truthy() {
        state.context.get(k!("cell")).set(k!("token"), token);
    }
}
