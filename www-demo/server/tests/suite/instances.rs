//! Several instances on one PostgreSQL. Of SQLite there is one instance, which is then both.

use std::time::Duration;

use authsignal_local::changes;
use authsignal_local::config::Config;
use authsignal_local::random::Random;
use authsignal_local::store::Store;
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::timeout;

use crate::process::Folder;
use crate::socket;
use crate::support::server::{As, claims_of, fresh_database};
use crate::support::{Phone, Server};

/// Shorter than the look that a socket takes by itself.
const TOLD_WITHIN: Duration = Duration::from_secs(15);

async fn two() -> [Server; 2] {
    let database = fresh_database().await;
    let start = async || Server::start_on(Config::local(8787), Random::System, &database).await;
    let first = start().await;
    let second = if database.starts_with("sqlite:") { Server { app: first.app.clone() } } else { start().await };
    for server in [&first, &second] {
        tokio::spawn(changes::listen(server.app.clone()));
    }
    [first, second]
}

#[tokio::test]
async fn a_screen_hears_of_a_phone_that_talks_to_another_instance() {
    let [screens, phones] = two().await;
    let phone = Phone::new("qr-code", 1);
    phone.add(&phones, &phones.track("ada", json!({})).await).await.ok();
    let port = socket::listen(&screens).await;
    let protocols = "authsignal-ws, x.authsignal.tenant.local";
    let (mut screen, _) = socket::connect(port, "/ws-v1-challenge", protocols).await.unwrap();
    let id = socket::create(&mut screen).await;
    phone.claim(&phones, &id).await.ok();
    let told = timeout(TOLD_WITHIN, socket::next(&mut screen)).await.expect("the claim is told");
    assert_eq!(told["data"]["state"], "claimed");
    phone.answer(&phones, &id, true, None).await.ok();
    let told = timeout(TOLD_WITHIN, socket::next(&mut screen)).await.expect("the approval is told");
    assert_eq!(told["data"]["state"], "approved");
    assert_eq!(claims_of(told["data"]["accessToken"].as_str().unwrap())["sub"], "ada");
}

#[tokio::test]
async fn what_one_instance_began_another_goes_on_with_and_the_first_ends() {
    let [first, second] = two().await;
    let phone = Phone::new("push", 1);
    phone.add(&first, &first.track("ada", json!({})).await).await.ok();
    let token = second.track("ada", json!({})).await;
    let asked = first.challenge(&token, "push").await.ok()["challengeId"].as_str().unwrap().to_owned();
    phone.answer(&second, &asked, true, None).await.ok();
    let verified = first.post("/v1/client/verify/push", As::Holder(&token), json!({ "challengeId": asked })).await.ok();
    let window = verified["accessToken"].as_str().unwrap().to_owned();
    let options = second.registration_options(&window).await.ok();
    let credential = crate::support::Device::new().create(&options["options"]).await;
    first.register(&window, &options, credential).await.ok();
    assert_eq!(second.methods("ada").await, ["PASSKEY", "PUSH"]);
}

#[tokio::test]
async fn instances_that_start_at_once_on_an_empty_database_all_start() {
    let fresh = fresh_database().await;
    let folder = Folder::new();
    let database =
        if fresh.contains(":memory:") { format!("sqlite:{}/data.sqlite", folder.0.display()) } else { fresh };
    let started = join_all((0..6).map(|_| {
        let database = database.clone();
        tokio::spawn(async move { Store::open(&database).await })
    }))
    .await;
    for store in started {
        let store = store.unwrap().unwrap();
        assert!(store.is_empty().await.unwrap());
        store.close().await;
    }
}
