//! What the operator decides.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use crate::appearance::Appearance;
use crate::deployment::is_within;
use crate::domain::binding::DEFAULT_WINDOW;
use crate::domain::{MINUTE, Millis};
use crate::mail::Smtp;
use crate::token_key::TokenKey;

/// The settings of one server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The one tenant.
    pub tenant_id: String,
    /// The backend's secret: HTTP Basic user name of the server API, and the key of the tokens.
    pub secret: String,
    /// The address that browsers and backends reach the server at, without a trailing slash.
    pub origin: String,
    /// The origins whose pages may use the API, frame the pre-built UI and be redirected to. In local mode every loopback
    /// origin may.
    pub origins: Vec<String>,
    /// The relying party of WebAuthn.
    pub rp_id: String,
    /// What authenticator apps and passkey prompts show.
    pub rp_name: String,
    /// The static demo page.
    pub site: Option<PathBuf>,
    /// The built npm package.
    pub pkg: Option<PathBuf>,
    /// A developer's machine, and not a deployment.
    pub is_local: bool,
    /// How the pre-built UI looks and what it says.
    pub ui: Appearance,
    /// Where the backend takes events: an http or https address. Nowhere, if absent.
    pub webhook: Option<String>,
    /// Signs tokens by RS256, with its public half at the JWKS address. By HS256 with the secret, if absent.
    pub token_key: Option<TokenKey>,
    /// Whether sends and verifies are limited for each user: see [`crate::domain::rate`].
    pub rate_limits: bool,
    /// Where e-mail goes. To the webhook, if absent.
    pub smtp: Option<Smtp>,
    /// Who may read the figures.
    pub metrics: Metrics,
    /// The life of a token, of a binding window and of a question to a phone.
    pub window: Millis,
    /// The code of the error that a token's scope does not allow something: the vendor does not document its own.
    pub scope_code: Cow<'static, str>,
    /// Whether the action has failed once a person says no on a device. Otherwise it stays as it is, for the backend to decide.
    pub rejection_fails: bool,
    /// Whether a ceremony that began with a cookie is answered without `accessToken`.
    pub cookies_hide_tokens: bool,
    /// How long a client may take to send the head of a request (the time between two requests included), to send its
    /// body, and to read the next part of an answer.
    pub patience: Duration,
}

/// The code of a missing scope where nobody says otherwise.
pub const DEFAULT_SCOPE_CODE: &str = "insufficient_scope";

/// How long is waited for a client where nobody says otherwise.
pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(15);

/// Who may read `/metrics`: how many there are of what tells a stranger about the customer's business.
#[derive(Clone)]
pub enum Metrics {
    /// Whoever reaches the server, which listens on this machine only.
    Open,
    /// Whoever sends this as `Authorization: Bearer`.
    Token(String),
    /// Nobody: the server listens to others, and no token was named.
    Closed,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Metrics::Open => "Open",
            Metrics::Token(_) => "Token",
            Metrics::Closed => "Closed",
        })
    }
}

impl Config {
    /// The fixed local defaults, for a server at this port.
    pub fn local(port: u16) -> Self {
        Self {
            tenant_id: "local".to_owned(),
            secret: "local-secret".to_owned(),
            origin: format!("http://localhost:{port}"),
            origins: Vec::new(),
            rp_id: "localhost".to_owned(),
            rp_name: "Authsignal local".to_owned(),
            site: None,
            pkg: None,
            ui: Appearance::default(),
            is_local: true,
            webhook: None,
            token_key: None,
            rate_limits: false,
            smtp: None,
            metrics: Metrics::Open,
            window: DEFAULT_WINDOW,
            scope_code: DEFAULT_SCOPE_CODE.into(),
            rejection_fails: true,
            cookies_hide_tokens: false,
            patience: DEFAULT_PATIENCE,
        }
    }

    /// The same, with what the operator says of tokens, if they do.
    pub fn with(self, token_minutes: Option<i64>, scope_code: Option<String>) -> Self {
        let window = token_minutes.map_or(self.window, |minutes| minutes * MINUTE);
        let scope_code = scope_code.map_or(self.scope_code, Cow::Owned);
        Self { window, scope_code, ..self }
    }

    /// The base URL of the API.
    pub fn api(&self) -> String {
        format!("{}/v1", self.origin)
    }

    /// Whether a page of this origin may read answers, use passkeys of this server, and be redirected to.
    pub fn allows_origin(&self, origin: &str) -> bool {
        if self.is_local { is_loopback_origin(origin) } else { self.pages().any(|page| page == origin) }
    }

    /// The origins, beside loopback ones in local mode, whose pages may open the pre-built UI and be handed its tokens.
    pub fn origins(&self) -> &[String] {
        &self.origins
    }

    /// Whether every loopback origin may.
    pub fn allows_any_loopback(&self) -> bool {
        self.is_local
    }

    /// The same, as a Content-Security-Policy names who may put a page into a frame.
    pub fn frame_ancestors(&self) -> String {
        if self.is_local { "http://localhost:* http://127.0.0.1:*".to_owned() } else { self.origins.join(" ") }
    }

    /// The origins whose pages may use passkeys; in local mode with any port.
    pub fn passkey_origins(&self) -> Vec<&str> {
        if self.is_local {
            vec!["http://localhost"]
        } else {
            self.pages().filter(|page| is_within(page, &self.rp_id)).collect()
        }
    }

    /// The registered origins, and our own, where the pre-built UI is.
    fn pages(&self) -> impl Iterator<Item = &str> {
        self.origins.iter().chain([&self.origin]).map(String::as_str)
    }
}

/// `http://` and a loopback host, with any port: exactly what a browser puts into `Origin`.
pub fn is_loopback_origin(origin: &str) -> bool {
    origin.strip_prefix("http://").is_some_and(is_loopback_host)
}

/// A loopback host, with or without a port, as in the `Host` header.
pub fn is_loopback_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        // The colons of an IPv6 address are inside of brackets.
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_loopback = name == "localhost" || name == "[::1]" || name.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback());
    is_loopback && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_loopback_origins_are_local() {
        for origin in [
            "http://localhost:3000",
            "http://localhost",
            "http://127.0.0.1:8787",
            "http://127.255.0.7",
            "http://[::1]:1",
            "http://[::1]",
        ] {
            assert!(is_loopback_origin(origin), "{origin}");
        }
        for origin in [
            "null",
            "",
            "https://localhost:3000",
            "http://localhost.example.test",
            "http://localhost:3000/path",
            "http://localhost@example.test",
            "http://example.test",
            "http://localhost:",
            "http://localhost:1:1",
            "http://127.0.0.1.example.test",
            "http://127.1",
            "http://128.0.0.1",
            "http://0.0.0.0:1",
            "http://[::1]:",
            "http://[::1",
            "http://[::2]:1",
            "http://::1",
            "http://LOCALHOST:99999",
        ] {
            assert!(!is_loopback_origin(origin), "{origin}");
        }
    }
}
