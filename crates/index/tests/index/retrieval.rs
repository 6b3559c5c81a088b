//! Candidates for matching:
//!
//! 1. Scores, statistics and frequencies equal, to the bit, the formula applied to each document's tokens and vectors.
//! 2. All candidates come, best first, ties by number; the scope changes which, never how much.
//! 3. Under frozen statistics a document's score does not depend on any other document.
//! 4. Only those hold a ground that hold all its terms in one area.

use domain::Area;
use index::{Candidate, IndexDocument, IndexError, Retrieved, Scope, Statistics};
use proptest::prelude::*;
use ranking::{
    AreaModel, AreaStatistics, Areas, Corpus, Meaning, Query, TextModel, Texts, WeightedTerm, Weights,
};
use tantivy::fieldnorm::FieldNormReader;
use text::{Scratch, TokenKind};
use vectors::{Buffers, TermVectors};

use crate::fixture::{ANALYZER, Fixture, passage, titled};

pub(crate) const MODEL: TextModel = TextModel {
    k1: 1.4,
    areas: Areas {
        title: AreaModel { weight: 2.0, b: 0.3 },
        keywords: AreaModel { weight: 1.5, b: 0.0 },
        body: AreaModel { weight: 1.0, b: 0.75 },
        evidence: AreaModel { weight: 0.7, b: 1.0 },
    },
};

pub(crate) fn weights(meaning: f32) -> Weights {
    let meaning = Meaning { weight: meaning, candidates: 1000 };
    Weights { candidate: MODEL, meaning, ..Weights::default() }
}

pub(crate) fn terms(text: &str) -> Vec<WeightedTerm> {
    let mut terms: Vec<WeightedTerm> = Vec::new();
    for token in ANALYZER.tokens(text) {
        if terms.iter().all(|term| term.text != token.text) {
            let weight = 1.0 / (1.0 + terms.len() as f32);
            terms.push(WeightedTerm {
                text: token.text,
                kind: token.kind,
                weight,
                meaning: weight,
                number: None,
            });
        }
    }
    terms
}

pub(crate) fn documents() -> impl Strategy<Value = Vec<IndexDocument>> {
    let area = proptest::sample::select(Area::ALL.to_vec());
    let text = "[锂离子电池正极材料回收工艺，的 a-b1]{0,60}";
    let passages = proptest::collection::vec((area, text), 0..5);
    proptest::collection::vec((passages, any::<bool>()), 0..25).prop_map(|documents| {
        let made = documents.into_iter().enumerate().map(|(at, (passages, open))| IndexDocument {
            number: (at as u64 * 17) % 29 + 1,
            passages: passages.iter().map(|(area, text)| passage(*area, text)).collect(),
            open,
            ..IndexDocument::default()
        });
        made.collect()
    })
}

pub(crate) fn query(terms: Vec<WeightedTerm>) -> Query {
    Query { terms, ..Query::default() }
}

/// The terms of each single piece of evidence.
fn pieces(document: &IndexDocument) -> Vec<Vec<String>> {
    let evidence = document.passages.iter().filter(|passage| passage.area == Area::Evidence);
    let grams = |text: &str| {
        let mut grams = Vec::new();
        ANALYZER.for_each_gram(text, &mut Scratch::default(), |token| grams.push(token.text.to_owned()));
        grams
    };
    evidence.map(|passage| grams(&passage.text)).collect()
}

