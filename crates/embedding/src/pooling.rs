//! How the vectors of a text's tokens become one vector of the text.

use ndarray::{ArrayView2, Axis};
use serde_json::Value;

use crate::ModelError;
use crate::files::{Files, MODULES, POOLING};

/// Which vector stands for the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pooling {
    /// That of the mark before it.
    First,
    /// The mean over all its tokens.
    Mean,
}

/// Steps of a model that change nothing of what is computed here: the vectors are made of length 1 in any case.
const KNOWN_STEPS: [&str; 3] = ["Transformer", "Pooling", "Normalize"];

impl Pooling {
    /// Without a word about it, the first: so do the models of the bge family.
    pub(crate) fn read(files: &Files) -> Result<Self, ModelError> {
        steps(files)?;
        let Some(value) = files.json(POOLING)? else { return Ok(Self::First) };
        let fields = value.as_object().into_iter().flatten();
        let chosen: Vec<&str> = fields
            .filter(|(field, value)| field.starts_with("pooling_mode_") && value.as_bool() == Some(true))
            .map(|(field, _)| field.as_str())
            .collect();
        match chosen[..] {
            ["pooling_mode_cls_token"] => Ok(Self::First),
            ["pooling_mode_mean_tokens"] => Ok(Self::Mean),
            [] => Err(ModelError::field(POOLING, "pooling_mode_*", "没有选定任何一种")),
            _ => {
                let problem = format!("选定了 {}，只支持 cls_token 或 mean_tokens 之一", chosen.join("、"));
                Err(ModelError::field(POOLING, "pooling_mode_*", problem))
            }
        }
    }

    pub(crate) fn pool(self, tokens: ArrayView2<'_, f32>) -> Vec<f32> {
        match self {
            Self::First => tokens.row(0).to_vec(),
            Self::Mean => (tokens.sum_axis(Axis(0)) / tokens.nrows() as f32).to_vec(),
        }
    }
}

/// A model with another step, such as one more layer after pooling, would give other vectors than it was trained for.
fn steps(files: &Files) -> Result<(), ModelError> {
    let Some(modules) = files.json(MODULES)? else { return Ok(()) };
    for step in modules.as_array().into_iter().flatten() {
        let name = step["type"].as_str().and_then(|name| name.rsplit('.').next()).unwrap_or_default();
        if !KNOWN_STEPS.contains(&name) {
            let problem = format!("含有不支持的步骤“{name}”，只支持 {}", KNOWN_STEPS.join("、"));
            return Err(ModelError::field(MODULES, "type", problem));
        }
    }
    // What would be said of a list that is none must not pass for a list without steps.
    match modules {
        Value::Array(_) => Ok(()),
        _ => Err(ModelError::field(MODULES, "type", "应在一个列表里")),
    }
}
