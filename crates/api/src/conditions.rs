//! Conditional requests (RFC 9110, section 13): the revision is the ETag.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

use crate::problem::{Code, Problem};

/// The ETag of a revision.
pub(crate) fn etag(revision: u64) -> String {
    format!("\"{revision}\"")
}

/// The revision that the caller read; `None` for `*`, any revision. Of several the latest counts: revisions only grow, so of those that
/// the caller has seen no other can be the present one.
pub(crate) fn expected_revision(request: &HttpRequest) -> Result<Option<u64>, Problem> {
    let Some(text) = header(request, IF_MATCH) else {
        let detail = "修改前请先读取记录，并用 If-Match 请求头带上其 ETag";
        return Err(Problem::parameter(Code::IfMatchRequired, "If-Match", detail));
    };
    if text == "*" {
        return Ok(None);
    }
    let wrong = || {
        Problem::parameter(Code::InvalidIfMatch, "If-Match", "应为读取记录时得到的 ETag，形如 \"3\"，或 *")
    };
    let tags = tags(&text).ok_or_else(wrong)?;
    // Weak tags never match in If-Match (RFC 9110, 13.1.1), and a tag that is none of ours is that of no revision.
    let revisions =
        tags.iter().filter_map(|tag| tag.parse::<u64>().ok().filter(|one| one.to_string() == *tag));
    match revisions.max() {
        Some(revision) => Ok(Some(revision)),
        None => Err(Problem::parameter(Code::StaleRevision, "If-Match", "不是本记录任何版本的 ETag")),
    }
}

/// The opaque parts of the strong tags in a list (RFC 9110, 8.8.3), weak ones left out; `None` when it is no list of tags.
fn tags(list: &str) -> Option<Vec<&str>> {
    let (mut strong, mut rest) = (Vec::new(), list.trim());
    loop {
        let weak = rest.starts_with("W/");
        let opened = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let (tag, after) = opened.split_once('"')?;
        if !weak {
            strong.push(tag);
        }
        match after.trim_start() {
            "" => return Some(strong),
            after => rest = after.strip_prefix(',')?.trim_start(),
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

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn conditions_are_lists_of_tags() {
        let expected = |text: &str| {
            let request = TestRequest::default().insert_header((IF_MATCH, text)).to_http_request();
            expected_revision(&request).map_err(|problem| problem.code)
        };
        assert_eq!(expected("*"), Ok(None));
        assert_eq!(expected("\"3\""), Ok(Some(3)));
        assert_eq!(expected("\"2\", \"x,y\" ,\"3\""), Ok(Some(3)));
        for foreign in ["\"x\"", "\"\"", "\"03\"", "W/\"3\"", "\"-3\", W/\"4\""] {
            assert_eq!(expected(foreign), Err(Code::StaleRevision), "{foreign}");
        }
        for wrong in ["3", "\"3", "\"3\" \"4\"", "\"3\",", "*, \"3\""] {
            assert_eq!(expected(wrong), Err(Code::InvalidIfMatch), "{wrong}");
        }
    }
}
