//! Feedback: added in order, narrowed by need and candidate, paged without gap or repetition.

use domain::{Decision, Kind, RecordId};
use jiff::civil::date;
use store::{FeedbackEntry, Store, StoredFeedback};

fn entry(need: u64, expert: u64, decision: Decision) -> FeedbackEntry {
    FeedbackEntry {
        need,
        target: RecordId::new(Kind::Expert, expert),
        decision,
        decided_on: Some(date(2026, 3, 1)),
        reason: "距离太远".to_owned(),
        comment: String::new(),
        seen: "{}".to_owned(),
    }
}

pub(crate) async fn every_word_is_kept_in_order(store: Store) {
    let told =
        [Decision::Declined, Decision::Accepted, Decision::Solved].map(|decision| entry(1, 1, decision));
    for entry in &told {
        let stored = store.add_feedback(entry.clone()).await.unwrap();
        assert_eq!(&stored.entry, entry);
    }
    let kept = store.feedback(None, None, 0, 10).await.unwrap();
    assert_eq!(kept.iter().map(|stored| stored.entry.clone()).collect::<Vec<_>>(), told);
    assert!(kept.is_sorted_by_key(|stored| (stored.number, stored.recorded_at)));
}

pub(crate) async fn lists_are_narrowed_and_paged(store: Store) {
    for at in 0..12 {
        store.add_feedback(entry(1 + at % 2, 1 + at % 3, Decision::Accepted)).await.unwrap();
    }
    let pair = |stored: &StoredFeedback| (stored.entry.need, stored.entry.target.number);
    for (need, expert, found) in
        [(None, None, 12), (Some(1), None, 6), (None, Some(2), 4), (Some(1), Some(2), 2)]
    {
        let target = expert.map(|number| RecordId::new(Kind::Expert, number));
        let (mut seen, mut after) = (Vec::new(), 0);
        loop {
            let page = store.feedback(need, target, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            assert!(page.len() <= 2);
            after = last.number;
            seen.extend(page);
        }
        assert_eq!(seen.len(), found);
        assert!(seen.is_sorted_by(|a, b| a.number < b.number));
        let fits =
            |(n, e): (u64, u64)| need.is_none_or(|need| need == n) && expert.is_none_or(|expert| expert == e);
        assert!(seen.iter().map(pair).all(fits));
    }
    let station = RecordId::new(Kind::Station, 2);
    assert_eq!(store.feedback(None, Some(station), 0, 10).await.unwrap(), []);
}
