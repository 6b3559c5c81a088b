//! Properties of reading rows: one table in every encoding gives the same drafts; a bad row does not stop the next; messages
//! name line and column and repeat no contact; lines are those of the file; Excel's habits are mended or named; foreign
//! files are refused in one sentence.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::File;
use std::io::Cursor;

use domain::{Kind, Profile};
use encoding_rs::GB18030;

use super::*;

mod arbitrary;
mod streams;

type Outcomes = Vec<Result<(u64, Draft), RowError>>;

fn read(kind: Kind, format: Format, bytes: impl Into<Vec<u8>>) -> (Outcomes, Vec<String>) {
    let rows = rows(kind, format, Cursor::new(bytes.into())).unwrap();
    let warnings = rows.warnings().to_vec();
    let outcomes = rows.map(|row| row.map(|row| (row.line, row.draft))).collect();
    (outcomes, warnings)
}

fn csv(kind: Kind, text: &str) -> Outcomes {
    read(kind, Format::Csv, text).0
}

fn refusal(kind: Kind, format: Format, bytes: &[u8]) -> String {
    match rows(kind, format, Cursor::new(bytes.to_vec())) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

fn need(outcome: &Result<(u64, Draft), RowError>) -> &domain::Need {
    match &outcome.as_ref().unwrap().1.profile {
        Profile::Need(need) => need,
        _ => panic!("a need"),
    }
}

fn expert(outcome: &Result<(u64, Draft), RowError>) -> &domain::Expert {
    match &outcome.as_ref().unwrap().1.profile {
        Profile::Expert(expert) => expert,
        _ => panic!("an expert"),
    }
}

/// What Excel writes: a title row, CRLF, quoted line breaks and quotes, trailing empty columns and rows.
const SHEET: &str = "技术需求征集表,,,,,\r\n\
    外部编号,技术需求名称,具体的技术需求说明,关键词,手机,\r\n\
    XQ-1,焊接气孔,\"第一行\r\n第二行，含\"\"引号\"\"和,逗号\",激光；焊接、铝合金,13800001234,\r\n\
    ,,,,,\r\n\
    XQ-2,电池热管理,单行,,'13900001234,\r\n\
    ,,,,,\r\n";

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let order = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(order).collect()
}

