//! A page in Yew: a passkey signs in, and inside the window that this opens an authenticator app is added.
//!
//! What is particular to Yew is `spawn_local` and the state; the calls are the same in Leptos and Dioxus. The page's
//! backend hands over the token of a user who has nothing yet: see `Authsignal::set_token`.

#![cfg(target_arch = "wasm32")]

use authsignal_wasm::client::{Attachment, Authsignal, Error, Options, SignIn, SignUp, TotpEnrollment};
use std::future::Future;
use yew::platform::spawn_local;
use yew::prelude::*;

/// Where the page is in its task.
#[derive(Clone, PartialEq)]
enum Stage {
    /// The user has no passkey, or has not proved it.
    Outside { has_passkey: bool },
    /// The window is open.
    Inside,
    /// An authenticator app waits for its first code.
    Adding { secret: String, code: String },
    /// It is added.
    Done,
}

/// What the page needs to know.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The address of the API.
    pub base_url: AttrValue,
    /// The tenant.
    pub tenant_id: AttrValue,
    /// The token that the backend got for the user.
    pub token: AttrValue,
}

/// The page.
#[component]
pub fn App(props: &Props) -> Html {
    let authsignal = use_memo((props.base_url.clone(), props.tenant_id.clone(), props.token.clone()), |given| {
        let (base_url, tenant_id, token) = given;
        let options = Options { base_url: base_url.to_string(), ..Options::new(tenant_id.to_string()) };
        let authsignal = Authsignal::new(options);
        authsignal.set_token(token);
        authsignal
    });
    let stage = use_state(|| Stage::Outside { has_passkey: false });
    let problem = use_state(String::new);

    // Runs a call, and shows where it led, or why it did not.
    let run = {
        let (stage, problem) = (stage.clone(), problem.clone());
        move |call: std::pin::Pin<Box<dyn Future<Output = Result<Stage, Error>>>>| {
            let (stage, problem) = (stage.clone(), problem.clone());
            spawn_local(async move {
                match call.await {
                    Ok(next) => {
                        problem.set(String::new());
                        stage.set(next);
                    }
                    Err(error) => problem.set(error.to_string()),
                }
            });
        }
    };

    let create = {
        let (authsignal, run) = (authsignal.clone(), run.clone());
        move |_| {
            let authsignal = authsignal.clone();
            run(Box::pin(async move {
                let sign_up = SignUp { authenticator_attachment: Attachment::Any, ..SignUp::default() };
                authsignal.passkey_sign_up(sign_up).await?;
                Ok(Stage::Outside { has_passkey: true })
            }));
        }
    };
    let sign_in = {
        let (authsignal, run) = (authsignal.clone(), run.clone());
        move |_| {
            let authsignal = authsignal.clone();
            run(Box::pin(async move {
                let sign_in = SignIn { action: Some("signIn".into()), ..SignIn::default() };
                let signed_in = authsignal.passkey_sign_in(sign_in).await?;
                Ok(if signed_in.is_verified { Stage::Inside } else { Stage::Outside { has_passkey: true } })
            }));
        }
    };
    let add = {
        let (authsignal, run) = (authsignal.clone(), run.clone());
        move |_| {
            let authsignal = authsignal.clone();
            run(Box::pin(async move {
                let TotpEnrollment { secret, .. } = authsignal.totp_enroll().await?;
                Ok(Stage::Adding { secret, code: String::new() })
            }));
        }
    };
    let confirm = {
        let (authsignal, stage) = (authsignal.clone(), stage.clone());
        move |_| {
            let (authsignal, stage) = (authsignal.clone(), (*stage).clone());
            run(Box::pin(async move {
                let Stage::Adding { secret, code } = stage else { return Ok(stage) };
                let verified = authsignal.totp_verify(&code).await?;
                // A wrong code is no error: the user tries again.
                Ok(if verified.is_verified { Stage::Done } else { Stage::Adding { secret, code: String::new() } })
            }));
        }
    };
    let typed = {
        let stage = stage.clone();
        move |event: InputEvent| {
            if let Stage::Adding { secret, .. } = &*stage {
                let code = event.target_unchecked_into::<web_sys::HtmlInputElement>().value();
                stage.set(Stage::Adding { secret: secret.clone(), code });
            }
        }
    };

    let step = match &*stage {
        Stage::Outside { has_passkey: false } => html! { <button onclick={create}>{ "Create a passkey" }</button> },
        Stage::Outside { has_passkey: true } => html! { <button onclick={sign_in}>{ "Sign in" }</button> },
        Stage::Inside => html! { <button onclick={add}>{ "Add an authenticator app" }</button> },
        Stage::Adding { secret, code } => html! {
            <>
                <p>{ "Type this into the app: " }<code>{ secret.clone() }</code></p>
                <input aria-label="Code" value={code.clone()} oninput={typed} />
                <button onclick={confirm}>{ "Confirm" }</button>
            </>
        },
        Stage::Done => html! { <p>{ "The authenticator app is added." }</p> },
    };
    html! {
        <main>
            { step }
            <p role="alert">{ (*problem).clone() }</p>
        </main>
    }
}
