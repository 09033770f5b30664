//! The anonymous id: a cookie that tells devices apart, which backends pass to `track` as `deviceId`.
//!
//! The npm package does the same in its face, because a JavaScript constructor cannot wait for the core.

use js_sys::{Reflect, decode_uri_component, encode_uri_component};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, Url};

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
        return id;
    }
    let id = new_id();
    write(name, &id, domain);
    id
}

/// An id like no other.
pub(crate) fn new_id() -> String {
    let address_of_a_blob = || Url::create_object_url_with_blob(&Blob::new()?);
    // Insecure contexts lack randomUUID. The address of an object ends in such an id (File API, section 8.3.2).
    random_uuid()
        .or_else(|_| address_of_a_blob().map(|url| url.chars().skip(url.len().saturating_sub(36)).collect()))
        .unwrap_or_default()
}

/// Writes a cookie, for good. Its name is percent-encoded and its value is not, as the npm package and the peer do.
pub(crate) fn write(name: &str, value: &str, domain: Option<&str>) {
    let document = property(&js_sys::global(), "document");
    if document.is_object() {
        let location = property(&js_sys::global(), "location");
        let host = property(&location, "hostname").as_string().unwrap_or_default();
        let name = encode_uri_component(name);
        let domain = domain.unwrap_or(host.strip_prefix("www.").unwrap_or(&host));
        let insecure = property(&location, "protocol").as_string().as_deref() == Some("http:");
        let secure = if insecure { "" } else { "; secure" };
        let cookie = format!("{name}={value}; path=/; expires=Fri, 31 Dec 9999 23:59:59 GMT; domain={domain}{secure}");
        // Denied, as in a sandboxed frame: see above.
        let _ = Reflect::set(&document, &"cookie".into(), &cookie.into());
    }
}

fn property(target: &JsValue, key: &str) -> JsValue {
    Reflect::get(target, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

/// The first cookie of that name; none if it is empty, or its escapes are malformed.
fn find(cookies: &str, name: &str) -> Option<String> {
    let name = String::from(encode_uri_component(name));
    let value = cookies
        .split("; ")
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))?;
    decode_uri_component(value).ok().map(String::from).filter(|id| !id.is_empty())
}
