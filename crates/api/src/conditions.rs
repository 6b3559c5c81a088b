//! Conditional requests (RFC 9110, section 13): the revision is the ETag.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

use crate::problem::{Code, Problem};

/// The ETag of a revision.
pub(crate) fn etag(revision: u64) -> String {
    format!("\"{revision}\"")
}

/// The revision that the caller read; `None` for `*`, any revision.
pub(crate) fn expected_revision(request: &HttpRequest) -> Result<Option<u64>, Problem> {
    let Some(text) = header(request, IF_MATCH) else {
        let detail = "修改前请先读取记录，并用 If-Match 请求头带上其 ETag";
        return Err(Problem::parameter(Code::IfMatchRequired, "If-Match", detail));
    };
    match text.as_str() {
        "*" => Ok(None),
        // Weak tags never match in If-Match (RFC 9110, 13.1.1).
        weak if weak.starts_with("W/") => {
            Err(Problem::parameter(Code::StaleRevision, "If-Match", "弱 ETag 不能用于修改"))
        }
        tag => {
            let digits = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let wrong =
                || Problem::parameter(Code::InvalidIfMatch, "If-Match", "应为一个 ETag，形如 \"3\"，或 *");
            digits.and_then(|digits| digits.parse().ok()).map(Some).ok_or_else(wrong)
        }
    }
}

/// Whether the caller has this revision already.
pub(crate) fn unchanged(request: &HttpRequest, revision: u64) -> bool {
    let known = etag(revision);
    let same = |tag: &str| tag.trim().trim_start_matches("W/") == known;
    header(request, IF_NONE_MATCH).is_some_and(|tags| tags == "*" || tags.split(',').any(same))
}

fn header(request: &HttpRequest, name: HeaderName) -> Option<String> {
    let text = request.headers().get(name)?.to_str().ok()?.trim().to_owned();
    Some(text).filter(|text| !text.is_empty())
}
