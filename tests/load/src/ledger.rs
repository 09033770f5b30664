//! What people did, what the server acknowledged of it, and whether it still stands afterwards.

use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use authsignal_local::domain::totp::AuthenticatorApp;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{Answer, As, Client};
use crate::device::Device;
use crate::receiver::Receiver;

const PASSKEY: &str = "/v1/client/user-authenticators/passkey";

/// A request that may succeed once.
struct OneTime {
    what: &'static str,
    path: &'static str,
    by: Who,
    body: Value,
    /// Whether its success has reached the person. Else nobody knows whether the server did it.
    is_acknowledged: bool,
}

enum Who {
    Tenant,
    Backend,
    Holder(String),
}

impl Who {
    fn borrow(&self) -> As<'_> {
        match self {
            Who::Tenant => As::Tenant,
            Who::Backend => As::Backend,
            Who::Holder(token) => As::Holder(token),
        }
    }
}

/// What one person knows.
#[derive(Default)]
pub struct Ledger {
    user_id: String,
    /// The idempotency key of the one action.
    action: String,
    /// Whether that action was acknowledged.
    is_tracked: bool,
    /// Methods whose enrolment was acknowledged.
    methods: Vec<&'static str>,
    one_time: Vec<OneTime>,
    /// Access tokens of sessions that were acknowledged and not replaced.
    sessions: Vec<String>,
}

/// What was found by [`Ledger::check`].
#[derive(Default, Clone, Copy)]
pub struct Found {
    pub actions: usize,
    pub enrolments: usize,
    pub sessions: usize,
    pub used: usize,
    pub in_doubt: usize,
}

impl std::ops::AddAssign for Found {
    fn add_assign(&mut self, other: Found) {
        self.actions += other.actions;
        self.enrolments += other.enrolments;
        self.sessions += other.sessions;
        self.used += other.used;
        self.in_doubt += other.in_doubt;
    }
}

fn succeeded(answer: &Answer) -> bool {
    answer.status == 200 && answer.body["isVerified"] != false
}

fn text(reply: &Value, field: &str) -> Result<String> {
    reply[field].as_str().map(str::to_owned).with_context(|| format!("no {field} in {reply}"))
}

impl Ledger {
    /// A new person signs up, and uses one of everything that can be used once. Ends by an error where the server does.
    pub async fn live(&mut self, client: &mut Client, device: &Device, receiver: &Receiver) -> Result<()> {
        self.user_id = Uuid::new_v4().to_string();
        self.action = Uuid::new_v4().to_string();
        let token = text(&self.track(client).await?, "token")?;
        self.is_tracked = true;
        let path = format!("{PASSKEY}/registration-options");
        let pending = client.post(&path, As::Holder(&token), &json!({})).await?.ok()?;
        let credential = Uuid::new_v4();
        let answer = device.create(credential, &pending["options"])?;
        let handle = BASE64.decode(text(&pending["options"]["user"], "id")?)?;
        let handle = Uuid::from_slice(&handle)?;
        let body = json!({ "registrationCredential": answer, "challengeId": pending["challengeId"] });
        let reply = self.once(client, "challenge of a registration", PASSKEY, Who::Holder(token), body).await?;
        self.methods.push("PASSKEY");
        // The window that the first enrolment opened.
        let token = text(&reply, "accessToken")?;

        let path = "/v1/client/user-authenticators/totp";
        let secret = text(&client.post(path, As::Holder(&token), &Value::Null).await?.ok()?, "secret")?;
        let app = AuthenticatorApp::stored(&secret).context("the secret cannot be read")?;
        let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed()?.as_millis())?;
        let body = json!({ "verificationCode": app.code_at(now) });
        self.once(client, "TOTP step", "/v1/client/verify/totp", Who::Holder(token.clone()), body).await?;
        self.methods.push("AUTHENTICATOR_APP");

        let codes = client.post("/v1/client/recovery-codes", As::Holder(&token), &json!({})).await?.ok()?;
        let body = json!({ "verificationCode": codes["recoveryCodes"][0] });
        self.once(client, "recovery code", "/v1/client/verify/recovery-code", Who::Holder(token.clone()), body).await?;

        let email = format!("{}@example.test", self.user_id);
        let path = "/v1/client/user-authenticators/email-otp";
        client.post(path, As::Holder(&token), &json!({ "email": email })).await?.ok()?;
        let body = json!({ "verificationCode": receiver.received(&email, "code")? });
        self.once(client, "OTP", "/v1/client/verify/email-otp", Who::Holder(token.clone()), body).await?;
        self.methods.push("EMAIL_OTP");

