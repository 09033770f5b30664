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

#[wasm_bindgen(inline_js = r##"
const real = { fetch: globalThis.fetch.bind(globalThis), credentials: navigator.credentials, PublicKeyCredential: globalThis.PublicKeyCredential };
export class Script {
  constructor() {
    this.log = []; this.answers = []; this.pending = []; this.started = 0; this.aborted = 0;
    globalThis.fetch = async (url, init) => {
      this.log.push(`${init.method} ${new URL(url).pathname} ${init.headers.Authorization} ${init.body ?? ""}`);
      const next = this.answers.shift();
      if (!next) throw new Error("the script has no more answers");
      if (next instanceof Error) throw next;
      if (next.hangs) {
        return new Promise((_, reject) => init.signal.addEventListener("abort", () => { this.aborted += 1; reject(init.signal.reason); }));
      }
      return new Response(next.body, { status: next.status });
    };
  }
  requests() { return this.log; }
  answer(status, body) { this.answers.push({ status, body }); }
  fail(message) { this.answers.push(new TypeError(message)); }
  hang_request() { this.answers.push({ hangs: true }); }
  credentials(get) { Object.defineProperty(navigator, "credentials", { value: { get, create: get }, configurable: true }); }
  refuse(name, message) { this.credentials(async () => { throw new DOMException(message, name); }); }
  give(json) { this.credentials(async ({ publicKey }) => { this.asked = publicKey; return { toJSON: () => JSON.parse(json) }; }); }
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
  const response = await real.fetch(`${told("driver")}/forget`, { method: "POST" });
  if (!response.ok) throw new Error(await response.text());
  localStorage.removeItem("as_user_passkey_map");
};
const told = (name) => new URLSearchParams(location.hash.slice(1)).get(name);
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
export const input = () => {
  const field = document.createElement("input");
  field.autocomplete = "username webauthn";
  document.body.append(field);
  return field;
};
export const jwt = (claims) => `e30.${btoa(claims).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.c2ln`;
export const base = () => told("api");
// A page of this origin, which says nothing by itself.
export const silent_page = () => import.meta.url;
export const popup_frame = () => document.querySelector("#__authsignal-popup-iframe");
export const is_popup_shown = () => Boolean(document.querySelector(".as-popup-visible"));
export const is_popup_open = () => Boolean(popup_frame());
export const popup_height = () => popup_frame().style.height;
export const press_escape = () => document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
const opening = globalThis.open;
let opened;
export const watch_windows = (isBlocked) => {
  globalThis.open = (...asked) => (isBlocked ? null : (opened = opening.apply(globalThis, asked)));
};
export const is_window_closed = () => opened.closed;
export const close_window = () => opened.close();
// Says something, in the popup or the window, to the page that opened it.
export const say = async (message) => {
  const speaker = popup_frame()?.contentWindow ?? opened;
  while (speaker.location.href === "about:blank" || speaker.document.readyState !== "complete") await sleep(5);
  speaker.setTimeout(`(opener ?? parent).postMessage(${JSON.stringify(message)}, "*")`);
};
// Says it with the right source and another origin, and with the right origin and another source.
export const forge = (message) => {
  const source = popup_frame()?.contentWindow ?? opened;
  dispatchEvent(new MessageEvent("message", { data: message, source, origin: "https://evil.example" }));
  dispatchEvent(new MessageEvent("message", { data: message, source: globalThis, origin: location.origin }));
};
export const opened_address = () => (popup_frame()?.contentWindow ?? opened).location.href;
export const hash = () => location.hash;
export const origin = () => location.origin;
export const cookies = () => document.cookie;
export const set_cookie = (cookie) => void (document.cookie = `${cookie}; path=/`);
// What advanced profiling has put into the page, which it leaves again.
export const take_profiling = () => {
  const script = document.head.querySelector("#as_adv_profile");
  const pixel = document.body.firstElementChild;
  script.remove();
  pixel.remove();
  return [script.getAttribute("src"), String(script.async), pixel.id, pixel.firstElementChild.getAttribute("src")].join(" ");
};
"##)]
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
    fn give(this: &Script, json: &str);
    #[wasm_bindgen(method, getter)]
    fn asked(this: &Script) -> JsValue;
    #[wasm_bindgen(method)]
    fn hang(this: &Script);
    #[wasm_bindgen(method)]
    fn until(this: &Script, count: u32) -> Promise;
    #[wasm_bindgen(method)]
    fn abort(this: &Script);
    #[wasm_bindgen(method)]
    fn hide(this: &Script);
    #[wasm_bindgen(method)]
    fn hang_request(this: &Script);
    #[wasm_bindgen(method, getter)]
    fn started(this: &Script) -> u32;
    #[wasm_bindgen(method, getter)]
    fn aborted(this: &Script) -> u32;
    #[wasm_bindgen(method, getter)]
    fn pending(this: &Script) -> Array;
    #[wasm_bindgen(method)]
    fn restore(this: &Script);
    pub type Field;
    #[wasm_bindgen(method)]
    pub fn remove(this: &Field);
    fn input() -> Field;
    fn jwt(claims: &str) -> String;
    #[wasm_bindgen(js_name = sleep)]
    fn wait(milliseconds: u32) -> Promise;
    fn deny();
    fn allow();
    fn server(method: &str, path: &str, body: Option<String>) -> Promise;
    fn base() -> String;
    fn forget() -> Promise;
    pub fn silent_page() -> String;
    pub fn is_popup_shown() -> bool;
    pub fn is_popup_open() -> bool;
    pub fn popup_height() -> String;
    pub fn press_escape();
    pub fn watch_windows(is_blocked: bool);
    pub fn is_window_closed() -> bool;
    pub fn close_window();
    #[wasm_bindgen(js_name = say)]
    fn say_there(message: &str) -> Promise;
    pub fn forge(message: &str);
    pub fn opened_address() -> String;
    pub fn hash() -> String;
    pub fn origin() -> String;
    pub fn cookies() -> String;
    pub fn set_cookie(cookie: &str);
    pub fn take_profiling() -> String;
}

