//! Judging, feedback and learning from the command line, on a small world that the test makes: whoever is near is what staff want, and the
//! present weights think more of those whose texts are closer.
//!
//! Properties: a sheet is written once and never over another, comes back filled, and is measured; bad rows end with 3 and are named; what is
//! learned is in force from the next start, below what the operator writes; nothing is installed by a trial or by what was refused, and a
//! reset takes it away, even when its file is damaged.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use domain::{Kind, RecordId};
use engine::learning::is_held_back;
use serde_json::{Value, json};
use store::{Judgement, Store};
use tempfile::TempDir;

const NEEDS: u64 = 60;
/// Each place has experts with these directions, the first closest to what is needed.
const DIRECTIONS: [&str; 6] =
    ["方形铝壳激光焊接气孔控制与检测", "铝壳激光焊接", "激光焊接", "焊缝检测", "焊接工装", "焊接机器人"];
const PLACES: [&str; 2] = ["341103", "350583"];

struct House(TempDir);

impl House {
    /// Needs by turns in two places, and experts in both.
    fn new() -> Self {
        let house = Self(tempfile::tempdir().unwrap());
        let need = |number: u64| {
            json!({"external_id": format!("XQ-{number}"), "title": "方形铝壳激光焊接气孔控制", "region": PLACES[number as usize % 2],
                "description": "焊缝气孔率偏高，希望通过工艺和检测降低。"})
        };
        let expert = |at: usize| json!({"external_id": format!("ZJ-{at}"), "name": format!("专家{at}"), "research_directions": [DIRECTIONS[at / 2]], "region": PLACES[at % 2]});
        let lines = |values: Vec<Value>| values.iter().map(|value| format!("{value}\n")).collect::<String>();
        fs::write(house.path("需求.jsonl"), lines((1..=NEEDS).map(need).collect())).unwrap();
        fs::write(house.path("专家.jsonl"), lines((0..DIRECTIONS.len() * 2).map(expert).collect())).unwrap();
        house.ends(0, &["import", "needs", "需求.jsonl"]);
        house.ends(0, &["import", "experts", "专家.jsonl"]);
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
        command.args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    fn ends(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = self.output(arguments);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        (out, err)
    }

    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ends(code, arguments).0).unwrap()
    }

    /// Judges every expert for every need: near ones 4 and 3, others 2 and 1; of `turned` needs the other way round.
    fn judge(&self, turned: fn(RecordId) -> bool) {
        let level = |need: u64, at: usize| {
            let near = PLACES[need as usize % 2] == PLACES[at % 2];
            let level = if near { 3 } else { 1 } + u8::from(at < DIRECTIONS.len());
            if turned(RecordId::new(Kind::Need, need)) { 5 - level } else { level }
        };
        let judgement = |need, at| Judgement {
            need,
            target: RecordId::new(Kind::Expert, at as u64 + 1),
            judge: "甲".to_owned(),
            level: level(need, at),
            note: String::new(),
            source: String::new(),
        };
        let judgements: Vec<Judgement> = (1..=NEEDS)
            .flat_map(|need| (0..DIRECTIONS.len() * 2).map(move |at| judgement(need, at)))
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(self.path("hongniang-data/hongniang.db")).await.unwrap();
            store.add_judgements(&judgements).await.unwrap();
            store.close().await;
        });
    }

    /// A need's ranking: experts with their scores, the best first, and the weight of the region.
    fn ranking(&self) -> (Vec<String>, f64) {
        let found = self.json(0, &["match", "--need", "XQ-1", "--limit", "12", "--json"]);
        let matches = found["matches"].as_array().unwrap();
        let names = matches.iter().map(|found| format!("{} {}", found["target"]["id"], found["score"]));
        let parts = matches[0]["explanation"]["parts"].as_array().unwrap();
        let region = parts.iter().find(|part| part["code"] == "region").unwrap();
        (names.collect(), region["weight"].as_f64().unwrap())
    }
}

