//! The page in a real browser, with a real server and a virtual authenticator: `cargo xtask test wasm`.

#![cfg(target_arch = "wasm32")]

use authsignal_example_yew::{App, Props};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = r#"
const told = (name) => new URLSearchParams(location.hash.slice(1)).get(name);
export const api = () => told("api");
/** A token of a user who has nothing yet, as a backend gets it. */
export const track = async () => {
  const response = await fetch(`${api()}/users/yew-${Math.random()}/actions/manageAuthenticators`, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa("local-secret:")}`, "Content-Type": "application/json" },
    body: "{}",
  });
  return (await response.json()).token;
};
export const root = () => document.body.appendChild(document.createElement("div"));
/** Waits for a button of that text, and clicks it. */
export const press = async (label) => {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 10))) {
    const found = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === label);
    if (found) return found.click();
  }
  throw new Error(`there is no button "${label}": ${document.body.innerText}`);
};
export const text = () => document.querySelector("main").innerText;
/** The code of the app that has the secret on the page: RFC 6238. */
export const type_code = async () => {
  let input;
  for (const end = Date.now() + 20_000; !(input = document.querySelector("input[aria-label=Code]")); await new Promise((resolve) => setTimeout(resolve, 10))) {
    if (Date.now() > end) throw new Error(`there is no field for a code: ${text()}`);
  }
  const bits = [...document.querySelector("code").textContent].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const bytes = Uint8Array.from(bits.match(/.{8}/g), (byte) => parseInt(byte, 2));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(Date.now() / 30_000)));
  const mac = new DataView(await crypto.subtle.sign("HMAC", key, counter));
  const number = mac.getUint32(mac.getUint8(19) & 15) & 0x7fffffff;
  input.value = String(number % 1_000_000).padStart(6, "0");
  input.dispatchEvent(new InputEvent("input", { bubbles: true }));
  await new Promise((resolve) => setTimeout(resolve, 50));
};
export const until = async (wanted) => {
  for (const end = Date.now() + 20_000; !text().includes(wanted); await new Promise((resolve) => setTimeout(resolve, 10))) {
    if (Date.now() > end) throw new Error(`the page does not say "${wanted}": ${text()}`);
  }
};
"#)]
extern "C" {
    type Element;
    fn api() -> String;
    #[wasm_bindgen(catch)]
    async fn track() -> Result<JsValue, JsValue>;
    fn root() -> JsValue;
    fn press(label: &str) -> js_sys::Promise;
    fn type_code() -> js_sys::Promise;
    fn until(wanted: &str) -> js_sys::Promise;
}

async fn done(promise: js_sys::Promise) {
    JsFuture::from(promise).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_passkey_opens_the_window_through_which_an_authenticator_app_is_added() {
    let token = track().await.unwrap().as_string().unwrap();
    let props = Props { base_url: api().into(), tenant_id: "local".into(), token: token.into() };
    let page = yew::Renderer::<App>::with_root_and_props(root().unchecked_into(), props).render();

    done(press("Create a passkey")).await;
    done(press("Sign in")).await;
    done(press("Add an authenticator app")).await;
    done(type_code()).await;
    done(press("Confirm")).await;
    done(until("The authenticator app is added.")).await;
    page.destroy();
}

#[wasm_bindgen_test]
async fn what_goes_wrong_is_told_on_the_page() {
    let props = Props { base_url: api().into(), tenant_id: "local".into(), token: "no.real.token".into() };
    let page = yew::Renderer::<App>::with_root_and_props(root().unchecked_into(), props).render();
    done(press("Create a passkey")).await;
    done(until("unauthorized: ")).await;
    page.destroy();
}
