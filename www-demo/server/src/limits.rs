//! Keeping to the limits of [`crate::domain::rate`], where the operator has them on.

use crate::app::App;
use crate::domain::SECOND;
use crate::domain::rate::{EMAIL_SENDS, EMAIL_VERIFIES, Limit, SMS_SENDS, SMS_VERIFIES};
use crate::error::{ApiError, ApiResult};
use crate::store::{MessageKind, Tx};

impl App {
    /// Counts one more for this user, or for this address where no user is known, or refuses it. In the transaction of
    /// what is limited: what did not happen does not count.
    pub async fn limit(&self, tx: &mut Tx, subject: &str, limit: Limit) -> ApiResult<()> {
        if !self.config.rate_limits {
            return Ok(());
        }
        let now = self.clock.now();
        let times = tx.recent(subject, limit, now).await?;
        if let Some(wait) = limit.wait(&times, now) {
            return Err(ApiError::too_many_requests((wait + SECOND - 1) / SECOND));
        }
        tx.count_one(subject, limit, now).await?;
        Ok(())
    }
}

/// The limit of sending codes this way.
pub fn sends(kind: MessageKind) -> Limit {
    if kind == MessageKind::Email { EMAIL_SENDS } else { SMS_SENDS }
}

/// The limit of trying codes that came this way.
pub fn verifies(kind: MessageKind) -> Limit {
    if kind == MessageKind::Email { EMAIL_VERIFIES } else { SMS_VERIFIES }
}
