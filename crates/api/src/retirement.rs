//! Operations that will go: said in the document, and to every caller in the headers `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link`.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, HttpDate, LINK};
use jiff::civil::Date;

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// How an operation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retirement {
    /// From this day on it should not be used any more.
    pub(crate) deprecated: Date,
    /// From this day on it may be gone; `None` while that is not settled.
    pub(crate) sunset: Option<Date>,
    /// Where it is said what to use instead.
    pub(crate) notes: &'static str,
}

impl Retirement {
    /// Tells it in the headers of an answer.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let deprecation = format!("@{}", midnight(self.deprecated).as_second());
        let mut links = vec![format!("<{}>; rel=\"deprecation\"; type=\"text/html\"", self.notes)];
        if let Some(sunset) = self.sunset {
            let moment = std::time::SystemTime::from(midnight(sunset));
            insert(headers, SUNSET, &HttpDate::from(moment).to_string());
            links.push(format!("<{}>; rel=\"sunset\"; type=\"text/html\"", self.notes));
        }
        insert(headers, DEPRECATION, &deprecation);
        insert(headers, LINK, &links.join(", "));
    }

    /// The same in words, for the document.
    pub(crate) fn sentence(&self) -> String {
        let gone = match self.sunset {
            Some(sunset) => format!("，{sunset} 起可能停止提供"),
            None => String::new(),
        };
        format!("**自 {} 起不宜再用{gone}。** 替代办法见 {}。", self.deprecated, self.notes)
    }
}

/// When a day begins in China.
fn midnight(day: Date) -> jiff::Timestamp {
    day.to_zoned(domain::china()).map_or(jiff::Timestamp::UNIX_EPOCH, |begins| begins.timestamp())
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
