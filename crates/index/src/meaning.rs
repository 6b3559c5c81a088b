//! Who tells what the texts of an index mean: term vectors or, where the operator has one, an embedding model in their place.
//!
//! A generation is asked with what it was written with: it keeps its term vectors, and the model is part of its fingerprint.

use std::num::NonZero;
use std::thread;

use embedding::Model;
use ranking::Query;
use vectors::{Direction, Packed, TermVectors};

use crate::IndexDocument;
use crate::writer::MOST_THREADS;

/// Reads the meaning of texts.
#[derive(Clone, Copy)]
pub(crate) enum Meaning<'a> {
    Terms(&'a TermVectors),
    Model(&'a Model),
}

impl<'a> Meaning<'a> {
    /// The term vectors, unless there is a model in their place.
    pub(crate) fn of_terms(self) -> Option<&'a TermVectors> {
        match self {
            Self::Terms(vectors) => Some(vectors),
            Self::Model(_) => None,
        }
    }

    /// The vector of each passage of all documents, one after the other, as a model reads them, on as many threads as write; none without a model.
    pub(crate) fn read(self, documents: &[IndexDocument]) -> Vec<Option<Packed>> {
        let Self::Model(model) = self else { return Vec::new() };
        let passages = documents.iter().flat_map(|document| &document.passages);
        let texts: Vec<&str> = passages.map(|passage| passage.text.as_str()).collect();
        let read = model.passages(&texts, threads());
        read.into_iter().map(|vector| Packed::new(&whole_words(vector?), 1)).collect()
    }

    /// Words of a packed vector.
    pub(crate) fn words(self) -> usize {
        match self {
            Self::Terms(vectors) => vectors.dimensions() / WORD,
            Self::Model(model) => model.dimensions().div_ceil(WORD),
        }
    }

    /// Where what is asked for points: as the query says or, where it does not, as its terms do.
    pub(crate) fn direction(self, query: &Query) -> Option<Direction> {
        match self {
            Self::Terms(vectors) if query.meaning.is_none() => {
                vectors.direction(query.terms.iter().map(|term| (term.text.as_str(), term.meaning)))
            }
            Self::Terms(_) | Self::Model(_) => query.meaning.clone(),
        }
    }

    /// As [`Self::direction`], where the number of each term's vector is known.
    pub(crate) fn direction_by_number(
        self,
        query: &Query,
        numbers: impl Iterator<Item = Option<u32>>,
    ) -> Option<Direction> {
        match self {
            Self::Terms(vectors) if query.meaning.is_none() => {
                let weights = query.terms.iter().map(|term| term.meaning);
                let weighed = numbers.zip(weights);
                vectors.direction_by_number(weighed.filter_map(|(number, weight)| Some((number?, weight))))
            }
            Self::Terms(_) | Self::Model(_) => query.meaning.clone(),
        }
    }

    /// How alike texts are whose vectors have this cosine.
    pub(crate) fn likeness(self, cosine: f32) -> f32 {
        match self {
            Self::Terms(_) => cosine,
            Self::Model(model) => model.likeness(cosine),
        }
    }

    /// How far it is to be trusted, above 0 to 1. Whoever chooses a model trusts it; what its likeness is worth is `weights.meaning`.
    pub(crate) fn trust(self) -> f32 {
        match self {
            Self::Terms(vectors) => vectors.trust(),
            Self::Model(_) => 1.0,
        }
    }
}

/// What a text asks for, as the model reads it.
pub(crate) fn direction(model: &Model, text: &str) -> Option<Direction> {
    Direction::new(&whole_words(model.query(text)?), 1)
}

/// Numbers in a word of a packed vector.
const WORD: usize = 8;

fn whole_words(mut vector: Vec<f32>) -> Vec<f32> {
    vector.resize(vector.len().next_multiple_of(WORD), 0.0);
    vector
}

/// Threads that read and write at most: those who ask are to be answered meanwhile.
pub(crate) fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS)
}
