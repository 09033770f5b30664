//! Tracked actions.

use serde_json::Value as Json;

use super::{Row, Tx, values};
use crate::domain::Millis;
use crate::domain::method::Method;

/// How an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActionState {
    /// Nothing to prove.
    Allow,
    /// Not to be done.
    Block,
    /// To be proven first.
    ChallengeRequired,
    /// Proven.
    ChallengeSucceeded,
    /// Refused by the person.
    ChallengeFailed,
    /// A human of the customer has to look.
    ReviewRequired,
    /// They said yes.
    ReviewSucceeded,
    /// They said no.
    ReviewFailed,
}

impl ActionState {
    const ALL: [ActionState; 8] = [
        ActionState::Allow,
        ActionState::Block,
        ActionState::ChallengeRequired,
        ActionState::ChallengeSucceeded,
        ActionState::ChallengeFailed,
        ActionState::ReviewRequired,
        ActionState::ReviewSucceeded,
        ActionState::ReviewFailed,
    ];

    /// Those in which a challenge may still decide it: what the backend or the person has refused stays refused.
    const OPEN: [ActionState; 3] =
        [ActionState::Allow, ActionState::ChallengeRequired, ActionState::ChallengeSucceeded];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            ActionState::Allow => "ALLOW",
            ActionState::Block => "BLOCK",
            ActionState::ChallengeRequired => "CHALLENGE_REQUIRED",
            ActionState::ChallengeSucceeded => "CHALLENGE_SUCCEEDED",
            ActionState::ChallengeFailed => "CHALLENGE_FAILED",
            ActionState::ReviewRequired => "REVIEW_REQUIRED",
            ActionState::ReviewSucceeded => "REVIEW_SUCCEEDED",
            ActionState::ReviewFailed => "REVIEW_FAILED",
        }
    }

    /// Whether a challenge may still decide it.
    pub fn is_open(self) -> bool {
        Self::OPEN.contains(&self)
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// One occurrence of something that a user does.
#[derive(Clone, Debug)]
pub struct Action {
    /// Ours.
    pub action_key: String,
    /// Whose.
    pub user_key: String,
    /// What.
    pub code: String,
    /// Which time.
    pub idempotency_key: String,
    /// How it stands.
    pub state: ActionState,
    /// Since when.
    pub state_updated_at: Millis,
    /// When it began.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// By what it was proven.
    pub verification_method: Option<Method>,
    /// The authenticator that proved it.
    pub verified_by: Option<String>,
    /// What `track` granted.
    pub scope: String,
    /// When it authorised a first enrolment.
    pub first_enrolment_at: Option<Millis>,
    /// What else `track` said.
    pub attributes: Json,
}

impl Action {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let state = row.text("state")?;
        Ok(Self {
            action_key: row.text("action_key")?,
            user_key: row.text("user_key")?,
            code: row.text("code")?,
            idempotency_key: row.text("idempotency_key")?,
            state: ActionState::named(&state).ok_or_else(|| sqlx::Error::Decode(state.into()))?,
            state_updated_at: row.int("state_updated_at")?,
            created_at: row.int("created_at")?,
            updated_at: row.int("updated_at")?,
            verification_method: row.maybe_text("verification_method")?.as_deref().and_then(Method::named),
            verified_by: row.maybe_text("verified_by")?,
            scope: row.text("scope")?,
            first_enrolment_at: row.maybe_int("first_enrolment_at")?,
            attributes: row.json("attributes")?,
        })
    }
}

impl Tx {
    /// The action of this key.
    pub async fn action_by_key(&mut self, action_key: &str) -> Result<Option<Action>, sqlx::Error> {
        let row = self.one("SELECT * FROM actions WHERE action_key = $1", values![action_key]).await?;
        row.as_ref().map(Action::from_row).transpose()
    }

    /// This occurrence of an action.
    pub async fn action(
        &mut self,
        user_key: &str,
        code: &str,
        idempotency_key: &str,
    ) -> Result<Option<Action>, sqlx::Error> {
        let row = self
            .one(
                "SELECT * FROM actions WHERE user_key = $1 AND code = $2 AND idempotency_key = $3",
                values![user_key, code, idempotency_key],
            )
            .await?;
        row.as_ref().map(Action::from_row).transpose()
    }

