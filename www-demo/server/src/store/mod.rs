//! The data: SQLite or PostgreSQL behind one enum of pools, with the same SQL for both.
//!
//! Everything happens in a [`Tx`]. Statements use `$1` and the common types only (TEXT and BIGINT), so that there is one
//! text of each. Where two requests could change the same user's authenticators, [`Tx::lock_user`] makes them take turns.

mod actions;
mod authenticators;
mod challenges;
mod demo;
mod outbox;
mod rates;
mod recovery;
mod sessions;
mod snapshot;
mod users;
mod webhooks;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Postgres, Row as _, SqlSafeStr, Sqlite, Transaction};

use crate::domain::Millis;

pub use actions::{Action, ActionState};
pub use authenticators::Authenticator;
pub use challenges::{Challenge, Kind, Progress};
pub use demo::DemoSession;
pub use outbox::{Message, MessageKind};
pub use recovery::RecoveryCodes;
pub use sessions::Session;
pub use snapshot::Snapshot;
pub use users::User;
pub use webhooks::{Delivery, Webhook};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The channel of PostgreSQL that tells instances which challenges have come further.
pub(crate) const CHANGES: &str = "authsignal_local_changes";

/// How long to wait for a connection, or for another process that is writing to the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The open database.
#[derive(Clone)]
pub enum Store {
    /// SQLite writes one at a time: one connection writes, the others read what is committed.
    Sqlite {
        /// The one connection that writes.
        writer: SqlitePool,
        /// Those that only read.
        readers: SqlitePool,
        /// What keeps a database in memory alive; a file needs none.
        anchor: Option<SqlitePool>,
    },
    /// PostgreSQL.
    Postgres(PgPool),
}

