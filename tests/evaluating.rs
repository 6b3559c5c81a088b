//! Two rankings compared on labelled sets that the test makes, through the program itself.
//!
//! Properties: a ranking compared with itself shows no difference; one that reads nothing of the need loses on every case, surely; the web
//! page says what the terminal says, loads nothing, and escapes what stands in the data; a bad file of settings is named and nothing is measured.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

const TOPICS: [&str; 12] = [
    "激光焊接气孔控制",
    "水稻病虫害识别",
    "光纤阵列耦合封装",
    "茶叶杀青节能",
    "矿井瓦斯监测预警",
    "锂电池正极回收",
    "污水脱氮除磷",
    "轴承故障诊断",
    "竹材防霉改性",
    "钢渣沥青混合料",
    "中药配方颗粒提取",
    "液压阀块去毛刺",
];

/// Each topic is a need and an achievement; a need's own achievement is strongly related, the others are not.
fn graded_set(directory: &Path) {
    let (mut needs, mut achievements, mut judged) =
        (String::new(), String::new(), "need_id\tachievement_id\tlevel\n".to_owned());
    for (at, topic) in TOPICS.iter().enumerate() {
        writeln!(needs, "{}", json!({"id": format!("N{at}"), "title": format!("{topic}<难题>"), "text": ""}))
            .unwrap();
        writeln!(achievements, "{}", json!({"id": format!("A{at}"), "title": format!("一种{topic}方法")}))
            .unwrap();
        for other in 0..TOPICS.len() {
            writeln!(judged, "N{at}\tA{other}\t{}", if at == other { 4 } else { 1 }).unwrap();
        }
    }
    fs::write(directory.join("needs.jsonl"), needs).unwrap();
    fs::write(directory.join("achievements.jsonl"), achievements).unwrap();
    fs::write(directory.join("qrels.tsv"), judged).unwrap();
}

fn known_item_set(directory: &Path) {
    let line = |at: usize, value: Value| format!("{value}{}", if at + 1 < TOPICS.len() { "\n" } else { "" });
    let experts = TOPICS.iter().enumerate().map(|(at, topic)| {
        line(at, json!({"id": format!("E{at}"), "projects": [format!("{topic}研究"), format!("面向产业的{topic}技术")]}))
    });
    let queries = TOPICS.iter().enumerate().map(|(at, topic)| {
        line(
            at,
            json!({"id": format!("Q{at}"), "text": format!("{topic}新工艺"), "relevant": [format!("E{at}")]}),
        )
    });
    fs::write(directory.join("experts.jsonl"), experts.collect::<String>()).unwrap();
    fs::write(directory.join("queries.jsonl"), queries.collect::<String>()).unwrap();
}

fn evaluate(home: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_hongniang"));
    program.arg("evaluate").args(arguments).current_dir(home).output().unwrap()
}

fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Reads nothing of the need but its letters and digits, of which there are none.
const BLIND: &str = "[ranking.kinds]\nunigram = 0.0\nbigram = 0.0\nsynonym = 0.0\n";

#[test]
fn a_ranking_is_as_good_as_itself() {
    let home = tempfile::tempdir().unwrap();
    graded_set(home.path());
    fs::write(home.path().join("same.toml"), "").unwrap();
    let same = json_of(&evaluate(home.path(), &["graded", ".", "--against", "same.toml", "--json"]));
    assert_eq!(same["comparison"]["ties"], 12, "{same}");
    assert_eq!(
        (same["comparison"]["p_value"].as_f64(), &same["gained"], &same["lost"]),
        (Some(1.0), &json!([]), &json!([]))
    );
    assert_eq!(same["now"], same["against"]);
}

#[test]
fn a_ranking_that_reads_nothing_loses_surely_on_both_kinds_of_sets() {
    let home = tempfile::tempdir().unwrap();
    graded_set(home.path());
    known_item_set(home.path());
    fs::write(home.path().join("blind.toml"), BLIND).unwrap();
    for kind in ["graded", "known-item"] {
        let blind = json_of(&evaluate(home.path(), &[kind, ".", "--against", "blind.toml", "--json"]));
        let found = &blind["comparison"];
        assert_eq!((&found["wins"], &found["first"]), (&json!(0), &json!(1.0)), "{kind}: {blind}");
        assert!(
            found["losses"].as_u64().unwrap() >= 10 && found["p_value"].as_f64().unwrap() < 0.01,
            "{kind}: {blind}"
        );
        assert!(found["difference_interval"][1].as_f64().unwrap() < 0.0);
        assert_eq!(blind["lost"][0]["now_top"][0]["level"], 4);
    }
}

