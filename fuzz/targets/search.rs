//! What staff type into a search, over a small index.
#![no_main]

use std::sync::LazyLock;

use domain::Kind;
use fuzz::{ANALYZER, indexed, open};
use index::{Dimension, Filter, SearchQuery, Snapshot, Sort};
use libfuzzer_sys::fuzz_target;

static INDEX: LazyLock<Snapshot> =
    LazyLock::new(|| open(&indexed()).expect("it was just made").registry(Kind::Expert).snapshot());

fuzz_target!(|text: &str| {
    if text.chars().count() > 2_000 {
        return;
    }
    let (typed, field) = text.split_once('\t').unwrap_or((text, ""));
    let filter = |field: &str| Filter { dimension: Dimension::Field, any_of: vec![vec![field.to_owned()]] };
    let filters = (!field.is_empty()).then(|| filter(field)).into_iter().collect();
    let sort = if text.len().is_multiple_of(3) { Sort::Newest } else { Sort::Relevance };
    let mut query =
        SearchQuery { text: Some(typed.to_owned()), filters, sort, limit: 3, ..SearchQuery::default() };
    let (mut seen, mut pages) = (0, 0);
    loop {
        let page = INDEX.search(&query).expect("an index that is whole can be searched");
        seen += page.hits.len() as u64;
        pages += 1;
        let snippet = text::snippet(&ANALYZER, typed, &page.terms, 40);
        assert!(snippet.iter().all(|segment| !segment.text.is_empty()));
        query.after = page.next;
        if page.next.is_none() {
            assert_eq!(seen, page.total);
            break;
        }
        assert!(pages < 10, "pages without an end");
    }
});