/// A filled sheet of these rows.
fn filled(rows: &[[&str; 3]]) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    let headings = [["需求编号", "候选编号", "相关程度"]];
    for (row, cells) in (0..).zip(headings.iter().chain(rows)) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn a_sheet_goes_out_and_comes_back() {
    let house = House::new();
    let sheet =
        house.json(0, &["judge", "export", "评判表.xlsx", "--sample", "5", "--depth", "12", "--json"]);
    assert_eq!((&sheet["sheet"]["needs"], &sheet["sheet"]["rankings"]), (&json!(5), &json!(2)), "{sheet}");
    let before = fs::read(house.path("评判表.xlsx")).unwrap();
    let (_, err) = house.ends(1, &["judge", "export", "评判表.xlsx"]);
    assert!(err.contains("已经存在") && fs::read(house.path("评判表.xlsx")).unwrap() == before, "{err}");
    house.ends(2, &["judge", "export", "评判表.csv"]);
    let (_, err) = house.ends(2, &["judge", "export", "其他.xlsx", "--needs", ","]);
    assert!(err.contains("--needs：没有写编号"), "{err}");
    let (_, err) = house.ends(2, &["judge", "import", "评判表.xlsx", "--judge", "甲\n乙"]);
    assert!(err.contains("--judge：评判人里有换行"), "{err}");
    house.ends(2, &["judge", "export", "其他.xlsx", "--depth", "0"]);
    house.ends(2, &["judge", "export", "其他.xlsx", "--target", "societies"]);
    let (said, _) = house.ends(0, &["judge", "import", "评判表.xlsx", "--judge", "张工"]);
    assert!(said.contains("新增 0") && said.contains("未填"), "{said}");
    let (_, err) = house.ends(1, &["evaluate", "judged"]);
    assert!(err.contains("还没有可衡量的评判"), "{err}");
    let (_, err) = house.ends(1, &["judge", "import", "需求.jsonl", "--judge", "张工"]);
    assert!(err.contains("另存为"), "{err}");

    let rows: Vec<String> = (1..=12).map(|number| format!("expert-{number}")).collect();
    let mut rows: Vec<[&str; 3]> =
        rows.iter().map(|id| ["need-1", id, if id.ends_with('1') { "4 高度相关" } else { "1" }]).collect();
    fs::write(house.path("甲.xlsx"), filled(&rows)).unwrap();
    house.ends(2, &["judge", "import", "甲.xlsx"]);
    house.ends(0, &["judge", "import", "甲.xlsx", "--judge", "甲"]);
    let again = house.json(0, &["judge", "import", "甲.xlsx", "--judge", "甲", "--json"]);
    assert_eq!([&again["created"], &again["unchanged"]], [&json!(0), &json!(12)]);
    let by_source: Vec<[&str; 3]> =
        rows.iter().map(|[_, candidate, level]| ["XQ-1", candidate, level]).collect();
    fs::write(house.path("外.xlsx"), filled(&by_source)).unwrap();
    let again = house.json(0, &["judge", "import", "外.xlsx", "--judge", "甲", "--json"]);
    assert_eq!(again["unchanged"], 12, "a need may be named by its source: {again}");
    rows[1][2] = "好";
    fs::write(house.path("乙.xlsx"), filled(&rows)).unwrap();
    let (said, _) = house.ends(3, &["judge", "import", "乙.xlsx", "--judge", "乙"]);
    assert!(said.contains("第 3 行“相关程度”列（C3）") && said.contains("什么都没有导入"), "{said}");
    house.ends(3, &["judge", "import", "乙.xlsx", "--judge", "乙", "--skip-bad"]);
    let status = house.json(0, &["judge", "status", "--json"]);
    assert_eq!([&status["judgements"], &status["pairs"]], [&json!(23), &json!(12)]);
    assert_eq!(status["agreement"][0]["kappa"], 1.0, "{status}");
    let (said, _) = house.ends(0, &["judge", "status"]);
    assert!(said.contains("加权 Kappa 1.000") && said.contains("可用来衡量排序的 1 项"), "{said}");

    let measured = house.json(0, &["evaluate", "judged", "--json"]);
    assert_eq!(measured["needs"], 1);
    fs::write(house.path("近.toml"), "[ranking.features]\nregion = 3.0\n").unwrap();
    let (said, _) = house.ends(0, &["evaluate", "judged", "--against", "近.toml", "--html", "对比.html"]);
    assert!(said.contains("对照设置"), "{said}");
    assert!(fs::read_to_string(house.path("对比.html")).unwrap().contains("工作人员的评判"));
}

