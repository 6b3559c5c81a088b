//! Runs of the re-match.

use domain::{Kind, RecordId};
use jiff::civil::{Date, date};
use store::{RunId, RunMatch, RunState, RunTotals, Store, StoreError};

const DAY: Date = date(2026, 3, 1);

fn found(need: u64, rank: u32, number: u64) -> RunMatch {
    RunMatch {
        need,
        target: RecordId::new(Kind::Expert, number),
        rank,
        score: 1.0 / f64::from(rank),
        explanation: format!("{{\"expert\":{number}}}"),
    }
}

fn totals(needs: u64, matches: u64) -> RunTotals {
    RunTotals { needs, needs_without_match: 0, matches }
}

/// A published run in which each of `needs` needs has the expert `expert`.
async fn published(store: &Store, day: Date, needs: u64, expert: u64) -> RunId {
    let run = store.open_run(day, "{}").await.unwrap();
    store.add_matches(run, (1..=needs).map(|need| found(need, 1, expert)).collect()).await.unwrap();
    store.publish_run(run, totals(needs, needs)).await.unwrap().id
}

pub(crate) async fn is_seen_only_when_published(store: Store) {
    let run = store.open_run(DAY, "{\"k\":20}").await.unwrap();
    let other = RunMatch { target: RecordId::new(Kind::Station, 4), ..found(1, 1, 4) };
    store.add_matches(run, vec![found(1, 2, 8), other.clone()]).await.unwrap();
    store.add_matches(run, vec![found(1, 1, 9), found(2, 1, 9)]).await.unwrap();
    assert_eq!(store.current_run().await.unwrap(), None);
    assert_eq!(store.run_matches(run, 1, Kind::Expert).await.unwrap(), []);

    let published = store.publish_run(run, totals(2, 4)).await.unwrap();
    assert_eq!(
        (published.id, published.state, published.totals),
        (run, RunState::Published, Some(totals(2, 4)))
    );
    assert_eq!((published.business_date, published.configuration.as_str()), (DAY, "{\"k\":20}"));
    assert!(published.published_at.unwrap() >= published.opened_at);
    assert_eq!(store.current_run().await.unwrap(), Some(published.clone()));
    assert_eq!(store.run(run).await.unwrap(), Some(published));
    assert_eq!(store.run_matches(run, 1, Kind::Expert).await.unwrap(), [found(1, 1, 9), found(1, 2, 8)]);
    assert_eq!(store.run_matches(run, 1, Kind::Station).await.unwrap(), [other]);
    assert_eq!(store.run_matches(run, 3, Kind::Expert).await.unwrap(), []);
}

pub(crate) async fn publishing_is_atomic_for_readers(store: Store) {
    published(&store, DAY, 300, 1).await;
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for expert in 2..=8 {
                published(&store, DAY, 300, expert).await;
            }
        }
    });
    while !writer.is_finished() {
        let run = store.current_run().await.unwrap().unwrap();
        assert_eq!(run.totals, Some(totals(300, 300)));
        let experts: Vec<u64> = {
            let mut experts = Vec::new();
            for need in [1, 150, 300] {
                let matches = store.run_matches(run.id, need, Kind::Expert).await.unwrap();
                experts.extend(matches.into_iter().map(|one| one.target.number));
            }
            experts
        };
        assert_eq!(experts.len(), 3);
        assert!(experts.iter().all(|expert| *expert == experts[0]));
    }
    writer.await.unwrap();
}

pub(crate) async fn the_previous_run_is_the_one_published_before(store: Store) {
    let early = store.open_run(date(2026, 2, 28), "{}").await.unwrap();
    let first = published(&store, DAY, 1, 1).await;
    assert_eq!(store.previous_run(first).await.unwrap(), None);
    let second = store.publish_run(early, totals(0, 0)).await.unwrap().id;
    assert_eq!(store.current_run().await.unwrap().unwrap().id, second);
    assert_eq!(store.previous_run(second).await.unwrap().unwrap().id, first);
    let open = store.open_run(DAY, "{}").await.unwrap();
    assert_eq!(store.previous_run(open).await.unwrap(), None);
}

pub(crate) async fn an_unfinished_run_of_the_same_day_is_given_up(store: Store) {
    let first = published(&store, DAY, 1, 1).await;
    let crashed = store.open_run(DAY, "{}").await.unwrap();
    let other_day = store.open_run(date(2026, 3, 2), "{}").await.unwrap();
    store.add_matches(crashed, (1..=50).map(|need| found(need, 1, 1)).collect()).await.unwrap();
    let again = store.open_run(DAY, "{}").await.unwrap();
    assert!(again > crashed);
    assert_eq!(store.run(crashed).await.unwrap().unwrap().state, RunState::Abandoned);
    assert_eq!(store.run(other_day).await.unwrap().unwrap().state, RunState::Running);
    assert_eq!(store.current_run().await.unwrap().unwrap().id, first);
    let error = store.add_matches(crashed, vec![found(99, 1, 1)]).await.unwrap_err();
    assert!(matches!(error, StoreError::RunClosed(run) if run == crashed));
}

