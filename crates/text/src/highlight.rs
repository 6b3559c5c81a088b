//! Pieces of a text for display, with the terms of a query marked.

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::{Analyzer, Scratch, TokenKind};

/// A piece of text for display; clients join the pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The original text of the piece.
    pub text: String,
    /// Whether a term of the query stands here.
    pub hit: bool,
}

/// Marks where a cut text goes on.
const ELLIPSIS: &str = "…";

/// A place in a text that is worth showing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Where, in bytes.
    pub bytes: Range<usize>,
    /// What stands there: hits of one number count once when windows are compared.
    pub term: u32,
}

/// The window of at most `max_chars` characters with the most distinct terms, then the most hits, then the first one;
/// "…" (beyond `max_chars`) where it is cut. Single characters count only when `terms` are nothing else, because next to
/// longer terms they mark half the text.
#[must_use]
pub fn snippet(analyzer: &Analyzer, text: &str, terms: &FxHashSet<String>, max_chars: usize) -> Vec<Segment> {
    cut_snippet(text, &hits(analyzer, text, terms), max_chars)
}

/// As [`snippet`], with the hits at hand; they are in the order of their first byte.
#[must_use]
pub fn cut_snippet(text: &str, hits: &[Hit], max_chars: usize) -> Vec<Segment> {
    let mut starts: Vec<usize> = text.char_indices().map(|(start, _)| start).collect();
    starts.push(text.len());
    let window = window(&starts, hits, max_chars);
    let mut segments = segments(text, window.clone(), hits);
    let ellipsis = || Segment { text: ELLIPSIS.to_owned(), hit: false };
    if window.start > 0 {
        segments.insert(0, ellipsis());
    }
    if window.end < text.len() {
        segments.push(ellipsis());
    }
    segments
}

/// The hits in the order of their first byte.
fn hits(analyzer: &Analyzer, text: &str, terms: &FxHashSet<String>) -> Vec<Hit> {
    let is_unigram = |term: &String| {
        let mut chars = term.chars();
        chars.next().is_some_and(crate::normalise::is_han) && chars.next().is_none()
    };
    let only_unigrams = terms.iter().all(is_unigram);
    let numbers: FxHashMap<&str, u32> = terms.iter().map(String::as_str).zip(0..).collect();
    let mut hits = Vec::new();
    analyzer.for_each_token(text, &mut Scratch::default(), |token| {
        if (only_unigrams || token.kind != TokenKind::Unigram)
            && let Some(&term) = numbers.get(token.text)
        {
            hits.push(Hit { bytes: token.start as usize..token.end as usize, term });
        }
    });
    hits.sort_by_key(|hit| hit.bytes.start);
    hits
}

/// Cuts `text[window]` at the borders of the hits; hits that touch become one.
fn segments(text: &str, window: Range<usize>, hits: &[Hit]) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    let mut done = window.start;
    let mut push = |range: Range<usize>, hit: bool| match segments.last_mut() {
        _ if range.is_empty() => {}
        Some(last) if last.hit == hit => last.text.push_str(&text[range]),
        _ => segments.push(Segment { text: text[range].to_owned(), hit }),
    };
    for hit in hits {
        let (start, end) = (hit.bytes.start.max(done), hit.bytes.end.min(window.end));
        if start < end {
            push(done..start, false);
            push(start..end, true);
            done = end;
        }
    }
    push(done..window.end, false);
    segments
}

/// The best window, in bytes; `starts` are the first bytes of all characters and the end of the text.
fn window(starts: &[usize], hits: &[Hit], max_chars: usize) -> Range<usize> {
    let chars = starts.len() - 1;
    let char_at = |byte: usize| starts.partition_point(|&start| start < byte);
    let spans: Vec<Range<usize>> =
        hits.iter().map(|hit| char_at(hit.bytes.start)..char_at(hit.bytes.end)).collect();
    let (mut best, mut best_score) = (0..0, (0, 0));
    let mut counts: FxHashMap<u32, usize> = FxHashMap::default();
    let mut next = 0;
    for (first, span) in spans.iter().enumerate() {
        while let Some(span_of_next) = spans.get(next)
            && span_of_next.end <= span.start + max_chars
        {
            *counts.entry(hits[next].term).or_default() += 1;
            next += 1;
        }
        if (counts.len(), next.saturating_sub(first)) > best_score {
            best_score = (counts.len(), next - first);
            best = span.start..spans[next - 1].end;
        }
        if next <= first {
            // A hit wider than the window.
            next = first + 1;
        } else if let Some(count) = counts.get_mut(&hits[first].term) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&hits[first].term);
            }
        }
    }
    // A third of the room that is left goes before the hits: what follows a term explains more than what precedes it.
    let room = max_chars.saturating_sub(best.len());
    let start = best.start.saturating_sub(room / 3).min(chars.saturating_sub(max_chars));
    starts[start]..starts[(start + max_chars).min(chars)]
}
