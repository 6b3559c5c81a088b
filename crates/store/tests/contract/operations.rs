//! Long work: on file once, taken up in order, moved forward only with what is written, and only by whoever began it last.

use domain::Kind;
use domain::access::KeyId;
use jiff::{SignedDuration, Timestamp};
use store::{
    Advance, Chore, Ending, ListFilter, Operation, OperationDraft, OperationState, Receipt, Store,
    StoreError, Ticket,
};

use crate::drafts::{expert, need};

fn draft(server: &str, file: Option<&str>) -> OperationDraft {
    OperationDraft {
        what: "import".to_owned(),
        registry: Some(Kind::Need),
        options: "{}".to_owned(),
        key: KeyId(7),
        holder: "甲平台".to_owned(),
        region: "3411".parse().ok(),
        server: server.to_owned(),
        file: file.map(str::to_owned),
        size: 1_000,
    }
}

fn ending(state: OperationState, report: Option<&str>) -> Ending {
    Ending { state, report: report.map(str::to_owned), problem: None, rows: 0, as_if_never: false }
}

async fn ended(store: &Store, operation: &Operation, ending: Ending) -> Result<(), StoreError> {
    store.end_operation(operation, |_| Ok(ending)).await
}

fn at(rows: u64) -> Advance {
    Advance { rows, bytes: rows * 10, report: format!("{{\"rows\":{rows}}}") }
}

async fn needs(store: &Store) -> u64 {
    store.count(Kind::Need, &ListFilter::default()).await.unwrap()
}

async fn read(store: &Store, number: u64) -> Operation {
    store.operation(number).await.unwrap().unwrap()
}

pub(crate) async fn an_operation_reads_back_and_is_taken_up_in_order(store: Store) {
    let first = store.submit(&draft("a", Some("f1"))).await.unwrap();
    let second = store.submit(&draft("a", Some("f2"))).await.unwrap();
    let elsewhere = store.submit(&draft("b", Some("f3"))).await.unwrap();
    let operation = read(&store, first).await;
    assert_eq!((operation.state, &operation.draft), (OperationState::Waiting, &draft("a", Some("f1"))));
    assert_eq!((operation.turn, operation.rows, operation.started_at), (0, 0, None));
    assert_eq!(store.operations_waiting("a", None).await.unwrap(), 2);
    assert_eq!(store.operations_waiting("a", Some(second)).await.unwrap(), 1);
    assert_eq!(store.operation_files("a").await.unwrap(), ["f1", "f2"]);

    let begun = store.begin_operation("a").await.unwrap().unwrap();
    assert_eq!((begun.number, begun.state, begun.turn), (first, OperationState::Running, 1));
    assert!(begun.started_at.is_some());
    assert_eq!(store.begin_operation("a").await.unwrap().unwrap().number, second);
    assert_eq!(store.begin_operation("a").await.unwrap(), None, "what another server has is its own");
    assert_eq!(read(&store, elsewhere).await.state, OperationState::Waiting);

    let numbers = |page: Vec<Operation>| page.iter().map(|one| one.number).collect::<Vec<_>>();
    assert_eq!(numbers(store.operations(None, u64::MAX, 2).await.unwrap()), [elsewhere, second]);
    assert_eq!(numbers(store.operations(Some("甲平台"), second, 9).await.unwrap()), [first]);
    assert_eq!(numbers(store.operations(Some("乙平台"), u64::MAX, 9).await.unwrap()), [0; 0]);
    assert_eq!(store.operation(99).await.unwrap(), None);
}

