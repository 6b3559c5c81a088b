//! From an index to the arrays of a [`Resident`].

use domain::{Area, Attributes};
use ranking::{Weights, exclusions, idf};
use rustc_hash::FxHashMap;
use sweep::{Builder, Sweep};
use tantivy::DocId;

use super::impacts::Impacts;
use super::{OWN, Resident, Runs, most_alike};
use crate::lexicon::Lexicon;
use crate::pieces::{mark, pieces};
use crate::postings::{Saturation, Standing, TextField, for_each_term};
use crate::snapshot::View;
use crate::{IndexError, Snapshot, Statistics};

/// No document of a [`Resident`], or no term.
const NONE: u32 = u32::MAX;

/// Where evidence stands among the fields.
const EVIDENCE: usize = 3;

pub(super) fn build(
    snapshot: &Snapshot,
    view: &View,
    statistics: &Statistics,
    weights: &Weights,
    date: jiff::civil::Date,
) -> Result<Resident, IndexError> {
    let fields = view.area_fields()?;
    let mut chosen = Vec::new();
    for (order, segment) in view.segments.iter().enumerate() {
        for doc in (0..segment.numbers.len() as DocId).filter(|&doc| segment.is_open(doc)) {
            let attributes = segment.attributes(doc)?;
            if exclusions(None, &attributes, date).is_empty() {
                chosen.push(Chosen { number: segment.numbers[doc as usize], order, doc, attributes });
            }
        }
    }
    chosen.sort_unstable_by_key(|chosen| chosen.number);
    let mut places = vec![NONE; view.places()];
    for (chosen, document) in chosen.iter().zip(0..) {
        places[view.segments[chosen.order].base + chosen.doc as usize] = document;
    }
    let Dictionary { terms, marked, mut confusable, own } = Dictionary::read(&fields, &places, chosen.len())?;
    let mut texts = Texts { own, ..Texts::default() };
    texts.read_columns(view, &chosen, &marked);
    let postings = Postings { view, fields: &fields, places: &places, statistics, weights };
    let sweep = postings.sweep(&terms, &mut texts, &mut confusable)?;
    let (numbers, attributes) =
        chosen.into_iter().map(|Chosen { number, attributes, .. }| (number, attributes)).unzip();
    Ok(Resident {
        snapshot: snapshot.clone(),
        statistics: statistics.clone(),
        weights: *weights,
        date,
        numbers,
        attributes,
        terms,
        marked,
        confusable,
        texts,
        sweep,
    })
}

/// A document that is taken in.
struct Chosen {
    number: u64,
    order: usize,
    doc: DocId,
    attributes: Attributes,
}

/// What the texts of the documents consist of.
#[derive(Default)]
pub(super) struct Texts {
    /// The terms of each document in title, keywords and body, each as often as it stands there, ascending.
    pub(super) own: [Runs; OWN],
    /// How long each of these texts is, as tantivy's one-byte code.
    pub(super) lengths: [Vec<u8>; OWN],
    /// Which pieces of evidence each document has: where they end among all.
    pub(super) pieces: Vec<u32>,
    /// The terms of each piece.
    pub(super) piece_terms: Runs,
    /// Which passages each document has.
    pub(super) passages: Vec<u32>,
    /// The packed vector of each passage.
    pub(super) vectors: Vec<u64>,
}

/// All terms, and how much room each document's take.
struct Dictionary {
    terms: Lexicon,
    marked: FxHashMap<u32, u32>,
    confusable: FxHashMap<u32, Vec<u32>>,
    /// With room for the terms.
    own: [Runs; OWN],
}

impl Dictionary {
    fn read(fields: &[TextField<'_>], places: &[u32], documents: usize) -> Result<Self, IndexError> {
        let (mut terms, mut marked) = (Lexicon::default(), FxHashMap::default());
        let mut confusable: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        let mut counts: [Vec<u32>; OWN] = std::array::from_fn(|_| vec![0; documents]);
        let mut number = 0;
        for_each_term(fields, |term, standings| {
            terms.push(term);
            if standings.iter().any(|standing| standing.field == EVIDENCE) {
                let first = *marked.entry(mark(term)).or_insert(number);
                if first != number {
                    confusable.entry(first).or_default();
                    confusable.entry(number).or_default();
                }
            }
            for standing in standings.iter().filter(|standing| standing.field < OWN) {
                let counts = &mut counts[standing.field];
                fields[standing.field].for_each_posting(standing, |place, frequency| {
                    if let Some(count) = counts.get_mut(places[place] as usize) {
                        *count += frequency;
                    }
                })?;
            }
            number += 1;
            Ok(())
        })?;
        terms.finish();
        let mut own = counts.map(Runs::with_room);
        own.iter_mut().for_each(|runs| runs.terms.fill(NONE));
        Ok(Self { terms, marked, confusable, own })
    }
}

impl Runs {
    /// Of these lengths.
    fn with_room(mut lengths: Vec<u32>) -> Self {
        let mut end = 0;
        for length in &mut lengths {
            end += *length;
            *length = end;
        }
        Self { terms: vec![0; end as usize], ends: lengths }
    }
}

impl Texts {
    fn read_columns(&mut self, view: &View, chosen: &[Chosen], marked: &FxHashMap<u32, u32>) {
        let mut words = Vec::new();
        let dimensions = view.meaning().map_or(0, |meaning| meaning.words());
        for Chosen { order, doc, .. } in chosen {
            let segment = &view.segments[*order];
            for (place, lengths) in self.lengths.iter_mut().enumerate() {
                lengths.push(segment.lengths[place][*doc as usize]);
            }
            if let Some(column) = &segment.pieces {
                for (terms, rows) in pieces(column, *doc) {
                    words.resize(rows.len(), 0);
                    column.values.get_range(u64::from(rows.start), &mut words);
                    let marks = words.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]);
                    let terms =
                        marks.take(terms as usize).map(|mark| marked.get(&mark).copied().unwrap_or(NONE));
                    self.piece_terms.terms.extend(terms);
                    self.piece_terms.ends.push(self.piece_terms.terms.len() as u32);
                }
            }
            self.pieces.push(self.piece_terms.ends.len() as u32);
            if let Some(column) = &segment.vectors {
                let rows = column.index.value_row_ids(*doc);
                let from = self.vectors.len();
                self.vectors.resize(from + rows.len(), 0);
                column.values.get_range(u64::from(rows.start), &mut self.vectors[from..]);
            }
            self.passages.push(self.vectors.len().checked_div(dimensions).unwrap_or(0) as u32);
        }
    }
}

