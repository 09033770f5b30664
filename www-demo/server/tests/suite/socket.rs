//! QR codes over a WebSocket; this needs a real socket.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::server::{As, claims_of};
use crate::support::{Phone, Server};

pub async fn listen(server: &Server) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = server.app.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    port
}

pub async fn connect(port: u16, path: &str, protocols: &str) -> Result<(WebSocketStream<TcpStream>, String), Error> {
    let mut request = format!("ws://127.0.0.1:{port}{path}").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (socket, response) = client_async(request, stream).await?;
    let echoed = response.headers()["sec-websocket-protocol"].to_str().unwrap().to_owned();
    Ok((socket, echoed))
}

pub async fn next(socket: &mut WebSocketStream<TcpStream>) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
}

pub async fn create(socket: &mut WebSocketStream<TcpStream>) -> String {
    let data = json!({ "challengeType": "QR_CODE", "actionCode": "kiosk", "custom": { "till": "4" } });
    let message = json!({ "type": "CREATE_CHALLENGE", "data": data });
    socket.send(Message::text(message.to_string())).await.unwrap();
    let created = next(socket).await;
    assert_eq!(created["type"], "CHALLENGE_CREATED");
    assert_eq!(created["data"]["state"], "unclaimed");
    assert!(created["data"]["expiresAt"].is_string());
    created["data"]["challengeId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_screen_hears_of_claim_and_approval_and_gets_the_token() {
    let server = Server::start().await;
    let phone = Phone::new("qr-code", 1);
    phone.add(&server, &server.track("ada", json!({})).await).await.ok();
    let port = listen(&server).await;
    let (mut socket, echoed) =
        connect(port, "/ws-v1-challenge", "authsignal-ws, x.authsignal.tenant.local").await.unwrap();
    assert_eq!(echoed, "authsignal-ws", "or Chromium drops the connection");
    socket.send(Message::text("nothing that is known")).await.unwrap();
    let dropped = create(&mut socket).await;
    let id = create(&mut socket).await;
    assert_ne!(id, dropped);
    phone.claim(&server, &id).await.ok();
    assert_eq!(
        next(&mut socket).await,
        json!({ "type": "STATE_CHANGE", "data": { "challengeId": id, "state": "claimed" } })
    );
    phone.answer(&server, &id, true, None).await.ok();
    let approved = next(&mut socket).await;
    assert_eq!(approved["data"]["state"], "approved");
    assert_eq!(claims_of(approved["data"]["accessToken"].as_str().unwrap())["sub"], "ada");

    phone.claim(&server, &dropped).await.ok();
    next(&mut socket).await;
    phone.answer(&server, &dropped, false, None).await.ok();
    assert_eq!(next(&mut socket).await["data"]["state"], "rejected");
    server.app.end();
    let closed = loop {
        if let Message::Close(frame) = socket.next().await.unwrap().unwrap() {
            break frame.unwrap();
        }
    };
    assert_eq!(u16::from(closed.code), 1001, "sockets are told that the server ends");
}

#[tokio::test]
async fn the_socket_is_found_at_every_path_that_ends_in_its_name() {
    let server = Server::start().await;
    let port = listen(&server).await;
    for path in ["/ws-v1-challenge", "/v1/ws-v1-challenge", "/api-ws/ws-v1-challenge"] {
        connect(port, path, "authsignal-ws, x.authsignal.tenant.local").await.unwrap();
    }
    let token = server.track("ada", json!({})).await;
    connect(port, "/ws-v1-challenge", &format!("authsignal-ws, x.authsignal.token.{token}")).await.unwrap();
}

#[tokio::test]
async fn a_socket_without_a_valid_token_or_tenant_is_not_opened() {
    let server = Server::start().await;
    let port = listen(&server).await;
    for protocols in
        ["authsignal-ws", "authsignal-ws, x.authsignal.tenant.other", "authsignal-ws, x.authsignal.token.x"]
    {
        match connect(port, "/ws-v1-challenge", protocols).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 401, "{protocols}"),
            other => panic!("{protocols}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_socket_is_closed_without_a_word_when_the_tester_wishes() {
    let server = Server::start().await;
    let faults = json!({ "faults": [{ "path": "/ws-v1-challenge", "outcome": "socketClose" }] });
    server.post("/local/faults", As::Nobody, faults).await.ok();
    let port = listen(&server).await;
    let (mut socket, _) = connect(port, "/ws-v1-challenge", "authsignal-ws, x.authsignal.tenant.local").await.unwrap();
    create(&mut socket).await;
    let ended = socket.next().await;
    assert!(matches!(ended, None | Some(Err(_))), "{ended:?}");
    let (mut again, _) = connect(port, "/ws-v1-challenge", "authsignal-ws, x.authsignal.tenant.local").await.unwrap();
    create(&mut again).await;
}