pub(crate) async fn it_moves_with_what_is_written_or_not_at_all(store: Store) {
    store.submit(&draft("a", None)).await.unwrap();
    let operation = store.begin_operation("a").await.unwrap().unwrap();
    let mut session = store.import().await.unwrap();
    session.upsert(vec![need("1", "一")]).await.unwrap();
    assert!(!session.advance(&operation, &at(1)).await.unwrap());
    session.commit().await.unwrap();
    let mut dropped = store.import().await.unwrap();
    dropped.upsert(vec![need("2", "二")]).await.unwrap();
    dropped.advance(&operation, &at(2)).await.unwrap();
    drop(dropped);
    let now = read(&store, operation.number).await;
    assert_eq!((needs(&store).await, now.rows, now.bytes), (1, 1, 10));
    assert_eq!(now.report.as_deref(), Some("{\"rows\":1}"));
    // What was counted at each step is not lost at the end, and what was not is told there.
    for (told, kept) in [(0, 1), (7, 7)] {
        let operation = match store.begin_operation("a").await.unwrap() {
            Some(next) => next,
            None => read(&store, operation.number).await,
        };
        let done = Ending { rows: told, ..ending(OperationState::Succeeded, None) };
        ended(&store, &operation, done).await.unwrap();
        assert_eq!(read(&store, operation.number).await.rows, kept);
        store.submit(&draft("a", None)).await.unwrap();
    }
}

pub(crate) async fn whoever_began_earlier_writes_nothing_more(store: Store) {
    store.submit(&draft("a", None)).await.unwrap();
    let earlier = store.begin_operation("a").await.unwrap().unwrap();
    // As after a crash, or in a copy of the data directory.
    store.let_go_of_operations("a").await.unwrap();
    let later = store.begin_operation("a").await.unwrap().unwrap();
    assert_eq!((later.number, later.turn), (earlier.number, 2));
    let mut session = store.import().await.unwrap();
    session.upsert(vec![need("1", "一")]).await.unwrap();
    let refused = session.advance(&earlier, &at(1)).await;
    assert!(matches!(refused, Err(StoreError::OperationLost(_))), "{refused:?}");
    assert!(matches!(session.commit().await, Err(StoreError::ImportAborted)));
    assert_eq!(needs(&store).await, 0);
    let done = ending(OperationState::Succeeded, None);
    assert!(matches!(ended(&store, &earlier, done.clone()).await, Err(StoreError::OperationLost(_))));
    store.let_go_of_operation(&earlier).await.unwrap();
    assert_eq!(read(&store, later.number).await.state, OperationState::Running);
    ended(&store, &later, done.clone()).await.unwrap();
    assert!(matches!(ended(&store, &later, done).await, Err(StoreError::OperationLost(_))));
}

pub(crate) async fn of_many_who_look_for_work_each_finds_another(store: Store) {
    for _ in 0..6 {
        store.submit(&draft("a", None)).await.unwrap();
    }
    let looking = (0..12).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.begin_operation("a").await.unwrap().map(|one| one.number) })
    });
    let mut found = Vec::new();
    for one in looking.collect::<Vec<_>>() {
        found.extend(one.await.unwrap());
    }
    found.sort_unstable();
    assert_eq!(found, [1, 2, 3, 4, 5, 6]);
}

pub(crate) async fn it_is_stopped_where_it_stands(store: Store) {
    let first = store.submit(&draft("a", Some("f1"))).await.unwrap();
    let second = store.submit(&draft("a", Some("f2"))).await.unwrap();
    let operation = store.begin_operation("a").await.unwrap().unwrap();
    assert!(store.cancel_operation(second).await.unwrap());
    let cancelled = read(&store, second).await;
    assert_eq!((cancelled.state, cancelled.draft.file), (OperationState::Cancelled, None));
    assert!(store.cancel_operation(first).await.unwrap());
    assert!(!store.cancel_operation(first).await.unwrap(), "it is told once");
    let stopping = read(&store, first).await;
    assert_eq!((stopping.state, stopping.cancelling), (OperationState::Running, true));
    let mut session = store.import().await.unwrap();
    assert!(session.advance(&operation, &at(1)).await.unwrap(), "and heard at the next step");
    session.commit().await.unwrap();
    ended(&store, &operation, ending(OperationState::Cancelled, Some("{}"))).await.unwrap();
    assert!(!store.cancel_operation(first).await.unwrap());
    let ended = read(&store, first).await;
    assert_eq!((ended.state, ended.cancelling, ended.rows), (OperationState::Cancelled, false, 1));
    assert_eq!(store.operation_files("a").await.unwrap(), [""; 0]);
}

