//! Judgements of pairs: one for each judge, the last word counts, and the same word changes nothing.

use domain::{Kind, RecordId};
use store::{Judgement, Outcome, Store};

fn judged(need: u64, expert: u64, judge: &str, level: u8) -> Judgement {
    Judgement {
        need,
        target: RecordId::new(Kind::Expert, expert),
        judge: judge.to_owned(),
        level,
        note: String::new(),
        source: format!("file of {judge}"),
    }
}

pub(crate) async fn each_judge_has_a_word_of_their_own(store: Store) {
    let all = [judged(2, 1, "甲", 4), judged(1, 9, "乙", 1), judged(1, 9, "甲", 2), judged(1, 8, "甲", 3)];
    assert_eq!(store.add_judgements(&all).await.unwrap(), [Outcome::Created; 4]);
    let kept = store.judgements().await.unwrap();
    let kept: Vec<Judgement> = kept.into_iter().map(|stored| stored.judgement).collect();
    assert_eq!(kept, [all[3].clone(), all[1].clone(), all[2].clone(), all[0].clone()]);
}

pub(crate) async fn the_same_word_again_changes_nothing(store: Store) {
    let first = [judged(1, 1, "甲", 4), judged(1, 2, "甲", 1)];
    store.add_judgements(&first).await.unwrap();
    let before = store.judgements().await.unwrap();
    let mut again = first.clone();
    again[0].source = "the same sheet, saved anew".to_owned();
    assert_eq!(store.add_judgements(&again).await.unwrap(), [Outcome::Unchanged; 2]);
    assert_eq!(store.judgements().await.unwrap(), before);
    again[1].note = "再看".to_owned();
    assert_eq!(store.add_judgements(&again).await.unwrap(), [Outcome::Unchanged, Outcome::Changed]);
    assert_eq!(store.judgements().await.unwrap()[1].judgement, again[1]);
}

pub(crate) async fn an_impossible_level_leaves_nothing(store: Store) {
    store.add_judgements(&[judged(1, 1, "甲", 4), judged(1, 2, "甲", 5)]).await.unwrap_err();
    assert_eq!(store.judgements().await.unwrap(), []);
}
