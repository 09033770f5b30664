//! Advanced profiling: what the vendor's partner learns of the device, for rules about risk.

use super::host::{property, set};
use super::{Authsignal, Error};
use crate::identity;
use wasm_bindgen::JsValue;
use web_sys::{Document, Element};

/// Where the script comes from, unless the caller says another.
const DEFAULT_HOST: &str = "https://h.online-metrix.net";
/// The vendor's name there.
const ORGANIZATION: &str = "4a08uqve";
const COOKIE: &str = "__as_pid";
const STYLE: &str = "width: 100px; height: 100px; border: 0; position: absolute; top: -5000px;";

impl Authsignal {
    /// Begins advanced profiling: a new id in the cookie `__as_pid`, and a script in the page, from `base_url` (`None`:
    /// `https://h.online-metrix.net`; a Content-Security-Policy must allow it). Returns the id.
    ///
    /// # Errors
    /// [`Error::Misuse`]: there is no page with head and body.
    pub fn init_advanced_profiling(&self, base_url: Option<&str>) -> Result<String, Error> {
        let document = web_sys::window().and_then(|window| window.document());
        let page = document.and_then(|document| Some((document.head()?, document.body()?, document)));
        let (head, body, document) =
            page.ok_or_else(|| Error::Misuse("Advanced profiling needs a page: there is none here".into()))?;
        let domain = property(&self.context, "cookieDomain").as_string();
        let id = identity::new_id();
        identity::write(COOKIE, &id, domain.as_deref());
        set(&self.context, "profilingId", &id.as_str().into());

        let host = base_url.unwrap_or(DEFAULT_HOST);
        let query = format!("?org_id={ORGANIZATION}&session_id={id}");
        let source = format!("{host}/fp/tags.js{query}");
        let script = element(&document, "script", &[("id", "as_adv_profile"), ("src", &source)])?;
        // A script that is made by a script is asynchronous unless this says otherwise.
        set(&script, "async", &JsValue::FALSE);
        head.append_child(&script).map_err(Error::thrown)?;
        let name = "as_adv_profile_pixel";
        let pixel = element(&document, "noscript", &[("id", name), ("aria-hidden", "true")])?;
        let source = format!("{host}/fp/tags{query}");
        let frame = element(&document, "iframe", &[("id", name), ("style", STYLE), ("src", &source)])?;
        pixel.append_child(&frame).map_err(Error::thrown)?;
        body.insert_before(&pixel, body.first_child().as_ref()).map_err(Error::thrown)?;
        Ok(id)
    }

    /// The id of the advanced profiling. `None`: it has not begun.
    pub fn profiling_id(&self) -> Option<String> {
        property(&self.context, "profilingId").as_string()
    }
}

fn element(document: &Document, name: &str, attributes: &[(&str, &str)]) -> Result<Element, Error> {
    let element = document.create_element(name).map_err(Error::thrown)?;
    for (name, value) in attributes {
        element.set_attribute(name, value).map_err(Error::thrown)?;
    }
    Ok(element)
}
