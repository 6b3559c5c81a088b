//! Codes and names that people type: credit codes, regions, industries, dates, identifiers of records, keys and tokens.
#![no_main]

use domain::access::{KeyId, Token};
use domain::{Industry, Kind, RecordId, Region, UnifiedSocialCreditCode, parse_date};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(code) = text.parse::<UnifiedSocialCreditCode>() {
        assert_eq!(code.as_str().parse::<UnifiedSocialCreditCode>().as_ref(), Ok(&code));
    }
    let _ = UnifiedSocialCreditCode::check_character(text);
    if let Ok(region) = text.parse::<Region>() {
        assert!(region.contains(region) && region.path().last() == Some(&region));
        // Placeholder cities share their province's full name.
        let found = region.full_name().parse::<Region>();
        assert!(found.is_ok_and(|found| found.full_name() == region.full_name()), "{region:?}");
    }
    if let Ok(industry) = text.parse::<Industry>() {
        assert!(!industry.name().is_empty());
    }
    if let Some(date) = parse_date(text) {
        assert_eq!(parse_date(&date.to_string()), Some(date));
    }
    if let Ok(id) = text.parse::<RecordId>() {
        assert_eq!(id.to_string().parse::<RecordId>().ok(), Some(id));
    }
    if let Ok(token) = text.parse::<Token>() {
        assert_eq!(token.reveal(), text);
        assert!(Token::stands_in(text));
    }
    let _ = (Token::stands_in(text), text.parse::<KeyId>().is_ok(), text.parse::<Kind>().is_ok());
});
