//! A page in Leptos: a passkey signs in, the window that this opens is shown, and inside it an authenticator app is added.
//!
//! What is particular to Leptos: the client stays on its thread (`StoredValue::new_local`), its calls are local actions,
//! and `on_binding_change` feeds a signal. The page's backend hands over the token of a user who has nothing yet: see
//! `Authsignal::set_token`.

#![cfg(target_arch = "wasm32")]

use authsignal_wasm::client::{Attachment, Authsignal, Binding, BindingState, Error, Options, SignIn, SignUp};
use leptos::prelude::*;

/// Where the page is in its task.
#[derive(Clone, PartialEq)]
enum Stage {
    /// The user has no passkey.
    New,
    /// The user has one, and has not proved it.
    Outside,
    /// The window is open.
    Inside,
    /// An authenticator app waits for its first code.
    Adding { secret: String },
    /// It is added.
    Done,
}

/// What the user asks for.
#[derive(Clone)]
enum Ask {
    Create,
    SignIn,
    Add,
    Confirm { code: String },
}

/// The page. `base_url` is the API's, and `token` what the backend got for the user.
#[component]
pub fn App(base_url: String, tenant_id: String, token: String) -> impl IntoView {
    let (binding, set_binding) = signal(Binding::default());
    let authsignal = Authsignal::new(Options {
        base_url,
        on_binding_change: Some(Box::new(move |binding| set_binding.set(binding))),
        ..Options::new(tenant_id)
    });
    authsignal.set_token(&token);
    let authsignal = StoredValue::new_local(authsignal);
    let (stage, set_stage) = signal(Stage::New);
    let (problem, set_problem) = signal(String::new());

    let action = Action::new_local(move |ask: &Ask| {
        let (authsignal, stage, ask) = (authsignal.get_value(), stage.get_untracked(), ask.clone());
        async move {
            match perform(&authsignal, stage, ask).await {
                Ok(next) => {
                    set_problem.set(String::new());
                    set_stage.set(next);
                }
                Err(error) => set_problem.set(error.to_string()),
            }
        }
    });
    let button = move |label: &'static str, ask: Ask| {
        view! {
            <button disabled=move || action.pending().get() on:click=move |_| { action.dispatch_local(ask.clone()); }>
                {label}
            </button>
        }
    };
    let (code, set_code) = signal(String::new());
    let step = move || {
        match stage.get() {
        Stage::New => button("Create a passkey", Ask::Create).into_any(),
        Stage::Outside => button("Sign in", Ask::SignIn).into_any(),
        Stage::Inside => button("Add an authenticator app", Ask::Add).into_any(),
        Stage::Adding { secret } => view! {
            <p>"Type this into the app: " <code>{secret}</code></p>
            <input aria-label="Code" prop:value=code on:input:target=move |event| set_code.set(event.target().value()) />
            <button on:click=move |_| { action.dispatch_local(Ask::Confirm { code: code.get_untracked() }); }>"Confirm"</button>
        }
        .into_any(),
        Stage::Done => view! { <p>"The authenticator app is added."</p> }.into_any(),
    }
    };
    let window = move || {
        let Binding { state, remaining_ms, .. } = binding.get();
        match state {
            BindingState::Open => {
                format!("Authenticators can be added for {} minutes.", (remaining_ms / 60_000.0).ceil())
            }
            BindingState::Expired => "The window is over: sign in again.".to_owned(),
            BindingState::None => String::new(),
        }
    };
    view! {
        <main>
            {step}
            <p role="status">{window}</p>
            <p role="alert">{problem}</p>
        </main>
    }
}

/// Makes a call, and says where it leads.
async fn perform(authsignal: &Authsignal, stage: Stage, ask: Ask) -> Result<Stage, Error> {
    match ask {
        Ask::Create => {
            let sign_up = SignUp { authenticator_attachment: Attachment::Any, ..SignUp::default() };
            authsignal.passkey_sign_up(sign_up).await?;
            Ok(Stage::Outside)
        }
        Ask::SignIn => {
            let sign_in = SignIn { action: Some("signIn".into()), ..SignIn::default() };
            let signed_in = authsignal.passkey_sign_in(sign_in).await?;
            Ok(if signed_in.is_verified { Stage::Inside } else { stage })
        }
        Ask::Add => Ok(Stage::Adding { secret: authsignal.totp_enroll().await?.secret }),
        Ask::Confirm { code } => {
            let verified = authsignal.totp_verify(&code).await?;
            // A wrong code is no error: the user tries again.
            Ok(if verified.is_verified { Stage::Done } else { stage })
        }
    }
}