pub(crate) async fn it_is_asked_for_once_unless_it_came_to_nothing(store: Store) {
    let since = Timestamp::now() - SignedDuration::from_hours(1);
    let ticket = Ticket { key: KeyId(7), text: "t".to_owned(), request: "r".to_owned(), since };
    let once = store.with_ticket(ticket);
    let number = once.submit(&draft("a", None)).await.unwrap();
    let again = once.submit(&draft("a", None)).await.unwrap_err();
    assert!(matches!(again, StoreError::Redeemed(Receipt::Operation(told)) if told == number));
    let operation = store.begin_operation("a").await.unwrap().unwrap();
    let failed = Ending { as_if_never: true, ..ending(OperationState::Failed, None) };
    ended(&store, &operation, failed).await.unwrap();
    assert_eq!(once.redeemed().await.unwrap(), None);
    assert!(once.submit(&draft("a", None)).await.unwrap() > number);
}

pub(crate) async fn what_is_old_or_of_servers_that_are_gone_goes(store: Store) {
    store.follow_to("here", &[(Kind::Need, 0)]).await.unwrap();
    let here = store.submit(&draft("here", None)).await.unwrap();
    let gone = store.submit(&draft("gone", Some("f"))).await.unwrap();
    let now = Timestamp::now() + SignedDuration::from_secs(1);
    let long_ago = now - SignedDuration::from_hours(1);
    store.give_up_operations("own", long_ago, long_ago, "{}").await.unwrap();
    assert_eq!(read(&store, gone).await.state, OperationState::Waiting, "it may still be coming up");
    store.give_up_operations("gone", long_ago, now, "{}").await.unwrap();
    assert_eq!(read(&store, gone).await.state, OperationState::Waiting, "what is one's own is done");
    store.give_up_operations("own", long_ago, now, "{\"kind\":\"server_gone\"}").await.unwrap();
    let given_up = read(&store, gone).await;
    assert_eq!((given_up.state, given_up.draft.file), (OperationState::Failed, None));
    assert_eq!(given_up.problem.as_deref(), Some("{\"kind\":\"server_gone\"}"));
    assert_eq!(read(&store, here).await.state, OperationState::Waiting);
    assert_eq!(store.prune_operations(now - SignedDuration::from_hours(1)).await.unwrap(), 0);
    assert_eq!(store.prune_operations(now).await.unwrap(), 1, "what has not ended is never old");
    assert_eq!(store.operation(gone).await.unwrap(), None);
    store.give_up_operations("own", now, now, "{}").await.unwrap();
    assert_eq!(read(&store, here).await.state, OperationState::Failed, "it has been silent for too long");
}

pub(crate) async fn erasing_a_person_reaches_reports_and_files(store: Store) {
    let id = store.create(expert("e", "方致远")).await.unwrap().id;
    store.submit(&draft("a", Some("f"))).await.unwrap();
    let operation = store.begin_operation("a").await.unwrap().unwrap();
    let mut session = store.import().await.unwrap();
    let told = Advance { report: "{\"detail\":\"“方致远”不在表中\"}".to_owned(), ..at(1) };
    session.advance(&operation, &told).await.unwrap();
    session.commit().await.unwrap();
    store.erase::<StoreError>(id, |_| Ok(())).await.unwrap();
    let report = read(&store, operation.number).await.report.unwrap();
    assert!(report.contains("***") && !report.contains("方致远"), "{report}");
    let chore = Chore::Files { since: operation.number };
    assert!(store.chores().await.unwrap().contains(&chore));
    assert!(store.any_file_up_to(operation.number).await.unwrap());
    // Whoever goes on with it hears of both, before anything is written of it.
    let mut session = store.import().await.unwrap();
    let on_file = session.on_file(&operation).await.unwrap();
    assert_eq!((on_file.report.as_deref(), on_file.erased_since), (Some(report.as_str()), true));
    drop(session);
    ended(&store, &operation, ending(OperationState::Succeeded, None)).await.unwrap();
    assert!(!store.any_file_up_to(operation.number).await.unwrap());
    store.end_chore(&chore).await.unwrap();
    // Without files there is nothing to wait for.
    let id = store.create(expert("g", "刘思源")).await.unwrap().id;
    store.erase::<StoreError>(id, |_| Ok(())).await.unwrap();
    assert!(!store.chores().await.unwrap().iter().any(|chore| matches!(chore, Chore::Files { .. })));
}
