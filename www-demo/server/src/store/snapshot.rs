//! All of the data at one moment, for a tester to come back to.

use sqlx::{AssertSqlSafe, Column, Row as _, TypeInfo as _};
use tokio::task::yield_now;

use super::{Row, Tx, Value, values};

/// Every table, those first that others refer to.
const TABLES: [&str; 12] = [
    "users",
    "actions",
    "authenticators",
    "windows",
    "challenges",
    "wrong_codes",
    "devices",
    "sessions",
    "demo_sessions",
    "outbox",
    "webhooks",
    "rates",
];

/// Rows as they were stored.
#[derive(Clone, Default)]
pub struct Snapshot {
    rows: Vec<(&'static str, Vec<(String, Value)>)>,
}

impl Snapshot {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there was no data.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Row {
    fn columns(&self) -> Vec<String> {
        match self {
            Row::Sqlite(row) => row.columns().iter().map(|name| name.to_string()).collect(),
            Row::Postgres(row) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
        }
    }

    /// What stands in a column of either type.
    fn value(&self, column: &str) -> Result<Value, sqlx::Error> {
        // Of nothing, too, PostgreSQL wants to know which type it is.
        let is_text = matches!(self, Row::Postgres(row) if row.try_column(column)?.type_info().name() == "TEXT");
        match self.maybe_int(column) {
            Ok(number) if !is_text => Ok(Value::Int(number)),
            _ => Ok(Value::Text(self.maybe_text(column)?)),
        }
    }
}

impl Tx {
    /// Everything, as it stands.
    pub async fn snapshot(&mut self) -> Result<Snapshot, sqlx::Error> {
        let mut rows = Vec::new();
        for table in TABLES {
            for row in self.all_of(format!("SELECT * FROM {table}"), values![]).await? {
                let columns = row.columns().into_iter();
                let cells = columns.map(|name| row.value(&name).map(|value| (name, value)));
                rows.push((table, cells.collect::<Result<_, _>>()?));
            }
        }
        Ok(Snapshot { rows })
    }

    /// This, and nothing else.
    pub async fn restore(&mut self, snapshot: Snapshot) -> Result<(), sqlx::Error> {
        self.delete_everything().await?;
        for (at, (table, cells)) in snapshot.rows.into_iter().enumerate() {
            // SQLite's statements run in this thread, which others wait for.
            if at % 100 == 0 {
                yield_now().await;
            }
            let (names, values): (Vec<_>, Vec<_>) = cells.into_iter().unzip();
            let places: Vec<_> = (1..=values.len()).map(|at| format!("${at}")).collect();
            let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
            self.all_of(sql, values).await?;
        }
        Ok(())
    }

    /// The names here are the tables' and columns' own: nothing that anybody has sent.
    async fn all_of(&mut self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        self.all(AssertSqlSafe(sql), values).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn a_snapshot_knows_every_table_of_the_migrations() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let mut tx = store.read().await.unwrap();
        let rows = tx
            .all(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' \
                 AND name NOT LIKE 'sqlite%'",
                values![],
            )
            .await
            .unwrap();
        let mut there: Vec<String> = rows.iter().map(|row| row.text("name").unwrap()).collect();
        let mut known = TABLES.map(str::to_owned).to_vec();
        there.sort();
        known.sort();
        assert_eq!(there, known);
    }
}
