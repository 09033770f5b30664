//! Passkeys: first one, sign-in, challenge.

use serde_json::json;

use crate::support::server::{As, claims_of, token_of};
use crate::support::{Device, Server};

const MANAGE: &str = "read:authenticators add:authenticators update:authenticators remove:authenticators";

#[tokio::test]
async fn a_new_user_creates_a_first_passkey_without_any_scope() {
    let server = Server::start().await;
    let token = server.track("ada", json!({ "username": "ada" })).await;
    let options = server.registration_options(&token).await.ok();
    let selection = &options["options"]["authenticatorSelection"];
    assert_eq!(selection["residentKey"], "required", "usernameless sign-in needs it");
    assert_eq!(selection["userVerification"], "preferred");
    assert_eq!(options["options"]["user"]["name"], "ada");

    let mut device = Device::new();
    let credential = device.create(&options["options"]).await;
    let reply = server.register(&token, &options, credential.clone()).await.ok();
    assert_eq!(reply["isVerified"], true);
    assert_eq!(reply["userId"], "ada");
    let shown = &reply["userAuthenticator"];
    assert_eq!(shown["verificationMethod"], "PASSKEY");
    assert_eq!(shown["webauthnCredential"]["credentialId"], credential["id"]);
    assert_eq!(shown["webauthnCredential"]["aaguid"], "61207465-7374-2773-2064-65766963652e");
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
    assert_eq!(claims_of(&token_of(&reply))["scope"], MANAGE, "a first enrolment opens the window");
}

#[tokio::test]
async fn signing_in_with_a_passkey_needs_no_user_name_and_opens_the_window() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let challenge = server.post("/v1/client/challenge", As::Tenant, json!({ "action": "signIn" })).await.ok();
    let options = json!({ "challengeId": challenge["challengeId"] });
    let body = server.assertion(&mut device, As::Tenant, options).await;
    let reply = server.post("/v1/client/verify/passkey", As::Tenant, body).await.ok();
    assert_eq!(reply["isVerified"], true);
    assert_eq!(reply["userId"], "ada");
    let token = token_of(&reply);
    let claims = claims_of(&token);
    assert_eq!(claims["scope"], MANAGE);
    assert_eq!(claims["other"]["actionCode"], "signIn");

    let state = server.post("/v1/validate", As::Backend, json!({ "token": token })).await.ok();
    assert_eq!(state["isValid"], true);
    assert_eq!(state["state"], "CHALLENGE_SUCCEEDED");
    assert_eq!(state["action"], "signIn");
    assert_eq!(state["verificationMethod"], "PASSKEY");
    server.create_app(&token).await;
    assert_eq!(server.methods("ada").await, ["AUTHENTICATOR_APP", "PASSKEY"]);
}

#[tokio::test]
async fn a_token_s_user_is_challenged_with_their_own_passkeys_only() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let (mut other, _) = server.enrolled_user("bob").await;
    let token = server.track("ada", json!({})).await;
    let options = server
        .post("/v1/client/user-authenticators/passkey/authentication-options", As::Holder(&token), json!({}))
        .await
        .ok();
    assert_eq!(options["options"]["allowCredentials"].as_array().unwrap().len(), 1);

    let mut foreign = options["options"].clone();
    foreign["allowCredentials"] = json!([]);
    let body = json!({ "authenticationCredential": other.get(&foreign).await, "challengeId": options["challengeId"] });
    server.post("/v1/client/verify/passkey", As::Holder(&token), body).await.refused(400, "invalid_credential");

    let body = server.assertion(&mut device, As::Holder(&token), json!({})).await;
    let reply = server.post("/v1/client/verify/passkey", As::Holder(&token), body).await.ok();
    assert_eq!(claims_of(&token_of(&reply))["scope"], MANAGE);
}

#[tokio::test]
async fn a_sign_in_without_user_verification_is_one_but_opens_no_window() {
    let server = Server::start().await;
    let (device, _) = server.enrolled_user("ada").await;
    let reply = server.sign_in(&mut device.without_user_verification()).await;
    let token = token_of(&reply);
    assert_eq!(claims_of(&token)["scope"], "read:authenticators");
    server.enrol_totp(&token).await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn a_deleted_passkey_is_unknown_and_can_be_looked_up_no_more() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    let stored = &server.authenticators("ada").await[0];
    let id = stored["webauthnCredential"]["credentialId"].as_str().unwrap();
    let look_up = format!("/v1/client/user-authenticators/passkey?credentialIds=AAAA,{id}");
    let found = server.get(&look_up, As::Tenant).await.ok();
    assert_eq!(found["credentialId"], id);
    assert_eq!(found["verifiedAt"], stored["verifiedAt"]);

    let path = format!("/v1/users/ada/authenticators/{}", stored["userAuthenticatorId"].as_str().unwrap());
    server.delete(&path, As::Backend).await.ok();
    server.get(&look_up, As::Tenant).await.refused(400, "invalid_credential");
    let body = server.assertion(&mut device, As::Tenant, json!({})).await;
    server.post("/v1/client/verify/passkey", As::Tenant, body).await.refused(400, "unknown_credential");
}

