//! Properties of Latin keys:
//! - a name is found by its pinyin and its initials from each character on;
//! - surnames are read as surnames, other readings are found too; ü is found as v and as u;
//! - organisations, mixed and Latin names work; the number and length of keys are bounded;
//! - only Latin letters are a Latin query.
use text::pinyin::{keys, latin_query};

#[test]
fn a_name_has_keys_from_each_character_on() {
    assert_eq!(keys("张伟明"), ["zhangweiming", "weiming", "ming", "zwm", "wm", "m"]);
    assert_eq!(keys("張偉明"), keys("张伟明"));
}

#[test]
fn surnames_are_read_as_surnames_first() {
    for (name, key) in [
        ("曾国", "zengguo"),
        ("单田", "shantian"),
        ("解明", "xieming"),
        ("查明", "zhaming"),
        ("仇英", "qiuying"),
        ("尉迟恭", "yuchigong"),
        ("长孙明", "zhangsunming"),
        ("万俟明", "moqiming"),
    ] {
        assert_eq!(keys(name).first().map(String::as_str), Some(key), "{name}");
    }
}

#[test]
fn other_readings_are_found() {
    assert!(keys("单田").contains(&"dantian".to_owned()));
    assert!(keys("乐明").contains(&"leming".to_owned()));
    assert!(keys("李行").contains(&"lihang".to_owned()));
    assert!(keys("李行").contains(&"lixing".to_owned()));
}

#[test]
fn u_with_dots_is_v_or_u() {
    let keys = keys("吕明");
    assert!(keys.contains(&"lvming".to_owned()) && keys.contains(&"luming".to_owned()));
}

#[test]
fn organisations_are_read_by_words() {
    let names = keys("重庆长江银行ABB研究院");
    assert_eq!(names.first().map(String::as_str), Some("chongqingchangjiangyinhangabbyanjiuyuan"));
    assert!(names.contains(&"abbyanjiuyuan".to_owned()));
    assert!(names.contains(&"ayjy".to_owned()));
}

#[test]
fn keys_are_bounded() {
    let long = keys(&"重单行乐长".repeat(100));
    assert!(long.len() <= 40 * 8, "{}", long.len());
    assert!(long.iter().all(|key| key.len() <= 16 * 6));
    assert!(keys("").is_empty());
    assert!(keys("，。").is_empty());
    assert_eq!(keys("John Smith"), ["johnsmith", "smith", "js", "s"]);
}

#[test]
fn keys_are_lower_case_latin() {
    for name in [
        "上海市第一人民医院",
        "西安交通大学",
        "阿卜杜拉·买买提",
        "中国科学院大连化学物理研究所",
        "欧阳修",
        "嗯",
    ] {
        assert!(keys(name).iter().all(|key| key.bytes().all(|byte| byte.is_ascii_lowercase())), "{name}");
    }
}

#[test]
fn only_latin_letters_are_a_latin_query() {
    assert_eq!(latin_query("Zhang Wei-Ming").as_deref(), Some("zhangweiming"));
    assert_eq!(latin_query("xi'an").as_deref(), Some("xian"));
    assert_eq!(latin_query("Ｌü").as_deref(), Some("lv"));
    for other in ["张wei", "pm2.5", "", " ", "a,b"] {
        assert_eq!(latin_query(other), None, "{other}");
    }
}
