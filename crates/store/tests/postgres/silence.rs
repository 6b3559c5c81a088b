//! A network that swallows everything: nothing comes, and nothing is refused.

use std::time::{Duration, Instant};

use domain::Kind;
use store::{ListFilter, Outcome, Store, StoreError};

use crate::postgres_server::Server;
use crate::proxy::Proxy;
use crate::{BACK, count, need, opened};

/// Seconds that a statement may take here, and how long after them it must have been given up.
const ANSWER: u64 = 1;
const GIVEN_UP: Duration = Duration::from_secs(ANSWER + 5 + 4);

async fn behind(server: &Server) -> (Proxy, Store) {
    let proxy = Proxy::start(server.socket()).await;
    let store = impatient(&proxy.address(&server.database())).await;
    store.upsert(vec![need("a")]).await.unwrap();
    (proxy, store)
}

/// What sqlx asks of a connection that comes back, it waits for without a bound (`docs/reliability.md`): that is not what is tried here.
async fn at_rest(store: &Store) {
    while [store.load().readers, store.load().writer]
        .iter()
        .any(|connections| connections.idle < connections.open)
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn impatient(url: &str) -> Store {
    opened(&format!("{url}&answer_seconds={ANSWER}")).await
}

fn is_soon(since: Instant) {
    assert!(since.elapsed() < GIVEN_UP, "{:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rested_while_the_network_forgot_it_is_replaced() {
    let Some(server) = Server::shared() else { return };
    let (proxy, store) = behind(server).await;
    count(&store).await;
    at_rest(&store).await;
    proxy.swallow();
    let started = Instant::now();
    assert_eq!(count(&store).await, 1);
    store.upsert(vec![need("b")]).await.unwrap();
    assert_eq!(count(&store).await, 2);
    assert!(started.elapsed() < BACK, "{:?}", started.elapsed());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_begins_to_ask_does_not_wait_for_a_closed_port_and_what_waits_rides_it_out() {
    let Some(server) = Server::shared() else { return };
    let (proxy, store) = behind(server).await;
    proxy.close().await;
    let under_way = tokio::spawn({
        let store = store.clone();
        async move { count(&store).await }
    });
    for _ in 0..2 {
        let started = Instant::now();
        let error = store.key(domain::access::KeyId(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    }
    assert!(!under_way.is_finished());
    proxy.open_again().await;
    assert_eq!(under_way.await.unwrap(), 1);
    let started = Instant::now();
    while store.key(domain::access::KeyId(1)).await.is_err() {
        assert!(started.elapsed() < BACK, "what was seen of the port is forgotten");
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_whose_answer_never_comes_is_given_up() {
    let Some(server) = Server::shared() else { return };
    let (proxy, store) = behind(server).await;
    proxy.swallow_after("FROM records");
    let started = Instant::now();
    let error = store.count(Kind::Need, &ListFilter::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    is_soon(started);
    assert_eq!(count(&store).await, 1, "the next one has another connection");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_never_comes_is_given_up_and_the_turn_is_free_again() {
    let Some(server) = Server::shared() else { return };
    let (proxy, store) = behind(server).await;
    let mut import = store.import().await.unwrap();
    import.upsert(vec![need("b")]).await.unwrap();
    proxy.swallow();
    let started = Instant::now();
    let error = import.upsert(vec![need("c")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    is_soon(started);
    assert!(matches!(import.commit().await.unwrap_err(), StoreError::ImportAborted));
    let started = Instant::now();
    store.upsert(vec![need("b")]).await.unwrap();
    assert!(started.elapsed() < BACK, "{:?}", started.elapsed());
    assert_eq!(count(&store).await, 2);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_never_comes_is_neither_success_nor_failure() {
    let Some(server) = Server::shared() else { return };
    let (proxy, store) = behind(server).await;
    proxy.swallow_after("COMMIT\0");
    let started = Instant::now();
    let error = store.upsert(vec![need("b")]).await.unwrap_err();
    assert!(matches!(error, StoreError::OutcomeUnknown(_)), "{error:?}");
    is_soon(started);
    let again = store.upsert(vec![need("b")]).await.unwrap();
    assert_eq!(again[0].outcome, Outcome::Unchanged, "the server had heard it");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_ended_by_the_server() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let store = impatient(&url).await;
    let holding = tokio::task::spawn_blocking({
        let url = url.clone();
        move || server.sql(&url, "BEGIN; LOCK TABLE records; SELECT pg_sleep(4); ROLLBACK")
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let started = Instant::now();
    let error = store.count(Kind::Need, &ListFilter::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(ANSWER + 2), "{:?}", started.elapsed());
    holding.await.unwrap();
    assert_eq!(count(&store).await, 0, "the connection is as good as before");
    store.close().await;
}

#[tokio::test]
async fn how_long_a_statement_may_take_is_a_number_of_seconds() {
    for seconds in ["0", "-1", "86401", "1.5", "x", ""] {
        let url = format!("postgres://h:geheim@127.0.0.1:1/h?answer_seconds={seconds}");
        assert!(matches!(Store::open(&url).await, Err(StoreError::BadUrl)), "{seconds}");
    }
}
