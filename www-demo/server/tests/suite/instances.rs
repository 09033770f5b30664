//! Several instances on one PostgreSQL. Of SQLite there is one instance, which is then both.

use std::sync::Arc;
use std::time::Duration;

use authsignal_local::changes;
use authsignal_local::config::Config;
use authsignal_local::error::ApiError;
use authsignal_local::random::Random;
use authsignal_local::store::Store;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::timeout;

use crate::process::Folder;
use crate::socket;
use crate::support::server::{As, claims_of, fresh_database};
use crate::support::{Phone, Server};

/// Shorter than the look that a socket takes by itself.
const TOLD_WITHIN: Duration = Duration::from_secs(15);

async fn two() -> [Server; 2] {
    two_on(&fresh_database().await).await
}

async fn two_on(database: &str) -> [Server; 2] {
    let start = async || Server::start_on(Config::local(8787), Random::System, database).await;
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
async fn a_screen_and_a_poll_hear_of_a_phone_after_the_database_has_dropped_its_listeners() {
    let (database, name) = named_database().await;
    let [screens, phones] = two_on(&database).await;
    let phone = Phone::new("qr-code", 1);
    phone.add(&phones, &phones.track("ada", json!({})).await).await.ok();
    let port = socket::listen(&screens).await;
    let protocols = "authsignal-ws, x.authsignal.tenant.local";
    let (mut screen, _) = socket::connect(port, "/ws-v1-challenge", protocols).await.unwrap();
    let id = socket::create(&mut screen).await;
    terminate(&database, &name).await;
    // In the gap nobody listens: what happens in it is found by looking.
    phone.claim(&phones, &id).await.ok();
    let told = timeout(TOLD_WITHIN, socket::next(&mut screen)).await.expect("the claim is told");
    assert_eq!(told["data"]["state"], "claimed");
    terminate(&database, &name).await;
    phone.answer(&phones, &id, true, None).await.ok();
    let told = timeout(TOLD_WITHIN, socket::next(&mut screen)).await.expect("the approval is told");
    assert_eq!(told["data"]["state"], "approved");
    assert_eq!(claims_of(told["data"]["accessToken"].as_str().unwrap())["sub"], "ada");

    let push = Phone::new("push", 2);
    let may_add = phones.track("ada", json!({ "scope": "add:authenticators" })).await;
    push.add(&phones, &may_add).await.ok();
    let token = screens.track("ada", json!({})).await;
    let asked = screens.challenge(&token, "push").await.ok()["challengeId"].as_str().unwrap().to_owned();
    terminate(&database, &name).await;
    push.answer(&phones, &asked, true, None).await.ok();
    let poll = json!({ "challengeId": asked });
    let verified = screens.post("/v1/client/verify/push", As::Holder(&token), poll).await.ok();
    assert_eq!(verified["isVerified"], true);
}

/// A database whose connections can be told from those of other tests, and the name that they have.
async fn named_database() -> (String, String) {
    let name = format!("test {}", Random::System.id());
    let fresh = fresh_database().await;
    let separator = if fresh.contains('?') { '&' } else { '?' };
    let is_sqlite = fresh.starts_with("sqlite:");
    let named = format!("{fresh}{separator}application_name={}", name.replace(' ', "%20"));
    (if is_sqlite { fresh } else { named }, name)
}

/// Ends the connections that listen, as a restart of PostgreSQL or a cut cable does. SQLite has none.
async fn terminate(database: &str, name: &str) {
    if database.starts_with("sqlite:") {
        return;
    }
    let mut connection = PgConnection::connect(database).await.unwrap();
    let listening = "application_name = $1 AND query ILIKE 'LISTEN %'";
    let count = format!("SELECT count(*) FROM pg_stat_activity WHERE {listening}");
    let both = async {
        while sqlx::query_scalar::<_, i64>(AssertSqlSafe(count.clone()))
            .bind(name)
            .fetch_one(&mut connection)
            .await
            .unwrap()
            < 2
        {
            tokio::task::yield_now().await;
        }
    };
    timeout(TOLD_WITHIN, both).await.expect("both instances listen");
    let sql = format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {listening}");
    sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).bind(name).fetch_one(&mut connection).await.unwrap();
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

#[tokio::test]
async fn of_two_who_register_one_key_at_the_same_moment_one_does_and_the_other_is_told() {
    let servers = two().await.map(Arc::new);
    for round in 0..8 {
        let mut adding = Vec::new();
        for at in 0..6 {
            let server = servers[at % 2].clone();
            let token = server.track(&format!("user-{round}-{at}"), json!({})).await;
            let phone = Phone::new("push", 1 + round);
            adding.push(tokio::spawn(async move { phone.add(&server, &token).await }));
        }
        let mut added = 0;
        for answer in join_all(adding).await.into_iter().map(Result::unwrap) {
            if answer.status.is_success() {
                added += 1;
            } else {
                answer.refused(400, "invalid_request");
            }
        }
        assert_eq!(added, 1);
    }
}

#[tokio::test]
async fn of_two_who_register_one_passkey_at_the_same_moment_one_does_and_the_other_is_told() {
    let servers = two().await.map(Arc::new);
    // The same device twice, as a program can be.
    let known = crate::imports::passkey().await.1;
    for round in 0..8 {
        let mut known = known.clone();
        known["credentialId"] = json!(format!("{round:A>8}"));
        let enrolling = (0..6).map(|at| {
            let (server, known) = (servers[at % 2].clone(), known.clone());
            tokio::spawn(async move {
                let user_id = format!("user-{round}-{at}");
                if at < 3 {
                    let path = format!("/v1/users/{user_id}/authenticators");
                    return server.post(&path, As::Backend, crate::imports::of(&user_id, &known)).await;
                }
                let all = json!({ "authenticators": [crate::imports::of(&user_id, &known)] });
                server.post("/v1/users/authenticators", As::Backend, all).await
            })
        });
        let mut enrolled = 0;
        for answer in join_all(enrolling).await.into_iter().map(Result::unwrap) {
            if answer.status == 400 {
                answer.refused(400, "invalid_request");
                continue;
            }
            let body = answer.ok();
            match body["failures"].get(0) {
                Some(failure) => assert_eq!(failure["errorCode"], "conflict", "{body}"),
                None => enrolled += 1,
            }
        }
        assert_eq!(enrolled, 1);
    }
    let users = servers[0].get("/local/users", As::Nobody).await.ok();
    assert_eq!(users["users"].as_array().unwrap().len(), 8, "who was refused leaves no user: {users}");
}

#[tokio::test]
async fn batches_at_once_of_the_same_users_in_any_order_do_not_stop_one_another() {
    let servers = two().await.map(Arc::new);
    let known = crate::imports::passkey().await.1;
    for round in 0..6 {
        let one = |at: usize| {
            let mut known = known.clone();
            known["credentialId"] = json!(format!("{round}-{at:A>10}"));
            crate::imports::of(&format!("user-{round}-{at}"), &known)
        };
        let mut all: Vec<_> = (0..40).map(one).collect();
        let forth = json!({ "authenticators": all });
        all.reverse();
        let back = json!({ "authenticators": all });
        let posts = [forth, back].into_iter().zip(&servers).map(|(batch, server)| {
            let server = server.clone();
            tokio::spawn(async move { server.post("/v1/users/authenticators", As::Backend, batch).await })
        });
        for answer in join_all(posts).await {
            assert_eq!(answer.unwrap().ok()["succeeded"], 40);
        }
    }
}

#[tokio::test]
async fn whoever_is_stopped_for_another_to_go_on_is_asked_to_try_again() {
    let database = fresh_database().await;
    let store = Store::open(&database).await.unwrap();
    let mut first = store.write().await.unwrap();
    let [ada, bob] = ["ada", "bob"];
    for user_id in [ada, bob] {
        first.lock_or_create_user(user_id, user_id, 1).await.unwrap();
    }
    first.commit().await.unwrap();
    // Of SQLite only one writes.
    if database.starts_with("sqlite:") {
        return;
    }
    let (mut first, mut second) = (store.write().await.unwrap(), store.write().await.unwrap());
    first.lock_user(ada).await.unwrap();
    second.lock_user(bob).await.unwrap();
    let crossed = tokio::join!(
        async {
            let locked = first.lock_user(bob).await.map(drop);
            drop(first);
            locked
        },
        async {
            let locked = second.lock_user(ada).await.map(drop);
            drop(second);
            locked
        },
    );
    let errors: Vec<_> = [crossed.0, crossed.1].into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    for error in errors {
        let error = ApiError::from(error);
        assert_eq!((error.status().as_u16(), error.parts().0), (503, "unavailable"));
    }
}
