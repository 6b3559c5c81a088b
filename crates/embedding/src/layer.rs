//! One layer of the encoder: every token looks at every other of its text, and then thinks by itself (Vaswani et al. 2017).

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::ModelError;
use crate::activation::Activation;
use crate::config::Config;
use crate::tensors::Tensors;

/// x·W + b.
struct Linear {
    /// A column for each number that comes out.
    weight: Array2<f32>,
    bias: Array1<f32>,
}

impl Linear {
    fn read(tensors: &Tensors<'_>, name: &str, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        let weight = tensors.matrix(&format!("{name}.weight"), outputs, inputs)?;
        // The file has a row for each; turned over once, a product reads it in the order in which it lies.
        let weight = weight.t().as_standard_layout().into_owned();
        Ok(Self { weight, bias: tensors.vector(&format!("{name}.bias"), outputs)? })
    }

    fn apply(&self, inputs: &Array2<f32>) -> Array2<f32> {
        let mut outputs = inputs.dot(&self.weight);
        outputs += &self.bias;
        outputs
    }
}

/// Makes each row's mean 0 and its deviation 1, then stretches and shifts it (Ba, Kiros & Hinton 2016).
pub(crate) struct Norm {
    weight: Array1<f32>,
    bias: Array1<f32>,
    epsilon: f32,
}

impl Norm {
    pub(crate) fn read(tensors: &Tensors<'_>, name: &str, config: &Config) -> Result<Self, ModelError> {
        let vector = |part: &str| tensors.vector(&format!("{name}.{part}"), config.hidden);
        Ok(Self { weight: vector("weight")?, bias: vector("bias")?, epsilon: config.epsilon })
    }

    pub(crate) fn apply(&self, rows: &mut Array2<f32>) {
        for mut row in rows.rows_mut() {
            let length = row.len() as f32;
            let mean = row.sum() / length;
            row -= mean;
            let variance = row.fold(0.0, |sum, value| sum + value * value) / length;
            row /= (variance + self.epsilon).sqrt();
            row *= &self.weight;
            row += &self.bias;
        }
    }
}

/// A layer's weights.
pub(crate) struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    together: Linear,
    attention_norm: Norm,
    wide: Linear,
    narrow: Linear,
    norm: Norm,
    heads: usize,
    activation: Activation,
}

impl Layer {
    pub(crate) fn read(tensors: &Tensors<'_>, number: usize, config: &Config) -> Result<Self, ModelError> {
        let Config { hidden, intermediate, .. } = *config;
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let linear = |part, inputs, outputs| Linear::read(tensors, &name(part), inputs, outputs);
        Ok(Self {
            query: linear("attention.self.query", hidden, hidden)?,
            key: linear("attention.self.key", hidden, hidden)?,
            value: linear("attention.self.value", hidden, hidden)?,
            together: linear("attention.output.dense", hidden, hidden)?,
            attention_norm: Norm::read(tensors, &name("attention.output.LayerNorm"), config)?,
            wide: linear("intermediate.dense", hidden, intermediate)?,
            narrow: linear("output.dense", intermediate, hidden)?,
            norm: Norm::read(tensors, &name("output.LayerNorm"), config)?,
            heads: config.heads,
            activation: config.activation,
        })
    }

    /// `tokens` has a row for each token of several texts, each text in its own range of rows.
    pub(crate) fn apply(&self, tokens: Array2<f32>, texts: &[Range<usize>]) -> Array2<f32> {
        let mut attended = self.together.apply(&self.attention(&tokens, texts));
        attended += &tokens;
        self.attention_norm.apply(&mut attended);
        let mut thought = self.wide.apply(&attended);
        if let Some(numbers) = thought.as_slice_mut() {
            self.activation.apply(numbers);
        }
        let mut output = self.narrow.apply(&thought);
        output += &attended;
        self.norm.apply(&mut output);
        output
    }

    fn attention(&self, tokens: &Array2<f32>, texts: &[Range<usize>]) -> Array2<f32> {
        let (queries, keys, values) =
            (self.query.apply(tokens), self.key.apply(tokens), self.value.apply(tokens));
        let width = tokens.ncols() / self.heads;
        let scale = 1.0 / (width as f32).sqrt();
        let mut context = Array2::zeros(tokens.raw_dim());
        for text in texts {
            for head in 0..self.heads {
                let part = s![text.clone(), head * width..(head + 1) * width];
                let weights = attention_weights(queries.slice(part), keys.slice(part), scale);
                general_mat_mul(1.0, &weights, &values.slice(part), 0.0, &mut context.slice_mut(part));
            }
        }
        context
    }
}

/// How much each token looks at each other one: rows that add up to 1.
fn attention_weights(queries: ArrayView2<'_, f32>, keys: ArrayView2<'_, f32>, scale: f32) -> Array2<f32> {
    let mut weights = Array2::zeros((queries.nrows(), keys.nrows()));
    general_mat_mul(scale, &queries, &keys.t(), 0.0, &mut weights);
    for mut row in weights.axis_iter_mut(Axis(0)) {
        // The largest becomes e⁰: nothing overflows.
        let most = row.fold(f32::NEG_INFINITY, |most, &value| most.max(value));
        row.mapv_inplace(|value| (value - most).exp());
        let sum = row.sum();
        row /= sum;
    }
    weights
}
