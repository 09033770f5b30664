//! Events for the customer's backend, until they are delivered or given up.

use super::{Row, Tx, named, values};
use crate::domain::Millis;

named! {
    /// How an event stands.
    Delivery {
        /// It is to be sent, or sent again.
        Waiting = "waiting",
        /// The backend took it.
        Delivered = "delivered",
        /// The backend did not take it, however often it was tried.
        Failed = "failed",
        /// There is no address to send it to.
        Unsent = "unsent",
    }
}

/// An event.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its id.
    pub event_id: String,
    /// What happened: `email.created` and the like.
    pub kind: String,
    /// What is signed and sent.
    pub body: String,
    /// When it happened.
    pub created_at: Millis,
    /// How it stands.
    pub delivery: Delivery,
    /// How often it was sent.
    pub attempts: i64,
    /// When it is to be sent next; nothing if whoever made it sends it itself.
    pub next_at: Option<Millis>,
    /// What the last attempt was answered with.
    pub outcome: Option<String>,
}

impl Webhook {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let delivery = row.text("state")?;
        Ok(Self {
            event_id: row.text("event_id")?,
            kind: row.text("kind")?,
            body: row.text("body")?,
            created_at: row.int("created_at")?,
            delivery: Delivery::named(&delivery).ok_or_else(|| sqlx::Error::Decode(delivery.into()))?,
            attempts: row.int("attempts")?,
            next_at: row.maybe_int("next_at")?,
            outcome: row.maybe_text("outcome")?,
        })
    }
}

impl Tx {
    /// Stores an event.
    pub async fn insert_webhook(&mut self, webhook: &Webhook) -> Result<(), sqlx::Error> {
        self.run(
            "INSERT INTO webhooks (event_id, position, kind, body, created_at, state, attempts, next_at, outcome) \
             VALUES ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM webhooks), $2, $3, $4, $5, $6, $7, $8)",
            values![
                &webhook.event_id,
                &webhook.kind,
                &webhook.body,
                webhook.created_at,
                webhook.delivery.name(),
                webhook.attempts,
                webhook.next_at,
                &webhook.outcome,
            ],
        )
        .await?;
        Ok(())
    }

    /// The last events, newest last.
    pub async fn webhooks(&mut self, most: i64) -> Result<Vec<Webhook>, sqlx::Error> {
        let rows = self.all("SELECT * FROM webhooks ORDER BY position DESC LIMIT $1", values![most]).await?;
        rows.iter().rev().map(Webhook::from_row).collect()
    }

    /// The events that are to be sent next, the earliest first, whether it is their time or not.
    pub async fn waiting_webhooks(&mut self, most: i64) -> Result<Vec<Webhook>, sqlx::Error> {
        let rows = self
            .all(
                "SELECT * FROM webhooks WHERE state = 'waiting' AND next_at IS NOT NULL ORDER BY next_at LIMIT $1",
                values![most],
            )
            .await?;
        rows.iter().map(Webhook::from_row).collect()
    }

    /// Takes an event to send it; false if another instance was faster. It is sent again at `next_at` unless it was told
    /// before what came of it.
    pub async fn claim_webhook(&mut self, webhook: &Webhook, next_at: Millis) -> Result<bool, sqlx::Error> {
        let claimed = self
            .run(
                "UPDATE webhooks SET attempts = attempts + 1, next_at = $3 \
                 WHERE event_id = $1 AND attempts = $2 AND state = 'waiting'",
                values![&webhook.event_id, webhook.attempts, next_at],
            )
            .await?;
        Ok(claimed > 0)
    }

    /// What came of an attempt, and when there is to be another.
    pub async fn set_delivery(
        &mut self,
        event_id: &str,
        delivery: Delivery,
        outcome: &str,
        next_at: Option<Millis>,
    ) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE webhooks SET state = $2, outcome = $3, next_at = $4 WHERE event_id = $1",
            values![event_id, delivery.name(), outcome, next_at],
        )
        .await?;
        Ok(())
    }
}
