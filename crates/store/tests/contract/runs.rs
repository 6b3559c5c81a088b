//! Runs of the re-match: their batches, what they find, how they are published, pruned and erased from.

use std::time::Duration;

use domain::Kind;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use store::{
    BatchWork, ChangesPlace, Claim, Cluster, Findings, ListChanges, MatchChange, MatchList, Opened, PARTS,
    Place, Run, RunBatch, RunId, RunPlan, RunState, RunTotals, Store, StoreError,
};

use crate::drafts::need;

pub(crate) const DAY: Date = date(2026, 3, 1);
const HOLD: Duration = Duration::from_secs(30);
const SIZE: u64 = 10;

pub(crate) fn list(need: u64, target: Kind, numbers: &[u64]) -> MatchList {
    let values = std::array::from_fn(|code| if code == 2 { 0.5 } else { 0.0 });
    let place =
        |(rank, number): (usize, &u64)| Place { number: *number, score: 1.0 / (rank + 1) as f64, values };
    let places: Vec<Place> = numbers.iter().enumerate().map(place).collect();
    let (shown, weights) = (places.len(), [1.5; PARTS]);
    MatchList { takes_part: true, shown, weights, places, ..MatchList::of_none(need, target) }
}

pub(crate) fn plan(day: Date, base: Option<RunId>) -> RunPlan {
    RunPlan {
        business_date: day,
        configuration: "{\"k\":20}".to_owned(),
        epoch: 1,
        base,
        position: 0,
        as_of: Timestamp::from_second(1_800_000_000).unwrap(),
        whole: true,
        batch: SIZE,
    }
}

pub(crate) async fn opened(store: &Store, day: Date) -> Run {
    let base = store.current_run().await.unwrap().map(|run| run.id);
    match store.open_run(&plan(day, base)).await.unwrap() {
        Opened::New(run) => run,
        other => panic!("{other:?}"),
    }
}

async fn claimed(store: &Store, run: RunId) -> RunBatch {
    match store.claim_batch(run, "here", HOLD).await.unwrap() {
        Claim::Work(batch) => batch,
        other => panic!("{other:?}"),
    }
}

/// Does all the work of a run, with the lists that `find` names for the needs of each batch.
pub(crate) async fn worked_off(store: &Store, run: RunId, find: impl Fn(u64) -> Vec<MatchList>) -> Run {
    loop {
        let batch = match store.claim_batch(run, "here", HOLD).await.unwrap() {
            Claim::Work(batch) => batch,
            Claim::AllDone => return store.publish_run(run).await.unwrap(),
            Claim::Wait => panic!("nobody else is there"),
        };
        match batch.work {
            BatchWork::Needs { after, up_to } => {
                let lists: Vec<MatchList> = (after + 1..=up_to).flat_map(&find).collect();
                let matches = lists.iter().map(|list| list.shown as u64).sum();
                let totals = RunTotals { needs: lists.len() as u64, needs_without_match: 0, matches };
                store.finish_batch(&batch, &Findings { lists, totals, ..Findings::default() }).await.unwrap();
            }
            BatchWork::Clusters => {
                let cluster = Cluster { place: 1, size: 2, content: "{}".to_owned() };
                store.finish_clusters(&batch, &[cluster]).await.unwrap();
            }
        }
    }
}

async fn needs(store: &Store, count: u64) {
    store.upsert((1..=count).map(|at| need(&format!("XQ-{at}"), "题")).collect()).await.unwrap();
}

/// A published run in which each of `needs` needs has the expert `expert`.
pub(crate) async fn published(store: &Store, day: Date, needs: u64, expert: u64) -> RunId {
    let run = opened(store, day).await.id;
    let find = |need| if need <= needs { vec![list(need, Kind::Expert, &[expert])] } else { Vec::new() };
    worked_off(store, run, find).await.id
}

async fn experts(store: &Store, run: RunId, need: u64) -> Vec<u64> {
    let list = store.match_list(run, need, Kind::Expert).await.unwrap();
    list.map_or_else(Vec::new, |list| list.shown().iter().map(|place| place.number).collect())
}

