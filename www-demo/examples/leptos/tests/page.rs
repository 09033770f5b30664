//! The page in a real browser, with a real server and a virtual authenticator.

#![cfg(target_arch = "wasm32")]

#[path = "../../yew/tests/driver/mod.rs"]
mod driver;

use authsignal_example_leptos::{App, AppProps};
use driver::*;
use leptos::mount::{UnmountHandle, mount_to};
use leptos::prelude::Mountable;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_browser);

fn page(token: String) -> UnmountHandle<impl Mountable> {
    let props = AppProps { base_url: api(), tenant_id: "local".into(), token };
    mount_to(root().unchecked_into(), move || App(props))
}

#[wasm_bindgen_test]
async fn a_passkey_opens_the_window_which_the_page_shows_and_an_authenticator_app_is_added_inside() {
    let page = page(done(track()).await.as_string().unwrap());
    done(press("Create a passkey")).await;
    done(press("Sign in")).await;
    done(until("Authenticators can be added for 10 minutes.")).await;
    done(press("Add an authenticator app")).await;
    done(type_code()).await;
    done(press("Confirm")).await;
    done(until("The authenticator app is added.")).await;
    drop(page);
}

#[wasm_bindgen_test]
async fn what_goes_wrong_is_told_on_the_page() {
    let page = page("no.real.token".into());
    done(press("Create a passkey")).await;
    done(until("unauthorized: ")).await;
    drop(page);
}
