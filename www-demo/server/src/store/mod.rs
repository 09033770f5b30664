//! The data: SQLite (by rusqlite) or PostgreSQL (by sqlx), with the same SQL for both.
//!
//! Everything happens in a [`Tx`], which a single look takes for its connection alone. Statements use `$1` and the common
//! types only (TEXT and BIGINT), so that there is one text of each. Where two requests could change the same user's
//! authenticators, [`Tx::lock_user`] makes them take turns.

mod actions;
mod authenticators;
mod challenges;
mod demo;
mod devices;
mod outbox;
mod rates;
mod recovery;
mod sessions;
mod snapshot;
pub mod sqlite;
mod users;
mod webhooks;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use sqlx::{PgConnection, Postgres, Row as _, SqlSafeStr, Transaction};

use crate::domain::Millis;

pub use actions::{Action, ActionState};
pub use authenticators::{Authenticator, IMPORTED};
pub use challenges::{Challenge, FoundBy, Kind, Progress};
pub use demo::DemoSession;
pub use devices::Device;
pub use outbox::{Message, MessageKind};
pub use recovery::RecoveryCodes;
pub use sessions::Session;
pub use snapshot::Snapshot;
use sqlite::{Connection, Place, Reader, Readers, SqliteRow, unless_busy};
pub use users::User;
pub use webhooks::{Delivery, Webhook};
pub use writer::{Turn, Writer};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The channel of PostgreSQL that tells instances which challenges have come further.
pub(crate) const CHANGES: &str = "authsignal_local_changes";

/// How long to wait for a connection, or for another process that is writing to the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many rows that have ended are deleted at a time; more, if they ended at the same millisecond.
const BATCH: u64 = 1000;

/// Deletes the next batch of a table's rows that ended before $1.
macro_rules! ended {
    ($table:literal, $end:literal, $condition:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $condition,
            " AND ",
            $end,
            " < $1 AND ",
            $end,
            " <= COALESCE((SELECT ",
            $end,
            " FROM ",
            $table,
            " WHERE ",
            $condition,
            " AND ",
            $end,
            " < $1 ORDER BY ",
            $end,
            " LIMIT 1 OFFSET 999), $1)"
        )
    };
}

const ENDED: [&str; 7] = [
    ended!("challenges", "expires_at", "TRUE"),
    ended!("windows", "ends_at", "TRUE"),
    ended!("wrong_codes", "at", "TRUE"),
    ended!("sessions", "expires_at", "TRUE"),
    ended!("outbox", "created_at", "TRUE"),
    ended!("rates", "at", "TRUE"),
    ended!("webhooks", "created_at", "state <> 'waiting'"),
];

macro_rules! bound {
    ($sql:expr, $values:expr) => {
        $values.into_iter().fold(sqlx::query($sql), |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Int(number) => query.bind(number),
        })
    };
}

