//! Checks of single fields. Each notes what is wrong and goes on, so that one answer names every problem.

use std::collections::HashSet;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::columns::{Shape, columns};
use crate::{FieldProblem, Inventor, Kind, ProblemCode, parse_date};

/// How many problems of one form are told; a form that has more is not a form.
pub(super) const MOST_PROBLEMS: usize = 50;

/// Collects the problems of one form.
pub(super) struct Checks {
    kind: Kind,
    problems: Vec<FieldProblem>,
    /// Problems beyond [`MOST_PROBLEMS`].
    untold: usize,
}

impl Checks {
    pub(super) const fn new(kind: Kind) -> Self {
        Self { kind, problems: Vec::new(), untold: 0 }
    }

    /// Notes a problem with the field `key` (`contact/mobile`), at `/key` or `/key/3`.
    pub(super) fn note(
        &mut self,
        key: &str,
        item: Option<usize>,
        code: ProblemCode,
        detail: impl Into<String>,
    ) {
        if self.problems.len() == MOST_PROBLEMS {
            self.untold += 1;
            return;
        }
        let label =
            columns(self.kind).find(|column| column.key == key).map_or(key, |column| column.labels[0]);
        let pointer = item.map_or_else(|| format!("/{key}"), |item| format!("/{key}/{item}"));
        self.problems.push(FieldProblem { pointer, label: label.to_owned(), code, detail: detail.into() });
    }

    /// Notes a problem of the form as a whole.
    pub(super) fn note_whole(&mut self, code: ProblemCode, detail: impl Into<String>) {
        let label = self.kind.label().to_owned();
        self.problems.push(FieldProblem { pointer: String::new(), label, code, detail: detail.into() });
    }

    /// What was made of the form, or all that is wrong with it.
    pub(super) fn finish<T>(mut self, made: T) -> Result<T, Vec<FieldProblem>> {
        if self.untold > 0 {
            self.note_whole(ProblemCode::TooLarge, format!("还有 {} 处问题没有列出", self.untold));
        }
        if self.problems.is_empty() { Ok(made) } else { Err(self.problems) }
    }

    /// A text of at most `max` characters, without control characters; `None` when blank or too long. What cannot be seen counts, but for the
    /// white space around the text, with which databases pad.
    pub(super) fn optional(&mut self, key: &str, value: Option<String>, max: usize) -> Option<String> {
        let value = value?;
        let (text, length) = (clean(&value), length(&value));
        if length > max {
            self.note(key, None, ProblemCode::TooLarge, format!("最多 {max} 个字，现有 {length} 个字"));
        }
        Some(text).filter(|text| !text.is_empty() && length <= max)
    }

    /// As [`Self::optional`], blank as the empty text.
    pub(super) fn text(&mut self, key: &str, value: Option<String>, max: usize) -> String {
        self.optional(key, value, max).unwrap_or_default()
    }

    /// As [`Self::text`], but blank is a problem, unless another one of the field says why it has no value.
    pub(super) fn required(&mut self, key: &str, value: Option<String>, max: usize) -> String {
        let text = self.text(key, value, max);
        let told = |problem: &FieldProblem| {
            problem.pointer.is_empty() || problem.pointer.strip_prefix('/') == Some(key)
        };
        if text.is_empty() && !self.problems.iter().any(told) {
            self.note(key, None, ProblemCode::Missing, "必填，不能为空");
        }
        text
    }

    /// Texts without blanks and repetitions.
    pub(super) fn list(
        &mut self,
        key: &str,
        values: Option<Vec<String>>,
        max_items: usize,
        max: usize,
    ) -> Vec<String> {
        self.items(key, values, max_items, max).into_iter().map(|(_, text)| text).collect()
    }

    /// As [`Self::list`], each text with its place in the form.
    fn items(
        &mut self,
        key: &str,
        values: Option<Vec<String>>,
        max_items: usize,
        max: usize,
    ) -> Vec<(usize, String)> {
        let values = values.unwrap_or_default();
        if self.too_many(key, values.len(), max_items) {
            return Vec::new();
        }
        let (mut items, mut seen) = (Vec::new(), HashSet::new());
        for (at, value) in values.iter().enumerate() {
            let text = clean(value);
            if length(value) > max {
                self.note(key, Some(at), ProblemCode::TooLarge, format!("每项最多 {max} 个字"));
            } else if !text.is_empty() && seen.insert(text.clone()) {
                items.push((at, text));
            }
        }
        items
    }

    /// Notes a list that is too long. It is told by its bare length, so that none of it need be read.
    pub(super) fn too_many(&mut self, key: &str, count: usize, max: usize) -> bool {
        if count > max {
            self.note(key, None, ProblemCode::TooLarge, format!("最多 {max} 项，现有 {count} 项"));
        }
        count > max
    }

    /// A value of a type that reads itself from text, with `code` when it does not.
    pub(super) fn parsed<T: FromStr<Err = String>>(
        &mut self,
        key: &str,
        value: Option<String>,
        code: ProblemCode,
    ) -> Option<T> {
        let text = self.optional(key, value, 200)?;
        text.parse().map_err(|detail| self.note(key, None, code, detail)).ok()
    }

