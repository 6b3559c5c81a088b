//! Connections cut around their COMMIT, and requests that come twice: what was done is told or found, and done once.

use domain::access::KeyId;
use domain::forms::Draft;
use store::{Outcome, Receipt, StoreError, Ticket};

use crate::postgres_server::Server;
use crate::proxy::{Cut, Proxy};
use crate::{count, need, opened};

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_around_the_commit_is_told_and_may_be_repeated() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::start(server.socket()).await;
    let url = proxy.address(&server.database());
    let store = opened(&url).await;
    for (cut, saved) in [(Cut::BeforeCommit, false), (Cut::AfterCommit, true)] {
        let drafts = || vec![need(&format!("{cut:?}")), need(&format!("{cut:?} 2"))];
        proxy.arm(cut);
        let error = store.upsert(drafts()).await.unwrap_err();
        assert!(matches!(error, StoreError::OutcomeUnknown(_)), "{error:?}");
        assert!(proxy.has_cut());
        let before = count(&store).await;
        let expected = if saved { Outcome::Unchanged } else { Outcome::Created };
        let outcomes = store.upsert(drafts()).await.unwrap();
        assert!(outcomes.iter().all(|one| one.outcome == expected), "{outcomes:?}");
        assert_eq!(count(&store).await, if saved { before } else { before + 2 });
    }
    assert_eq!((count(&store).await, store.changes(0, 10).await.unwrap().len()), (4, 4));

    // An import of several batches is all there or not at all.
    for (cut, there) in [(Cut::BeforeCommit, 4), (Cut::AfterCommit, 6)] {
        let mut import = store.import().await.unwrap();
        import.upsert(vec![need("i")]).await.unwrap();
        import.upsert(vec![need("j")]).await.unwrap();
        proxy.arm(cut);
        assert!(matches!(import.commit().await.unwrap_err(), StoreError::OutcomeUnknown(_)));
        assert_eq!(count(&store).await, there);
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_before_anything_is_written_is_unavailable() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let store = opened(&url).await;
    let mut import = store.import().await.unwrap();
    import.upsert(vec![need("a")]).await.unwrap();
    server.sql(
        &url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'hongniang' AND datname = current_database()",
    );
    let error = import.upsert(vec![need("b")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(matches!(import.commit().await.unwrap_err(), StoreError::ImportAborted));
    // The next ones find new connections, and the turn is free again.
    store.create(need("a")).await.unwrap();
    assert_eq!(count(&store).await, 1);
    store.close().await;
}

/// A ticket of one server's caller, which is the same at every server.
fn ticket(text: &str) -> Ticket {
    let since = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    Ticket { key: KeyId(1), text: text.to_owned(), request: "r".to_owned(), since }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_to_two_servers_is_done_by_one() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let servers = [opened(&url).await, opened(&url).await];
    for round in 0..20 {
        let asked = servers.clone().map(|server| {
            let once = server.with_ticket(ticket(&round.to_string()));
            tokio::spawn(async move { once.create(Draft { external_id: None, ..need("") }).await })
        });
        let mut ids = Vec::new();
        let mut done = 0;
        for one in asked {
            match one.await.unwrap() {
                Ok(record) => {
                    done += 1;
                    ids.push(record.id);
                }
                Err(StoreError::Redeemed(Receipt::Record { id, revision: 1 })) => ids.push(id),
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!((done, ids[0]), (1, ids[1]), "round {round}");
    }
    assert_eq!(count(&servers[0]).await, 20);
    for server in servers {
        server.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_whose_commit_nobody_heard_of_is_found_when_it_comes_again() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::start(server.socket()).await;
    let store = opened(&proxy.address(&server.database())).await;
    for (cut, saved) in [(Cut::BeforeCommit, false), (Cut::AfterCommit, true)] {
        let once = store.with_ticket(ticket(&format!("{cut:?}")));
        let create = || once.create(Draft { external_id: None, ..need("") });
        let before = count(&store).await;
        proxy.arm(cut);
        assert!(matches!(create().await.unwrap_err(), StoreError::OutcomeUnknown(_)));
        assert_eq!(once.redeemed().await.unwrap().is_some(), saved);
        match create().await {
            Ok(_) => assert!(!saved),
            Err(StoreError::Redeemed(_)) => assert!(saved),
            Err(error) => panic!("{error:?}"),
        }
        assert_eq!(count(&store).await, before + 1);
    }
    store.close().await;
}
