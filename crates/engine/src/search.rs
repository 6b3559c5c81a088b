//! Searching a registry as staff do: typed text, filters, facet counts, highlighted snippets.

use domain::{AchievementType, Industry, Kind, Region, StationType, Status};
use index::{Dimension, FacetRequest, Filter, SearchAfter, SearchQuery};
use ranking::{Highlight, Piece};

use crate::desk::Sight;
use crate::documents::{industry_path, region_path};
use crate::matching::lies_within;
use crate::registry::page_limit;
use crate::{Engine, EngineError, Shown, blocking};

pub use index::Sort;

/// Longest text that may be typed, in characters; highlighted fields at most; longest snippet.
const MOST_TEXT: usize = 2_000;
const HIGHLIGHTS: usize = 3;
const SNIPPET: usize = 100;

/// A search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchRequest {
    /// What was typed.
    pub text: Option<String>,
    /// All of them must hold.
    pub filters: Vec<FilterAsk>,
    /// What to count.
    pub facets: Vec<FacetAsk>,
    /// Order of the hits.
    pub sort: Sort,
    /// Continues a former answer of the same request.
    pub after: Option<PageEnd>,
    /// 1 to 100.
    pub limit: usize,
}

/// Holds for records under any of the values: codes or names of regions and industries, or plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterAsk {
    /// The dimension.
    pub dimension: Dimension,
    /// Any of these.
    pub any_of: Vec<String>,
}

/// Asks for the counts of a dimension; of a tree, below `below` (code or name).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetAsk {
    /// The dimension.
    pub dimension: Dimension,
    /// Root of the wanted level of a tree.
    pub below: Option<String>,
}

/// The counts of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetTree {
    /// The dimension.
    pub dimension: Dimension,
    /// Most hits first.
    pub children: Vec<FacetChild>,
}

/// One value with the number of hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetChild {
    /// What to filter by: a code or a word.
    pub value: String,
    /// What to show.
    pub label: String,
    /// Hits under it.
    pub count: u64,
}

/// One hit.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchItem {
    /// The record.
    pub shown: Shown,
    /// Text score; 0 without text.
    pub score: f32,
    /// Snippets of the fields in which the text was found.
    pub highlights: Vec<Highlight>,
}

/// A page of hits.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchAnswer {
    /// The hits.
    pub items: Vec<SearchItem>,
    /// All hits.
    pub total: u64,
    /// Counts, in the order asked.
    pub facets: Vec<FacetTree>,
    /// Continues the search; `None` on the last page.
    pub next: Option<PageEnd>,
}

/// Where a page ended, and in which state of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageEnd {
    /// Position of the index: pages of one search are all of one state, as long as it is kept.
    pub state: u64,
    /// The last hit.
    pub hit: SearchAfter,
}

impl Engine {
    /// Searches one registry. Pages that follow one another within two minutes are of one state of the index, whatever is written meanwhile;
    /// later, or from another process, they go on in the present state, where scores may have changed.
    ///
    /// # Errors
    /// [`EngineError::BadParameter`] naming the parameter that is out of bounds.
    pub async fn search(&self, kind: Kind, request: &SearchRequest) -> Result<SearchAnswer, EngineError> {
        self.search_seen(Sight::everything(), kind, request).await
    }

    /// As [`Self::search`], as if there were no records that are hidden: neither hits nor counts. What the outline of a record does not tell is
    /// not to be had by asking for it either: typed text and years look only at what is seen whole, and typed text into no evidence
    /// where that may be of records which are not.
    pub(crate) async fn search_seen(
        &self,
        sight: Sight,
        kind: Kind,
        request: &SearchRequest,
    ) -> Result<SearchAnswer, EngineError> {
        let mut query = query(request)?;
        let typed = request.text.as_deref().is_some_and(|text| !text.trim().is_empty());
        let asked = request.filters.iter().map(|filter| filter.dimension);
        let dated =
            asked.chain(request.facets.iter().map(|facet| facet.dimension)).any(|one| one == Dimension::Year);
        let within = if typed || dated { sight.within_texts(kind) } else { sight.within(kind) };
        query.without_evidence = sight.within_texts(Kind::Achievement).is_some();
        query.filters.extend(
            within.map(|region| Filter { dimension: Dimension::Region, any_of: vec![region_path(region)] }),
        );
        let present = self.catalog.registry(kind).snapshot();
        let state = match request.after {
            Some(after) => self.pins.find(kind, after.state, present),
            None => present,
        };
        let searched = state.clone();
        let page = blocking(move || Ok(searched.search(&query)?)).await?;
        let next = page.next.map(|hit| PageEnd { state: state.position(), hit });
        if next.is_some() {
            self.pins.keep(kind, &state);
        }

        let numbers: Vec<u64> = page.hits.iter().map(|hit| hit.number).collect();
        let mut records = self.store.records(kind, &numbers).await?;
        // One may have moved since it was indexed.
        records.retain(|record| lies_within(within, record.profile.region()));
        let shown = self.show_all(kind, records).await?;
        let (engine, hits, terms) = (self.clone(), page.hits, page.terms);
        let items = blocking(move || {
            let score = |number| hits.iter().find(|hit| hit.number == number).map_or(0.0, |hit| hit.score);
            let item = |shown: Shown| SearchItem {
                score: score(shown.record.id.number),
                highlights: engine.found_in(&shown, &terms),
                shown,
            };
            Ok(shown.into_iter().map(item).collect())
        })
        .await?;
        let tree = |count: index::FacetCount| FacetTree {
            dimension: count.dimension,
            children: children(count.dimension, count.children),
        };
        let facets = page.facets.into_iter().map(tree).collect();
        Ok(SearchAnswer { items, total: page.total, facets, next })
    }