        let path = "/v1/client/user-authenticators/email-magic-link";
        client.post(path, As::Holder(&token), &json!({ "email": email })).await?.ok()?;
        let link = receiver.received(&email, "url")?;
        let (_, word) = link.split_once("token=").context("the link has no token")?;
        client.post_form("/api/verify-magic-link", &format!("token={word}")).await?;
        let path = "/v1/client/verify/email-magic-link/finalize";
        self.once(client, "magic link", path, Who::Holder(token.clone()), json!({})).await?;
        self.methods.push("EMAIL_MAGIC_LINK");

        let pending = client.post(&format!("{PASSKEY}/authentication-options"), As::Tenant, &json!({})).await?.ok()?;
        let answer = device.get(credential, handle, &pending["options"])?;
        let body = json!({ "authenticationCredential": answer, "challengeId": pending["challengeId"] });
        let reply = self.once(client, "challenge of a sign-in", "/v1/client/verify/passkey", Who::Tenant, body).await?;
        let body = json!({ "clientId": "app", "token": reply["accessToken"] });
        let reply = self.once(client, "token of a sign-in", "/v1/sessions", Who::Backend, body).await?;
        let body = json!({ "refreshToken": reply["refreshToken"] });
        let reply = self.once(client, "refresh token", "/v1/sessions/refresh", Who::Backend, body).await?;
        self.sessions.push(text(&reply, "accessToken")?);
        Ok(())
    }

    async fn track(&self, client: &mut Client) -> Result<Value> {
        let path = format!("/v1/users/{}/actions/live", self.user_id);
        client.post(&path, As::Backend, &json!({ "idempotencyKey": self.action })).await?.ok()
    }

    /// Whether this person has come to the end.
    pub fn is_whole(&self) -> bool {
        !self.sessions.is_empty()
    }

    async fn once(
        &mut self,
        client: &mut Client,
        what: &'static str,
        path: &'static str,
        by: Who,
        body: Value,
    ) -> Result<Value> {
        self.one_time.push(OneTime { what, path, by, body, is_acknowledged: false });
        let Some(thing) = self.one_time.last_mut() else { bail!("what was pushed is there") };
        let answer = client.post(path, thing.by.borrow(), &thing.body).await?;
        if !succeeded(&answer) {
            bail!("{what}: {}: {}", answer.status, answer.body);
        }
        thing.is_acknowledged = true;
        Ok(answer.body)
    }

    /// Checks that everything that was acknowledged stands, and that nothing can be used that was used.
    pub async fn check(&self, client: &mut Client) -> Result<Found> {
        let mut found = Found::default();
        for token in &self.sessions {
            let answer = client.post("/v1/sessions/validate", As::Backend, &json!({ "accessToken": token })).await?;
            if answer.status != 200 {
                bail!("a session was lost: {}", answer.body);
            }
            found.sessions += 1;
        }
        if !self.methods.is_empty() {
            let path = format!("/v1/users/{}/authenticators", self.user_id);
            let all = client.get(&path, As::Backend).await?.ok()?;
            let all = all.as_array().context("a list of authenticators")?;
            for method in &self.methods {
                if !all.iter().any(|one| one["verificationMethod"] == *method) {
                    bail!("an enrolment of {method} was lost: {all:?}");
                }
                found.enrolments += 1;
            }
        }
        if self.is_tracked {
            self.check_action(client).await?;
            // A repetition is the same action.
            self.track(client).await?;
            self.check_action(client).await?;
            found.actions += 1;
        }
        for OneTime { what, path, by, body, is_acknowledged } in &self.one_time {
            // What nobody knows the end of may succeed now, and never again.
            let mut successes = usize::from(*is_acknowledged);
            for _ in 0..2 {
                let answer = client.post(path, by.borrow(), body).await?;
                if answer.status >= 500 {
                    bail!("{what}: {}: {}", answer.status, answer.body);
                }
                successes += usize::from(succeeded(&answer));
            }
            if successes > 1 {
                bail!("a {what} was used {successes} times");
            }
            found.used += usize::from(*is_acknowledged);
            found.in_doubt += usize::from(!*is_acknowledged);
        }
        Ok(found)
    }

    /// There is the one action, and it is where it came to.
    async fn check_action(&self, client: &mut Client) -> Result<()> {
        let path = format!("/v1/users/{}/actions?codes=live", self.user_id);
        let all = client.get(&path, As::Backend).await?.ok()?;
        match all.as_array().map(Vec::as_slice) {
            Some([action]) if action["idempotencyKey"] == self.action => {
                if self.methods.is_empty() || action["state"] == "CHALLENGE_SUCCEEDED" {
                    return Ok(());
                }
                bail!("what an action has come to was lost: {action}")
            }
            _ => bail!("an action was lost, or there is a second one: {all}"),
        }
    }
}