pub(crate) async fn is_seen_only_when_published(store: Store) {
    needs(&store, 12).await;
    let run = opened(&store, DAY).await;
    assert_eq!(
        (run.state, run.business_date, run.configuration.as_str()),
        (RunState::Running, DAY, "{\"k\":20}")
    );
    assert_eq!(store.running_run().await.unwrap(), Some(run.clone()));
    let batch = claimed(&store, run.id).await;
    assert_eq!(batch.work, BatchWork::Needs { after: 0, up_to: 10 });
    let found = Findings {
        lists: vec![list(1, Kind::Expert, &[9, 8]), list(1, Kind::Station, &[4])],
        ..Findings::default()
    };
    store.finish_batch(&batch, &found).await.unwrap();
    assert_eq!(store.current_run().await.unwrap(), None);
    assert_eq!(store.match_list(run.id, 1, Kind::Expert).await.unwrap(), None);
    assert!(matches!(store.publish_run(run.id).await.unwrap_err(), StoreError::RunUnfinished(_)));

    let published = worked_off(&store, run.id, |_| Vec::new()).await;
    assert_eq!((published.id, published.state), (run.id, RunState::Published));
    assert_eq!(published.opened_at, run.opened_at);
    assert_eq!(store.current_run().await.unwrap(), Some(published.clone()));
    assert_eq!(store.running_run().await.unwrap(), None);
    assert_eq!(store.run(run.id).await.unwrap(), Some(published));
    assert_eq!(store.match_list(run.id, 1, Kind::Expert).await.unwrap(), Some(found.lists[0].clone()));
    assert_eq!(store.match_list(run.id, 1, Kind::Station).await.unwrap(), Some(found.lists[1].clone()));
    assert_eq!(store.match_list(run.id, 3, Kind::Expert).await.unwrap(), None);
}

pub(crate) async fn publishing_is_atomic_for_readers(store: Store) {
    needs(&store, 60).await;
    published(&store, DAY, 60, 1).await;
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for expert in 2..=6 {
                published(&store, DAY, 60, expert).await;
            }
        }
    });
    while !writer.is_finished() {
        let run = store.current_run().await.unwrap().unwrap();
        assert_eq!(run.totals.unwrap().matches, 60);
        let mut seen = Vec::new();
        for need in [1, 30, 60] {
            seen.extend(experts(&store, run.id, need).await);
        }
        assert_eq!(seen.len(), 3);
        assert!(seen.iter().all(|expert| *expert == seen[0]), "{seen:?}");
    }
    writer.await.unwrap();
}

pub(crate) async fn what_did_not_change_is_read_from_the_run_that_wrote_it(store: Store) {
    needs(&store, 20).await;
    let first = published(&store, DAY, 20, 1).await;
    let second = opened(&store, date(2026, 3, 2)).await.id;
    let third_need = |need| if need == 3 { vec![list(3, Kind::Expert, &[7])] } else { Vec::new() };
    worked_off(&store, second, third_need).await;
    assert_eq!(experts(&store, second, 3).await, [7]);
    assert_eq!(experts(&store, first, 3).await, [1]);
    assert_eq!(experts(&store, second, 4).await, [1]);
    let lists = store.match_lists(second, 2, 4).await.unwrap();
    let told: Vec<(u64, u64)> = lists.iter().map(|list| (list.need, list.places[0].number)).collect();
    assert_eq!(told, [(3, 7), (4, 1)]);
    assert_eq!(store.match_lists(first, 2, 3).await.unwrap()[0].places[0].number, 1);
}

pub(crate) async fn the_previous_run_is_the_one_published_before(store: Store) {
    let first = published(&store, DAY, 0, 1).await;
    assert_eq!(store.previous_run(first).await.unwrap(), None);
    let second = published(&store, date(2026, 2, 28), 0, 1).await;
    assert_eq!(store.current_run().await.unwrap().unwrap().id, second);
    assert_eq!(store.previous_run(second).await.unwrap().unwrap().id, first);
    let open = opened(&store, DAY).await.id;
    assert_eq!(store.previous_run(open).await.unwrap(), None);
}

