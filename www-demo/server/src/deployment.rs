//! Serve mode: what an operator has to say before the server answers anybody but this machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use url::{Host, Url};

use crate::config::{Config, Metrics, is_loopback_origin};
use crate::mail::Smtp;
use crate::routes::server::actions::is_action_code;
use crate::token_key::TokenKey;

/// The shortest secret: 256 bits, if its bytes are random.
pub const SHORTEST_SECRET: usize = 32;

/// The shortest token for the figures.
const SHORTEST_METRICS_TOKEN: usize = 16;

/// What `authsignal-local serve` is told, by flags or by the environment. Everything is text until [`Deployment::check`]
/// has seen all of it, so that all that is wrong is told at once, and no value of a secret is echoed.
#[derive(Args, Clone, Default)]
pub struct Deployment {
    /// The address and port to listen on.
    #[arg(long, env = "AUTHSIGNAL_LOCAL_LISTEN", default_value = "127.0.0.1:8787", hide_env_values = true)]
    pub listen: String,
    /// The address that browsers and backends reach the server at: https://auth.example.com [required]
    #[arg(long, env = "AUTHSIGNAL_LOCAL_PUBLIC_URL", hide_env_values = true)]
    pub public_url: Option<String>,
    /// The API secret: key of the server API, of tokens and of webhooks; 32 bytes or more. Other users of the machine see
    /// flags: prefer the variable [required]
    #[arg(long, env = "AUTHSIGNAL_LOCAL_SECRET", hide_env_values = true)]
    pub secret: Option<String>,
    /// An origin whose pages may use the API, frame the pre-built UI and be redirected to: https://app.example.com. Once
    /// for each, or with commas between them [required]
    #[arg(long = "origin", env = "AUTHSIGNAL_LOCAL_ORIGINS", value_delimiter = ',', hide_env_values = true)]
    pub origins: Vec<String>,
    /// The relying party of passkeys: the domain that the origins share, as example.com [required]
    #[arg(long, env = "AUTHSIGNAL_LOCAL_RP_ID", hide_env_values = true)]
    pub rp_id: Option<String>,
    /// What authenticator apps and passkey prompts show; the relying party if absent.
    #[arg(long, env = "AUTHSIGNAL_LOCAL_RP_NAME", hide_env_values = true)]
    pub rp_name: Option<String>,
    /// Where the data lives: postgres://… for any number of instances, or sqlite:PATH for one [required]
    #[arg(long, env = "AUTHSIGNAL_LOCAL_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// The tenant's id, which clients are constructed with.
    #[arg(long, env = "AUTHSIGNAL_LOCAL_TENANT_ID", default_value = "local", hide_env_values = true)]
    pub tenant_id: String,
    /// The folder of the pre-built UI; without it, the `url` of `track` leads nowhere.
    #[arg(long, env = "AUTHSIGNAL_LOCAL_SITE", hide_env_values = true)]
    pub site: Option<PathBuf>,
    /// The built npm package, which the pre-built UI loads from /pkg/.
    #[arg(long, env = "AUTHSIGNAL_LOCAL_PKG", hide_env_values = true)]
    pub pkg: Option<PathBuf>,
    /// A JSON file with the pre-built UI's theme (name, logo, colorScheme, colors, darkColors) and texts.
    #[arg(long, env = "AUTHSIGNAL_LOCAL_UI", hide_env_values = true)]
    pub ui: Option<PathBuf>,
    /// Where the backend takes signed events: email.created, sms.created, push.created, authenticator.*
    #[arg(long, env = "AUTHSIGNAL_LOCAL_WEBHOOK", hide_env_values = true)]
    pub webhook: Option<String>,
    /// A PEM file with an RSA private key: tokens are signed by RS256, and its public half is published.
    #[arg(long, env = "AUTHSIGNAL_LOCAL_TOKEN_KEY", hide_env_values = true)]
    pub token_key: Option<PathBuf>,
    /// Sends as many codes, and lets them be tried as often, as anybody asks. The limits are the vendor's: see the README.
    #[arg(long, env = "AUTHSIGNAL_LOCAL_NO_RATE_LIMITS")]
    pub no_rate_limits: bool,
    /// Minutes that a token, a binding window and a question to a phone last, of at most a day [default: 10]
    #[arg(long, env = "AUTHSIGNAL_LOCAL_TOKEN_MINUTES", value_name = "N", hide_env_values = true)]
    pub token_minutes: Option<String>,
    /// The code of the error that a token's scope does not allow something [default: insufficient_scope]
    #[arg(long, env = "AUTHSIGNAL_LOCAL_SCOPE_CODE", value_name = "CODE", hide_env_values = true)]
    pub scope_code: Option<String>,
    /// Leaves an action as it is when a person says no on a device: the backend decides. Without it, CHALLENGE_FAILED.
    #[arg(long, env = "AUTHSIGNAL_LOCAL_REJECTION_LEAVES_OPEN")]
    pub rejection_leaves_open: bool,
    /// Where e-mail goes: smtps://USER:PASSWORD@HOST, or smtp://HOST:PORT?tls=required. Without it, to the webhook.
    #[arg(long, env = "AUTHSIGNAL_LOCAL_SMTP", hide_env_values = true)]
    pub smtp: Option<String>,
    /// The sender of e-mail: `Violet Bank <no-reply@example.com>`.
    #[arg(long, env = "AUTHSIGNAL_LOCAL_MAIL_FROM", hide_env_values = true)]
    pub mail_from: Option<String>,
    /// Who reads /metrics sends this: `Authorization: Bearer TOKEN`, of 16 bytes or more. Without it, /metrics answers
    /// where --listen is an address of this machine only, and else nobody.
    #[arg(long, env = "AUTHSIGNAL_LOCAL_METRICS_TOKEN", hide_env_values = true)]
    pub metrics_token: Option<String>,
}

