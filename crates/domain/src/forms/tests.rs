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
fn what_nobody_can_see_is_blank() {
    for title in ["\u{202e}\u{feff}\u{200b}", "\u{3000}\u{2060} \u{ad}", "\u{3164}"] {
        let problems = parse(Kind::Need, json!({"title": title})).unwrap_err();
        assert_eq!((problems[0].pointer.as_str(), problems[0].code), ("/title", ProblemCode::Missing));
    }
    let draft = parse(Kind::Need, json!({"title": "焊\u{200b}接"})).unwrap();
    assert_eq!(draft.profile.title(), "焊\u{200b}接", "within a text they stay");
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

/// Contacts are read masked: written back, the mask would take the place of what it hides.
#[test]
fn a_mask_is_no_contact() {
    let masked = json!({"person": "王*", "mobile": "138****5678", "phone": "0550-*****17", "fax": "0550-*****17",
        "email": "***@x.cn", "address": "合肥市蜀山******", "postcode": "23****"});
    let refused = parse(Kind::Need, json!({"title": "甲", "contact": masked})).unwrap_err();
    assert_eq!(refused.len(), 7);
    assert!(refused.iter().all(|problem| problem.detail.contains("脱敏")), "{refused:?}");
}

#[test]
fn numbers_are_read_as_spreadsheets_write_them() {
    for mobile in ["１３８００００１２３４", "13800001234.0", "138 0000 1234", "138-0000-1234"] {
        let draft = parse(Kind::Need, json!({"title": "甲", "contact": {"mobile": mobile}})).unwrap();
        assert_eq!(draft.contact.unwrap().mobile.as_deref(), Some("13800001234"), "{mobile}");
    }
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
fn wrong_shapes_hide_no_invalid_values() {
    let form =
        json!({"title": 5, "nickname": "x", "region": "火星", "contact": {"email": [], "mobile": "1"}});
    let expected = [
        ("/contact/email", ProblemCode::WrongType),
        ("/contact/mobile", ProblemCode::Format),
        ("/nickname", ProblemCode::Unknown),
        ("/region", ProblemCode::NotInTable),
        ("/title", ProblemCode::WrongType),
    ];
    let mut found = problems(Kind::Need, form);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    assert_eq!(problems(Kind::Need, json!([1])), [(String::new(), ProblemCode::WrongType)]);
}

#[test]
fn a_name_is_checked_even_when_it_has_no_value() {
    for (name, pointer) in [("foo", "/foo"), ("contact/mobile", "/contact~1mobile"), ("mobile", "/mobile")] {
        for value in [Value::Null, json!("13800001234")] {
            let found = problems(Kind::Need, json!({"title": "x", name: value}));
            assert_eq!(found, [(pointer.to_owned(), ProblemCode::Unknown)]);
        }
    }
    for contact in [json!({"foo": null}), json!({"contact": null}), json!({"contact/mobile": null})] {
        assert_eq!(problems(Kind::Need, json!({"title": "x", "contact": contact})).len(), 1);
    }
    assert!(parse(Kind::Need, json!({"title": "x", "contact": null, "bio": null})).is_err());
    assert!(parse(Kind::Need, json!({"title": "x", "contact": null, "region": null})).is_ok());
}

#[test]
fn a_list_that_is_too_long_is_one_problem() {
    let many = |prefix: &str| (0..300_000).map(|n| json!(format!("{prefix}{n}"))).collect::<Vec<_>>();
    let started = std::time::Instant::now();
    for key in ["keywords", "industries", "travel_regions", "projects"] {
        let found = problems(Kind::Expert, json!({"name": "x", key: many("Z")}));
        assert_eq!(found, [(format!("/{key}"), ProblemCode::TooLarge)]);
    }
    let inventors: Vec<_> = (0..1000).map(|_| json!({"name": ""})).collect();
    let found = problems(Kind::Achievement, json!({"title": "x", "inventors": inventors}));
    assert_eq!(found, [("/inventors".to_owned(), ProblemCode::TooLarge)]);
    assert!(started.elapsed().as_secs() < 20, "linear in the length of the lists");
}

#[test]
fn of_very_many_problems_the_first_are_told() {
    let mut form = json!({"name": "x", "keywords": vec![1; 1000]});
    (0..1000).for_each(|n| form[format!("unknown{n}")] = Value::Null);
    let found = parse(Kind::Expert, form).unwrap_err();
    assert_eq!(found.len(), checks::MOST_PROBLEMS + 1);
    assert_eq!(found.last().unwrap().detail, format!("还有 {} 处问题没有列出", 2000 - checks::MOST_PROBLEMS));
}

#[test]
fn items_are_pointed_at_where_they_stand() {
    let form = json!({"name": "x", "industries": ["", "C3841", "C3841", "Z9"]});
    assert_eq!(problems(Kind::Expert, form), [("/industries/3".to_owned(), ProblemCode::NotInTable)]);
}

#[test]
fn a_website_is_a_host_perhaps_with_http_before_it() {
    let reads = |website: &str| parse(Kind::Society, json!({"name": "x", "website": website})).is_ok();
    for website in [
        "www.example.com",
        "example.com/a?b=c#d",
        "HTTPS://Example.com:8443/路径",
        "http://192.168.1.1:80",
        "学会.中国",
        "",
    ] {
        assert!(reads(website), "{website}");
    }
    for website in [
        "javascript:1;alert(1)",
        "javascript:a.b",
        "javascript://x.cn/%0aalert(1)",
        "a b:9",
        "a b.cn",
        "a.cn/b c",
        "ftp://x.cn",
        "mailto:a@x.cn",
        "a@x.cn",
        "//x.cn",
        "http://http://x.cn",
        "x.cn:",
        "x.cn:99999",
        "x.cn:+1",
        "localhost",
        "-a.cn",
        "a..cn",
        "x.cn/\"><script>",
    ] {
        assert!(!reads(website), "{website}");
    }
}

/// Whoever shows a message to others can hide what stands between the quotes.
#[test]
fn what_the_sender_wrote_stands_in_quotes() {
    for kind in Kind::ALL {
        for column in columns(kind).filter(|column| !column.key.starts_with("contact/")) {
            for form in [json!({column.key: "MARK"}), json!({column.key: ["MARK"]}), json!({"MARK": 1})] {
                for problem in parse(kind, form).err().unwrap_or_default() {
                    let before = problem.detail.split("MARK").next().unwrap();
                    assert!(before == problem.detail || before.ends_with('“'), "{}", problem.detail);
                    assert_eq!(problem.detail.contains("MARK"), problem.detail.contains("“MARK”"));
                }
            }
        }
    }
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

/// Any JSON: scalars that fields hold, and lists and objects of them under names of fields and other names.
fn any_json() -> impl Strategy<Value = Value> {
    const WORDS: &[&str] = &[
        "",
        "x",
        "火星",
        "34",
        "C3841",
        "2026-02-30",
        "13800001234",
        "open",
        "王明",
        "a@b.cn",
        "91350100M000100Y43",
    ];
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(WORDS).prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    scalar.boxed().prop_recursive(4, 40, 6, |inner| {
        let object = prop::collection::btree_map(any_name(), inner.clone(), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            object.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    let mut names: Vec<String> =
        ["contact", "contact/", "/", "~", "", "foo", "expert"].map(str::to_owned).to_vec();
    for column in Kind::ALL.into_iter().flat_map(columns) {
        names.extend(column.key.split('/').chain([column.key]).map(str::to_owned));
    }
    names.sort();
    names.dedup();
    prop_oneof![9 => prop::sample::select(names), 1 => ".{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_json_panics(fields in prop::collection::btree_map(any_name(), any_json(), 0..12), other in any_json()) {
        let form = Value::Object(fields.into_iter().collect());
        for kind in Kind::ALL {
            let _ = parse(kind, other.clone());
            if let Ok(draft) = parse(kind, form.clone()) {
                prop_assert_eq!(Profile::from_json(kind, &draft.profile.to_json()).ok(), Some(draft.profile));
            } else {
                prop_assert!(!parse(kind, form.clone()).unwrap_err().is_empty());
            }
        }
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

#[test]
fn what_cannot_be_seen_counts_but_for_padding() {
    let is_title = |text: String| parse(Kind::Need, json!({"title": text})).is_ok();
    let most = "字".repeat(300);
    assert!(is_title(format!("{most}{}", " ".repeat(300))));
    assert!(!is_title(format!("{}\u{1}\u{2}", &most[3..])));
}
