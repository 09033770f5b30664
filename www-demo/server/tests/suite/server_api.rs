//! The server API.

use authsignal_local::config::Config;
use axum::http::Method;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::server::As;

#[tokio::test]
async fn track_tells_whether_a_challenge_is_required() {
    let server = Server::start().await;
    let tracked = server.post("/v1/users/ada/actions/signIn", As::Backend, json!({})).await.ok();
    assert_eq!(tracked["state"], "ALLOW");
    assert_eq!(tracked["isEnrolled"], false);
    let url = tracked["url"].as_str().unwrap();
    assert!(url.starts_with("http://localhost:8787/ui/?token="), "{url}");

    server.enrolled_user("ada").await;
    let tracked = server.post("/v1/users/ada/actions/signIn", As::Backend, json!({})).await.ok();
    assert_eq!(tracked["state"], "CHALLENGE_REQUIRED");
    assert_eq!(tracked["enrolledVerificationMethods"], json!(["PASSKEY"]));
    let token = &tracked["token"];
    let validated = server.post("/v1/validate", As::Backend, json!({ "token": token })).await.ok();
    assert_eq!(validated["isValid"], false);
    assert_eq!(validated["state"], "CHALLENGE_REQUIRED");
    assert_eq!(validated["userId"], "ada");
}

#[tokio::test]
async fn validate_answers_no_to_what_it_cannot_confirm() {
    let server = Server::start().await;
    let (_, token) = server.enrolled_user("ada").await;
    let ask = async |body: Value| server.post("/v1/validate", As::Backend, body).await.ok();
    assert_eq!(ask(json!({ "token": token, "action": "manage", "userId": "ada" })).await["isValid"], true);
    for body in [
        json!({ "token": token, "action": "other" }),
        json!({ "token": token, "userId": "bob" }),
        json!({ "token": "x" }),
    ] {
        let answer = ask(body).await;
        assert_eq!(answer["isValid"], false);
        assert!(answer["error"].is_string());
    }
    server.advance(600);
    assert_eq!(ask(json!({ "token": token })).await["isValid"], false);
    server.delete_user("ada").await;
    assert_eq!(ask(json!({ "token": token })).await["isValid"], false);
}

#[tokio::test]
async fn an_unknown_user_is_one_who_is_not_enrolled() {
    let server = Server::start().await;
    let user = server.get("/v1/users/nobody", As::Backend).await.ok();
    assert_eq!(user["isEnrolled"], false);
    assert_eq!(server.authenticators("nobody").await.len(), 0);
    server.delete("/v1/users/nobody", As::Backend).await.ok();
}

#[tokio::test]
async fn a_user_id_is_what_its_bytes_are() {
    let server = Server::start().await;
    let ids = ["a%20b", "a%2Fb", "%C3%A9", "e%CC%81", "A", "a", "a%3Fb", "%20a"];
    for id in ids {
        server.track(id, json!({ "username": id })).await;
    }
    for id in ids {
        assert_eq!(server.get(&format!("/v1/users/{id}"), As::Backend).await.ok()["username"], id);
    }
}

