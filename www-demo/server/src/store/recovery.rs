//! Recovery codes: one row of all that a user has, which is no authenticator but can open a window like one.

use serde_json::Value as Json;

use super::{Authenticator, Tx, values};
use crate::domain::method::Method;

/// A user's recovery codes, as keyed hashes.
pub struct RecoveryCodes(pub Authenticator);

impl RecoveryCodes {
    /// The hashes of the codes that are left.
    pub fn hashes(&self) -> Vec<String> {
        let stored = self.0.secret.as_deref().unwrap_or_default();
        serde_json::from_str::<Json>(stored).ok().and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default()
    }

    /// Whether any code is left.
    pub fn are_left(&self) -> bool {
        !self.hashes().is_empty()
    }
}

impl Tx {
    /// The recovery codes of a user, if they were ever given any.
    pub async fn recovery_codes(&mut self, user_key: &str) -> Result<Option<RecoveryCodes>, sqlx::Error> {
        let all = self.authenticators(user_key).await?;
        Ok(all.into_iter().find(|one| one.method == Method::RecoveryCode).map(RecoveryCodes))
    }

    /// Other codes in the place of the old ones. The row stays: windows that it opened do not end with it.
    pub async fn replace_recovery_codes(&mut self, authenticator_id: &str, secret: &str) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE authenticators SET secret = $2 WHERE authenticator_id = $1",
            values![authenticator_id, secret],
        )
        .await?;
        Ok(())
    }
}
