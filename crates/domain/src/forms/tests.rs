//! Properties of forms: every problem is named with its pointer and label; no contact value is repeated; good values are normal.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ProblemCode;

fn problems(kind: Kind, form: Value) -> Vec<(String, ProblemCode)> {
    parse(kind, form).unwrap_err().into_iter().map(|p| (p.pointer, p.code)).collect()
}

#[test]
fn a_full_need_is_read() {
    let draft = parse(
        Kind::Need,
        json!({
            "external_id": "CZ-1", "title": " 焊接气孔 ", "enterprise_code": "91350100m000100y43", "region": "安徽省滁州市",
            "industry": "C3841", "filed_on": "2026年5月2日", "keywords": ["激光", "", "激光"],
            "contact": {"person": "王建国", "mobile": "+86 138-0000-1234", "phone": "（0550）3071234", "email": "a@b.cn"}
        }),
    )
    .unwrap();
    let Profile::Need(need) = &draft.profile else { panic!("a need") };
    assert_eq!(need.title, "焊接气孔");
    assert_eq!(need.keywords, ["激光"]);
    assert_eq!(need.region.unwrap().code(), 341_100);
    let contact = draft.contact.unwrap();
    assert_eq!(contact.mobile.as_deref(), Some("13800001234"));
    assert_eq!(contact.phone.as_deref(), Some("0550-3071234"));
}

#[test]
fn all_invalid_values_are_named_at_once() {
    let found = problems(
        Kind::Need,
        json!({
            "title": " ", "enterprise_code": "91350100M000100Y44", "region": "火星", "industry": "Z9",
            "filed_on": "2026-13-01", "contact": {"mobile": "123", "postcode": "12", "email": "x"}
        }),
    );
    let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    let expected = [
        "/title",
        "/enterprise_code",
        "/region",
        "/industry",
        "/filed_on",
        "/contact/mobile",
        "/contact/email",
        "/contact/postcode",
    ];
    assert_eq!(pointers, expected);
    assert_eq!((found[0].1, found[1].1), (ProblemCode::Missing, ProblemCode::CheckCharacter));
}

#[test]
fn all_wrong_shapes_are_named_at_once() {
    let form = json!({"name": 5, "keywords": ["a", 1], "engaged_this_year": -1, "nick/name": "x", "contact": [], "bio": null});
    let mut found = problems(Kind::Expert, form);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [
        ("/contact", ProblemCode::WrongType),
        ("/engaged_this_year", ProblemCode::WrongType),
        ("/keywords/1", ProblemCode::WrongType),
        ("/name", ProblemCode::WrongType),
        ("/nick~1name", ProblemCode::Unknown),
    ];
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
}

#[test]
fn contradicting_dates_are_refused() {
    let form = json!({"title": "x", "filed_on": "2026-05-01", "valid_until": "2026-04-30"});
    assert_eq!(problems(Kind::Need, form), [("/valid_until".to_owned(), ProblemCode::Contradiction)]);
}

#[test]
fn no_message_repeats_a_contact() {
    let form = json!({"name": "x", "contact": {"mobile": "1380000123x", "email": "secret.person", "phone": "SECRET"}});
    for problem in parse(Kind::Expert, form).unwrap_err() {
        assert!(!problem.detail.contains("1380000123x") && !problem.detail.to_lowercase().contains("secret"));
    }
}

#[test]
fn headings_are_found_in_both_languages() {
    assert_eq!(column(Kind::Need, "技术需求名称").unwrap().key, "title");
    assert_eq!(column(Kind::Need, " 联系 人").unwrap().key, "contact/person");
    assert_eq!(column(Kind::Need, "e-mail").unwrap().key, "contact/email");
    assert_eq!(column(Kind::Expert, "contact.mobile").unwrap().key, "contact/mobile");
    assert!(column(Kind::Expert, "网址").is_none());
}

#[test]
fn every_column_is_a_field_of_its_form() {
    for kind in Kind::ALL {
        for column in columns(kind) {
            let value = match column.shape {
                Shape::Text => json!(""),
                Shape::Count => json!(1),
                Shape::Words | Shape::Titles => json!([]),
                Shape::Inventors => json!([{"name": "王明"}]),
            };
            let mut form = json!({"name": "名", "title": "名"});
            let own = if matches!(kind, Kind::Need | Kind::Achievement) { "name" } else { "title" };
            form.as_object_mut().unwrap().remove(own);
            match column.key.split_once('/') {
                Some((outer, inner)) => form[outer] = json!({inner: value}),
                None if value == json!("") && (column.key == "title" || column.key == "name") => {}
                None => form[column.key] = value,
            }
            assert!(parse(kind, form).is_ok(), "{kind} {}", column.key);
        }
    }
}

#[test]
fn profiles_survive_the_store() {
    for kind in Kind::ALL {
        let key = if matches!(kind, Kind::Need | Kind::Achievement) { "title" } else { "name" };
        let profile =
            parse(kind, json!({key: "名", "region": "340104", "fields": ["健康"]})).unwrap().profile;
        assert_eq!(Profile::from_json(kind, &profile.to_json()).unwrap(), profile);
    }
}

proptest! {
    #[test]
    fn no_form_panics(text in ".*", number in any::<i64>()) {
        for kind in Kind::ALL {
            for column in columns(kind) {
                let key = column.key.trim_start_matches("contact/");
                for value in [json!(text), json!(number), json!([text]), json!({key: text})] {
                    let _ = parse(kind, json!({key: value, "contact": {key: value}}));
                }
            }
        }
    }
}
