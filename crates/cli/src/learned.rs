//! Learned weights: a file in the data directory that lies between the defaults and what the operator writes.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use engine::Weights;
use engine::learning::{LearnedNote, Lesson, parameters, place};
use toml::{Table, Value};

use crate::ending::Misuse;

const FILE: &str = "weights.toml";
/// The table that says where the weights come from.
const NOTE: &str = "learned";
/// The section of the configuration that the file speaks of.
const SECTION: &str = "ranking";

/// What was learned, and the file that says so.
pub(crate) struct Learned {
    pub(crate) path: PathBuf,
    pub(crate) note: LearnedNote,
    /// As it would stand in a configuration file.
    pub(crate) settings: Table,
}

fn path(data_dir: &Path) -> PathBuf {
    engine::learned::path(data_dir, FILE)
}

/// What is in force in a data directory.
///
/// # Errors
/// [`Misuse`] when the file is damaged.
pub(crate) fn read(data_dir: &Path) -> Result<Option<Learned>> {
    let path = path(data_dir);
    let text = match fs::read_to_string(&path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        outcome => outcome.with_context(|| format!("无法读取学得的权重 {}", path.display()))?,
    };
    let damaged = |why: String| {
        Misuse(format!(
            "学得的权重 {} 已损坏（{why}）；可用 hongniang train weights --reset 去掉",
            path.display()
        ))
    };
    let mut table: Table =
        text.parse().map_err(|error: toml::de::Error| damaged(error.message().to_owned()))?;
    let note = table.remove(NOTE).ok_or_else(|| damaged(format!("缺少 [{NOTE}]")))?;
    let note = note.try_into().map_err(|error: toml::de::Error| damaged(error.message().to_owned()))?;
    let mut strange = table.keys().filter(|key| *key != SECTION);
    if let Some(strange) = strange.next() {
        return Err(damaged(format!("不应有“{strange}”")).into());
    }
    Ok(Some(Learned { note, settings: table, path }))
}

/// Puts what was learned in force from the next start on: all of the file or nothing, by rename.
pub(crate) fn write(data_dir: &Path, lesson: &Lesson, note: &LearnedNote) -> Result<PathBuf> {
    let mut settings = Table::new();
    for weight in &lesson.weights {
        put(&mut settings, &format!("/{SECTION}{}", place(&weight.code)), Value::Float(weight.after));
    }
    let mut told = Table::new();
    told.insert(NOTE.to_owned(), Value::Table(Table::try_from(note)?));
    let text =
        format!("{}\n{}\n{}", heading(lesson, note), toml::to_string(&told)?, toml::to_string(&settings)?);
    let path = path(data_dir);
    engine::learned::install(&path, text.as_bytes())
        .with_context(|| format!("无法写入 {}", path.display()))?;
    Ok(path)
}

fn heading(lesson: &Lesson, note: &LearnedNote) -> String {
    let LearnedNote { at, needs, held_back, judgements, feedback, .. } = note;
    let measured = lesson.comparison.as_ref().map_or_else(String::new, |found| {
        let (low, high) = found.difference_interval;
        format!(
            "\n# 留出的 {held_back} 项需求上：nDCG@10 {:.4} → {:.4}，差 {:+.4}（95% 区间 {low:+.4}～{high:+.4}，p = {:.4}）。",
            found.first, found.second, found.difference, found.p_value
        )
    });
    format!(
        "# 由 hongniang train weights 于 {at} 学得：{judgements} 个评判、{feedback} 个对接反馈，学自 {needs} 项需求。{measured}\n\
         # 启动时读取；hongniang.toml 和环境变量里写明的权重优先。去掉：hongniang train weights --reset\n"
    )
}

/// Takes what was learned away; whether there was anything.
pub(crate) fn remove(data_dir: &Path) -> Result<bool> {
    let path = path(data_dir);
    match fs::remove_file(&path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        outcome => outcome.map(|()| true).with_context(|| format!("无法删除 {}", path.display())),
    }
}

/// Codes of the learnable weights that the operator has set, in the file or by variables, and that therefore stay.
pub(crate) fn pinned(file: Option<&Table>, variable: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let said = |code: &str| {
        let place = format!("/{SECTION}{}", place(code));
        let steps: Vec<&str> = place.split('/').skip(1).collect();
        let mut at = file;
        let mut held = false;
        for step in &steps {
            let value = at.and_then(|table| table.get(*step));
            held = value.is_some();
            at = value.and_then(Value::as_table);
        }
        held || variable(&format!("HONGNIANG_{}", steps.join("_").to_ascii_uppercase()))
    };
    parameters(&Weights::default()).into_iter().map(|known| known.code).filter(|code| said(code)).collect()
}

fn put(tree: &mut Table, place: &str, value: Value) {
    let mut steps: Vec<&str> = place.split('/').skip(1).collect();
    let Some(last) = steps.pop() else { return };
    let mut at = tree;
    for step in steps {
        let below = at.entry(step).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(below) = below else { return };
        at = below;
    }
    at.insert(last.to_owned(), value);
}
