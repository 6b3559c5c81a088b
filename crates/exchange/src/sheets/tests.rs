//! Properties of judging sheets:
//!
//! - what was written is read back, blank rows as blank, and nothing in the file is hidden;
//! - columns may move and others may join, levels may be words or numbers; what programs do when they save changes nothing;
//! - every bad cell is named by row, cell and heading, and does not stop the others;
//! - what is no workbook, or asks for more memory than a sheet needs, is refused.

use std::io::{Cursor, Read, Write};

use domain::{Kind, RecordId};
use rust_xlsxwriter::Workbook;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::*;

fn blocks() -> Vec<JudgingBlock> {
    let candidate = |number| JudgingCandidate {
        id: RecordId::new(Kind::Expert, number),
        title: format!("专家{number}（教授）"),
        text: format!("单位：虚构大学\n研究方向：激光焊接；气孔控制{}", "，焊缝检测".repeat(number as usize)),
    };
    let block = |need, candidates: std::ops::Range<u64>| JudgingBlock {
        need: RecordId::new(Kind::Need, need),
        external_id: format!("XQ-{need:03}"),
        title: "方形铝壳激光焊接气孔控制".to_owned(),
        text: "=焊缝气孔率偏高，希望降到千分之三以下。".repeat(8),
        candidates: candidates.map(candidate).collect(),
    };
    vec![block(1, 1..4), block(2, 7..8), block(3, 4..4), block(4, 2..30)]
}

/// The content of each file in the archive.
fn content(file: &[u8]) -> Vec<(String, String)> {
    let mut archive = ZipArchive::new(Cursor::new(file)).unwrap();
    let read = |at: usize| {
        let mut entry = archive.by_index(at).unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (entry.name().unwrap().into_owned(), text)
    };
    (0..ZipArchive::new(Cursor::new(file)).unwrap().len()).map(read).collect()
}

/// A workbook with one sheet of these cells.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(*cells) {
            match cell.parse::<f64>() {
                Ok(number) => sheet.write_number(row, column, number).unwrap(),
                Err(_) if cell.is_empty() => sheet,
                Err(_) => sheet.write_string(row, column, *cell).unwrap(),
            };
        }
    }
    workbook.save_to_buffer().unwrap()
}

fn levels(filled: &FilledSheet) -> Vec<(String, String, u8)> {
    filled.rows.iter().map(|row| (row.need.to_string(), row.candidate.to_string(), row.level)).collect()
}

#[test]
fn a_new_sheet_is_blank_and_hides_nothing() {
    let file = write(&blocks()).unwrap();
    let filled = read(&file).unwrap();
    assert_eq!(
        (filled.rows.len(), filled.blank, filled.problems.len(), filled.judge),
        (0, 3 + 1 + 28, 0, None)
    );
    for (name, text) in content(&file) {
        // The range of a filter has a name that every program hides.
        let hides = name.contains("/worksheets/") && text.contains("hidden=");
        assert!(!hides && !text.contains("state=\"hidden\"") && !text.contains("veryHidden"), "{name}");
    }
    let sheets: Vec<(String, String)> = content(&file);
    let part = |ending: &str| &sheets.iter().find(|(name, _)| name.ends_with(ending)).unwrap().1;
    let table = part("sheet2.xml");
    for told in [
        "<dataValidation ",
        "4 高度相关,3 相关,2 弱相关,1 不相关",
        "state=\"frozen\"",
        "orientation=\"landscape\"",
        "<rowBreaks",
    ] {
        assert!(table.contains(told), "{told}");
    }
    assert!(!table.contains("<mergeCell"), "what is sorted and filtered has no merged cells");
    let strings = part("sharedStrings.xml");
    assert!(strings.contains("XQ-002"), "staff know a need by the number of its source");
    assert!(!table.contains("<f>"), "a text that begins with = is no formula");
    assert!(part("sheet1.xml").contains("<mergeCell") && part("workbook.xml").contains("评判表"));
}

