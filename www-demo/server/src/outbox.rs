//! Messages to people: in local mode they go no further than the outbox.

use crate::app::App;
use crate::error::ApiResult;
use crate::store::{Authenticator, Challenge, Message, MessageKind, Tx, User};

/// What a message says.
pub enum Content<'a> {
    /// A code to type.
    Code(&'a str),
    /// A link to follow.
    Link(&'a str),
    /// A question in an app.
    Question,
}

impl App {
    /// Sends a message to where this authenticator is, in the transaction that stores its challenge.
    pub async fn send(
        &self,
        tx: &mut Tx,
        user: &User,
        to: &Authenticator,
        kind: MessageKind,
        challenge: &Challenge,
        content: Content<'_>,
    ) -> ApiResult<()> {
        let recipient = to.address.as_ref().unwrap_or(&to.authenticator_id);
        self.send_to(tx, &user.user_id, recipient, kind, challenge, content).await
    }

    /// The same, to an address that need not be an authenticator's.
    pub async fn send_to(
        &self,
        tx: &mut Tx,
        user_id: &str,
        recipient: &str,
        kind: MessageKind,
        challenge: &Challenge,
        content: Content<'_>,
    ) -> ApiResult<()> {
        let (code, url) = match content {
            Content::Code(code) => (Some(code.to_owned()), None),
            Content::Link(url) => (None, Some(url.to_owned())),
            Content::Question => (None, None),
        };
        let message = Message {
            message_id: self.random.id(),
            kind,
            recipient: recipient.to_owned(),
            code,
            url,
            challenge_id: Some(challenge.challenge_id.clone()),
            user_id: user_id.to_owned(),
            created_at: self.clock.now(),
        };
        tx.insert_message(&message).await?;
        Ok(())
    }
}
