//! All that a database holds, to see that nothing has changed.

use authsignal_local::store::{Store, Tx};
use sqlx::{AssertSqlSafe, Row};

/// Reads every row of every table, whatever tables there are.
pub struct Dump {
    sql: String,
}

impl Dump {
    /// Looks up the tables.
    pub async fn of(store: &Store) -> Self {
        let mut tables = Vec::new();
        match &mut store.read().await.unwrap() {
            Tx::Sqlite(tx) => {
                let sql = "SELECT m.name AS name, group_concat('\"' || c.name || '\"') AS columns \
                           FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' GROUP BY m.name";
                for row in sqlx::query(sql).fetch_all(tx.connection().unwrap()).await.unwrap() {
                    let (name, columns): (String, String) = (row.get("name"), row.get("columns"));
                    // The bookkeeping of the migrations holds bytes, and no request changes it.
                    if !name.starts_with("_sqlx") {
                        tables.push(format!("SELECT '{name}' || json_array({columns}) AS line FROM {name}"));
                    }
                }
            }
            Tx::Postgres(tx) => {
                let sql = "SELECT table_name::text AS name FROM information_schema.tables \
                           WHERE table_schema = current_schema()";
                for row in sqlx::query(sql).fetch_all(tx.connection()).await.unwrap() {
                    let name: String = row.get("name");
                    if !name.starts_with("_sqlx") {
                        tables.push(format!("SELECT '{name}' || row_to_json(t)::text AS line FROM {name} t"));
                    }
                }
            }
        }
        assert!(tables.len() > 5, "{tables:?}");
        Self { sql: format!("{} ORDER BY line", tables.join(" UNION ALL ")) }
    }

    /// One line for each row.
    pub async fn lines(&self, store: &Store) -> Vec<String> {
        let sql = AssertSqlSafe(self.sql.clone());
        match &mut store.read().await.unwrap() {
            Tx::Sqlite(tx) => {
                let rows = sqlx::query(sql).fetch_all(tx.connection().unwrap()).await.unwrap();
                rows.iter().map(|row| row.get("line")).collect()
            }
            Tx::Postgres(tx) => {
                sqlx::query(sql).fetch_all(tx.connection()).await.unwrap().iter().map(|row| row.get("line")).collect()
            }
        }
    }
}
