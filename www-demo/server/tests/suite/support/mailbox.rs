//! A mail server that keeps what it takes.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

pub struct MailServer {
    pub url: String,
    letters: mpsc::UnboundedReceiver<Letter>,
}

/// A letter, as it came.
#[derive(Debug)]
pub struct Letter {
    pub from: String,
    pub to: String,
    pub text: String,
}

impl MailServer {
    /// Takes every letter, or refuses each.
    pub async fn start(takes: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let (sender, letters) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, takes, sender.clone()));
            }
        });
        Self { url, letters }
    }

    /// The same behind TLS, with the certificate of `tests/keys/mail.pem`.
    pub async fn start_with_tls() -> Self {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let url = format!("smtps://localhost:{}", listener.local_addr().unwrap().port());
        let chain = vec![CertificateDer::from_pem_slice(include_bytes!("../../keys/mail.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../keys/mail.key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()));
        let (sender, letters) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move { talk(acceptor.accept(stream).await?, true, sender).await });
            }
        });
        Self { url, letters }
    }

    pub async fn letter(&mut self) -> Letter {
        self.letters.recv().await.unwrap()
    }
}

/// As much of RFC 5321 as a client needs.
async fn talk<S>(stream: S, takes: bool, letters: mpsc::UnboundedSender<Letter>) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite,
{
    let (reader, mut writer) = tokio::io::split(stream);
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 mail.example.test\r\n").await?;
    let mut letter = Letter { from: String::new(), to: String::new(), text: String::new() };
    let address = |line: &str| line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
    while let Some(line) = lines.next_line().await? {
        let answer = match line.get(..4).unwrap_or_default() {
            "EHLO" => "250-mail.example.test\r\n250 8BITMIME",
            "MAIL" => {
                letter.from = address(&line);
                "250 OK"
            }
            "RCPT" if !takes => "550 No such mailbox here",
            "RCPT" => {
                letter.to = address(&line);
                "250 OK"
            }
            "DATA" => {
                writer.write_all(b"354 Go on\r\n").await?;
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    letter.text += &(line + "\n");
                }
                let whole = std::mem::replace(
                    &mut letter,
                    Letter { from: String::new(), to: String::new(), text: String::new() },
                );
                // Quoted-printable (RFC 2045, 6.7), as far as ASCII needs it.
                let text = whole.text.replace("=\n", "").replace("=3D", "=");
                let _ = letters.send(Letter { text, ..whole });
                "250 Taken"
            }
            "QUIT" => "221 Bye",
            _ => "250 OK",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
