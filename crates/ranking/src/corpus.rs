//! What a registry knows of the terms of one query: all that a score needs beside the two texts.

use domain::Area;

use crate::{AreaStatistics, Areas, Query, TextModel, idf};

/// What the registry knows of a query's terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Corpus {
    /// Per area.
    pub statistics: Areas<AreaStatistics>,
    /// Mean number of terms in a single piece of evidence.
    pub piece_length: f32,
    /// How many records hold each term of the query, per area, at least one; parallel to [`Query::terms`].
    pub frequencies: Vec<Areas<u64>>,
    /// How telling each term is, per area.
    idfs: Vec<Areas<f32>>,
}

impl Corpus {
    /// Of a registry and a query's terms, which are as telling as [`idf`] says.
    pub fn new(statistics: Areas<AreaStatistics>, piece_length: f32, frequencies: Vec<Areas<u64>>) -> Self {
        let telling = |frequencies: &Areas<u64>| {
            Areas::from_fn(|area| idf(frequencies[area], statistics[area].documents))
        };
        let idfs = frequencies.iter().map(telling).collect();
        Self { statistics, piece_length, frequencies, idfs }
    }

    /// As [`Self::new`], where it is known already how telling each term is.
    pub fn known(
        statistics: Areas<AreaStatistics>,
        piece_length: f32,
        frequencies: Vec<Areas<u64>>,
        idfs: Vec<Areas<f32>>,
    ) -> Self {
        Self { statistics, piece_length, frequencies, idfs }
    }

    /// How telling a term is in an area.
    pub fn idf(&self, term: usize, area: Area) -> f32 {
        self.idfs[term][area]
    }

    /// The text score of a candidate that held every term once, in texts of average length, where the term tells most. Terms that no record
    /// holds count too: what is asked for and nobody offers is to be missed.
    pub fn ideal(&self, query: &Query) -> f32 {
        (0..query.terms.len()).map(|at| self.most(query, at)).sum()
    }

    /// What a term that stands once in a text of average length comes to, where it tells most.
    fn most(&self, query: &Query, at: usize) -> f32 {
        query.terms[at].weight * Area::ALL.into_iter().map(|area| self.idf(at, area)).fold(0.0, f32::max)
    }

    /// How much the text scores of the registry's records spread (standard deviation), as the frequencies alone tell it: as if terms stood in records
    /// independently of each other, once each in texts of average length. So it is the same whichever records there are beside those of a pair.
    pub fn spread(&self, query: &Query, model: &TextModel) -> f32 {
        let mut variance = 0.0;
        for (at, (term, frequencies)) in query.terms.iter().zip(&self.frequencies).enumerate() {
            for area in Area::ALL {
                let AreaStatistics { documents, average_length } = self.statistics[area];
                if average_length > 0.0 {
                    let share = frequencies[area].min(documents) as f64 / documents as f64;
                    let points = f64::from(model.areas[area].weight * term.weight * self.idf(at, area));
                    variance += points * points * share * (1.0 - share);
                }
            }
        }
        variance.sqrt() as f32
    }
}

#[cfg(test)]
mod tests {
    use text::TokenKind;

    use super::*;
    use crate::{WeightedTerm, Weights};

    #[test]
    fn scores_spread_by_what_only_some_records_hold() {
        let term = |weight| WeightedTerm {
            text: String::new(),
            kind: TokenKind::Bigram,
            weight,
            meaning: 0.0,
            number: None,
        };
        let query = Query { terms: vec![term(1.0), term(2.0)], ..Query::default() };
        let mut statistics = Areas::from_fn(|_| AreaStatistics { documents: 100, average_length: 0.0 });
        statistics.title.average_length = 10.0;
        let spread = |holders: [u64; 2]| {
            let frequencies = holders.map(|holders| Areas::from_fn(|_| holders)).to_vec();
            Corpus::new(statistics, 0.0, frequencies).spread(&query, &Weights::default().candidate)
        };
        assert!(spread([100, 100]) < 0.02, "what all records hold tells none from the others");
        // One term of points f that a tenth of the records hold: f² · 0.1 · 0.9.
        let alone = 2.0 * idf(10, 100) * 0.3;
        assert!((spread([100, 10]) - alone).abs() < 1e-3, "{} {alone}", spread([100, 10]));
        assert!(spread([10, 10]) > spread([100, 10]));
    }
}
