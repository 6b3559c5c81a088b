//! Calendar dates as people write them on forms.

use jiff::civil::Date;

/// Reads `2026-03-05`, `2026/3/5`, `2026.3.5`, `20260305` and `2026年3月5日`; only real dates between 1900 and 2999.
pub fn parse_date(text: &str) -> Option<Date> {
    let text = text.trim();
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
    let year: i16 = year.parse().ok().filter(|year| (1900..3000).contains(year))?;
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn every_written_form_gives_the_same_date() {
        for text in ["2026-03-05", "2026/3/5", "2026.3.5", "20260305", "2026年3月5日", " 2026年03月05日 "]
        {
            assert_eq!(parse_date(text), Some(date(2026, 3, 5)), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026-02-30",
            "26-3-5",
            "2026-3",
            "2026-3-5-1",
            "+026-3-5",
            "2026-3-5日x",
            "明天",
            "１９９９年",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
