//! Messages without what may be a contact: they quote values of other fields, and a row whose cells have shifted holds
//! telephone numbers and addresses anywhere.

const HIDDEN: &str = "***";

/// Fewer digits are no telephone number.
const NUMBER: usize = 7;

/// A text of the sender, hidden whole when it may be an e-mail address, otherwise without its long numbers.
pub(super) fn discreet(text: &str) -> String {
    if text.contains(['@', '＠']) { HIDDEN.to_owned() } else { without_numbers(text) }
}

/// A remark of any length without what may be an e-mail address or a telephone number in it.
pub fn without_contacts(text: &str) -> String {
    let of_address = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@' | '＠');
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(of_address) {
        let (before, run) = rest.split_at(start);
        let end = run.find(|c| !of_address(c)).unwrap_or(run.len());
        shown.push_str(before);
        shown.push_str(if run[..end].contains(['@', '＠']) { HIDDEN } else { &run[..end] });
        rest = &run[end..];
    }
    shown.push_str(rest);
    without_numbers(&shown)
}

/// A message in which the sender's texts stand in “”. They may hold such quotes themselves, so nothing before the last of
/// them is trusted.
pub(super) fn discreet_message(message: &str) -> String {
    let Some(end) = message.rfind('”') else { return message.to_owned() };
    let (quoting, own) = message.split_at(end);
    let quoting = without_numbers(quoting);
    let pieces = quoting.split_inclusive(['“', '”']).map(|piece| {
        let quote = piece.chars().last().filter(|c| matches!(c, '“' | '”'));
        let hidden = || format!("{HIDDEN}{}", quote.map(String::from).unwrap_or_default());
        if piece.contains(['@', '＠']) { hidden() } else { piece.to_owned() }
    });
    pieces.chain([own.to_owned()]).collect()
}

/// Hides runs of digits, however grouped, that are as long as a telephone number and no date.
fn without_numbers(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(char::is_numeric) {
        let (before, run) = rest.split_at(start);
        let end = run.find(|c: char| !c.is_numeric() && !groups(c)).unwrap_or(run.len());
        let number = run[..end].trim_end_matches(groups);
        let long = number.chars().filter(|c| c.is_numeric()).count() >= NUMBER;
        shown.push_str(before);
        shown.push_str(if long && !is_date(number) { HIDDEN } else { number });
        rest = &run[number.len()..];
    }
    shown.push_str(rest);
    shown
}

/// What people set between groups of digits: `138 0000 1234`, `(0550)3071234`, `138.0000.1234`.
const fn groups(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '\u{2010}'..='\u{2015}' | '－' | '.' | '·' | '/' | '_' | '+' | '(' | ')' | '（' | '）'
        )
}

/// Four, one or two, and one or two digits, the first a year of these centuries: a date, though perhaps a wrong one.
fn is_date(number: &str) -> bool {
    let parts: Vec<&str> = number.split(['-', '/', '.']).collect();
    let [year, month, day] = parts[..] else { return false };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let short = |part: &str| (1..=2).contains(&part.len()) && digits(part);
    year.len() == 4
        && digits(year)
        && (year.starts_with("19") || year.starts_with("20"))
        && short(month)
        && short(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_and_addresses_are_hidden() {
        for text in [
            "0550-3071234",
            "138 0000 1234",
            "138-0000-1234",
            "138.0000.1234",
            "(0550)3071234",
            "3071234",
            "１３８００００１２３４",
            "34110319800101123",
            "wang@x.cn",
            "王明 ＠ x.cn",
            "1999-12345-1",
        ] {
            for shown in [
                discreet(text),
                discreet_message(&format!("“{text}”不是名称")),
                discreet_message(&format!("“”{text}“”不是名称")),
            ] {
                assert!(shown.contains(HIDDEN) && !shown.contains(char::is_numeric), "{shown}");
                assert!(!shown.contains(['@', '＠']), "{shown}");
            }
        }
        assert_eq!(discreet("电话13800001234转801"), "电话***转801");
    }

    #[test]
    fn remarks_are_kept_but_for_contacts() {
        for (text, shown) in [
            ("已与王工通话（138 0000 1234），约 12 月 3 日见面", "已与王工通话（***），约 12 月 3 日见面"),
            ("请发 wang.jg@example.com，谢谢", "请发 ***，谢谢"),
            ("气孔率由3%降到0.3%，2026-11-21 验收", "气孔率由3%降到0.3%，2026-11-21 验收"),
            ("", ""),
        ] {
            assert_eq!(without_contacts(text), shown);
        }
    }

    #[test]
    fn what_explains_is_kept() {
        for message in [
            "格式不正确，应为“区号-号码”，如 0550-3071234",
            "格式不正确，应为电子邮箱，如 name@example.com",
            "“2026-99-01”不是有效日期，请写如 2026-03-05 或 2026年3月5日",
            "“2026/2/30”不是有效日期",
            "“Z9”不在国民经济行业分类（GB/T 4754-2017）中，请填代码如 C3841 或标准名称",
            "“火星”不是行政区划名称或代码（GB/T 2260），请写如“安徽省合肥市蜀山区”或 340104",
            "“340199”不在行政区划代码表（GB/T 2260）中",
        ] {
            assert_eq!(discreet_message(message), message);
        }
    }

    proptest! {
        #[test]
        fn no_quoted_text_shows_a_number_or_an_address(text in "[a甲0-9 @“”（）./-]{0,30}") {
            let message = discreet_message(&format!("“{text}”不在可选值中：open"));
            for shown in [discreet(&text), message] {
                prop_assert!(!shown.contains('@'));
                let mut digits = 0;
                for run in shown.split(|c: char| !c.is_ascii_digit() && !groups(c)).filter(|run| !is_date(run.trim_matches(groups))) {
                    digits = digits.max(run.chars().filter(char::is_ascii_digit).count());
                }
                prop_assert!(digits < NUMBER, "{}", shown);
            }
        }
    }
}
