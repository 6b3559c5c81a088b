//! The caller's trace, from the header `traceparent` (W3C Trace Context, level 1), so that log lines here are found by what is written there.
//!
//! Nothing is sent on: this service calls nobody. No `traceresponse` is answered, which no recommendation has. What is not valid is passed
//! over, as if it had not come, for so the recommendation wants it.

use actix_web::http::header::HeaderMap;

const HEADER: &str = "traceparent";
/// `00-` + 32 + `-` + 16 + `-` + 2.
const LENGTH: usize = 55;

/// Whose request this is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TraceParent {
    /// 32 hexadecimal digits, not all of them zero.
    pub(crate) trace_id: String,
    /// 16 hexadecimal digits, not all of them zero.
    pub(crate) parent_id: String,
}

impl TraceParent {
    /// That of a request; `None` when there is none, more than one, or one that is not valid.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(HEADER);
        let (value, None) = (values.next()?, values.next()) else { return None };
        Self::parse(value.as_bytes())
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (known, rest) = text.split_at_checked(LENGTH)?;
        let fields: Vec<&[u8]> = known.split(|byte| *byte == b'-').collect();
        let [version, trace_id, parent_id, flags] = fields[..] else { return None };
        let [version, trace_id, parent_id, _] =
            [hex(version, 2)?, hex(trace_id, 32)?, hex(parent_id, 16)?, hex(flags, 2)?];
        let zero = |id: &str| id.bytes().all(|digit| digit == b'0');
        // A later version may say more, after another dash.
        let ends = match version {
            "00" => rest.is_empty(),
            "ff" => false,
            _ => rest.is_empty() || rest[0] == b'-',
        };
        (ends && !zero(trace_id) && !zero(parent_id))
            .then(|| Self { trace_id: trace_id.to_owned(), parent_id: parent_id.to_owned() })
    }
}

/// So many hexadecimal digits, none of them a capital letter.
fn hex(text: &[u8], digits: usize) -> Option<&str> {
    let fits = text.len() == digits && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    fits.then(|| std::str::from_utf8(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    fn of(values: &[&str]) -> Option<TraceParent> {
        let mut headers = HeaderMap::new();
        for value in values.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
            headers.append(HeaderName::from_static(HEADER), value);
        }
        TraceParent::of(&headers)
    }

    #[test]
    fn a_valid_one_is_read() {
        let expected = Some(TraceParent { trace_id: TRACE.to_owned(), parent_id: PARENT.to_owned() });
        for valid in ["00-T-P-01", "00-T-P-00", "00-T-P-ff", "01-T-P-01", "cc-T-P-01-what-comes-later"] {
            assert_eq!(of(&[&valid.replace('T', TRACE).replace('P', PARENT)]), expected, "{valid}");
        }
    }

    #[test]
    fn any_other_is_passed_over() {
        for invalid in [
            "",
            "00",
            "00-T-P",
            "00-T-P-",
            "00-T-P-1",
            "00-T-P-0x",
            "00-T-P-01-",
            "00-T-P-01-more",
            "ff-T-P-01",
            "cc-T-P-01more",
            "0-T-P-01",
            "0G-T-P-01",
            "00_T_P_01",
            " 00-T-P-01x",
            "00-00000000000000000000000000000000-P-01",
            "00-T-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-P-01",
            "00-P-T-01",
            "00-T--P-1",
        ] {
            let invalid = invalid.replace('T', TRACE).replace('P', PARENT);
            assert_eq!(of(&[&invalid]), None, "{invalid}");
        }
        let valid = format!("00-{TRACE}-{PARENT}-01");
        assert_eq!(of(&[&valid, &valid]), None, "two of them");
        assert_eq!(
            TraceParent::parse("00-汉字汉字汉字汉字汉字汉字汉字汉字汉字汉字汉字汉字".as_bytes()),
            None
        );
    }
}
