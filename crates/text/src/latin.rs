//! Where a Latin term begins and ends: "40cr", "pm2.5", "ti-6al-4v", "c++", "r&d", "node.js".
//!
//! A term is a run of letters and digits; `. - _ + & ' #` belong to it between two of them, and `+`, `++` or `#` after a
//! letter at its end. `/` separates, because lists are written with it more often than names.

use crate::normalise::{Char, is_latin};

/// Longest term in characters; what is longer is not a name and is cut.
const MAX_TERM: usize = 64;

/// The index after the Latin term that starts at `from`.
pub(crate) fn term_end(chars: &[Char], from: usize) -> usize {
    let latin = |index: usize| chars.get(index).is_some_and(|c| is_latin(c.value));
    let limit = from + MAX_TERM;
    let mut end = from;
    while end < limit && (latin(end) || (end > from && latin(end + 1) && is_joint(chars[end].value))) {
        end += 1;
    }
    let is = |index: usize, wanted: char| chars.get(index).is_some_and(|c| c.value == wanted);
    if end > from && !latin(end) && chars[end - 1].value.is_alphabetic() {
        if is(end, '#') {
            end += 1;
        } else {
            end += (0..2).take_while(|&more| is(end + more, '+')).count();
        }
    }
    end
}

/// Calls `f` with the parts of the term at `from..to` that are worth finding alone: two characters and a letter, or
/// three digits. A term without joints has no parts.
pub(crate) fn for_each_part(chars: &[Char], from: usize, to: usize, mut f: impl FnMut(usize, usize)) {
    let mut start = from;
    for index in from..=to {
        if index < to && (!is_joint(chars[index].value) || is_decimal_point(chars, index)) {
            continue;
        }
        let part = &chars[start..index];
        let wanted = part.len() >= 3 || (part.len() == 2 && part.iter().any(|c| c.value.is_alphabetic()));
        if wanted && part.len() < to - from {
            f(start, index);
        }
        start = index + 1;
    }
}

fn is_joint(c: char) -> bool {
    matches!(c, '.' | '-' | '_' | '+' | '&' | '\'' | '#')
}

fn is_decimal_point(chars: &[Char], index: usize) -> bool {
    let digit = |c: Option<&Char>| c.is_some_and(|c| c.value.is_ascii_digit());
    chars[index].value == '.' && index > 0 && digit(chars.get(index - 1)) && digit(chars.get(index + 1))
}
