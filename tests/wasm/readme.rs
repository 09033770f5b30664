use authsignal_wasm::client::{Authsignal, Error, Options, SignIn};

async fn add_an_authenticator_app() -> Result<String, Error> {
    let authsignal = Authsignal::new(Options::new("your-tenant-id"));
    let sign_in = SignIn { action: Some("signInWithPasskey".into()), ..SignIn::default() };
    authsignal.passkey_sign_in(sign_in).await?;
    Ok(authsignal.totp_enroll().await?.uri) // inside the window; next: totp_verify(code)
}
