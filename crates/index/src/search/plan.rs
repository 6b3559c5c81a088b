//! What was typed, as queries of tantivy. They only decide what matches; [`super::relevance`] scores.

use std::collections::BTreeSet;
use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{BooleanQuery, EmptyQuery, InvertedIndexRangeQuery, PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};

use super::Texts;
use super::chunk::{Chunk, Phrase};
use crate::schema::Fields;
use crate::snapshot::View;
use crate::{Filter, IndexError, schema};

/// A query of more pieces is prose: not every piece can be asked for.
const MAX_CHUNKS: usize = 16;

/// Distinct terms that a query uses at most.
const MAX_TERMS: usize = 64;

/// Share of the bigrams of a long piece that stand for the piece, in percent.
const MOST: usize = 60;

/// Shares of the terms of prose to ask for, in percent, until something matches. One term always suffices in the end.
const PROSE_SHARES: [usize; 4] = [60, 30, 10, 0];

/// Terms that a prefix stands for at most, in a text field of a segment.
const MAX_PREFIX_TERMS: u64 = 1_000;

/// Pinyin keys that a prefix stands for at most, in a segment.
const MAX_LATIN_KEYS: u64 = 20_000;

/// A typed text, understood.
pub(super) struct Plan {
    /// Ordered by strictness: the first that matches anything counts.
    pub(super) alternatives: Vec<Box<dyn Query>>,
    /// What scores and is highlighted.
    pub(super) terms: BTreeSet<String>,
    /// Earn a bonus where they stand.
    pub(super) phrases: Vec<Phrase>,
    /// Earn a bonus for the terms they begin.
    pub(super) prefixes: Vec<String>,
    /// The whole query as a beginning of a name's pinyin.
    pub(super) latin: Option<String>,
}

impl Plan {
    pub(super) fn new(view: &View, texts: &Texts<'_>, typed: &str) -> Result<Self, IndexError> {
        let pieces = view.analyzer.chunks(typed);
        let chunks: Vec<Chunk> =
            pieces.iter().filter_map(|piece| Chunk::read(&view.analyzer, piece)).collect();
        let latin = text::pinyin::latin_query(typed);
        let size: usize = chunks.iter().map(Chunk::size).sum();
        if chunks.len() > MAX_CHUNKS || size > 2 * MAX_TERMS {
            return Self::prose(view, texts, &chunks);
        }
        let mut every: Vec<Box<dyn Query>> = vec![intersection(chunks.iter().map(|c| chunk(texts, c)))];
        every.extend(latin.as_deref().map(|keys| prefix(texts.fields.latin, keys, MAX_LATIN_KEYS)));
        Ok(Self {
            alternatives: vec![union(every)],
            terms: chunks.iter().flat_map(|chunk| chunk.terms.iter().cloned()).collect(),
            prefixes: chunks.iter().filter_map(|chunk| chunk.prefix.clone()).collect(),
            phrases: chunks.into_iter().map(|chunk| chunk.phrase).collect(),
            latin,
        })
    }

    /// A pasted text: its rarest terms, and as many of them as any document has.
    fn prose(view: &View, texts: &Texts<'_>, chunks: &[Chunk]) -> Result<Self, IndexError> {
        let distinct: BTreeSet<&String> = chunks.iter().flat_map(|chunk| &chunk.grams).collect();
        let mut known: Vec<(u64, &String)> = Vec::new();
        let text_fields =
            texts.places.iter().map(|&place| view.text_field(place)).collect::<Result<Vec<_>, _>>()?;
        for term in distinct {
            let mut live = 0;
            for field in text_fields.iter().flatten() {
                live += field.find(term)?.live;
            }
            if live > 0 {
                known.push((live, term));
            }
        }
        known.sort_unstable();
        known.truncate(MAX_TERMS);
        let terms: BTreeSet<String> = known.into_iter().map(|(_, term)| term.clone()).collect();
        let at_least = |share: usize| -> Box<dyn Query> {
            let each = terms.iter().map(|term| anywhere(texts, &[(0, term.clone())])).collect();
            let required = (terms.len() * share).div_ceil(100).max(1);
            Box::new(BooleanQuery::union_with_minimum_required_clauses(each, required))
        };
        let alternatives = PROSE_SHARES.into_iter().map(at_least).collect();
        Ok(Self { alternatives, terms, phrases: Vec::new(), prefixes: Vec::new(), latin: None })
    }
}

