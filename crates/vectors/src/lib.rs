//! Term vectors: learned from texts that belong together, they tell which texts are alike in meaning where the words differ.
//!
//! A text's vector is the sum of its terms' vectors, each counting by how often it stands there and how rare it is ([`TermVectors::embed`]); two texts are
//! as alike as the angle between their vectors is small. The vectors are learned so that a text finds its partner among many others
//! ([`learn`]): a title its abstract's sentences, one project of an expert another. Pure: bytes come in and go out, no file is read here.

mod file;
mod learn;
mod lessons;
mod likeness;
mod model;
mod neighbours;
mod sum;
mod terms;

pub use file::VectorError;
pub use learn::{Settings, learn};
pub use lessons::{Lessons, TextId};
pub use likeness::{Direction, Packed, length};
pub use model::{Buffers, TermVectors};
pub use terms::{Reader, Terms, sentences};
