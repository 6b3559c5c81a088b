//! Campaigns at the command line, over the demonstration's records: out of the box there is a sensible plan; staff lock, forbid and swap,
//! and what need not move stays; what cannot be met ends with 3; the plan goes out as workbooks.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

struct House(TempDir);

impl House {
    /// The demonstration's records, loaded.
    fn new() -> Self {
        let house = Self(tempfile::tempdir().unwrap());
        house.ends(0, &["demo", "--once"]);
        house
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs and expects this exit code; standard output, and standard error.
    fn ends(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_hongniang"))
            .args(arguments)
            .args(["--data-dir", "演示数据"])
            .current_dir(self.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        (out, err)
    }

    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ends(code, arguments).0).unwrap()
    }

    /// Need and expert of each pair of the plan.
    fn pairs(&self, campaign: &str) -> BTreeSet<(String, String)> {
        let shown = self.json(0, &["plan", "show", campaign, "--json"]);
        let pairs = shown["plan"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        pairs.map(|pair| (text(&pair["need"]["id"]), text(&pair["candidate"]["id"]))).collect()
    }
}

#[test]
fn from_nothing_to_a_plan_that_staff_change_and_hand_out() {
    let house = House::new();
    let (said, _) = house.ends(0, &["plan", "list"]);
    assert!(said.contains("hongniang plan new"), "{said}");
    let (said, _) = house.ends(0, &["plan", "new", "--date", "2026-11-27"]);
    assert!(said.contains("对接活动 2026-11-27") && said.contains("已证明最优"), "{said}");
    let shown = house.json(0, &["plan", "show", "1", "--json"]);
    let plan = &shown["campaign"]["plan"];
    let (needs, covered) = (plan["needs"].as_u64().unwrap(), plan["covered"].as_u64().unwrap());
    assert!(needs > 100 && covered * 10 >= needs * 9, "nine of ten at least: {plan}");
    assert_eq!(plan["visits"].as_u64().unwrap() as usize, shown["plan"].as_array().unwrap().len());
    assert_eq!(plan["left_out"].as_u64().unwrap() as usize, shown["left_out"].as_array().unwrap().len());
    let (said, _) = house.ends(0, &["plan", "show", "1"]);
    assert!(said.contains("综合") && said.contains("不安排这一对时"), "{said}");

    let before = house.pairs("1");
    let mut pairs = before.iter().cloned();
    let (first, second) =
        (pairs.next().unwrap(), pairs.find(|pair| pair.1 != before.first().unwrap().1).unwrap());
    let swap = ["plan", "swap", "1", &first.0, &first.1, &second.0, &second.1, "--reason", "行程方便"];
    let (said, _) = house.ends(0, &swap);
    assert!(said.contains("取消 2 对，新增 2 对") && said.contains("行程方便"), "{said}");
    let after = house.pairs("1");
    assert_eq!(after.intersection(&before).count(), before.len() - 2, "the rest stays");
    let forbid = ["plan", "forbid", "1", &first.0, &second.1];
    house.ends(0, &forbid);
    assert!(!house.pairs("1").contains(&(first.0.clone(), second.1.clone())));
    house.ends(0, &["plan", "free", "1", &first.0, &second.1]);
    house.ends(0, &["plan", "solve", "1"]);

    let (said, _) = house.ends(0, &["plan", "export", "1", "--out", "方案.xlsx"]);
    assert!(said.contains("已写入 方案.xlsx"), "{said}");
    house.ends(0, &["plan", "export", "1", "--itineraries", "--out", "行程.xlsx"]);
    let one = ["plan", "export", "1", "--itineraries", "--candidate", &second.1, "--out", "一人.xlsx"];
    house.ends(0, &one);
    let sizes: Vec<usize> = ["方案.xlsx", "行程.xlsx", "一人.xlsx"]
        .iter()
        .map(|name| {
            let file = fs::read(house.path().join(name)).unwrap();
            assert!(file.starts_with(b"PK"), "{name}");
            file.len()
        })
        .collect();
    assert!(sizes.is_sorted_by(|a, b| a > b), "{sizes:?}");
    house.ends(0, &["plan", "delete", "1"]);
    let (_, err) = house.ends(1, &["plan", "show", "1"]);
    assert!(err.contains("没有编号为 1 的对接活动"), "{err}");
}

#[test]
fn limits_come_from_a_file_and_from_options() {
    let house = House::new();
    let file = "name = \"福建专场\"\nfloor = 20\nneeds = { regions = [\"福建省\"] }\ncapacity = { most = 1 }\n\
        quotas = [{ by = \"society\", of = \"闽海新型能源学会\", at_most = 2 }]\n";
    fs::write(house.path().join("活动.toml"), file).unwrap();
    let made = house.json(0, &["plan", "new", "--from", "活动.toml", "--travel", "province", "--json"]);
    assert_eq!((&made["name"], &made["plan"]["busiest"]), (&Value::from("福建专场"), &Value::from(1)));
    assert_eq!(made["request"]["travel"], "province");
    let campaign = made["id"].to_string();
    let shown = house.json(0, &["plan", "show", &campaign, "--json"]);
    let pairs = shown["plan"].as_array().unwrap();
    let of = |pair: &Value| pair["candidate"]["societies"].to_string().contains("闽海新型能源学会");
    assert!(pairs.iter().filter(|pair| of(pair)).count() <= 2);
    assert!(pairs.iter().all(|pair| pair["need"]["region_name"].as_str().unwrap().starts_with("福建省")));
    assert!(pairs.iter().all(|pair| pair["score"].as_f64().unwrap() >= 20.0));

    let (said, _) =
        house.ends(3, &["plan", "new", "--field", "现代能源", "--quota", "学会=没有人的学会:3-5"]);
    assert!(said.contains("还差 3"), "{said}");
    for (name, text) in [("坏.toml", "name = 1\n"), ("坏.json", "{\"name\": \"甲\", \"colour\": 1}")] {
        fs::write(house.path().join(name), text).unwrap();
        let (_, err) = house.ends(2, &["plan", "new", "--from", name]);
        assert!(err.contains(name), "{err}");
    }
    let (_, err) = house.ends(2, &["plan", "new", "--quota", "学会"]);
    assert!(err.contains("学会=江淮焊接学会:0-20"), "{err}");
    let (_, err) = house.ends(1, &["plan", "new", "--floor", "101"]);
    assert!(err.contains("/floor"), "{err}");
}