/// Reads how many minutes tokens last.
pub fn token_minutes(text: &str) -> Result<i64, String> {
    const MOST: i64 = 24 * 60;
    let minutes = text.parse().ok().filter(|minutes| (1..=MOST).contains(minutes));
    minutes.ok_or_else(|| format!("a whole number of minutes is needed, from 1 to {MOST}"))
}

/// Reads the code of an error.
pub fn error_code(text: &str) -> Result<String, String> {
    if is_action_code(text) {
        Ok(text.to_owned())
    } else {
        Err("1 to 64 letters, digits, _ or - are needed".to_owned())
    }
}

/// What is needed to start.
pub struct Checked {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where the data lives.
    pub database: String,
    /// The settings.
    pub config: Config,
}

impl Deployment {
    /// The settings, or a line for each thing that is missing or wrong.
    pub fn check(self) -> Result<Checked, Vec<String>> {
        let mut wrong = Vec::new();
        let listen = self.listen.parse();
        if listen.is_err() {
            wrong.push(format!("--listen is an address and a port, such as 127.0.0.1:8787, not `{}`", self.listen));
        }
        let secret = present(self.secret).unwrap_or_else(|| {
            wrong.push(missing("--secret", "SECRET", "32 bytes or more, such as `openssl rand -base64 32` prints"));
            "0".repeat(SHORTEST_SECRET)
        });
        if secret.len() < SHORTEST_SECRET {
            wrong.push(format!(
                "--secret (AUTHSIGNAL_LOCAL_SECRET) has {} bytes, and needs {SHORTEST_SECRET} or more: \
                 `openssl rand -base64 32` prints one",
                secret.len()
            ));
        }
        let public_url = present(self.public_url).unwrap_or_else(|| {
            wrong.push(missing("--public-url", "PUBLIC_URL", "where browsers reach this server"));
            String::new()
        });
        let public_url = public_url.trim_end_matches('/').to_owned();
        if !public_url.is_empty()
            && let Err(why) = check_origin(&public_url)
        {
            wrong.push(format!("--public-url (AUTHSIGNAL_LOCAL_PUBLIC_URL) {why}"));
        }
        let origins: Vec<_> = self.origins.into_iter().filter_map(|origin| present(Some(origin))).collect();
        if origins.is_empty() {
            wrong.push(missing("--origin", "ORIGINS", "the pages that may use the API"));
        }
        for origin in &origins {
            if let Err(why) = check_origin(origin) {
                wrong.push(format!("--origin (AUTHSIGNAL_LOCAL_ORIGINS) {why}"));
            }
        }
        let rp_id = present(self.rp_id).unwrap_or_else(|| {
            wrong.push(missing("--rp-id", "RP_ID", "the domain that passkeys belong to"));
            String::new()
        });
        if !rp_id.is_empty() && !is_domain(&rp_id) {
            wrong.push(format!(
                "--rp-id (AUTHSIGNAL_LOCAL_RP_ID) is a domain in lower case, such as example.com, not `{rp_id}`"
            ));
        } else if !rp_id.is_empty()
            && !origins.is_empty()
            && origins.iter().all(|origin| check_origin(origin).is_ok() && !is_within(origin, &rp_id))
        {
            wrong.push(format!(
                "--rp-id `{rp_id}` is the domain of none of the origins: no page could use its passkeys"
            ));
        }
        let database = present(self.database).unwrap_or_else(|| {
            wrong.push(missing("--database", "DATABASE", "postgres://USER:PASSWORD@HOST/NAME, or sqlite:PATH"));
            String::new()
        });
        if database.contains(":memory:") {
            wrong.push(
                "--database (AUTHSIGNAL_LOCAL_DATABASE) in memory is gone with the process: name a file or PostgreSQL"
                    .to_owned(),
            );
        }
        let tenant_id = present(Some(self.tenant_id)).unwrap_or_else(|| {
            wrong.push("--tenant-id (AUTHSIGNAL_LOCAL_TENANT_ID) is empty".to_owned());
            String::new()
        });
        let webhook = present(self.webhook);
        if webhook.as_deref().is_some_and(|address| !is_web_address(address)) {
            wrong.push("--webhook (AUTHSIGNAL_LOCAL_WEBHOOK) is an http or https address".to_owned());
        }
        let token_key = self.token_key.as_deref().map(TokenKey::read).transpose().unwrap_or_else(|why| {
            wrong.push(format!("--token-key (AUTHSIGNAL_LOCAL_TOKEN_KEY): {why}"));
            None
        });
        let smtp = present(self.smtp).and_then(|url| {
            let smtp = Smtp::new(&url, &self.mail_from.unwrap_or_default());
            smtp.map_err(|why| wrong.push(format!("--smtp (AUTHSIGNAL_LOCAL_SMTP) {why}"))).ok()
        });
        let mut told = |flag: &str, why: String| wrong.push(format!("{flag}: {why}"));
        let minutes = present(self.token_minutes).map(|text| token_minutes(&text)).transpose().unwrap_or_else(|why| {
            told("--token-minutes (AUTHSIGNAL_LOCAL_TOKEN_MINUTES)", why);
            None
        });
        let scope_code = present(self.scope_code).map(|text| error_code(&text)).transpose().unwrap_or_else(|why| {
            told("--scope-code (AUTHSIGNAL_LOCAL_SCOPE_CODE)", why);
            None
        });
        let metrics = match present(self.metrics_token) {
            Some(token) => {
                if token.len() < SHORTEST_METRICS_TOKEN {
                    wrong.push(format!(
                        "--metrics-token (AUTHSIGNAL_LOCAL_METRICS_TOKEN) has {} bytes, and needs \
                         {SHORTEST_METRICS_TOKEN} or more",
                        token.len()
                    ));
                }
                Metrics::Token(token)
            }
            None if listen.as_ref().is_ok_and(|listen: &SocketAddr| listen.ip().is_loopback()) => Metrics::Open,
            None => Metrics::Closed,
        };
        match listen {
            Ok(listen) if wrong.is_empty() => Ok(Checked {
                listen,
                database,
                config: Config {
                    tenant_id,
                    secret,
                    origin: public_url,
                    origins,
                    rp_name: present(self.rp_name).unwrap_or_else(|| rp_id.clone()),
                    rp_id,
                    site: self.site,
                    pkg: self.pkg,
                    webhook,
                    token_key,
                    rate_limits: !self.no_rate_limits,
                    rejection_fails: !self.rejection_leaves_open,
                    smtp,
                    metrics,
                    is_local: false,
                    ..Config::local(0)
                }
                .with(minutes, scope_code),
            }),
            _ => Err(wrong),
        }
    }
}