/// The open database.
#[derive(Clone)]
pub enum Store {
    /// SQLite writes one at a time: one connection writes, the others read what is committed.
    Sqlite {
        /// Whoever writes.
        writer: Writer,
        /// Those that only read; of a database in memory whoever reads takes their turn with the writer.
        readers: Option<Readers>,
        /// What keeps a database in memory alive, which is gone with its last connection; a file needs none.
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
                .busy_timeout(BUSY_TIMEOUT);
            let in_memory = url.contains(":memory:");
            let file = Path::new(options.get_filename());
            if !in_memory && let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)?;
            }
            // Whoever starts at the same time waits: unlike PostgreSQL, SQLite makes nobody take turns at migrations.
            let _turn = if in_memory { None } else { Some(turn(file.with_extension("lock")).await?) };
            let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
            let anchor = pool.connect_with(options.clone()).await?;
            MIGRATIONS.run(&anchor).await?;
            let place = Place::of(&options, in_memory);
            let writer = Writer::new(place.clone())?;
            let (readers, anchor) = if in_memory {
                (None, Some(anchor))
            } else {
                anchor.close().await;
                (Some(Readers::of(place)), None)
            };
            Store::Sqlite { writer, readers, anchor }
        };
        Ok(store)
    }

    /// A transaction that changes something.
    pub async fn write(&self) -> Result<Tx, sqlx::Error> {
        Ok(match self {
            Store::Sqlite { writer, .. } => Tx::Sqlite(SqliteTx::Writing(writer.turn().await?)),
            Store::Postgres(pool) => Tx::Postgres(PostgresTx::Within(pool.begin().await?)),
        })
    }

    /// Runs one statement that changes something, as a transaction of its own; the rows that it answers.
    async fn alone(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match self {
            Store::Sqlite { writer, .. } => writer.alone(sql, &values).await?.into_iter().map(Row::Sqlite).collect(),
            Store::Postgres(pool) => {
                bound!(sql, values).fetch_all(pool).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// A transaction that only looks: all that it sees is of one moment.
    pub async fn read(&self) -> Result<Tx, sqlx::Error> {
        Ok(match self {
            Store::Sqlite { readers: Some(readers), .. } => Tx::Sqlite(SqliteTx::Reading(readers.begin().await?)),
            Store::Sqlite { writer, .. } => Tx::Sqlite(SqliteTx::Writing(writer.turn().await?)),
            Store::Postgres(pool) => Tx::Postgres(PostgresTx::Within(pool.begin().await?)),
        })
    }

    /// For a single look, which needs no transaction around it: each statement sees what is committed by then.
    pub async fn look(&self) -> Result<Tx, sqlx::Error> {
        Ok(match self {
            Store::Sqlite { readers: Some(readers), .. } => Tx::Sqlite(SqliteTx::Reading(readers.acquire().await?)),
            Store::Sqlite { writer, .. } => Tx::Sqlite(SqliteTx::Writing(writer.turn().await?)),
            Store::Postgres(pool) => Tx::Postgres(PostgresTx::Alone(pool.acquire().await?)),
        })
    }

    /// Whether there is no data at all.
    pub async fn is_empty(&self) -> Result<bool, sqlx::Error> {
        Ok(self.read().await?.snapshot().await?.is_empty())
    }

    /// Whether the database stores what it is given: it takes something to its disk, and nothing of it stays.
    pub async fn probe(&self) -> Result<(), sqlx::Error> {
        let mut tx = self.write().await?;
        tx.run("INSERT INTO rates (subject, what, at) VALUES ('', 'probe', 0)", values![]).await?;
        tx.run("DELETE FROM rates WHERE subject = '' AND what = 'probe'", values![]).await?;
        tx.commit().await
    }

    /// Deletes what ended before `moment` and decides nothing any more: a batch in each turn, so that others write between.
    pub async fn delete_ended_before(&self, moment: Millis) -> Result<u64, sqlx::Error> {
        let mut deleted = 0;
        for sql in ENDED {
            loop {
                let mut tx = self.write().await?;
                let batch = tx.run(sql, values![moment]).await?;
                tx.commit().await?;
                deleted += batch;
                if batch < BATCH {
                    break;
                }
            }
        }
        Ok(deleted)
    }

    /// How many connections there are, and how many of them nobody uses.
    pub fn connections(&self) -> (i64, i64) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        match self {
            Store::Sqlite { writer, readers, .. } => {
                let (open, idle) = readers.as_ref().map(Readers::count).unwrap_or_default();
                (1 + number(open), i64::from(writer.is_idle()) + number(idle))
            }
            Store::Postgres(pool) => (i64::from(pool.size()), number(pool.num_idle())),
        }
    }

    /// Ends every connection, after what they are doing.
    pub async fn close(&self) {
        match self {
            Store::Sqlite { writer, readers, anchor } => {
                if let Some(readers) = readers {
                    readers.close().await;
                }
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
    Sqlite(SqliteTx),
    /// Of PostgreSQL.
    Postgres(PostgresTx),
}

/// A transaction of SQLite.
pub enum SqliteTx {
    /// On a connection that only reads.
    Reading(Reader),
    /// On the one that writes.
    Writing(Turn),
}

impl SqliteTx {
    async fn done<T>(
        &mut self,
        mut what: impl FnMut(&mut Connection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        match self {
            SqliteTx::Reading(reader) => {
                let connection = reader.connection()?;
                unless_busy(|| what(connection)).await
            }
            SqliteTx::Writing(turn) => {
                let result = what(turn.connection()?);
                turn.ended(result)
            }
        }
    }
}

/// A transaction of PostgreSQL.
pub enum PostgresTx {
    /// A connection without a transaction.
    Alone(PoolConnection<Postgres>),
    /// A transaction.
    Within(Transaction<'static, Postgres>),
}

impl PostgresTx {
    /// Its connection.
    pub fn connection(&mut self) -> &mut PgConnection {
        match self {
            PostgresTx::Alone(connection) => connection,
            PostgresTx::Within(tx) => tx,
        }
    }
}

/// Why a database did not do what it was to do, as far as a caller may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no room: nothing was changed.
    Full,
    /// It does not answer, or not in time.
    Unreachable,
    /// Others changed the same at that moment, and went first: nothing was changed.
    Contended,
    /// Anything else.
    Other,
}

impl Trouble {
    /// What an error tells of.
    pub fn of(error: &sqlx::Error) -> Self {
        match error {
            // SQLITE_FULL and disk_full.
            sqlx::Error::Database(error) if error.code().is_some_and(|code| code == "13" || code == "53100") => {
                Trouble::Full
            }
            // admin_shutdown, crash_shutdown and cannot_connect_now.
            sqlx::Error::Database(error)
                if error.code().is_some_and(|code| ["57P01", "57P02", "57P03"].contains(&&*code)) =>
            {
                Trouble::Unreachable
            }
            // serialization_failure and deadlock_detected.
            sqlx::Error::Database(error) if error.code().is_some_and(|code| code == "40001" || code == "40P01") => {
                Trouble::Contended
            }
            sqlx::Error::AnyDriverError(error) => {
                error.downcast_ref().map_or(Trouble::Other, |writer::OfAll(error)| Trouble::of(error))
            }
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Trouble::Unreachable,
            _ => Trouble::Other,
        }
    }
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

impl Tx {
    /// Runs a statement; the number of rows that it changed.
    pub(crate) async fn run(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Tx::Sqlite(tx) => tx.done(|connection| connection.run(sql, &values)).await?,
            Tx::Postgres(tx) => bound!(sql, values).execute(tx.connection()).await?.rows_affected(),
        })
    }

    /// Every row that a statement answers.
    pub async fn all(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match self {
            Tx::Sqlite(tx) => {
                let sql = sql.into_sql_str();
                let rows = tx.done(|connection| connection.all(sql.as_str(), &values)).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Tx::Postgres(tx) => {
                bound!(sql, values).fetch_all(tx.connection()).await?.into_iter().map(Row::Postgres).collect()
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
            sqlx::query("SELECT pg_notify($1, $2)").bind(CHANGES).bind(text).execute(tx.connection()).await?;
        }
        Ok(())
    }

    /// Makes it so.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Tx::Sqlite(SqliteTx::Reading(_)) | Tx::Postgres(PostgresTx::Alone(_)) => Ok(()),
            Tx::Sqlite(SqliteTx::Writing(turn)) => turn.commit().await,
            Tx::Postgres(PostgresTx::Within(tx)) => tx.commit().await,
        }
    }

    /// Empties every table.
    pub async fn delete_everything(&mut self) -> Result<(), sqlx::Error> {
        for sql in [
            "DELETE FROM users",
            // Those of nobody known do not go with a user.
            "DELETE FROM challenges",
            "DELETE FROM wrong_codes",
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
pub enum Row {
    /// Of SQLite.
    Sqlite(SqliteRow),
    /// Of PostgreSQL.
    Postgres(PgRow),
}

impl Row {
    /// A text.
    pub fn text(&self, column: &str) -> Result<String, sqlx::Error> {
        match self {
            Row::Sqlite(row) => row.text(column),
            Row::Postgres(row) => row.try_get(column),
        }
    }

    pub(crate) fn maybe_text(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
        match self {
            Row::Sqlite(row) => row.maybe_text(column),
            Row::Postgres(row) => row.try_get(column),
        }
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, sqlx::Error> {
        match self {
            Row::Sqlite(row) => row.int(column),
            Row::Postgres(row) => row.try_get(column),
        }
    }

    pub(crate) fn maybe_int(&self, column: &str) -> Result<Option<i64>, sqlx::Error> {
        match self {
            Row::Sqlite(row) => row.maybe_int(column),
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
    use futures_util::future::join_all;
    use sqlx::AssertSqlSafe;

    async fn memory() -> Store {
        Store::open("sqlite::memory:").await.unwrap()
    }

    /// From here on there is no room for anything that is large; less than there is already means as much as there is.
    async fn fill(store: &Store) {
        limit(store, "PRAGMA max_page_count = 1").await;
    }

    async fn make_room(store: &Store) {
        limit(store, "PRAGMA max_page_count = 1000000").await;
    }

    async fn limit(store: &Store, pragma: &'static str) {
        let mut tx = store.write().await.unwrap();
        tx.all(pragma, values![]).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn add(tx: &mut Tx, user_id: &str) -> Result<(), sqlx::Error> {
        tx.lock_or_create_user(user_id, user_id, 1).await.map(drop)
    }

    async fn add_large(tx: &mut Tx, user_id: &str) -> Result<(), sqlx::Error> {
        add(tx, &format!("{user_id}{}", "-".repeat(100_000))).await
    }

    async fn users(store: &Store) -> usize {
        store.read().await.unwrap().query_users(None, None, None, None, 100).await.unwrap().len()
    }

    #[tokio::test]
    async fn a_database_in_memory_outlives_the_loss_of_the_connection_that_writes() {
        let store = memory().await;
        fill(&store).await;
        add_large(&mut store.write().await.unwrap(), "ada").await.unwrap_err();
        let mut tx = store.write().await.unwrap();
        assert!(tx.user("nobody").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_finds_no_room_is_undone_as_a_whole_and_goes_on_once_there_is_some() {
        let store = memory().await;
        fill(&store).await;
        let mut tx = store.write().await.unwrap();
        add(&mut tx, "ada").await.unwrap();
        let error = add_large(&mut tx, "bob").await.unwrap_err();
        assert_eq!(Trouble::of(&error), Trouble::Full);
        add(&mut tx, "eve").await.unwrap_err();
        tx.commit().await.unwrap_err();
        assert_eq!(users(&store).await, 0, "what came before is undone with it");
        make_room(&store).await;
        let mut tx = store.write().await.unwrap();
        add_large(&mut tx, "bob").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(users(&store).await, 1);
    }

    #[tokio::test]
    async fn whoever_comes_next_is_committed_together_and_undone_alone() {
        let store = memory().await;
        let mut first = store.write().await.unwrap();
        add(&mut first, "ada").await.unwrap();
        let turns = ["bob", "eve", "dan"].map(|user_id| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut tx = store.write().await.unwrap();
                add(&mut tx, user_id).await.unwrap();
                if user_id == "eve" { drop(tx) } else { tx.commit().await.unwrap() }
            })
        });
        tokio::task::yield_now().await;
        first.commit().await.unwrap();
        join_all(turns).await.into_iter().for_each(Result::unwrap);
        let there = store.read().await.unwrap().query_users(None, None, None, None, 100).await.unwrap();
        assert_eq!(there.iter().map(|user| user.user_id.as_str()).collect::<Vec<_>>(), ["ada", "bob", "dan"]);
    }

    #[tokio::test]
    async fn whoever_shares_a_commit_that_fails_is_told_so() {
        let store = memory().await;
        fill(&store).await;
        let mut first = store.write().await.unwrap();
        add(&mut first, "ada").await.unwrap();
        let second = tokio::spawn({
            let store = store.clone();
            async move { add_large(&mut store.write().await.unwrap(), "bob").await }
        });
        tokio::task::yield_now().await;
        first.commit().await.unwrap_err();
        second.await.unwrap().unwrap_err();
        assert_eq!(users(&store).await, 0);
    }

    #[tokio::test]
    async fn whoever_shares_what_cannot_be_committed_is_told_so_and_whoever_comes_later_is_not() {
        let store = memory().await;
        let mut first = store.write().await.unwrap();
        add(&mut first, "ada").await.unwrap();
        let second = tokio::spawn({
            let store = store.clone();
            async move {
                let mut tx = store.write().await.unwrap();
                // What refers to nobody is found by the commit, and by no statement before.
                tx.all("PRAGMA defer_foreign_keys = ON", values![]).await.unwrap();
                let challenge = Challenge { user_key: Some("nobody".to_owned()), ..challenge("c1") };
                tx.insert_challenge(&challenge).await.unwrap();
                tx.commit().await
            }
        });
        tokio::task::yield_now().await;
        first.commit().await.unwrap_err();
        second.await.unwrap().unwrap_err();
        assert!(store.is_empty().await.unwrap());
        let mut tx = store.write().await.unwrap();
        add(&mut tx, "bob").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(users(&store).await, 1);
    }

    fn challenge(challenge_id: &str) -> Challenge {
        Challenge::new(challenge_id.to_owned(), Kind::Anonymous, 1, 1)
    }

    #[tokio::test]
    async fn a_statement_alone_that_fails_undoes_nothing_beside_it() {
        let store = memory().await;
        let mut first = store.write().await.unwrap();
        add(&mut first, "ada").await.unwrap();
        let challenge = challenge("c1");
        let twice = [store.insert_challenge(&challenge), store.insert_challenge(&challenge)];
        let (first, twice) = futures_util::join!(first.commit(), join_all(twice));
        first.unwrap();
        assert_eq!(twice.iter().filter(|stored| stored.is_ok()).count(), 1);
        assert_eq!(users(&store).await, 1);

        store.insert_challenge(&challenge).await.unwrap_err();
        let mut tx = store.write().await.unwrap();
        assert!(tx.open_challenge(Kind::Anonymous, "c1", 1).await.unwrap().is_some());
        add(&mut tx, "bob").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(users(&store).await, 2, "nor is the writer left in a state of its own");
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_leaves_the_writer_to_others() {
        let store = memory().await;
        let held = store.write().await.unwrap();
        for _ in 0..3 {
            let waits = tokio::time::timeout(Duration::from_millis(1), store.write());
            assert!(waits.await.is_err());
        }
        drop(held);
        let mut tx = store.write().await.unwrap();
        add(&mut tx, "ada").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(users(&store).await, 1);
    }

    #[tokio::test]
    async fn a_probe_leaves_nothing_behind() {
        let store = memory().await;
        store.probe().await.unwrap();
        assert!(store.is_empty().await.unwrap());
    }

    #[tokio::test]
    async fn a_statement_takes_its_values_by_their_numbers_in_whichever_order_it_names_them() {
        let mut tx = memory().await.write().await.unwrap();
        let sql = "SELECT $3 AS c, $1 AS a, CAST($2 AS TEXT) AS b, $1 AS again";
        let rows = tx.all(sql, values![1, "two", 3]).await.unwrap();
        let [row] = &rows[..] else { panic!("one row") };
        let numbers = ["a", "c", "again"].map(|name| row.int(name).unwrap());
        assert_eq!((numbers, row.text("b").unwrap()), ([1, 3, 1], "two".to_owned()));
        tx.all(sql, values![1, "two"]).await.err().expect("a value is missing");
    }

    #[tokio::test]
    async fn what_ended_is_found_without_looking_at_every_row() {
        let mut tx = memory().await.write().await.unwrap();
        for sql in ENDED {
            let plan = tx.all(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")), values![1]).await.unwrap();
            for step in plan.iter().map(|row| row.text("detail").unwrap()) {
                assert!(!step.contains("SCAN") || step.contains("CONSTANT ROW"), "{sql}: {step}");
            }
        }
    }

    #[tokio::test]
    async fn whoever_writes_waits_for_a_batch_of_what_is_deleted_and_not_for_all_of_it() {
        let store = memory().await;
        let mut tx = store.write().await.unwrap();
        for at in 0..2500 {
            tx.run("INSERT INTO rates (subject, what, at) VALUES ('', '', $1)", values![at]).await.unwrap();
        }
        tx.commit().await.unwrap();
        let between = async {
            let mut tx = store.write().await.unwrap();
            tx.count("SELECT COUNT(*) AS n FROM rates", values![]).await.unwrap()
        };
        let (deleted, left) = tokio::join!(store.delete_ended_before(2400), between);
        assert_eq!(deleted.unwrap(), 2400);
        assert_eq!(left, 2500, "its turn comes before the last table's");
        let left = store.look().await.unwrap().count("SELECT COUNT(*) AS n FROM rates", values![]).await.unwrap();
        assert_eq!(left, 100);
    }

    /// A file that several open, gone with the value.
    struct Shared(PathBuf);

    impl Shared {
        fn new() -> Self {
            Self(std::env::temp_dir().join(format!("store-{}", uuid::Uuid::new_v4())))
        }

        async fn open(&self) -> Store {
            Store::open(&format!("sqlite:{}", self.0.join("data.sqlite").display())).await.unwrap()
        }
    }

    impl Drop for Shared {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[tokio::test]
    async fn who_writes_to_a_file_waits_for_another_process_that_does_and_blocks_nobody() {
        let shared = Shared::new();
        let (one, other) = (shared.open().await, shared.open().await);
        let mut first = one.write().await.unwrap();
        add(&mut first, "ada").await.unwrap();
        let second = async {
            let mut tx = other.write().await.unwrap();
            add(&mut tx, "bob").await.unwrap();
            tx.commit().await.unwrap();
        };
        // Both are polled by one thread: the second sleeps meanwhile.
        let commit = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert_eq!(users(&other).await, 0, "readers do not wait, and see nothing that may yet be undone");
            first.commit().await.unwrap();
        };
        tokio::join!(second, commit);
        assert_eq!((users(&one).await, users(&other).await), (2, 2));
        one.close().await;
        other.close().await;
    }

    #[tokio::test]
    async fn who_writes_waits_on_the_connection_that_it_has() {
        let shared = Shared::new();
        let (one, other) = (shared.open().await, shared.open().await);
        // What is temporary is of this connection alone.
        limit(&other, "CREATE TEMPORARY TABLE its_own (n BIGINT)").await;
        let held = one.write().await.unwrap();
        let waits = tokio::time::timeout(Duration::from_millis(50), other.write());
        assert!(waits.await.is_err());
        drop(held);
        let mut tx = other.write().await.unwrap();
        tx.all("SELECT n FROM its_own", values![]).await.unwrap();
    }

    #[tokio::test]
    async fn who_reads_a_file_that_another_process_puts_in_order_waits_for_it_and_blocks_nobody() {
        let shared = Shared::new();
        shared.open().await.close().await;
        let file = shared.0.join("data.sqlite");
        let other = rusqlite::Connection::open(&file).unwrap();
        other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT").unwrap();
        let options = SqliteConnectOptions::from_str(&format!("sqlite:{}", file.display())).unwrap();
        let readers = Readers::of(Place::of(&options, false));
        let read = async {
            let mut tx = Tx::Sqlite(SqliteTx::Reading(readers.begin().await.unwrap()));
            assert!(tx.user("nobody").await.unwrap().is_none());
        };
        // Both are polled by one thread: the reader sleeps meanwhile.
        let end = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(other);
        };
        tokio::join!(read, end);
    }

    #[tokio::test]
    async fn nobody_writes_or_reads_any_more_once_it_is_closed() {
        let shared = Shared::new();
        for store in [memory().await, shared.open().await] {
            store.close().await;
            for tx in [store.write().await, store.read().await, store.look().await] {
                assert!(matches!(tx.err(), Some(sqlx::Error::PoolClosed)));
            }
            let alone = store.insert_challenge(&challenge("c1")).await;
            assert!(matches!(alone, Err(sqlx::Error::PoolClosed)));
        }
    }

    #[tokio::test]
    async fn the_connections_of_a_file_are_counted_with_those_that_read() {
        let shared = Shared::new();
        let store = shared.open().await;
        assert_eq!(store.connections(), (1, 1));
        let (reading, other) = (store.read().await.unwrap(), store.look().await.unwrap());
        assert_eq!(store.connections(), (3, 1));
        drop(other);
        assert_eq!(store.connections(), (3, 2));
        let writing = store.write().await.unwrap();
        assert_eq!(store.connections(), (3, 1));
        drop((reading, writing));
        assert_eq!(store.connections(), (3, 3));
    }

    #[tokio::test]
    async fn all_that_a_reading_transaction_sees_of_a_file_is_of_one_moment() {
        const COUNT: &str = "SELECT COUNT(*) AS n FROM users";
        let shared = Shared::new();
        let store = shared.open().await;
        let (mut reading, mut looking) = (store.read().await.unwrap(), store.look().await.unwrap());
        assert_eq!(reading.count(COUNT, values![]).await.unwrap(), 0);
        let mut tx = store.write().await.unwrap();
        add(&mut tx, "ada").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(reading.count(COUNT, values![]).await.unwrap(), 0);
        assert_eq!(looking.count(COUNT, values![]).await.unwrap(), 1);
        reading.run("DELETE FROM users", values![]).await.expect_err("it only reads");
        reading.commit().await.unwrap();
        assert_eq!(users(&store).await, 1, "and the connection is as good as before");
        drop(looking);
        store.close().await;
        store.read().await.err().expect("it is closed");
    }
}
