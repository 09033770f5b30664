//! What was sent to people.

use serde::Serialize;

use super::{Row, Tx, values};
use crate::domain::Millis;

/// How it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// By e-mail.
    Email,
    /// By text message.
    Sms,
    /// By WhatsApp.
    Whatsapp,
    /// To an app on a phone.
    Push,
}

impl MessageKind {
    const ALL: [MessageKind; 4] = [MessageKind::Email, MessageKind::Sms, MessageKind::Whatsapp, MessageKind::Push];

    /// The name in the table.
    pub fn name(self) -> &'static str {
        match self {
            MessageKind::Email => "email",
            MessageKind::Sms => "sms",
            MessageKind::Whatsapp => "whatsapp",
            MessageKind::Push => "push",
        }
    }
}

/// A message to a person.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id.
    pub message_id: String,
    /// How it goes.
    pub kind: MessageKind,
    /// An address, a phone number, or the id of a device's authenticator.
    pub recipient: String,
    /// The code in it.
    pub code: Option<String>,
    /// The link in it.
    pub url: Option<String>,
    /// What it asks.
    pub challenge_id: Option<String>,
    /// The customer's id of the user.
    pub user_id: String,
    /// When.
    pub created_at: Millis,
}

impl Message {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let kind = row.text("kind")?;
        let found = MessageKind::ALL.into_iter().find(|one| one.name() == kind);
        Ok(Self {
            message_id: row.text("message_id")?,
            kind: found.ok_or_else(|| sqlx::Error::Decode(kind.into()))?,
            recipient: row.text("recipient")?,
            code: row.maybe_text("code")?,
            url: row.maybe_text("url")?,
            challenge_id: row.maybe_text("challenge_id")?,
            user_id: row.text("user_id")?,
            created_at: row.int("created_at")?,
        })
    }
}

impl Tx {
    /// Puts a message at the end of the outbox.
    pub async fn insert_message(&mut self, message: &Message) -> Result<(), sqlx::Error> {
        self.run(
            "INSERT INTO outbox (message_id, position, kind, recipient, code, url, challenge_id, user_id, created_at) \
             VALUES ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM outbox), $2, $3, $4, $5, $6, $7, $8)",
            values![
                &message.message_id,
                message.kind.name(),
                &message.recipient,
                &message.code,
                &message.url,
                &message.challenge_id,
                &message.user_id,
                message.created_at,
            ],
        )
        .await?;
        Ok(())
    }

    /// The last messages, newest last.
    pub async fn messages(&mut self, most: i64) -> Result<Vec<Message>, sqlx::Error> {
        let rows = self.all("SELECT * FROM outbox ORDER BY position DESC LIMIT $1", values![most]).await?;
        rows.iter().rev().map(Message::from_row).collect()
    }
}
