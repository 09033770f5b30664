//! What the operator decides.

use std::path::PathBuf;

use crate::appearance::Appearance;
use crate::domain::Millis;
use crate::domain::binding::DEFAULT_WINDOW;

/// The settings of one server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The one tenant.
    pub tenant_id: String,
    /// The backend's secret: HTTP Basic user name of the server API, and the key of the tokens.
    pub secret: String,
    /// The address that browsers and backends reach the server at, without a trailing slash.
    pub origin: String,
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
    /// The life of a token and of a binding window.
    pub window: Millis,
}

impl Config {
    /// The fixed local defaults, for a server at this port.
    pub fn local(port: u16) -> Self {
        Self {
            tenant_id: "local".to_owned(),
            secret: "local-secret".to_owned(),
            origin: format!("http://localhost:{port}"),
            rp_id: "localhost".to_owned(),
            rp_name: "Authsignal local".to_owned(),
            site: None,
            pkg: None,
            ui: Appearance::default(),
            is_local: true,
            webhook: None,
            window: DEFAULT_WINDOW,
        }
    }

    /// The base URL of the API.
    pub fn api(&self) -> String {
        format!("{}/v1", self.origin)
    }

    /// Whether a page of this origin may read answers, and use passkeys of this server.
    pub fn allows_origin(&self, origin: &str) -> bool {
        is_loopback_origin(origin)
    }

    /// The origins, beside loopback ones, whose pages may open the pre-built UI and be handed its tokens.
    pub fn origins(&self) -> &[String] {
        &[]
    }

    /// Whether every loopback origin may.
    pub fn allows_any_loopback(&self) -> bool {
        true
    }

    /// The same, as a Content-Security-Policy names who may put a page into a frame.
    pub fn frame_ancestors(&self) -> &str {
        "http://localhost:* http://127.0.0.1:*"
    }
}

/// `http://` and a loopback host, with any port: exactly what a browser puts into `Origin`.
pub fn is_loopback_origin(origin: &str) -> bool {
    origin.strip_prefix("http://").is_some_and(is_loopback_host)
}

/// A loopback host, with or without a port, as in the `Host` header.
pub fn is_loopback_host(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|loopback| match host.strip_prefix(loopback) {
        Some("") => true,
        Some(rest) => rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_loopback_origins_are_local() {
        for origin in ["http://localhost:3000", "http://localhost", "http://127.0.0.1:8787", "http://[::1]:1"] {
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
            "http://LOCALHOST:99999",
        ] {
            assert!(!is_loopback_origin(origin), "{origin}");
        }
    }
}
