//! Who signs in: people with a passkey and an authenticator app each, put straight into the database.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use authsignal_local::ceremony::{Ceremonies, NewCredential};
use authsignal_local::domain::method::Method;
use authsignal_local::domain::totp::AuthenticatorApp;
use authsignal_local::store::{Authenticator, Store, Tx};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::device::Device;
use crate::server::{ORIGIN, RP_ID};

/// How many are stored at once, in one transaction.
const BATCH: usize = 500;

/// One of them.
#[derive(Clone, Copy)]
pub struct Person {
    number: usize,
}

impl Person {
    pub fn user_id(self) -> String {
        format!("person-{}", self.number)
    }

    /// What the server calls them: the user handle of their passkey.
    pub fn handle(self) -> Uuid {
        Uuid::from_u128(self.number as u128 | (1 << 64))
    }

    pub fn credential(self) -> Uuid {
        Uuid::from_u128(self.number as u128 | (2 << 64))
    }
}

/// All of them. They share one key and one secret, which costs the server the same as if each had their own.
pub struct People {
    pub device: Device,
    pub app: AuthenticatorApp,
    pub count: usize,
    credential: Value,
}

impl People {
    pub fn new(count: usize) -> Result<People> {
        let device = Device::new(ORIGIN, RP_ID)?;
        let app = AuthenticatorApp::fresh(*b"the secret of people", "load", "load").context("no authenticator app")?;
        let ceremonies = ceremonies()?;
        let somebody = Person { number: 0 };
        let handle = somebody.handle().to_string();
        let new = NewCredential { user_key: &handle, name: "load", display_name: "load", existing: &[] };
        let pending = ceremonies.create_passkey(&new, None).map_err(|why| anyhow!(why.reason().to_owned()))?;
        let answer = device.create(somebody.credential(), &pending.options)?;
        let registered =
            ceremonies.registered(&pending.state, &answer).map_err(|why| anyhow!(why.reason().to_owned()))?;
        let credential = serde_json::from_str(&registered.credential)?;
        Ok(People { device, app, count, credential })
    }

    /// Whose turn it is, round and round.
    pub fn person(&self, turn: usize) -> Person {
        Person { number: turn % self.count }
    }

    /// The passkey of one of them, as the server stores it.
    pub fn stored_credential(&self, person: Person) -> String {
        let mut credential = self.credential.clone();
        credential["cred_id"] = json!(BASE64.encode(person.credential().as_bytes()));
        credential.to_string()
    }

    /// Puts all of them into the database.
    pub async fn settle(self: &Arc<Self>, store: &Store) -> Result<()> {
        let mut batches = JoinSet::new();
        for first in (0..self.count).step_by(BATCH) {
            let (people, store) = (self.clone(), store.clone());
            batches.spawn(async move {
                let mut tx = store.write().await?;
                for number in first..people.count.min(first + BATCH) {
                    people.settle_one(&mut tx, Person { number }).await?;
                }
                anyhow::Ok(tx.commit().await?)
            });
            // As many at a time as a pool lets in soon.
            if batches.len() >= 8 {
                batches.join_next().await.context("a batch ends")???;
            }
        }
        while let Some(done) = batches.join_next().await {
            done??;
        }
        Ok(())
    }

    async fn settle_one(&self, tx: &mut Tx, person: Person) -> Result<()> {
        let user_key = person.handle().to_string();
        tx.lock_or_create_user(&person.user_id(), &user_key, 1).await?;
        let app = Authenticator {
            authenticator_id: Uuid::from_u128(person.number as u128 | (3 << 64)).to_string(),
            user_key,
            method: Method::AuthenticatorApp,
            action_key: None,
            created_at: 1,
            verified_at: Some(1),
            last_verified_at: None,
            address: None,
            display_name: None,
            credential_id: None,
            secret: Some(self.app.secret()),
            details: json!({}),
        };
        tx.insert_authenticator(&app).await?;
        let passkey = Authenticator {
            authenticator_id: Uuid::from_u128(person.number as u128 | (4 << 64)).to_string(),
            method: Method::Passkey,
            credential_id: Some(BASE64.encode(person.credential().as_bytes())),
            secret: Some(self.stored_credential(person)),
            ..app
        };
        tx.insert_authenticator(&passkey).await?;
        Ok(())
    }
}

/// The server's own judge of passkeys.
pub fn ceremonies() -> Result<Ceremonies> {
    Ok(Ceremonies::new(RP_ID, RP_ID, vec![ORIGIN.parse()?], false, Box::new(|_| false)))
}