    /// The action of this user and code that an open challenge was given to: see [`Tx::attach_challenge`].
    pub async fn action_of_challenge(
        &mut self,
        challenge_id: &str,
        user_key: &str,
        code: &str,
        now: Millis,
    ) -> Result<Option<Action>, sqlx::Error> {
        let row = self
            .one(
                "SELECT a.* FROM actions a JOIN challenges c ON c.action_key = a.action_key WHERE c.challenge_id = $1 \
                 AND c.kind IN ('anonymous', 'qr-code', 'server-code') AND c.consumed_at IS NULL AND c.expires_at > $4 \
                 AND a.user_key = $2 AND a.code = $3",
                values![challenge_id, user_key, code, now],
            )
            .await?;
        row.as_ref().map(Action::from_row).transpose()
    }

    /// Stores a new action, unless there is this occurrence already; answers the one that stands, and whether it is new.
    pub async fn insert_action(&mut self, action: &Action) -> Result<(Action, bool), sqlx::Error> {
        let inserted = self
            .one(
                "INSERT INTO actions (action_key, user_key, code, idempotency_key, state, state_updated_at, \
                 created_at, updated_at, scope, attributes) VALUES ($1, $2, $3, $4, $5, $6, $6, $6, $7, $8) \
                 ON CONFLICT (user_key, code, idempotency_key) DO NOTHING RETURNING *",
                values![
                    &action.action_key,
                    &action.user_key,
                    &action.code,
                    &action.idempotency_key,
                    action.state.name(),
                    action.created_at,
                    &action.scope,
                    &action.attributes.to_string(),
                ],
            )
            .await?;
        if let Some(row) = inserted {
            return Ok((Action::from_row(&row)?, true));
        }
        let stands = self.action(&action.user_key, &action.code, &action.idempotency_key).await?;
        Ok((stands.ok_or(sqlx::Error::RowNotFound)?, false))
    }

    /// The action is proven, if a challenge may still decide it; false if not.
    pub async fn prove_action(
        &mut self,
        action_key: &str,
        (method, authenticator_id): (Method, &str),
        now: Millis,
    ) -> Result<bool, sqlx::Error> {
        let [open, open_too, open_as_well] = ActionState::OPEN.map(ActionState::name);
        let proven = self
            .run(
                "UPDATE actions SET state = $2, state_updated_at = $3, updated_at = $3, verification_method = $4, \
                 verified_by = $5 WHERE action_key = $1 AND state IN ($6, $7, $8)",
                values![
                    action_key,
                    ActionState::ChallengeSucceeded.name(),
                    now,
                    method.name(),
                    authenticator_id,
                    open,
                    open_too,
                    open_as_well,
                ],
            )
            .await?;
        Ok(proven > 0)
    }

    /// The action now stands so.
    pub async fn set_action_state(
        &mut self,
        action_key: &str,
        state: ActionState,
        proof: Option<(Method, &str)>,
        now: Millis,
    ) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE actions SET state = $2, state_updated_at = $3, updated_at = $3, \
             verification_method = COALESCE($4, verification_method), verified_by = COALESCE($5, verified_by) \
             WHERE action_key = $1",
            values![
                action_key,
                state.name(),
                now,
                proof.map(|(method, _)| method.name()),
                proof.map(|(_, authenticator_id)| authenticator_id),
            ],
        )
        .await?;
        Ok(())
    }

    /// The action has authorised its first enrolment; it never does again.
    pub async fn spend_first_enrolment(&mut self, action_key: &str, now: Millis) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE actions SET first_enrolment_at = $2, updated_at = $2 WHERE action_key = $1",
            values![action_key, now],
        )
        .await?;
        Ok(())
    }

    /// A user's actions since a moment, of these codes (with commas between them) and in this state, newest first.
    pub async fn query_actions(
        &mut self,
        user_key: &str,
        since: Millis,
        codes: Option<&str>,
        state: Option<ActionState>,
        most: i64,
    ) -> Result<Vec<Action>, sqlx::Error> {
        // One that is in the list can be taken out of it: both databases know `REPLACE`, and no other search in common.
        let codes = codes.map(|codes| format!(",{codes},"));
        let rows = self
            .all(
                "SELECT * FROM actions WHERE user_key = $1 AND created_at >= $2 \
                 AND (CAST($3 AS TEXT) IS NULL OR REPLACE($3, ',' || code || ',', '') <> $3) \
                 AND (CAST($4 AS TEXT) IS NULL OR state = $4) ORDER BY created_at DESC, action_key LIMIT $5",
                values![user_key, since, &codes, state.map(ActionState::name), most],
            )
            .await?;
        rows.iter().map(Action::from_row).collect()
    }
}
