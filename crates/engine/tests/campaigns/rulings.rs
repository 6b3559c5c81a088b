//! What staff say holds, and what need not move stays.

use engine::{EngineError, PairForm, RulingDraft, RulingWord, StoreError};

use crate::fixture::{House, expert, need, ruling};

use RulingWord::{Forbid, Free, Lock, Swap};

fn swap(one: (u64, u64), two: (u64, u64)) -> RulingDraft {
    let with = Some(PairForm { need: need(two.0), candidate: expert(two.1) });
    RulingDraft { with, ..ruling(Swap, one.0, one.1) }
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_and_prohibitions_hold_until_they_are_freed() {
    let house = House::new().await;
    let campaign = house.make(|_| {}).await.head.id;
    let before = house.numbers(campaign).await;
    let (of, sent) = before[0];
    let other = (1..=3).find(|number| *number != sent).unwrap();
    let mut lock = ruling(Lock, of, other);
    lock.reason = "企业点名邀请，电话 13800001234".to_owned();
    let shown = house.rule(campaign, &[lock]).await.unwrap();
    let now = house.numbers(campaign).await;
    assert!(now.contains(&(of, other)) && !now.contains(&(of, sent)), "{now:?}");
    let changes = shown.changes.unwrap();
    assert_eq!(now[1..], before[1..], "the rest stays where it was");
    assert_eq!((changes.came_count, changes.went_count), (1, 1));
    assert_eq!((changes.came[0].need, changes.came[0].candidate), (need(of), expert(other)));
    assert_eq!((shown.rulings.len(), shown.rulings[0].reason.as_str()), (1, "企业点名邀请，电话 ***"));
    assert!(house.pairs(campaign).await[0].locked);
    let forbidden =
        house.rule(campaign, &[ruling(Forbid, of, other), ruling(Forbid, of, sent)]).await.unwrap();
    assert_eq!(forbidden.rulings.len(), 2, "the last word on a pair counts");
    let third = 6 - sent - other;
    assert_eq!(house.numbers(campaign).await[0], (of, third));
    let free = house.rule(campaign, &[ruling(Free, of, other), ruling(Free, of, sent)]).await.unwrap();
    assert_eq!((free.rulings.len(), free.head.version), (0, 4));
    assert_eq!(free.plan.score, house.engine.campaigns().read(campaign).await.unwrap().plan.score);
    assert_eq!(house.numbers(campaign).await, before, "as good as it was at first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_moves_two_and_nobody_else() {
    let house = House::new().await;
    let campaign = house.make(|request| request.capacity.most = Some(2)).await.head.id;
    let before = house.numbers(campaign).await;
    let one = before[0];
    let two = *before.iter().find(|(_, sent)| *sent != one.1).unwrap();
    let shown = house.rule(campaign, &[swap(one, two)]).await.unwrap();
    let after = house.numbers(campaign).await;
    assert!(after.contains(&(one.0, two.1)) && after.contains(&(two.0, one.1)), "{after:?}");
    assert_eq!(shown.plan.kept, 2);
    let rest = |pairs: &[(u64, u64)]| -> Vec<(u64, u64)> {
        pairs.iter().filter(|(of, _)| *of != one.0 && *of != two.0).copied().collect()
    };
    assert_eq!(rest(&after), rest(&before));
    let again = house.rule(campaign, &[swap(one, two)]).await;
    let Err(EngineError::Invalid(problems)) = again else { unreachable!("{again:?}") };
    assert_eq!(problems[0].pointer, "/rulings/0/with", "what is not there cannot be given away");
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_go_beyond_limits_which_are_then_named() {
    let house = House::new().await;
    let campaign = house.make(|request| request.capacity.most = Some(1)).await.head.id;
    let locks: Vec<RulingDraft> = (1..=3).map(|of| ruling(Lock, of, 1)).collect();
    let shown = house.rule(campaign, &locks).await.unwrap();
    let relaxations = &shown.plan.relaxations;
    assert_eq!(relaxations.len(), 1, "{relaxations:?}");
    assert_eq!(
        (relaxations[0].limit, relaxations[0].by, relaxations[0].candidate),
        ("capacity", 2, Some(expert(1)))
    );
    assert!(relaxations[0].detail.starts_with("方致远（expert-1） 被锁定的次数比可用的多 2 次"));
    assert_eq!(shown.plan.covered, 4, "the fourth has one of the others");
    let twice = house.rule(campaign, &[ruling(Lock, 1, 2)]).await.unwrap();
    let limits: Vec<&str> = twice.plan.relaxations.iter().map(|one| one.limit).collect();
    assert_eq!(limits, ["capacity", "most"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_nobody_proposed_may_be_locked() {
    let house = House::new().await;
    // One candidate for each need: the others were never scored.
    let shown = house.make(|request| request.candidates.per_need = 1).await;
    let campaign = shown.head.id;
    let (of, sent) = house.numbers(campaign).await[0];
    let other = (1..=3).find(|number| *number != sent).unwrap();
    let stranger = house.rule(campaign, &[ruling(Forbid, of, other)]).await;
    let Err(EngineError::Invalid(problems)) = stranger else { unreachable!("{stranger:?}") };
    assert_eq!(problems[0].pointer, "/rulings/0/candidate");
    house.rule(campaign, &[ruling(Lock, of, other)]).await.unwrap();
    let pair = house.pairs(campaign).await.into_iter().find(|pair| pair.need.id == need(of)).unwrap();
    assert_eq!(pair.candidate.id, expert(other));
    let expected = house.scores().await[&(of, other)] as f64 / 1e4;
    assert!((pair.score - expected).abs() < 1e-6, "{} {expected}", pair.score);
    assert!(pair.why.sentence.starts_with("由工作人员指定"), "{}", pair.why.sentence);
    // From then on it is a pair like any other.
    house.rule(campaign, &[ruling(Free, of, other)]).await.unwrap();
    let at_first = house
        .make(|request| {
            request.candidates.per_need = 1;
            request.rulings = vec![ruling(Lock, of, other)];
        })
        .await;
    assert!(house.numbers(at_first.head.id).await.contains(&(of, other)));
    let early = house.try_make(|request| request.rulings = vec![swap((1, 1), (2, 2))]).await;
    assert!(matches!(early, Err(EngineError::Invalid(_))), "{early:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_plan_at_once_do_not_undo_each_other() {
    let house = House::new().await;
    let campaign = house.make(|_| {}).await.head.id;
    let campaigns = house.engine.campaigns();
    campaigns.rule(campaign, Some(1), &[ruling(Lock, 1, 1)]).await.unwrap();
    let late = campaigns.rule(campaign, Some(1), &[ruling(Forbid, 1, 1)]).await;
    assert!(matches!(late, Err(EngineError::Store(StoreError::StaleRevision { current: 2 }))), "{late:?}");
    let late = campaigns.delete(campaign, Some(1)).await;
    assert!(matches!(late, Err(EngineError::Store(StoreError::StaleRevision { current: 2 }))), "{late:?}");
    let before = campaigns.plan(campaign, Some(1), (0, 0), 100).await.unwrap();
    assert_eq!(before.version, 1, "the plan before can still be read");
    assert!(campaigns.plan(campaign, Some(3), (0, 0), 100).await.is_err());
    campaigns.delete(campaign, Some(2)).await.unwrap();
    assert!(campaigns.read(campaign).await.is_err());
}
