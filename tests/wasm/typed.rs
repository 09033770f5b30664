//! The typed API: what goes out, what comes back, and that a dropped future ends what it began.

use crate::support::*;
use authsignal_wasm::client::{
    AddAuthenticator, Attachment, AuthenticationOptions, Authsignal, Binding, BindingState, ChallengeAction, Error,
    Hint, LaunchError, Launched, Options, PopupOptions, PushChallenge, QrCode, QrCodeState, RegistrationOptions,
    SignIn, SignUp, VerifyAuthenticator, WindowOptions, timeout,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen_test::*;

const ENROLLED: &str = r#"{"userAuthenticatorId":"a","userId":"u"}"#;
const SENT: &str = r#"{"challengeId":"c"}"#;
const VERIFIED: &str = r#"{"isVerified":true,"accessToken":"new","userAuthenticator":{"userAuthenticatorId":"a",
    "verificationMethod":"EMAIL_OTP","createdAt":"2030-01-01T00:00:00.000Z","email":"a***@example.test","unknown":1}}"#;

#[wasm_bindgen_test]
async fn codes_are_sent_and_verified_by_email_sms_and_whatsapp() {
    let doubles = Doubles::new();
    let client = scripted_client("codes");
    client.set_token("t");
    for answer in [ENROLLED, SENT, VERIFIED, ENROLLED, SENT, VERIFIED, SENT, VERIFIED] {
        doubles.answer(200, answer);
    }

    assert_eq!(client.email_enroll("ada@example.test").await.unwrap().user_authenticator_id, "a");
    assert_eq!(client.email_challenge().await.unwrap().challenge_id, "c");
    let verified = client.email_verify("1").await.unwrap();
    assert_eq!(verified.user_authenticator.unwrap().email.as_deref(), Some("a***@example.test"));
    assert_eq!(client.sms_enroll("+6421000000").await.unwrap().user_id.as_deref(), Some("u"));
    client.sms_challenge().await.unwrap();
    assert!(client.sms_verify("2").await.unwrap().is_verified);
    client.whatsapp_challenge().await.unwrap();
    assert_eq!(client.whatsapp_verify("3").await.unwrap().token.as_deref(), Some("new"));

    assert_eq!(
        doubles.requests(),
        [
            r#"POST /client/user-authenticators/email-otp Bearer t {"email":"ada@example.test"}"#,
            "POST /client/challenge/email-otp Bearer t ",
            r#"POST /client/verify/email-otp Bearer t {"verificationCode":"1"}"#,
            r#"POST /client/user-authenticators/sms Bearer new {"phoneNumber":"+6421000000"}"#,
            "POST /client/challenge/sms Bearer new ",
            r#"POST /client/verify/sms Bearer new {"verificationCode":"2"}"#,
            "POST /client/challenge/whatsapp Bearer new ",
            r#"POST /client/verify/whatsapp Bearer new {"verificationCode":"3"}"#,
        ]
    );
}

