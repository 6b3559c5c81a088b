//! A tiny model that tests make themselves: the layout of a real one, two layers, random weights that a name stands for. `reference.py` makes
//! the same one.
#![allow(dead_code, reason = "each test uses a part")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

pub(crate) const VOCABULARY: &str = include_str!("../fixture/vocab.txt");
pub(crate) const HIDDEN: usize = 32;
pub(crate) const POSITIONS: usize = 40;
const LAYERS: usize = 2;
const INTERMEDIATE: usize = 48;

/// How the numbers of the weights are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    F32,
    F16,
    BF16,
}

/// A model to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiny {
    /// Other seeds are other models.
    pub(crate) seed: &'static str,
    pub(crate) activation: &'static str,
    pub(crate) pooling: Option<&'static str>,
    pub(crate) numbers: Numbers,
    /// What stands before the names of tensors.
    pub(crate) prefix: &'static str,
    pub(crate) lower_case: bool,
}

pub(crate) const TINY: Tiny =
    Tiny { seed: "", activation: "gelu", pooling: None, numbers: Numbers::F32, prefix: "", lower_case: true };

impl Tiny {
    /// Its files by name.
    pub(crate) fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let config = json!({
            "model_type": "bert", "vocab_size": VOCABULARY.lines().count(), "hidden_size": HIDDEN, "num_hidden_layers": LAYERS,
            "num_attention_heads": 4, "intermediate_size": INTERMEDIATE, "max_position_embeddings": POSITIONS, "type_vocab_size": 2,
            "hidden_act": self.activation, "layer_norm_eps": 1e-12,
        });
        let mut files = vec![
            ("config.json", config.to_string().into_bytes()),
            ("model.safetensors", self.weights()),
            ("vocab.txt", VOCABULARY.as_bytes().to_vec()),
            ("tokenizer_config.json", json!({"do_lower_case": self.lower_case}).to_string().into_bytes()),
        ];
        if let Some(pooling) = self.pooling {
            let chosen =
                json!({"word_embedding_dimension": HIDDEN, pooling: true, "pooling_mode_max_tokens": false});
            files.push(("1_Pooling/config.json", chosen.to_string().into_bytes()));
        }
        files
    }

    /// Puts it into a directory.
    pub(crate) fn write(&self, directory: &Path) {
        for (name, bytes) in self.files() {
            let path = directory.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    fn weights(&self) -> Vec<u8> {
        let mut header = serde_json::Map::new();
        let mut data = Vec::new();
        for (name, shape) in shapes() {
            let start = data.len();
            for number in self.tensor(&name, shape.iter().product()) {
                match self.numbers {
                    Numbers::F32 => data.extend(number.to_le_bytes()),
                    Numbers::F16 => data.extend(half(number).to_le_bytes()),
                    Numbers::BF16 => data.extend(((number.to_bits() >> 16) as u16).to_le_bytes()),
                }
            }
            let name = format!("{}{name}", self.prefix);
            let dtype = format!("{:?}", self.numbers);
            header.insert(name, json!({"dtype": dtype, "shape": shape, "data_offsets": [start, data.len()]}));
        }
        file(&header.into(), &data)
    }

    fn tensor(&self, name: &str, count: usize) -> Vec<f32> {
        let norm = name.ends_with("LayerNorm.weight");
        let (middle, share) = match name {
            _ if norm => (1.0, 0.25),
            name if name.ends_with(".bias") => (0.0, 0.125),
            name if name.starts_with("embeddings.") => (0.0, 1.0),
            _ => (0.0, 0.5),
        };
        numbers(&format!("{}{name}", self.seed), count).map(|number| middle + share * number).collect()
    }
}

/// A safetensors file.
pub(crate) fn file(header: &Value, data: &[u8]) -> Vec<u8> {
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// Header and data of a safetensors file.
pub(crate) fn parts(file: &[u8]) -> (Value, Vec<u8>) {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    (serde_json::from_slice(&file[8..8 + length]).unwrap(), file[8 + length..].to_vec())
}

fn shapes() -> Vec<(String, Vec<usize>)> {
    let words = VOCABULARY.lines().count();
    let mut shapes: Vec<(String, Vec<usize>)> = Vec::new();
    for (name, rows) in [("word", words), ("position", POSITIONS), ("token_type", 2)] {
        shapes.push((format!("embeddings.{name}_embeddings.weight"), vec![rows, HIDDEN]));
    }
    let mut both = |name: String, weight: Vec<usize>| {
        shapes.push((format!("{name}.bias"), vec![weight[0]]));
        shapes.push((format!("{name}.weight"), weight));
    };
    both("embeddings.LayerNorm".to_owned(), vec![HIDDEN]);
    for layer in 0..LAYERS {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        for part in ["self.query", "self.key", "self.value", "output.dense"] {
            both(name(&format!("attention.{part}")), vec![HIDDEN, HIDDEN]);
        }
        both(name("attention.output.LayerNorm"), vec![HIDDEN]);
        both(name("intermediate.dense"), vec![INTERMEDIATE, HIDDEN]);
        both(name("output.dense"), vec![HIDDEN, INTERMEDIATE]);
        both(name("output.LayerNorm"), vec![HIDDEN]);
    }
    shapes
}

/// Numbers from -1 to 1 that a name stands for: SplitMix64 (Steele, Lea & Flood 2014), seeded by the FNV-1a hash of the name.
fn numbers(name: &str, count: usize) -> impl Iterator<Item = f32> {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (1..=count as u64).map(move |at| {
        let mut z = at.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(seed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 40) as f32 / (1 << 23) as f32 - 1.0
    })
}

/// The nearest number of binary16 below, for numbers that are neither large nor tiny.
fn half(number: f32) -> u16 {
    let bits = number.to_bits();
    let exponent = ((bits >> 23) & 0xff) as i32 - 127 + 15;
    let sign = (bits >> 16) as u16 & 0x8000;
    if exponent <= 0 { sign } else { sign | (exponent as u16) << 10 | (bits >> 13) as u16 & 0x3ff }
}