#[test]
fn one_table_in_every_encoding_gives_the_same_drafts() {
    let folder = tempfile::tempdir().unwrap();
    let tabs = SHEET.replace("和,逗号", "和\u{1}逗号").replace(',', "\t").replace('\u{1}', ",");
    let semicolons = SHEET.replace("和,逗号", "和\u{1}逗号").replace(',', ";").replace('\u{1}', ",");
    let files: [(&str, Vec<u8>); 8] = [
        ("utf8", SHEET.into()),
        ("bom", format!("\u{feff}{SHEET}").into()),
        ("gbk", GB18030.encode(SHEET).0.into_owned()),
        ("utf16le", utf16(SHEET, false)),
        ("utf16be", utf16(SHEET, true)),
        ("excel_unicode_text", utf16(&tabs, false)),
        ("semicolons", semicolons.into()),
        ("lf", SHEET.replace("\r\n", "\n").into()),
    ];
    let (expected, _) = read(Kind::Need, Format::Csv, SHEET);
    assert_eq!(expected.len(), 2);
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let rows = rows(Kind::Need, Format::Csv, File::open(&path).unwrap()).unwrap();
        assert_eq!(rows.warnings().len(), usize::from(name == "gbk"), "{name}");
        let found: Outcomes = rows.map(|row| row.map(|row| (row.line, row.draft))).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn an_excel_sheet_is_read_as_it_looks() {
    let found = csv(Kind::Need, SHEET);
    let first = need(&found[0]);
    assert_eq!(first.description, "第一行\n第二行，含\"引号\"和,逗号");
    assert_eq!(first.keywords, ["激光", "焊接", "铝合金"]);
    let (line, draft) = found[1].as_ref().unwrap();
    assert_eq!(*line, 6, "the quoted line break counts");
    assert_eq!(draft.external_id.as_deref(), Some("XQ-2"));
    assert_eq!(draft.contact.as_ref().unwrap().mobile.as_deref(), Some("13900001234"));
}

#[test]
fn a_bad_row_does_not_stop_the_next() {
    let text = "技术需求名称,手机,填报时间\n甲,1234567890123,2026-01-01\n乙,,\n,,2026-99-01\n丙,13800001234,20260102\n";
    let found = csv(Kind::Need, text);
    let lines: Vec<_> = found.iter().map(|row| row.as_ref().map(|row| row.0).map_err(|e| e.line)).collect();
    assert_eq!(lines, [Err(2), Ok(3), Err(4), Ok(5)]);
    let shown = found[0].as_ref().unwrap_err().to_string();
    assert_eq!(shown, "第 2 行，“手机”列：格式不正确，应为 11 位手机号码");
    let shown = found[2].as_ref().unwrap_err().to_string();
    let both: Vec<&str> = shown.lines().collect();
    assert_eq!(both[0], "第 4 行，“技术需求名称”列：必填，不能为空");
    assert!(both[1].starts_with("第 4 行，“填报时间”列：“2026-99-01”不是有效日期"), "{shown}");
}

#[test]
fn bad_bytes_cost_their_row_only() {
    let mut utf8 = "姓名,单位\n".as_bytes().to_vec();
    for at in 0..20_000 {
        utf8.extend_from_slice(format!("王{at},皖江理工大学\n").as_bytes());
    }
    utf8.extend_from_slice(b"\xe7\x8e,x\n");
    utf8.extend_from_slice("李华,皖江理工大学\n".as_bytes());
    let gbk_row = |name: &str| GB18030.encode(&format!("{name},皖江理工大学\n")).0.into_owned();
    let mut gbk = GB18030.encode("姓名,单位\n").0.into_owned();
    (0..20).for_each(|at| gbk.extend(gbk_row(&format!("王{at}"))));
    gbk.extend_from_slice(b"\xff,x\n");
    gbk.extend(gbk_row("李华"));
    for (bytes, bad) in [(utf8, 20_002), (gbk, 22)] {
        let (found, _) = read(Kind::Expert, Format::Csv, bytes);
        let errors: Vec<&RowError> = found.iter().filter_map(|row| row.as_ref().err()).collect();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].line, bad);
        assert_eq!(errors[0].problems[0].column.as_deref(), Some("姓名"));
        assert_eq!(expert(found.last().unwrap()).name, "李华");
    }
    let lines = b"{\"name\":\"\xe7\x8e\"}\n{\"name\":\"\xe7\x8e\x8b\xe5\xbb\xba\xe5\x9b\xbd\"}\n";
    let (found, _) = read(Kind::Expert, Format::JsonLines, &lines[..]);
    assert!(found[0].is_err() && found[1].is_ok());
}