/// Says something as the pre-built UI does, from the popup or the window that is open.
pub async fn say(message: &str) {
    JsFuture::from(say_there(message)).await.unwrap();
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

    /// Ceremonies bring this credential, in WebAuthn JSON.
    pub fn give_credential(&self, json: &str) {
        self.0.give(json);
    }

    /// What the last of them was asked for, as JSON.
    pub fn asked_of_authenticator(&self) -> String {
        js_sys::JSON::stringify(&self.0.asked()).unwrap().into()
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

    /// How many ceremonies have begun.
    pub fn ceremonies(&self) -> u32 {
        self.0.started()
    }

    pub fn pending_ceremonies(&self) -> u32 {
        self.0.pending().length()
    }

    /// The next request gets no answer, until its signal ends it.
    pub fn hang_request(&self) {
        self.0.hang_request();
    }

    pub fn aborted_requests(&self) -> u32 {
        self.0.aborted()
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

/// The address of the real server's API.
pub fn api() -> String {
    base()
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
        text_of(&self.tracked(body).await, "token")
    }

    /// The address of the pre-built UI, as a backend gets it.
    pub async fn track_url(&self) -> String {
        text_of(&self.tracked("{}".into()).await, "url")
    }

    async fn tracked(&self, body: String) -> JsValue {
        let path = format!("/users/{}/actions/manageAuthenticators", self.id);
        JsFuture::from(server("POST", &path, Some(body))).await.unwrap()
    }

    /// Deletes the user, and the passkeys from the authenticator.
    pub async fn delete(self) {
        JsFuture::from(forget()).await.unwrap();
        JsFuture::from(server("DELETE", &format!("/users/{}", self.id), None)).await.unwrap();
    }
}

/// An input that offers passkeys.
pub fn autofill_field() -> Field {
    input()
}

/// A token with those claims, in JSON.
pub fn token_of(claims: &str) -> String {
    jwt(claims)
}

pub async fn sleep(milliseconds: u32) {
    JsFuture::from(wait(milliseconds)).await.unwrap();
}

/// Waits for an event that nothing else tells of.
pub async fn until(happened: impl Fn() -> bool) {
    for _ in 0..2000 {
        if happened() {
            return;
        }
        sleep(5).await;
    }
    panic!("it did not happen");
}

/// The same, while a future is driven that must not end by itself.
pub async fn until_polled(future: &mut (impl Future + Unpin), happened: impl Fn() -> bool) {
    for _ in 0..2000 {
        std::future::poll_fn(|context| {
            assert!(std::pin::Pin::new(&mut *future).poll(context).is_pending(), "it ended by itself");
            std::task::Poll::Ready(())
        })
        .await;
        if happened() {
            return;
        }
        sleep(5).await;
    }
    panic!("it did not happen");
}

/// The code of an answered error.
pub fn code_of(error: &Error) -> &str {
    assert!(matches!(error, Error::Answered { .. }), "{error}");
    error.code().unwrap_or_default()
}

pub fn text_of(value: &JsValue, key: &str) -> String {
    Reflect::get(value, &JsString::from(key)).ok().and_then(|text| text.as_string()).unwrap_or_default()
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
