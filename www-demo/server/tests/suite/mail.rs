//! Codes and links by e-mail, to a mail server that speaks SMTP.

use authsignal_local::mail::Smtp;
use authsignal_local::routes::client::magic_link;
use serde_json::json;

use crate::support::mailbox::{Letter, MailServer};
use crate::support::server::{As, deployment, token_of};
use crate::support::{Phone, Server};

const FROM: &str = "Violet Bank <no-reply@example.test>";

/// A deployment whose e-mail goes there.
async fn mailing(url: &str) -> Server {
    let mut config = deployment();
    config.smtp = Some(Smtp::new(url, FROM).unwrap());
    Server::start_with(config).await
}

fn code_in(letter: &Letter) -> String {
    let line = letter.text.lines().find(|line| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit()));
    line.unwrap_or_else(|| panic!("no code in {letter:?}")).to_owned()
}

#[tokio::test]
async fn a_code_arrives_by_mail_and_is_stored_nowhere_else() {
    let mut mail = MailServer::start(true).await;
    let server = mailing(&mail.url).await;
    let token = server.track("ada", json!({})).await;
    let enrol = json!({ "email": "ada@example.test" });
    server.post("/v1/client/user-authenticators/email-otp", As::Holder(&token), enrol).await.ok();
    let letter = mail.letter().await;
    assert_eq!((letter.from.as_str(), letter.to.as_str()), ("no-reply@example.test", "ada@example.test"));
    assert!(letter.text.contains("From: \"Violet Bank\" <no-reply@example.test>"), "{letter:?}");
    let messages = server.app.store.read().await.unwrap().messages(10).await.unwrap();
    assert!(messages.is_empty(), "{messages:?}");
    token_of(&server.verify_code(&token, "email-otp", &code_in(&letter)).await.ok());

    let asked = json!({ "email": "bob@example.test", "verificationMethod": "EMAIL_OTP" });
    server.post("/v1/challenge", As::Backend, asked).await.ok();
    assert_eq!(mail.letter().await.to, "bob@example.test");
}

#[tokio::test]
async fn a_link_arrives_by_mail_and_leads_to_the_public_address() {
    let mut mail = MailServer::start(true).await;
    let server = mailing(&mail.url).await;
    let token = server.track("ada", json!({})).await;
    let enrol = json!({ "email": "ada@example.test" });
    server.post("/v1/client/user-authenticators/email-magic-link", As::Holder(&token), enrol).await.ok();
    let letter = mail.letter().await;
    let public = format!("https://auth.example.test{}?token=", magic_link::PATH);
    let link = letter.text.lines().find(|line| line.starts_with(&public)).unwrap_or_else(|| panic!("{letter:?}"));
    let page = server.get(link.strip_prefix("https://auth.example.test").unwrap(), As::Nobody).await.ok();
    assert!(page.as_str().unwrap().contains(">Confirm</button>"), "{page}");
}

#[tokio::test]
async fn a_letter_that_the_mail_server_does_not_take_fails_its_challenge() {
    let refusing = MailServer::start(false).await;
    for url in [refusing.url.as_str(), "smtp://127.0.0.1:1"] {
        let server = mailing(url).await;
        let asked = json!({ "email": "ada@example.test" });
        let answer = server.post("/v1/challenge", As::Backend, asked).await;
        answer.refused(502, "invalid_configuration");
    }
}

#[tokio::test]
async fn what_there_is_no_way_to_send_is_refused_and_a_phone_still_finds_its_question() {
    let server = Server::deployed().await;
    let token = server.track("ada", json!({})).await;
    for (method, address) in
        [("email-otp", json!({ "email": "a@example.test" })), ("sms", json!({ "phoneNumber": "+15550100123" }))]
    {
        let path = format!("/v1/client/user-authenticators/{method}");
        server.post(&path, As::Holder(&token), address).await.refused(400, "invalid_configuration");
    }
    assert!(server.methods("ada").await.is_empty());
    let phone = Phone::new("push", 1);
    phone.add(&server, &token).await.ok();
    let token = server.track("ada", json!({})).await;
    server.challenge(&token, "push").await.ok();
}
