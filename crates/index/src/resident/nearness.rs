//! What an asker has in common with documents beside the texts, told once for all documents that are the same in it.

use std::hash::Hash;

use domain::Attributes;
use ranking::{FEATURES, FeatureWeights, nearness_at_most, nearness_in};
use rustc_hash::FxHashMap;
use sweep::fetch;

/// Things in which documents are the same or not: where they are, industries, fields, what they offer, the organisation.
const THINGS: usize = 5;
/// Which of them each feature looks at.
const OF_FEATURE: [usize; FEATURES] = [0, 1, 2, 3, 3];
const ORGANISATION: usize = 4;
/// So many kinds are asked one by one for the nearest; to ask more costs more than it saves.
const ASKED_ALL: usize = 128;
/// Values of more kinds are told each time: hardly any two documents of those that are looked at are the same.
const KNOWN_MOST: usize = 4096;

/// Which documents are the same in what.
pub(super) struct Kinds {
    /// Of each document the kind that it is of, thing by thing.
    of: Vec<[u32; THINGS]>,
    /// A document of each kind.
    examples: [Vec<u32>; THINGS],
    /// The kind of each organisation.
    organisations: FxHashMap<String, u32>,
}

impl Kinds {
    pub(super) fn new(documents: &[Attributes]) -> Self {
        let kinds = [
            kinds(documents, |of| (of.region, &of.travel_regions)),
            kinds(documents, |of| &of.industries),
            kinds(documents, |of| &of.fields),
            kinds(documents, |of| {
                of.offer
                    .map(|offer| (offer.availability as u8, offer.capacity.per_year, offer.capacity.engaged))
            }),
            kinds(documents, |of| &of.organisation),
        ];
        let of = (0..documents.len()).map(|at| std::array::from_fn(|thing| kinds[thing].0[at])).collect();
        let organisation = |&document: &u32| documents[document as usize].organisation.clone();
        let organisations = kinds[ORGANISATION].1.iter().map(organisation).zip(0..).collect();
        Self { of, examples: kinds.map(|(_, examples)| examples), organisations }
    }

    fn kind(&self, document: usize, thing: usize) -> u32 {
        self.of[document][thing]
    }
}

/// The kind of each document, and a document of each kind.
fn kinds<'a, Key: Hash + Eq>(
    documents: &'a [Attributes],
    key: impl Fn(&'a Attributes) -> Key,
) -> (Vec<u32>, Vec<u32>) {
    let (mut numbers, mut examples) = (FxHashMap::default(), Vec::new());
    let mut number = |(of, document): (&'a Attributes, u32)| {
        *numbers.entry(key(of)).or_insert_with(|| {
            examples.push(document);
            examples.len() as u32 - 1
        })
    };
    let of = documents.iter().zip(0..).map(&mut number).collect();
    (of, examples)
}

/// How near an asker is to documents.
pub(super) struct Nearness<'a> {
    kinds: &'a Kinds,
    documents: &'a [Attributes],
    asker: &'a Attributes,
    weights: [f32; FEATURES],
    /// The kind of the asker's own organisation.
    own: Option<u32>,
    known: Known,
}

/// Values of features that were told of one asker; kept from asker to asker for its memory alone.
#[derive(Default)]
pub(super) struct Known {
    /// By feature and kind, not a number where nobody has asked; none of a feature of too many kinds.
    values: [Vec<f32>; FEATURES],
    /// Features and kinds of which somebody has.
    told: Vec<(usize, usize)>,
}

impl<'a> Nearness<'a> {
    pub(super) fn new(
        kinds: &'a Kinds,
        documents: &'a [Attributes],
        asker: &'a Attributes,
        weights: &FeatureWeights,
        mut known: Known,
    ) -> Self {
        known.told.drain(..).for_each(|(feature, kind)| known.values[feature][kind] = f32::NAN);
        for (values, thing) in known.values.iter_mut().zip(OF_FEATURE) {
            let kinds = kinds.examples[thing].len();
            values.resize(if kinds <= KNOWN_MOST { kinds } else { 0 }, f32::NAN);
        }
        let own = kinds.organisations.get(&asker.organisation).copied();
        let own = own.filter(|_| !asker.organisation.is_empty());
        Self { kinds, documents, asker, weights: weights.in_order(), own, known }
    }

    /// The memory, for the next asker.
    pub(super) fn into_known(self) -> Known {
        self.known
    }

    /// Whether the document belongs to the asker's own organisation. What else would stand against a document stands against it whoever asks.
    pub(super) fn excludes(&self, document: usize) -> bool {
        self.own == Some(self.kinds.kind(document, ORGANISATION))
    }

    /// Has fetched what is read of a document.
    pub(super) fn expect(&self, document: usize) {
        fetch(&self.kinds.of, document);
    }

    /// Value and weight of each feature.
    pub(super) fn to(&mut self, document: usize) -> [(f32, f32); FEATURES] {
        std::array::from_fn(|feature| {
            let kind = self.kinds.kind(document, OF_FEATURE[feature]) as usize;
            (self.value(feature, kind), self.weights[feature])
        })
    }

    /// The most that any document comes to in each feature, and its weight.
    pub(super) fn most(&mut self) -> [(f32, f32); FEATURES] {
        std::array::from_fn(|feature| {
            let kinds = self.kinds.examples[OF_FEATURE[feature]].len();
            let at_most = nearness_at_most(feature, self.asker);
            let most = if at_most > 0.0 && kinds <= ASKED_ALL {
                (0..kinds).map(|kind| self.value(feature, kind)).fold(0.0, f32::max)
            } else {
                at_most
            };
            (most, self.weights[feature])
        })
    }

    fn value(&mut self, feature: usize, kind: usize) -> f32 {
        match self.known.values[feature].get(kind) {
            Some(value) if !value.is_nan() => *value,
            _ => self.tell(feature, kind),
        }
    }

    #[cold]
    fn tell(&mut self, feature: usize, kind: usize) -> f32 {
        let example = self.kinds.examples[OF_FEATURE[feature]][kind] as usize;
        let value = nearness_in(feature, self.asker, &self.documents[example]);
        if let Some(known) = self.known.values[feature].get_mut(kind) {
            *known = value;
            self.known.told.push((feature, kind));
        }
        value
    }
}