#[test]
fn feedback_is_told_and_listed() {
    let house = House::new();
    let add = ["feedback", "add", "--need", "XQ-1", "--candidate", "ZJ-3", "--decision", "已接受", "--json"];
    let told = house.json(0, &add);
    assert_eq!(
        (&told["need"], &told["candidate"], &told["decision"]),
        (&json!("need-1"), &json!("expert-4"), &json!("accepted"))
    );
    assert!(told["seen"]["total"].as_f64().unwrap() > 0.0);
    house.ends(
        0,
        &[
            "feedback",
            "add",
            "--need",
            "need-2",
            "--candidate",
            "expert-1",
            "--decision",
            "declined",
            "--reason",
            "打 13800001234 没人接",
        ],
    );
    let (said, _) = house.ends(0, &["feedback", "list"]);
    assert!(
        said.contains("已接受") && said.contains("打 *** 没人接") && !said.contains("13800001234"),
        "{said}"
    );
    assert!(said.contains("《方形铝壳激光焊接气孔控制》（need-1）与 专家3（expert-4）"), "{said}");
    let recorded: jiff::Timestamp = told["recorded_at"].as_str().unwrap().parse().unwrap();
    let hour =
        recorded.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).strftime("%Y年%-m月%-d日 %-H:%M");
    assert!(said.contains(&hour.to_string()), "local time: {said}");
    for part in told["seen"]["parts"].as_array().unwrap() {
        let points = part["points"].as_f64().unwrap();
        assert!((points * 1e4 - (points * 1e4).round()).abs() < 1e-6, "{told}");
    }
    let unwilling = json!({"external_id": "ZJ-90", "name": "不便透露", "consent": "none",
        "research_directions": ["激光焊接"]});
    fs::write(house.path("不同意.jsonl"), unwilling.to_string()).unwrap();
    house.ends(0, &["import", "experts", "不同意.jsonl"]);
    let add = ["feedback", "add", "--need", "XQ-1", "--candidate", "ZJ-90", "--decision", "accepted"];
    let (_, err) = house.ends(0, &add);
    assert!(err.contains("未同意参与匹配"), "{err}");
    let listed = house.json(0, &["feedback", "list", "--need", "XQ-2", "--json"]);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    house.ends(1, &["feedback", "add", "--need", "XQ-1", "--candidate", "ZJ-99", "--decision", "accepted"]);
    let (_, err) =
        house.ends(2, &["feedback", "add", "--need", "XQ-1", "--candidate", "ZJ-1", "--decision", "好"]);
    assert!(err.contains("accepted（已接受）"), "{err}");
}

#[test]
fn learned_weights_are_in_force_until_they_are_taken_away() {
    let house = House::new();
    let file = house.path("hongniang-data/learned/weights.toml");
    let (said, _) = house.ends(3, &["train", "weights"]);
    assert!(said.contains("未采用：可学的需求只有 0 项，至少要 20 项") && !file.exists(), "{said}");
    assert!(said.contains("能比出好坏的需求 0 项") && !said.contains("对候选对象"), "{said}");
    house.judge(|_| false);
    let before = house.ranking();
    let trial = house.json(0, &["train", "weights", "--dry-run", "--json"]);
    assert_eq!((&trial["installed"], &trial["lesson"]["refusal"]), (&json!(false), &Value::Null), "{trial}");
    assert!(!file.exists() && house.ranking() == before, "a trial changes nothing");

    let (said, _) = house.ends(0, &["train", "weights"]);
    assert!(said.contains("已采用") && said.contains("地域"), "{said}");
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.starts_with("# 由 hongniang train weights") && written.contains("nDCG@10"), "{written}");
    let after = house.ranking();
    assert!(after.1 > before.1 + 0.1 && after.0 != before.0, "{after:?}");
    let learned: BTreeMap<String, f64> = trial["lesson"]["weights"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| (w["code"].as_str().unwrap().to_owned(), w["after"].as_f64().unwrap()))
        .collect();
    assert!((after.1 - learned["region"]).abs() < 1e-6);

    // What the operator writes stands above, and is not learned.
    fs::write(house.path("自己的.toml"), "[ranking.features]\nregion = 0.02\n").unwrap();
    let own = house.json(0, &["--config", "自己的.toml", "match", "--need", "XQ-1", "--json"]);
    let parts = own["matches"][0]["explanation"]["parts"].as_array().unwrap();
    assert_eq!(parts.iter().find(|part| part["code"] == "region").unwrap()["weight"], 0.02);
    let output = house.output(&["--config", "自己的.toml", "train", "weights", "--dry-run"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("标题文本") && !said.contains("地域"), "{said}");

    fs::write(&file, "[learned]\n坏了").unwrap();
    let (_, err) = house.ends(2, &["match", "--need", "XQ-1"]);
    assert!(err.contains("学得的权重") && err.contains("--reset"), "{err}");
    house.ends(0, &["train", "weights", "--reset"]);
    assert!(!file.exists() && house.ranking() == before);
    let (said, _) = house.ends(0, &["train", "weights", "--reset"]);
    assert!(said.contains("没有学得的权重"), "{said}");
}

#[test]
fn what_the_rest_contradicts_is_not_installed() {
    let house = House::new();
    house.judge(is_held_back);
    let (said, _) = house.ends(3, &["train", "weights"]);
    assert!(said.contains("未采用：在留出检验的需求上") && said.contains("不予采用"), "{said}");
    assert!(!house.path("hongniang-data/learned").exists());
}
