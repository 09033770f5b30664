//! Everything that may be answered once: WebAuthn ceremonies, codes, links, questions to a phone.

use serde_json::Value as Json;

use super::{Row, Store, Tx, Value, named, values};
use crate::domain::Millis;

named! {
    /// What a challenge is for; an answer to one kind is no answer to another.
    Kind {
        /// The name of an action, before the user is known.
        Anonymous = "anonymous",
        /// Creating a passkey.
        PasskeyRegistration = "passkey-registration",
        /// Proving a passkey.
        PasskeyAuthentication = "passkey-authentication",
        /// Creating the credential of a security key.
        SecurityKeyRegistration = "security-key-registration",
        /// Proving a security key.
        SecurityKeyAuthentication = "security-key-authentication",
        /// A code by e-mail.
        EmailOtp = "email-otp",
        /// A code by text message.
        Sms = "sms",
        /// A code by WhatsApp.
        Whatsapp = "whatsapp",
        /// A link by e-mail.
        MagicLink = "magic-link",
        /// A question to the user's phones.
        Push = "push",
        /// A QR code on a screen.
        QrCode = "qr-code",
        /// A code that the backend sends itself.
        ServerCode = "server-code",
        /// A device wants to know what is asked of it.
        DevicePoll = "device-poll",
        /// A device wants to change how it is reached.
        DeviceUpdate = "device-update",
        /// A time that a device has signed.
        DeviceTime = "device-time",
    }
}

named! {
    /// How far a challenge has come.
    Progress {
        /// Nobody has reacted.
        Pending = "pending",
        /// A phone has read the QR code.
        Claimed = "claimed",
        /// The person said yes.
        Approved = "approved",
        /// The person said no.
        Rejected = "rejected",
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
    /// How far it has come.
    pub progress: Progress,
}

/// How an answer leads to its challenge.
#[derive(Clone, Copy, Debug)]
pub enum FoundBy<'a> {
    /// The client names it.
    Id(&'a str),
    /// By what it carries: see [`Challenge::lookup`].
    Lookup(&'a str),
}

const INSERT: &str = "INSERT INTO challenges (challenge_id, kind, user_key, action_key, authenticator_id, lookup, \
     secret, data, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

impl Challenge {
    /// A fresh one that nothing belongs to yet.
    pub fn new(challenge_id: String, kind: Kind, now: Millis, life: Millis) -> Self {
        Self {
            challenge_id,
            kind,
            user_key: None,
            action_key: None,
            authenticator_id: None,
            lookup: None,
            secret: None,
            data: Json::Object(serde_json::Map::new()),
            attempts: 0,
            created_at: now,
            expires_at: now + life,
            consumed_at: None,
            progress: Progress::Pending,
        }
    }

    /// What [`INSERT`] stores of it.
    fn values(&self) -> Vec<Value> {
        values![
            &self.challenge_id,
            self.kind.name(),
            &self.user_key,
            &self.action_key,
            &self.authenticator_id,
            &self.lookup,
            &self.secret,
            &self.data.to_string(),
            self.created_at,
            self.expires_at,
        ]
    }

    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let kind = row.text("kind")?;
        let progress = row.text("progress")?;
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
            progress: Progress::named(&progress).ok_or_else(|| sqlx::Error::Decode(progress.into()))?,
        })
    }
}

impl Store {
    /// Stores a new challenge, and nothing with it.
    pub async fn insert_challenge(&self, challenge: &Challenge) -> Result<(), sqlx::Error> {
        self.alone(INSERT, challenge.values()).await?;
        Ok(())
    }

