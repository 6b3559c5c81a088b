//! Answers are a function of the live documents: however they were written, deleted and merged, the same bytes come out.

use std::collections::BTreeMap;

use index::{IndexDocument, Scope, SearchQuery};
use proptest::prelude::*;

use crate::fixture::{Fixture, typed};
use crate::retrieval::{documents, query, terms, weights};

#[derive(Debug, Clone)]
enum Step {
    Put(usize),
    Delete(usize),
    Commit,
    Compact,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0_usize..25).prop_map(Step::Put),
        3 => (0_usize..25).prop_map(Step::Delete),
        2 => Just(Step::Commit),
        1 => Just(Step::Compact),
    ];
    proptest::collection::vec(step, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn history_changes_no_answer(documents in documents(), steps in steps()) {
        let written = Fixture::with(&[]);
        let mut live: BTreeMap<u64, IndexDocument> = BTreeMap::new();
        let mut writer = written.registry().writer().unwrap();
        for (position, step) in steps.iter().enumerate() {
            match *step {
                Step::Put(at) => if let Some(document) = documents.get(at) {
                    writer.put(document).unwrap();
                    live.insert(document.number, document.clone());
                },
                Step::Delete(at) => if let Some(document) = documents.get(at) {
                    writer.delete(document.number).unwrap();
                    live.remove(&document.number);
                },
                Step::Commit => writer.commit(position as u64).unwrap(),
                Step::Compact => {
                    writer.commit(position as u64).unwrap();
                    writer.compact().unwrap();
                }
            }
        }
        writer.commit(1_000).unwrap();
        let live: Vec<IndexDocument> = live.into_values().rev().collect();
        let rebuilt = Fixture::with(&live);

        let (a, b) = (written.snapshot(), rebuilt.snapshot());
        prop_assert_eq!(a.position(), 1_000);
        prop_assert_eq!(a.len(), live.len() as u64);
        let mut entries: Vec<_> = live.iter().map(|document| (document.number, document.digest())).collect();
        entries.sort_unstable();
        prop_assert_eq!(a.entries().unwrap(), entries);
        for asked in ["锂离子电池正极材料", "回收工艺 a1", "锂电池", "a"] {
            let query = query(terms(asked));
            let of = |snapshot: &index::Snapshot| snapshot.retrieve(&query, &weights(5.0), &Scope::default(), 50).unwrap();
            prop_assert_eq!(of(&a), of(&b));
            let query = SearchQuery { limit: 7, ..typed(asked) };
            prop_assert_eq!(a.search(&query).unwrap(), b.search(&query).unwrap());
        }
    }
}
