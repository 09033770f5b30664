//! Doubles for `fetch` and `navigator.credentials`, and a user of the real server.

use authsignal_wasm::client::{Authsignal, Error, Options};
use js_sys::{Array, JsString, Promise, Reflect};
use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Options of a request ceremony, as the API answers with them.
pub const REQUEST_OPTIONS: &str = r#"{"challengeId":"c","options":{"challenge":"Y2hhbGxlbmdlLWNoYWxsZW5nZQ","rpId":"localhost","allowCredentials":[]}}"#;

#[wasm_bindgen(inline_js = r#"
const real = { fetch: globalThis.fetch.bind(globalThis), credentials: navigator.credentials, PublicKeyCredential: globalThis.PublicKeyCredential };
export class Script {
  constructor() {
    this.log = []; this.answers = []; this.pending = []; this.started = 0;
    globalThis.fetch = async (url, init) => {
      this.log.push(`${init.method} ${new URL(url).pathname} ${init.headers.Authorization} ${init.body ?? ""}`);
      const next = this.answers.shift();
      if (!next) throw new Error("the script has no more answers");
      if (next instanceof Error) throw next;
      return new Response(next.body, { status: next.status });
    };
  }
  requests() { return this.log; }
  answer(status, body) { this.answers.push({ status, body }); }
  fail(message) { this.answers.push(new TypeError(message)); }
  credentials(get) { Object.defineProperty(navigator, "credentials", { value: { get, create: get }, configurable: true }); }
  refuse(name, message) { this.credentials(async () => { throw new DOMException(message, name); }); }
  hang() {
    this.credentials(({ signal }) => new Promise((_, reject) => {
      if (this.pending.length) return reject(new DOMException("A request is already pending.", "OperationError"));
      this.started += 1;
      const entry = (reason) => { this.pending = this.pending.filter((other) => other !== entry); reject(reason); };
      this.pending.push(entry);
      signal.addEventListener("abort", () => setTimeout(() => entry(signal.reason), 20));
    }));
  }
  async until(count) { while (this.started < count) await new Promise((resolve) => setTimeout(resolve, 5)); }
  abort() { for (const entry of this.pending) entry(new DOMException("done", "AbortError")); }
  hide() { globalThis.PublicKeyCredential = undefined; }
  restore() {
    globalThis.fetch = real.fetch;
    globalThis.PublicKeyCredential = real.PublicKeyCredential;
    delete navigator.credentials;
  }
}
const storage = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
export const deny = () => Object.defineProperty(globalThis, "localStorage", {
  get() { throw new DOMException("denied", "SecurityError"); }, configurable: true,
});
export const allow = () => Object.defineProperty(globalThis, "localStorage", storage);
export const server = async (method, path, body) => {
  const response = await real.fetch(`${base()}${path}`, {
    method,
    headers: { Authorization: `Basic ${btoa("local-secret:")}`, ...(body && { "Content-Type": "application/json" }) },
    body,
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
};
// A browser asks which of several accounts is meant, and there is nobody to answer.
export const forget = async () => {
  for (const credentialId of Object.values(JSON.parse(localStorage.as_user_passkey_map ?? "{}")).flat()) {
    await PublicKeyCredential.signalUnknownCredential({ rpId: "localhost", credentialId });
  }
  localStorage.removeItem("as_user_passkey_map");
};
export const base = () => new URLSearchParams(location.hash.slice(1)).get("api");
"#)]
extern "C" {
    type Script;
    #[wasm_bindgen(constructor)]
    fn new() -> Script;
    #[wasm_bindgen(method)]
    fn requests(this: &Script) -> Array;
    #[wasm_bindgen(method)]
    fn answer(this: &Script, status: u16, body: &str);
    #[wasm_bindgen(method)]
    fn fail(this: &Script, message: &str);
    #[wasm_bindgen(method)]
    fn refuse(this: &Script, name: &str, message: &str);
    #[wasm_bindgen(method)]
    fn hang(this: &Script);
    #[wasm_bindgen(method)]
    fn until(this: &Script, count: u32) -> Promise;
    #[wasm_bindgen(method)]
    fn abort(this: &Script);
    #[wasm_bindgen(method)]
    fn hide(this: &Script);
    #[wasm_bindgen(method)]
    fn restore(this: &Script);
    fn deny();
    fn allow();
    fn server(method: &str, path: &str, body: Option<String>) -> Promise;
    fn base() -> String;
    fn forget() -> Promise;
}

/// `fetch` and `navigator.credentials` by script, until it is dropped.
pub struct Doubles(Script);

impl Doubles {
    pub fn new() -> Self {
        Doubles(Script::new())
    }

    /// The requests so far: method, path, authorization and body.
    pub fn requests(&self) -> Vec<String> {
        self.0.requests().iter().map(|line| line.as_string().unwrap_or_default()).collect()
    }

    pub fn answer(&self, status: u16, body: &str) {
        self.0.answer(status, body);
    }

    pub fn fail_with(&self, message: &str) {
        self.0.fail(message);
    }

    pub fn refuse_ceremonies(&self, name: &str, message: &str) {
        self.0.refuse(name, message);
    }

    /// Ceremonies end by their signal only, a little later, as in a browser.
    pub fn hang_ceremonies(&self) {
        self.0.hang();
    }

    pub async fn until_ceremonies(&self, count: u32) {
        JsFuture::from(self.0.until(count)).await.unwrap();
    }

    pub fn abort_ceremonies(&self) {
        self.0.abort();
    }

    pub fn hide_web_authn(&self) {
        self.0.hide();
    }
}

impl Drop for Doubles {
    fn drop(&mut self) {
        self.0.restore();
    }
}

pub struct Denied(());

/// `localStorage` denied, until it is dropped.
pub fn deny_storage() -> Denied {
    deny();
    Denied(())
}

impl Drop for Denied {
    fn drop(&mut self) {
        allow();
    }
}

/// Each test has a tenant of its own, so that none finds the token of another.
pub fn scripted_options(tenant: &str) -> Options {
    Options { base_url: "https://api.example.test".into(), ..Options::new(tenant) }
}

pub fn scripted_client(tenant: &str) -> Authsignal {
    Authsignal::new(scripted_options(tenant))
}

/// A client of the real server.
pub fn server_client() -> Authsignal {
    let client = Authsignal::new(Options { base_url: base(), ..Options::new("local") });
    client.clear_token();
    client
}

/// A user of the real server, unlike any other.
pub struct User {
    pub id: String,
}

impl User {
    pub fn new(name: &str) -> Self {
        User { id: format!("{name}-{}", js_sys::Math::random()) }
    }

    /// A token of that scope, as a backend gets it.
    pub async fn track(&self, scope: &str) -> String {
        let body = if scope.is_empty() { "{}".into() } else { format!(r#"{{"scope":"{scope}"}}"#) };
        let path = format!("/users/{}/actions/manageAuthenticators", self.id);
        let tracked = JsFuture::from(server("POST", &path, Some(body))).await.unwrap();
        Reflect::get(&tracked, &"token".into()).unwrap().as_string().unwrap()
    }

    /// Deletes the user, and the passkeys from the authenticator.
    pub async fn delete(self) {
        JsFuture::from(forget()).await.unwrap();
        JsFuture::from(server("DELETE", &format!("/users/{}", self.id), None)).await.unwrap();
    }
}

/// The code of an answered error.
pub fn code_of(error: &Error) -> &str {
    match error {
        Error::Answered { error_code, .. } => error_code,
        _ => "",
    }
}

/// The code of a ceremony's error.
pub fn error_code(error: &Error) -> &str {
    match error {
        Error::Ceremony { code, .. } => code,
        _ => "",
    }
}

pub fn name_of(value: &JsValue) -> String {
    Reflect::get(value, &JsString::from("name")).ok().and_then(|name| name.as_string()).unwrap_or_default()
}

pub fn counting_callback() -> (Rc<Cell<u32>>, Box<dyn FnMut()>) {
    let counter = Rc::new(Cell::new(0));
    let counted = counter.clone();
    (counter, Box::new(move || counted.set(counted.get() + 1)))
}

/// Starts a future now, to be awaited later.
pub fn start<T: 'static>(future: impl Future<Output = T> + 'static) -> impl Future<Output = T> {
    let slot = Rc::new(Cell::new(None));
    let filled = slot.clone();
    let done = wasm_bindgen_futures::future_to_promise(async move {
        filled.set(Some(future.await));
        Ok(JsValue::UNDEFINED)
    });
    async move {
        JsFuture::from(done).await.unwrap();
        slot.take().expect("the promise settles after the slot is filled")
    }
}

pub async fn join_all<T: 'static>(futures: impl Iterator<Item = impl Future<Output = T> + 'static>) -> Vec<T> {
    let started: Vec<_> = futures.map(start).collect();
    let mut results = Vec::new();
    for future in started {
        results.push(future.await);
    }
    results
}
