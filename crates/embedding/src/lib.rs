//! An operator's own embedding model: a BERT encoder (Devlin et al. 2019) that turns a text into a vector of its meaning, in plain Rust.
//!
//! [`Files`] gathers the files of a model directory (the layout of sentence-transformers, as bge-small-zh has it), [`Model::load`] checks all of
//! them, and [`Model::passages`] and [`Model::query`] read texts. Pure: bytes come in, vectors go out, no file is opened here. Whatever the bytes are,
//! loading ends in a model or in a [`ModelError`] that names the file and what is wrong in it.

mod activation;
mod baseline;
mod basic;
mod config;
mod encoder;
mod error;
mod files;
mod layer;
mod model;
mod pooling;
mod tensors;
mod vocabulary;
mod wordpiece;

pub use error::ModelError;
pub use files::Files;
pub use model::Model;
