//! The backend that the server hands codes and links to.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

/// Takes every event, and keeps the newest message to each address.
#[derive(Clone)]
pub struct Receiver {
    /// Where it listens.
    pub url: String,
    messages: Arc<Mutex<HashMap<String, Value>>>,
}

impl Receiver {
    pub async fn listen() -> Result<Receiver> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let receiver = Receiver { url, messages: Arc::default() };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = serving.clone();
                let service = service_fn(move |request| receiver.clone().take(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(receiver)
    }

    async fn take(self, request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
        let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let event: Value = serde_json::from_slice(&body).unwrap_or_default();
        if let Some(to) = event["data"]["to"].as_str() {
            self.messages.lock().unwrap_or_else(PoisonError::into_inner).insert(to.to_owned(), event["data"].clone());
        }
        Ok(Response::new(Empty::new()))
    }

    /// The code or link (`field`) in the newest message to this address.
    pub fn received(&self, to: &str, field: &str) -> Result<String> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let message = messages.get(to).with_context(|| format!("no message to {to}"))?;
        message[field].as_str().map(str::to_owned).with_context(|| format!("no {field} in {message}"))
    }
}
