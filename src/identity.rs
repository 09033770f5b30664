//! The anonymous id: a cookie that tells devices apart, which backends pass to `track` as `deviceId`.
//!
//! The npm package does the same in its face, because a JavaScript constructor cannot wait for the core.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

/// The name of the cookie, unless the options say another.
pub(crate) const DEFAULT_NAME: &str = "__as_aid";

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = randomUUID, catch)]
    fn random_uuid() -> Result<String, JsValue>;
}

/// The id of the cookie of that name, or a new one, which is kept for as long as the browser lets us: where cookies are
/// denied it lives as long as the page. `domain` defaults to the host without a leading `www.`.
pub(crate) fn anonymous_id(name: &str, domain: Option<&str>) -> String {
    let document = property(&js_sys::global(), "document");
    let cookies = property(&document, "cookie").as_string().unwrap_or_default();
    if let Some(id) = find(&cookies, name) {
        return id.to_owned();
    }
    let id = random_uuid().unwrap_or_default();
    if document.is_object() {
        let location = property(&js_sys::global(), "location");
        let host = property(&location, "hostname").as_string().unwrap_or_default();
        let domain = domain.unwrap_or(host.strip_prefix("www.").unwrap_or(&host));
        let insecure = property(&location, "protocol").as_string().as_deref() == Some("http:");
        let secure = if insecure { "" } else { "; secure" };
        let cookie = format!("{name}={id}; path=/; expires=Fri, 31 Dec 9999 23:59:59 GMT; domain={domain}{secure}");
        // Denied, as in a sandboxed frame: see above.
        let _ = Reflect::set(&document, &"cookie".into(), &cookie.into());
    }
    id
}

fn property(target: &JsValue, key: &str) -> JsValue {
    Reflect::get(target, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

fn find<'a>(cookies: &'a str, name: &str) -> Option<&'a str> {
    cookies.split("; ").filter_map(|pair| pair.split_once('=')).find_map(|(key, value)| (key == name).then_some(value))
}
