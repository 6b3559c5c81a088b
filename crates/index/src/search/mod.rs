//! What staff type, and what they get.

mod chunk;
mod facets;
mod plan;
mod relevance;

use domain::Area;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use tantivy::DocId;
use tantivy::query::{AllQuery, Query};
use tantivy::schema::Field;

use self::facets::Counts;
use self::plan::Plan;
use crate::schema::{Fields, TEXT_FIELDS};
use crate::snapshot::View;
use crate::top::Top;
use crate::{Dimension, IndexError, schema};

/// A search by people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// What was typed; `None` or blank finds everything the filters let through.
    pub text: Option<String>,
    /// All of them must let a document through.
    pub filters: Vec<Filter>,
    /// What to count the hits by.
    pub count: Vec<FacetRequest>,
    /// Order of the hits.
    pub sort: Sort,
    /// Continues after this hit, which came from the same query.
    pub after: Option<SearchAfter>,
    /// Hits per page, at most [`SearchQuery::MAX_LIMIT`].
    pub limit: usize,
    /// Not into evidence: it may be of records that whoever asks does not see.
    pub without_evidence: bool,
}

impl SearchQuery {
    /// Largest page.
    pub const MAX_LIMIT: usize = 100;
}

/// Lets documents through that lie under any of the paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The dimension.
    pub dimension: Dimension,
    /// Paths from the root; a path stands for everything below it. No path lets nothing through.
    pub any_of: Vec<Vec<String>>,
}

/// Asks for the number of hits in each child of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetRequest {
    /// The dimension.
    pub dimension: Dimension,
    /// The path whose children are counted; empty for the first level.
    pub below: Vec<String>,
}

/// The children of a path with the number of hits under each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetCount {
    /// The dimension.
    pub dimension: Dimension,
    /// The path whose children are counted.
    pub below: Vec<String>,
    /// Full path of each child that has hits, by path. A document under several paths of a child counts once in it.
    pub children: Vec<(Vec<String>, u64)>,
}

/// Order of hits. Every order is total: ties go by number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Best score first, then smaller number first.
    #[default]
    Relevance,
    /// Last update first, then larger number first.
    Newest,
    /// Longest without an update first, then smaller number first.
    Oldest,
}

/// Where a page ended; opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchAfter {
    /// The sort key: bits of the score, or the time of the update.
    pub key: i64,
    /// The record's number.
    pub number: u64,
}

/// A document found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The record's number.
    pub number: u64,
    /// The text score; 0 when no text was typed.
    pub score: f32,
    /// Continues a search after this hit.
    pub after: SearchAfter,
}

/// A page of hits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchPage {
    /// The hits in order.
    pub hits: Vec<Hit>,
    /// All hits of the query, exactly, on whatever page.
    pub total: u64,
    /// One per request, in the order of the requests, over all hits.
    pub facets: Vec<FacetCount>,
    /// Where the next page starts; `None` on the last one.
    pub next: Option<SearchAfter>,
    /// Terms of the analysis to highlight.
    pub terms: FxHashSet<String>,
}

/// The text fields that a search looks into, by their places in [`Fields::text`].
struct Texts<'a> {
    fields: &'a Fields,
    places: Vec<usize>,
}

impl<'a> Texts<'a> {
    fn of(fields: &'a Fields, query: &SearchQuery) -> Self {
        let looked_into =
            |place: &usize| !query.without_evidence || Area::ALL.get(*place) != Some(&Area::Evidence);
        Self { fields, places: (0..TEXT_FIELDS).filter(looked_into).collect() }
    }

    fn each(&self) -> impl Iterator<Item = Field> {
        self.places.iter().map(|&place| self.fields.text[place])
    }
}

/// Ascending in the order of the sort.
type Rank = (i64, u64);