#[wasm_bindgen_test]
async fn a_magic_link_is_waited_for_until_it_is_confirmed_and_no_longer_once_the_token_is_over() {
    let doubles = Doubles::new();
    let client = scripted_client("links");
    client.set_token("t");
    let over = (401, r#"{"errorCode":"expired_token","error":"expired_token"}"#);
    for (status, answer) in [(200, ENROLLED), (200, SENT), (200, r#"{"isVerified":false}"#), (200, VERIFIED), over] {
        doubles.answer(status, answer);
    }

    client.email_magic_link_enroll("ada@example.test").await.unwrap();
    client.email_magic_link_challenge().await.unwrap();
    assert!(client.email_magic_link_check_verification_status().await.unwrap().is_verified);
    assert_eq!(
        doubles.requests()[2..],
        [
            "POST /client/verify/email-magic-link/finalize Bearer t {}",
            "POST /client/verify/email-magic-link/finalize Bearer t {}"
        ]
    );
    let error = client.email_magic_link_check_verification_status().await.unwrap_err();
    assert_eq!(code_of(&error), "expired_token");
}

#[wasm_bindgen_test]
async fn a_push_tells_what_became_of_it_and_leaves_the_token_to_the_app() {
    let doubles = Doubles::new();
    let client = scripted_client("push");
    client.set_token("t");
    doubles.answer(200, r#"{"challengeId":"p","deliveryResults":[{"userAuthenticatorId":"a","errorCode":"gone"}]}"#);
    doubles.answer(200, r#"{"isVerified":false,"isConsumed":false}"#);
    doubles.answer(200, r#"{"isVerified":true,"isConsumed":true,"accessToken":"new"}"#);
    doubles.answer(200, SENT);

    let sent = client
        .push_challenge(PushChallenge { action: Some("pay".into()), user_authenticator_id: Some("a".into()) })
        .await
        .unwrap();
    assert_eq!(sent.delivery_results[0].error_code.as_deref(), Some("gone"));
    let pending = client.push_verify(&sent.challenge_id).await.unwrap();
    assert!(!pending.is_verified && !pending.is_consumed);
    assert_eq!(client.push_verify("p").await.unwrap().token.as_deref(), Some("new"));
    assert!(client.push_challenge(PushChallenge::default()).await.unwrap().delivery_results.is_empty());
    assert_eq!(
        doubles.requests(),
        [
            r#"POST /client/challenge/push Bearer t {"action":"pay","userAuthenticatorId":"a"}"#,
            r#"POST /client/verify/push Bearer t {"challengeId":"p"}"#,
            r#"POST /client/verify/push Bearer t {"challengeId":"p"}"#,
            "POST /client/challenge/push Bearer t {}",
        ]
    );
}

type States = Rc<RefCell<Vec<(QrCodeState, Option<String>)>>>;

fn heard() -> (States, impl FnMut(QrCodeState, Option<String>)) {
    let states = States::default();
    let hearing = states.clone();
    (states, move |state, token| hearing.borrow_mut().push((state, token)))
}

#[wasm_bindgen_test]
async fn a_qr_code_that_is_polled_tells_of_each_state_once_and_ends_with_the_approval() {
    let doubles = Doubles::new();
    let client = scripted_client("qr-code");
    let claimed = r#"{"isClaimed":true,"isConsumed":false,"isVerified":false}"#;
    let approved = r#"{"isClaimed":true,"isConsumed":true,"isVerified":true,"accessToken":"new"}"#;
    let challenge = r#"{"challengeId":"q","deviceCode":"d","expiresAt":"2999-01-01T00:00:00.000Z"}"#;
    for answer in [challenge, claimed, claimed, approved] {
        doubles.answer(200, answer);
    }
    let (states, hear) = heard();
    let till = BTreeMap::from([("till", 4)]);
    let qr_code = QrCode::new("kiosk", hear).custom(&till).unwrap().polling(Duration::from_millis(5));
    let session = client.qr_code_challenge(qr_code).await.unwrap();
    assert_eq!(session.challenge().challenge_id, "q");

    until(|| states.borrow().len() == 2).await;
    assert_eq!(*states.borrow(), [(QrCodeState::Claimed, None), (QrCodeState::Approved, Some("new".into()))]);
    assert_eq!(doubles.requests().len(), 4);
    assert!(doubles.requests()[0].ends_with(r#"{"action":"kiosk","custom":{"till":4}}"#), "{:?}", doubles.requests());
}

#[wasm_bindgen_test]
async fn a_qr_code_that_outlives_every_timer_is_not_refreshed_at_once() {
    let doubles = Doubles::new();
    let client = scripted_client("qr-code-for-ever");
    doubles.answer(200, r#"{"challengeId":"q","deviceCode":"d","expiresAt":"2999-01-01T00:00:00.000Z"}"#);
    let never = Duration::from_secs(u64::from(u32::MAX));
    let qr_code = QrCode::new("kiosk", |_, _| {}).polling(never).refresh_every(never).on_refresh(|_, _| {});
    let session = client.qr_code_challenge(qr_code).await.unwrap();
    sleep(100).await;
    assert_eq!(doubles.requests().len(), 1, "{:?}", doubles.requests());
    drop(session);
}

#[wasm_bindgen_test]
async fn a_qr_code_that_is_refused_is_an_error_and_a_dropped_one_asks_no_more() {
    let doubles = Doubles::new();
    let client = scripted_client("qr-code-refused");
    let qr_code = || QrCode::new("kiosk", |_, _| {}).polling(Duration::from_millis(5));
    doubles.answer(401, r#"{"error":"unauthorized","errorCode":"unauthorized"}"#);
    let Err(error) = client.qr_code_challenge(qr_code()).await else { panic!("it was not refused") };
    assert_eq!(code_of(&error), "unauthorized");

    doubles.answer(200, r#"{"challengeId":"q","deviceCode":"d","expiresAt":"2999-01-01T00:00:00.000Z"}"#);
    drop(client.qr_code_challenge(qr_code()).await.unwrap());
    sleep(30).await;
    assert_eq!(doubles.requests().len(), 2);
}

#[wasm_bindgen_test]
async fn a_qr_code_that_nobody_scans_in_time_is_over_and_says_so() {
    let doubles = Doubles::new();
    let client = scripted_client("qr-code-over");
    let soon = js_sys::Date::new(&(js_sys::Date::now() + 30.0).into()).to_iso_string();
    doubles.answer(200, &format!(r#"{{"challengeId":"q","deviceCode":"d","expiresAt":"{soon}"}}"#));
    for _ in 0..4 {
        doubles.answer(200, r#"{"isClaimed":false,"isConsumed":false,"isVerified":false}"#);
    }
    let codes = Rc::<RefCell<Vec<String>>>::default();
    let told = codes.clone();
    let qr_code = QrCode::new("kiosk", |_, _| {})
        .polling(Duration::from_millis(50))
        .on_error(move |error| told.borrow_mut().push(code_of(&error).to_owned()));
    let session = client.qr_code_challenge(qr_code).await.unwrap();
    until(|| !codes.borrow().is_empty()).await;
    sleep(120).await;
    assert_eq!(*codes.borrow(), ["challenge_expired"]);
    drop(session);
}

#[wasm_bindgen_test]
async fn a_dropped_sign_in_lets_go_of_the_authenticator_and_of_the_pages_autofill() {
    let doubles = Doubles::new();
    let client = scripted_client("dropped");
    let field = autofill_field();
    doubles.hang_ceremonies();
    for autofill in [true, false, true] {
        doubles.answer(200, REQUEST_OPTIONS);
        let before = doubles.ceremonies();
        let mut sign_in = Box::pin(client.passkey_sign_in(SignIn { autofill, ..SignIn::default() }));
        until_polled(&mut sign_in, || doubles.ceremonies() > before).await;
        drop(sign_in);
        until(|| doubles.pending_ceremonies() == 0).await;
    }
    assert_eq!(doubles.requests().len(), 3, "no autofill request is thought to be pending: {:?}", doubles.requests());
    field.remove();
}

#[wasm_bindgen_test]
async fn a_dropped_request_is_aborted() {
    let doubles = Doubles::new();
    let client = scripted_client("dropped-request");
    client.set_token("t");
    doubles.hang_request();
    let mut call = Box::pin(client.totp_enroll());
    until_polled(&mut call, || doubles.requests().len() == 1).await;
    drop(call);
    until(|| doubles.aborted_requests() == 1).await;
}

#[wasm_bindgen_test]
async fn the_binding_window_is_what_the_token_says() {
    let client = scripted_client("binding");
    assert_eq!(client.binding().state, BindingState::None);
    client.set_token(&token_of(r#"{"exp":32503680000,"scope":"read:authenticators add:authenticators","sub":"ada"}"#));
    let binding = client.binding();
    assert_eq!(binding.state, BindingState::Open);
    assert_eq!(binding.user_id.as_deref(), Some("ada"));
    assert_eq!(binding.scopes, ["read:authenticators", "add:authenticators"]);
    assert_eq!(binding.expires_at, Some(32_503_680_000_000.0));
    client.set_token(&token_of(r#"{"exp":1}"#));
    assert_eq!(client.binding().state, BindingState::Expired);
    client.clear_token();
    assert_eq!(client.binding().state, BindingState::None);
}

#[wasm_bindgen_test]
async fn a_passkey_may_be_asked_of_any_authenticator_or_of_one_kind() {
    let doubles = Doubles::new();
    let client = scripted_client("attachment");
    client.set_token("t");
    for (attachment, sent) in [
        (Attachment::Platform, r#"{"authenticatorAttachment":"platform"}"#),
        (Attachment::CrossPlatform, r#"{"authenticatorAttachment":"cross-platform"}"#),
        (Attachment::Any, r#"{"authenticatorAttachment":null}"#),
    ] {
        doubles.answer(400, r#"{"errorCode":"stop"}"#);
        let sign_up = SignUp { authenticator_attachment: attachment, ..SignUp::default() };
        assert_eq!(code_of(&client.passkey_sign_up(sign_up).await.unwrap_err()), "stop");
        assert!(doubles.requests().last().unwrap().ends_with(sent), "{:?}", doubles.requests());
    }
}

#[wasm_bindgen_test]
async fn a_security_key_is_enrolled_and_then_proves_its_user() {
    let doubles = Doubles::new();
    let client = scripted_client("security-key");
    client.set_token("t");
    doubles.give_credential(r#"{"id":"key"}"#);
    let user = r#"{"id":"dQ","name":"ada","displayName":"Ada"}"#;
    let create = format!(r#"{{"challenge":"Y2hhbGxlbmdl","rp":{{"name":"r"}},"user":{user},"pubKeyCredParams":[]}}"#);
    for answer in [&create, VERIFIED, r#"{"challenge":"Y2hhbGxlbmdl"}"#, r#"{"isVerified":false}"#] {
        doubles.answer(200, answer);
    }

    let enrolled = client.security_key_enroll(&[Hint::SecurityKey]).await.unwrap();
    assert_eq!(enrolled.token.as_deref(), Some("new"));
    assert_eq!(text_of(&enrolled.registration_response, "id"), "key");
    assert!(doubles.asked_of_authenticator().contains(r#""hints":["security-key"]"#));
    assert!(!client.security_key_verify().await.unwrap().is_verified);
    assert_eq!(
        doubles.requests(),
        [
            "POST /client/user-authenticators/security-key/registration-options Bearer t {}",
            r#"POST /client/user-authenticators/security-key Bearer t {"id":"key"}"#,
            "POST /client/user-authenticators/security-key/authentication-options Bearer new {}",
            r#"POST /client/verify/security-key Bearer new {"id":"key"}"#,
        ]
    );
}

/// A token that is over in one to two seconds, and permits to add authenticators.
fn short_lived() -> String {
    let end = (js_sys::Date::now() / 1000.0).floor() + 2.0;
    token_of(&format!(r#"{{"exp":{end},"scope":"add:authenticators"}}"#))
}

type Bindings = Rc<RefCell<Vec<Binding>>>;
type OnBinding = Option<Box<dyn Fn(Binding)>>;

fn watched() -> (Bindings, OnBinding) {
    let bindings = Bindings::default();
    let told = bindings.clone();
    (bindings, Some(Box::new(move |binding| told.borrow_mut().push(binding))))
}

fn states(bindings: &Bindings) -> Vec<BindingState> {
    bindings.borrow().iter().map(|binding| binding.state).collect()
}

#[wasm_bindgen_test]
async fn the_window_is_told_as_it_opens_ahead_of_its_end_and_as_it_ends() {
    let (changes, on_binding_change) = watched();
    let (warnings, on_token_expiring) = watched();
    let client = Authsignal::new(Options {
        on_binding_change,
        on_token_expiring,
        token_expiring: Duration::from_millis(500),
        ..scripted_options("watched")
    });
    client.set_token(&short_lived());
    assert_eq!(states(&changes), [BindingState::Open]);
    assert!(warnings.borrow().is_empty());
    until(|| changes.borrow().len() > 1).await;
    assert_eq!(states(&changes), [BindingState::Open, BindingState::Expired]);
    assert_eq!(states(&warnings), [BindingState::Open]);
    assert!(warnings.borrow()[0].remaining_ms <= 500.0);
}

#[wasm_bindgen_test]
async fn a_token_that_a_reply_brings_is_told_and_one_that_is_replaced_does_not_end_the_window() {
    let doubles = Doubles::new();
    let (changes, on_binding_change) = watched();
    let client = Authsignal::new(Options { on_binding_change, ..scripted_options("replaced") });
    client.set_token(&short_lived());
    let lasting = token_of(r#"{"exp":32503680000,"scope":"add:authenticators"}"#);
    doubles.answer(200, &format!(r#"{{"isVerified":true,"accessToken":"{lasting}"}}"#));
    client.totp_verify("1").await.unwrap();
    sleep(2100).await;
    assert_eq!(states(&changes), [BindingState::Open, BindingState::Open]);
    client.clear_token();
    assert_eq!(states(&changes)[2..], [BindingState::None]);
}

#[wasm_bindgen_test]
async fn what_hears_of_the_window_may_set_a_token_and_hears_no_more_once_its_client_is_dropped() {
    let other = scripted_client("reentrant");
    let (setter, count) = (other.clone(), Rc::new(RefCell::new(0)));
    let counted = count.clone();
    let on_binding_change: Box<dyn Fn(Binding)> = Box::new(move |_| {
        *counted.borrow_mut() += 1;
        if *counted.borrow() == 1 {
            setter.set_token("another");
        }
    });
    let client =
        Authsignal::new(Options { on_binding_change: Some(on_binding_change), ..scripted_options("reentrant") });
    client.set_token("one");
    assert_eq!(*count.borrow(), 2);
    drop(client.clone());
    other.clear_token();
    assert_eq!(*count.borrow(), 3);
    drop(client);
    other.set_token("one");
    assert_eq!(*count.borrow(), 3);
}

#[wasm_bindgen_test]
async fn a_token_that_is_set_or_cleared_during_a_call_stands_and_the_call_has_no_other_users_answer() {
    let doubles = Doubles::new();
    let client = scripted_client("meanwhile");
    client.set_token("first");
    for reason in ["first", "second"] {
        doubles.answer(200, &format!(r#"{{"isVerified":true,"accessToken":"renewed","failureReason":"{reason}"}}"#));
    }
    let mut first = Box::pin(client.totp_verify("1"));
    until_polled(&mut first, || doubles.requests().len() == 1).await;
    client.set_token("second");
    let mut second = Box::pin(client.totp_verify("1"));
    until_polled(&mut second, || doubles.requests().len() == 2).await;
    assert_eq!(first.await.unwrap().failure_reason.as_deref(), Some("first"));
    client.clear_token();
    assert_eq!(second.await.unwrap().token.as_deref(), Some("renewed"));
    assert_eq!(code_of(&scripted_client("meanwhile").totp_enroll().await.unwrap_err()), "token_not_set");
    assert!(doubles.requests()[1].contains("Bearer second"));
}

#[wasm_bindgen_test]
async fn autofill_is_armed_again_after_a_button_whose_future_was_dropped() {
    let doubles = Doubles::new();
    doubles.hang_ceremonies();
    let client = scripted_client("dropped-button");
    let field = autofill_field();
    for _ in 0..2 {
        doubles.answer(200, REQUEST_OPTIONS);
    }
    let armed = client.clone();
    let autofill =
        start(async move { armed.passkey_sign_in(SignIn { autofill: true, ..SignIn::default() }).await.is_err() });
    doubles.until_ceremonies(1).await;
    let mut button = Box::pin(client.passkey_sign_in(SignIn::default()));
    until_polled(&mut button, || doubles.ceremonies() == 2).await;
    drop(button);
    doubles.until_ceremonies(3).await;
    doubles.abort_ceremonies();
    assert!(autofill.await);
    field.remove();
}

#[wasm_bindgen_test]
async fn a_double_submit_of_one_code_is_one_request_which_ends_with_the_last_who_waits() {
    let doubles = Doubles::new();
    let client = scripted_client("double-submit");
    client.set_token("t");
    for code in ["1", "1", "2"] {
        doubles.answer(200, &format!(r#"{{"isVerified":false,"failureReason":"{code}"}}"#));
    }
    let verify = |code: &'static str| {
        let client = client.clone();
        async move { client.email_verify(code).await.unwrap().failure_reason }
    };
    let reasons = join_all(["1", "1", "2"].into_iter().map(verify)).await;
    assert_eq!(reasons[0], reasons[1]);
    assert_eq!(doubles.requests().len(), 2, "{:?}", doubles.requests());
    verify("1").await;
    assert_eq!(doubles.requests().len(), 3, "it is asked anew when the first is answered");

    doubles.hang_request();
    let (mut one, mut other) = (Box::pin(client.sms_verify("3")), Box::pin(client.sms_verify("3")));
    until_polled(&mut one, || doubles.requests().len() == 4).await;
    until_polled(&mut other, || true).await;
    drop(one);
    sleep(20).await;
    assert_eq!(doubles.aborted_requests(), 0);
    drop(other);
    until(|| doubles.aborted_requests() == 1).await;
    assert_eq!(doubles.requests().len(), 4);
}

#[wasm_bindgen_test]
async fn a_call_that_takes_too_long_is_aborted_and_one_that_does_not_is_itself() {
    let doubles = Doubles::new();
    let client = scripted_client("timeout");
    client.set_token("t");
    doubles.hang_request();
    let error = timeout(Duration::from_millis(20), client.totp_enroll()).await.unwrap_err();
    assert_eq!(error.to_string(), "timeout: No answer within 20 ms");
    until(|| doubles.aborted_requests() == 1).await;
    doubles.answer(200, VERIFIED);
    assert!(timeout(Duration::MAX, client.totp_verify("1")).await.unwrap().is_verified);
}

#[wasm_bindgen_test]
async fn a_sign_in_tells_that_the_passkey_was_used_before_the_server_verifies_it() {
    let doubles = Rc::new(Doubles::new());
    doubles.give_credential(r#"{"id":"key","response":{}}"#);
    doubles.answer(200, REQUEST_OPTIONS);
    doubles.answer(200, r#"{"isVerified":false}"#);
    let requests = Rc::new(RefCell::new(Vec::new()));
    let (told, asked) = (requests.clone(), doubles.clone());
    let on_verification_started: Box<dyn FnMut()> = Box::new(move || told.borrow_mut().push(asked.requests().len()));
    let sign_in = SignIn { on_verification_started: Some(on_verification_started), ..SignIn::default() };
    assert!(!scripted_client("started").passkey_sign_in(sign_in).await.unwrap().is_verified);
    assert_eq!(*requests.borrow(), [1]);
    assert_eq!(doubles.requests().len(), 2);
}

#[wasm_bindgen_test]
async fn the_requests_behind_a_passkey_are_made_one_by_one_and_set_no_token() {
    let doubles = Doubles::new();
    let client = scripted_client("passkey-api");
    client.set_token("not this one");
    let api = client.passkey_api();
    let credential = || js_sys::JSON::parse(r#"{"id":"key"}"#).unwrap();
    let known = r#"{"credentialId":"a","verifiedAt":"2030-01-01T00:00:00.000Z"}"#;
    let listed = r#"[{"userAuthenticatorId":"a","verificationMethod":"PASSKEY","createdAt":"2030-01-01T00:00:00.000Z",
        "webauthnCredential":{"credentialId":"k","deviceId":"d","name":"Key","parsedUserAgent":{"ua":"U","os":{"name":"Linux"}},
        "aaguidMapping":{"name":"Model"}}}]"#;
    for answer in [SENT, REQUEST_OPTIONS, REQUEST_OPTIONS, VERIFIED, REQUEST_OPTIONS, VERIFIED, listed, known] {
        doubles.answer(200, answer);
    }

    let challenge = ChallengeAction { action: "pay".into(), idempotency_key: Some("i".into()), use_cookies: true };
    assert_eq!(api.challenge(challenge).await.unwrap().challenge_id, "c");
    let asked = AuthenticationOptions { challenge_id: Some("c".into()), ..AuthenticationOptions::default() };
    let offer = api.authentication_options(asked).await.unwrap();
    assert_eq!(offer.challenge_id.as_deref(), Some("c"));
    assert_eq!(text_of(&offer.options, "rpId"), "localhost");
    api.authentication_options_web(AuthenticationOptions::default()).await.unwrap();
    let proof = VerifyAuthenticator {
        authentication_credential: credential(),
        device_id: Some("d".into()),
        ..VerifyAuthenticator::default()
    };
    assert_eq!(api.verify(proof).await.unwrap().access_token.as_deref(), Some("new"));
    let wanted = RegistrationOptions {
        token: "t".into(),
        username: Some("ada".into()),
        authenticator_attachment: Attachment::Any,
        ..RegistrationOptions::default()
    };
    api.registration_options(wanted).await.unwrap();
    let made = AddAuthenticator {
        token: "t".into(),
        registration_credential: credential(),
        challenge_id: Some("c".into()),
        ..AddAuthenticator::default()
    };
    assert!(api.add_authenticator(made).await.unwrap().is_verified);
    let whose = AuthenticationOptions { token: Some("t".into()), ..AuthenticationOptions::default() };
    let authenticators = api.authenticators(whose).await.unwrap();
    let key = authenticators[0].webauthn_credential.as_ref().unwrap();
    assert_eq!(key.parsed_user_agent.as_ref().unwrap().os.name.as_deref(), Some("Linux"));
    assert_eq!(key.aaguid_mapping.as_ref().unwrap().name, "Model");
    assert_eq!(api.passkey_authenticator(&["a", "b"]).await.unwrap().credential_id, "a");

    let tenant = "Basic cGFzc2tleS1hcGk=";
    assert_eq!(
        doubles.requests(),
        [
            format!(r#"POST /client/challenge/web {tenant} {{"action":"pay","idempotencyKey":"i"}}"#),
            format!(
                r#"POST /client/user-authenticators/passkey/authentication-options {tenant} {{"challengeId":"c"}}"#
            ),
            format!("POST /client/user-authenticators/passkey/authentication-options/web {tenant} {{}}"),
            format!(
                r#"POST /client/verify/passkey {tenant} {{"authenticationCredential":{{"id":"key"}},"deviceId":"d"}}"#
            ),
            concat!(
                "POST /client/user-authenticators/passkey/registration-options Bearer t ",
                r#"{"username":"ada","authenticatorAttachment":null}"#
            )
            .into(),
            concat!(
                "POST /client/user-authenticators/passkey Bearer t ",
                r#"{"registrationCredential":{"id":"key"},"conditionalCreate":false,"challengeId":"c"}"#
            )
            .into(),
            "GET /client/user-authenticators Bearer t ".into(),
            format!("GET /client/user-authenticators/passkey {tenant} "),
        ]
    );
}

#[wasm_bindgen_test]
async fn what_the_api_refuses_to_such_a_request_is_an_error_by_its_code_or_no_passkey() {
    let doubles = Doubles::new();
    let client = scripted_client("api-refused");
    doubles.answer(403, r#"{"error":"insufficient_scope"}"#);
    doubles.answer(404, r#"{"error":"invalid_credential"}"#);
    let asked = RegistrationOptions { token: "t".into(), ..RegistrationOptions::default() };
    assert_eq!(code_of(&client.passkey_api().registration_options(asked).await.unwrap_err()), "insufficient_scope");
    assert!(client.passkey_api().passkey_authenticator(&["a"]).await.is_none());
    let without = RegistrationOptions::default();
    assert_eq!(code_of(&client.passkey_api().registration_options(without).await.unwrap_err()), "token_not_set");
}

#[wasm_bindgen_test]
async fn the_requests_behind_a_security_key_are_made_one_by_one() {
    let doubles = Doubles::new();
    let client = scripted_client("security-key-api");
    let api = client.security_key_api();
    for answer in [r#"{"challenge":"x"}"#, VERIFIED, r#"{"challenge":"y"}"#, VERIFIED] {
        doubles.answer(200, answer);
    }
    let credential = || js_sys::JSON::parse(r#"{"id":"key"}"#).unwrap();
    assert_eq!(text_of(&api.registration_options("t").await.unwrap(), "challenge"), "x");
    let made =
        AddAuthenticator { token: "t".into(), registration_credential: credential(), ..AddAuthenticator::default() };
    assert!(api.add_authenticator(made).await.unwrap().is_verified);
    assert_eq!(text_of(&api.authentication_options("t").await.unwrap(), "challenge"), "y");
    let proof = VerifyAuthenticator {
        token: Some("t".into()),
        authentication_credential: credential(),
        ..VerifyAuthenticator::default()
    };
    assert!(api.verify(proof).await.unwrap().is_verified);
    assert_eq!(
        doubles.requests(),
        [
            "POST /client/user-authenticators/security-key/registration-options Bearer t {}",
            r#"POST /client/user-authenticators/security-key Bearer t {"id":"key"}"#,
            "POST /client/user-authenticators/security-key/authentication-options Bearer t {}",
            r#"POST /client/verify/security-key Bearer t {"id":"key"}"#,
        ]
    );
}

const CLOSE: &str = r#"{"event":"AUTHSIGNAL_CLOSE_POPUP","token":"new"}"#;
const REFUSED: &str = r#"{"event":"AUTHSIGNAL_API_ERROR","errorCode":"expired_token","statusCode":401}"#;

type LaunchErrors = Rc<RefCell<Vec<LaunchError>>>;
type OnLaunchError = Option<Box<dyn FnMut(LaunchError)>>;

fn heard_errors() -> (LaunchErrors, OnLaunchError) {
    let errors = LaunchErrors::default();
    let told = errors.clone();
    (errors, Some(Box::new(move |error| told.borrow_mut().push(error))))
}

fn expired() -> LaunchError {
    LaunchError { error_code: Some("expired_token".into()), status_code: Some(401) }
}

fn closed_by_the_user() -> Launched {
    Launched { token: None, error_code: Some("window_closed".into()) }
}

#[wasm_bindgen_test]
async fn a_popup_shows_the_pre_built_ui_hears_it_alone_and_ends_with_its_token() {
    let client = scripted_client("popup");
    let (errors, on_error) = heard_errors();
    let url = format!("{}#fragment", silent_page());
    let end = start(client.launch_popup(&url, PopupOptions { on_error, ..PopupOptions::default() }));
    say(r#"{"event":"AUTHSIGNAL_READY"}"#).await;
    until(is_popup_shown).await;
    assert_eq!(opened_address(), format!("{}?mode=popup#fragment", silent_page()));
    say(r#"{"height":321}"#).await;
    until(|| popup_height() == "321px").await;
    say(REFUSED).await;
    until(|| *errors.borrow() == [expired()]).await;

    let second = client.launch_popup(&url, PopupOptions::default()).await.unwrap_err();
    assert!(
        matches!(second, Error::Misuse(text) if text == "Multiple instances of Authsignal popup is not supported.")
    );
    forge(REFUSED);
    forge(r#"{"event":"AUTHSIGNAL_CLOSE_POPUP","token":"forged"}"#);
    assert_eq!(errors.borrow().len(), 1);
    say(CLOSE).await;
    assert_eq!(end.await.unwrap(), Launched { token: Some("new".into()), error_code: None });
    assert!(!is_popup_shown());
}

#[wasm_bindgen_test]
async fn a_popup_is_closed_by_the_user_when_its_time_is_over_or_by_dropping_its_future() {
    let client = scripted_client("popup-closed");
    let options = || PopupOptions { height: Some("200px".into()), ..PopupOptions::default() };
    let end = client.launch_popup(&silent_page(), options());
    until(is_popup_shown).await;
    assert_eq!(popup_height(), "");
    press_escape();
    assert_eq!(end.await.unwrap(), closed_by_the_user());

    let (errors, on_error) = heard_errors();
    let end = start(client.launch_popup(&silent_page(), PopupOptions { on_error, ..options() }));
    until(is_popup_shown).await;
    say(REFUSED).await;
    until(|| !errors.borrow().is_empty()).await;
    press_escape();
    assert_eq!(end.await.unwrap(), Launched { token: None, error_code: expired().error_code });

    let late = timeout(Duration::from_millis(20), client.launch_popup(&silent_page(), options())).await.unwrap_err();
    assert_eq!(late.code(), Some("timeout"));
    until(|| !is_popup_open()).await;

    drop(client.launch_popup(&silent_page(), options()));
    until(|| !is_popup_open()).await;
    let end = client.launch_popup(&silent_page(), PopupOptions { is_closable: false, ..options() });
    until(is_popup_shown).await;
    press_escape();
    assert!(is_popup_open());
    say(CLOSE).await;
    assert_eq!(end.await.unwrap().token.as_deref(), Some("new"));
}

#[wasm_bindgen_test]
async fn a_window_ends_with_its_token_or_when_the_user_closes_it_or_its_future_is_dropped() {
    let client = scripted_client("window");
    watch_windows(false);
    let (errors, on_error) = heard_errors();
    let url = format!("{}?x", silent_page());
    let end = client.launch_window(&url, WindowOptions { on_error, ..WindowOptions::default() });
    say(REFUSED).await;
    until(|| *errors.borrow() == [expired()]).await;
    assert_eq!(opened_address(), format!("{url}&mode=popup"));
    forge(r#"{"event":"AUTHSIGNAL_CLOSE_POPUP","token":"forged"}"#);
    say(CLOSE).await;
    assert_eq!(end.await.unwrap(), Launched { token: Some("new".into()), error_code: None });
    until(is_window_closed).await;

    let end = start(client.launch_window(&url, WindowOptions::default()));
    close_window();
    assert_eq!(end.await.unwrap(), closed_by_the_user());
    drop(client.launch_window(&url, WindowOptions::default()));
    until(is_window_closed).await;
}

#[wasm_bindgen_test]
async fn a_window_that_the_browser_blocks_and_an_address_that_is_none_are_errors_that_name_the_fix() {
    let client = scripted_client("window-blocked");
    watch_windows(true);
    let error = client.launch_window(&silent_page(), WindowOptions::default()).await.unwrap_err();
    watch_windows(false);
    assert_eq!(error.code(), Some("popup_blocked"));
    assert!(error.to_string().ends_with("launch it in the handler of a click"), "{error}");
    let no_address = "http://";
    assert!(matches!(client.launch_redirect(no_address), Err(Error::Misuse(_))));
    assert!(matches!(client.launch_popup(no_address, PopupOptions::default()).await, Err(Error::Misuse(_))));
    assert!(matches!(client.launch_window(no_address, WindowOptions::default()).await, Err(Error::Misuse(_))));
}

#[wasm_bindgen_test]
fn a_redirect_leaves_for_the_address_itself() {
    let there = format!("{}&launched", hash());
    scripted_client("redirect").launch_redirect(&there).unwrap();
    assert_eq!(hash(), there);
}

#[wasm_bindgen_test]
fn the_cookie_of_the_anonymous_id_is_escaped_as_by_the_npm_package() {
    let id_of = |name: &str| Authsignal::new(Options { cookie_name: name.into(), ..Options::new("t") }).anonymous_id();
    set_cookie("before=from%20before");
    assert_eq!(id_of("before"), "from before");
    set_cookie("own%20id%3B=kept");
    assert_eq!(id_of("own id;"), "kept");

    // It is written under the name that it is read by.
    let id = id_of("new id;é");
    assert!(cookies().split("; ").any(|cookie| cookie == format!("new%20id%3B%C3%A9={id}")), "{}", cookies());
    assert_eq!(id_of("new id;é"), id);

    // Neither is an id.
    set_cookie("malformed=%zz");
    set_cookie("empty=");
    for name in ["malformed", "empty"] {
        let id = id_of(name);
        assert_eq!(id.len(), 36, "{id}");
        assert!(cookies().contains(&format!("{name}={id}")), "{}", cookies());
    }
}

#[wasm_bindgen_test]
fn advanced_profiling_has_an_id_of_its_own_and_puts_its_script_into_the_page() {
    let client = scripted_client("profiling");
    assert_eq!(client.profiling_id(), None);
    let id = client.init_advanced_profiling(Some(&origin())).unwrap();
    assert_eq!(client.clone().profiling_id().as_deref(), Some(id.as_str()));
    assert_ne!(id, client.anonymous_id());
    assert!(cookies().split("; ").any(|cookie| cookie == format!("__as_pid={id}")), "{}", cookies());
    let (host, query) = (origin(), format!("?org_id=4a08uqve&session_id={id}"));
    assert_eq!(take_profiling(), format!("{host}/fp/tags.js{query} false as_adv_profile_pixel {host}/fp/tags{query}"));
}

// ---- Against the real server and authenticator ----

#[wasm_bindgen_test]
async fn the_real_api_sends_a_code_by_email_and_tells_a_wrong_one() {
    let user = User::new("email");
    let client = server_client();
    client.set_token(&user.track("").await);
    let enrollment = client.email_enroll(&format!("{}@example.test", user.id)).await.unwrap();
    assert_eq!(enrollment.user_id.as_deref(), Some(user.id.as_str()));
    let verified = client.email_verify("000000").await.unwrap();
    assert!(!verified.is_verified);
    assert_eq!(verified.failure_reason.as_deref(), Some("CODE_INVALID_OR_EXPIRED"));
    user.delete().await;
}

#[wasm_bindgen_test]
async fn a_qr_code_is_shown_refreshed_and_dropped_over_the_real_socket() {
    let client = server_client();
    let refreshed = Rc::new(RefCell::new(Vec::new()));
    let told = refreshed.clone();
    let qr_code =
        QrCode::new("kiosk", |_, _| {}).on_refresh(move |challenge_id, _| told.borrow_mut().push(challenge_id));
    let session = client.qr_code_challenge(qr_code).await.unwrap();
    session.refresh(Some(&BTreeMap::from([("till", "4")]))).await.unwrap();
    assert_eq!(refreshed.borrow().len(), 1);
    assert_ne!(refreshed.borrow()[0], session.challenge().challenge_id);
    assert!(session.challenge().device_code.is_none());
}

#[wasm_bindgen_test]
async fn a_qr_codes_socket_that_the_server_refuses_is_a_lost_socket() {
    let client = Authsignal::new(Options { base_url: api(), ..Options::new("another") });
    match client.qr_code_challenge(QrCode::new("kiosk", |_, _| {})).await {
        Err(Error::SocketLost(message)) => assert!(message.starts_with("WebSocket closed with"), "{message}"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("a tenant that the server does not know"),
    }
}

#[wasm_bindgen_test]
async fn the_real_pre_built_ui_tells_a_popup_its_height() {
    let user = User::new("popup");
    let client = server_client();
    let end = start(client.launch_popup(&user.track_url().await, PopupOptions::default()));
    until(is_popup_shown).await;
    until(|| popup_height().ends_with("px")).await;
    press_escape();
    assert_eq!(end.await.unwrap(), closed_by_the_user());
    user.delete().await;
}
