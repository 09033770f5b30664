//! Connections to SQLite. A statement runs in the thread of whoever asks: it takes a few microseconds, and to hand it to
//! another thread and wait for it takes longer. What does take long, the disk, is waited for elsewhere (`writer.rs`).

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{Null, ToSql, ToSqlOutput, Value as Cell};
use rusqlite::{CachedStatement, OpenFlags, ffi};
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::{BUSY_TIMEOUT, Value};

/// How many statements a connection keeps prepared: more than there are.
const STATEMENTS: usize = 256;

/// How many look at the same time.
const READERS: usize = 4;

/// How long until another process that keeps the file to itself is asked again.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// Where a database is.
#[derive(Clone)]
pub struct Place {
    /// A path, or the name of a database in memory.
    name: PathBuf,
    /// Whether it is in memory, and gone with its last connection.
    pub in_memory: bool,
}

impl Place {
    /// What these options are for.
    pub fn of(options: &SqliteConnectOptions, in_memory: bool) -> Self {
        Self { name: options.get_filename().to_path_buf(), in_memory }
    }

    /// Another connection, that writes.
    pub fn writer(&self) -> Result<Connection, sqlx::Error> {
        Connection::open(self, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    fn reader(&self) -> Result<Connection, sqlx::Error> {
        Connection::open(self, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }
}

/// A connection.
pub struct Connection(rusqlite::Connection);

impl Connection {
    fn open(place: &Place, access: OpenFlags) -> Result<Self, sqlx::Error> {
        let memory = OpenFlags::SQLITE_OPEN_MEMORY | OpenFlags::SQLITE_OPEN_SHARED_CACHE;
        let kind = if place.in_memory { memory } else { OpenFlags::empty() };
        let flags = access | kind | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(&place.name, flags).map_err(failure)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // SQLite would wait for another process in a thread that others need: see `unless_busy`. What was answered as done
        // is on the disk. Anything less would bring back, after a loss of power, codes that were used.
        let settings = "PRAGMA busy_timeout = 0; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL";
        connection.execute_batch(settings).map_err(failure)?;
        Ok(Self(connection))
    }

    /// Runs a statement; the number of rows that it changed.
    pub fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, sqlx::Error> {
        let mut statement = self.prepared(sql, values).map_err(failure)?;
        let mut rows = statement.raw_query();
        while rows.next().map_err(failure)?.is_some() {}
        drop(rows);
        drop(statement);
        Ok(self.0.changes())
    }

    /// Every row that a statement answers.
    pub fn all(&mut self, sql: &str, values: &[Value]) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let mut statement = self.prepared(sql, values).map_err(failure)?;
        let columns: Arc<[Box<str>]> = statement.column_names().into_iter().map(Box::from).collect();
        let mut rows = statement.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(failure)? {
            let cells = (0..columns.len()).map(|at| row.get(at)).collect::<Result<_, _>>().map_err(failure)?;
            all.push(SqliteRow { columns: columns.clone(), cells });
        }
        Ok(all)
    }

    fn prepared(&self, sql: &str, values: &[Value]) -> rusqlite::Result<CachedStatement<'_>> {
        let mut statement = self.0.prepare_cached(sql)?;
        for at in 1..=statement.parameter_count() {
            // SQLite counts `$2` by where it first stands, and not by its name.
            let name = statement.parameter_name(at).and_then(|name| name.strip_prefix('$'));
            let number = name.and_then(|name| name.parse::<usize>().ok());
            let value = number.and_then(|number| values.get(number.checked_sub(1)?));
            statement.raw_bind_parameter(at, value.ok_or(rusqlite::Error::InvalidParameterCount(at, values.len()))?)?;
        }
        Ok(statement)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Value::Text(Some(text)) => text.to_sql(),
            Value::Int(Some(number)) => number.to_sql(),
            Value::Text(None) | Value::Int(None) => Null.to_sql(),
        }
    }
}

/// A row of an answer.
pub struct SqliteRow {
    columns: Arc<[Box<str>]>,
    cells: Vec<Cell>,
}

impl SqliteRow {
    /// The names of its columns.
    pub fn columns(&self) -> &[Box<str>] {
        &self.columns
    }

    fn cell(&self, column: &str) -> Result<&Cell, sqlx::Error> {
        let at = self.columns.iter().position(|name| &**name == column);
        at.and_then(|at| self.cells.get(at)).ok_or_else(|| sqlx::Error::ColumnNotFound(column.to_owned()))
    }