#[tokio::test]
async fn pages_of_any_local_port_may_use_passkeys_and_no_others() {
    let server = Server::start().await;
    for (origin, accepted) in [
        ("http://localhost:3000", true),
        ("http://localhost", true),
        ("https://localhost:3000", false),
        ("https://sub.localhost", false),
    ] {
        let token = server.track(&origin.replace(['/', ':'], ""), json!({})).await;
        let options = server.registration_options(&token).await.ok();
        let credential = Device::new().at(origin).create(&options["options"]).await;
        let answer = server.register(&token, &options, credential).await;
        assert_eq!(answer.status.is_success(), accepted, "{origin}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_ceremony_in_a_frame_counts_only_beneath_a_registered_page() {
    for (at, (frame, accepted)) in [
        (json!({}), true),
        (json!({ "crossOrigin": true, "topOrigin": "http://localhost:3000" }), true),
        (json!({ "crossOrigin": true, "topOrigin": "https://app.example.test" }), false),
        (json!({ "crossOrigin": true, "topOrigin": "http://localhost:3000.example.test" }), false),
        (json!({ "crossOrigin": true }), false),
        (json!({ "topOrigin": "http://localhost:3000" }), false),
    ]
    .into_iter()
    .enumerate()
    {
        let server = Server::start().await;
        let token = server.track("new", json!({})).await;
        let options = server.registration_options(&token).await.ok();
        let mut device = Device::new();
        let credential = device.create_in(&frame, &options["options"]).await;
        let answer = server.register(&token, &options, credential).await;
        assert_eq!(answer.status.is_success(), accepted, "created in {at}: {frame}: {}", answer.body);

        let (mut device, _) = server.enrolled_user("ada").await;
        let path = "/v1/client/user-authenticators/passkey/authentication-options";
        let options = server.post(path, As::Tenant, json!({})).await.ok();
        let credential = device.get_in(&frame, &options["options"]).await;
        let body = json!({ "authenticationCredential": credential, "challengeId": options["challengeId"] });
        let answer = server.post("/v1/client/verify/passkey", As::Tenant, body).await;
        assert_eq!(answer.status.is_success(), accepted, "used in {at}: {frame}: {}", answer.body);
    }
}

#[tokio::test]
async fn one_credential_is_never_registered_twice() {
    let server = Server::start().await;
    let (_, token) = server.enrolled_user("ada").await;
    let options = server.registration_options(&token).await.ok();
    let excluded = options["options"]["excludeCredentials"].as_array().unwrap();
    assert_eq!(excluded.len(), 1, "the browser is told what is there");
}

#[tokio::test]
async fn a_username_restricts_the_options_of_a_sign_in_to_that_user_s_passkeys() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    server.post("/v1/users/ada", As::Backend, json!({ "username": "Ada" })).await.ok();
    let path = "/v1/client/user-authenticators/passkey/authentication-options";
    let allowed = async |username: &str| {
        // Answered at once: asking for the user must not hold what asking for the passkeys needs.
        let asked = server.post(path, As::Tenant, json!({ "username": username }));
        let answer = tokio::time::timeout(std::time::Duration::from_secs(5), asked).await.unwrap().ok();
        answer["options"]["allowCredentials"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(allowed("Ada").await, 1);
    assert_eq!(allowed("nobody").await, 0);
}

/// What a device answers to these options whatever they list, as no browser would.
async fn answer_of(device: &mut Device, options: &serde_json::Value) -> serde_json::Value {
    let mut unlisted = options["options"].clone();
    unlisted["allowCredentials"] = json!([]);
    let credential = device.get(&unlisted).await;
    json!({ "authenticationCredential": credential, "challengeId": options["challengeId"] })
}

#[tokio::test]
async fn a_sign_in_that_named_its_user_is_met_by_none_but_the_passkeys_that_were_listed() {
    const OPTIONS: &str = "/v1/client/user-authenticators/passkey/authentication-options";
    const VERIFY: &str = "/v1/client/verify/passkey";
    let server = Server::start().await;
    let (mut hers, window) = server.enrolled_user("ada").await;
    let (mut his, _) = server.enrolled_user("bob").await;
    server.post("/v1/users/ada", As::Backend, json!({ "username": "Ada" })).await.ok();
    let named = server.post(OPTIONS, As::Tenant, json!({ "username": "Ada" })).await.ok();
    let body = answer_of(&mut his, &named).await;
    server.post(VERIFY, As::Tenant, body).await.refused(400, "invalid_credential");
    let named = server.post(OPTIONS, As::Tenant, json!({ "username": "Ada" })).await.ok();
    server.post(VERIFY, As::Tenant, answer_of(&mut hers, &named).await).await.ok();

    // Nor is a token's user challenged with what was added since.
    let token = server.track("ada", json!({})).await;
    let listed = server.post(OPTIONS, As::Holder(&token), json!({})).await.ok();
    let (mut later, _) = server.create_passkey(&window).await;
    let body = answer_of(&mut later, &listed).await;
    server.post(VERIFY, As::Holder(&token), body).await.refused(400, "invalid_credential");
}

#[tokio::test]
async fn a_user_handle_that_is_there_has_to_be_the_user_s_even_where_a_token_says_who_it_is() {
    let server = Server::start().await;
    let (mut device, _) = server.enrolled_user("ada").await;
    for (handle, accepted) in
        [(json!("not base64url!"), false), (json!("AAAA"), false), (json!(null), true), (json!(""), true)]
    {
        let token = server.track("ada", json!({})).await;
        let mut body = server.assertion(&mut device, As::Holder(&token), json!({})).await;
        body["authenticationCredential"]["response"]["userHandle"] = handle.clone();
        let answer = server.post("/v1/client/verify/passkey", As::Holder(&token), body).await;
        if accepted { drop(answer.ok()) } else { drop(answer.refused(400, "invalid_credential")) }
    }
}