    /// Answers a challenge that belongs to this user and action, or to nobody, and that the client names or its answer
    /// finds: the challenge for one caller, and nothing for any other.
    pub async fn take_challenge(
        &self,
        kind: Kind,
        found_by: FoundBy<'_>,
        owner: Option<(&str, &str)>,
        now: Millis,
    ) -> Result<Option<Challenge>, sqlx::Error> {
        let (challenge_id, lookup) = match found_by {
            FoundBy::Id(challenge_id) => (Some(challenge_id), None),
            FoundBy::Lookup(lookup) => (None, Some(lookup)),
        };
        let rows = self
            .alone(
                "UPDATE challenges SET consumed_at = $4 \
                 WHERE challenge_id = COALESCE($1, (SELECT challenge_id FROM challenges WHERE lookup = $2)) \
                 AND kind = $3 AND consumed_at IS NULL AND expires_at > $4 \
                 AND user_key IS NOT DISTINCT FROM $5 AND action_key IS NOT DISTINCT FROM $6 RETURNING *",
                values![
                    challenge_id,
                    lookup,
                    kind.name(),
                    now,
                    owner.map(|(user_key, _)| user_key),
                    owner.map(|(_, action_key)| action_key),
                ],
            )
            .await?;
        rows.first().map(Challenge::from_row).transpose()
    }
}