    /// Several values of such a type.
    pub(super) fn parsed_list<T: FromStr<Err = String> + PartialEq>(
        &mut self,
        key: &str,
        values: Option<Vec<String>>,
        max_items: usize,
    ) -> Vec<T> {
        let mut items = Vec::new();
        for (at, text) in self.items(key, values, max_items, 200) {
            match text.parse() {
                Ok(item) if !items.contains(&item) => items.push(item),
                Ok(_) => {}
                Err(detail) => self.note(key, Some(at), ProblemCode::NotInTable, detail),
            }
        }
        items
    }

    /// A calendar date.
    pub(super) fn date(&mut self, key: &str, value: Option<String>) -> Option<jiff::civil::Date> {
        let text = self.optional(key, value, 40)?;
        let date = parse_date(&text);
        if date.is_none() {
            self.note(
                key,
                None,
                ProblemCode::Format,
                format!("“{text}”不是有效日期，请写如 2026-03-05 或 2026年3月5日，年份从 1900 到 2999"),
            );
        }
        date
    }

    /// A whole number between `min` and `max`.
    pub(super) fn count(&mut self, key: &str, value: Option<u32>, min: u32, max: u32) -> Option<u32> {
        if value.is_some_and(|n| !(min..=max).contains(&n)) {
            self.note(key, None, ProblemCode::TooLarge, format!("应在 {min} 到 {max} 之间"));
        }
        value
    }

    /// A text that `valid` accepts; the message never repeats the value, for it may be a contact.
    pub(super) fn private(
        &mut self,
        key: &str,
        value: Option<String>,
        read: impl Fn(&str) -> Option<String>,
        expected: &str,
    ) -> Option<String> {
        let text = self.optional(key, value, 200)?;
        let read = read(&text);
        if read.is_none() {
            self.note(key, None, ProblemCode::Format, format!("格式不正确，应为{expected}"));
        }
        read
    }
}

/// Characters of a text without the white space around it.
fn length(text: &str) -> usize {
    text.trim().chars().count()
}

/// Trims, and drops control characters other than line breaks and tabs. A text of which nothing can be seen is blank.
pub(super) fn clean(text: &str) -> String {
    let keep = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let kept: String = text.chars().filter(keep).collect();
    if kept.chars().all(is_unseen) { String::new() } else { kept.trim().to_owned() }
}

/// White space, and what only tells how others are to be shown: joiners, directions, marks of order, blank letters (Unicode's `Default_Ignorable`).
const fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
                | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// What of the form consists of known fields of the right JSON types; notes everything else.
pub(super) fn shaped(checks: &mut Checks, form: Value) -> Map<String, Value> {
    if let Value::Object(mut fields) = form {
        object(checks, "", &mut fields);
        return fields;
    }
    checks.note_whole(ProblemCode::WrongType, "应为一个 JSON 对象");
    Map::new()
}

fn object(checks: &mut Checks, prefix: &str, fields: &mut Map<String, Value>) {
    fields.retain(|name, value| field(checks, prefix, name, value));
}

/// Whether a field can be read. A field without a value can, but its name must be known all the same.
fn field(checks: &mut Checks, prefix: &str, name: &str, value: &mut Value) -> bool {
    let key = format!("{prefix}{name}");
    if key == "contact" {
        match value {
            Value::Null => {}
            Value::Object(inner) => object(checks, "contact/", inner),
            _ => checks.note(&key, None, ProblemCode::WrongType, "应为一个 JSON 对象"),
        }
        return value.is_null() || value.is_object();
    }
    // `contact/mobile` is the key of a column, never the name of a field.
    let known = columns(checks.kind).find(|column| column.key == key && !name.contains('/'));
    match known {
        Some(_) if value.is_null() => true,
        Some(column) => shape(checks, &key, column.shape, value),
        None => {
            // Escaped as RFC 6901 asks; long names are cut, they are the sender's.
            let name: String = name.chars().take(60).collect();
            let key = format!("{prefix}{}", name.replace('~', "~0").replace('/', "~1"));
            let detail = format!("{}表中没有“{name}”这个字段", checks.kind.label());
            checks.note(&key, None, ProblemCode::Unknown, detail);
            false
        }
    }
}

fn shape(checks: &mut Checks, key: &str, shape: Shape, value: &Value) -> bool {
    let (fits, expected) = match shape {
        Shape::Text => (value.is_string(), "文本"),
        Shape::Count => (value.as_u64().is_some_and(|n| u32::try_from(n).is_ok()), "不小于 0 的整数"),
        Shape::Words | Shape::Titles => (value.is_array(), "文本的列表"),
        Shape::Inventors => (value.is_array(), "完成人的列表"),
    };
    if !fits {
        checks.note(key, None, ProblemCode::WrongType, format!("应为{expected}"));
        return false;
    }
    let (item_fits, expected): (fn(&Value) -> bool, _) = match shape {
        Shape::Inventors => (is_inventor, "含 name（必填）和 expert 的对象"),
        _ => (Value::is_string, "文本"),
    };
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    let mut all_fit = true;
    for (at, _) in items.iter().enumerate().filter(|(_, item)| !item_fits(item)) {
        checks.note(key, Some(at), ProblemCode::WrongType, format!("应为{expected}"));
        all_fit = false;
    }
    all_fit
}

fn is_inventor(item: &Value) -> bool {
    // Serde would take `["王明", "E12"]` for one too.
    item.is_object() && Inventor::deserialize(item).is_ok()
}
