//! Challenges that have come further, told to whoever waits for them: in this instance, and through PostgreSQL in every
//! other one.

use std::convert::Infallible;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::broadcast;
use tokio::time::sleep;

use crate::app::App;
use crate::store::{CHANGES, Store, Tx};

/// Changes that a slow listener may lag behind.
const KEPT: usize = 1024;

/// How long after a failure to listen again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// What was told.
#[derive(Clone, Debug)]
pub enum Change {
    /// The challenge of this id has come further.
    Of(String),
    /// Something was missed: any may have.
    Any,
}

/// The way from those who tell to those who wait.
pub struct Changes(broadcast::Sender<Change>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::channel(KEPT).0)
    }
}

impl Changes {
    /// What is told from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }

    fn tell(&self, change: Change) {
        // An error means that nobody waits.
        let _ = self.0.send(change);
    }
}

impl App {
    /// Commits, and tells that a challenge has come further. The other instances hear of it from the database, which
    /// tells what is committed and nothing else.
    pub async fn commit_and_tell(&self, mut tx: Tx, challenge_id: &str) -> Result<(), sqlx::Error> {
        tx.notify(challenge_id).await?;
        tx.commit().await?;
        // The database's word comes back here as well; it finds nothing new.
        self.changes.tell(Change::Of(challenge_id.to_owned()));
        Ok(())
    }
}

/// Passes on what other instances tell, until the server ends. Of SQLite there is one instance.
pub async fn listen(app: App) {
    let Store::Postgres(pool) = &app.store else { return };
    let listening = async {
        loop {
            let Err(error) = pass_on(&app, pool).await;
            tracing::warn!(%error, "other instances are not heard; trying again");
            sleep(LISTEN_AGAIN).await;
        }
    };
    tokio::select! {
        () = listening => {}
        () = app.ended() => {}
    }
}

async fn pass_on(app: &App, pool: &PgPool) -> Result<Infallible, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANGES).await?;
    // What was told while nobody listened is found by looking.
    app.changes.tell(Change::Any);
    loop {
        app.changes.tell(match listener.try_recv().await? {
            Some(told) => Change::Of(told.payload().to_owned()),
            // The connection was lost, and is there again.
            None => Change::Any,
        });
    }
}
