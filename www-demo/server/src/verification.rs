//! What follows a verification: the one way from a proven answer to a token.

use serde_json::{Value, json};

use crate::app::App;
use crate::domain::binding::{Facts, Operation, Refusal, Right, Worth, decide, worth_of_challenge, worth_of_enrolment};
use crate::domain::method::Method;
use crate::domain::scope::Scopes;
use crate::domain::{Millis, SECOND};
use crate::error::{ApiError, ApiResult};
use crate::routes::guard::Holder;
use crate::routes::view::{self, Viewer};
use crate::store::{Action, ActionState, Authenticator, Tx, User};
use crate::token::{Binding, Claims, Other};
use crate::webhook::Change;

impl App {
    /// Asks the domain whether this holder may change their authenticators, `target` being the one to change. To be
    /// asked in the transaction that commits, after [`Tx::lock_user`].
    pub async fn may_change(
        &self,
        tx: &mut Tx,
        holder: &Holder,
        operation: Operation,
        target: Option<&str>,
    ) -> ApiResult<Right> {
        let Holder { claims, user, .. } = holder;
        let verified = tx.verified_authenticators(&user.user_key).await?;
        let stands = tx.user_by_key(&user.user_key).await?;
        let action = tx.action_by_key(&claims.binding.action_key).await?;
        let facts = Facts {
            now: self.clock.now(),
            token_ends_at: claims.ends_at(),
            scopes: claims.scopes(),
            window: tx.window(&user.user_key, claims.binding.window_key.as_deref()).await?,
            same_tenant: claims.other.tenant_id == self.config.tenant_id,
            same_user: stands.is_some_and(|user| user.user_id == claims.sub),
            action_is_open: action.as_ref().is_some_and(|action| action.state.is_open()),
            first_enrolment_spent: action.is_none_or(|action| action.first_enrolment_at.is_some()),
            verified: verified.len(),
            target_is_verified: verified.iter().any(|one| Some(one.authenticator_id.as_str()) == target),
        };
        decide(operation, &facts).map_err(|refusal| {
            let is_scope = matches!(refusal, Refusal::Scope(_));
            let error = ApiError::from(refusal);
            if is_scope { error.called(self.config.scope_code.clone()) } else { error }
        })
    }

    /// An enrolment was finished, by `right`: the token that its verify answers with.
    pub async fn enrolled(&self, tx: &mut Tx, holder: &Holder, right: Right, new: &Authenticator) -> ApiResult<String> {
        let now = self.clock.now();
        if right == Right::First {
            let proof = Some((new.method, new.authenticator_id.as_str()));
            tx.spend_first_enrolment(&holder.action.action_key, now).await?;
            tx.set_action_state(&holder.action.action_key, ActionState::ChallengeSucceeded, proof, now).await?;
            met_on_device(tx, &holder.action, new.method, now).await?;
        }
        let worth = worth_of_enrolment(right, self.config.window);
        let rights = self.rights_of(tx, &holder.user, worth, &new.authenticator_id, Some(&holder.claims)).await?;
        self.mint(&holder.user, &holder.action, rights)
    }

    /// A challenge with an existing authenticator was met: the token that its verify answers with. `asked` is the token
    /// that asked; without one the challenge was the whole of a sign-in.
    pub async fn challenged(
        &self,
        tx: &mut Tx,
        user: &User,
        action: &Action,
        proof: &Proof<'_>,
        asked: Option<&Claims>,
    ) -> ApiResult<String> {
        let rights = self.met(tx, user, action, proof, asked).await?;
        self.mint(user, action, rights)
    }

    /// The same, for who mints the token themselves: the rights that it may have at most.
    pub async fn met(
        &self,
        tx: &mut Tx,
        user: &User,
        action: &Action,
        proof: &Proof<'_>,
        asked: Option<&Claims>,
    ) -> ApiResult<Rights> {
        let now = self.clock.now();
        if asked.is_some_and(|claims| claims.ends_at() <= now) {
            return Err(Refusal::Expired.into());
        }
        let authenticator_id = proof.authenticator.authenticator_id.as_str();
        // It may have been removed while its answer was checked.
        if !tx.mark_used(authenticator_id, proof.secret, now).await? {
            return Err(match proof.method {
                Method::Passkey | Method::SecurityKey => ApiError::unknown_credential(),
                _ => ApiError::invalid_credential("This authenticator was removed."),
            });
        }
        if !tx.prove_action(&action.action_key, (proof.method, authenticator_id), now).await? {
            return Err(Refusal::ActionRefused.into());
        }
        met_on_device(tx, action, proof.method, now).await?;
        let worth = worth_of_challenge(asked.is_none(), proof.user_verified, self.config.window);
        Ok(self.rights_of(tx, user, worth, authenticator_id, asked).await?)
    }

    /// A person has said no on a device: the action has failed, unless the operator leaves that to the backend.
    pub async fn rejected(&self, tx: &mut Tx, action: &Action) -> Result<(), sqlx::Error> {
        if self.config.rejection_fails && action.state == ActionState::ChallengeRequired {
            tx.set_action_state(&action.action_key, ActionState::ChallengeFailed, None, self.clock.now()).await?;
        }
        Ok(())
    }

