//! The passkeys known on this device: a map of user id to credential ids in `localStorage`.
//!
//! It only serves hints (`isAvailableOnDevice`), so nothing here may fail an operation: storage that is denied, full or
//! corrupt costs the hint and no more.

#[cfg(not(feature = "js"))]
use crate::lines::{store, stored};
#[cfg(feature = "js")]
use crate::value::Fresh;
use crate::value::{Val, global, list, object, val};
use crate::words::{Word, k};
#[cfg(feature = "js")]
use wasm_bindgen::prelude::*;

#[cfg(feature = "js")]
#[wasm_bindgen(module = "/src/storage.js")]
extern "C" {
    fn stored(key: Val) -> Fresh;
    fn store(key: Val, value: Val) -> Fresh;
}

/// The key that `@authsignal/browser` uses, so that changing the import loses no entry.
const KEY: Word = k!("as_user_passkey_map");

fn load() -> Val {
    let map = Val::from(stored(val(KEY)));
    if map.is_object() { map } else { object() }
}

fn save(map: Val) {
    // Denied or full: see above.
    let _ = store(val(KEY), map);
}

/// The credential ids of one user. What is no list, such as an inherited property, is an empty one.
fn credentials(map: Val, user: Val) -> Val {
    let known = map.get_by(user);
    if known.is_list() { known } else { list([]) }
}

/// Where that credential stands in a list, below 0 if nowhere.
fn position(known: Val, credential: Val) -> i32 {
    known.ask(k!("indexOf"), [credential]).to_int()
}

/// Remembers a credential of that user; one without an id has the key `""`.
pub(crate) fn remember(user: Val, credential: Val) {
    let map = load();
    let user = user.or(val(k!("")));
    let known = credentials(map, user);
    if position(known, credential) < 0 {
        known.push(credential);
        map.set_by(user, known);
        save(map);
    }
}

/// Forgets a credential, whoever's it is.
pub(crate) fn forget(credential: Val) {
    let map = load();
    for known in global(k!("Object")).ask(k!("values"), [map]).items() {
        if known.is_list() && position(known, credential) >= 0 {
            let _ = known.invoke(k!("splice"), [(position(known, credential)).into(), 1.into()]);
        }
    }
    save(map);
}

/// The ids of the user's credentials on this device, joined by commas; falsy if there are none.
pub(crate) fn known(user: Val) -> Val {
    credentials(load(), user).ask(k!("join"), [])
}