/// The postings of all terms, and what each is worth.
struct Postings<'a> {
    view: &'a View,
    fields: &'a [TextField<'a>],
    places: &'a [u32],
    statistics: &'a Statistics,
    weights: &'a Weights,
}

impl Postings<'_> {
    /// Builds the sweep and fills the documents' own terms in. A term's impact is the most that it adds to a document's text score if it weighs 1;
    /// the last term is held by all, its impact the most that their likeness can be.
    fn sweep(
        &self,
        terms: &Lexicon,
        texts: &mut Texts,
        confusable: &mut FxHashMap<u32, Vec<u32>>,
    ) -> Result<Sweep, IndexError> {
        let Self { view, fields, places, statistics, weights } = *self;
        let areas = statistics.areas();
        let model = &weights.candidate;
        let [title, keywords, body, evidence] = Area::ALL;
        let saturations = [title, keywords, body].map(|area| {
            Saturation::new(model, |length| model.length_norm(area, length, areas[area].average_length))
        });
        let Texts { own, lengths, pieces, piece_terms, passages, .. } = texts;
        let mut next: [Vec<u32>; OWN] = std::array::from_fn(|place| starts(&own[place].ends));
        let mut impacts = Impacts::new(pieces, piece_terms, terms.len(), weights, statistics.piece_length());
        let mut builder = Builder::new(passages.len() as u32)?;
        let mut number = 0;
        let mut postings: Vec<(u32, f32)> = Vec::new();
        for_each_term(fields, |term, standings| {
            let frequencies = statistics.frequencies(term);
            let worth =
                |area: Area| model.areas[area].weight * idf(frequencies[area], statistics.documents());
            postings.clear();
            for standing in standings.iter().filter(|standing| standing.field < OWN) {
                let place = standing.field;
                let (worth, lengths) = (worth(Area::ALL[place]), &lengths[place]);
                fields[place].for_each_posting(standing, |at, frequency| {
                    let document = places[at];
                    if document != NONE {
                        let slot = &mut next[place][document as usize];
                        own[place].terms[*slot as usize..][..frequency as usize].fill(number);
                        *slot += frequency;
                        let code = lengths[document as usize];
                        postings.push((document, worth * saturations[place].of(frequency, code)));
                    }
                })?;
            }
            let evidence_worth = worth(evidence);
            postings
                .extend(impacts.of(number as usize).iter().map(|(at, most)| (*at, evidence_worth * most)));
            if let Some(holders) = confusable.get_mut(&number) {
                self.evidence_holders(standings, holders)?;
            }
            builder.term(merged(&mut postings))?;
            number += 1;
            Ok(())
        })?;
        debug_assert_eq!(view.places(), places.len());
        let alike = |document: usize| most_alike(&weights.pieces, super::range(passages, document).len());
        postings.clear();
        postings.extend((0..passages.len()).map(|document| (document as u32, alike(document))));
        builder.term(&postings)?;
        Ok(builder.finish())
    }

    /// Who holds a term in evidence, ascending.
    fn evidence_holders(&self, standings: &[Standing], holders: &mut Vec<u32>) -> Result<(), IndexError> {
        for standing in standings.iter().filter(|standing| standing.field == EVIDENCE) {
            self.fields[EVIDENCE].for_each_posting(standing, |at, _| {
                holders.extend(Some(self.places[at]).filter(|document| *document != NONE));
            })?;
        }
        holders.sort_unstable();
        Ok(())
    }
}

/// Where each run begins.
fn starts(ends: &[u32]) -> Vec<u32> {
    [0].into_iter().chain(ends.iter().copied()).take(ends.len()).collect()
}

/// Each document once, with all that the term adds to it.
fn merged(postings: &mut Vec<(u32, f32)>) -> &[(u32, f32)] {
    postings.sort_unstable_by_key(|(document, _)| *document);
    postings.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    postings
}