impl Store {
    /// Opens `url` (`sqlite:PATH`, `sqlite::memory:` or `postgres://...`) and brings its tables up to date.
    pub async fn open(url: &str) -> Result<Self, sqlx::Error> {
        let store = if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let pool = PgPoolOptions::new().max_connections(16).acquire_timeout(BUSY_TIMEOUT).connect(url).await?;
            MIGRATIONS.run(&pool).await?;
            Store::Postgres(pool)
        } else if !url.starts_with("sqlite:") {
            let reason = "it is neither sqlite:PATH nor postgres://…";
            return Err(sqlx::Error::Configuration(reason.into()));
        } else {
            let options = SqliteConnectOptions::from_str(url)?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .busy_timeout(BUSY_TIMEOUT);
            let in_memory = url.contains(":memory:");
            let file = Path::new(options.get_filename());
            if !in_memory && let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)?;
            }
            // Whoever starts at the same time waits: unlike PostgreSQL, SQLite makes nobody take turns at migrations.
            let _turn = if in_memory { None } else { Some(turn(file.with_extension("lock")).await?) };
            let pool = || SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
            // A database in memory is gone with its last connection, and the pool closes one whose state it does not know.
            // This one is never used, and so never closed.
            let anchor = if in_memory { Some(pool().connect_with(options.clone()).await?) } else { None };
            let writer = pool().connect_with(options.clone()).await?;
            MIGRATIONS.run(&writer).await?;
            let readers = if in_memory {
                writer.clone()
            } else {
                SqlitePoolOptions::new().max_connections(4).connect_with(options.read_only(true)).await?
            };
            Store::Sqlite { writer, readers, anchor }
        };
        Ok(store)
    }

    /// A transaction that changes something.
    pub async fn write(&self) -> Result<Tx, sqlx::Error> {
        Ok(match self {
            Store::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Store::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// A transaction that only looks.
    pub async fn read(&self) -> Result<Tx, sqlx::Error> {
        Ok(match self {
            Store::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Store::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Whether there is no data at all.
    pub async fn is_empty(&self) -> Result<bool, sqlx::Error> {
        Ok(self.read().await?.snapshot().await?.is_empty())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        self.read().await?.run("SELECT 1", values![]).await.map(drop)
    }

    /// How many connections there are, and how many of them nobody uses.
    pub fn connections(&self) -> (i64, i64) {
        let of = |size: u32, idle: usize| (i64::from(size), i64::try_from(idle).unwrap_or(i64::MAX));
        match self {
            Store::Sqlite { writer, .. } => of(writer.size(), writer.num_idle()),
            Store::Postgres(pool) => of(pool.size(), pool.num_idle()),
        }
    }

    /// Ends every connection, after what they are doing.
    pub async fn close(&self) {
        match self {
            Store::Sqlite { writer, readers, anchor } => {
                readers.close().await;
                writer.close().await;
                if let Some(anchor) = anchor {
                    anchor.close().await;
                }
            }
            Store::Postgres(pool) => pool.close().await,
        }
    }
}

/// Waits for the lock on this file; it is held until the value is dropped, or the process ends.
async fn turn(file: PathBuf) -> Result<File, sqlx::Error> {
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::create(file)?;
        file.lock()?;
        Ok(file)
    });
    locked.await.map_err(|error| sqlx::Error::Io(error.into()))?
}

/// A transaction; undone unless it is committed.
pub enum Tx {
    /// Of SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// Of PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// An argument of a statement.
#[derive(Clone)]
pub enum Value {
    /// TEXT
    Text(Option<String>),
    /// BIGINT
    Int(Option<i64>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(Some(text.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Value::Text(Some(text.clone()))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Value::Text(text.map(str::to_owned))
    }
}

impl From<&Option<String>> for Value {
    fn from(text: &Option<String>) -> Self {
        Value::Text(text.clone())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Int(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Value::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Value::Int(Some(truth.into()))
    }
}

/// The arguments of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::Value::from($value)),*] };
}
pub(crate) use values;

/// Names of an enum in a table.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// The name in the table.
            pub fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)+
                }
            }

            /// The value of this name.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($text => Some($name::$variant),)+
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use named;

macro_rules! bound {
    ($sql:expr, $values:expr) => {
        $values.into_iter().fold(sqlx::query($sql), |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Int(number) => query.bind(number),
        })
    };
}

impl Tx {
    /// Runs a statement; the number of rows that it changed.
    pub(crate) async fn run(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Tx::Sqlite(tx) => bound!(sql, values).execute(&mut **tx).await?.rows_affected(),
            Tx::Postgres(tx) => bound!(sql, values).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// Every row that a statement answers.
    pub(crate) async fn all(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match self {
            Tx::Sqlite(tx) => bound!(sql, values).fetch_all(&mut **tx).await?.into_iter().map(Row::Sqlite).collect(),
            Tx::Postgres(tx) => {
                bound!(sql, values).fetch_all(&mut **tx).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// The first row that a statement answers.
    pub(crate) async fn one(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// The number that a `SELECT COUNT(*) AS n` answers.
    pub(crate) async fn count(&mut self, sql: &'static str, values: Vec<Value>) -> Result<i64, sqlx::Error> {
        self.one(sql, values).await?.map_or(Ok(0), |row| row.int("n"))
    }

    /// Tells every instance of this database, once this is committed. Of SQLite there is one instance, and nothing to do.
    pub(crate) async fn notify(&mut self, text: &str) -> Result<(), sqlx::Error> {
        if let Tx::Postgres(tx) = self {
            sqlx::query("SELECT pg_notify($1, $2)").bind(CHANGES).bind(text).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Makes it so.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await,
            Tx::Postgres(tx) => tx.commit().await,
        }
    }

    /// Deletes what ended before `moment` and decides nothing any more.
    pub async fn delete_ended_before(&mut self, moment: Millis) -> Result<u64, sqlx::Error> {
        let mut deleted = 0;
        for sql in [
            "DELETE FROM challenges WHERE expires_at < $1",
            "DELETE FROM windows WHERE ends_at < $1",
            "DELETE FROM wrong_codes WHERE at < $1",
            "DELETE FROM sessions WHERE expires_at < $1",
            "DELETE FROM outbox WHERE created_at < $1",
            "DELETE FROM rates WHERE at < $1",
            "DELETE FROM webhooks WHERE created_at < $1 AND state <> 'waiting'",
        ] {
            deleted += self.run(sql, values![moment]).await?;
        }
        Ok(deleted)
    }

    /// Empties every table.
    pub async fn delete_everything(&mut self) -> Result<(), sqlx::Error> {
        for sql in [
            "DELETE FROM users",
            "DELETE FROM challenges",
            "DELETE FROM demo_sessions",
            "DELETE FROM outbox",
            "DELETE FROM webhooks",
            "DELETE FROM rates",
        ] {
            self.run(sql, values![]).await?;
        }
        Ok(())
    }
}

/// A row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(crate) fn text(&self, column: &str) -> Result<String, sqlx::Error> {
        match self {
            Row::Sqlite(row) => row.try_get(column),
            Row::Postgres(row) => row.try_get(column),
        }
    }

    pub(crate) fn maybe_text(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
        match self {
            Row::Sqlite(row) => row.try_get(column),
            Row::Postgres(row) => row.try_get(column),
        }
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, sqlx::Error> {
        match self {
            Row::Sqlite(row) => row.try_get(column),
            Row::Postgres(row) => row.try_get(column),
        }
    }

    pub(crate) fn maybe_int(&self, column: &str) -> Result<Option<i64>, sqlx::Error> {
        match self {
            Row::Sqlite(row) => row.try_get(column),
            Row::Postgres(row) => row.try_get(column),
        }
    }

    pub(crate) fn json(&self, column: &str) -> Result<serde_json::Value, sqlx::Error> {
        serde_json::from_str(&self.text(column)?).map_err(|error| sqlx::Error::Decode(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_in_memory_outlives_the_loss_of_the_connection_that_writes() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let Store::Sqlite { writer, .. } = &store else { panic!("another database was opened") };
        writer.acquire().await.unwrap().close().await.unwrap();
        let mut tx = store.write().await.unwrap();
        assert!(tx.user("nobody").await.unwrap().is_none());
    }
}
