//! The page as an app: its backend gives it the token of a new user.

#[cfg(target_arch = "wasm32")]
mod app {
    use authsignal_example_leptos::AppProps;
    use gloo_net::{Error, http::Request};
    use leptos::prelude::document;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct SignedUp {
        token: String,
    }

    /// What the page is given: by its document where the API is, by its backend a user who has nothing yet.
    pub async fn given() -> Result<AppProps, Error> {
        let answer = Request::post("/api/sign-up").body(r#"{"username":"ada"}"#)?.send().await?;
        let SignedUp { token } = answer.json().await?;
        let meta = document().query_selector("meta[name=authsignal-url]").ok().flatten();
        let base_url = meta.and_then(|meta| meta.get_attribute("content")).unwrap_or_default();
        Ok(AppProps { base_url, tenant_id: "local".into(), token })
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {
    use leptos::{mount::mount_to_body, prelude::*};

    // Leptos has no executor of its own before something is mounted.
    wasm_bindgen_futures::spawn_local(async {
        match app::given().await {
            Ok(props) => mount_to_body(move || authsignal_example_leptos::App(props)),
            Err(error) => mount_to_body(move || view! { <p role="alert">{error.to_string()}</p> }),
        }
    });
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