/// A variable that is set to nothing says nothing.
fn present(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn missing(flag: &str, variable: &str, what: &str) -> String {
    format!("{flag} (AUTHSIGNAL_LOCAL_{variable}) is missing: {what}")
}

/// Exactly what a browser puts into `Origin`, and of a page that may use passkeys.
fn check_origin(text: &str) -> Result<(), String> {
    let canonical = Url::parse(text).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    if canonical != text {
        return Err(format!("is an origin, such as https://app.example.com, without a path, not `{text}`"));
    }
    if !text.starts_with("https://") && !is_loopback_origin(text) {
        return Err(format!("needs https, for browsers give passkeys to nothing else: not `{text}`"));
    }
    Ok(())
}

/// Whether a request can be sent there.
pub fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn is_domain(text: &str) -> bool {
    Url::parse(&format!("https://{text}"))
        .is_ok_and(|url| url.host_str() == Some(text) && matches!(url.host(), Some(Host::Domain(_))))
}

/// Whether a page of this origin may use passkeys of this relying party.
pub(crate) fn is_within(origin: &str, rp_id: &str) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
    let host = url.host_str().unwrap_or_default();
    host == rp_id || host.strip_suffix(rp_id).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Deployment {
        Deployment {
            listen: "127.0.0.1:8787".to_owned(),
            public_url: Some("https://auth.example.com".to_owned()),
            secret: Some("0123456789abcdef0123456789abcdef".to_owned()),
            origins: vec!["https://app.example.com".to_owned()],
            rp_id: Some("example.com".to_owned()),
            database: Some("postgres://db/authsignal".to_owned()),
            tenant_id: "local".to_owned(),
            ..Deployment::default()
        }
    }

    fn wrong(deployment: Deployment) -> Vec<String> {
        deployment.check().err().unwrap_or_default()
    }

    #[test]
    fn what_is_complete_starts_and_is_no_local_server() {
        let config = complete().check().map_err(|wrong| wrong.join("\n")).unwrap().config;
        assert!(!config.is_local && config.rejection_fails);
        let open = Deployment { rejection_leaves_open: true, ..complete() };
        assert!(!open.check().map_err(|wrong| wrong.join("\n")).unwrap().config.rejection_fails);
        assert_eq!(config.rp_name, "example.com");
        assert!(config.allows_origin("https://app.example.com") && config.allows_origin("https://auth.example.com"));
        for origin in [
            "http://localhost:3000",
            "https://app.example.com.attacker.example",
            "https://app.example.com:444",
            "http://app.example.com",
            "https://APP.example.com",
            "null",
            "",
        ] {
            assert!(!config.allows_origin(origin), "{origin}");
        }
        assert_eq!(config.frame_ancestors(), "https://app.example.com");
    }

    #[test]
    fn everything_that_is_missing_is_named_on_a_line_of_its_own() {
        let nothing =
            Deployment { listen: "127.0.0.1:0".to_owned(), tenant_id: "t".to_owned(), ..Deployment::default() };
        let lines = wrong(nothing);
        for flag in ["--secret", "--public-url", "--origin", "--rp-id", "--database"] {
            assert_eq!(lines.iter().filter(|line| line.starts_with(flag)).count(), 1, "{flag}: {lines:?}");
        }
        assert_eq!(lines.len(), 5, "{lines:?}");
        assert!(lines.iter().all(|line| !line.contains('\n')));
        let empty = Deployment { secret: Some("  ".to_owned()), ..complete() };
        assert!(wrong(empty)[0].contains("is missing"));
    }

    #[test]
    fn what_would_not_be_safe_or_would_not_work_is_refused() {
        let short = "0123456789abcdef0123456789abcde";
        let lines = wrong(Deployment { secret: Some(short.to_owned()), ..complete() });
        assert!(lines[0].contains("has 31 bytes") && !lines[0].contains(short), "{lines:?}");
        for origin in
            ["https://app.example.com/", "https://*.example.com/x", "app.example.com", "http://app.example.com", "null"]
        {
            assert_eq!(wrong(Deployment { origins: vec![origin.to_owned()], ..complete() }).len(), 1, "{origin}");
        }
        for rp_id in
            ["https://example.com", "Example.com", "example.com:443", "192.0.2.1", "other.example", "ample.com"]
        {
            assert_eq!(wrong(Deployment { rp_id: Some(rp_id.to_owned()), ..complete() }).len(), 1, "{rp_id}");
        }
        assert_eq!(wrong(Deployment { database: Some("sqlite::memory:".to_owned()), ..complete() }).len(), 1);
        assert_eq!(wrong(Deployment { public_url: Some("http://auth.example.com".to_owned()), ..complete() }).len(), 1);
        assert_eq!(wrong(Deployment { listen: "8787".to_owned(), ..complete() }).len(), 1);
    }

    #[test]
    fn a_trial_on_this_machine_may_do_without_https() {
        let trial = Deployment {
            public_url: Some("http://localhost:8080/".to_owned()),
            origins: vec!["http://localhost:3000".to_owned()],
            rp_id: Some("localhost".to_owned()),
            ..complete()
        };
        assert_eq!(trial.check().map_err(|wrong| wrong.join("\n")).unwrap().config.origin, "http://localhost:8080");
    }
}
