//! Messages to people: e-mail goes to the mail server if there is one, and everything else to the webhook if there is one.
//! In local mode the tester reads them in the outbox, too; in serve mode they are stored nowhere.

use lettre::Message as Letter;
use serde_json::{Value, json};

use crate::app::App;
use crate::domain::method::Method;
use crate::error::{ApiError, ApiResult};
use crate::store::{Action, Challenge, Message, MessageKind, Tx, User, Webhook};

/// What a message says.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// A code to type.
    Code(&'a str),
    /// A link to follow.
    Link(&'a str),
    /// A question in an app.
    Question,
}

/// What a message is about.
pub struct About<'a> {
    /// The customer's id of the user; empty while nobody knows whose challenge it is.
    pub user_id: &'a str,
    /// The action's code.
    pub action: &'a str,
    /// Which occurrence of the action.
    pub idempotency_key: &'a str,
    /// How the person will prove themselves.
    pub method: Method,
    /// What `track` told: `ipAddress`, `userAgent`, `locale`.
    pub attributes: &'a Value,
}

impl<'a> About<'a> {
    /// An action of a user.
    pub fn action(user: &'a User, action: &'a Action, method: Method) -> Self {
        Self {
            user_id: &user.user_id,
            action: &action.code,
            idempotency_key: &action.idempotency_key,
            method,
            attributes: &action.attributes,
        }
    }
}

/// A message that is stored, and to be handed on with [`App::hand_on`] once its challenge is.
#[must_use = "the message goes nowhere until it is handed on"]
pub struct Sent {
    challenge_id: String,
    event: Webhook,
    /// In the place of the event.
    letter: Option<Letter>,
}

impl App {
    /// Stores a message to these addresses, in the transaction that stores its challenge.
    pub async fn send(
        &self,
        tx: &mut Tx,
        about: &About<'_>,
        recipients: &[&str],
        kind: MessageKind,
        challenge: &Challenge,
        content: Content<'_>,
    ) -> ApiResult<Sent> {
        let (code, url) = match content {
            Content::Code(code) => (Some(code.to_owned()), None),
            Content::Link(url) => (None, Some(url.to_owned())),
            Content::Question => (None, None),
        };
        let letter = match (&self.mailer, kind, recipients) {
            (Some(mailer), MessageKind::Email, [address]) => mailer.letter(address, content)?,
            _ => None,
        };
        let has_way = self.config.is_local || letter.is_some() || self.config.webhook.is_some();
        // A phone can ask for its questions.
        if !has_way && !matches!(content, Content::Question) {
            return Err(ApiError::not_configured(format!(
                "This server has no way to send {}: its operator has to give it {}.",
                kind.name(),
                if kind == MessageKind::Email { "--smtp or --webhook" } else { "--webhook" },
            )));
        }
        let (event, data) = match kind {
            MessageKind::Email => ("email.created", json!({ "to": recipients.first() })),
            MessageKind::Sms => ("sms.created", json!({ "to": recipients.first(), "channel": "DEFAULT" })),
            MessageKind::Whatsapp => ("sms.created", json!({ "to": recipients.first(), "channel": "WHATSAPP" })),
            MessageKind::Push => ("push.created", json!({ "challengeId": challenge.challenge_id })),
        };
        let event = self.event(event, described(data, about, code.clone(), url.clone()));
        // What is stored here can be read: codes, where only the tester does.
        if self.config.is_local {
            tx.insert_webhook(&event).await?;
            for recipient in recipients {
                let message = Message {
                    message_id: self.random.id(),
                    kind,
                    recipient: (*recipient).to_owned(),
                    code: code.clone(),
                    url: url.clone(),
                    challenge_id: Some(challenge.challenge_id.clone()),
                    user_id: about.user_id.to_owned(),
                    created_at: self.clock.now(),
                };
                tx.insert_message(&message).await?;
            }
        }
        Ok(Sent { challenge_id: challenge.challenge_id.clone(), event, letter })
    }

    /// Commits, and only then hands the message on: nobody is told a code that does not exist. If it is not taken, its
    /// challenge is over.
    pub async fn hand_on(&self, tx: Tx, sent: Sent) -> ApiResult<()> {
        tx.commit().await?;
        let told = match (&self.mailer, sent.letter) {
            (Some(mailer), Some(letter)) => mailer.send(letter).await,
            _ => self.tell_now(&sent.event).await,
        };
        if told.is_err() {
            let mut tx = self.store.write().await?;
            tx.consume_challenge(&sent.challenge_id, self.clock.now()).await?;
            tx.commit().await?;
        }
        told
    }
}

fn described(mut data: Value, about: &About<'_>, code: Option<String>, url: Option<String>) -> Value {
    data["userId"] = json!(about.user_id);
    data["idempotencyKey"] = json!(about.idempotency_key);
    data["actionCode"] = json!(about.action);
    data["verificationMethod"] = json!(about.method);
    let told = |name: &str| about.attributes[name].clone();
    for (name, value) in [
        ("code", json!(code)),
        ("url", json!(url)),
        ("userAgent", told("userAgent")),
        ("ipAddress", told("ipAddress")),
        ("locale", told("locale")),
    ] {
        if !value.is_null() {
            data[name] = value;
        }
    }
    data
}
