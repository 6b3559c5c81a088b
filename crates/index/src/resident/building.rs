//! From an index to the arrays of a [`Resident`].

use std::cmp::Reverse;

use domain::Attributes;
use ranking::{Weights, exclusions};
use rustc_hash::FxHashMap;
use sweep::{Sweep, in_large_pages};
use tantivy::DocId;
use text::Lexicon;
use vectors::length;

use super::leading::{Impacts, saturations};
use super::nearness::Kinds;
use super::runs::{Records, Runs};
use super::{OWN, Resident, few};
use crate::pieces::{mark, pieces};
use crate::postings::{TextField, for_each_term};
use crate::snapshot::View;
use crate::{IndexError, Snapshot, Statistics};

/// No document of a [`Resident`], or no term.
pub(super) const NONE: u32 = u32::MAX;

/// Where evidence stands among the fields.
const EVIDENCE: usize = 3;

/// Takes documents in: all, or those `among` some numbers; `lead` tells from the impacts of their terms how the best are found, and whatever else it wants of
/// them.
pub(super) fn build<T>(
    snapshot: &Snapshot,
    view: &View,
    statistics: &Statistics,
    weights: &Weights,
    date: jiff::civil::Date,
    among: Option<&[u64]>,
    lead: impl FnOnce(&Impacts<'_>) -> Result<(Sweep, T), IndexError>,
) -> Result<(Resident, T), IndexError> {
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
    let (dictionary, own) = if among.is_some() {
        let mut holding: Vec<usize> = chosen.iter().map(|chosen| chosen.order).collect();
        holding.sort_unstable();
        holding.dedup();
        let fields = view.area_fields_of(&holding)?;
        few::read(&fields, &places, chosen.len())?
    } else {
        Dictionary::read(&view.area_fields()?, &places, chosen.len())?
    };
    let Dictionary { terms, marked, confusable } = dictionary;
    let texts = Texts::read(own, view, &chosen, &marked);
    let saturations = saturations(statistics, weights);
    let (sweep, told) = lead(&Impacts::new(&texts, &saturations, &terms, statistics, weights))?;
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
    Ok((resident, told))
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
    /// Title, keywords and body of each document.
    pub(super) own: Records,
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
    /// And the terms of each document in title, keywords and body.
    fn read(
        fields: &[TextField<'_>],
        places: &[u32],
        documents: usize,
    ) -> Result<(Self, [Runs; OWN]), IndexError> {
        let (mut names, mut marked) = (Lexicon::default(), FxHashMap::default());
        let mut twins: Vec<u32> = Vec::new();
        let mut counts: [Vec<u32>; OWN] = std::array::from_fn(|_| vec![0; documents]);
        let mut frequencies = Vec::new();
        let mut number = 0;
        for_each_term(fields, |term, standings| {
            names.push(term);
            if standings.iter().any(|standing| standing.field == EVIDENCE) {
                let first = *marked.entry(mark(term)).or_insert(number);
                if first != number {
                    twins.extend([first, number]);
                }
            }
            let mut all = 0;
            for standing in standings.iter().filter(|standing| standing.field < OWN) {
                let counts = &mut counts[standing.field];
                fields[standing.field].for_each_posting(standing, |place, frequency| {
                    if let Some(count) = counts.get_mut(places[place] as usize) {
                        *count += frequency;
                        all += u64::from(frequency);
                    }
                })?;
            }
            frequencies.push(all);
            number += 1;
            Ok(())
        })?;
        let (terms, ranks) = by_frequency(&names, &frequencies);
        drop(names);
        let mut confusable = FxHashMap::default();
        for twin in twins {
            let twin = ranks[twin as usize];
            confusable.insert(twin, holders(&fields[EVIDENCE], terms.term(twin), places)?);
        }
        marked.values_mut().for_each(|number| *number = ranks[*number as usize]);
        let own = runs(fields, places, &ranks, counts.map(Runs::with_room))?;
        Ok((Self { terms, marked, confusable }, own))
    }
}

/// The same terms numbered anew, the most frequent first, and what has become of each number: of small numbers most texts consist, and what is asked for
/// most lies together.
fn by_frequency(names: &Lexicon, frequencies: &[u64]) -> (Lexicon, Vec<u32>) {
    let mut order: Vec<u32> = (0..frequencies.len() as u32).collect();
    order.sort_unstable_by_key(|&number| (Reverse(frequencies[number as usize]), number));
    let (mut terms, mut ranks) = (Lexicon::default(), vec![0; order.len()]);
    for (&number, rank) in order.iter().zip(0..) {
        terms.push(names.term(number));
        ranks[number as usize] = rank;
    }
    terms.finish();
    (terms, ranks)
}

/// Fills in the terms of title, keywords and body, for which there is room.
fn runs(
    fields: &[TextField<'_>],
    places: &[u32],
    ranks: &[u32],
    mut own: [Runs; OWN],
) -> Result<[Runs; OWN], IndexError> {
    let mut next: [Vec<u32>; OWN] = std::array::from_fn(|place| starts(&own[place].ends));
    let mut ranks = ranks.iter();
    for_each_term(fields, |_, standings| {
        let Some(&rank) = ranks.next() else { return Ok(()) };
        for standing in standings.iter().filter(|standing| standing.field < OWN) {
            let (terms, next) = (&mut own[standing.field].terms, &mut next[standing.field]);
            fields[standing.field].for_each_posting(standing, |place, frequency| {
                if let Some(slot) = next.get_mut(places[place] as usize) {
                    terms[*slot as usize..][..frequency as usize].fill(rank);
                    *slot += frequency;
                }
            })?;
        }
        Ok(())
    })?;
    for runs in &mut own {
        (0..runs.ends.len()).for_each(|document| runs.run_mut(document).sort_unstable());
    }
    Ok(own)
}

/// Who holds a term in a field, ascending.
fn holders(field: &TextField<'_>, term: &str, places: &[u32]) -> Result<Vec<u32>, IndexError> {
    let found = field.find(term)?;
    let mut holders = Vec::new();
    field.for_each_holder_of_all(&[&found], |place| holders.push(places[place]))?;
    holders.sort_unstable();
    Ok(holders)
}

impl Texts {
    /// What the columns say of the documents whose terms these are.
    fn read(own: [Runs; OWN], view: &View, chosen: &[Chosen], marked: &FxHashMap<u32, u32>) -> Self {
        let length =
            |place: usize, chosen: &Chosen| view.segments[chosen.order].lengths[place][chosen.doc as usize];
        let lengths: [Vec<u8>; OWN] =
            std::array::from_fn(|place| chosen.iter().map(|chosen| length(place, chosen)).collect());
        let mut texts = Self { own: Records::new(&own, &lengths), ..Self::default() };
        drop(own);
        texts.read_columns(view, chosen, marked);
        texts.own.in_large_pages();
        texts.vectors.shrink_to_fit();
        in_large_pages(&texts.vectors);
        texts
    }

    fn read_columns(&mut self, view: &View, chosen: &[Chosen], marked: &FxHashMap<u32, u32>) {
        let mut words = Vec::new();
        let in_vector = view.meaning().map_or(0, |meaning| meaning.words());
        for Chosen { order, doc, .. } in chosen {
            let segment = &view.segments[*order];
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
