//! Candidates for matching:
//!
//! 1. Scores, statistics and frequencies equal, to the bit, the formula applied to each document's tokens and vectors.
//! 2. All candidates come, best first, ties by number; the scope changes which, never how much.

use domain::Area;
use index::{Candidate, IndexDocument, IndexError, Retrieved, Scope};
use proptest::prelude::*;
use ranking::{
    AreaModel, AreaStatistics, Areas, Meaning, Query, TextModel, Texts, WeightedTerm, Weights, idf,
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
            terms.push(WeightedTerm { text: token.text, kind: token.kind, weight, meaning: weight });
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
    Query { terms, meaning: None }
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
        documents.iter().filter(|document| tokens(document, area).contains(&term.text)).count() as u64
    };
    let frequencies: Vec<Areas<u64>> =
        terms.iter().map(|term| Areas::from_fn(|area| frequency(term, area))).collect();
    let score = |tokens: &[String], area: Area, norm: f32| {
        let mut score = 0.0;
        for (term, frequencies) in terms.iter().zip(&frequencies) {
            let tf = tokens.iter().filter(|token| **token == term.text).count() as u32;
            if tf > 0 {
                let rarity = idf(frequencies[area], documents.len() as u64);
                score += term.weight * rarity * MODEL.saturation(tf, norm);
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
    let firsts: Vec<f64> = documents.iter().map(|document| f64::from(total(first(document)))).collect();
    let mean = firsts.iter().sum::<f64>() / firsts.len() as f64;
    let spread = firsts.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / firsts.len() as f64;
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
        let rate = Texts::rate(weights, spread.sqrt() as f32, vectors.trust());
        let texts = Texts { areas, likeness: weights.pieces.together(&mut alike), rate };
        Candidate {
            number: document.number,
            score: texts.total(weights),
            texts,
            lengths: Areas::from_fn(|area| rounded(tokens(document, area).len())),
            attributes: document.attributes.clone(),
        }
    };
    let sharing = documents.iter().zip(&firsts).filter(|(_, first)| **first > 0.0);
    let mut candidates: Vec<Candidate> = sharing.map(|(document, _)| candidate(document)).collect();
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.number.cmp(&b.number)));
    Retrieved { candidates, statistics, piece_length, frequencies }
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
        for (term, frequencies) in terms.iter().zip(&expected.frequencies) {
            for area in Area::ALL {
                prop_assert_eq!(snapshot.document_frequency(area, &term.text).unwrap(), frequencies[area]);
            }
        }

        let among: Vec<u64> = among.into_iter().collect();
        let scope = Scope { open_only: true, among: Some(&among) };
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
        prop_assert_eq!(found.candidates.len(), expected.candidates.len());
        for candidate in &found.candidates {
            let same = expected.candidates.iter().find(|other| other.number == candidate.number).unwrap();
            // The spread of the scores is summed in whole numbers, here in fractions.
            prop_assert!((candidate.texts.rate - same.texts.rate).abs() <= 2e-3 * (1.0 + same.texts.rate));
            prop_assert_eq!(candidate.texts.likeness, same.texts.likeness);
            prop_assert_eq!(candidate.texts.areas, same.texts.areas);
        }
        prop_assert!(found.candidates.is_sorted_by(|a, b| a.score > b.score || (a.score == b.score && a.number < b.number)));
    }
}

#[test]
fn no_terms_and_no_documents_give_nothing() {
    let index = Fixture::with(&[titled(1, "电池")]);
    let nothing =
        index.snapshot().retrieve(&query(Vec::new()), &weights(0.0), &Scope::default(), 10).unwrap();
    assert_eq!(nothing.candidates, []);
    assert_eq!(nothing.statistics.title.documents, 1);
    let term = WeightedTerm { text: "电池".to_owned(), kind: TokenKind::Bigram, weight: 1.0, meaning: 1.0 };
    let stale = Fixture::new();
    let answer = stale.snapshot().retrieve(&query(vec![term]), &weights(0.0), &Scope::default(), 10);
    assert!(matches!(answer, Err(IndexError::Stale(_))), "nobody found would be an answer");
}
