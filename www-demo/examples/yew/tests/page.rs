//! The page in a real browser, with a real server and a virtual authenticator: `cargo xtask test wasm`.

#![cfg(target_arch = "wasm32")]

mod driver;

use authsignal_example_yew::{App, Props};
use driver::*;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn a_passkey_opens_the_window_through_which_an_authenticator_app_is_added() {
    let token = done(track()).await.as_string().unwrap();
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
