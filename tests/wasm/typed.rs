//! The typed API: what goes out, what comes back, and that a dropped future ends what it began.

use crate::support::*;
use authsignal_wasm::client::{
    Attachment, BindingState, Error, Hint, PushChallenge, QrCode, QrCodeState, SignIn, SignUp,
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
    assert_eq!(client.binding().await.state, BindingState::None);
    client.set_token(&token_of(r#"{"exp":32503680000,"scope":"read:authenticators add:authenticators","sub":"ada"}"#));
    let binding = client.binding().await;
    assert_eq!(binding.state, BindingState::Open);
    assert_eq!(binding.user_id.as_deref(), Some("ada"));
    assert_eq!(binding.scopes, ["read:authenticators", "add:authenticators"]);
    assert_eq!(binding.expires_at, Some(32_503_680_000_000.0));
    client.set_token(&token_of(r#"{"exp":1}"#));
    assert_eq!(client.binding().await.state, BindingState::Expired);
    client.clear_token();
    assert_eq!(client.binding().await.state, BindingState::None);
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
    let client = authsignal_wasm::client::Authsignal::new(authsignal_wasm::client::Options {
        base_url: api(),
        ..authsignal_wasm::client::Options::new("another")
    });
    match client.qr_code_challenge(QrCode::new("kiosk", |_, _| {})).await {
        Err(Error::SocketLost(message)) => assert!(message.starts_with("WebSocket closed with"), "{message}"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("a tenant that the server does not know"),
    }
}