pub(crate) async fn a_closed_run_takes_nothing_more(store: Store) {
    let done = published(&store, DAY, 1, 1).await;
    let closed = |error| matches!(error, StoreError::RunClosed(run) if run == done);
    assert!(closed(store.add_matches(done, vec![found(2, 1, 1)]).await.unwrap_err()));
    assert!(closed(store.publish_run(done, totals(9, 9)).await.unwrap_err()));
    assert!(closed(store.abandon_run(done).await.unwrap_err()));
    assert_eq!(store.run_matches(done, 2, Kind::Expert).await.unwrap(), []);
    assert_eq!(store.current_run().await.unwrap().unwrap().totals, Some(totals(1, 1)));

    let given_up = store.open_run(DAY, "{}").await.unwrap();
    store.add_matches(given_up, vec![found(1, 1, 1)]).await.unwrap();
    store.abandon_run(given_up).await.unwrap();
    store.abandon_run(given_up).await.unwrap();
    assert!(matches!(store.publish_run(given_up, totals(1, 1)).await.unwrap_err(), StoreError::RunClosed(_)));
    assert_eq!(store.current_run().await.unwrap().unwrap().id, done);
}

pub(crate) async fn a_failing_batch_of_matches_leaves_nothing(store: Store) {
    let run = store.open_run(DAY, "{}").await.unwrap();
    let mut batch: Vec<RunMatch> = (1..=200).map(|need| found(need, 1, 1)).collect();
    batch.push(found(200, 1, 2));
    store.add_matches(run, batch).await.unwrap_err();
    store.publish_run(run, totals(0, 0)).await.unwrap();
    for need in [1, 100, 200] {
        assert_eq!(store.run_matches(run, need, Kind::Expert).await.unwrap(), []);
    }
}

pub(crate) async fn published_runs_are_listed_latest_first(store: Store) {
    for expert in 1..=5 {
        published(&store, DAY, 1, expert).await;
    }
    let given_up = store.open_run(DAY, "{}").await.unwrap();
    store.abandon_run(given_up).await.unwrap();
    store.open_run(DAY, "{}").await.unwrap();
    let numbers = |runs: Vec<store::Run>| runs.into_iter().map(|run| run.id.0).collect::<Vec<_>>();
    assert_eq!(numbers(store.runs(None, 2).await.unwrap()), [5, 4]);
    assert_eq!(numbers(store.runs(Some(RunId(4)), 10).await.unwrap()), [3, 2, 1]);
}

pub(crate) async fn pruning_keeps_the_current_and_the_previous_run(store: Store) {
    assert_eq!(store.prune_runs(0).await.unwrap(), 0);
    let left_behind = store.open_run(date(2026, 2, 1), "{}").await.unwrap();
    let mut runs = Vec::new();
    for expert in 1..=5 {
        runs.push(published(&store, DAY, 30, expert).await);
    }
    let under_way = store.open_run(date(2026, 3, 2), "{}").await.unwrap();
    assert_eq!(store.prune_runs(4).await.unwrap(), 1);
    assert_eq!(store.run(runs[0]).await.unwrap(), None);
    assert_eq!(store.run(left_behind).await.unwrap(), None);
    assert_eq!(store.prune_runs(0).await.unwrap(), 2);
    assert_eq!(store.current_run().await.unwrap().unwrap().id, runs[4]);
    assert_eq!(store.previous_run(runs[4]).await.unwrap().unwrap().id, runs[3]);
    assert_eq!(store.previous_run(runs[3]).await.unwrap(), None);
    assert_eq!(store.run_matches(runs[2], 1, Kind::Expert).await.unwrap(), []);
    assert_eq!(store.run_matches(runs[3], 30, Kind::Expert).await.unwrap(), [found(30, 1, 4)]);
    assert_eq!(store.run(under_way).await.unwrap().unwrap().state, RunState::Running);
    assert_eq!(store.prune_runs(2).await.unwrap(), 0);
    // Numbers of deleted runs do not come back.
    assert!(store.open_run(DAY, "{}").await.unwrap() > under_way);
}

pub(crate) async fn unknown_runs_are_not_found(store: Store) {
    let missing = RunId(7);
    assert_eq!(store.run(missing).await.unwrap(), None);
    assert_eq!(store.previous_run(missing).await.unwrap(), None);
    for error in [
        store.add_matches(missing, Vec::new()).await.unwrap_err(),
        store.publish_run(missing, totals(0, 0)).await.unwrap_err(),
        store.abandon_run(missing).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::RunNotFound(run) if run == missing));
    }
}
