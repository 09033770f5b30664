//! Writing to SQLite: one connection, on which requests take turns, and which commits for several of them at once.
//!
//! A commit is durable only once the disk says so, which takes a thousand times longer than what is committed. So a request
//! that is done with its changes leaves them in the open transaction and waits; whoever was waiting for their turn by then
//! goes next in the same transaction; and then it is committed for all of them, or fails for all of them. Each turn is a
//! savepoint: one that is not committed leaves nothing behind.

use std::fmt;
use std::sync::Arc;

use sqlx::error::ErrorKind;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::sqlite::{Connection, Place, SqliteRow, is_busy, unless_busy};
use super::{BUSY_TIMEOUT, Value};

/// The connection that writes.
#[derive(Clone)]
pub struct Writer(Arc<Mutex<Inner>>);

struct Inner {
    place: Place,
    /// None after a failure that may have undone more than one statement: SQLite does that when the disk is full, and a
    /// fresh connection is the way back to a known state.
    connection: Option<Connection>,
    /// Whether a transaction is open.
    is_open: bool,
    /// Whether nobody is to write any more: a fresh connection would outlive the end.
    is_closed: bool,
    /// Those who wait for its commit.
    waiting: Vec<oneshot::Sender<Result<(), sqlx::Error>>>,
}

impl Writer {
    /// Writes by a connection to this database, and by others if it is lost.
    pub fn new(place: Place) -> Result<Self, sqlx::Error> {
        let connection = Some(place.writer()?);
        Ok(Self(Arc::new(Mutex::new(Inner {
            place,
            connection,
            is_open: false,
            is_closed: false,
            waiting: Vec::new(),
        }))))
    }

    /// Waits for a turn to write.
    pub async fn turn(&self) -> Result<Turn, sqlx::Error> {
        let mut inner = self.begun().await?;
        inner.next_turn()?;
        Ok(Turn { inner: Some(inner), is_broken: false })
    }

    /// Runs a statement for which nothing else has to hold, and makes it durable together with whoever comes next. It needs
    /// no savepoint: one that fails leaves nothing behind.
    pub async fn alone(&self, sql: &str, values: &[Value]) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let mut inner = self.begun().await?;
        let rows = inner.run_alone(sql, values)?;
        Inner::leave(inner).await.unwrap_or_else(|_| Err(lost()))?;
        Ok(rows)
    }

    /// Waits until nobody else writes. A caller that goes away in the meantime leaves nothing half done, nor does one that
    /// goes away later: statements are not waited for.
    async fn begun(&self) -> Result<OwnedMutexGuard<Inner>, sqlx::Error> {
        let begun = async {
            let mut inner = self.0.clone().lock_owned().await;
            if inner.is_closed {
                return Err(sqlx::Error::PoolClosed);
            }
            unless_busy(|| inner.begin()).await?;
            Ok(inner)
        };
        timeout(BUSY_TIMEOUT, begun).await.map_err(|_| sqlx::Error::PoolTimedOut)?
    }

    /// Whether nobody is writing.
    pub fn is_idle(&self) -> bool {
        self.0.try_lock().is_ok()
    }

    /// Commits what is waiting, and ends the connection for good.
    pub async fn close(&self) {
        let mut inner = self.0.lock().await;
        inner.commit();
        inner.is_closed = true;
        inner.connection = None;
    }
}

impl Inner {
    /// Opens the transaction of all, and a turn in it, unless it is open.
    fn begin(&mut self) -> Result<(), sqlx::Error> {
        if !self.is_open {
            let begun = self.execute("BEGIN IMMEDIATE");
            // If another process writes, nothing was begun.
            begun.inspect_err(|error| {
                if !is_busy(error) {
                    self.give_up()
                }
            })?;
            self.execute("SAVEPOINT turn").inspect_err(|_| self.give_up())?;
            self.is_open = true;
        }
        Ok(())
    }