    /// A right answer for `authenticator`: finishes its enrolment, or meets a challenge with it. What the verify answers.
    pub async fn accepted(
        &self,
        mut tx: Tx,
        holder: &Holder,
        authenticator: &Authenticator,
        method: Method,
    ) -> ApiResult<Value> {
        let mut reply = json!({ "isVerified": true });
        if authenticator.verified_at.is_some() {
            let proof = Proof { authenticator, method, secret: None, user_verified: true };
            let token = self.challenged(&mut tx, &holder.user, &holder.action, &proof, Some(&holder.claims)).await?;
            reply["accessToken"] = json!(token);
        } else {
            let right = self.may_change(&mut tx, holder, Operation::Add, None).await?;
            let is_default = tx.verified_authenticators(&holder.user.user_key).await?.is_empty();
            tx.mark_verified(&authenticator.authenticator_id, self.clock.now()).await?;
            let enrolled = tx.authenticator(&authenticator.authenticator_id).await?.ok_or(sqlx::Error::RowNotFound)?;
            self.tell_of(&mut tx, Change::Created, &holder.user.user_id, &enrolled).await?;
            reply["accessToken"] = json!(self.enrolled(&mut tx, holder, right, &enrolled).await?);
            reply["userAuthenticator"] = view::authenticator(&enrolled, is_default, Viewer::Client);
        }
        tx.commit().await?;
        Ok(reply)
    }

    async fn rights_of(
        &self,
        tx: &mut Tx,
        user: &User,
        worth: Worth,
        opened_by: &str,
        asked: Option<&Claims>,
    ) -> Result<Rights, sqlx::Error> {
        let now = self.clock.now();
        let fresh = |scopes: Scopes, window_key: Option<String>, ends_at: Millis| Rights {
            scope: scopes.to_string(),
            window_key,
            ends_at,
            is_verified: true,
        };
        Ok(match (worth, asked) {
            (Worth::AsAsked, Some(claims)) => Rights {
                scope: claims.scope.clone(),
                window_key: claims.binding.window_key.clone(),
                ends_at: claims.ends_at(),
                is_verified: claims.binding.is_verified,
            },
            (Worth::Window(length), _) => {
                // Tokens end on a full second; the window ends with its token.
                let ends_at = (now + length) / SECOND * SECOND;
                let window_key = self.random.id();
                tx.open_window(&window_key, &user.user_key, opened_by, now, ends_at).await?;
                fresh(Scopes::MANAGE, Some(window_key), ends_at)
            }
            (Worth::AsAsked | Worth::Nothing, _) => fresh(Scopes::READ, None, now + self.config.window),
        })
    }

    /// A token for this action, with these rights.
    pub fn mint(&self, user: &User, action: &Action, rights: Rights) -> ApiResult<String> {
        self.tokens.mint(&self.claims(user, action, rights)).map_err(ApiError::internal)
    }

    /// What such a token says.
    pub fn claims(&self, user: &User, action: &Action, rights: Rights) -> Claims {
        Claims {
            aud: self.config.api(),
            sub: user.user_id.clone(),
            iat: self.clock.now() / SECOND,
            exp: rights.ends_at / SECOND,
            jti: self.random.id(),
            scope: rights.scope,
            other: Other {
                tenant_id: self.config.tenant_id.clone(),
                publishable_key: format!("pk_{}", self.config.tenant_id),
                user_id: user.user_id.clone(),
                username: user.username.clone(),
                action_code: action.code.clone(),
                idempotency_key: action.idempotency_key.clone(),
            },
            binding: Binding {
                user_key: user.user_key.clone(),
                action_key: action.action_key.clone(),
                window_key: rights.window_key,
                is_verified: rights.is_verified,
            },
        }
    }
}

/// Remembers the device that the action was tracked on, or signed in on, if that is known.
pub async fn met_on_device(tx: &mut Tx, action: &Action, method: Method, now: Millis) -> Result<(), sqlx::Error> {
    match action.attributes["deviceId"].as_str() {
        Some(device_id) => tx.device_authenticated(&action.user_key, device_id, method, now).await,
        None => Ok(()),
    }
}

impl Holder {
    /// This user's turn to change their authenticators: see [`Tx::lock_user`].
    pub async fn turn(&self, tx: &mut Tx) -> ApiResult<User> {
        let user = tx.lock_user(&self.user.user_key).await?;
        user.ok_or_else(|| ApiError::unauthorized("The user of this token does not exist any more."))
    }
}

/// How a challenge was met.
pub struct Proof<'a> {
    /// With what.
    pub authenticator: &'a Authenticator,
    /// By which method: WhatsApp proves the phone number of an SMS authenticator.
    pub method: Method,
    /// What is to be stored of the authenticator from now on, if that has changed.
    pub secret: Option<&'a str>,
    /// Whether it was checked who held it; for codes and the like always.
    pub user_verified: bool,
}

/// The rights of a token to be minted.
pub struct Rights {
    /// Words split by spaces.
    pub scope: String,
    /// The window that they come from.
    pub window_key: Option<String>,
    /// Their end.
    pub ends_at: Millis,
    /// Whether a verification mints it.
    pub is_verified: bool,
}
