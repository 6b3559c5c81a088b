//! What a chain shows, and when rows may go: with moments of our own, and a database whose triggers were taken away.

#![allow(clippy::unwrap_used, reason = "tests")]

use sqlx::AssertSqlSafe;

use super::*;

const DAY: i64 = 86_400_000;

async fn store() -> Store {
    Store::open("sqlite::memory:").await.unwrap()
}

async fn add(store: &Store, at: i64) {
    let mut transaction = store.backend.begin().await.unwrap();
    let event = Event::done(Action::ContactReveal, About::Record(RecordId::new(Kind::Need, 7)), json!({}));
    append_at(&mut transaction, &Actor::system(), event, at).await.unwrap();
    transaction.commit().await.unwrap();
}

/// Whether the database did it.
async fn sql(store: &Store, text: &str) -> bool {
    on_backend!(&store.backend, pools => {
        sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&pools.writer).await.is_ok()
    })
}

/// As somebody who has the file would do it.
async fn tampered(change: &str) -> Vec<(u64, AuditFaultKind)> {
    let store = store().await;
    for _ in 0..5 {
        add(&store, now()).await;
    }
    assert!(store.verify_audit(None).await.unwrap().faults.is_empty());
    assert!(!sql(&store, change).await, "refused as long as the triggers stand");
    for trigger in super::guards::SQLITE {
        assert!(sql(&store, &format!("DROP TRIGGER {trigger}")).await);
    }
    assert!(sql(&store, change).await);
    let report = store.verify_audit(None).await.unwrap();
    report.faults.iter().map(|fault| (fault.seq, fault.kind)).collect()
}

#[tokio::test]
async fn a_guard_of_the_same_name_that_guards_nothing_shows() {
    let store = store().await;
    assert_eq!(store.missing_audit_guards().await.unwrap(), [""; 0]);
    assert!(sql(&store, "DROP TRIGGER audit_is_never_changed").await);
    assert_eq!(store.missing_audit_guards().await.unwrap(), ["audit_is_never_changed"]);
    let empty = "CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT 1; END";
    assert!(sql(&store, empty).await);
    assert_eq!(store.missing_audit_guards().await.unwrap(), ["audit_is_never_changed"]);
}

#[tokio::test]
async fn changed_removed_inserted_moved_and_cut_rows_show() {
    use AuditFaultKind::{Changed, Detached, End, Front, Missing};
    for column in ["actor_kind", "actor", "origin", "request", "action", "record", "result", "detail"] {
        let change = format!("UPDATE audit SET {column} = {column} || 'x' WHERE seq = 3");
        assert_eq!(tampered(&change).await, [(3, Changed)], "{column}");
    }
    assert_eq!(tampered("UPDATE audit SET at = at + 1 WHERE seq = 3").await, [(3, Changed)]);
    assert_eq!(tampered("DELETE FROM audit WHERE seq = 3").await, [(4, Missing)]);
    let hidden = "DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq > 3;";
    assert_eq!(tampered(hidden).await, [(3, Changed), (3, Detached), (4, Changed), (4, End)]);
    let inserted = "UPDATE audit SET seq = -seq WHERE seq > 3; UPDATE audit SET seq = 1 - seq WHERE seq < 0;
        INSERT INTO audit SELECT 4, at, actor_kind, actor, origin, request, action, record, result, previous, hash, detail FROM audit WHERE seq = 3;";
    assert!(tampered(inserted).await.contains(&(4, Detached)));
    let moved = "UPDATE audit SET seq = -2 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = -2;";
    assert!(tampered(moved).await.contains(&(2, Changed)));
    assert_eq!(tampered("DELETE FROM audit WHERE seq > 3").await, [(3, End)]);
    let front =
        "UPDATE audit_ends SET seq = 2, hash = (SELECT hash FROM audit WHERE seq = 2) WHERE place = 'anchor';
        DELETE FROM audit WHERE seq <= 2;";
    assert_eq!(tampered(front).await, [(2, Front)]);
}

#[tokio::test]
async fn a_tail_cut_off_with_the_remembered_end_shows_against_a_head_that_was_kept() {
    let store = store().await;
    for _ in 0..5 {
        add(&store, now()).await;
    }
    let kept = store.audit_head().await.unwrap();
    assert_eq!(store.verify_audit(Some(&kept.1)).await.unwrap().holds_head, Some(true));
    let cut = "DROP TRIGGER audit_is_cut_up_to_the_anchor; DROP TRIGGER audit_head_goes_forward;
        DELETE FROM audit WHERE seq > 3;
        UPDATE audit_ends SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3) WHERE place = 'head';";
    assert!(sql(&store, cut).await);
    let report = store.verify_audit(Some(&kept.1)).await.unwrap();
    assert!(report.faults.is_empty());
    assert_eq!((report.head.0, report.holds_head), (3, Some(false)));
}

#[tokio::test]
async fn only_what_is_old_goes_and_the_rest_still_verifies() {
    let store = store().await;
    for days in [400, 300, 200, 190, 100, 0] {
        add(&store, now() - days * DAY).await;
    }
    assert_eq!(store.cut_audit(365).await.unwrap(), 1);
    // However few days are asked for.
    assert_eq!(store.cut_audit(1).await.unwrap(), 3);
    assert_eq!(store.cut_audit(1).await.unwrap(), 0);
    let report = store.verify_audit(None).await.unwrap();
    assert_eq!((report.faults, report.anchor, report.rows), (vec![], 4, 4));
    add(&store, now()).await;
    assert!(store.verify_audit(None).await.unwrap().faults.is_empty());
    // The database itself lets nobody past what is young.
    let past =
        "UPDATE audit_ends SET seq = 5, hash = (SELECT hash FROM audit WHERE seq = 5) WHERE place = 'anchor'";
    assert!(!sql(&store, past).await);
    assert!(!sql(&store, "DELETE FROM audit WHERE seq = 5").await);
}

#[tokio::test]
async fn a_whole_old_log_goes_and_goes_on() {
    let store = store().await;
    for _ in 0..3 {
        add(&store, now() - 400 * DAY).await;
    }
    assert_eq!(store.cut_audit(365).await.unwrap(), 3);
    let report = store.verify_audit(None).await.unwrap();
    assert_eq!((report.faults, report.anchor, report.head.0), (vec![], 3, 4));
}

#[test]
fn codes_read_back_and_differ() {
    for action in Action::ALL {
        assert_eq!(Action::from_code(action.code()), Some(action));
    }
}
