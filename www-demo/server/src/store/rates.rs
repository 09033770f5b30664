//! What was sent and tried lately, where that is limited.

use super::{Tx, values};
use crate::domain::Millis;
use crate::domain::rate::Limit;

impl Tx {
    /// When this was done within the period before `now`, the oldest first.
    pub async fn recent(&mut self, subject: &str, limit: Limit, now: Millis) -> Result<Vec<Millis>, sqlx::Error> {
        let rows = self
            .all(
                "SELECT at FROM rates WHERE subject = $1 AND what = $2 AND at > $3 ORDER BY at",
                values![subject, limit.what, now - limit.period],
            )
            .await?;
        rows.iter().map(|row| row.int("at")).collect()
    }

    /// Counts one more.
    pub async fn count_one(&mut self, subject: &str, limit: Limit, now: Millis) -> Result<(), sqlx::Error> {
        self.run("INSERT INTO rates (subject, what, at) VALUES ($1, $2, $3)", values![subject, limit.what, now])
            .await?;
        Ok(())
    }

    /// Waits until no other transaction has this address's turn, and keeps it until the end of this one: what a user's
    /// row is for users whom nobody knows yet. Of SQLite only one transaction writes.
    pub async fn lock_address(&mut self, address: &str) -> Result<(), sqlx::Error> {
        if let Tx::Postgres(tx) = self {
            let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
            sqlx::query(sql).bind(address).execute(tx.connection()).await?;
        }
        Ok(())
    }
}
