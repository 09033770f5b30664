//! What is told to the customer's backend: signed events, at an address that the operator names.
//!
//! Codes, links and questions are told while the caller waits, and a backend that does not take them fails the
//! challenge. Changes of authenticators are told afterwards, and again if need be: they are stored by the transaction
//! that makes them true, so that none is lost, and an event may arrive twice.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::join_all;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::app::App;
use crate::clock::iso;
use crate::domain::method::Method;
use crate::domain::{Millis, SECOND};
use crate::error::{ApiError, ApiResult};
use crate::random::hmac_sha256;
use crate::store::{Authenticator, Delivery, Tx, Webhook};

/// How often an event is sent again.
const RETRIES: i64 = 3;

/// How long the backend is left alone before an event is sent again.
pub const RETRY_AFTER: Millis = 30 * SECOND;

/// How long the backend may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Events that are sent at once.
const AT_ONCE: i64 = 16;

/// How events leave the server.
pub struct Webhooks {
    /// Where they go; nowhere, if the operator named no address.
    receiver: Option<Receiver>,
    woken: Notify,
}

struct Receiver {
    client: Client,
    address: String,
}

impl Webhooks {
    /// To this address.
    pub fn new(address: Option<&str>) -> Result<Self, reqwest::Error> {
        let receiver = match address {
            Some(address) => {
                // Whoever was first has installed the same one.
                let _ = rustls::crypto::ring::default_provider().install_default();
                // A redirect would hand codes to an address that the operator did not name.
                let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).build()?;
                Some(Receiver { client, address: address.to_owned() })
            }
            None => None,
        };
        Ok(Self { receiver, woken: Notify::new() })
    }

    /// Has what is stored sent now and not at the next look.
    pub fn wake(&self) {
        self.woken.notify_one();
    }
}

/// The value of `X-Signature-V2`: the time in seconds, and the HMAC of time and body without its padding.
pub fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let mac = hmac_sha256(secret.as_bytes(), format!("{seconds}.{body}").as_bytes());
    format!("t={seconds},v2={}", BASE64_STANDARD.encode(mac).trim_end_matches('='))
}

/// What happened to an authenticator.
#[derive(Clone, Copy)]
pub enum Change {
    /// It counts from now on.
    Created,
    /// It is called otherwise, or reached elsewhere.
    Updated,
    /// It counts no longer.
    Deleted,
}

impl App {
    /// An event, not stored yet.
    pub fn event(&self, kind: &str, data: Value) -> Webhook {
        let now = self.clock.now();
        let event_id = self.random.id();
        let body = json!({
            "version": 1,
            "id": event_id,
            "source": "https://authsignal.com",
            "time": iso(now),
            "tenantId": self.config.tenant_id,
            "type": kind,
            "data": data,
        });
        let is_sent = self.config.webhook.is_some();
        Webhook {
            event_id,
            kind: kind.to_owned(),
            body: body.to_string(),
            created_at: now,
            delivery: if is_sent { Delivery::Waiting } else { Delivery::Unsent },
            attempts: 0,
            next_at: None,
            outcome: None,
        }
    }

    /// Tells of a changed authenticator, once the transaction is committed.
    pub async fn tell_of(&self, tx: &mut Tx, change: Change, user_id: &str, one: &Authenticator) -> ApiResult<()> {
        if !self.config.is_local && self.config.webhook.is_none() {
            return Ok(());
        }
        let now = iso(self.clock.now());
        let (kind, at) = match change {
            Change::Created => ("authenticator.created", "createdAt"),
            Change::Updated => ("authenticator.updated", "updatedAt"),
            Change::Deleted => ("authenticator.deleted", "deletedAt"),
        };
        let mut data = json!({
            "userId": user_id,
            "verificationMethod": one.method,
            "userAuthenticatorId": one.authenticator_id,
            at: now,
        });
        let webauthn = &one.details["webauthnCredential"];
        for (name, value) in [
            ("credentialId", json!(one.credential_id)),
            ("aaguid", webauthn["aaguid"].clone()),
            ("credentialName", webauthn["name"].clone()),
            ("previousSmsChannel", one.details["previousSmsChannel"].clone()),
            (if one.method == Method::Sms { "phoneNumber" } else { "email" }, json!(one.address)),
        ] {
            if !value.is_null() {
                data[name] = value;
            }
        }
        let mut event = self.event(kind, data);
        if event.delivery == Delivery::Waiting {
            event.next_at = Some(event.created_at);
        }
        tx.insert_webhook(&event).await?;
        Ok(())
    }

