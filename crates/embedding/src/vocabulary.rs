//! The words that a model knows, and how it wants texts read.

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::ModelError;
use crate::basic::Reading;
use crate::files::{Files, TOKENIZER, TOKENIZER_CONFIG, VOCABULARY};

/// What stands before a piece that goes on with a word.
const CONTINUES: &str = "##";

/// The pieces of a model by their text.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    /// Pieces that a word begins with.
    pub(crate) beginnings: FxHashMap<Box<str>, u32>,
    /// Pieces that go on with a word, without their mark.
    pub(crate) continuations: FxHashMap<Box<str>, u32>,
    /// Bytes of the longest piece.
    pub(crate) longest: usize,
    /// For a word that is not known.
    pub(crate) unknown: u32,
    /// Before a text, and after it.
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) reading: Reading,
}

impl Vocabulary {
    /// Of a model that knows so many `words`.
    pub(crate) fn read(files: &Files, words: usize) -> Result<Self, ModelError> {
        let tokenizer = files.json(TOKENIZER)?;
        let settings = files.json(TOKENIZER_CONFIG)?.unwrap_or(Value::Null);
        let normalizer = tokenizer.as_ref().map_or(&Value::Null, |tokenizer| &tokenizer["normalizer"]);
        let (file, pieces) = match (files.get(VOCABULARY), &tokenizer) {
            (Some(bytes), _) => (VOCABULARY, lines(bytes)?),
            (None, Some(tokenizer)) => (TOKENIZER, numbered(&tokenizer["model"])?),
            (None, None) => return Err(ModelError::Missing(VOCABULARY)),
        };
        let complain = |problem| Err(ModelError::Vocabulary { file, problem });
        if pieces.len() != words {
            let problem = format!("有 {} 个词，config.json 的 vocab_size 为 {words}", pieces.len());
            return complain(problem);
        }
        let mut made = Self {
            beginnings: FxHashMap::default(),
            continuations: FxHashMap::default(),
            longest: 0,
            unknown: 0,
            start: 0,
            end: 0,
            reading: reading(&settings, normalizer)?,
        };
        for (piece, number) in pieces {
            if number as usize >= words {
                return complain(format!("词的编号 {number} 超出了 vocab_size（{words}）"));
            }
            made.longest = made.longest.max(piece.len());
            match piece.strip_prefix(CONTINUES) {
                Some(rest) if !rest.is_empty() => made.continuations.insert(rest.into(), number),
                _ => made.beginnings.insert(piece.into(), number),
            };
        }
        for (name, number) in
            [("[UNK]", &mut made.unknown), ("[CLS]", &mut made.start), ("[SEP]", &mut made.end)]
        {
            match made.beginnings.get(name) {
                Some(known) => *number = *known,
                None => return complain(format!("没有 {name}")),
            }
        }
        Ok(made)
    }
}

/// A piece to a line, its number that of the line.
fn lines(bytes: &[u8]) -> Result<Vec<(String, u32)>, ModelError> {
    let broken = |_| ModelError::Vocabulary { file: VOCABULARY, problem: "不是 UTF-8 文字".to_owned() };
    let text = std::str::from_utf8(bytes).map_err(broken)?;
    Ok(text.lines().map(str::to_owned).zip(0..).collect())
}

/// The vocabulary in a `tokenizer.json`.
fn numbered(model: &Value) -> Result<Vec<(String, u32)>, ModelError> {
    let complain = |field: &str, problem: &str| ModelError::field(TOKENIZER, field, problem);
    if model["type"].as_str().is_some_and(|found| found != "WordPiece") {
        return Err(complain("model.type", "不是 WordPiece"));
    }
    let pieces = model["vocab"].as_object().ok_or_else(|| complain("model.vocab", "没有写明"))?;
    let number = |(piece, number): (&String, &Value)| {
        let number = number.as_u64().and_then(|number| u32::try_from(number).ok());
        number.map(|number| (piece.clone(), number)).ok_or_else(|| complain("model.vocab", "含有无效的编号"))
    };
    pieces.iter().map(number).collect()
}

/// `tokenizer_config.json` has the first word, then the normaliser of `tokenizer.json`; BERT itself lowers case.
fn reading(settings: &Value, normalizer: &Value) -> Result<Reading, ModelError> {
    let said = |own: &'static str, general: &'static str| -> Result<Option<bool>, ModelError> {
        for (file, value, field) in [(TOKENIZER_CONFIG, settings, own), (TOKENIZER, normalizer, general)] {
            match &value[field] {
                Value::Null => {}
                Value::Bool(said) => return Ok(Some(*said)),
                _ => return Err(ModelError::field(file, field, "应为 true 或 false")),
            }
        }
        Ok(None)
    };
    let lower_case = said("do_lower_case", "lowercase")?.unwrap_or(true);
    Ok(Reading {
        lower_case,
        strip_accents: said("strip_accents", "strip_accents")?.unwrap_or(lower_case),
        characters_apart: said("tokenize_chinese_chars", "handle_chinese_chars")?.unwrap_or(true),
    })
}