#[test]
fn no_message_repeats_a_contact() {
    let secrets = [
        "1380000123x",
        "13800001234",
        "138 0000 1234",
        "138-0000-1234",
        "0553-6543217x",
        "6543217x",
        "wang@@secret.cn",
        "王明 wang@secret.cn",
        "05503071234567890123456",
    ];
    let headings = "姓名,手机,办公电话,传真,E-mail,邮编,所在地区,填报年,状态,年度可承接数,熟悉行业";
    for secret in secrets {
        // In the right column, and after a shift in every other one.
        let row = format!("名{}", format!(",{secret}").repeat(10));
        let (found, warnings) = read(Kind::Expert, Format::Csv, format!("{headings}\n{row}\n"));
        let error = found[0].as_ref().unwrap_err();
        assert!(error.problems.len() >= 5);
        let json = format!(
            "{{\"name\": \"x\", \"{secret}\": 1, \"region\": \"{secret}\", \"contact\": {{\"mobile\": \"{secret}x\"}}}}"
        );
        let (lines, _) = read(Kind::Expert, Format::JsonLines, format!("{json}\n{json}x{secret}"));
        let shown = format!(
            "{error} {} {} {warnings:?}",
            lines[0].as_ref().unwrap_err(),
            lines[1].as_ref().unwrap_err()
        );
        assert!(!shown.contains(secret) && !shown.contains("6543217"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn rows_without_an_identifier_keep_the_one_that_they_are_given() {
    let ids = |outcomes: &Outcomes| -> Vec<String> {
        outcomes.iter().map(|row| row.as_ref().unwrap().1.external_id.clone().unwrap()).collect()
    };
    let first = csv(Kind::Need, "技术需求名称,单位名称,手机\n甲,皖东（滁州）公司,13800001234\n乙,,\n");
    let second = csv(Kind::Need, "单位名称,技术需求名称,编号\n皖东(滁州) 公司,甲,\n,乙,\n,丙,XQ-3\n");
    assert_eq!(ids(&first), ids(&second)[..2]);
    assert_ne!(ids(&first)[0], ids(&first)[1]);
    assert_eq!(ids(&second)[2], "XQ-3");

    let (_, warnings) = read(Kind::Need, Format::Csv, "技术需求名称,手机\n甲,\n");
    let explained = "按“技术需求名称”“单位名称”识别：这些内容相同的行算同一条记录";
    assert_eq!(warnings, [format!("文件没有“外部编号”列，各行{explained}")]);
    for (format, text) in [
        (Format::Csv, "技术需求名称,编号\n甲,\n乙,2\n丙,\n"),
        (
            Format::JsonLines,
            "{\"title\":\"甲\"}\n{\"title\":\"乙\",\"external_id\":\"2\"}\n{\"title\":\"丙\"}\n",
        ),
    ] {
        let mut rows = rows(Kind::Need, format, Cursor::new(text)).unwrap();
        assert_eq!(rows.by_ref().count(), 3);
        assert_eq!(rows.warnings(), [format!("有 2 行没有外部编号，{explained}")]);
    }
}

/// Else each import would change the record to and fro.
#[test]
fn the_second_row_of_a_record_is_refused_and_the_first_is_named() {
    for (text, said) in [
        ("技术需求名称,编号\n甲,1\n乙,2\n丙,1\n", "第 4 行：与第 2 行是同一条记录，编号相同"),
        ("技术需求名称,单位名称\n甲,某厂\n乙,某厂\n甲, 某 厂\n", "第 4 行：与第 2 行是同一条记录，按"),
    ] {
        let found = csv(Kind::Need, text);
        assert!(found[0].is_ok() && found[1].is_ok());
        let shown = found[2].as_ref().unwrap_err().to_string();
        assert!(shown.starts_with(said), "{shown}");
    }
}

#[test]
fn a_cell_of_nothing_but_separators_is_refused_before_it_is_split() {
    let cell = "a、".repeat(MAX_ROW_BYTES / 16);
    let found = csv(Kind::Achievement, &format!("成果名称,完成人,关键词\n甲,{cell},{cell}\n乙,丙,丁\n"));
    let problems = &found[0].as_ref().unwrap_err().problems;
    assert!(problems.len() == 2 && problems.iter().all(|problem| problem.code == ProblemCode::TooLarge));
    assert!(found[1].is_ok());
}

#[test]
fn a_row_of_many_problems_names_the_first() {
    let items = "1,".repeat(200_000);
    let row = format!("{{\"name\":\"x\",\"keywords\":[{}1]}}", items);
    let (found, _) = read(Kind::Expert, Format::JsonLines, row);
    assert!(found[0].as_ref().unwrap_err().problems.len() < 100);
}

#[test]
fn a_row_of_nothing_but_brackets_is_refused_before_it_is_built() {
    for item in ["{}", "[]", "{\"\":0}"] {
        let row =
            format!("{{\"name\":\"x\",\"inventors\":[{item}{}]}}\n", format!(",{item}").repeat(100_000));
        let (found, _) = read(Kind::Expert, Format::JsonLines, format!("{row}{{\"name\":\"[[{{{{\"}}\n"));
        assert_eq!(found[0].as_ref().unwrap_err().to_string(), "第 1 行：一行里的括号太多，这不像一条记录");
        assert!(found[1].is_ok());
    }
}

#[test]
fn excel_artefacts_are_mended_or_named() {
    let text =
        "姓名,手机,年度可承接数,外部编号\n甲,=\"13800001234\",3.0,'E1\n乙,1.38E+10,３,E2\n丙,,3 个,#N/A\n";
    let found = csv(Kind::Expert, text);
    let (_, first) = found[0].as_ref().unwrap();
    assert_eq!(first.contact.as_ref().unwrap().mobile.as_deref(), Some("13800001234"));
    assert_eq!((first.external_id.as_deref(), expert(&found[0]).capacity.per_year), (Some("E1"), Some(3)));
    let second = found[1].as_ref().unwrap_err();
    assert_eq!(second.problems.len(), 1);
    assert!(second.to_string().contains("“手机”列") && second.to_string().contains("请把该列设为文本格式"));
    let third: Vec<_> = found[2].as_ref().unwrap_err().problems.iter().map(|p| p.pointer.as_str()).collect();
    assert_eq!(third, ["/capacity_per_year", "/external_id"]);
    let dates = csv(Kind::Need, "技术需求名称,填报时间\n甲,46000\n乙,46000.5\n丙,2025/12/9\n");
    for row in &dates {
        assert_eq!(need(row).filed_on.unwrap().to_string(), "2025-12-09");
    }
}

#[test]
fn lists_in_cells_are_split_as_their_shape_asks() {
    let text = "姓名,研究方向,承担项目,熟悉行业\n甲,激光|焊接，气孔,\"工艺，检测；第二项\n第三项\",农、林、牧、渔业；C3841、C26\n";
    let found = csv(Kind::Expert, text);
    let expert = expert(&found[0]);
    assert_eq!(expert.research_directions, ["激光", "焊接", "气孔"]);
    assert_eq!(expert.projects, ["工艺，检测", "第二项", "第三项"]);
    assert_eq!(expert.industries.iter().map(|i| i.code()).collect::<Vec<_>>(), ["A", "C3841", "C26"]);
    for cell in ["王明（E12）；李华", "\"王明(E12)、李华\""] {
        let found = csv(Kind::Achievement, &format!("成果名称,完成人\n甲,{cell}\n"));
        let Profile::Achievement(achievement) = &found[0].as_ref().unwrap().1.profile else { panic!() };
        let people: Vec<_> =
            achievement.inventors.iter().map(|i| (i.name.as_str(), i.expert.as_deref())).collect();
        assert_eq!(people, [("王明", Some("E12")), ("李华", None)]);
    }
}

#[test]
fn headings_are_found_under_titles_marks_and_announcements() {
    for text in [
        "sep=;\n技术需求名称;手机\n甲;13800001234\n",
        "sep=|\r\ntitle|contact.mobile\r\n甲|13800001234\r\n",
        "表一\n说明：请如实填写，谢谢\n\n*技术需求名称,手机（必填）\n甲,13800001234\n",
        "技术需求名称;联系人;手机\n甲;王,李;13800001234\n",
    ] {
        let found = csv(Kind::Need, text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(need(&found[0]).title, "甲");
        let contact = found[0].as_ref().unwrap().1.contact.as_ref().unwrap().clone();
        assert_eq!(contact.mobile.as_deref(), Some("13800001234"));
    }
    let (found, warnings) = read(Kind::Need, Format::Csv, "技术需求名称,手机,备注\n甲,,随便\n");
    assert!(found[0].is_ok());
    assert_eq!(warnings[0], "技术需求表没有这些列，已忽略：“备注”");
    let wide = format!("姓名,外部编号{}\n甲,1\n", ",13800001234".repeat(3000));
    let (_, warnings) = read(Kind::Expert, Format::Csv, wide);
    assert!(warnings[0].ends_with("”等 3000 列") && warnings[0].len() < 500 && !warnings[0].contains("138"));
    let late = "一\n二\n三\n四\n五\n技术需求名称,手机\n甲,\n";
    assert!(refusal(Kind::Need, Format::Csv, late.as_bytes()).contains("没有找到表头"));
}

#[test]
fn shifted_and_open_rows_are_named() {
    let found = csv(Kind::Expert, "姓名,单位\n甲,某,大学\n乙,大学,,\n丙\n丁,\"没有配对\n戊,大学\n");
    assert!(found[0].as_ref().unwrap_err().to_string().starts_with("第 2 行：单元格比表头多（表头有 2 列）"));
    assert!(found[1].is_ok() && found[2].is_ok());
    let last = found[3].as_ref().unwrap_err();
    assert!(last.to_string().starts_with("第 5 行：引号没有配对"), "{last}");
}

#[test]
fn json_lines_name_line_and_place() {
    let deep = "[".repeat(200);
    let text = format!(
        "{{\"name\": \"甲\"}}\r\n\n{{\"name\": \"乙丙\" x}}\n[1]\n{{\"name\": \"丁\", \"bio\": {deep}}}\n{{\"name\": 5}}\n{{\"name\": \"戊\", \"name\": \"己\"}}"
    );
    let (found, _) = read(Kind::Expert, Format::JsonLines, text);
    assert_eq!(found[0].as_ref().unwrap().0, 1);
    let shown: Vec<String> = found[1..5].iter().map(|row| row.as_ref().unwrap_err().to_string()).collect();
    assert_eq!(
        shown,
        [
            "第 3 行：JSON 语法错误，在第 15 个字符附近",
            "第 4 行：应为一个 JSON 对象",
            "第 5 行：JSON 嵌套过深",
            "第 6 行，“姓名”（/name）：应为文本",
        ]
    );
    assert_eq!(found[5].as_ref().unwrap().0, 7);
    assert_eq!(expert(&found[5]).name, "己", "the last of equal keys");
}

#[test]
fn what_is_no_table_is_refused_in_one_sentence() {
    use Format::{Csv, JsonLines};
    let xlsx = b"PK\x03\x04\x14\0\0\0[Content_Types].xml....xl/workbook.xml";
    let cases: [(Format, &[u8], &str); 16] = [
        (Csv, xlsx, "这是 Excel 工作簿（.xlsx），请另存为 CSV UTF-8 后再导入"),
        (Csv, b"PK\x03\x04\x14\0\0\0word/document.xml", "Word 文档（.docx）"),
        (Csv, b"PK\x03\x04\x14\0\0\0a.csv", "ZIP 压缩文件"),
        (Csv, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "旧版 Office"),
        (Csv, b"%PDF-1.7", "PDF"),
        (JsonLines, b"\x1f\x8b\x08\0", "gzip"),
        (Csv, b"  <HTML><table>", "网页"),
        (Csv, b"name\0,bio", "二进制"),
        (Csv, b"", "文件是空的"),
        (JsonLines, b"\xef\xbb\xbf \r\n", "文件是空的"),
        (Csv, b"\xff\x80\xff\x81\xff", "编码"),
        (Csv, "姓 名,简介,个人简介\n".as_bytes(), "列“简介”和“个人简介”重复，都是“个人简介”"),
        (Csv, b"a,b\n1,2\n", "没有找到表头；专家表的列名有：姓名、职称"),
        (JsonLines, b"\n [{\"name\": 1}]", "jq -c '.[]'"),
        (JsonLines, b"{\n\"name\": 1}", "分成了多行"),
        (JsonLines, "姓名,手机\n甲,\n".as_bytes(), "改名为 .csv"),
    ];
    for (format, bytes, expected) in cases {
        let shown = refusal(Kind::Expert, format, bytes);
        assert!(shown.contains(expected), "{shown} should tell: {expected}");
    }
    assert!(refusal(Kind::Expert, Csv, b"{\"name\": \"x\"}\n").contains(".jsonl"));
}

#[test]
fn rows_can_be_read_on_another_thread() {
    let rows = rows(Kind::Expert, Format::Csv, Cursor::new("姓名\n甲\n乙")).unwrap();
    assert_eq!(std::thread::spawn(|| rows.filter(Result::is_ok).count()).join().unwrap(), 2);
}

#[test]
fn formats_are_told_by_name_and_by_bytes() {
    assert_eq!(Format::from_name("专家.CSV"), Some(Format::Csv));
    assert_eq!(Format::from_name("a.b.ndjson"), Some(Format::JsonLines));
    assert_eq!(Format::from_name("csv"), None);
    assert_eq!(Format::from_bytes(b"\xef\xbb\xbf\n{"), Format::JsonLines);
    assert_eq!(Format::from_bytes("姓名".as_bytes()), Format::Csv);
}
