//! What leads the way to the best documents: for each term and document the most that the term can add to the text score.
//!
//! In title, keywords and body that is what it adds. Pieces of evidence with the sums vᵢ come to (Σᵢ vᵢᵖ)^(1/p), where vᵢ = Σₜ fₜ·sₜᵢ (factor and saturation of term t in
//! piece i). By Minkowski's inequality (p ≥ 1) that is at most Σₜ fₜ·(Σᵢ sₜᵢᵖ)^(1/p): a sum over terms, of which the second factor is the document's own. That only the
//! best pieces count makes it smaller.

use std::ops::Range;

use domain::Area;
use ranking::{Areas, Pieces, Weights, idf};
use sweep::{Builder, Order, Sweep};
use text::Lexicon;

use super::building::Texts;
use super::{OWN, range};
use crate::postings::Saturation;
use crate::{IndexError, Statistics};

/// Postings that are turned from documents to terms at once: 128 MiB.
const AT_ONCE: usize = 1 << 24;

/// The most that so many passages can be alike to what is asked for: as if each pointed there.
pub(crate) fn most_alike(pieces: &Pieces, passages: usize) -> f32 {
    // A cosine may be rounded to a little more than 1.
    1.001 * (passages.min(pieces.most) as f32).powf(1.0 / pieces.power)
}

/// What terms add in title, keywords and body.
pub(super) fn saturations(statistics: &Statistics, weights: &Weights) -> [Saturation; OWN] {
    let (model, areas) = (&weights.candidate, statistics.areas());
    let [title, keywords, body, _] = Area::ALL;
    [title, keywords, body].map(|area| {
        Saturation::new(model, |length| model.length_norm(area, length, areas[area].average_length))
    })
}

/// A sweep over no documents.
pub(super) fn to_nobody() -> Result<Sweep, IndexError> {
    Ok(Builder::ordered(Order::alike(0, |_, _| {}))?.finish())
}

/// Impacts of terms in documents, for a term that weighs 1.
pub(super) struct Impacts<'a> {
    texts: &'a Texts,
    weights: &'a Weights,
    piece_length: f32,
    /// By term: the area's weight times the term's idf.
    worth: Vec<Areas<f32>>,
    saturations: &'a [Saturation; OWN],
}

impl<'a> Impacts<'a> {
    pub(super) fn new(
        texts: &'a Texts,
        saturations: &'a [Saturation; OWN],
        terms: &Lexicon,
        statistics: &Statistics,
        weights: &'a Weights,
    ) -> Self {
        let model = &weights.candidate;
        let worth = terms.iter().map(|term| {
            let frequencies = statistics.frequencies(term);
            Areas::from_fn(|area| model.areas[area].weight * idf(frequencies[area], statistics.documents()))
        });
        let piece_length = statistics.piece_length();
        Self { texts, weights, piece_length, worth: worth.collect(), saturations }
    }

    /// A sweep over all documents. The last term is likeness of meaning, which all may have.
    pub(super) fn sweep(&self) -> Result<Sweep, IndexError> {
        let documents = self.texts.passages.len() as u32;
        let order = Order::alike(documents, |document, found| self.telling(document as usize, found));
        let mut builder = Builder::ordered(order)?;
        let all = self.worth.len();
        let mut holders = vec![0_usize; all];
        let mut found = Vec::new();
        for document in 0..documents {
            self.read(document as usize, 0..all as u32, &mut found);
            found.iter().for_each(|(term, _)| holders[*term as usize] += 1);
        }
        let mut first = 0;
        while first < all {
            let mut end = 0;
            let fits = holders[first..].iter().take_while(|&&holders| {
                end += holders;
                end <= AT_ONCE
            });
            let next = first + fits.count().max(1);
            self.turn(first..next, &holders[first..next], &mut builder)?;
            first = next;
        }
        let alike = |document: u32| {
            most_alike(&self.weights.pieces, range(&self.texts.passages, document as usize).len())
        };
        let alike: Vec<(u32, f32)> = (0..documents).map(|document| (document, alike(document))).collect();
        builder.term(&alike)?;
        Ok(builder.finish())
    }

    /// Gives the builder the postings of a range of terms, of which each has so many.
    fn turn(&self, terms: Range<usize>, holders: &[usize], builder: &mut Builder) -> Result<(), IndexError> {
        let mut next = Vec::with_capacity(holders.len());
        let mut end = 0;
        for holders in holders {
            next.push(end);
            end += holders;
        }
        let mut postings = vec![(0, 0.0); end];
        let mut found = Vec::new();
        for document in 0..self.texts.passages.len() as u32 {
            self.read(document as usize, terms.start as u32..terms.end as u32, &mut found);
            for &(term, impact) in &found {
                let slot = &mut next[term as usize - terms.start];
                postings[*slot] = (document, impact);
                *slot += 1;
            }
        }
        let mut start = 0;
        for end in next {
            builder.term(&postings[start..end])?;
            start = end;
        }
        Ok(())
    }

    /// The impacts of each document's terms, one document behind the other, and where each one's end.
    pub(super) fn of_each(&self) -> (Vec<u32>, Vec<(u32, f32)>) {
        let (mut ends, mut impacts, mut own) = (Vec::new(), Vec::new(), Vec::new());
        for document in 0..self.texts.passages.len() {
            self.read(document, 0..self.worth.len() as u32, &mut own);
            impacts.append(&mut own);
            ends.push(impacts.len() as u32);
        }
        (ends, impacts)
    }

    /// The impacts of a document's terms that lie in a range, each once.
    fn read(&self, document: usize, terms: Range<u32>, found: &mut Vec<(u32, f32)>) {
        found.clear();
        for (place, text) in self.texts.own.texts(document).iter().enumerate() {
            for (term, count) in text.counts().filter(|(term, _)| terms.contains(term)) {
                let worth = self.worth[term as usize][Area::ALL[place]];
                found.push((term, worth * self.saturations[place].of(count, text.length)));
            }
        }
        self.read_evidence(document, terms, found);
        found.sort_by_key(|(term, _)| *term);
        found.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
    }

    fn read_evidence(&self, document: usize, terms: Range<u32>, found: &mut Vec<(u32, f32)>) {
        let (model, pieces) = (&self.weights.candidate, &self.weights.pieces);
        let (mut run, mut powers) = (Vec::new(), Vec::new());
        for piece in range(&self.texts.pieces, document) {
            let all = self.texts.piece_terms.run(piece);
            let norm = model.norm(pieces.b, all.len() as u32, self.piece_length);
            run.clear();
            run.extend(all.iter().copied().filter(|term| terms.contains(term)));
            run.sort_unstable();
            for same in run.chunk_by(|a, b| a == b) {
                powers.push((same[0], model.saturation(same.len() as u32, norm).powf(pieces.power)));
            }
        }
        powers.sort_unstable_by_key(|(term, _)| *term);
        for same in powers.chunk_by(|a, b| a.0 == b.0) {
            let sum: f32 = same.iter().map(|(_, power)| power).sum();
            let worth = self.worth[same[0].0 as usize].evidence;
            found.push((same[0].0, worth * sum.powf(1.0 / pieces.power)));
        }
    }

    /// The terms of title and keywords: enough to tell which documents are alike.
    fn telling(&self, document: usize, found: &mut Vec<(u32, f32)>) {
        for (area, text) in [Area::Title, Area::Keywords].into_iter().zip(self.texts.own.texts(document)) {
            found.extend(text.counts().map(|(term, _)| (term, self.worth[term as usize][area])));
        }
        found.sort_by_key(|(term, _)| *term);
        found.dedup_by_key(|(term, _)| *term);
    }
}
