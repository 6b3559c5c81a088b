//! First stage of matching: every document of a registry scored by its texts, exactly.

use ranking::{AreaStatistics, Areas, TextModel, WeightedTerm};

use crate::{IndexError, Snapshot};

/// Which documents may be candidates. Statistics are always those of the whole registry.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// Only open records.
    pub open_only: bool,
    /// Only these numbers, ascending.
    pub among: Option<&'a [u64]>,
    /// None of these numbers, ascending.
    pub without: &'a [u64],
}

/// A document that shares terms with the query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The record's number.
    pub number: u64,
    /// Σ over areas, in the order of `Area::ALL`, of area weight · area score.
    pub score: f32,
    /// The score of each area, before its weight.
    pub areas: Areas<f32>,
    /// Terms in each area as the score sees them: the index keeps lengths above 40 approximately, rounded down.
    pub lengths: Areas<u32>,
}

/// The best candidates and the statistics that their scores rest on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Retrieved {
    /// Best first, ties by number; all scores above 0.
    pub candidates: Vec<Candidate>,
    /// The registry's live documents.
    pub statistics: Areas<AreaStatistics>,
    /// For each query term, the live documents that hold it, by area.
    pub frequencies: Vec<Areas<u64>>,
}

pub(crate) fn retrieve(
    _: &Snapshot,
    _: &[WeightedTerm],
    _: &TextModel,
    _: &Scope<'_>,
    _: usize,
) -> Result<Retrieved, IndexError> {
    Ok(Retrieved::default())
}
