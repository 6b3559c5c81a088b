//! Needs that came twice and needs that share a problem, as staff meet them: the real binary over a data directory of its own.
//!
//! Properties: an import names the rows that repeat other needs and takes them all the same; both lists come for people, for programs
//! and for spreadsheets; what one enterprise filed twice counts once; a database of before is compared at the next command.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

const TEXT: &str = "铝壳激光焊接的焊缝气孔率偏高，达到12%，希望降到3‰以下，节拍不低于12件每分钟";

fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
    let output = command.args(arguments).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{arguments:?} {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run(folder, arguments)).unwrap()
}

fn need(id: &str, title: &str, text: &str, enterprise: &str, region: &str) -> String {
    let form = json!({
        "external_id": id, "title": title, "description": text, "enterprise_name": enterprise, "region": region
    });
    form.to_string() + "\n"
}

#[test]
fn what_came_twice_is_named_and_what_is_shared_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let county = [
        need("XJ-1", "=铝壳焊缝气孔", TEXT, "皖东新能源有限公司", "341103"),
        need("XJ-2", "竹炭窑温", "竹材炭化窑内温度分布不均，炭化率忽高忽低", "闽北竹业", "350702"),
    ];
    let city = [
        need("SJ-1", "铝壳激光焊接气孔控制", &TEXT.replace("12%", "15%"), "皖东新能源有限公司", "341103"),
        need("SJ-2", "焊缝气孔", TEXT, "鹭岛电池有限公司", "350203"),
    ];
    fs::write(folder.join("县.jsonl"), county.concat()).unwrap();
    fs::write(folder.join("市.jsonl"), city.concat()).unwrap();
    let said = run(folder, &["import", "needs", "县.jsonl"]);
    assert!(!said.contains("疑似重复"), "{said}");
    let said = run(folder, &["import", "needs", "市.jsonl"]);
    assert!(said.contains("新增 2") && said.contains("疑似重复 3 处"), "{said}");
    assert!(
        said.contains("第 1 行 铝壳激光焊接气孔控制（need-3）与 need-1") && said.contains("皖东新能源"),
        "{said}"
    );

    let vague = need("SJ-3", "希望提高产品质量", "", "泉港机械厂", "350505");
    fs::write(folder.join("笼统.jsonl"), need("SJ-4", "竹材防霉改性", TEXT, "丙", "350505") + &vague)
        .unwrap();
    let said = run(folder, &["import", "needs", "笼统.jsonl", "--data-dir", "另一处"]);
    assert!(said.contains("写得较笼统的 1 条") && said.contains("第 2 行；"), "{said}");
    let again = run(folder, &["import", "needs", "笼统.jsonl", "--data-dir", "另一处"]);
    assert!(!again.contains("笼统的"), "unchanged: {again}");
    let found = run(folder, &["match", "--need", "SJ-3", "--data-dir", "另一处"]);
    assert!(found.contains("较笼统。建议先问清") && !found.contains("仅供参考"), "{found}");

    let pairs = json(folder, &["duplicates", "--json"]);
    let likenesses: Vec<f64> =
        pairs.as_array().unwrap().iter().map(|pair| pair["likeness"].as_f64().unwrap()).collect();
    assert!(likenesses.len() == 3 && likenesses.is_sorted_by(|a, b| a >= b), "{pairs}");
    let said = run(folder, &["duplicates", "--csv", "重复.csv"]);
    assert!(!said.contains("本条") && said.contains("组\n"), "{said}");
    assert!(said.contains("疑似重复 3 对") && said.contains("need-1 / XJ-1"), "{said}");
    let table = fs::read_to_string(folder.join("重复.csv")).unwrap();
    assert!(table.starts_with("\u{feff}组,编号,外部编号,") && table.lines().count() == 4, "{table}");
    assert!(table.contains(",'=铝壳焊缝气孔,"), "no formula: {table}");

    let clusters = json(folder, &["kindred", "--json"]);
    assert_eq!(clusters.as_array().unwrap().len(), 1, "{clusters}");
    let cluster = &clusters[0];
    assert_eq!((&cluster["enterprises"], &cluster["counties"]), (&json!(2), &json!(2)));
    assert_eq!(cluster["members"][0]["same"][0]["need"]["external_id"], "SJ-1", "{cluster}");
    let said = run(folder, &["kindred", "--csv", "共性.csv"]);
    assert!(said.contains("2 家企业、2 个县区") && said.contains("同一企业重复提交"), "{said}");
    assert_eq!(fs::read_to_string(folder.join("共性.csv")).unwrap().lines().count(), 4);
    assert_eq!(json(folder, &["kindred", "--least", "3", "--json"]), json!([]));
}

#[test]
fn a_database_of_before_is_compared_at_the_next_command() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = store::Store::open(folder.join("hongniang-data/hongniang.db")).await.unwrap();
        let draft = |title| {
            let form = json!({"title": title, "description": TEXT});
            domain::forms::parse(domain::Kind::Need, form).unwrap()
        };
        store.upsert(vec![draft("铝壳焊缝气孔"), draft("激光焊接气孔")]).await.unwrap();
        store.close().await;
    });
    assert_eq!(json(folder, &["duplicates", "--json"]).as_array().unwrap().len(), 1);
}
