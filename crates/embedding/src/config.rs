//! What `config.json` says of an encoder, checked before anything is made of it.

use serde_json::Value;

use crate::ModelError;
use crate::activation::Activation;
use crate::files::{CONFIG, Files, json};

/// Sizes of an encoder; each within bounds, so that no product of two of them overflows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Config {
    pub(crate) words: usize,
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) intermediate: usize,
    pub(crate) positions: usize,
    pub(crate) types: usize,
    pub(crate) activation: Activation,
    /// Keeps a layer norm from dividing by nothing.
    pub(crate) epsilon: f32,
}

impl Config {
    pub(crate) fn read(files: &Files) -> Result<Self, ModelError> {
        let value = json(CONFIG, files.required(CONFIG)?)?;
        only(&value, "model_type", "bert")?;
        only(&value, "position_embedding_type", "absolute")?;
        let size = |field, least, most| size(&value, field, least, most);
        let config = Self {
            words: size("vocab_size", 5, 1 << 24)?,
            hidden: size("hidden_size", 1, 1 << 14)?,
            layers: size("num_hidden_layers", 1, 256)?,
            heads: size("num_attention_heads", 1, 1 << 10)?,
            intermediate: size("intermediate_size", 1, 1 << 17)?,
            // The marks of beginning and end, and something between them.
            positions: size("max_position_embeddings", 3, 1 << 20)?,
            types: size("type_vocab_size", 1, 1 << 10)?,
            activation: activation(&value)?,
            epsilon: epsilon(&value)?,
        };
        if !config.hidden.is_multiple_of(config.heads) {
            let problem = format!("为 {}，不能被 num_attention_heads（{}）整除", config.hidden, config.heads);
            return Err(ModelError::field(CONFIG, "hidden_size", problem));
        }
        Ok(config)
    }
}

/// A field that may be absent but says nothing else than `wanted`.
fn only(value: &Value, field: &'static str, wanted: &str) -> Result<(), ModelError> {
    match &value[field] {
        Value::Null => Ok(()),
        Value::String(found) if found == wanted => Ok(()),
        found => Err(ModelError::field(CONFIG, field, format!("为 {}，只支持 {wanted}", shortened(found)))),
    }
}

fn size(value: &Value, field: &'static str, least: u64, most: u64) -> Result<usize, ModelError> {
    let complain = |problem| Err(ModelError::field(CONFIG, field, problem));
    match &value[field] {
        Value::Null => complain("没有写明".to_owned()),
        found => match found.as_u64() {
            Some(size) if (least..=most).contains(&size) => Ok(size as usize),
            _ => complain(format!("为 {}，应为 {least} 到 {most} 的整数", shortened(found))),
        },
    }
}

fn activation(value: &Value) -> Result<Activation, ModelError> {
    let name = value["hidden_act"].as_str();
    name.and_then(Activation::named).ok_or_else(|| {
        let names = Activation::names().collect::<Vec<_>>().join("、");
        let problem = format!("为 {}，只支持 {names}", shortened(&value["hidden_act"]));
        ModelError::field(CONFIG, "hidden_act", problem)
    })
}

fn epsilon(value: &Value) -> Result<f32, ModelError> {
    const FIELD: &str = "layer_norm_eps";
    let epsilon = match &value[FIELD] {
        Value::Null => Some(1e-12),
        found => found.as_f64(),
    };
    epsilon.map(|epsilon| epsilon as f32).filter(|epsilon| *epsilon > 0.0 && *epsilon < 1.0).ok_or_else(
        || ModelError::field(CONFIG, FIELD, format!("为 {}，应为 0 到 1 之间的数", shortened(&value[FIELD]))),
    )
}

/// What a field says, for a message: not a page of it.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
