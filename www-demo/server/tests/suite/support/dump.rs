//! All that a database holds, to see that nothing has changed.

use authsignal_local::store::{Store, Tx};
use sqlx::AssertSqlSafe;

/// Reads every row of every table, whatever tables there are.
pub struct Dump {
    sql: String,
}

impl Dump {
    /// Looks up the tables.
    pub async fn of(store: &Store) -> Self {
        let mut tx = store.read().await.unwrap();
        let names = match &tx {
            Tx::Sqlite(_) => {
                "SELECT m.name AS name, group_concat('\"' || c.name || '\"') AS columns \
                 FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' GROUP BY m.name"
            }
            Tx::Postgres(_) => {
                "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema()"
            }
        };
        let mut tables = Vec::new();
        for row in tx.all(names, Vec::new()).await.unwrap() {
            let name = row.text("name").unwrap();
            // The bookkeeping of the migrations holds bytes, and no request changes it.
            if !name.starts_with("_sqlx") {
                tables.push(match row.text("columns") {
                    Ok(columns) => format!("SELECT '{name}' || json_array({columns}) AS line FROM {name}"),
                    Err(_) => format!("SELECT '{name}' || row_to_json(t)::text AS line FROM {name} t"),
                });
            }
        }
        assert!(tables.len() > 5, "{tables:?}");
        Self { sql: format!("{} ORDER BY line", tables.join(" UNION ALL ")) }
    }

    /// One line for each row.
    pub async fn lines(&self, store: &Store) -> Vec<String> {
        let sql = AssertSqlSafe(self.sql.clone());
        let rows = store.read().await.unwrap().all(sql, Vec::new()).await.unwrap();
        rows.iter().map(|row| row.text("line").unwrap()).collect()
    }
}