pub(crate) async fn there_is_one_run_at_a_time(store: Store) {
    let first = opened(&store, DAY).await;
    assert_eq!(store.open_run(&plan(date(2026, 3, 2), None)).await.unwrap(), Opened::UnderWay(first.clone()));
    let at_once = (0..6).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.open_run(&plan(DAY, None)).await.unwrap() })
    });
    for one in at_once.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), Opened::UnderWay(first.clone()));
    }
    worked_off(&store, first.id, |_| Vec::new()).await;
    assert_eq!(store.open_run(&plan(DAY, None)).await.unwrap(), Opened::Overtaken);
    let Opened::New(second) = store.open_run(&plan(DAY, Some(first.id))).await.unwrap() else { panic!() };
    assert!(second.id > first.id);
    assert_eq!(second.base, Some(first.id));
}

pub(crate) async fn a_batch_is_one_workers_until_its_time_is_over(store: Store) {
    needs(&store, 15).await;
    let run = opened(&store, DAY).await.id;
    let held = claimed(&store, run).await;
    let Claim::Work(late) = store.claim_batch(run, "late", Duration::ZERO).await.unwrap() else { panic!() };
    assert_ne!(held.batch, late.batch);
    tokio::time::sleep(Duration::from_millis(5)).await;
    // The one in time is nobody else's; of the other one the later holder writes.
    let Claim::Work(again) = store.claim_batch(run, "there", HOLD).await.unwrap() else { panic!() };
    assert_eq!((again.batch, again.work), (late.batch, late.work));
    assert!(again.token > late.token);
    assert_eq!(store.claim_batch(run, "third", HOLD).await.unwrap(), Claim::Wait);
    let lost =
        |error: StoreError| matches!(error, StoreError::BatchLost { batch, .. } if batch == late.batch);
    let of_late = Findings { lists: vec![list(12, Kind::Expert, &[1])], ..Findings::default() };
    assert!(lost(store.finish_batch(&late, &of_late).await.unwrap_err()));
    assert!(lost(store.hold_batch(&late, HOLD).await.unwrap_err()));
    store.let_go_of_batch(&late).await.unwrap();
    assert_eq!(
        store.claim_batch(run, "third", HOLD).await.unwrap(),
        Claim::Wait,
        "it was not the late one's to let go of"
    );

    let totals = RunTotals { needs: 5, needs_without_match: 1, matches: 1 };
    let of_again =
        Findings { lists: vec![list(12, Kind::Expert, &[2])], totals, ranked: 3, ..Findings::default() };
    store.hold_batch(&again, HOLD).await.unwrap();
    store.finish_batch(&again, &of_again).await.unwrap();
    assert!(lost(store.finish_batch(&again, &of_again).await.unwrap_err()), "once");
    let far = store.run_progress(run).await.unwrap();
    assert_eq!((far.batches, far.done, far.held, far.begun), (3, 1, 1, 3));
    assert_eq!((far.needs, far.ranked, far.written), (5, 3, 1));
    store.let_go_of_batch(&held).await.unwrap();
    let published = worked_off(&store, run, |_| Vec::new()).await;
    assert_eq!(published.totals, Some(totals));
    assert_eq!(experts(&store, run, 12).await, [2]);
}

pub(crate) async fn clusters_come_after_all_needs(store: Store) {
    needs(&store, 5).await;
    let run = opened(&store, DAY).await.id;
    let needs = claimed(&store, run).await;
    assert_eq!(store.claim_batch(run, "here", HOLD).await.unwrap(), Claim::Wait);
    store.finish_batch(&needs, &Findings::default()).await.unwrap();
    assert_eq!(claimed(&store, run).await.work, BatchWork::Clusters);
}

pub(crate) async fn a_closed_run_takes_nothing_more(store: Store) {
    needs(&store, 1).await;
    let done = published(&store, DAY, 1, 1).await;
    let closed = |error| matches!(error, StoreError::RunClosed(run) if run == done);
    assert!(closed(store.claim_batch(done, "here", HOLD).await.unwrap_err()));
    assert!(closed(store.publish_run(done).await.unwrap_err()));
    assert!(closed(store.abandon_run(done).await.unwrap_err()));

    let given_up = opened(&store, DAY).await.id;
    let batch = claimed(&store, given_up).await;
    store.abandon_run(given_up).await.unwrap();
    store.abandon_run(given_up).await.unwrap();
    let late = Findings { lists: vec![list(1, Kind::Expert, &[5])], ..Findings::default() };
    assert!(matches!(store.finish_batch(&batch, &late).await.unwrap_err(), StoreError::RunClosed(_)));
    assert!(matches!(store.publish_run(given_up).await.unwrap_err(), StoreError::RunClosed(_)));
    assert_eq!(store.current_run().await.unwrap().unwrap().id, done);
    assert_eq!(experts(&store, done, 1).await, [1]);
}