#[test]
fn the_change_list_is_printed_with_all_its_columns_on_a_page() {
    let sheets = content(&super::changes::write(&[]).unwrap());
    let (_, sheet) = sheets.iter().find(|(name, _)| name.ends_with("sheet1.xml")).unwrap();
    for told in ["orientation=\"landscape\"", "fitToHeight=\"0\"", "<pageSetUpPr fitToPage=\"1\"/>"] {
        assert!(sheet.contains(told), "{told}");
    }
}

#[test]
fn columns_move_and_levels_are_words_or_numbers() {
    let file = workbook(&[
        &["某科协 2026 年评判表"],
        &["备 注", "相关程度", "我加的列", "候选编号", "需求\n编号"],
        &["很对口", "4", "x", "expert-1", "need-1"],
        &["", "4 高度相关", "", "expert-2", "need-1"],
        &["", "相关", "", "Expert-3", " need-1 "],
        &["", "２ 弱相关", "", "station-4", "need-1"],
        &["", "1.不相关", "", "achievement-5", "need-2"],
        &["看不懂", "", "", "expert-6", "need-2"],
        &[],
        &["合计", "", "5"],
    ]);
    let filled = read(&file).unwrap();
    assert_eq!(filled.problems, []);
    let expected = [
        ("need-1", "expert-1", 4),
        ("need-1", "expert-2", 4),
        ("need-1", "expert-3", 3),
        ("need-1", "station-4", 2),
        ("need-2", "achievement-5", 1),
    ];
    assert_eq!(
        levels(&filled),
        expected.map(|(need, candidate, level)| (need.to_owned(), candidate.to_owned(), level))
    );
    assert_eq!((filled.blank, filled.rows[0].note.as_str(), filled.rows[1].note.as_str()), (1, "很对口", ""));
}

#[test]
fn a_need_may_be_named_by_its_source() {
    let file = workbook(&[&["需求编号", "候选编号", "相关程度"], &["XQ-013", "expert-1", "4"]]);
    let filled = read(&file).unwrap();
    assert_eq!(levels(&filled), [("XQ-013".to_owned(), "expert-1".to_owned(), 4)]);
    assert_eq!(filled.rows[0].need, NeedName::External("XQ-013".to_owned()));
}

#[test]
fn a_name_is_refused_and_not_cut() {
    let signed = |name: &str| {
        let table = [&["需求编号", "候选编号", "相关程度"][..], &["need-1", "expert-1", "4"][..]];
        read(&workbook(&[&[&["评判人", name][..]][..], &table[..]].concat()))
    };
    assert_eq!(signed(" 张工 ").unwrap().judge.as_deref(), Some("张工"));
    for (name, said) in [("张工\n李工", "换行"), (&"张".repeat(51), "太长，最多 50 个字")] {
        let error = signed(name).unwrap_err();
        assert!(matches!(error, SheetError::BadName(_)) && error.to_string().contains(said), "{error}");
    }
}

#[test]
fn every_bad_cell_is_named_and_stops_no_other() {
    let file = workbook(&[
        &["需求编号", "候选编号", "相关程度"],
        &["need-1", "expert-1", "5"],
        &["need-1", "expert-2", "3 高度相关"],
        &["", "expert-3", "2"],
        &["expert-1", "need-4", "还行"],
        &["need-1", "expert-9", "3"],
        &["need-1", "expert-9", "3"],
        &["need-1", "expert-9", "1"],
        &["need-1", "society-9", "1"],
    ]);
    let filled = read(&file).unwrap();
    assert_eq!(levels(&filled), [("need-1".to_owned(), "expert-9".to_owned(), 3)]);
    let told: Vec<String> = filled.problems.iter().map(ToString::to_string).collect();
    let begins = [
        "第 2 行“相关程度”列（C2）：“5”不是等级",
        "第 3 行“相关程度”列（C3）：“3 高度相关”不是等级",
        "第 4 行“需求编号”列（A4）：为空",
        "第 5 行“需求编号”列（A5）：“expert-1”不是有效的编号",
        "第 5 行“候选编号”列（B5）：“need-4”不是有效的编号",
        "第 5 行“相关程度”列（C5）：“还行”不是等级",
        "第 8 行“相关程度”列（C8）：与第 6 行是同一项需求",
        "第 9 行“候选编号”列（B9）：“society-9”不是有效的编号",
    ];
    assert_eq!(told.len(), begins.len(), "{told:#?}");
    for (told, begins) in told.iter().zip(begins) {
        assert!(told.starts_with(begins), "{told}");
    }
}

