//! Pages, one after the other, show every hit once, in the order of the sort; ties go by number.

use domain::Area;
use index::{IndexDocument, SearchQuery, Sort};
use proptest::prelude::*;

use crate::fixture::{Fixture, typed, with_text};

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn pages_show_every_hit_once_in_order(
        records in proptest::collection::vec((1_usize..4, 0_i64..5), 1..60),
        limit in 1_usize..9,
        commits in 1_usize..4,
        sort in prop_oneof![Just(Sort::Relevance), Just(Sort::Newest), Just(Sort::Oldest)],
    ) {
        let index = Fixture::with(&[]);
        let mut writer = index.registry().writer().unwrap();
        let mut updated = Vec::new();
        for (at, &(repeat, updated_at)) in records.iter().enumerate() {
            // Numbers do not follow the order of insertion.
            let number = (at as u64 * 37) % 61 + 1;
            let document = with_text(number, Area::Body, &"电池组".repeat(repeat));
            writer.put(&IndexDocument { updated_at, ..document }).unwrap();
            updated.push((updated_at, number));
            if at % commits == 0 {
                writer.commit(at as u64).unwrap();
            }
        }
        writer.commit(100).unwrap();

        let mut query = SearchQuery { sort, limit, ..typed("电池") };
        let mut hits = Vec::new();
        loop {
            let page = index.page(&query);
            prop_assert_eq!(page.total, records.len() as u64);
            prop_assert!(page.hits.len() <= limit);
            hits.extend(page.hits);
            query.after = page.next;
            if page.next.is_none() { break; }
            prop_assert!(hits.len() <= records.len());
        }
        let numbers: Vec<u64> = hits.iter().map(|hit| hit.number).collect();
        let expected: Vec<u64> = match sort {
            Sort::Relevance => {
                let ordered = hits.is_sorted_by(|a, b| {
                    b.score.total_cmp(&a.score).then(a.number.cmp(&b.number)).is_lt()
                });
                prop_assert!(ordered, "{:?}", hits);
                let mut distinct = numbers.clone();
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), records.len());
                return Ok(());
            }
            Sort::Newest => { updated.sort_unstable_by(|a, b| b.cmp(a)); updated }
            Sort::Oldest => { updated.sort_unstable(); updated }
        }.into_iter().map(|(_, number)| number).collect();
        prop_assert_eq!(numbers, expected);
    }
}
