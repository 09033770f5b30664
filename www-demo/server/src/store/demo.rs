//! Who is signed in to the demo.

use super::{Tx, values};

/// A browser that is signed in to the demo.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoSession {
    /// The user's id.
    pub user_id: String,
    /// The name that they chose.
    pub username: String,
}

impl Tx {
    /// The session of this cookie.
    pub async fn demo_session(&mut self, session_id: &str) -> Result<Option<DemoSession>, sqlx::Error> {
        let row = self.one("SELECT * FROM demo_sessions WHERE session_id = $1", values![session_id]).await?;
        row.map(|row| Ok(DemoSession { user_id: row.text("user_id")?, username: row.text("username")? })).transpose()
    }

    /// Signs a browser in.
    pub async fn insert_demo_session(
        &mut self,
        session_id: &str,
        user_id: &str,
        username: &str,
    ) -> Result<(), sqlx::Error> {
        self.run(
            "INSERT INTO demo_sessions (session_id, user_id, username) VALUES ($1, $2, $3)",
            values![session_id, user_id, username],
        )
        .await?;
        Ok(())
    }

    /// Signs a browser out.
    pub async fn delete_demo_session(&mut self, session_id: &str) -> Result<(), sqlx::Error> {
        self.run("DELETE FROM demo_sessions WHERE session_id = $1", values![session_id]).await?;
        Ok(())
    }
}