pub(crate) async fn what_was_given_up_is_never_seen_by_a_later_run(store: Store) {
    needs(&store, 15).await;
    published(&store, DAY, 15, 1).await;
    let given_up = opened(&store, DAY).await.id;
    let batch = claimed(&store, given_up).await;
    let found = Findings { lists: vec![list(1, Kind::Expert, &[5])], ..Findings::default() };
    store.finish_batch(&batch, &found).await.unwrap();
    store.abandon_run(given_up).await.unwrap();
    let later = opened(&store, DAY).await.id;
    assert_eq!(store.run(given_up).await.unwrap(), None);
    worked_off(&store, later, |_| Vec::new()).await;
    assert_eq!(experts(&store, later, 1).await, [1]);
}

pub(crate) async fn a_failing_batch_leaves_nothing(store: Store) {
    needs(&store, 5).await;
    let run = opened(&store, DAY).await.id;
    let batch = claimed(&store, run).await;
    let lists = vec![list(1, Kind::Expert, &[1]), list(2, Kind::Expert, &[1]), list(2, Kind::Expert, &[2])];
    store.finish_batch(&batch, &Findings { lists, ..Findings::default() }).await.unwrap_err();
    assert_eq!(store.run_progress(run).await.unwrap().done, 0);
    store.finish_batch(&batch, &Findings::default()).await.unwrap();
    worked_off(&store, run, |_| Vec::new()).await;
    assert_eq!(experts(&store, run, 1).await, [0; 0]);
}

pub(crate) async fn published_runs_are_listed_latest_first_and_one_for_a_day(store: Store) {
    for (day, expert) in [(1, 1), (2, 2), (3, 3), (3, 4), (4, 5)] {
        published(&store, date(2026, 3, day), 1, expert).await;
    }
    opened(&store, DAY).await;
    let numbers = |runs: Vec<Run>| runs.into_iter().map(|run| run.id.0).collect::<Vec<_>>();
    assert_eq!(numbers(store.runs(None, 2).await.unwrap()), [5, 4]);
    assert_eq!(numbers(store.runs(Some(RunId(4)), 10).await.unwrap()), [2, 1]);
}

pub(crate) async fn pruning_keeps_what_the_kept_runs_read(store: Store) {
    assert_eq!(store.prune_runs(0).await.unwrap(), 0);
    needs(&store, 30).await;
    let mut runs = vec![published(&store, DAY, 30, 1).await];
    for (at, day) in (2..=5).zip(2..) {
        // Each run finds something new for one need.
        let run = opened(&store, date(2026, 3, day)).await.id;
        let find = |need| if need == at { vec![list(need, Kind::Expert, &[at])] } else { Vec::new() };
        runs.push(worked_off(&store, run, find).await.id);
    }
    let under_way = opened(&store, date(2026, 3, 9)).await.id;
    let seen = async |run| {
        let mut seen = Vec::new();
        for need in 1..=6 {
            seen.extend(experts(&store, run, need).await);
        }
        seen
    };
    let before = [seen(runs[3]).await, seen(runs[4]).await];
    assert_eq!(before, [[1, 2, 3, 4, 1, 1], [1, 2, 3, 4, 5, 1]]);
    assert_eq!(store.prune_runs(4).await.unwrap(), 1);
    assert_eq!(store.run(runs[0]).await.unwrap(), None);
    assert_eq!(store.prune_runs(0).await.unwrap(), 2);
    assert_eq!([seen(runs[3]).await, seen(runs[4]).await], before);
    assert_eq!(store.previous_run(runs[4]).await.unwrap().unwrap().id, runs[3]);
    assert_eq!(store.previous_run(runs[3]).await.unwrap(), None);
    assert_eq!(seen(runs[2]).await, [0; 0]);
    assert_eq!(store.run(under_way).await.unwrap().unwrap().state, RunState::Running);
    assert_eq!(store.prune_runs(2).await.unwrap(), 0);
}

