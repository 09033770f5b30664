//! Codes and links by e-mail, to the SMTP server that the operator names.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use url::Url;

use crate::config::is_loopback_host;
use crate::error::{ApiError, ApiResult};
use crate::outbox::Content;

/// How long the mail server may take for each of its answers.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Where e-mail goes, and from whom it is.
#[derive(Clone)]
pub struct Smtp {
    /// `smtps://USER:PASSWORD@HOST`, or `smtp://HOST:PORT?tls=required`. Without TLS on this machine only.
    pub url: String,
    /// The sender, with or without a name.
    pub from: Mailbox,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address holds a password.
        f.debug_struct("Smtp").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Smtp {
    /// Reads what the operator has said.
    ///
    /// # Errors
    /// What is wrong, without the address: it may hold a password.
    pub fn new(url: &str, from: &str) -> Result<Self, String> {
        let parsed = Url::parse(url).ok().filter(Url::has_host);
        let parsed = parsed.ok_or("is an address such as smtps://USER:PASSWORD@mail.example.com")?;
        let is_encrypted = match parsed.scheme() {
            "smtps" => true,
            "smtp" => parsed.query_pairs().any(|(name, value)| name == "tls" && value == "required"),
            _ => return Err("is an address of smtps or smtp".to_owned()),
        };
        if !is_encrypted && !is_loopback_host(parsed.host_str().unwrap_or_default()) {
            return Err(
                "would send codes readable by anybody on the way: smtps://…, or smtp://…?tls=required".to_owned()
            );
        }
        let from = from.parse().map_err(|_| {
            "needs --mail-from (AUTHSIGNAL_LOCAL_MAIL_FROM), such as `Violet Bank \
            <no-reply@example.com>`"
        })?;
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| "is no address that mail can be sent to")?;
        Ok(Self { url: url.to_owned(), from })
    }
}

/// A connection to the mail server.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Who asks, in the words of the operator.
    name: String,
}

impl Mailer {
    /// For the service of this name. Nothing is sent yet.
    pub fn new(smtp: &Smtp, name: &str) -> Result<Self, lettre::transport::smtp::Error> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&smtp.url)?.timeout(Some(PATIENCE)).build();
        Ok(Self { transport, from: smtp.from.clone(), name: name.to_owned() })
    }

    /// The letter to this address; nothing if there is nothing to send by mail.
    pub fn letter(&self, to: &str, content: Content<'_>) -> ApiResult<Option<Message>> {
        let name = &self.name;
        let (subject, text) = match content {
            Content::Code(code) => (
                format!("{code} is your code for {name}"),
                format!("Your code for {name} is:\r\n\r\n{code}\r\n\r\nIt can be used once, within 10 minutes."),
            ),
            Content::Link(url) => (
                format!("Confirm that it is you, for {name}"),
                format!("Open this link to confirm that it is you:\r\n\r\n{url}\r\n\r\nIt ends after 10 minutes."),
            ),
            Content::Question => return Ok(None),
        };
        let to = to.parse().map_err(|_| ApiError::invalid_request("No e-mail can be sent to this address."))?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(format!("{text}\r\n\r\nIf you have not asked for it, ignore this message.\r\n"))
            .map(Some)
            .map_err(ApiError::internal)
    }

    /// Hands a letter to the mail server, and waits until it has taken it.
    pub async fn send(&self, letter: Message) -> ApiResult<()> {
        self.transport.send(letter).await.map(drop).map_err(|error| {
            // What a server answers may repeat the letter: its class has to do.
            let why = if error.is_timeout() {
                "it took too long"
            } else if error.is_permanent() {
                "it refused"
            } else if error.is_transient() {
                "it is not able to at the moment"
            } else {
                "it cannot be reached, or speaks otherwise"
            };
            tracing::warn!(
                why,
                status = error.status().map(|code| code.to_string()),
                "the mail server did not take a letter"
            );
            ApiError::undelivered(format!("The mail server did not take the message: {why}. Nothing was sent."))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_out_encrypted_or_stay_on_this_machine() {
        let from = "Violet Bank <no-reply@example.com>";
        for url in
            ["smtps://ada:secret@mail.example.com", "smtp://mail.example.com:587?tls=required", "smtp://127.0.0.1:25"]
        {
            assert!(Smtp::new(url, from).is_ok(), "{url}");
        }
        for url in [
            "smtp://ada:secret@mail.example.com",
            "smtp://mail.example.com?tls=opportunistic",
            "https://a.example",
            "mail",
            "",
        ] {
            let why = Smtp::new(url, from).unwrap_err();
            assert!(!why.contains("ada:secret"), "{why}");
        }
        assert!(Smtp::new("smtps://mail.example.com", "").unwrap_err().contains("--mail-from"));
        assert!(!format!("{:?}", Smtp::new("smtps://ada:secret@mail.example.com", from)).contains("secret"));
    }
}
