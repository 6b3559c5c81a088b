//! Which of the media types that an operation answers with the caller takes (RFC 9110, section 12.5.1).

use actix_web::http::header::{ACCEPT, HeaderMap};

use crate::problem::{Code, PROBLEM_JSON, Problem};

/// Media type of most answers.
pub(crate) const JSON: &str = "application/json";
/// Media type of answers that are a line of JSON for each row or record.
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// Media type of workbooks.
pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The media types of an operation's answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers(pub(crate) Vec<&'static str>);

impl Answers {
    /// Refuses a caller that takes none of them. Who takes problems alone is let in: that is what most callers of the kind will get.
    pub(crate) fn accepted(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let offered = self.0.iter().chain([&PROBLEM_JSON]);
        if offered.into_iter().any(|offered| wish(headers, offered) > 0) {
            return Ok(());
        }
        Err(Problem::new(Code::NotAcceptable, format!("本操作只提供 {}", self.0.join("、"))))
    }
}

/// Whether lines are wanted rather than one document.
pub(crate) fn prefers_lines(headers: &HeaderMap) -> bool {
    preferred(headers, [JSON, NDJSON]) == NDJSON
}

/// Whether a workbook is wanted rather than JSON.
pub(crate) fn prefers_workbook(headers: &HeaderMap) -> bool {
    preferred(headers, [JSON, XLSX]) == XLSX
}

/// What the caller wants most of these; the first of those that are wanted alike.
pub(crate) fn preferred<const N: usize>(headers: &HeaderMap, offered: [&'static str; N]) -> &'static str {
    let best = offered.into_iter().rev().max_by_key(|media_type| wish(headers, media_type));
    best.unwrap_or(JSON)
}

/// How much the caller wants a media type, in thousandths; 0 for not at all. Of the ranges that cover it the most exact one counts. A caller
/// that does not say takes anything.
fn wish(headers: &HeaderMap, media_type: &str) -> u16 {
    let lines = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    let ranges: Vec<(String, u16)> = lines.flat_map(|line| line.split(',')).map(range).collect();
    if ranges.iter().all(|(range, _)| range.is_empty()) {
        return 1000;
    }
    let group = media_type.split('/').next().unwrap_or_default();
    let of = |wanted: &str| ranges.iter().find(|(range, _)| range == wanted).map(|(_, quality)| *quality);
    of(media_type).or_else(|| of(&format!("{group}/*"))).or_else(|| of("*/*")).unwrap_or(0)
}

/// A range without its parameters, and its quality.
fn range(text: &str) -> (String, u16) {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let quality = quality.and_then(|text| text.parse::<f32>().ok()).unwrap_or(1.0);
    (range, (quality.clamp(0.0, 1.0) * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn asking(accept: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        headers
    }

    #[test]
    fn lines_are_for_those_who_want_them_more_than_one_document() {
        for accept in [
            "application/x-ndjson",
            "application/json;q=0.5, application/x-ndjson",
            "Application/X-NDJSON, */*;q=0.1",
        ] {
            assert!(prefers_lines(&asking(accept)), "{accept}");
        }
        for accept in ["*/*", "application/*", "application/json, application/x-ndjson;q=0.9", "", "text/csv"]
        {
            assert!(!prefers_lines(&asking(accept)), "{accept}");
        }
        assert!(!prefers_lines(&HeaderMap::new()));
    }

    #[test]
    fn of_several_the_one_that_is_wanted_most_is_given() {
        let offered = [JSON, NDJSON, XLSX];
        for (accept, given) in [
            ("*/*", JSON),
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", XLSX),
            (
                "application/x-ndjson, application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                NDJSON,
            ),
            (
                "application/x-ndjson;q=0.3, application/vnd.openxmlformats-officedocument.spreadsheetml.sheet;q=0.4",
                XLSX,
            ),
            ("text/html", JSON),
        ] {
            assert_eq!(preferred(&asking(accept), offered), given, "{accept}");
        }
    }

    #[test]
    fn who_takes_none_of_the_answers_is_refused() {
        let lines = Answers(vec![NDJSON]);
        for accept in ["application/x-ndjson", "*/*", "application/problem+json", "text/html, */*;q=0.1"] {
            assert!(lines.accepted(&asking(accept)).is_ok(), "{accept}");
        }
        for accept in ["application/json", "text/*", "application/x-ndjson;q=0", "*/*;q=0"] {
            assert!(lines.accepted(&asking(accept)).is_err(), "{accept}");
        }
        assert!(lines.accepted(&HeaderMap::new()).is_ok());
    }
}