impl Tx {
    /// Stores a new challenge.
    pub async fn insert_challenge(&mut self, challenge: &Challenge) -> Result<(), sqlx::Error> {
        self.run(INSERT, challenge.values()).await?;
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

    /// The open challenge of this kind and `lookup`.
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

    /// The challenge of this id and kind, whether it can still be answered or not.
    pub async fn challenge(&mut self, kind: Kind, challenge_id: &str) -> Result<Option<Challenge>, sqlx::Error> {
        let row = self
            .one("SELECT * FROM challenges WHERE challenge_id = $1 AND kind = $2", values![challenge_id, kind.name()])
            .await?;
        row.as_ref().map(Challenge::from_row).transpose()
    }

    /// The newest challenge of this kind that belongs to an action and can still be answered.
    pub async fn newest_of_action(
        &mut self,
        kind: Kind,
        user_key: &str,
        action_key: &str,
        now: Millis,
    ) -> Result<Option<Challenge>, sqlx::Error> {
        let row = self
            .one(
                "SELECT * FROM challenges WHERE user_key = $1 AND action_key = $2 AND kind = $3 \
                 AND consumed_at IS NULL AND expires_at > $4 ORDER BY created_at DESC LIMIT 1",
                values![user_key, action_key, kind.name(), now],
            )
            .await?;
        row.as_ref().map(Challenge::from_row).transpose()
    }

    /// Every challenge of this kind that asks a user, or one authenticator of theirs, and waits; newest first.
    pub async fn waiting_for(
        &mut self,
        kind: Kind,
        user_key: &str,
        authenticator_id: &str,
        now: Millis,
    ) -> Result<Vec<Challenge>, sqlx::Error> {
        let rows = self
            .all(
                "SELECT * FROM challenges WHERE user_key = $1 AND kind = $2 AND progress = 'pending' \
                 AND (authenticator_id IS NULL OR authenticator_id = $3) \
                 AND consumed_at IS NULL AND expires_at > $4 ORDER BY created_at DESC",
                values![user_key, kind.name(), authenticator_id, now],
            )
            .await?;
        rows.iter().map(Challenge::from_row).collect()
    }

    /// Ends the challenges of this kind that an action still has open: a new one takes their place.
    pub async fn end_challenges(
        &mut self,
        kind: Kind,
        user_key: &str,
        action_key: &str,
        now: Millis,
    ) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE challenges SET consumed_at = $4 \
             WHERE user_key = $1 AND action_key = $2 AND kind = $3 AND consumed_at IS NULL",
            values![user_key, action_key, kind.name(), now],
        )
        .await?;
        Ok(())
    }

    /// Ends the challenge of this `lookup` unless it was met already, and makes room for the one that takes its place.
    pub async fn give_way(&mut self, lookup: &str, now: Millis) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE challenges SET lookup = NULL, \
             consumed_at = CASE WHEN progress = 'pending' AND consumed_at IS NULL THEN $2 ELSE consumed_at END \
             WHERE lookup = $1",
            values![lookup, now],
        )
        .await?;
        Ok(())
    }

    /// The challenges of this kind that belong to a user and can still be answered, newest first.
    pub async fn open_of_user(
        &mut self,
        kind: Kind,
        user_key: &str,
        now: Millis,
    ) -> Result<Vec<Challenge>, sqlx::Error> {
        let rows = self
            .all(
                "SELECT * FROM challenges WHERE user_key = $1 AND kind = $2 AND consumed_at IS NULL \
                 AND expires_at > $3 ORDER BY created_at DESC",
                values![user_key, kind.name(), now],
            )
            .await?;
        rows.iter().map(Challenge::from_row).collect()
    }

    /// Counts an answer; how many there were with it.
    pub async fn add_attempt(&mut self, challenge_id: &str) -> Result<i64, sqlx::Error> {
        let row = self
            .one(
                "UPDATE challenges SET attempts = attempts + 1 WHERE challenge_id = $1 RETURNING attempts",
                values![challenge_id],
            )
            .await?;
        row.map_or(Ok(0), |row| row.int("attempts"))
    }

    /// Gives a challenge that may be begun before its user is known to a user and an action; false if it was given before,
    /// or has ended. A ceremony stays whose it is.
    pub async fn attach_challenge(
        &mut self,
        challenge_id: &str,
        user_key: &str,
        action_key: &str,
        now: Millis,
    ) -> Result<bool, sqlx::Error> {
        let attached = self
            .run(
                "UPDATE challenges SET user_key = $2, action_key = $3 WHERE challenge_id = $1 \
                 AND kind IN ('anonymous', 'qr-code', 'server-code') AND user_key IS NULL \
                 AND consumed_at IS NULL AND expires_at > $4",
                values![challenge_id, user_key, action_key, now],
            )
            .await?;
        Ok(attached > 0)
    }

    /// Whether [`Self::attach_challenge`] has given this challenge to this action, however it has gone on since.
    pub async fn is_attached(&mut self, challenge_id: &str, action_key: &str) -> Result<bool, sqlx::Error> {
        let attached = self
            .count(
                "SELECT COUNT(*) AS n FROM challenges WHERE challenge_id = $1 AND action_key = $2 \
                 AND kind IN ('anonymous', 'qr-code', 'server-code')",
                values![challenge_id, action_key],
            )
            .await?;
        Ok(attached > 0)
    }

    /// Takes a challenge one step further; false if it was not where this step begins, or has ended.
    pub async fn progress_challenge(
        &mut self,
        challenge_id: &str,
        from: Progress,
        to: Progress,
        now: Millis,
    ) -> Result<bool, sqlx::Error> {
        let moved = self
            .run(
                "UPDATE challenges SET progress = $3 \
                 WHERE challenge_id = $1 AND progress = $2 AND consumed_at IS NULL AND expires_at > $4",
                values![challenge_id, from.name(), to.name(), now],
            )
            .await?;
        Ok(moved > 0)
    }

    /// Gives a challenge to the user and the authenticator that answer it.
    pub async fn assign_challenge(
        &mut self,
        challenge_id: &str,
        user_key: &str,
        authenticator_id: &str,
    ) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE challenges SET user_key = $2, authenticator_id = $3 WHERE challenge_id = $1",
            values![challenge_id, user_key, authenticator_id],
        )
        .await?;
        Ok(())
    }

    /// Remembers that something was used; false if it was before.
    pub async fn use_once(&mut self, challenge: &Challenge) -> Result<bool, sqlx::Error> {
        let inserted = self
            .run(
                "INSERT INTO challenges (challenge_id, kind, lookup, data, created_at, expires_at, consumed_at) \
                 VALUES ($1, $2, $3, '{}', $4, $5, $4) ON CONFLICT (lookup) DO NOTHING",
                values![
                    &challenge.challenge_id,
                    challenge.kind.name(),
                    &challenge.lookup,
                    challenge.created_at,
                    challenge.expires_at,
                ],
            )
            .await?;
        Ok(inserted > 0)
    }
}
