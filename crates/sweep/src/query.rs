//! A query, checked and joined to the scales of the postings it will read.

use crate::kernel::units;
use crate::{Sweep, Term};

/// What units there are to share between a query's terms: `u16::MAX`, less what rounding may add.
const ROOM: f64 = 56_000.0;
/// Each term may cost two units of rounding, so these leave two fifths of [`ROOM`].
const TERMS_MOST: usize = 16_000;

/// Weighted terms, ready for one [`Sweep`].
#[derive(Debug, Clone)]
pub struct Query {
    terms: Vec<(Term, f32)>,
    pub(crate) plan: Vec<Planned>,
    /// What one unit of an accumulator is worth.
    pub(crate) unit: f64,
}

/// A term as the kernel reads it: a quantum q adds ⌈q·factor / 256⌉ units or one more, and nothing when q is 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) term: Term,
    pub(crate) factor: u16,
    /// What each level adds.
    pub(crate) units: [u16; 16],
}

/// Why there is no such query.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum QueryError {
    /// The sweep has fewer terms.
    #[error("there is no term {0}")]
    UnknownTerm(Term),
    /// A weight is negative, infinite or not a number, by itself or added up over a term's repetitions.
    #[error("term {0} has a weight that is no finite number ≥ 0")]
    BadWeight(Term),
    /// More terms than accumulators of 16 bits can tell apart.
    #[error("{0} terms are more than {TERMS_MOST}")]
    TooManyTerms(usize),
}

impl Query {
    /// Checks and plans a query. Weights of a term that stands in it several times are added; terms of no weight and those that no document
    /// has are left out.
    ///
    /// # Errors
    ///
    /// A [`QueryError`] when a term or a weight cannot be, or when there are too many.
    pub fn new(sweep: &Sweep, terms: &[(Term, f32)]) -> Result<Self, QueryError> {
        let terms = joined(terms)?;
        if terms.len() > TERMS_MOST {
            return Err(QueryError::TooManyTerms(terms.len()));
        }
        // What a quantum of each term is worth in this query; 255 of them bound its part of any document's sum.
        let mut quanta = Vec::with_capacity(terms.len());
        for &(term, weight) in &terms {
            let scale = sweep.scale(term).ok_or(QueryError::UnknownTerm(term))?;
            let quantum = f64::from(weight) * f64::from(scale);
            if quantum > 0.0 {
                quanta.push((term, quantum));
            }
        }
        quanta.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        // Why nothing overflows. With s = quantum / unit, the factor is f = ⌈256 s⌉ < 256 s + 1, so a document gets at most
        // 255 f / 256 + 1 < 255 s + 2 units of the term; over n terms that is less than 255 Σs + 2n = ROOM < 2¹⁶. And as 255 s < ROOM
        // for each, f < 256 ROOM / 255 + 1 < 2¹⁶. Why it is a bound: f ≥ 256 s, so q quanta give ⌊q f / 256⌋ + 1 > q s units. Rows are added six at
        // a time (`rows.rs`), which rounds each up by at most 1/42 of the greatest of the six, so all six by 1/7 of it. The greatest of six is no more than the mean of the
        // six before: over all terms that is at most 1/7 · (1 + 1/6) of ROOM, and 7/6 · ROOM < 2¹⁶.
        let room = ROOM - 2.0 * quanta.len() as f64;
        let unit = quanta.iter().map(|&(_, quantum)| quantum).sum::<f64>() * 255.0 / room;
        let plan = quanta.iter().map(|&(term, quantum)| {
            let factor = (256.0 * quantum / unit).ceil() as u16;
            let of_level = |quanta| if quanta > 0 { units(quanta, factor) } else { 0 };
            Planned { term, factor, units: sweep.levels(term).map(of_level) }
        });
        // What f64 may have lost on the way here is far less than this.
        Ok(Self { plan: plan.collect(), terms, unit: unit * (1.0 + 1e-9) })
    }

    /// The terms and their weights, by rising term, each once.
    pub fn terms(&self) -> impl Iterator<Item = (Term, f32)> + '_ {
        self.terms.iter().copied()
    }
}

fn joined(terms: &[(Term, f32)]) -> Result<Vec<(Term, f32)>, QueryError> {
    let check = |terms: &[(Term, f32)]| {
        let bad = terms.iter().find(|(_, weight)| !(weight.is_finite() && *weight >= 0.0));
        bad.map_or(Ok(()), |&(term, _)| Err(QueryError::BadWeight(term)))
    };
    check(terms)?;
    let mut terms = terms.to_vec();
    terms.sort_by_key(|&(term, _)| term);
    terms.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    check(&terms)?;
    Ok(terms)
}
