//! Authenticators, the windows that they open, and wrong codes.

use serde_json::Value as Json;

use super::{Row, Tx, values};
use crate::domain::Millis;
use crate::domain::binding::Window;
use crate::domain::code::GUESS_PERIOD;
use crate::domain::method::Method;

/// Something that a user proves themselves with.
#[derive(Clone, Debug)]
pub struct Authenticator {
    /// Its id on the wire.
    pub authenticator_id: String,
    /// Whose.
    pub user_key: String,
    /// What kind.
    pub method: Method,
    /// While its enrolment is pending: the action whose tokens may finish it.
    pub action_key: Option<String>,
    /// When its enrolment began.
    pub created_at: Millis,
    /// When its enrolment was finished; nothing while it is pending.
    pub verified_at: Option<Millis>,
    /// When it last proved something.
    pub last_verified_at: Option<Millis>,
    /// E-mail address or phone number.
    pub address: Option<String>,
    /// What the user calls it.
    pub display_name: Option<String>,
    /// WebAuthn credential id in base64url, or the public key of a device.
    pub credential_id: Option<String>,
    /// TOTP secret, or the WebAuthn credential.
    pub secret: Option<String>,
    /// What else is shown of it.
    pub details: Json,
}

/// The mark of an authenticator that was created elsewhere; nobody is shown it.
pub const IMPORTED: &str = "isImported";

impl Authenticator {
    /// Whether it was created elsewhere, and enrolled by the backend: a passkey then carries a user handle of another's.
    pub fn is_imported(&self) -> bool {
        self.details[IMPORTED] == true
    }

    /// Whether it was created elsewhere and has not proven anything here yet, so that nothing is known of a passkey but
    /// its key.
    pub fn is_imported_and_unused(&self) -> bool {
        self.is_imported() && self.last_verified_at.is_none()
    }

    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let method = row.text("method")?;
        Ok(Self {
            authenticator_id: row.text("authenticator_id")?,
            user_key: row.text("user_key")?,
            method: Method::named(&method).ok_or_else(|| sqlx::Error::Decode(method.into()))?,
            action_key: row.maybe_text("action_key")?,
            created_at: row.int("created_at")?,
            verified_at: row.maybe_int("verified_at")?,
            last_verified_at: row.maybe_int("last_verified_at")?,
            address: row.maybe_text("address")?,
            display_name: row.maybe_text("display_name")?,
            credential_id: row.maybe_text("credential_id")?,
            secret: row.maybe_text("secret")?,
            details: row.json("details")?,
        })
    }
}

fn all_from(rows: &[Row]) -> Result<Vec<Authenticator>, sqlx::Error> {
    rows.iter().map(Authenticator::from_row).collect()
}

impl Tx {
    /// All of a user's authenticators, pending ones too: the one that the backend made the default, and then oldest first.
    pub async fn authenticators(&mut self, user_key: &str) -> Result<Vec<Authenticator>, sqlx::Error> {
        let rows = self
            .all(
                "SELECT * FROM authenticators WHERE user_key = $1 \
                 ORDER BY is_default DESC, created_at, authenticator_id",
                values![user_key],
            )
            .await?;
        all_from(&rows)
    }

    /// Those that are verified, the default first, without recovery codes: they are a way back in, and no authenticator.
    pub async fn verified_authenticators(&mut self, user_key: &str) -> Result<Vec<Authenticator>, sqlx::Error> {
        let all = self.authenticators(user_key).await?;
        let counts = |one: &Authenticator| one.verified_at.is_some() && one.method != Method::RecoveryCode;
        Ok(all.into_iter().filter(counts).collect())
    }

    /// The authenticator of this id.
    pub async fn authenticator(&mut self, authenticator_id: &str) -> Result<Option<Authenticator>, sqlx::Error> {
        let row =
            self.one("SELECT * FROM authenticators WHERE authenticator_id = $1", values![authenticator_id]).await?;
        row.as_ref().map(Authenticator::from_row).transpose()
    }

    /// The verified authenticator that holds this credential.
    pub async fn credential(&mut self, credential_id: &str) -> Result<Option<Authenticator>, sqlx::Error> {
        let row = self
            .one(
                "SELECT * FROM authenticators WHERE credential_id = $1 AND verified_at IS NOT NULL",
                values![credential_id],
            )
            .await?;
        row.as_ref().map(Authenticator::from_row).transpose()
    }

    /// Stores a new authenticator; false if its credential is registered, also by whoever came first at the same moment. An
    /// enrolment of the same method that was still pending gives way; a verified one never does.
    pub async fn insert_authenticator(&mut self, authenticator: &Authenticator) -> Result<bool, sqlx::Error> {
        if authenticator.verified_at.is_none() {
            self.run(
                "DELETE FROM authenticators WHERE user_key = $1 AND method = $2 AND verified_at IS NULL",
                values![&authenticator.user_key, authenticator.method.name()],
            )
            .await?;
        }
        let inserted = self
            .run(
                "INSERT INTO authenticators (authenticator_id, user_key, method, action_key, created_at, verified_at, \
             last_verified_at, address, display_name, credential_id, secret, details) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (credential_id) DO NOTHING",
                values![
                    &authenticator.authenticator_id,
                    &authenticator.user_key,
                    authenticator.method.name(),
                    &authenticator.action_key,
                    authenticator.created_at,
                    authenticator.verified_at,
                    authenticator.last_verified_at,
                    &authenticator.address,
                    &authenticator.display_name,
                    &authenticator.credential_id,
                    &authenticator.secret,
                    &authenticator.details.to_string(),
                ],
            )
            .await?;
        Ok(inserted > 0)
    }