    /// Ends the turn of whoever left something before, for good.
    fn next_turn(&mut self) -> Result<(), sqlx::Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let next = self.execute("RELEASE turn").and_then(|()| self.execute("SAVEPOINT turn"));
        next.inspect_err(|_| self.give_up())
    }

    fn run_alone(&mut self, sql: &str, values: &[Value]) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let ran = self.connection.as_mut().ok_or_else(lost)?.all(sql, values);
        if let Err(error) = &ran {
            if !is_harmless(error) {
                self.give_up();
            } else if self.waiting.is_empty() {
                self.undo();
            }
        }
        ran
    }

    /// Leaves what was done in the open transaction, to be committed for all of them; what comes of that is told.
    fn leave(mut inner: OwnedMutexGuard<Self>) -> oneshot::Receiver<Result<(), sqlx::Error>> {
        let (tell, told) = oneshot::channel();
        inner.waiting.push(tell);
        if inner.waiting.len() == 1 {
            let all = OwnedMutexGuard::mutex(&inner).clone();
            // It gets the lock after those who wait for it by now. A task of its own, for the others depend on it.
            tokio::spawn(async move {
                let mut inner = all.lock_owned().await;
                if inner.place.in_memory {
                    inner.commit();
                } else {
                    // The disk is waited for where nothing else waits.
                    let _ = spawn_blocking(move || inner.commit()).await;
                }
            });
        }
        told
    }

    fn execute(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(self.place.writer()?),
        };
        connection.run(sql, &[]).map(drop)
    }

    fn commit(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        match self.execute("COMMIT") {
            Ok(()) => {
                self.is_open = false;
                for waiting in self.waiting.drain(..) {
                    // An error means that the caller has gone away.
                    let _ = waiting.send(Ok(()));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for waiting in self.waiting.drain(..) {
                    let _ = waiting.send(Err(sqlx::Error::AnyDriverError(Box::new(OfAll(error.clone())))));
                }
                self.give_up();
            }
        }
    }

    /// Undoes a turn that is not to be committed.
    fn undo(&mut self) {
        let undone = if self.waiting.is_empty() {
            self.execute("ROLLBACK").map(|()| self.is_open = false)
        } else {
            self.execute("ROLLBACK TO turn")
        };
        if undone.is_err() {
            self.give_up();
        }
    }

    /// Ends the connection, and with it whatever was open: nobody has been told that it was done.
    fn give_up(&mut self) {
        self.connection = None;
        self.is_open = false;
        // Their senders are dropped, which says so.
        self.waiting.clear();
    }
}

/// The turn of a request; undone unless it is committed.
pub struct Turn {
    /// Taken when it ends.
    inner: Option<OwnedMutexGuard<Inner>>,
    /// Whether a statement has failed in a way that may have undone the transaction around it.
    is_broken: bool,
}

impl Turn {
    /// The connection, as long as the turn lasts.
    pub fn connection(&mut self) -> Result<&mut Connection, sqlx::Error> {
        let connection = self.inner.as_mut().and_then(|inner| inner.connection.as_mut());
        connection.filter(|_| !self.is_broken).ok_or_else(lost)
    }

    /// Looks at how a statement has ended.
    pub fn ended<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        self.is_broken |= result.as_ref().is_err_and(|error| !is_harmless(error));
        result
    }

    /// Makes it durable, together with whoever comes next.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        let Some(mut inner) = self.inner.take() else { return Err(lost()) };
        if self.is_broken {
            inner.give_up();
            return Err(lost());
        }
        Inner::leave(inner).await.unwrap_or_else(|_| Err(lost()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut inner) = self.inner.take() else { return };
        if self.is_broken { inner.give_up() } else { inner.undo() }
    }
}

/// Whether an error has undone its statement, as that of a violated constraint, and nothing else.
fn is_harmless(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.kind() != ErrorKind::Other)
}

fn lost() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::other("the transaction was undone, for a statement of it or beside it has failed"))
}

/// Why a commit failed, for each whose changes were in it.
#[derive(Debug)]
pub struct OfAll(pub Arc<sqlx::Error>);

impl fmt::Display for OfAll {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for OfAll {}