/// Our own export, filled in and saved by other programs; see `tests/fixtures/README.md`.
#[test]
fn what_other_programs_saved_is_read() {
    for (program, judge) in [("libreoffice", Some("张工")), ("openpyxl", None)] {
        let path = format!("{}/tests/fixtures/filled_by_{program}.xlsx", env!("CARGO_MANIFEST_DIR"));
        let filled = read(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!((filled.problems.as_slice(), filled.judge.as_deref()), (&[][..], judge), "{program}");
        let expected = [("need-1", "expert-1", 4), ("need-1", "expert-2", 3), ("need-2", "expert-7", 1)];
        let expected =
            expected.map(|(need, candidate, level)| (need.to_owned(), candidate.to_owned(), level));
        assert_eq!(levels(&filled), expected, "{program}");
        assert_eq!((filled.blank, filled.rows[0].note.as_str()), (29, "做过同样的壳体"), "{program}");
    }
}

#[test]
fn what_is_no_judging_sheet_is_refused() {
    assert!(matches!(read(b"\xd0\xcf\x11\xe0 an old workbook").unwrap_err(), SheetError::Foreign));
    assert!(matches!(read("需求编号,候选编号\n".as_bytes()).unwrap_err(), SheetError::Foreign));
    assert!(matches!(read(b"PK\x03\x04 cut off").unwrap_err(), SheetError::Broken(_)));
    assert!(matches!(read(&workbook(&[&["编号", "等级"]])).unwrap_err(), SheetError::NoTable));
    let mut document = ZipWriter::new(Cursor::new(Vec::new()));
    document.start_file("mimetype", SimpleFileOptions::default()).unwrap();
    document.write_all(b"application/vnd.oasis.opendocument.spreadsheet").unwrap();
    let document = document.finish().unwrap().into_inner();
    assert!(matches!(read(&document).unwrap_err(), SheetError::Foreign));
    let twice = workbook(&[&["需求编号", "候选编号", "相关程度", "相关程度"]]);
    assert!(matches!(read(&twice).unwrap_err(), SheetError::DuplicateHeading { heading: "相关程度", .. }));
}

/// The same archive with one file in it changed.
fn changed(file: &[u8], name: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (known, text) in content(file) {
        archive.start_file(&known, SimpleFileOptions::default()).unwrap();
        let text = if known == name { change(text) } else { text };
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn a_workbook_that_asks_for_all_memory_is_refused() {
    let file = write(&blocks()).unwrap();
    let strings = "xl/sharedStrings.xml";
    let count = |text: String| {
        let (before, rest) = text.split_once("uniqueCount=\"").unwrap();
        let (_, after) = rest.split_once('"').unwrap();
        format!("{before}uniqueCount=\"99999999999\"{after}")
    };
    assert!(matches!(read(&changed(&file, strings, count)).unwrap_err(), SheetError::TooLarge));
    let bomb = changed(&file, strings, |text| format!("{text}{}", " ".repeat(260 << 20)));
    assert!(bomb.len() < 2 << 20, "{}", bomb.len());
    assert!(matches!(read(&bomb).unwrap_err(), SheetError::TooLarge));
    assert_eq!(read(&changed(&file, strings, |text| text)).unwrap().blank, 32);
}