#[tokio::test]
async fn a_redirect_goes_to_registered_origins_only() {
    let server = Server::start().await;
    let track =
        async |url: &str| server.post("/v1/users/ada/actions/signIn", As::Backend, json!({ "redirectUrl": url })).await;
    track("http://localhost:4200/callback?x=1").await.ok();
    for url in ["javascript:alert(1)", "https://example.test/", "http://localhost@example.test/", "//x", "data:,x"] {
        track(url).await.refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_custom_domain_is_taken_and_said_to_be_without_effect() {
    let server = Server::start().await;
    let body = json!({ "customDomain": "mfa.example.test" });
    let tracked = server.post("/v1/users/ada/actions/signIn", As::Backend, body).await.ok();
    assert!(tracked["url"].as_str().unwrap().starts_with("http://localhost:8787/ui/?token="), "{tracked}");
    let document = server.get("/openapi.json", As::Nobody).await.ok();
    let track = &document["paths"]["/v1/users/{user_id}/actions/{action}"]["post"];
    let asked = &track["requestBody"]["content"]["application/json"]["schema"]["properties"];
    let said = asked["customDomain"]["description"].as_str().unwrap();
    assert!(said.contains("without effect"), "{said}");
}

#[tokio::test]
async fn without_the_secret_the_server_api_answers_nobody() {
    let server = Server::start().await;
    let (_, token) = server.enrolled_user("ada").await;
    for by in [As::Nobody, As::Tenant, As::Holder(&token)] {
        for (method, path) in [
            (Method::POST, "/v1/users/ada/actions/signIn"),
            (Method::GET, "/v1/users/ada"),
            (Method::DELETE, "/v1/users/ada"),
            (Method::GET, "/v1/users/ada/authenticators"),
            (Method::POST, "/v1/validate"),
        ] {
            let description = server.call(method, path, by, json!({})).await.refused(401, "unauthorized");
            assert_eq!(
                description,
                "The request is unauthorized. Check that your API key and region base URL are correctly configured."
            );
        }
    }
    assert_eq!(server.methods("ada").await, ["PASSKEY"]);
}

#[tokio::test]
async fn users_are_updated_and_found_by_their_attributes() {
    let server = Server::start().await;
    let update = async |id: &str, body: Value| {
        server.call(Method::PATCH, &format!("/v1/users/{id}"), As::Backend, body).await.ok()
    };
    for id in ["u1", "u2", "u3"] {
        update(id, json!({ "email": "shared@example.test", "username": id, "custom": { "tier": 1 } })).await;
    }
    let updated = update("u1", json!({ "emailVerified": true, "username": null })).await;
    assert_eq!(updated["emailVerified"], true);
    assert_eq!(updated["custom"]["tier"], 1);
    assert!(updated.get("username").is_none(), "null takes away");
    let updated = update("u1", json!({ "custom": null })).await;
    assert!(updated.get("custom").is_none(), "custom, too");
    assert!(server.get("/v1/users/u1", As::Backend).await.ok().get("custom").is_none());

    let query = async |query: &str| server.get(&format!("/v1/users?{query}"), As::Backend).await.ok();
    assert_eq!(query("username=u2").await["users"][0]["userId"], "u2");
    assert_eq!(query("username=u2&email=other").await["users"], json!([]));
    let first = query("email=shared%40example.test&limit=2").await;
    assert_eq!(first["users"].as_array().unwrap().len(), 2);
    let last = first["lastEvaluatedUserId"].as_str().unwrap();
    let second = query(&format!("email=shared%40example.test&limit=2&lastEvaluatedUserId={last}")).await;
    assert_eq!(second["users"][0]["userId"], "u3");
    assert!(second.get("lastEvaluatedUserId").is_none());
}

#[tokio::test]
async fn a_backend_enrols_what_it_has_verified_itself() {
    let server = Server::start().await;
    let enrol = async |body: Value| server.post("/v1/users/ada/authenticators", As::Backend, body).await;
    let email = json!({ "verificationMethod": "EMAIL_OTP", "email": "ada@example.test" });
    let enrolled = enrol(email.clone()).await.ok();
    assert_eq!(enrolled["authenticator"]["userId"], "ada");
    assert_eq!(enrolled["authenticator"]["email"], "ada@example.test");
    enrol(json!({ "verificationMethod": "WHATSAPP", "phoneNumber": "+15550100123" })).await.ok();
    let uri = "otpauth://totp/Shop:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Shop";
    enrol(json!({ "verificationMethod": "AUTHENTICATOR_APP", "otpUri": uri })).await.ok();
    assert_eq!(server.methods("ada").await, ["AUTHENTICATOR_APP", "EMAIL_OTP", "SMS"]);

    let token = server.track("ada", json!({})).await;
    let app = authsignal_local::domain::totp::AuthenticatorApp::from_uri(uri).unwrap();
    assert_eq!(server.verify_totp(&token, &server.code_of(&app)).await.ok()["isVerified"], true);
    for body in [
        email,
        json!({ "verificationMethod": "EMAIL_OTP" }),
        json!({ "verificationMethod": "SMS", "phoneNumber": "1" }),
        json!({ "verificationMethod": "AUTHENTICATOR_APP", "otpUri": "otpauth://hotp/x?secret=A" }),
        json!({ "verificationMethod": "PASSKEY" }),
    ] {
        enrol(body).await.refused(400, "invalid_request");
    }
    enrol(json!({ "verificationMethod": "PIGEON" })).await.refused(422, "invalid_request");
}

#[tokio::test]
async fn the_default_is_the_one_that_the_backend_said_and_else_the_oldest() {
    let server = Server::start().await;
    let enrol = async |body: Value| {
        let one = server.post("/v1/users/ada/authenticators", As::Backend, body).await.ok()["authenticator"].clone();
        (one["userAuthenticatorId"].as_str().unwrap().to_owned(), one["isDefault"].clone())
    };
    let default = async || {
        let all = server.authenticators("ada").await;
        let defaults: Vec<&Value> = all.iter().filter(|one| one["isDefault"] == true).collect();
        assert_eq!(defaults.len(), 1, "{all:?}");
        let method = defaults[0]["verificationMethod"].clone();
        let tracked = server.post("/v1/users/ada/actions/manage", As::Backend, json!({})).await.ok();
        let token = tracked["token"].as_str().unwrap();
        let init = server.post("/v1/client/init", As::Holder(token), json!({})).await.ok();
        let user = server.get("/v1/users/ada", As::Backend).await.ok();
        for told in [&tracked, &user, &init["challengeOptions"]] {
            assert_eq!(told["defaultVerificationMethod"], method, "{told}");
        }
        method
    };
    let (_, first) = enrol(json!({ "verificationMethod": "EMAIL_OTP", "email": "ada@example.test" })).await;
    assert_eq!((first, default().await), (json!(true), json!("EMAIL_OTP")), "the only one is the default");
    // Those of one millisecond would be in no order.
    server.advance(1);
    let sms = json!({ "verificationMethod": "SMS", "phoneNumber": "+15550100123", "isDefault": false });
    assert_eq!((enrol(sms).await.1, default().await), (json!(false), json!("EMAIL_OTP")));
    let uri = "otpauth://totp/Shop:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Shop";
    let app = json!({ "verificationMethod": "AUTHENTICATOR_APP", "otpUri": uri, "isDefault": true });
    let (app, is_default) = enrol(app).await;
    assert_eq!((is_default, default().await), (json!(true), json!("AUTHENTICATOR_APP")));
    let link = json!({ "verificationMethod": "EMAIL_MAGIC_LINK", "email": "ada@example.test", "isDefault": true });
    let (link, _) = enrol(link).await;
    assert_eq!(default().await, "EMAIL_MAGIC_LINK", "the last word counts");
    for (gone, left) in [(link, "EMAIL_OTP"), (app, "EMAIL_OTP")] {
        server.delete(&format!("/v1/users/ada/authenticators/{gone}"), As::Backend).await.ok();
        assert_eq!(default().await, left);
    }
}

#[tokio::test]
async fn actions_are_read_updated_and_listed() {
    let server = Server::start().await;
    server.enrolled_user("ada").await;
    server.track("ada", json!({ "idempotencyKey": "k" })).await;
    let path = "/v1/users/ada/actions/manage/k";
    assert_eq!(server.get(path, As::Backend).await.ok()["state"], "CHALLENGE_REQUIRED");
    let updated = server.call(Method::PATCH, path, As::Backend, json!({ "state": "CHALLENGE_FAILED" })).await.ok();
    assert_eq!(updated, json!({ "state": "CHALLENGE_FAILED" }));
    server.call(Method::PATCH, path, As::Backend, json!({ "state": "MAYBE" })).await.refused(422, "invalid_request");
    server.get("/v1/users/ada/actions/manage/none", As::Backend).await.refused(404, "not_found");
    let query = async |query: &str| server.get(&format!("/v1/users/ada/actions?{query}"), As::Backend).await;
    assert_eq!(query("codes=manage,other").await.ok().as_array().unwrap().len(), 2);
    assert_eq!(query("state=CHALLENGE_FAILED").await.ok()[0]["idempotencyKey"], "k");
    assert_eq!(query("codes=other").await.ok(), json!([]));
    assert_eq!(query("fromDate=2999-01-01").await.ok(), json!([]));
    query("fromDate=yesterday").await.refused(400, "invalid_request");
    query("state=MAYBE").await.refused(400, "invalid_request");
}

#[tokio::test]
async fn users_are_found_by_the_email_of_an_id_token_in_local_mode_only() {
    let token = format!("e30.{}.sig", BASE64_URL_SAFE_NO_PAD.encode(r#"{"email":"ada@example.test","sub":"1"}"#));
    let path = format!("/v1/users?token={token}");
    let server = Server::start().await;
    for name in ["ada", "bob"] {
        let body = json!({ "email": format!("{name}@example.test") });
        server.call(Method::PATCH, &format!("/v1/users/{name}"), As::Backend, body).await.ok();
    }
    let found = server.get(&path, As::Backend).await.ok();
    assert_eq!(found["users"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!((&found["users"][0]["userId"], &found["tokenPayload"]["sub"]), (&json!("ada"), &json!("1")));
    server.get("/v1/users?token=x", As::Backend).await.refused(400, "invalid_request");
    let other = format!("{path}&email=bob@example.test");
    server.get(&other, As::Backend).await.refused(400, "invalid_request");
    let deployed = Server::start_with(Config { is_local: false, ..Config::local(8787) }).await;
    deployed.get(&path, As::Backend).await.refused(400, "invalid_request");
}
