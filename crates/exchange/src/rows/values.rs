//! From the text of a cell to the JSON of a form, mending what Excel does to values.

use domain::forms::{Column, Shape};
use domain::{Industry, ProblemCode};
use jiff::ToSpan;
use jiff::civil::date;
use serde_json::{Value, json};

/// Why a cell cannot be a value of its column.
pub(super) type CellProblem = (ProblemCode, &'static str);

const DATES: [&str; 4] = ["filed_on", "valid_until", "founded_on", "published_on"];

/// Columns of digits that Excel takes for numbers and rounds.
const DIGITS: [&str; 7] = [
    "contact/mobile",
    "contact/phone",
    "contact/fax",
    "external_id",
    "enterprise",
    "code",
    "enterprise_code",
];

const EXCEL_ERRORS: [&str; 8] =
    ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "########"];

/// More than any list of a form may hold. A cell of a megabyte of commas would otherwise become a million values.
const MOST_PIECES: usize = 1000;

/// The JSON of a cell; `None` for an empty one.
pub(super) fn value(column: &Column, cell: &str) -> Result<Option<Value>, CellProblem> {
    let text = unwrapped(cell.trim());
    if text.is_empty() {
        return Ok(None);
    }
    if EXCEL_ERRORS.iter().any(|error| text.starts_with(error)) {
        return Err((ProblemCode::Format, "单元格里是 Excel 的错误值，请改正后再导入"));
    }
    let is_list = matches!(column.shape, Shape::Titles | Shape::Words | Shape::Inventors);
    if is_list && pieces(text, is_separator).nth(MOST_PIECES).is_some() {
        return Err((ProblemCode::TooLarge, "一个单元格里超过 1000 项"));
    }
    let value = match column.shape {
        Shape::Text if DATES.contains(&column.key) => json!(date_text(text)),
        Shape::Text if DIGITS.contains(&column.key) && is_scientific(text) => {
            return Err((
                ProblemCode::Format,
                "Excel 已把号码变成科学计数，后几位可能丢失；请把该列设为文本格式，重新填写",
            ));
        }
        Shape::Text => json!(text),
        Shape::Titles => list(pieces(text, is_strong)),
        Shape::Words if column.key == "industries" => list(industries(text)),
        Shape::Words => list(pieces(text, is_separator)),
        Shape::Count => json!(count(text)?),
        Shape::Inventors => Value::Array(pieces(text, is_separator).map(inventor).collect()),
    };
    Ok(Some(value))
}

/// Without what makes Excel take a number for text: a leading apostrophe, or `="…"`.
fn unwrapped(text: &str) -> &str {
    let formula = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    formula.or(text.strip_prefix('\'')).unwrap_or(text).trim()
}

const fn is_strong(c: char) -> bool {
    matches!(c, '；' | ';' | '\n' | '\r')
}

const fn is_separator(c: char) -> bool {
    is_strong(c) || matches!(c, '、' | '，' | ',' | '|')
}

fn pieces(text: &str, separates: fn(char) -> bool) -> impl Iterator<Item = &str> {
    text.split(separates).map(str::trim).filter(|piece| !piece.is_empty())
}

fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> Value {
    items.into_iter().map(Value::from).collect()
}

/// Names of industries hold separators themselves: 农、林、牧、渔业.
fn industries(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for piece in pieces(text, |c| is_strong(c) || c == '|') {
        if piece.parse::<Industry>().is_ok() {
            names.push(piece);
        } else {
            names.extend(pieces(piece, is_separator));
        }
    }
    names
}

/// `3`, `3.0` and `３`.
fn count(text: &str) -> Result<u32, CellProblem> {
    let narrow = |c: char| match c {
        '０'..='９' => char::from(b'0' + (c as u32 - '０' as u32) as u8),
        '．' => '.',
        c => c,
    };
    let plain: String = text.chars().map(narrow).collect();
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, "0"));
    let digits = |text: &str, allowed: fn(u8) -> bool| !text.is_empty() && text.bytes().all(allowed);
    let valid = digits(whole, |b| b.is_ascii_digit()) && digits(fraction, |b| b == b'0');
    whole.parse().ok().filter(|_| valid).ok_or((ProblemCode::WrongType, "应为不小于 0 的整数，如 3"))
}

/// A date as text; a serial number of Excel (days since 1899-12-30, so that 46000 is 2025-12-09) becomes one.
fn date_text(text: &str) -> String {
    let whole = text.split('.').next().unwrap_or(text);
    let serial = whole.parse::<i32>().ok();
    let serial = serial.filter(|days| (20_000..80_000).contains(days) && text.parse::<f64>().is_ok());
    serial
        .and_then(|days| date(1899, 12, 30).checked_add(days.days()).ok())
        .map_or_else(|| text.to_owned(), |date| date.to_string())
}

/// `1.38E+10`
fn is_scientific(text: &str) -> bool {
    let parts = text.split_once(['E', 'e']);
    parts.is_some_and(|(mantissa, exponent)| {
        exponent
            .strip_prefix('+')
            .is_some_and(|exponent| !exponent.is_empty() && exponent.bytes().all(|b| b.is_ascii_digit()))
            && mantissa.parse::<f64>().is_ok()
    })
}

/// `王明（E12）` or `王明(E12)`; the identifier may be missing.
fn inventor(text: &str) -> Value {
    let inner = text.strip_suffix(['）', ')']);
    match inner.and_then(|inner| inner.split_once(['（', '('])) {
        Some((name, expert)) => json!({"name": name.trim(), "expert": expert.trim()}),
        None => json!({"name": text}),
    }
}
