//! From an index to the arrays of a [`Resident`].

use domain::Attributes;
use ranking::{Weights, exclusions};
use rustc_hash::FxHashMap;
use tantivy::DocId;
use text::Lexicon;
use vectors::length;

use super::leading::{Impacts, saturations};
use super::nearness::Kinds;
use super::{OWN, Resident, Runs, few};
use crate::pieces::{mark, pieces};
use crate::postings::{TextField, for_each_term};
use crate::snapshot::View;
use crate::{IndexError, Snapshot, Statistics};

/// No document of a [`Resident`], or no term.
pub(super) const NONE: u32 = u32::MAX;

/// Where evidence stands among the fields.
const EVIDENCE: usize = 3;

pub(super) fn build(
    snapshot: &Snapshot,
    view: &View,
    statistics: &Statistics,
    weights: &Weights,
    date: jiff::civil::Date,
    among: Option<&[u64]>,
) -> Result<Resident, IndexError> {
    let wanted = |number: &u64| among.is_none_or(|among| among.binary_search(number).is_ok());
    let mut chosen = Vec::new();
    for (order, segment) in view.segments.iter().enumerate() {
        let wanted = (0..).zip(&*segment.numbers).filter(|(_, number)| wanted(number));
        for (doc, _) in wanted.filter(|(doc, _)| segment.is_open(*doc)) {
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
    let (dictionary, mut texts) = if among.is_some() {
        let mut holding: Vec<usize> = chosen.iter().map(|chosen| chosen.order).collect();
        holding.sort_unstable();
        holding.dedup();
        let fields = view.area_fields_of(&holding)?;
        let (dictionary, own) = few::read(&fields, &places, chosen.len())?;
        (dictionary, Texts { own, ..Texts::default() })
    } else {
        let fields = view.area_fields()?;
        let (dictionary, own) = Dictionary::read(&fields, &places, chosen.len())?;
        let mut texts = Texts { own, ..Texts::default() };
        texts.read_postings(&fields, &places)?;
        (dictionary, texts)
    };
    let Dictionary { terms, marked, confusable } = dictionary;
    texts.read_columns(view, &chosen, &marked);
    let saturations = saturations(statistics, weights);
    let sweep = Impacts::new(&texts, &saturations, &terms, statistics, weights).sweep()?;
    let (numbers, attributes): (_, Vec<Attributes>) =
        chosen.into_iter().map(|Chosen { number, attributes, .. }| (number, attributes)).unzip();
    let kinds = Kinds::new(&attributes);
    let mut resident = Resident {
        snapshot: snapshot.clone(),
        statistics: statistics.clone(),
        weights: *weights,
        numbers,
        attributes,
        kinds,
        terms,
        asked: None,
        marked,
        confusable,
        texts,
        saturations,
        sweep,
    };
    if among.is_none() {
        resident.face_askers();
    }
    Ok(resident)
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
    /// The numbers of each passage's vector, and its length.
    pub(super) vectors: Vec<i8>,
    pub(super) norms: Vec<f32>,
}

/// All terms, as a [`Resident`] has them.
pub(super) struct Dictionary {
    pub(super) terms: Lexicon,
    pub(super) marked: FxHashMap<u32, u32>,
    pub(super) confusable: FxHashMap<u32, Vec<u32>>,
}

impl Dictionary {
    /// And room for the terms of each document.
    fn read(
        fields: &[TextField<'_>],
        places: &[u32],
        documents: usize,
    ) -> Result<(Self, [Runs; OWN]), IndexError> {
        let (mut terms, mut marked) = (Lexicon::default(), FxHashMap::default());
        let mut twins: Vec<u32> = Vec::new();
        let mut counts: [Vec<u32>; OWN] = std::array::from_fn(|_| vec![0; documents]);
        let mut number = 0;
        for_each_term(fields, |term, standings| {
            terms.push(term);
            if standings.iter().any(|standing| standing.field == EVIDENCE) {
                let first = *marked.entry(mark(term)).or_insert(number);
                if first != number {
                    twins.extend([first, number]);
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
        let mut confusable = FxHashMap::default();
        for twin in twins {
            confusable.insert(twin, holders(&fields[EVIDENCE], terms.term(twin), places)?);
        }
        Ok((Self { terms, marked, confusable }, counts.map(Runs::with_room)))
    }
}

/// Who holds a term in a field, ascending.
fn holders(field: &TextField<'_>, term: &str, places: &[u32]) -> Result<Vec<u32>, IndexError> {
    let found = field.find(term)?;
    let mut holders = Vec::new();
    field.for_each_holder_of_all(&[&found], |place| holders.push(places[place]))?;
    holders.sort_unstable();
    Ok(holders)
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
    /// Fills in the terms of title, keywords and body, for which there is room.
    fn read_postings(&mut self, fields: &[TextField<'_>], places: &[u32]) -> Result<(), IndexError> {
        let own = &mut self.own;
        let mut next: [Vec<u32>; OWN] = std::array::from_fn(|place| starts(&own[place].ends));
        let mut number = 0;
        for_each_term(fields, |_, standings| {
            for standing in standings.iter().filter(|standing| standing.field < OWN) {
                let (terms, next) = (&mut own[standing.field].terms, &mut next[standing.field]);
                fields[standing.field].for_each_posting(standing, |place, frequency| {
                    if let Some(slot) = next.get_mut(places[place] as usize) {
                        terms[*slot as usize..][..frequency as usize].fill(number);
                        *slot += frequency;
                    }
                })?;
            }
            number += 1;
            Ok(())
        })
    }

    fn read_columns(&mut self, view: &View, chosen: &[Chosen], marked: &FxHashMap<u32, u32>) {
        let mut words = Vec::new();
        let in_vector = view.meaning().map_or(0, |meaning| meaning.words());
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
                words.resize(rows.len(), 0);
                column.values.get_range(u64::from(rows.start), &mut words);
                self.vectors.extend(words.iter().flat_map(|word| word.to_le_bytes().map(u8::cast_signed)));
                if in_vector > 0 {
                    self.norms.extend(words.chunks_exact(in_vector).map(length));
                }
            }
            self.passages.push(self.norms.len() as u32);
        }
    }
}

/// Where each run begins.
fn starts(ends: &[u32]) -> Vec<u32> {
    [0].into_iter().chain(ends.iter().copied()).take(ends.len()).collect()
}