pub(crate) async fn changes_are_handed_out_in_order_and_only_of_published_runs(store: Store) {
    needs(&store, 15).await;
    let change = MatchChange { number: Some(3), before: None, now: Some((1, 0.5)), reason: 1 };
    let of = |need, target| ListChanges { need, target, changes: vec![change] };
    let changed = async |changes: Vec<ListChanges>| {
        let run = opened(&store, DAY).await.id;
        let batch = claimed(&store, run).await;
        store.finish_batch(&batch, &Findings { changes, ..Findings::default() }).await.unwrap();
        run
    };
    let first = changed(vec![of(1, Kind::Station), of(1, Kind::Expert), of(2, Kind::Expert)]).await;
    let all = async |from, limit| {
        let read = store.match_changes(from, limit).await.unwrap();
        read.into_iter().map(|(run, list)| (run, list.need, list.target)).collect::<Vec<_>>()
    };
    let start = ChangesPlace { run: RunId(0), need: 0, target: None };
    assert_eq!(all(start, 9).await, [], "not published yet");
    worked_off(&store, first, |_| Vec::new()).await;
    let second = changed(vec![of(1, Kind::Expert)]).await;
    worked_off(&store, second, |_| Vec::new()).await;
    let expected = [
        (first, 1, Kind::Expert),
        (first, 1, Kind::Station),
        (first, 2, Kind::Expert),
        (second, 1, Kind::Expert),
    ];
    assert_eq!(all(start, 9).await, expected);
    let from = ChangesPlace { run: first, need: 1, target: Some(Kind::Station) };
    assert_eq!(all(from, 2).await, expected[1..3]);
    assert_eq!(store.changes_of(second, 1, Kind::Expert).await.unwrap(), [change]);
    assert_eq!(store.changes_of(second, 2, Kind::Expert).await.unwrap(), []);
}

pub(crate) async fn statistics_come_back_as_they_were_and_go_when_no_run_needs_them(store: Store) {
    let bytes: Vec<u8> = (0..2_500_000_u32).map(|at| (at % 251) as u8).collect();
    let number = store.begin_epoch("key", "{}", &bytes).await.unwrap();
    let epoch = store.epoch(number).await.unwrap().unwrap();
    assert_eq!((epoch.number, epoch.key.as_str(), epoch.sizes.as_str()), (number, "key", "{}"));
    assert_eq!(store.epoch_statistics(number).await.unwrap(), bytes);
    assert!(matches!(store.epoch_statistics(number + 1).await.unwrap_err(), StoreError::EpochNotFound(_)));
    assert_eq!(store.prune_epochs().await.unwrap(), 0, "somebody may be about to open a run by it");
}

pub(crate) async fn what_changed_since_a_run_is_kept_for_the_next(store: Store) {
    needs(&store, 3).await;
    let base = store.current_run().await.unwrap().map(|run| run.id);
    let plan = RunPlan { position: 2, ..plan(DAY, base) };
    let Opened::New(run) = store.open_run(&plan).await.unwrap() else { panic!() };
    worked_off(&store, run.id, |_| Vec::new()).await;
    store.prune_changes(3).await.unwrap();
    assert_eq!(store.first_change().await.unwrap(), 3);
    assert_eq!(store.next_change(Kind::Need, 2).await.unwrap(), Some(3));
    assert_eq!(store.next_change(Kind::Need, 3).await.unwrap(), None);
    assert_eq!(store.next_change(Kind::Expert, 0).await.unwrap(), None);
}

pub(crate) async fn unknown_runs_are_not_found(store: Store) {
    let missing = RunId(7);
    assert_eq!(store.run(missing).await.unwrap(), None);
    assert_eq!(store.previous_run(missing).await.unwrap(), None);
    for error in [
        store.claim_batch(missing, "here", HOLD).await.unwrap_err(),
        store.publish_run(missing).await.unwrap_err(),
        store.abandon_run(missing).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::RunNotFound(run) if run == missing));
    }
}
