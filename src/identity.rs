//! The anonymous id: a cookie that tells devices apart, which backends pass to `track` as `deviceId`.
//!
//! The npm package does the same in its face, because a JavaScript constructor cannot wait for the core.

use crate::host::{get, global, invoke, is, set, text};
use js_sys::Array;
use wasm_bindgen::prelude::*;

/// The name of the cookie, unless the options say another.
pub(crate) const DEFAULT_NAME: &str = "__as_aid";

/// The id of the cookie of that name, or a new one, which is kept for as long as the browser lets us: where cookies are
/// denied it lives as long as the page. `domain` defaults to the host without a leading `www.`.
pub(crate) fn anonymous_id(name: &str, domain: Option<&str>) -> JsValue {
    let document = global("document");
    if let Some(id) = find(&get(&document, "cookie"), name) {
        return id;
    }
    let id = invoke(&global("crypto"), "randomUUID", []).and_then(Result::ok).unwrap_or_default();
    if document.is_object() && !id.is_undefined() {
        let location = global("location");
        let host = get(&location, "hostname").as_string().unwrap_or_default();
        let domain = domain.unwrap_or(host.strip_prefix("www.").unwrap_or(&host));
        let secure = if is(&get(&location, "protocol"), "http:") { "" } else { "; secure" };
        let cookie = text([
            &name.into(),
            &"=".into(),
            &id,
            &"; path=/; expires=Fri, 31 Dec 9999 23:59:59 GMT; domain=".into(),
            &domain.into(),
            &secure.into(),
        ]);
        set(&document, "cookie", &cookie);
    }
    id
}

fn find(cookies: &JsValue, name: &str) -> Option<JsValue> {
    let pairs = invoke(cookies, "split", [&"; ".into()])?.ok()?;
    Array::from(&pairs).iter().find_map(|pair| {
        let pair = pair.as_string()?;
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| value.into())
    })
}
