//! Checks of single fields. Each notes what is wrong and goes on, so that one answer names every problem.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::columns::{Shape, columns};
use crate::{FieldProblem, Kind, ProblemCode, parse_date};

/// Collects the problems of one form.
pub(super) struct Checks {
    kind: Kind,
    pub(super) problems: Vec<FieldProblem>,
}

impl Checks {
    pub(super) const fn new(kind: Kind) -> Self {
        Self { kind, problems: Vec::new() }
    }

    /// Notes a problem with the field `key` (`contact/mobile`), at `/key` or `/key/3`.
    pub(super) fn note(
        &mut self,
        key: &str,
        item: Option<usize>,
        code: ProblemCode,
        detail: impl Into<String>,
    ) {
        let label =
            columns(self.kind).find(|column| column.key == key).map_or(key, |column| column.labels[0]);
        let pointer = item.map_or_else(|| format!("/{key}"), |item| format!("/{key}/{item}"));
        self.problems.push(FieldProblem { pointer, label: label.to_owned(), code, detail: detail.into() });
    }

    /// A text of at most `max` characters, without control characters; `None` when blank.
    pub(super) fn optional(&mut self, key: &str, value: Option<String>, max: usize) -> Option<String> {
        let text = clean(&value?);
        let length = text.chars().count();
        if length > max {
            self.note(key, None, ProblemCode::TooLarge, format!("最多 {max} 个字，现有 {length} 个字"));
        }
        Some(text).filter(|text| !text.is_empty())
    }

    /// As [`Self::optional`], blank as the empty text.
    pub(super) fn text(&mut self, key: &str, value: Option<String>, max: usize) -> String {
        self.optional(key, value, max).unwrap_or_default()
    }

    /// As [`Self::text`], but blank is a problem.
    pub(super) fn required(&mut self, key: &str, value: Option<String>, max: usize) -> String {
        let text = self.text(key, value, max);
        if text.is_empty() {
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
        let mut items: Vec<String> = Vec::new();
        for (at, value) in values.unwrap_or_default().iter().enumerate() {
            let text = clean(value);
            if text.chars().count() > max {
                self.note(key, Some(at), ProblemCode::TooLarge, format!("每项最多 {max} 个字"));
            }
            if !text.is_empty() && !items.contains(&text) {
                items.push(text);
            }
        }
        if items.len() > max_items {
            self.note(
                key,
                None,
                ProblemCode::TooLarge,
                format!("最多 {max_items} 项，现有 {} 项", items.len()),
            );
        }
        items
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
        for (at, text) in self.list(key, values, max_items, 200).into_iter().enumerate() {
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
                format!("“{text}”不是有效日期，请写如 2026-03-05 或 2026年3月5日"),
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

/// Trims, and drops control characters other than line breaks and tabs.
fn clean(text: &str) -> String {
    let keep = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(keep).collect::<String>().trim().to_owned()
}

/// Checks that the form is an object with known fields of the right JSON types.
pub(super) fn shapes(kind: Kind, form: &Value) -> Result<(), Vec<FieldProblem>> {
    let mut checks = Checks::new(kind);
    match form {
        Value::Object(fields) => object(&mut checks, "", fields),
        _ => checks.problems.push(FieldProblem {
            pointer: String::new(),
            label: kind.label().to_owned(),
            code: ProblemCode::WrongType,
            detail: "应为一个 JSON 对象".to_owned(),
        }),
    }
    if checks.problems.is_empty() { Ok(()) } else { Err(checks.problems) }
}

fn object(checks: &mut Checks, prefix: &str, fields: &Map<String, Value>) {
    for (name, value) in fields {
        let key = format!("{prefix}{name}");
        if value.is_null() {
            continue;
        }
        match (columns(checks.kind).find(|column| column.key == key), value) {
            (Some(column), value) => shape(checks, &key, column.shape, value),
            (None, Value::Object(inner)) if key == "contact" => object(checks, "contact/", inner),
            (None, _) if key == "contact" => {
                checks.note(&key, None, ProblemCode::WrongType, "应为一个 JSON 对象");
            }
            (None, _) => {
                // Escaped as RFC 6901 asks; long names are cut, they are the sender's.
                let name: String = name.chars().take(60).collect();
                let key = format!("{prefix}{}", name.replace('~', "~0").replace('/', "~1"));
                checks.note(
                    &key,
                    None,
                    ProblemCode::Unknown,
                    format!("{}表中没有“{name}”这个字段", checks.kind.label()),
                );
            }
        }
    }
}

fn shape(checks: &mut Checks, key: &str, shape: Shape, value: &Value) {
    let wrong = |checks: &mut Checks, item, expected: &str| {
        checks.note(key, item, ProblemCode::WrongType, format!("应为{expected}"));
    };
    match (shape, value) {
        (Shape::Text, Value::String(_)) => {}
        (Shape::Text, _) => wrong(checks, None, "文本"),
        (Shape::Count, Value::Number(n)) if n.as_u64().is_some_and(|n| u32::try_from(n).is_ok()) => {}
        (Shape::Count, _) => wrong(checks, None, "不小于 0 的整数"),
        (Shape::Words | Shape::Titles, Value::Array(items)) => {
            for (at, _) in items.iter().enumerate().filter(|(_, item)| !item.is_string()) {
                wrong(checks, Some(at), "文本");
            }
        }
        (Shape::Words | Shape::Titles, _) => wrong(checks, None, "文本的列表"),
        (Shape::Inventors, Value::Array(items)) => {
            for (at, item) in items.iter().enumerate() {
                if serde_json::from_value::<crate::Inventor>(item.clone()).is_err() {
                    wrong(checks, Some(at), "含 name（必填）和 expert 的对象");
                }
            }
        }
        (Shape::Inventors, _) => wrong(checks, None, "完成人的列表"),
    }
}