/// Matches what any of the filter's paths lets through.
pub(super) fn filter(fields: &Fields, filter: &Filter) -> Box<dyn Query> {
    let paths = filter.any_of.iter().map(|path| {
        let facet = schema::facet(filter.dimension, path);
        term_query(Term::from_facet(fields.facets, &facet))
    });
    union(paths.collect())
}

pub(super) fn intersection(queries: impl IntoIterator<Item = Box<dyn Query>>) -> Box<dyn Query> {
    let mut queries: Vec<Box<dyn Query>> = queries.into_iter().collect();
    match queries.len() {
        0 => Box::new(EmptyQuery),
        1 => queries.remove(0),
        _ => Box::new(BooleanQuery::intersection(queries)),
    }
}

fn union(mut queries: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    match queries.len() {
        0 => Box::new(EmptyQuery),
        1 => queries.remove(0),
        _ => Box::new(BooleanQuery::union(queries)),
    }
}

/// Every way in which a piece matches.
fn chunk(texts: &Texts<'_>, chunk: &Chunk) -> Box<dyn Query> {
    let mut ways = vec![anywhere(texts, &chunk.phrase)];
    ways.extend(chunk.synonyms.iter().map(|class| anywhere(texts, &[(0, class.clone())])));
    if let Some(start) = &chunk.prefix {
        ways.extend(texts.each().map(|field| prefix(field, start, MAX_PREFIX_TERMS)));
    }
    if !chunk.words.is_empty() {
        ways.push(intersection(chunk.words.iter().map(|word| {
            let mut forms = vec![anywhere(texts, &word.phrase)];
            forms.extend(word.synonym.iter().map(|class| anywhere(texts, &[(0, class.clone())])));
            union(forms)
        })));
    }
    if chunk.long && chunk.grams.len() > 1 {
        let each = chunk.grams.iter().map(|gram| anywhere(texts, &[(0, gram.clone())])).collect();
        let required = (chunk.grams.len() * MOST).div_ceil(100);
        ways.push(Box::new(BooleanQuery::union_with_minimum_required_clauses(each, required)));
    }
    union(ways)
}

/// The phrase in any text field that is looked into.
fn anywhere(texts: &Texts<'_>, phrase: &[(usize, String)]) -> Box<dyn Query> {
    union(texts.each().map(|field| phrase_in(field, phrase)).collect())
}

/// The phrase in one field.
pub(super) fn phrase_in(field: Field, phrase: &[(usize, String)]) -> Box<dyn Query> {
    let term = |text: &str| Term::from_field_text(field, text);
    match phrase {
        [] => Box::new(EmptyQuery),
        [(_, only)] => term_query(term(only)),
        several => {
            let terms = several.iter().map(|(offset, text)| (*offset, term(text)));
            Box::new(PhraseQuery::new_with_offset(terms.collect()))
        }
    }
}

/// Any term of a text field that starts with `start`.
pub(super) fn prefix_in(field: Field, start: &str) -> Box<dyn Query> {
    prefix(field, start, MAX_PREFIX_TERMS)
}

/// Any pinyin key that starts with `start`.
pub(super) fn latin_prefix(fields: &Fields, start: &str) -> Box<dyn Query> {
    prefix(fields.latin, start, MAX_LATIN_KEYS)
}

pub(super) fn term_query(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

fn prefix(field: Field, start: &str, limit: u64) -> Box<dyn Query> {
    let from = Term::from_field_text(field, start);
    let until = after_prefix(start)
        .map_or(Bound::Unbounded, |until| Bound::Excluded(Term::from_field_text(field, &until)));
    let mut query = InvertedIndexRangeQuery::new(Bound::Included(from), until);
    query.limit(limit);
    Box::new(query)
}

/// The first text after all that start with `start`; `None` when there is none.
pub(super) fn after_prefix(start: &str) -> Option<String> {
    let mut chars = start.chars();
    let last = chars.next_back()?;
    let next = char::from_u32(u32::from(last) + 1)?;
    Some(chars.chain([next]).collect())
}