    /// Sends an event while the caller waits for what it carries.
    pub async fn tell_now(&self, event: &Webhook) -> ApiResult<()> {
        if event.delivery == Delivery::Unsent {
            return Ok(());
        }
        let outcome = self.post(event).await;
        let (delivery, text) = match &outcome {
            Ok(text) => (Delivery::Delivered, text),
            Err(text) => (Delivery::Failed, text),
        };
        if self.config.is_local {
            let mut tx = self.store.write().await?;
            tx.claim_webhook(event, event.created_at).await?;
            tx.set_delivery(&event.event_id, delivery, text, None).await?;
            tx.commit().await?;
        }
        outcome.map(drop).map_err(|why| {
            ApiError::undelivered(format!("The webhook that takes {} did not: {why}. Nothing was sent.", event.kind))
        })
    }

    /// What the backend answered; an error if it did not take the event.
    async fn post(&self, event: &Webhook) -> Result<String, String> {
        let receiver = self.webhooks.receiver.as_ref().ok_or("there is no address to send it to")?;
        let signature = signature(&self.config.secret, self.clock.now() / SECOND, &event.body);
        let sent = receiver
            .client
            .post(&receiver.address)
            .header(CONTENT_TYPE, "application/json")
            .header("X-Signature-V2", signature)
            .body(event.body.clone())
            .send()
            .await;
        match sent {
            Ok(answer) if answer.status().is_success() => Ok(answer.status().to_string()),
            Ok(answer) => Err(format!("it answered {}", answer.status())),
            Err(error) if error.is_timeout() => Err(format!("it took longer than {PATIENCE:?}")),
            Err(_) => Err("it cannot be reached".to_owned()),
        }
    }

    /// Sends what is due; when to look again.
    async fn send_due(&self) -> Result<Option<Millis>, sqlx::Error> {
        let now = self.clock.now();
        let waiting = self.store.look().await?.waiting_webhooks(AT_ONCE).await?;
        let (due, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|event| event.next_at.is_some_and(|at| at <= now));
        let next = if due.is_empty() { later.first().and_then(|event| event.next_at) } else { Some(now) };
        for sent in join_all(due.iter().map(|event| self.send_again(event))).await {
            sent?;
        }
        Ok(next)
    }

    async fn send_again(&self, event: &Webhook) -> Result<(), sqlx::Error> {
        let again = self.clock.now() + RETRY_AFTER;
        let mut tx = self.store.write().await?;
        if !tx.claim_webhook(event, again).await? {
            return Ok(());
        }
        tx.commit().await?;
        let outcome = self.post(event).await;
        let mut tx = self.store.write().await?;
        match outcome {
            Ok(text) => tx.set_delivery(&event.event_id, Delivery::Delivered, &text, None).await?,
            Err(text) if event.attempts >= RETRIES => {
                tx.set_delivery(&event.event_id, Delivery::Failed, &text, None).await?;
            }
            Err(text) => tx.set_delivery(&event.event_id, Delivery::Waiting, &text, Some(again)).await?,
        }
        tx.commit().await
    }
}

/// Sends stored events until the server ends. Each instance may run it: an event is claimed before it is sent.
pub async fn run(app: App) {
    /// How long an event may wait that another instance has stored, or left behind.
    const LOOK_EVERY: Millis = 5 * SECOND;
    if app.config.webhook.is_none() {
        return;
    }
    loop {
        let next = app.send_due().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "events could not be sent; they are kept");
            None
        });
        let pause = next.map_or(LOOK_EVERY, |at| (at - app.clock.now()).clamp(0, LOOK_EVERY));
        tokio::select! {
            () = app.webhooks.woken.notified() => {}
            () = sleep(Duration::from_millis(pause.unsigned_abs())) => {}
            () = app.ended() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_that_the_vendor_s_sdk_accepts() {
        let body = r#"{"version":1,"type":"authenticator.created","id":"e1","source":"https://authsignal.com","time":"2025-11-24T16:00:00.000Z","tenantId":"tenant-dev","data":{"userId":"u1","verificationMethod":"PASSKEY"}}"#;
        assert_eq!(
            signature("dev_secret_key_1", 1_764_000_000, body),
            "t=1764000000,v2=SslKBVTAtoPw/K5+mSGs+ew5x4pKWhLhjNlKIzI1dNY"
        );
    }
}
