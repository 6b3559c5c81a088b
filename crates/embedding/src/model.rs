//! A model that reads texts: vocabulary, encoder and pooling, loaded together or not at all.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use crate::ModelError;
use crate::baseline;
use crate::config::Config;
use crate::encoder::Encoder;
use crate::files::{Files, WEIGHTS};
use crate::pooling::Pooling;
use crate::vocabulary::Vocabulary;

/// Pieces of a text that are read at most, whatever the model could: attention costs their square.
const MOST_TOKENS: usize = 512;

/// Pieces that are read in one go. Short texts share the cost of fetching the weights; more at once would not fit near the processor.
const TOKENS_AT_ONCE: usize = 512;

/// A model whose baseline is above this tells nothing apart.
const BLIND: f32 = 0.999;

/// An embedding model, ready to read.
pub struct Model {
    vocabulary: Vocabulary,
    encoder: Encoder,
    pooling: Pooling,
    dimensions: usize,
    /// Pieces of a text at most, its marks among them.
    most: usize,
    query_prefix: String,
    baseline: f32,
    identity: String,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Model({}, {} dimensions, baseline {})", self.identity, self.dimensions, self.baseline)
    }
}

impl Model {
    /// Loads and checks a model, and measures its baseline. `query_prefix` is what it wants to see before a text that asks; empty for most.
    ///
    /// # Errors
    /// [`ModelError`] for whatever is missing, damaged or not supported.
    pub fn load(files: &Files, query_prefix: &str) -> Result<Self, ModelError> {
        let config = Config::read(files)?;
        let mut model = Self {
            pooling: Pooling::read(files)?,
            vocabulary: Vocabulary::read(files, config.words)?,
            encoder: Encoder::read(files.required(WEIGHTS)?, &config)?,
            dimensions: config.hidden,
            most: config.positions.min(MOST_TOKENS),
            query_prefix: query_prefix.to_owned(),
            baseline: 0.0,
            identity: files.identity(),
        };
        let vectors = |texts: &[&str]| model.passages(texts, 1).into_iter().flatten().collect::<Vec<_>>();
        let asked = baseline::UNRELATED.map(|text| format!("{query_prefix}{text}"));
        let passages = vectors(&baseline::UNRELATED);
        let queries = vectors(&asked.each_ref().map(String::as_str));
        let whole = [&passages, &queries].iter().all(|vectors| vectors.len() == baseline::UNRELATED.len());
        let baseline = if whole { baseline::of(&queries, &passages) } else { f32::NAN };
        if !(0.0..BLIND).contains(&baseline) {
            return Err(ModelError::Blind(baseline));
        }
        model.baseline = baseline;
        Ok(model)
    }

    /// The vector of each text, of length 1; `None` for a text without a word in it. Each is the same whichever texts it comes with, and on however
    /// many threads.
    pub fn passages(&self, texts: &[&str], threads: usize) -> Vec<Option<Vec<f32>>> {
        let tokens: Vec<Vec<u32>> = texts.iter().map(|text| self.tokens(text)).collect();
        let mut vectors = vec![None; texts.len()];
        let mut batches = Vec::new();
        let (mut rest_tokens, mut rest) = (tokens.as_slice(), vectors.as_mut_slice());
        while !rest.is_empty() {
            let (now, later) = rest_tokens.split_at(at_once(rest_tokens));
            let (slots, others) = std::mem::take(&mut rest).split_at_mut(now.len());
            batches.push((now, slots));
            (rest_tokens, rest) = (later, others);
        }
        let threads = threads.min(batches.len());
        let batches = Mutex::new(batches.into_iter());
        // The lock is held while a batch is taken, not while it is read.
        let next = || batches.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            while let Some((tokens, slots)) = next() {
                self.fill(tokens, slots);
            }
        };
        if threads <= 1 {
            work();
        } else {
            thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
        }
        vectors
    }

    /// The vector of a text that asks, its prefix before it.
    pub fn query(&self, text: &str) -> Option<Vec<f32>> {
        if text.trim().is_empty() {
            return None;
        }
        self.passages(&[&format!("{}{text}", self.query_prefix)], 1).pop().flatten()
    }

    /// How alike two texts are whose vectors have this cosine: 0 for texts that have nothing to do with each other, 1 for the same text.
    pub fn likeness(&self, cosine: f32) -> f32 {
        ((cosine - self.baseline) / (1.0 - self.baseline)).max(0.0)
    }

    /// The mean cosine of texts of unrelated fields.
    pub fn baseline(&self) -> f32 {
        self.baseline
    }

    /// Numbers in a vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// What it wants to see before a text that asks.
    pub fn query_prefix(&self) -> &str {
        &self.query_prefix
    }

    /// What tells this model from any other: sixteen hexadecimal digits over all its files. The prefix of queries is no part of it, for no passage is read
    /// with it.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The numbers of a text's pieces as the encoder reads them.
    pub fn tokens(&self, text: &str) -> Vec<u32> {
        self.vocabulary.tokens(text, self.most)
    }

    fn fill(&self, tokens: &[Vec<u32>], slots: &mut [Option<Vec<f32>>]) {
        // Nothing but its marks: a text without a word.
        let (texts, slots): (Vec<&[u32]>, Vec<_>) =
            tokens.iter().map(Vec::as_slice).zip(slots).filter(|(tokens, _)| tokens.len() > 2).unzip();
        if texts.is_empty() {
            return;
        }
        let (rows, ranges) = self.encoder.encode(&texts);
        for (slot, range) in slots.into_iter().zip(ranges) {
            *slot = of_length_one(self.pooling.pool(rows.slice(ndarray::s![range, ..])));
        }
    }
}

/// How many of the texts are read next: at least one.
fn at_once(texts: &[Vec<u32>]) -> usize {
    let mut tokens = 0;
    let fits = |text: &&Vec<u32>| {
        tokens += text.len();
        tokens <= TOKENS_AT_ONCE
    };
    texts.iter().take_while(fits).count().max(1)
}

/// `None` for a vector that has no direction.
fn of_length_one(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if !(length.is_normal()) {
        return None;
    }
    vector.iter_mut().for_each(|value| *value /= length);
    Some(vector)
}
