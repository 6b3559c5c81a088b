//! The most that a term can add to a document's evidence.
//!
//! Pieces with the sums vᵢ come to (Σᵢ vᵢᵖ)^(1/p), where vᵢ = Σₜ fₜ·sₜᵢ (factor and saturation of term t in piece i). By Minkowski's inequality (p ≥ 1) that is at
//! most Σₜ fₜ·(Σᵢ sₜᵢᵖ)^(1/p): a sum over terms, of which the second factor is the document's own. That only the best pieces count makes it smaller.

use ranking::Weights;

use super::{Runs, range};

/// Documents and terms that are worked out at once: 128 MiB.
const AT_ONCE: usize = 1 << 24;

/// (Σ sᵖ)^(1/p) of each term over the pieces of each document, to be asked for by ascending term.
pub(super) struct Impacts<'a> {
    pieces: &'a [u32],
    terms: &'a Runs,
    weights: &'a Weights,
    piece_length: f32,
    /// How many documents hold each term in a piece.
    holders: Vec<u32>,
    /// The terms that are worked out now: the first one, and where each ends.
    first: usize,
    ends: Vec<usize>,
    impacts: Vec<(u32, f32)>,
}

impl<'a> Impacts<'a> {
    /// For `count` terms; `pieces` tells which runs of `terms` each document has.
    pub(super) fn new(
        pieces: &'a [u32],
        terms: &'a Runs,
        count: usize,
        weights: &'a Weights,
        piece_length: f32,
    ) -> Self {
        let mut holders = vec![0; count];
        let mut held: Vec<u32> = Vec::new();
        for document in 0..pieces.len() {
            held.clear();
            range(pieces, document).for_each(|piece| held.extend(terms.run(piece)));
            held.sort_unstable();
            held.dedup();
            held.iter()
                .filter(|term| (**term as usize) < count)
                .for_each(|term| holders[*term as usize] += 1);
        }
        Self {
            pieces,
            terms,
            weights,
            piece_length,
            holders,
            first: 0,
            ends: Vec::new(),
            impacts: Vec::new(),
        }
    }

    /// By document.
    pub(super) fn of(&mut self, term: usize) -> &[(u32, f32)] {
        if term >= self.first + self.ends.len() {
            self.work_out(term);
        }
        let at = term - self.first;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.impacts[start..self.ends[at]]
    }

    fn work_out(&mut self, first: usize) {
        self.first = first;
        self.ends.clear();
        let mut end = 0;
        for &holders in &self.holders[first..] {
            if !self.ends.is_empty() && end + holders as usize > AT_ONCE {
                break;
            }
            end += holders as usize;
            self.ends.push(end);
        }
        let mut next: Vec<usize> = [0].into_iter().chain(self.ends.iter().copied()).collect();
        self.impacts.clear();
        self.impacts.resize(end, (0, 0.0));
        let within = first as u32..(first + self.ends.len()) as u32;
        let (model, power) = (&self.weights.candidate, self.weights.pieces.power);
        let (mut run, mut powers) = (Vec::new(), Vec::new());
        for document in 0..self.pieces.len() {
            powers.clear();
            for piece in range(self.pieces, document) {
                let terms = self.terms.run(piece);
                let norm = model.norm(self.weights.pieces.b, terms.len() as u32, self.piece_length);
                run.clear();
                run.extend(terms.iter().copied().filter(|term| within.contains(term)));
                run.sort_unstable();
                for same in run.chunk_by(|a, b| a == b) {
                    powers.push((same[0], model.saturation(same.len() as u32, norm).powf(power)));
                }
            }
            powers.sort_unstable_by_key(|(term, _)| *term);
            for same in powers.chunk_by(|a, b| a.0 == b.0) {
                let sum: f32 = same.iter().map(|(_, power)| power).sum();
                let slot = &mut next[same[0].0 as usize - first];
                self.impacts[*slot] = (document as u32, sum.powf(1.0 / power));
                *slot += 1;
            }
        }
    }
}