/// The formula applied to the tokens of every document.
fn by_hand(documents: &[IndexDocument], terms: &[WeightedTerm], weights: &Weights) -> Retrieved {
    let tokens = |document: &IndexDocument, area: Area| -> Vec<String> {
        let texts = document.passages.iter().filter(|passage| passage.area == area);
        texts.flat_map(|passage| ANALYZER.tokens(&passage.text)).map(|token| token.text).collect()
    };
    let rounded =
        |length: usize| FieldNormReader::id_to_fieldnorm(FieldNormReader::fieldnorm_to_id(length as u32));
    let all_pieces: Vec<Vec<String>> = documents.iter().flat_map(pieces).collect();
    let grams: usize = all_pieces.iter().map(Vec::len).sum();
    let piece_length =
        if all_pieces.is_empty() { 0.0 } else { (grams as f64 / all_pieces.len() as f64) as f32 };
    let statistics = Areas::from_fn(|area| {
        let lengths: Vec<u64> = documents
            .iter()
            .map(|document| u64::from(rounded(tokens(document, area).len())))
            .filter(|&length| length > 0)
            .collect();
        let mean = lengths.iter().sum::<u64>() as f64 / lengths.len() as f64;
        let average_length = if lengths.is_empty() { 0.0 } else { mean as f32 };
        AreaStatistics { documents: documents.len() as u64, average_length }
    });
    let frequency = |term: &WeightedTerm, area| {
        let holders = documents.iter().filter(|document| tokens(document, area).contains(&term.text)).count();
        (holders as u64).max(1)
    };
    let frequencies = terms.iter().map(|term| Areas::from_fn(|area| frequency(term, area))).collect();
    let corpus = Corpus::new(statistics, piece_length, frequencies);
    let score = |tokens: &[String], area: Area, norm: f32| {
        let mut score = 0.0;
        for (at, term) in terms.iter().enumerate() {
            let tf = tokens.iter().filter(|token| **token == term.text).count() as u32;
            if tf > 0 {
                score += term.weight * corpus.idf(at, area) * MODEL.saturation(tf, norm);
            }
        }
        score
    };
    let first = |document: &IndexDocument| {
        Areas::from_fn(|area| {
            let tokens = tokens(document, area);
            let norm = MODEL.length_norm(area, rounded(tokens.len()), statistics[area].average_length);
            score(&tokens, area, norm)
        })
    };
    let total = |areas: Areas<f32>| Texts { areas, ..Texts::default() }.total(weights);
    let spread = corpus.spread(&query(terms.to_vec()), &MODEL);
    let vectors = TermVectors::builtin();
    let direction = vectors.direction(terms.iter().map(|term| (term.text.as_str(), term.meaning)));
    let direction = direction.filter(|_| weights.meaning.weight > 0.0);
    let candidate = |document: &IndexDocument| {
        let mut areas = first(document);
        let pieces = pieces(document).into_iter().map(|piece| {
            let norm = MODEL.norm(weights.pieces.b, piece.len() as u32, piece_length);
            score(&piece, Area::Evidence, norm)
        });
        areas.evidence = weights.pieces.together(&mut pieces.collect::<Vec<f32>>());
        let alike = |text: &str| {
            let packed = vectors.embed(&ANALYZER, text, &mut Buffers::default());
            direction
                .as_ref()
                .zip(packed)
                .map_or(0.0, |(direction, packed)| direction.likeness(packed.words()))
        };
        let mut alike: Vec<f32> = document.passages.iter().map(|passage| alike(&passage.text)).collect();
        let rate = Texts::rate(weights, spread, vectors.trust());
        let texts = Texts { areas, likeness: weights.pieces.together(&mut alike), rate };
        Candidate {
            number: document.number,
            score: texts.total(weights),
            texts,
            attributes: document.attributes.clone(),
        }
    };
    let sharing = documents.iter().filter(|document| total(first(document)) > 0.0);
    let mut candidates: Vec<Candidate> = sharing.map(candidate).collect();
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.number.cmp(&b.number)));
    Retrieved { candidates, corpus }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn everything_equals_the_formula(
        documents in documents(),
        asked in "[锂离子电池正极材料回收工艺a-b1 ]{0,40}",
        among in proptest::collection::btree_set(1_u64..30, 0..20),
        limit in 0_usize..10,
    ) {
        let index = Fixture::with(&documents);
        let terms = terms(&asked);
        let expected = by_hand(&documents, &terms, &weights(0.0));
        let snapshot = index.snapshot();
        let all = snapshot.retrieve(&query(terms.clone()), &weights(0.0), &Scope::default(), 100).unwrap();
        prop_assert_eq!(&all, &expected);
        for (term, frequencies) in terms.iter().zip(&expected.corpus.frequencies) {
            for area in Area::ALL {
                prop_assert_eq!(snapshot.document_frequency(area, &term.text).unwrap().max(1), frequencies[area]);
            }
        }

        let among: Vec<u64> = among.into_iter().collect();
        let scope = Scope { open_only: true, among: Some(&among), ..Scope::default() };
        let open = |number| documents.iter().any(|document| document.number == number && document.open);
        let mut scoped = expected;
        scoped.candidates.retain(|candidate| {
            let number = candidate.number;
            open(number) && among.contains(&number)
        });
        scoped.candidates.truncate(limit);
        prop_assert_eq!(snapshot.retrieve(&query(terms.clone()), &weights(0.0), &scope, limit).unwrap(), scoped);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn likeness_of_meaning_counts_as_the_formula_says(
        documents in documents(), asked in "[锂离子电池正极材料回收工艺]{0,40}",
    ) {
        let index = Fixture::with(&documents);
        let (terms, weights) = (terms(&asked), weights(5.0));
        let expected = by_hand(&documents, &terms, &weights);
        let found = index.snapshot().retrieve(&query(terms.clone()), &weights, &Scope::default(), 100).unwrap();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn under_frozen_statistics_no_document_changes_the_score_of_another(
        documents in documents(), asked in "[锂离子电池正极材料回收工艺]{1,40}", gone in proptest::collection::vec(any::<bool>(), 25),
    ) {
        let (query, weights) = (query(terms(&asked)), weights(5.0));
        let whole = Fixture::with(&documents);
        let statistics = whole.snapshot().freeze().unwrap();
        prop_assert_eq!(&Statistics::from_bytes(&statistics.to_bytes()).unwrap(), &statistics);
        let live = whole.snapshot().retrieve(&query, &weights, &Scope::default(), 100).unwrap();
        let scope = Scope { frozen: Some(&statistics), ..Scope::default() };
        prop_assert_eq!(&whole.snapshot().retrieve(&query, &weights, &scope, 100).unwrap(), &live);

        let mut rest: Vec<IndexDocument> = documents.clone();
        let mut stays = gone.iter().map(|gone| !gone);
        rest.retain(|_| stays.next().unwrap_or(true));
        let others = (100..103).map(|number| titled(number, "锂电池材料"));
        let changed = Fixture::with(&rest.iter().cloned().chain(others).collect::<Vec<_>>());
        let mut found = changed.snapshot().retrieve(&query, &weights, &scope, 100).unwrap();
        found.candidates.retain(|candidate| candidate.number < 100);
        let stayed = |number| rest.iter().any(|document| document.number == number);
        let expected: Vec<Candidate> =
            live.candidates.into_iter().filter(|candidate| stayed(candidate.number)).collect();
        prop_assert_eq!(found.candidates, expected);
    }

    #[test]
    fn a_ground_is_held_by_who_holds_all_its_terms_in_one_area(
        documents in documents(), asked in "[锂离子电池正极]{2,12}", picked in proptest::collection::vec(0_u32..8, 1..4),
    ) {
        let terms = terms(&asked);
        let ground: Vec<u32> = picked.into_iter().filter(|&at| (at as usize) < terms.len()).collect();
        let grounds = if ground.is_empty() { Vec::new() } else { vec![ground.clone()] };
        let query = Query { grounds, ..query(terms.clone()) };
        let holds = |document: &IndexDocument| !ground.is_empty() && Area::ALL.into_iter().any(|area| {
            let texts = document.passages.iter().filter(|passage| passage.area == area);
            let held: Vec<String> =
                texts.flat_map(|passage| ANALYZER.tokens(&passage.text)).map(|token| token.text).collect();
            ground.iter().all(|&at| held.contains(&terms[at as usize].text))
        });
        let index = Fixture::with(&documents);
        let all = index.snapshot().retrieve(&query, &weights(0.0), &Scope::default(), 100).unwrap().candidates;
        let scope = Scope { grounded: true, ..Scope::default() };
        let found = index.snapshot().retrieve(&query, &weights(0.0), &scope, 100).unwrap().candidates;
        let holders: Vec<u64> =
            documents.iter().filter(|document| holds(document)).map(|document| document.number).collect();
        let expected: Vec<Candidate> =
            all.into_iter().filter(|candidate| holders.contains(&candidate.number)).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn bytes_that_are_no_statistics_are_refused() {
    let index = Fixture::with(&[titled(1, "锂电池回收"), titled(2, "锂电池")]);
    let bytes = index.snapshot().freeze().unwrap().to_bytes();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(matches!(Statistics::from_bytes(&damaged), Err(IndexError::NoStatistics)), "byte {at}");
        assert!(matches!(Statistics::from_bytes(&bytes[..at]), Err(IndexError::NoStatistics)), "{at} bytes");
    }
}

#[test]
fn no_terms_and_no_documents_give_nothing() {
    let index = Fixture::with(&[titled(1, "电池")]);
    let nothing =
        index.snapshot().retrieve(&query(Vec::new()), &weights(0.0), &Scope::default(), 10).unwrap();
    assert_eq!(nothing.candidates, []);
    assert_eq!(nothing.corpus.statistics.title.documents, 1);
    let term = WeightedTerm {
        text: "电池".to_owned(),
        kind: TokenKind::Bigram,
        weight: 1.0,
        meaning: 1.0,
        number: None,
    };
    let stale = Fixture::new();
    let answer = stale.snapshot().retrieve(&query(vec![term]), &weights(0.0), &Scope::default(), 10);
    assert!(matches!(answer, Err(IndexError::Stale(_))), "nobody found would be an answer");
}