    fn found_in(&self, shown: &Shown, terms: &rustc_hash::FxHashSet<String>) -> Vec<Highlight> {
        let names = shown.record.profile.names().into_iter().map(|name| ("name", "名称", name.to_owned()));
        let passages = shown.record.profile.passages();
        let texts = passages.into_iter().map(|passage| (passage.field, passage.label, passage.text));
        let highlight = |(field, label, text): (&str, &str, String)| {
            let segments = text::snippet(&self.analyzer, &text, terms, SNIPPET);
            let pieces: Vec<Piece> =
                segments.into_iter().map(|s| Piece { text: s.text, hit: s.hit }).collect();
            let found = pieces.iter().any(|piece| piece.hit);
            found.then(|| Highlight { field: field.to_owned(), label: label.to_owned(), pieces })
        };
        names.chain(texts).filter_map(highlight).take(HIGHLIGHTS).collect()
    }
}

fn query(request: &SearchRequest) -> Result<SearchQuery, EngineError> {
    page_limit(request.limit)?;
    if request.text.as_ref().is_some_and(|text| text.chars().count() > MOST_TEXT) {
        return Err(EngineError::BadParameter {
            parameter: "q", detail: format!("最多 {MOST_TEXT} 个字")
        });
    }
    let filter = |ask: &FilterAsk| {
        let any_of = ask
            .any_of
            .iter()
            .map(|value| path(ask.dimension, ask.dimension.slug(), value))
            .collect::<Result<_, _>>()?;
        Ok(Filter { dimension: ask.dimension, any_of })
    };
    let count = |ask: &FacetAsk| {
        let parameter = if ask.dimension == Dimension::Industry { "industry_below" } else { "region_below" };
        let below =
            ask.below.as_deref().map_or(Ok(Vec::new()), |value| path(ask.dimension, parameter, value))?;
        Ok(FacetRequest { dimension: ask.dimension, below })
    };
    Ok(SearchQuery {
        text: request.text.clone(),
        filters: request.filters.iter().map(filter).collect::<Result<_, EngineError>>()?,
        count: request.facets.iter().map(count).collect::<Result<_, EngineError>>()?,
        sort: request.sort,
        after: request.after.map(|after| after.hit),
        limit: request.limit,
        without_evidence: false,
    })
}

/// The index path of a value that a person chose.
fn path(dimension: Dimension, parameter: &'static str, value: &str) -> Result<Vec<String>, EngineError> {
    let bad = |detail| EngineError::BadParameter { parameter, detail };
    match dimension {
        Dimension::Region => value.parse().map(region_path).map_err(bad),
        Dimension::Industry => value.parse().map(industry_path).map_err(bad),
        Dimension::Status => value.parse().map(|status: Status| vec![status.slug().to_owned()]).map_err(bad),
        Dimension::Type => type_slug(value).map(|slug| vec![slug.to_owned()]).map_err(bad),
        Dimension::Year => match value.trim().parse::<u16>() {
            Ok(year) => Ok(vec![year.to_string()]),
            Err(_) => Err(bad(format!("“{value}”不是年份，应为 2026 这样的数字"))),
        },
        // Free text: what nobody has is found nowhere.
        Dimension::Field | Dimension::Title => Ok(vec![value.trim().to_owned()]),
    }
}

/// A type of stations or of achievements, given in either language.
fn type_slug(value: &str) -> Result<&'static str, String> {
    let achievement = |_| value.parse::<AchievementType>().map(AchievementType::slug);
    value.parse::<StationType>().map(StationType::slug).or_else(achievement).map_err(|_| {
        let stations = StationType::ALL.iter().map(|each| (each.slug(), each.label()));
        let known = stations.chain(AchievementType::ALL.iter().map(|each| (each.slug(), each.label())));
        let known: Vec<String> = known.map(|(slug, label)| format!("{slug}（{label}）")).collect();
        format!("“{value}”不在可选值中：{}", known.join("、"))
    })
}

fn children(dimension: Dimension, counts: Vec<(Vec<String>, u64)>) -> Vec<FacetChild> {
    let child = |(path, count): (Vec<String>, u64)| {
        let value = path.last().cloned().unwrap_or_default();
        FacetChild { label: label(dimension, &value), value, count }
    };
    let mut children: Vec<FacetChild> = counts.into_iter().map(child).collect();
    children.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    children
}

/// What people read for a facet's value.
fn label(dimension: Dimension, value: &str) -> String {
    let known = match dimension {
        Dimension::Region => value.parse::<Region>().ok().map(|region| region.name().to_owned()),
        Dimension::Industry => value.parse::<Industry>().ok().map(|industry| industry.name().to_owned()),
        Dimension::Status => value.parse::<Status>().ok().map(|status| status.label().to_owned()),
        Dimension::Type => {
            let station = value.parse::<StationType>().map(StationType::label);
            station
                .or_else(|_| value.parse::<AchievementType>().map(AchievementType::label))
                .ok()
                .map(str::to_owned)
        }
        Dimension::Field | Dimension::Title | Dimension::Year => None,
    };
    known.unwrap_or_else(|| value.to_owned())
}
