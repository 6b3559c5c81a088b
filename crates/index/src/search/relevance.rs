//! How well documents answer what was typed: BM25 over fields with boosts, and a bonus for what stands together.

use std::collections::BTreeSet;

use ranking::{AreaModel, Areas, TextModel};
use tantivy::query::{EnableScoring, Query};
use tantivy::{DocId, Searcher, Term};

use super::Texts;
use super::plan::{self, Plan};
use crate::IndexError;
use crate::postings::Saturation;
use crate::postings::live_frequency;
use crate::schema::{NAMES, TEXT_FIELDS};
use crate::snapshot::View;

/// How much each text field counts, in the order of [`Fields::text`]: title, keywords, body, evidence, names.
const BOOSTS: [f32; TEXT_FIELDS] = [3.0, 2.0, 1.0, 0.6, 4.0];

/// Share of the idf of its terms that a phrase earns where it stands.
const PHRASE: f32 = 0.5;

/// What a completed prefix earns; about the idf of a term that a third of the documents hold.
const PREFIX: f32 = 1.0;

/// Prefix expansions that are highlighted.
const MAX_HIGHLIGHTED: usize = 32;

const AREA: AreaModel = AreaModel { weight: 1.0, b: 0.75 };

const MODEL: TextModel =
    TextModel { k1: 1.2, areas: Areas { title: AREA, keywords: AREA, body: AREA, evidence: AREA } };

/// The score of every document of the view, at [`crate::snapshot::Segment::base`] + its id. Sums go by field, then term: they do not
/// depend on how documents lie in segments.
pub(super) fn scores(
    view: &View,
    searcher: &Searcher,
    texts: &Texts<'_>,
    plan: &Plan,
) -> Result<Vec<f32>, IndexError> {
    let mut scores = vec![0.0; view.places()];
    let fields = texts.fields;
    for &place in &texts.places {
        let boost = BOOSTS[place];
        let Some(field) = view.text_field(place)? else { continue };
        let statistics = view.statistics()[place];
        // All areas of the model are alike; names are measured like one of them.
        let saturation = Saturation::new(&MODEL, |length| {
            MODEL.length_norm(domain::Area::Title, length, statistics.average_length)
        });
        for term in &plan.terms {
            let found = field.find(term)?;
            let factor = boost * ranking::idf(found.live, statistics.documents);
            field.accumulate(&found, |count, code| saturation.of(count, code), factor, &mut scores)?;
        }
        for phrase in plan.phrases.iter().filter(|phrase| phrase.len() > 1) {
            let mut idf = 0.0;
            for (_, term) in phrase {
                idf += ranking::idf(field.find(term)?.live, statistics.documents);
            }
            let query = plan::phrase_in(fields.text[place], phrase);
            add(view, searcher, &*query, boost * PHRASE * idf, &mut scores)?;
        }
        for start in &plan.prefixes {
            let query = plan::prefix_in(fields.text[place], start);
            add(view, searcher, &*query, boost * PREFIX, &mut scores)?;
        }
    }
    if let Some(keys) = &plan.latin {
        let begins = plan::latin_prefix(fields, keys);
        let whole = plan::term_query(Term::from_field_text(fields.latin, keys));
        for query in [begins, whole] {
            add(view, searcher, &*query, BOOSTS[NAMES] * PREFIX, &mut scores)?;
        }
    }
    Ok(scores)
}

fn add(
    view: &View,
    searcher: &Searcher,
    query: &dyn Query,
    bonus: f32,
    scores: &mut [f32],
) -> Result<(), IndexError> {
    for_each_match(view, searcher, query, |segment, doc| {
        scores[view.segments[segment].base + doc as usize] += bonus;
    })
}

/// Calls `visit` with segment and id of every live document that matches.
pub(super) fn for_each_match(
    view: &View,
    searcher: &Searcher,
    query: &dyn Query,
    mut visit: impl FnMut(usize, DocId),
) -> Result<(), IndexError> {
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    for (order, segment) in view.segments.iter().enumerate() {
        weight.for_each_no_score(&segment.reader, &mut |docs| {
            for &doc in docs.iter().filter(|&&doc| segment.is_live(doc)) {
                visit(order, doc);
            }
        })?;
    }
    Ok(())
}

/// Terms of the index that start with one of the prefixes, for highlighting.
pub(super) fn expansions(
    view: &View,
    texts: &Texts<'_>,
    prefixes: &[String],
) -> Result<BTreeSet<String>, IndexError> {
    let mut found = BTreeSet::new();
    for start in prefixes {
        for segment in &view.segments {
            for field in texts.each() {
                let index = segment.reader.inverted_index(field)?;
                let mut range = index.terms().range().ge(start);
                if let Some(until) = plan::after_prefix(start) {
                    range = range.lt(until);
                }
                let mut stream = range.into_stream()?;
                let mut taken = 0;
                while taken < MAX_HIGHLIGHTED && stream.advance() {
                    // A term may stand in deleted documents alone, until a merge.
                    if live_frequency(segment, &index, stream.value())? > 0 {
                        found.extend(std::str::from_utf8(stream.key()).map(str::to_owned));
                        taken += 1;
                    }
                }
            }
        }
    }
    Ok(found.into_iter().take(MAX_HIGHLIGHTED).collect())
}
