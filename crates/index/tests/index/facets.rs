//! Facet counts equal a count by hand: over all hits, by child, each document once per child, on whatever page and layout.

use std::collections::{BTreeMap, BTreeSet};

use index::{Dimension, Facet, FacetRequest, IndexDocument, SearchQuery};
use proptest::prelude::*;

use crate::fixture::{Fixture, titled, typed};

fn documents() -> impl Strategy<Value = Vec<IndexDocument>> {
    let path = proptest::collection::vec("[ab12]{1,2}", 1..4);
    let dimension = prop_oneof![Just(Dimension::Region), Just(Dimension::Industry)];
    let facet = (dimension, path).prop_map(|(dimension, path)| Facet { dimension, path });
    let document = (proptest::collection::vec(facet, 0..4), any::<bool>());
    proptest::collection::vec(document, 0..30).prop_map(|documents| {
        let made = documents.into_iter().enumerate().map(|(at, (facets, battery))| {
            let title = if battery { "电池" } else { "废水" };
            IndexDocument { facets, ..titled(at as u64 + 1, title) }
        });
        made.collect()
    })
}

fn by_hand(documents: &[IndexDocument], request: &FacetRequest) -> Vec<(Vec<String>, u64)> {
    let mut counts: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    let depth = request.below.len() + 1;
    for document in documents.iter().filter(|document| document.passages[0].text == "电池") {
        let facets = document.facets.iter().filter(|facet| {
            facet.dimension == request.dimension
                && facet.path.len() >= depth
                && facet.path.starts_with(&request.below)
        });
        let children: BTreeSet<&[String]> = facets.map(|facet| &facet.path[..depth]).collect();
        for child in children {
            *counts.entry(child.to_vec()).or_default() += 1;
        }
    }
    counts.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn counts_equal_a_count_by_hand(documents in documents(), split in 0_usize..30) {
        let request = |below: &[&str]| FacetRequest {
            dimension: Dimension::Region,
            below: below.iter().map(|&step| step.to_owned()).collect(),
        };
        let count = vec![
            request(&[]),
            request(&["a"]),
            request(&["a", "1"]),
            FacetRequest { dimension: Dimension::Industry, below: Vec::new() },
            FacetRequest { dimension: Dimension::Year, below: Vec::new() },
        ];
        let index = Fixture::with(&documents[..split.min(documents.len())]);
        let mut writer = index.registry().writer().unwrap();
        documents[split.min(documents.len())..].iter().for_each(|document| writer.put(document).unwrap());
        writer.commit(2).unwrap();
        let page = index.page(&SearchQuery { count: count.clone(), limit: 3, ..typed("电池") });
        for (request, counted) in count.iter().zip(&page.facets) {
            prop_assert_eq!(&request.below, &counted.below);
            prop_assert_eq!(by_hand(&documents, request), counted.children.clone());
        }
    }
}

#[test]
fn of_very_many_values_those_with_most_hits_are_told() {
    let document = |(at, field): (u64, u64)| {
        let path = vec![format!("领域{field}")];
        IndexDocument { facets: vec![Facet { dimension: Dimension::Field, path }], ..titled(at, "电池") }
    };
    let documents: Vec<IndexDocument> = (1..).zip((0..250).chain([248, 249])).map(document).collect();
    let count = vec![FacetRequest { dimension: Dimension::Field, below: Vec::new() }];
    let page = Fixture::with(&documents).page(&SearchQuery { count, ..typed("电池") });
    let children = &page.facets[0].children;
    assert_eq!(children.len(), 200);
    let twice: Vec<&str> =
        children.iter().filter(|(_, hits)| *hits == 2).map(|(path, _)| &*path[0]).collect();
    assert_eq!(twice, ["领域248", "领域249"]);
}
