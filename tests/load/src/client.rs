//! One caller: a connection that is kept, and opened anew when it was lost.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a request proves who asks.
#[derive(Clone, Copy)]
pub enum As<'a> {
    Tenant,
    Backend,
    Holder(&'a str),
}

/// Whom a server takes for its tenant and its backend.
#[derive(Clone)]
pub struct Credentials {
    pub tenant_id: String,
    pub secret: String,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    pub fn ok(self) -> Result<Value> {
        if self.status != 200 {
            bail!("{}: {}", self.status, self.body);
        }
        Ok(self.body)
    }
}

pub struct Client {
    address: String,
    credentials: Credentials,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// Of the server at this host and port.
    pub fn new(address: &str, credentials: &Credentials) -> Client {
        Client { address: address.to_owned(), credentials: credentials.clone(), connection: None }
    }

    /// Posts JSON; `null` posts nothing.
    pub async fn post(&mut self, path: &str, by: As<'_>, body: &Value) -> Result<Answer> {
        self.call(Method::POST, path, by, body).await
    }

    /// Gets JSON.
    pub async fn get(&mut self, path: &str, by: As<'_>) -> Result<Answer> {
        self.call(Method::GET, path, by, &Value::Null).await
    }

    /// Posts a form, as the button of a page does.
    pub async fn post_form(&mut self, path: &str, body: &str) -> Result<Answer> {
        self.send(Method::POST, path, As::Tenant, "application/x-www-form-urlencoded", body.to_owned().into()).await
    }

    async fn call(&mut self, method: Method, path: &str, by: As<'_>, body: &Value) -> Result<Answer> {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.send(method, path, by, "application/json", body).await
    }

    /// Sends a request. An error means that nobody knows whether the server did it.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        by: As<'_>,
        content_type: &str,
        body: Bytes,
    ) -> Result<Answer> {
        let basic = |user: &str| format!("Basic {}", BASE64_STANDARD.encode(user));
        let authorization = match by {
            As::Tenant => basic(&self.credentials.tenant_id),
            As::Backend => basic(&format!("{}:", self.credentials.secret)),
            As::Holder(token) => format!("Bearer {token}"),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, content_type)
            .body(Full::new(body))?;
        // Taken out, so that one that failed is not used again.
        let mut connection = match self.connection.take() {
            Some(connection) if !connection.is_closed() => connection,
            _ => self.connect().await?,
        };
        connection.ready().await?;
        let answer = timeout(PATIENCE, async {
            let response = connection.send_request(request).await?;
            let status = response.status().as_u16();
            let bytes = response.into_body().collect().await?.to_bytes();
            anyhow::Ok((status, bytes))
        });
        let (status, bytes) = answer.await.with_context(|| format!("{path}: no answer in time"))??;
        self.connection = Some(connection);
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Ok(Answer { status, body })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Its error is that of the request which it carried.
        tokio::spawn(connection);
        Ok(sender)
    }
}
