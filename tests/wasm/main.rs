//! The core in a real browser: real ceremonies with a virtual authenticator against a real server, and doubles for what a
//! real part cannot be made to do. `cargo xtask test wasm firefox` runs it in both browsers; the page's fragment names the server's API.

#![cfg(target_arch = "wasm32")]

mod support;
mod typed;

use authsignal_wasm::client::{Attachment, Authsignal, Error, Options, SignIn, SignUp};
use support::*;
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_browser);

/// The README's example.
mod readme {
    include!("readme.rs");

    pub async fn run() -> Result<String, Error> {
        add_an_authenticator_app().await
    }
}

// ---- Against doubles ----

#[wasm_bindgen_test]
async fn enrolling_without_a_token_is_answered_and_asks_nobody() {
    let doubles = Doubles::new();
    let error = scripted_client("no-token").totp_enroll().await.unwrap_err();
    assert_eq!(code_of(&error), "token_not_set");
    assert!(doubles.requests().is_empty());
}

#[wasm_bindgen_test]
async fn the_example_of_the_readme_adds_an_authenticator_app_with_the_token_of_its_sign_in() {
    assert!(include_str!("../../README.md").contains(include_str!("readme.rs")), "the README has another example");
    let doubles = Doubles::new();
    doubles.give_credential(r#"{"id":"key","response":{}}"#);
    doubles.answer(200, r#"{"challengeId":"c"}"#);
    doubles.answer(200, REQUEST_OPTIONS);
    doubles.answer(200, r#"{"isVerified":true,"accessToken":"of the window"}"#);
    doubles.answer(200, r#"{"uri":"otpauth://totp/a","secret":"s","userAuthenticatorId":"a","userId":"b"}"#);

    assert_eq!(readme::run().await.unwrap(), "otpauth://totp/a");
    let requests = doubles.requests();
    assert_eq!(requests.last().unwrap(), "POST /v1/client/user-authenticators/totp Bearer of the window ");
}

#[wasm_bindgen_test]
async fn a_verified_code_replaces_the_token_of_the_next_request() {
    let doubles = Doubles::new();
    let client = scripted_client("renewal");
    client.set_token("first");
    doubles.answer(200, r#"{"isVerified":true,"accessToken":"second"}"#);
    doubles.answer(200, r#"{"uri":"u","secret":"s","userAuthenticatorId":"a","userId":"b"}"#);

    let verified = client.totp_verify("123456").await.unwrap();
    assert_eq!(verified.token.as_deref(), Some("second"));
    client.totp_enroll().await.unwrap();

    assert_eq!(
        doubles.requests(),
        [
            r#"POST /client/verify/totp Bearer first {"verificationCode":"123456"}"#,
            "POST /client/user-authenticators/totp Bearer second ",
        ]
    );
}

#[wasm_bindgen_test]
async fn a_wrong_code_keeps_the_token_and_is_no_error() {
    let doubles = Doubles::new();
    let client = scripted_client("wrong-code");
    client.set_token("first");
    doubles.answer(200, r#"{"isVerified":false,"failureReason":"CODE_INVALID_OR_EXPIRED"}"#);
    doubles.answer(200, r#"{"isVerified":false}"#);

    let verified = client.totp_verify("000000").await.unwrap();
    assert!(!verified.is_verified);
    assert_eq!(verified.failure_reason.as_deref(), Some("CODE_INVALID_OR_EXPIRED"));
    client.totp_verify("000001").await.unwrap();
    assert!(doubles.requests()[1].contains("Bearer first"));
}

#[wasm_bindgen_test]
async fn clients_of_one_tenant_share_the_token_and_other_tenants_never_see_it() {
    let doubles = Doubles::new();
    scripted_client("shared").set_token("token of the tenant");
    doubles.answer(200, r#"{"isVerified":true}"#);
    assert!(scripted_client("shared").totp_verify("1").await.is_ok());
    assert_eq!(code_of(&scripted_client("another").totp_verify("1").await.unwrap_err()), "token_not_set");
}

#[wasm_bindgen_test]
async fn every_answer_that_is_none_of_the_apis_is_an_answered_error() {
    let doubles = Doubles::new();
    let client = scripted_client("invalid");
    client.set_token("token");
    for (status, body, expected) in [
        (502, "<html>Bad gateway</html>", "invalid_response"),
        (200, "", "invalid_response"),
        (200, "null", "invalid_response"),
        (200, "\"text\"", "invalid_response"),
        (500, "{}", "invalid_response"),
        (429, "", "too_many_requests"),
        (403, r#"{"error":"insufficient_scope"}"#, "insufficient_scope"),
        (403, r#"{"errorCode":"insufficient_scope"}"#, "insufficient_scope"),
        (200, r#"{"error":"Old","errorCode":"old_code"}"#, "old_code"),
    ] {
        doubles.answer(status, body);
        let error = client.totp_enroll().await.unwrap_err();
        assert_eq!(code_of(&error), expected, "for {status} {body:?}");
    }
}

#[wasm_bindgen_test]
async fn a_lost_connection_is_answered_with_network_error() {
    let doubles = Doubles::new();
    let client = scripted_client("network");
    client.set_token("token");
    doubles.fail_with("Failed to fetch");
    let error = client.totp_enroll().await.unwrap_err();
    assert_eq!(error.to_string(), "network_error: The request could not be completed: Failed to fetch");
}

#[wasm_bindgen_test]
async fn an_expired_token_is_reported_once() {
    let doubles = Doubles::new();
    let (counter, callback) = counting_callback();
    let client = Authsignal::new(Options { on_token_expired: Some(callback), ..scripted_options("expired") });
    client.set_token("old");
    doubles.answer(401, r#"{"error":"expired_token","errorCode":"expired_token","errorDescription":"Over."}"#);
    assert_eq!(code_of(&client.totp_enroll().await.unwrap_err()), "expired_token");
    assert_eq!(counter.get(), 1);
}

#[wasm_bindgen_test]
async fn a_hundred_concurrent_calls_lose_nothing() {
    let doubles = Doubles::new();
    let client = scripted_client("concurrent");
    client.set_token("token");
    for _ in 0..100 {
        doubles.answer(200, r#"{"isVerified":true}"#);
    }
    let calls = (0..100).map(|code| {
        let client = client.clone();
        async move { client.totp_verify(&code.to_string()).await }
    });
    let results = join_all(calls).await;
    assert!(results.iter().all(|result| result.as_ref().is_ok_and(|verified| verified.is_verified)));
    assert_eq!(doubles.requests().len(), 100);
}

#[wasm_bindgen_test]
async fn options_that_exclude_each_other_are_refused_before_any_request() {
    let doubles = Doubles::new();
    let client = scripted_client("pairs");
    let both = SignIn { token: Some("t".into()), action: Some("a".into()), ..SignIn::default() };
    assert!(
        matches!(client.passkey_sign_in(both).await, Err(Error::Misuse(m)) if m == "action is not supported when providing a token")
    );
    let both = SignIn { token: Some("t".into()), autofill: true, ..SignIn::default() };
    assert!(
        matches!(client.passkey_sign_in(both).await, Err(Error::Misuse(m)) if m == "autofill is not supported when providing a token")
    );
    assert!(doubles.requests().is_empty());
}

#[wasm_bindgen_test]
async fn a_cancelled_ceremony_keeps_the_browsers_exception_as_its_cause() {
    let doubles = Doubles::new();
    doubles.refuse_ceremonies("NotAllowedError", "The user said no");
    doubles.answer(200, REQUEST_OPTIONS);
    let error = scripted_client("cancelled").passkey_sign_in(SignIn::default()).await.unwrap_err();
    let Error::Ceremony { name, code, message, error_code, cause } = error else { panic!("{error}") };
    assert_eq!((name.as_str(), code.as_str()), ("NotAllowedError", "ERROR_PASSTHROUGH_SEE_CAUSE_PROPERTY"));
    assert_eq!(message, "The user said no");
    assert_eq!(error_code.as_deref(), Some("user_canceled"));
    assert_eq!(text_of(&cause, "name"), "NotAllowedError");
}

#[wasm_bindgen_test]
async fn a_second_ceremony_aborts_the_first_and_waits_until_it_has_ended() {
    let doubles = Doubles::new();
    doubles.hang_ceremonies();
    let client = scripted_client("one-ceremony");
    doubles.answer(200, REQUEST_OPTIONS);
    doubles.answer(200, REQUEST_OPTIONS);
    let sign_in = || {
        let client = client.clone();
        start(async move { client.passkey_sign_in(SignIn::default()).await })
    };
    let first = sign_in();
    doubles.until_ceremonies(1).await;
    let second = sign_in();
    doubles.until_ceremonies(2).await;

    let Err(Error::Ceremony { code, .. }) = first.await else { panic!("the first was not aborted") };
    assert_eq!(code, "ERROR_CEREMONY_ABORTED");
    // The double refuses a ceremony while another is pending, as browsers do.
    doubles.abort_ceremonies();
    assert!(second.await.is_err());
}

#[wasm_bindgen_test]
async fn a_browser_without_webauthn_is_told_what_it_needs() {
    let doubles = Doubles::new();
    doubles.hide_web_authn();
    doubles.answer(200, REQUEST_OPTIONS);
    let error = scripted_client("no-webauthn").passkey_sign_in(SignIn::default()).await.unwrap_err();
    assert!(error.to_string().starts_with("WebAuthn is not supported in this browser"), "{error}");
}

#[wasm_bindgen_test]
async fn an_offer_without_a_challenge_is_an_answered_error_and_asks_no_authenticator() {
    let doubles = Doubles::new();
    doubles.refuse_ceremonies("NotAllowedError", "must not be asked");
    for body in [r#"{"challengeId":"c"}"#, r#"{"options":{}}"#, r#"{"options":{"challenge":7}}"#, "[]"] {
        doubles.answer(200, body);
        let error = scripted_client("no-offer").passkey_sign_in(SignIn::default()).await.unwrap_err();
        assert_eq!(code_of(&error), "invalid_response", "for {body}");
    }
}

// ---- Against the real server and authenticator ----

/// Firefox has no authenticator of the device's own, not even a virtual one.
fn any_authenticator() -> SignUp {
    SignUp { authenticator_attachment: Attachment::Any, ..SignUp::default() }
}

#[wasm_bindgen_test]
async fn a_passkey_sign_in_opens_the_window_through_which_an_authenticator_app_is_enrolled() {
    let user = User::new("opens-the-window");
    let client = server_client();

    // The first authenticator needs no scope.
    let first = user.track("").await;
    client.set_token(&first);
    let signed_up =
        client.passkey_sign_up(SignUp { username: Some("ada".into()), ..any_authenticator() }).await.unwrap();
    assert_eq!(signed_up.user_authenticator.unwrap().verification_method, "PASSKEY");
    assert!(client.passkey_is_available_on_device(&user.id).await);

    // The token that was there before is spent.
    client.set_token(&first);
    assert_eq!(code_of(&client.totp_enroll().await.unwrap_err()), "insufficient_scope");

    // A sign-in brings one that may add.
    client.clear_token();
    let signed_in =
        client.passkey_sign_in(SignIn { action: Some("signIn".into()), ..SignIn::default() }).await.unwrap();
    assert!(signed_in.is_verified);
    assert_eq!(signed_in.user_id.as_deref(), Some(user.id.as_str()));
    let enrolment = client.totp_enroll().await.unwrap();
    assert!(enrolment.uri.starts_with("otpauth://totp/"), "{}", enrolment.uri);
    assert!(enrolment.uri.contains(&enrolment.secret));
    assert!(!client.totp_verify("000000").await.unwrap().is_verified);
    user.delete().await;
}

#[wasm_bindgen_test]
async fn a_passkey_that_the_authenticator_holds_already_is_refused_by_it() {
    let user = User::new("excluded");
    let client = server_client();
    client.set_token(&user.track("").await);
    client.passkey_sign_up(any_authenticator()).await.unwrap();
    client.set_token(&user.track("add:authenticators").await);
    let error = client.passkey_sign_up(any_authenticator()).await.unwrap_err();
    assert_eq!(error.code().unwrap_or_default(), "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED");
    user.delete().await;
}

#[wasm_bindgen_test]
async fn a_token_of_the_backend_with_the_scope_enrols_without_a_challenge() {
    let user = User::new("scope");
    let client = server_client();
    client.set_token(&user.track("").await);
    client.passkey_sign_up(any_authenticator()).await.unwrap();

    client.set_token(&user.track("").await);
    assert_eq!(code_of(&client.totp_enroll().await.unwrap_err()), "insufficient_scope");
    client.set_token(&user.track("add:authenticatorsX").await);
    assert_eq!(code_of(&client.totp_enroll().await.unwrap_err()), "insufficient_scope");
    client.set_token(&user.track("add:authenticators").await);
    assert!(client.totp_enroll().await.is_ok());
    user.delete().await;
}

#[wasm_bindgen_test]
async fn denied_storage_costs_the_hint_and_not_the_sign_in() {
    let user = User::new("storage");
    let client = server_client();
    client.set_token(&user.track("").await);
    let denied = deny_storage();
    client.passkey_sign_up(any_authenticator()).await.unwrap();
    let signed_in = client.passkey_sign_in(SignIn::default()).await.unwrap();
    assert!(signed_in.is_verified);
    assert!(!client.passkey_is_available_on_device(&user.id).await);
    drop(denied);
    client.passkey_sign_in(SignIn::default()).await.unwrap();
    assert!(client.passkey_is_available_on_device(&user.id).await);
    user.delete().await;
}