    /// A text, or nothing for NULL.
    pub fn maybe_text(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text.clone())),
            _ => Err(mismatch(column, "is no text")),
        }
    }

    /// A number, or nothing for NULL.
    pub fn maybe_int(&self, column: &str) -> Result<Option<i64>, sqlx::Error> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Integer(number) => Ok(Some(*number)),
            _ => Err(mismatch(column, "is no number")),
        }
    }

    /// A text.
    pub fn text(&self, column: &str) -> Result<String, sqlx::Error> {
        self.maybe_text(column)?.ok_or_else(|| mismatch(column, "is NULL"))
    }

    /// A number.
    pub fn int(&self, column: &str) -> Result<i64, sqlx::Error> {
        self.maybe_int(column)?.ok_or_else(|| mismatch(column, "is NULL"))
    }
}

fn mismatch(column: &str, why: &str) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: format!("{column:?}"), source: why.into() }
}

/// What SQLite says of a statement that failed, in the terms of sqlx, as PostgreSQL's errors are.
#[derive(Debug)]
struct Failure {
    /// An extended result code of SQLite's.
    code: i32,
    message: String,
}

fn failure(error: rusqlite::Error) -> sqlx::Error {
    match error {
        rusqlite::Error::SqliteFailure(ffi::Error { extended_code: code, .. }, message) => {
            let message = message.unwrap_or_else(|| ffi::code_to_str(code).to_owned());
            sqlx::Error::Database(Box::new(Failure { code, message }))
        }
        other => sqlx::Error::Protocol(other.to_string()),
    }
}

/// Asks until no other process keeps the file to itself, and blocks no thread meanwhile: whoever writes waits for others
/// who do, and whoever reads for one that puts a file in order after a crash.
pub async fn unless_busy<T>(mut ask: impl FnMut() -> Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
    let asked = async {
        loop {
            match ask() {
                Err(error) if is_busy(&error) => sleep(BUSY_PAUSE).await,
                answer => return answer,
            }
        }
    };
    timeout(BUSY_TIMEOUT, asked).await.map_err(|_| sqlx::Error::PoolTimedOut)?
}

/// Whether it failed because another process keeps the file to itself.
pub fn is_busy(error: &sqlx::Error) -> bool {
    let failure = error.as_database_error().and_then(|error| error.try_downcast_ref::<Failure>());
    // The primary result code is in the lowest byte.
    failure.is_some_and(|failure| failure.code & 0xff == ffi::SQLITE_BUSY)
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "(code: {}) {}", self.code, self.message)
    }
}

impl Error for Failure {}

impl DatabaseError for Failure {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn kind(&self) -> ErrorKind {
        match self.code {
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => ErrorKind::UniqueViolation,
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::ForeignKeyViolation,
            ffi::SQLITE_CONSTRAINT_NOTNULL => ErrorKind::NotNullViolation,
            ffi::SQLITE_CONSTRAINT_CHECK => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }

    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }
}

/// The connections that only read.
#[derive(Clone)]
pub struct Readers(Arc<Pool>);

struct Pool {
    place: Place,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Of this database; each is opened when it is first needed.
    pub fn of(place: Place) -> Self {
        let permits = Arc::new(Semaphore::new(READERS));
        Self(Arc::new(Pool { place, permits, idle: Mutex::default() }))
    }

    /// Waits for one of them.
    pub async fn acquire(&self) -> Result<Reader, sqlx::Error> {
        let permit = timeout(BUSY_TIMEOUT, self.0.permits.clone().acquire_owned());
        let permit = permit.await.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => unless_busy(|| self.0.place.reader()).await?,
        };
        Ok(Reader { connection: Some(connection), is_in_transaction: false, pool: self.0.clone(), _permit: permit })
    }

    /// The same, and all that it sees is of one moment.
    pub async fn begin(&self) -> Result<Reader, sqlx::Error> {
        let mut reader = self.acquire().await?;
        reader.connection()?.run("BEGIN", &[])?;
        reader.is_in_transaction = true;
        Ok(reader)
    }

    /// How many are open, and how many of them nobody uses.
    pub fn count(&self) -> (usize, usize) {
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        (READERS.saturating_sub(self.0.permits.available_permits()) + idle, idle)
    }

    /// Ends them, after what they are doing.
    pub async fn close(&self) {
        // In the queue it stands behind whoever waits for a connection by now.
        let all = self.0.permits.acquire_many(READERS as u32).await;
        self.0.permits.close();
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        drop(all);
    }
}

/// A connection that only reads, given back in the end.
pub struct Reader {
    /// Taken when it is given back.
    connection: Option<Connection>,
    is_in_transaction: bool,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    /// The connection.
    pub fn connection(&mut self) -> Result<&mut Connection, sqlx::Error> {
        self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        // One that does not end is not used again.
        if !self.is_in_transaction || connection.run("ROLLBACK", &[]).is_ok() {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}
