//! The country's clock, and calendar dates as people write them on forms.

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{self, TimeZone};

const YEARS: Range<i16> = 1900..3000;

/// The time zone of all of China, which has no daylight saving.
pub fn china() -> TimeZone {
    TimeZone::fixed(tz::offset(8))
}

/// Reads `2026-03-05`, `2026/3/5`, `2026.3.5`, `20260305` and `2026年3月5日`, also with a time of day after them, as spreadsheets write
/// (`2026/3/5 0:00`); a moment with its zone (RFC 3339) is the day that it was in China. Only real dates between 1900 and 2999.
pub fn parse_date(text: &str) -> Option<Date> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        let date = moment.to_zoned(china()).date();
        return Some(date).filter(|date| YEARS.contains(&date.year()));
    }
    let text = without_time(text);
    let parts: Vec<&str> = if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        vec![&text[..4], &text[4..6], &text[6..]]
    } else {
        text.trim_end_matches('日').split(['-', '/', '.', '年', '月']).map(str::trim).collect()
    };
    let [year, month, day] = parts[..] else {
        return None;
    };
    if year.len() != 4 || ![month, day].iter().all(|part| (1..=2).contains(&part.len())) {
        return None;
    }
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !parts.iter().all(|part| digits(part)) {
        return None;
    }
    let year: i16 = year.parse().ok().filter(|year| YEARS.contains(year))?;
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

/// What stands before a time of day.
fn without_time(text: &str) -> &str {
    let Some((date, time)) = text.split_once([' ', 'T', '\u{3000}']) else { return text };
    // Seconds may have decimals.
    let time = time.split_once('.').map_or(time, |(time, _)| time);
    let parts: Vec<&str> = time.trim().split(':').collect();
    let is_number = |part: &&str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let below =
        |part: Option<&&str>, most: u8| part.is_none_or(|part| part.parse().is_ok_and(|n: u8| n <= most));
    let is_time = (2..=3).contains(&parts.len())
        && parts.iter().all(is_number)
        && below(parts.first(), 24)
        && parts[1..].iter().all(|part| below(Some(part), 59));
    if is_time { date } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn every_written_form_gives_the_same_date() {
        for text in [
            "2026-03-05",
            "2026/3/5",
            "2026.3.5",
            "20260305",
            "2026年3月5日",
            " 2026年03月05日 ",
            "2026/3/5 0:00",
            "2026-03-05 00:00:00",
            "2026-03-05T10:20:30.123Z",
            "2026-03-05T10:20:30+08:00",
        ] {
            assert_eq!(parse_date(text), Some(date(2026, 3, 5)), "{text}");
        }
    }

    #[test]
    fn a_moment_is_the_day_that_it_was_in_china() {
        assert_eq!(parse_date("2026-03-05T16:30:00Z"), Some(date(2026, 3, 6)));
        assert_eq!(parse_date("2026-03-05T16:30:00+08:00"), Some(date(2026, 3, 5)));
        assert_eq!(parse_date("1800-03-05T16:30:00Z"), None);
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026-02-30",
            "26-3-5",
            "2026-3",
            "2026-03-05 99:99",
            "9999-12-31",
            "2026-3-5-1",
            "+026-3-5",
            "2026-3-5日x",
            "2026-3-5 下午",
            "2026-3-5 10",
            "明天",
            "１９９９年",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