    /// Makes one of a user's authenticators their default, and no other.
    pub async fn make_default(&mut self, user_key: &str, authenticator_id: &str) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE authenticators SET is_default = CASE WHEN authenticator_id = $2 THEN 1 ELSE 0 END WHERE user_key = $1",
            values![user_key, authenticator_id],
        )
        .await?;
        Ok(())
    }

    /// Finishes an enrolment.
    pub async fn mark_verified(&mut self, authenticator_id: &str, now: Millis) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE authenticators SET verified_at = $2, last_verified_at = $2, action_key = NULL \
             WHERE authenticator_id = $1",
            values![authenticator_id, now],
        )
        .await?;
        Ok(())
    }

    /// It proved something just now; `secret` is what is known of it since, if that has changed. False if it is gone.
    pub async fn mark_used(
        &mut self,
        authenticator_id: &str,
        secret: Option<&str>,
        now: Millis,
    ) -> Result<bool, sqlx::Error> {
        let used = self
            .run(
                "UPDATE authenticators SET last_verified_at = $2, secret = COALESCE($3, secret) \
                 WHERE authenticator_id = $1",
                values![authenticator_id, now, secret],
            )
            .await?;
        Ok(used > 0)
    }

    /// What else is shown of it, from now on.
    pub async fn set_details(&mut self, authenticator_id: &str, details: &Json) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE authenticators SET details = $2 WHERE authenticator_id = $1",
            values![authenticator_id, &details.to_string()],
        )
        .await?;
        Ok(())
    }

    /// Names an authenticator of a user.
    pub async fn rename_authenticator(
        &mut self,
        user_key: &str,
        authenticator_id: &str,
        display_name: &str,
    ) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE authenticators SET display_name = $3 WHERE user_key = $1 AND authenticator_id = $2",
            values![user_key, authenticator_id, display_name],
        )
        .await?;
        Ok(())
    }

    /// Takes a TOTP step, and all before it; false if it, or a later one, was taken already.
    pub async fn take_step(&mut self, authenticator_id: &str, step: i64) -> Result<bool, sqlx::Error> {
        let taken = self
            .run(
                "UPDATE authenticators SET last_step = $2 \
                 WHERE authenticator_id = $1 AND (last_step IS NULL OR last_step < $2)",
                values![authenticator_id, step],
            )
            .await?;
        Ok(taken > 0)
    }

    /// Removes a user's authenticator, and with it the windows that it opened.
    pub async fn delete_authenticator(&mut self, user_key: &str, authenticator_id: &str) -> Result<bool, sqlx::Error> {
        let deleted = self
            .run(
                "DELETE FROM authenticators WHERE user_key = $1 AND authenticator_id = $2",
                values![user_key, authenticator_id],
            )
            .await?;
        Ok(deleted > 0)
    }

    /// Opens a window.
    pub async fn open_window(
        &mut self,
        window_key: &str,
        user_key: &str,
        opened_by: &str,
        now: Millis,
        ends_at: Millis,
    ) -> Result<(), sqlx::Error> {
        self.run(
            "INSERT INTO windows (window_key, user_key, opened_by, opened_at, ends_at) VALUES ($1, $2, $3, $4, $5)",
            values![window_key, user_key, opened_by, now, ends_at],
        )
        .await?;
        Ok(())
    }

    /// How the window that a token names stands.
    pub async fn window(&mut self, user_key: &str, window_key: Option<&str>) -> Result<Window, sqlx::Error> {
        let Some(window_key) = window_key else { return Ok(Window::None) };
        let row = self
            .one("SELECT ends_at FROM windows WHERE window_key = $1 AND user_key = $2", values![window_key, user_key])
            .await?;
        row.map_or(Ok(Window::Gone), |row| Ok(Window::Until(row.int("ends_at")?)))
    }

    /// Remembers a wrong code. A challenge of the backend's own has no action, and nobody may know yet whose it is.
    pub async fn add_wrong_code(
        &mut self,
        user_key: Option<&str>,
        action_key: Option<&str>,
        method: Method,
        target: &str,
        now: Millis,
    ) -> Result<(), sqlx::Error> {
        self.run(
            "INSERT INTO wrong_codes (user_key, action_key, method, target, at) VALUES ($1, $2, $3, $4, $5)",
            values![user_key, action_key, method.name(), target, now],
        )
        .await?;
        Ok(())
    }

    /// Wrong codes that this action has seen for one target.
    pub async fn wrong_codes_of_action(
        &mut self,
        user_key: &str,
        action_key: &str,
        target: &str,
    ) -> Result<i64, sqlx::Error> {
        self.count(
            "SELECT COUNT(*) AS n FROM wrong_codes WHERE user_key = $1 AND action_key = $2 AND target = $3",
            values![user_key, action_key, target],
        )
        .await
    }

    /// Wrong codes for one target within the last [`GUESS_PERIOD`], whatever the token: this user's, and those of nobody
    /// known. Where the user is not known, of an address: those of all whose authenticator it is.
    pub async fn recent_wrong_codes(
        &mut self,
        user_key: Option<&str>,
        method: Method,
        target: &str,
        now: Millis,
    ) -> Result<i64, sqlx::Error> {
        self.count(
            "SELECT COUNT(*) AS n FROM wrong_codes w WHERE w.target = $3 AND w.at > $4 AND w.method = $2 \
             AND (w.user_key IS NULL OR w.user_key = $1 OR (CAST($1 AS TEXT) IS NULL AND EXISTS (\
             SELECT 1 FROM authenticators a WHERE a.user_key = w.user_key AND LOWER(a.address) = LOWER(w.target) \
             AND a.verified_at IS NOT NULL)))",
            values![user_key, method.name(), target, now - GUESS_PERIOD],
        )
        .await
    }
}