pub(crate) fn search(view: &View, query: &SearchQuery) -> Result<SearchPage, IndexError> {
    let mut facets = Counts::new(&query.count);
    let (Some(generation), Some(searcher)) = (&view.generation, &view.searcher) else {
        return Ok(SearchPage { facets: facets.finish(), ..SearchPage::default() });
    };
    let fields = &generation.fields;
    let texts = Texts::of(fields, query);
    let filters: Vec<_> = query.filters.iter().map(|filter| plan::filter(fields, filter)).collect();
    let typed = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let plan = typed.map(|typed| Plan::new(view, &texts, typed)).transpose()?;
    let everything: Box<dyn Query> = Box::new(AllQuery);
    let alternatives = plan.as_ref().map_or(std::slice::from_ref(&everything), |plan| &plan.alternatives);

    let mut matches: Vec<Vec<DocId>> = Vec::new();
    for alternative in alternatives {
        let every = [alternative.box_clone()].into_iter().chain(filters.iter().map(|f| f.box_clone()));
        let every = plan::intersection(every);
        matches = vec![Vec::new(); view.segments.len()];
        relevance::for_each_match(view, searcher, &*every, |segment, doc| matches[segment].push(doc))?;
        if matches.iter().any(|docs| !docs.is_empty()) {
            break;
        }
    }
    for (segment, docs) in view.segments.iter().zip(&matches) {
        let mut counts = facets.segment(segment)?;
        docs.iter().for_each(|&doc| counts.count(doc));
        facets.add(counts);
    }

    let scores = match &plan {
        Some(plan) if query.sort == Sort::Relevance => relevance::scores(view, searcher, &texts, plan)?,
        _ => vec![0.0; view.places()],
    };
    let mut page = first(view, query, &matches, &scores)?;
    page.facets = facets.finish();
    if let Some(plan) = plan {
        page.terms.extend(relevance::expansions(view, &texts, &plan.prefixes)?);
        page.terms.extend(plan.terms);
    }
    Ok(page)
}

/// The page's hits out of all matches.
fn first(
    view: &View,
    query: &SearchQuery,
    matches: &[Vec<DocId>],
    scores: &[f32],
) -> Result<SearchPage, IndexError> {
    let limit = query.limit.min(SearchQuery::MAX_LIMIT);
    let after = query.after.map(|after| query.sort.rank(after));
    // One more than the page holds tells whether there is a next one.
    let mut top: Top<(Rank, u32)> = Top::new(limit + 1);
    for (segment, docs) in view.segments.iter().zip(matches) {
        let updated_at = segment.reader.fast_fields().i64(schema::UPDATED_AT)?;
        for &doc in docs {
            let score = scores[segment.base + doc as usize].to_bits();
            let key = match query.sort {
                Sort::Relevance => i64::from(score),
                Sort::Newest | Sort::Oldest => updated_at.first(doc).unwrap_or(0),
            };
            let rank = query.sort.rank(SearchAfter { key, number: segment.numbers[doc as usize] });
            if after.is_none_or(|after| rank > after) {
                top.offer((rank, score));
            }
        }
    }
    let mut hits: Vec<Hit> = Vec::new();
    let best = top.into_sorted();
    let more = best.len() > limit;
    for (rank, score) in best.into_iter().take(limit) {
        let after = query.sort.cursor(rank);
        hits.push(Hit { number: after.number, score: f32::from_bits(score), after });
    }
    let next = hits.last().filter(|_| more).map(|hit| hit.after);
    let total = matches.iter().map(|docs| docs.len() as u64).sum();
    Ok(SearchPage { hits, total, next, ..SearchPage::default() })
}

impl Sort {
    /// Scores are not negative, so their bits order them; `!` reverses an order of integers.
    fn rank(self, SearchAfter { key, number }: SearchAfter) -> Rank {
        match self {
            Self::Relevance => (!key, number),
            Self::Newest => (!key, !number),
            Self::Oldest => (key, number),
        }
    }

    fn cursor(self, (key, number): Rank) -> SearchAfter {
        // Each of the orders is its own inverse.
        let (key, number) = self.rank(SearchAfter { key, number });
        SearchAfter { key, number }
    }
}
