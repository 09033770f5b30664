//! Everything that may be answered once: WebAuthn ceremonies, codes, links, questions to a phone.

use serde_json::Value as Json;

use super::{Row, Tx, values};
use crate::domain::Millis;

/// What a challenge is for; an answer to one kind is no answer to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The name of an action, before the user is known.
    Anonymous,
    /// Creating a passkey.
    PasskeyRegistration,
    /// Signing in with a passkey.
    PasskeyAuthentication,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Anonymous, Kind::PasskeyRegistration, Kind::PasskeyAuthentication];

    /// The name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Anonymous => "anonymous",
            Kind::PasskeyRegistration => "passkey-registration",
            Kind::PasskeyAuthentication => "passkey-authentication",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Something that may be answered once.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// Its id on the wire.
    pub challenge_id: String,
    /// What it is for.
    pub kind: Kind,
    /// Whose, once that is known.
    pub user_key: Option<String>,
    /// The action that it belongs to.
    pub action_key: Option<String>,
    /// The authenticator that it asks.
    pub authenticator_id: Option<String>,
    /// Finds it where the client does not name it.
    pub lookup: Option<String>,
    /// What the answer is checked against.
    pub secret: Option<String>,
    /// What else belongs to it.
    pub data: Json,
    /// Wrong answers so far.
    pub attempts: i64,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
    /// When it was answered.
    pub consumed_at: Option<Millis>,
}

impl Challenge {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let kind = row.text("kind")?;
        Ok(Self {
            challenge_id: row.text("challenge_id")?,
            kind: Kind::named(&kind).ok_or_else(|| sqlx::Error::Decode(kind.into()))?,
            user_key: row.maybe_text("user_key")?,
            action_key: row.maybe_text("action_key")?,
            authenticator_id: row.maybe_text("authenticator_id")?,
            lookup: row.maybe_text("lookup")?,
            secret: row.maybe_text("secret")?,
            data: row.json("data")?,
            attempts: row.int("attempts")?,
            created_at: row.int("created_at")?,
            expires_at: row.int("expires_at")?,
            consumed_at: row.maybe_int("consumed_at")?,
        })
    }
}

impl Tx {
    /// Stores a new challenge.
    pub async fn insert_challenge(&mut self, challenge: &Challenge) -> Result<(), sqlx::Error> {
        self.run(
            "INSERT INTO challenges (challenge_id, kind, user_key, action_key, authenticator_id, lookup, secret, data, \
             created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            values![
                &challenge.challenge_id,
                challenge.kind.name(),
                &challenge.user_key,
                &challenge.action_key,
                &challenge.authenticator_id,
                &challenge.lookup,
                &challenge.secret,
                &challenge.data.to_string(),
                challenge.created_at,
                challenge.expires_at,
            ],
        )
        .await?;
        Ok(())
    }

    /// The challenge of this id and kind, if it can still be answered.
    pub async fn open_challenge(
        &mut self,
        kind: Kind,
        challenge_id: &str,
        now: Millis,
    ) -> Result<Option<Challenge>, sqlx::Error> {
        let row = self
            .one(
                "SELECT * FROM challenges WHERE challenge_id = $1 AND kind = $2 AND consumed_at IS NULL AND expires_at > $3",
                values![challenge_id, kind.name(), now],
            )
            .await?;
        row.as_ref().map(Challenge::from_row).transpose()
    }

    /// The same, found by its `lookup`.
    pub async fn find_challenge(
        &mut self,
        kind: Kind,
        lookup: &str,
        now: Millis,
    ) -> Result<Option<Challenge>, sqlx::Error> {
        let row = self
            .one(
                "SELECT * FROM challenges WHERE lookup = $1 AND kind = $2 AND consumed_at IS NULL AND expires_at > $3",
                values![lookup, kind.name(), now],
            )
            .await?;
        row.as_ref().map(Challenge::from_row).transpose()
    }

    /// Answers a challenge: true for one caller, and for no other.
    pub async fn consume_challenge(&mut self, challenge_id: &str, now: Millis) -> Result<bool, sqlx::Error> {
        let consumed = self
            .run(
                "UPDATE challenges SET consumed_at = $2 \
                 WHERE challenge_id = $1 AND consumed_at IS NULL AND expires_at > $2",
                values![challenge_id, now],
            )
            .await?;
        Ok(consumed > 0)
    }
}
