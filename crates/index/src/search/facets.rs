//! Counting hits by the children of a path.

use std::collections::BTreeMap;

use tantivy::DocId;
use tantivy::columnar::StrColumn;

use crate::snapshot::Segment;
use crate::{FacetCount, FacetRequest, IndexError, schema};

/// Children told of one path at most, those with most hits: some dimensions are free text.
const MOST_CHILDREN: usize = 200;

/// Counts for all requests, over all segments.
pub(super) struct Counts<'a> {
    requests: &'a [FacetRequest],
    totals: Vec<BTreeMap<String, u64>>,
}

/// Counts in one segment.
pub(super) struct SegmentCounts {
    column: Option<StrColumn>,
    requests: Vec<Children>,
}

/// What one request counts in a segment. The paths below a path are neighbours in the sorted dictionary.
struct Children {
    /// Place of the first path in the dictionary.
    first: u64,
    /// For each path from there on, which child it lies under.
    child_of: Vec<u32>,
    names: Vec<String>,
    counts: Vec<u64>,
    /// Children of the document at hand: one that lies twice under a child counts once.
    seen: Vec<u32>,
}

impl<'a> Counts<'a> {
    pub(super) fn new(requests: &'a [FacetRequest]) -> Self {
        Self { requests, totals: vec![BTreeMap::new(); requests.len()] }
    }

    pub(super) fn segment(&self, segment: &Segment) -> Result<SegmentCounts, IndexError> {
        let column =
            if self.requests.is_empty() { None } else { segment.reader.fast_fields().str(schema::FACETS)? };
        let requests = match &column {
            Some(column) => self.requests.iter().map(|request| Children::new(column, request)).collect(),
            None => Ok(Vec::new()),
        };
        Ok(SegmentCounts { column, requests: requests? })
    }

    pub(super) fn add(&mut self, segment: SegmentCounts) {
        for (total, children) in self.totals.iter_mut().zip(segment.requests) {
            for (name, count) in children.names.into_iter().zip(children.counts) {
                if count > 0 {
                    *total.entry(name).or_default() += count;
                }
            }
        }
    }

    pub(super) fn finish(self) -> Vec<FacetCount> {
        let count = |(request, total): (&FacetRequest, BTreeMap<String, u64>)| {
            let mut total: Vec<(String, u64)> = total.into_iter().collect();
            if total.len() > MOST_CHILDREN {
                total.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                total.truncate(MOST_CHILDREN);
                total.sort_unstable();
            }
            let path = |name: String| request.below.iter().cloned().chain([name]).collect();
            FacetCount {
                dimension: request.dimension,
                below: request.below.clone(),
                children: total.into_iter().map(|(name, count)| (path(name), count)).collect(),
            }
        };
        self.requests.iter().zip(self.totals).map(count).collect()
    }
}

impl SegmentCounts {
    pub(super) fn count(&mut self, doc: DocId) {
        let Some(column) = &self.column else { return };
        for children in &mut self.requests {
            children.seen.clear();
            for ord in column.ords().values_for_doc(doc) {
                let child = ord.checked_sub(children.first).and_then(|at| children.child_of.get(at as usize));
                if let Some(&child) = child
                    && !children.seen.contains(&child)
                {
                    children.seen.push(child);
                    children.counts[child as usize] += 1;
                }
            }
        }
    }
}

impl Children {
    fn new(column: &StrColumn, request: &FacetRequest) -> std::io::Result<Self> {
        let parent = schema::facet(request.dimension, &request.below);
        // Steps are separated by a zero byte.
        let from = format!("{}\0", parent.encoded_str());
        let until = format!("{}\u{1}", parent.encoded_str());
        let mut children =
            Self { first: 0, child_of: Vec::new(), names: Vec::new(), counts: Vec::new(), seen: Vec::new() };
        let mut stream = column.dictionary().range().ge(&from).lt(&until).into_stream()?;
        while stream.advance() {
            if children.child_of.is_empty() {
                children.first = stream.term_ord();
            }
            let below = String::from_utf8_lossy(&stream.key()[from.len()..]);
            let name = below.split('\0').next().unwrap_or_default();
            if children.names.last().is_none_or(|last| last != name) {
                children.names.push(name.to_owned());
                children.counts.push(0);
            }
            children.child_of.push(children.names.len() as u32 - 1);
        }
        Ok(children)
    }
}
