//! Connections: whoever sends or reads too slowly is not waited for.

use std::pin::pin;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;

use crate::app::App;

/// How long nothing is accepted after that failed, as it does when too many files are open.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// How long requests that are being answered may take once the server is to end: a letter, or the backend's webhook, may be
/// waited for.
pub const LAST_ANSWERS: Duration = Duration::from_secs(15);

/// Answers whoever connects, until the server is about to end; and then finishes. `axum::serve` does the same, and waits
/// for ever: for the head of a request, and for a client that does not read.
pub async fn accept(app: App, listener: TcpListener) {
    let service = TowerToHyperService::new(app.router());
    let patience = app.config.patience;
    let mut open = JoinSet::new();
    let mut http = http1::Builder::new();
    // The time between two requests counts as well.
    http.timer(TokioTimer::new()).header_read_timeout(patience);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = open.join_next() => continue,
            () = app.ended() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let mut stream = TimeoutStream::new(stream);
                stream.set_write_timeout(Some(patience));
                let io = TokioIo::new(Box::pin(stream));
                let connection = http.serve_connection(io, service.clone()).with_upgrades();
                let app = app.clone();
                open.spawn(async move {
                    let mut connection = pin!(connection);
                    // How a connection ends is its client's affair.
                    tokio::select! {
                        _ = connection.as_mut() => return,
                        () = app.ended() => connection.as_mut().graceful_shutdown(),
                    }
                    let _ = connection.await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    drop(listener);
    open.join_all().await;
    // Sockets have left their connections behind, and tell their clients still.
    app.sockets_closed().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mail, webhook};

    #[test]
    fn whoever_waits_for_a_letter_or_the_backend_is_answered_before_the_server_ends() {
        for wait in [mail::PATIENCE, webhook::PATIENCE] {
            assert!(wait < LAST_ANSWERS, "{wait:?}");
        }
    }
}
