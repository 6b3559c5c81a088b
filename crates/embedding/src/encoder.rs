//! The encoder: numbers of pieces in, a vector for each of them out.

use std::ops::Range;

use ndarray::{Array2, Axis};

use crate::ModelError;
use crate::config::Config;
use crate::layer::{Layer, Norm};
use crate::tensors::Tensors;

const WORDS: &str = "embeddings.word_embeddings.weight";

/// The weights.
pub(crate) struct Encoder {
    words: Array2<f32>,
    /// With the vector of the first type of text in each: there is no second text.
    positions: Array2<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

impl Encoder {
    pub(crate) fn read(weights: &[u8], config: &Config) -> Result<Self, ModelError> {
        let tensors = Tensors::read(weights, WORDS)?;
        let words = tensors.matrix(WORDS, config.words, config.hidden)?;
        let mut positions =
            tensors.matrix("embeddings.position_embeddings.weight", config.positions, config.hidden)?;
        let types = tensors.matrix("embeddings.token_type_embeddings.weight", config.types, config.hidden)?;
        positions += &types.row(0);
        let norm = Norm::read(&tensors, "embeddings.LayerNorm", config)?;
        let layers = (0..config.layers).map(|number| Layer::read(&tensors, number, config));
        Ok(Self { words, positions, norm, layers: layers.collect::<Result<_, _>>()? })
    }

    /// A row for each token of all texts, end to end, and where each text's rows are. A text's rows are the same whichever texts it comes with:
    /// no product mixes rows of two texts, and each number of a product is summed up in the same order.
    ///
    /// Every token is below the number of words, and no text is longer than there are positions.
    pub(crate) fn encode(&self, texts: &[&[u32]]) -> (Array2<f32>, Vec<Range<usize>>) {
        let mut ranges = Vec::with_capacity(texts.len());
        let tokens: Vec<usize> =
            texts.iter().flat_map(|text| text.iter().map(|&token| token as usize)).collect();
        let mut rows = self.words.select(Axis(0), &tokens);
        let mut start = 0;
        for text in texts {
            ranges.push(start..start + text.len());
            for (at, mut row) in rows.axis_iter_mut(Axis(0)).skip(start).take(text.len()).enumerate() {
                row += &self.positions.row(at);
            }
            start += text.len();
        }
        self.norm.apply(&mut rows);
        let encoded = self.layers.iter().fold(rows, |rows, layer| layer.apply(rows, &ranges));
        (encoded, ranges)
    }
}