#[test]
fn the_page_says_what_the_terminal_says() {
    let home = tempfile::tempdir().unwrap();
    graded_set(home.path());
    fs::write(home.path().join("blind.toml"), BLIND).unwrap();
    let output = evaluate(home.path(), &["graded", ".", "--against", "blind.toml", "--html", "对比.html"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let verdict = said.lines().find(|line| line.contains("差别可信")).unwrap();
    let page = fs::read_to_string(home.path().join("对比.html")).unwrap();
    assert!(page.contains(verdict), "{verdict}");
    assert!(
        page.contains("&#60;难题&#62;") && !page.contains("<难题>"),
        "what stands in the data is escaped"
    );
    assert!(!page.contains("http") && !page.contains("<script"), "nothing is loaded");
    assert_eq!(page.matches("<circle").count(), TOPICS.len());
    for told in [&page, &said] {
        for wanted in
            ["blind.toml", "ranking.kinds.bigram", "nDCG@10 衡量前 10 名排得好不好", "高度相关", "不相关"]
        {
            assert!(told.contains(wanted), "{wanted}\n{told}");
        }
        assert!(!told.contains("强相关"), "{told}");
    }
    assert!(page.contains("<text") && page.contains("class=\"scale\""), "axes have numbers");
}

#[test]
fn the_answer_of_a_query_is_called_so_and_its_place_is_told() {
    let home = tempfile::tempdir().unwrap();
    known_item_set(home.path());
    fs::write(home.path().join("blind.toml"), BLIND).unwrap();
    let output =
        evaluate(home.path(), &["known-item", ".", "--against", "blind.toml", "--html", "对比.html"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let page = fs::read_to_string(home.path().join("对比.html")).unwrap();
    for told in [&said, &page] {
        assert!(told.contains("答案") && told.contains("第 1 名 →") && told.contains("MRR 是"), "{told}");
        assert!(!told.contains("高度相关") && !told.contains("未评判"), "{told}");
    }
}

#[test]
fn a_set_that_cannot_be_measured_is_an_error_and_strange_judgements_are_told() {
    let home = tempfile::tempdir().unwrap();
    graded_set(home.path());
    let judged = home.path().join("qrels.tsv");
    let whole = fs::read_to_string(&judged).unwrap();
    let without_heading = whole.split_once('\n').unwrap().1.to_owned();
    let ends = |code: i32| {
        let output = evaluate(home.path(), &["graded", "."]);
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    // Twelve needs of which the first judgement alone is relevant: without it, the first need is not measured.
    fs::write(&judged, &without_heading).unwrap();
    assert!(ends(0).contains("12 项需求"));
    fs::write(&judged, format!("{whole}X1\tA1\t3\nN1\tX1\t4\nN2\tX1\t4\n")).unwrap();
    let said = ends(0);
    assert!(
        said.contains("1 个评判的需求不在标注集里") && said.contains("2 个评判的成果不在标注集里"),
        "{said}"
    );
    fs::write(&judged, "N0\tA0\t4\n").unwrap();
    let said = ends(1);
    assert!(said.contains("没有一项需求可以衡量") && said.contains("1 项评判太少"), "{said}");
    fs::write(&judged, "N0\tA0\t9\n").unwrap();
    assert!(ends(1).contains("第 1 行：应为三列"));
    fs::write(home.path().join("needs.jsonl"), "{\"id\": \"N0\"}\n").unwrap();
    let said = ends(1);
    assert!(said.contains("needs.jsonl 第 1 行") && said.contains("缺少“title”"), "{said}");
    fs::remove_file(home.path().join("needs.jsonl")).unwrap();
    let said = ends(1);
    assert!(said.contains("文件或目录不存在") && said.matches("os error").count() == 0, "{said}");
}

#[test]
fn bad_settings_are_named() {
    let home = tempfile::tempdir().unwrap();
    graded_set(home.path());
    fs::write(home.path().join("bad.toml"), "[ranking]\ncrosing = 1.0\n").unwrap();
    let output = evaluate(home.path(), &["graded", ".", "--against", "bad.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("ranking.crosing"));
    assert_eq!(evaluate(home.path(), &["graded", ".", "--html", "x.html"]).status.code(), Some(2));
}
