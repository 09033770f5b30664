//! Application sessions.

use super::{Row, Tx, values};
use crate::domain::Millis;
use crate::domain::method::Method;

/// One refresh token.
#[derive(Clone, Debug)]
pub struct Session {
    /// Ours; the access token names it.
    pub session_id: String,
    /// All that came from one sign-in.
    pub family: String,
    /// Whose.
    pub user_key: String,
    /// The application.
    pub client_id: String,
    /// How they signed in.
    pub verification_method: Option<Method>,
    /// Of the refresh token.
    pub refresh_hash: String,
    /// The challenge token that it came from; of the first of a family only.
    pub token_id: Option<String>,
    /// When it began.
    pub created_at: Millis,
    /// The end of the refresh token.
    pub expires_at: Millis,
    /// When another took its place.
    pub rotated_at: Option<Millis>,
    /// When it was ended.
    pub revoked_at: Option<Millis>,
}

impl Session {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            session_id: row.text("session_id")?,
            family: row.text("family")?,
            user_key: row.text("user_key")?,
            client_id: row.text("client_id")?,
            verification_method: row.maybe_text("verification_method")?.as_deref().and_then(Method::named),
            refresh_hash: row.text("refresh_hash")?,
            token_id: row.maybe_text("token_id")?,
            created_at: row.int("created_at")?,
            expires_at: row.int("expires_at")?,
            rotated_at: row.maybe_int("rotated_at")?,
            revoked_at: row.maybe_int("revoked_at")?,
        })
    }
}

impl Tx {
    /// Stores a session; false if its challenge token has made one before.
    pub async fn insert_session(&mut self, session: &Session) -> Result<bool, sqlx::Error> {
        let inserted = self
            .run(
                "INSERT INTO sessions (session_id, family, user_key, client_id, verification_method, refresh_hash, \
                 token_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                 ON CONFLICT (token_id) DO NOTHING",
                values![
                    &session.session_id,
                    &session.family,
                    &session.user_key,
                    &session.client_id,
                    session.verification_method.map(Method::name),
                    &session.refresh_hash,
                    &session.token_id,
                    session.created_at,
                    session.expires_at,
                ],
            )
            .await?;
        Ok(inserted > 0)
    }

    /// The session of this id.
    pub async fn session(&mut self, session_id: &str) -> Result<Option<Session>, sqlx::Error> {
        let row = self.one("SELECT * FROM sessions WHERE session_id = $1", values![session_id]).await?;
        row.as_ref().map(Session::from_row).transpose()
    }

    /// The session of this refresh token.
    pub async fn session_by_refresh(&mut self, refresh_hash: &str) -> Result<Option<Session>, sqlx::Error> {
        let row = self.one("SELECT * FROM sessions WHERE refresh_hash = $1", values![refresh_hash]).await?;
        row.as_ref().map(Session::from_row).transpose()
    }

    /// Uses up a refresh token: true for one caller, and for no other.
    pub async fn rotate_session(&mut self, session_id: &str, now: Millis) -> Result<bool, sqlx::Error> {
        let rotated = self
            .run(
                "UPDATE sessions SET rotated_at = $2 WHERE session_id = $1 AND rotated_at IS NULL \
                 AND revoked_at IS NULL AND expires_at > $2",
                values![session_id, now],
            )
            .await?;
        Ok(rotated > 0)
    }

    /// Ends one session's access token.
    pub async fn revoke_session(&mut self, session_id: &str, now: Millis) -> Result<(), sqlx::Error> {
        self.run("UPDATE sessions SET revoked_at = $2 WHERE session_id = $1", values![session_id, now]).await?;
        Ok(())
    }

    /// Ends all that came from one sign-in.
    pub async fn revoke_family(&mut self, family: &str, now: Millis) -> Result<(), sqlx::Error> {
        self.run("UPDATE sessions SET revoked_at = $2 WHERE family = $1 AND revoked_at IS NULL", values![family, now])
            .await?;
        Ok(())
    }

    /// Ends all sessions of a user.
    pub async fn revoke_user_sessions(&mut self, user_key: &str, now: Millis) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE sessions SET revoked_at = $2 WHERE user_key = $1 AND revoked_at IS NULL",
            values![user_key, now],
        )
        .await?;
        Ok(())
    }
}
