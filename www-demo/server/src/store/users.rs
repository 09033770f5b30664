//! Users.

use serde_json::Value as Json;

use super::{Row, Tx, values};
use crate::domain::Millis;

/// A user of the customer.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// Ours; see the schema.
    pub user_key: String,
    /// The customer's.
    pub user_id: String,
    /// A name to sign in with.
    pub username: Option<String>,
    /// A name to greet with.
    pub display_name: Option<String>,
    /// Where the backend says their mail goes.
    pub email: Option<String>,
    /// Whether that is proven.
    pub email_verified: bool,
    /// Where the backend says their messages go.
    pub phone_number: Option<String>,
    /// Whether that is proven.
    pub phone_number_verified: bool,
    /// Their language.
    pub locale: Option<String>,
    /// Whatever else the backend wants to keep.
    pub custom: Option<Json>,
}

impl User {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            user_key: row.text("user_key")?,
            user_id: row.text("user_id")?,
            username: row.maybe_text("username")?,
            display_name: row.maybe_text("display_name")?,
            email: row.maybe_text("email")?,
            email_verified: row.int("email_verified")? != 0,
            phone_number: row.maybe_text("phone_number")?,
            phone_number_verified: row.int("phone_number_verified")? != 0,
            locale: row.maybe_text("locale")?,
            custom: row.maybe_text("custom")?.and_then(|text| serde_json::from_str(&text).ok()),
        })
    }
}

impl Tx {
    /// The user with this id of the customer's.
    pub async fn user(&mut self, user_id: &str) -> Result<Option<User>, sqlx::Error> {
        let row = self.one("SELECT * FROM users WHERE user_id = $1", values![user_id]).await?;
        row.as_ref().map(User::from_row).transpose()
    }

    /// The user with this key.
    pub async fn user_by_key(&mut self, user_key: &str) -> Result<Option<User>, sqlx::Error> {
        let row = self.one("SELECT * FROM users WHERE user_key = $1", values![user_key]).await?;
        row.as_ref().map(User::from_row).transpose()
    }

    /// The user who signs in with this name, if it is only one.
    pub async fn user_by_username(&mut self, username: &str) -> Result<Option<User>, sqlx::Error> {
        let rows = self.all("SELECT * FROM users WHERE username = $1 LIMIT 2", values![username]).await?;
        match rows.as_slice() {
            [row] => User::from_row(row).map(Some),
            _ => Ok(None),
        }
    }

    /// Users with these attributes, by id; after the one of this id.
    pub async fn query_users(
        &mut self,
        username: Option<&str>,
        email: Option<&str>,
        phone_number: Option<&str>,
        after: Option<&str>,
        most: i64,
    ) -> Result<Vec<User>, sqlx::Error> {
        let rows = self
            .all(
                "SELECT * FROM users WHERE (CAST($1 AS TEXT) IS NULL OR username = $1) \
                 AND (CAST($2 AS TEXT) IS NULL OR email = $2) \
                 AND (CAST($3 AS TEXT) IS NULL OR phone_number = $3) \
                 AND (CAST($4 AS TEXT) IS NULL OR user_id > $4) ORDER BY user_id LIMIT $5",
                values![username, email, phone_number, after, most],
            )
            .await?;
        rows.iter().map(User::from_row).collect()
    }

    /// The user with this id, made with this key if there is none yet; and their turn to change, see [`Tx::lock_user`].
    pub async fn lock_or_create_user(
        &mut self,
        user_id: &str,
        fresh_key: &str,
        now: Millis,
    ) -> Result<User, sqlx::Error> {
        let row = self
            .one(
                "INSERT INTO users (user_key, user_id, created_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (user_id) DO UPDATE SET turn = users.turn + 1 RETURNING *",
                values![fresh_key, user_id, now],
            )
            .await?;
        User::from_row(&row.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// Waits until no other transaction is changing this user's authenticators, and keeps them from it until the end of
    /// this one. Nothing, if the user is gone.
    pub async fn lock_user(&mut self, user_key: &str) -> Result<Option<User>, sqlx::Error> {
        let row =
            self.one("UPDATE users SET turn = turn + 1 WHERE user_key = $1 RETURNING *", values![user_key]).await?;
        row.as_ref().map(User::from_row).transpose()
    }

    /// Stores everything about the user but the keys.
    pub async fn save_user(&mut self, user: &User) -> Result<(), sqlx::Error> {
        let custom = user.custom.as_ref().map(Json::to_string);
        self.run(
            "UPDATE users SET username = $2, display_name = $3, email = $4, email_verified = $5, phone_number = $6, \
             phone_number_verified = $7, locale = $8, custom = $9 WHERE user_key = $1",
            values![
                &user.user_key,
                &user.username,
                &user.display_name,
                &user.email,
                user.email_verified,
                &user.phone_number,
                user.phone_number_verified,
                &user.locale,
                &custom,
            ],
        )
        .await?;
        Ok(())
    }

    /// Deletes the user and all that is theirs.
    pub async fn delete_user(&mut self, user_id: &str) -> Result<bool, sqlx::Error> {
        Ok(self.run("DELETE FROM users WHERE user_id = $1", values![user_id]).await? > 0)
    }
}
