//! Properties of the dictionaries:
//! - what the program comes with is readable, of some size, and small enough to compile in;
//! - every member of a synonym class leads to its head;
//! - what cannot be used is named with file, line and reason, in Chinese; comments, empty lines and BOMs are no error;
//! - the fingerprint changes with every dictionary and with the libraries, and with nothing else.
#![allow(clippy::unwrap_used, reason = "tests")]

use text::{Analyzer, Dictionaries};

fn lines(files: &[&[u8]]) -> usize {
    let text = files.iter().map(|file| std::str::from_utf8(file).unwrap());
    text.flat_map(str::lines).filter(|line| !line.is_empty() && !line.starts_with('#')).count()
}

fn error(kind: &str, file: &'static [u8]) -> String {
    let mut dictionaries = Dictionaries::default();
    match kind {
        "terms" => dictionaries.terms.push(file),
        "synonyms" => dictionaries.synonyms.push(file),
        _ => dictionaries.stop_words.push(file),
    }
    Analyzer::new(&dictionaries).unwrap_err().to_string()
}

#[test]
fn the_builtin_dictionaries_are_usable() {
    let builtin = Dictionaries::builtin();
    assert!(Analyzer::new(&builtin).is_ok());
    assert!(lines(&builtin.synonyms) >= 400);
    assert!(lines(&builtin.terms) >= 10_000);
    let bytes: usize =
        [&builtin.terms, &builtin.synonyms, &builtin.stop_words].into_iter().flatten().map(|f| f.len()).sum();
    assert!(bytes < 3 << 20);
}

#[test]
fn every_synonym_is_found_as_its_class() {
    let builtin = Dictionaries::builtin();
    let analyzer = Analyzer::new(&builtin).unwrap();
    let text =
        analyzer.normalise(std::str::from_utf8(builtin.synonyms[0]).unwrap().replace('\n', "|").as_str());
    for class in text.split('|').filter(|class| !class.is_empty() && !class.starts_with('#')) {
        let term = format!("≈{}", class.split(',').next().unwrap());
        for member in class.split(',') {
            assert!(analyzer.tokens(member).iter().any(|token| token.text == term), "{member}");
        }
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    for (kind, file, message) in [
        (
            "terms",
            "合金\n\n高温 多".as_bytes(),
            "术语词典（第 1 个文件）第 3 行：词频“多”不是 1 到 100000000 之间的整数",
        ),
        ("terms", "合金 0".as_bytes(), "词频“0”"),
        ("terms", "，合金".as_bytes(), "不能作为词条"),
        ("terms", "钢".as_bytes(), "不能作为词条"),
        ("terms", b"ab\n\xff\xfe", "术语词典（第 1 个文件）第 2 行不是有效的 UTF-8 文本"),
        ("synonyms", "聚氯乙烯".as_bytes(), "至少要有两个词"),
        ("synonyms", "聚氯乙烯,".as_bytes(), "不能作为词条"),
        (
            "synonyms",
            "聚氯乙烯,pvc\n# 注\n塑料,PVC".as_bytes(),
            "第 3 行：“pvc”已经出现在同义词词典（第 1 个文件）第 1 行",
        ),
        ("stop words", "的\n——".as_bytes(), "停用词词典（第 1 个文件）第 2 行"),
    ] {
        let found = error(kind, file);
        assert!(found.contains(message), "{found}");
    }
}

#[test]
fn comments_empty_lines_and_marks_of_other_systems_are_no_error() {
    let terms = "\u{feff}# 注释\r\n\r\n相变储冷凝胶 100\r\n".as_bytes();
    let synonyms = "聚氯乙烯，ＰＶＣ\r\n".as_bytes();
    let dictionaries = Dictionaries { terms: vec![terms], synonyms: vec![synonyms], stop_words: Vec::new() };
    let analyzer = Analyzer::new(&dictionaries).unwrap();
    assert!(analyzer.tokens("相变储冷凝胶").iter().any(|token| token.text == "相变储冷凝胶"));
    assert!(analyzer.tokens("pvc").iter().any(|token| token.text == "≈聚氯乙烯"));
}

#[test]
fn the_fingerprint_changes_with_every_dictionary() {
    let print = |terms: &'static [&'static [u8]],
                 synonyms: &'static [&'static [u8]],
                 stop: &'static [&'static [u8]]| {
        let dictionaries =
            Dictionaries { terms: terms.to_vec(), synonyms: synonyms.to_vec(), stop_words: stop.to_vec() };
        Analyzer::new(&dictionaries).unwrap().fingerprint().to_owned()
    };
    let prints = [
        print(&[], &[], &[]),
        print(&[b"ab"], &[], &[]),
        print(&[b"ab", b""], &[], &[]),
        print(&[], &[b"ab,cd"], &[]),
        print(&[], &[], &[b"ab"]),
    ];
    for (index, one) in prints.iter().enumerate() {
        assert!(one.len() == 64 && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert!(!prints[..index].contains(one));
    }
    assert_eq!(print(&[b"ab"], &[], &[]), prints[1]);
}
