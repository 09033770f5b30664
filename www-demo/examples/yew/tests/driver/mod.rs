//! What drives an example's page: a user of the real server, and hands. The page of Leptos is driven by it too.

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(inline_js = r#"
const told = (name) => new URLSearchParams(location.hash.slice(1)).get(name);
export const api = () => told("api");
/** A token of a user who has nothing yet, as a backend gets it. */
export const track = async () => {
  const response = await fetch(`${api()}/users/example-${Math.random()}/actions/manageAuthenticators`, {
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
    pub fn api() -> String;
    pub fn track() -> Promise;
    pub fn root() -> JsValue;
    pub fn press(label: &str) -> Promise;
    pub fn type_code() -> Promise;
    pub fn until(wanted: &str) -> Promise;
}

pub async fn done(promise: Promise) -> JsValue {
    JsFuture::from(promise).await.unwrap()
}
