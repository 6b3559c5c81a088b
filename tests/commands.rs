//! The command line as a story: the real binary, a data directory of its own, and what it says and ends with.
//!
//! Properties: importing again changes nothing; what was imported is found, matched with reasons that add up, and re-matched; the index
//! agrees with the database; bad rows end with 3 and are named; measures equal those computed by hand; nothing but results goes to
//! standard output, and no colours where there is no terminal. How it fails: `usage.rs`.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

struct House {
    directory: TempDir,
}

impl House {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        for stream in [&output.stdout, &output.stderr] {
            assert!(!stream.contains(&0x1b), "colours where there is no terminal: {arguments:?}");
        }
        output
    }

    /// Runs and expects this exit code; standard output, and standard error.
    fn ends(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        (out, err)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ends(0, arguments).0).unwrap()
    }
}

fn first_line(path: &Path) -> Value {
    serde_json::from_str(fs::read_to_string(path).unwrap().lines().next().unwrap()).unwrap()
}

#[test]
fn from_generated_files_to_a_published_run() {
    let house = House::new();
    let sizes = "generate --experts 60 --needs 20 --stations 10 --achievements 40 --seed 7 --out 模拟";
    house.ends(0, &sizes.split(' ').collect::<Vec<_>>());

    for (kind, rows) in [("专家", 60), ("成果", 40), ("服务站", 10), ("需求", 20)] {
        let plural = kind.parse::<domain::Kind>().unwrap().plural();
        let import = ["import", kind, &format!("模拟/{plural}.jsonl"), "--json"];
        let report = house.json(&import);
        assert_eq!(
            [&report["rows"], &report["created"], &report["rejected"]],
            [&json!(rows), &json!(rows), &json!(0)]
        );
        let again = house.json(&import);
        assert_eq!(
            [&again["created"], &again["changed"], &again["unchanged"]],
            [&json!(0), &json!(0), &json!(rows)]
        );
    }

    let expert = first_line(&house.path().join("模拟/experts.jsonl"));
    let found = house.json(&["search", "experts", expert["name"].as_str().unwrap(), "--json"]);
    let ids: Vec<&Value> =
        found["items"].as_array().unwrap().iter().map(|item| &item["external_id"]).collect();
    assert!(ids.contains(&&expert["external_id"]), "{found}");

    let need = first_line(&house.path().join("模拟/needs.jsonl"));
    let need = need["external_id"].as_str().unwrap();
    let answer = house.json(&["match", "--need", need, "--limit", "5", "--json"]);
    let matches = answer["matches"].as_array().unwrap();
    assert!(!matches.is_empty());
    for (at, found) in matches.iter().enumerate() {
        assert_eq!(found["rank"], json!(at + 1));
        let parts = found["explanation"]["parts"].as_array().unwrap().iter();
        let sum: f64 = parts.map(|part| part["points"].as_f64().unwrap()).sum();
        assert!((sum - found["score"].as_f64().unwrap()).abs() < 0.01, "{found}");
    }
    let scores: Vec<f64> = matches.iter().map(|found| found["score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    assert_eq!(house.json(&["match", "--need", "need-1", "--limit", "5", "--json"]), answer);
    let (shown, _) = house.ends(0, &["match", "--need", need]);
    assert!(shown.contains("得分：") && shown.contains("共有词语："), "{shown}");

    let run = house.json(&["rematch", "--date", "2026-11-21", "--json"]);
    assert_eq!(run["business_date"], "2026-11-21");
    assert!(run["matches"].as_u64().unwrap() > 0, "{run}");
    assert_eq!(house.json(&["rematch", "--date", "2026-11-21", "--json"]), run, "nothing has changed since");
    let status = house.json(&["rematch", "status", "--json"]);
    assert_eq!((&status["running"], &status["current"]), (&Value::Null, &run));
    assert!(house.ends(0, &["rematch", "cancel"]).0.contains("没有正在进行的匹配批次"));
    let (changes, _) = house.ends(0, &["rematch", "changes", "--json"]);
    let changes: Vec<Value> = changes.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(changes.len() as u64, run["matches"].as_u64().unwrap(), "all have come");
    assert!(changes.iter().all(|change| change["reason"] == "首次匹配" && change["need_title"] != ""));
    house.ends(0, &["rematch", "changes", "--xlsx", "变化.xlsx"]);
    assert!(fs::read(house.path().join("变化.xlsx")).unwrap().starts_with(b"PK"));

    let (said, _) = house.ends(0, &["index", "verify"]);
    assert!(said.contains("130 条记录"), "{said}");
    let states = house.json(&["index", "status", "--json"]);
    let documents: u64 =
        states.as_array().unwrap().iter().map(|state| state["documents"].as_u64().unwrap()).sum();
    assert_eq!(documents, 130);
    house.ends(0, &["index", "rebuild", "专家"]);
    house.ends(0, &["index", "verify"]);
}

#[test]
fn rejected_rows_are_named_and_the_others_imported() {
    let house = House::new();
    let row = |id: &str, title: &str| json!({"external_id": id, "title": title}).to_string();
    let rows =
        [row("A", "激光焊接气孔控制"), "{不是 JSON".to_owned(), row("B", ""), row("C", "光纤阵列耦合")];
    house.write("需求.jsonl", &rows.join("\n"));

    let import = ["import", "needs", "需求.jsonl", "--all-or-nothing", "--json"];
    let nothing: Value = serde_json::from_str(&house.ends(3, &import).0).unwrap();
    assert_eq!([&nothing["imported"], &nothing["created"]], [&json!(false), &json!(0)]);
    assert_eq!(house.json(&["search", "needs", "--json"])["total"], 0);

    let (said, _) = house.ends(3, &["import", "技术需求", "需求.jsonl", "--errors", "错误.txt"]);
    assert!(said.contains("第 2 行") && said.contains("第 3 行"), "{said}");
    assert!(said.contains("新增 2") && said.contains("拒绝 2"), "{said}");
    assert_eq!(fs::read_to_string(house.path().join("错误.txt")).unwrap().lines().count(), 2);
    assert_eq!(house.json(&["search", "needs", "--json"])["total"], 2);
}

#[test]
fn a_table_comes_through_standard_input() {
    let house = House::new();
    let import = ["import", "技术需求", "-", "--json", "--json-progress"];
    let mut child = house
        .command(&import)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all("编号,技术需求名称\nA-1,激光焊接气孔控制\n".as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["created"], 1, "{report}");
    let said = String::from_utf8(output.stderr).unwrap();
    let acknowledged: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(acknowledged["rows"], 1);
}

/// The matching achievement stands first, those that share nothing with the need follow in the order of the file:
/// gains 7, 3, 0, 0, 0, 1 against the ideal 7, 3, 1.
#[test]
fn graded_measures_are_those_computed_by_hand() {
    let house = House::new();
    house.write("集/needs.jsonl", &json!({"id": "n", "title": "激光焊接气孔控制", "text": ""}).to_string());
    let titles = ["水稻", "玉米", "大豆", "棉花", "油菜", "花生", "芝麻", "苹果", "柑橘", "激光焊接气孔控制"];
    let levels = [3, 1, 1, 1, 2, 1, 1, 1, 1, 4];
    let line = |(at, title): (usize, &&str)| json!({"id": format!("a{at}"), "title": title}).to_string();
    house.write("集/achievements.jsonl", &titles.iter().enumerate().map(line).collect::<Vec<_>>().join("\n"));
    let judged = levels.iter().enumerate().map(|(at, level)| format!("n\ta{at}\t{level}\n"));
    house.write("集/qrels.tsv", &format!("need_id\tachievement_id\tlevel\n{}", judged.collect::<String>()));

    let measured = house.json(&["evaluate", "graded", "集", "--json"]);
    let log2 = |rank: f64| (rank + 1.0).log2();
    let expected = (7.0 + 3.0 / log2(2.0) + 1.0 / log2(6.0)) / (7.0 + 3.0 / log2(2.0) + 1.0 / log2(3.0));
    assert!((measured["ndcg_at_10"].as_f64().unwrap() - expected).abs() < 1e-9, "{measured} {expected}");
    assert_eq!(measured["needs"], 1);
    assert!(
        !house.path().join("hongniang-data/index").exists(),
        "the measuring stays out of the data directory"
    );
}

/// Ranks 1, 2 and none: MRR (1 + ½ + 0) / 3.
#[test]
fn known_item_measures_are_those_computed_by_hand() {
    let house = House::new();
    let expert = |(id, project): (&str, &str)| json!({"id": id, "projects": [project]}).to_string();
    let experts = [("e1", "激光焊接气孔控制"), ("e2", "光纤阵列耦合封装"), ("e3", "水稻病虫害防治")];
    house.write("集/experts.jsonl", &experts.map(expert).join("\n"));
    let query = |(text, relevant): (&str, &str)| {
        json!({"id": text, "text": text, "relevant": [relevant]}).to_string()
    };
    let queries = [("激光焊接气孔", "e1"), ("激光焊接气孔控制水稻", "e3"), ("量子计算", "e2")];
    house.write("集/queries.jsonl", &queries.map(query).join("\n"));
    let measured = house.json(&["evaluate", "known-item", "集", "--json"]);
    let near = |name: &str, expected: f64| {
        assert!((measured[name].as_f64().unwrap() - expected).abs() < 1e-9, "{name} {measured}");
    };
    near("mrr", 0.5);
    near("recall_at_10", 2.0 / 3.0);
    near("recall_at_100", 2.0 / 3.0);
    assert_eq!(measured["queries"], 3);
}

/// A synonym of the operator's makes the third query find its expert.
#[test]
fn measures_are_taken_with_the_operators_dictionaries() {
    let house = House::new();
    house.write("hongniang-data/dictionaries/synonyms.txt", "量子纠缠分发,水稻病虫害防治\n");
    house.write("集/experts.jsonl", &json!({"id": "e", "projects": ["水稻病虫害防治"]}).to_string());
    house.write(
        "集/queries.jsonl",
        &json!({"id": "q", "text": "量子纠缠分发", "relevant": ["e"]}).to_string(),
    );
    assert_eq!(house.json(&["evaluate", "known-item", "集", "--json"])["mrr"], 1.0);
    fs::remove_file(house.path().join("hongniang-data/dictionaries/synonyms.txt")).unwrap();
    assert_eq!(house.json(&["evaluate", "known-item", "集", "--json"])["mrr"], 0.0);
}

#[test]
fn withdrawn_records_are_shown_to_those_who_ask_for_them() {
    let house = House::new();
    let row = |name: &str, status: &str| {
        json!({"external_id": name, "title": "激光焊接气孔控制", "status": status}).to_string()
    };
    house.write("需求.jsonl", &["open", "closed", "withdrawn"].map(|status| row(status, status)).join("\n"));
    house.ends(0, &["import", "needs", "需求.jsonl"]);
    let found = |arguments: &[&str]| {
        let found = house.json(&[&["search", "needs", "激光焊接", "--json"], arguments].concat());
        let items = found["items"].as_array().unwrap().iter();
        let mut names: Vec<String> =
            items.map(|item| item["external_id"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(found(&[]), ["closed", "open"]);
    assert_eq!(found(&["--status", "withdrawn"]), ["withdrawn"]);
}

/// Writes a record past the index, as another process would.
fn write_past_the_index(house: &House, name: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = store::Store::open(house.path().join("hongniang-data/hongniang.db")).await.unwrap();
        let form = json!({"external_id": name, "title": "光纤阵列耦合"});
        let draft = domain::forms::parse(domain::Kind::Need, form).unwrap();
        store.upsert(vec![draft]).await.unwrap();
        store.close().await;
    });
}

#[test]
fn the_index_is_looked_at_as_it_is_and_a_damaged_one_is_told_of() {
    let house = House::new();
    let row = json!({"external_id": "A", "title": "激光焊接气孔控制"}).to_string();
    house.write("需求.jsonl", &row);
    house.ends(0, &["import", "needs", "需求.jsonl"]);
    let lags = || {
        let states = house.json(&["index", "status", "--json"]);
        let lag = |state: &Value| (state["lag"].as_u64().unwrap(), state["documents"].as_u64().unwrap());
        states.as_array().unwrap().iter().map(lag).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    assert_eq!(lags(), (0, 1));
    write_past_the_index(&house, "B");
    assert_eq!([lags(), lags()], [(1, 1), (1, 1)]);
    house.ends(0, &["index", "verify"]);
    assert_eq!(lags(), (0, 2));

    let generation = fs::read_dir(house.path().join("hongniang-data/index/needs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    fs::remove_file(generation.join("meta.json")).unwrap();
    let (said, _) = house.ends(3, &["index", "verify"]);
    assert!(said.contains("技术需求：索引缺失、损坏") && said.contains("已从数据库重建"), "{said}");
    house.ends(0, &["index", "verify"]);
    house.write("hongniang-data/dictionaries/terms.txt", "气孔控制\n");
    let found: Value = serde_json::from_str(&house.ends(3, &["index", "verify", "--json"]).0).unwrap();
    assert_eq!((&found["rebuilt"], &found["differences"]), (&json!(["need"]), &json!([])), "{found}");
}

#[test]
fn what_was_done_is_told_to_programs_too() {
    let house = House::new();
    // Whatever a directory may be called.
    let data = "a?b%20c#d";
    let migrated = house.json(&["migrate", "--json", "--data-dir", data]);
    assert_eq!(migrated["applied"][0]["version"], 1, "{migrated}");
    assert!(house.path().join(data).join("hongniang.db").is_file());
    assert_eq!(house.json(&["migrate", "--json", "--data-dir", data])["applied"], json!([]));
    let url = format!("sqlite://{}/x.db", house.path().display());
    house.ends(0, &["migrate", "--database-url", &url]);
    assert!(house.path().join("x.db").is_file());

    let written = house.json(&["generate", "--needs", "3", "--out", "模拟", "--json"]);
    assert_eq!([&written["needs"], &written["out"]], [&json!(3), &json!("模拟")]);
    house.ends(0, &["import", "needs", "模拟/needs.jsonl"]);
    let rebuilt = house.json(&["index", "rebuild", "needs", "--json"]);
    assert_eq!(rebuilt, json!([{"kind": "need", "documents": 3}]));
}

#[test]
fn the_demonstration_stays_out_of_real_data() {
    let house = House::new();
    house.write("需求.jsonl", &json!({"external_id": "A", "title": "激光焊接气孔控制"}).to_string());
    house.ends(0, &["import", "needs", "需求.jsonl"]);
    let (out, err) = house.ends(1, &["demo", "--once", "--data-dir", "hongniang-data"]);
    assert!(err.contains("不是 demo 建立的") && out.is_empty(), "{err}");
    let url = format!("sqlite://{}/hongniang-data/hongniang.db", house.path().display());
    house.ends(2, &["demo", "--once", "--database-url", &url]);

    let mut demo = house.command(&["demo", "--once"]);
    demo.env("HONGNIANG_DATA_DIR", "hongniang-data").env("HONGNIANG_DATABASE_URL", &url);
    assert_eq!(demo.output().unwrap().status.code(), Some(0));
    assert!(house.path().join("hongniang-demo-data/hongniang.db").is_file());
    assert_eq!(house.json(&["search", "needs", "--json"])["total"], 1);
    assert_eq!(house.json(&["search", "experts", "--json"])["total"], 0);
    house.ends(0, &["demo", "--once", "--data-dir", "hongniang-demo-data"]);
}

#[test]
fn the_interface_is_written_and_checked() {
    let house = House::new();
    house.ends(0, &["openapi", "--out", "o.json"]);
    house.ends(0, &["openapi", "--check", "o.json"]);
    let (printed, _) = house.ends(0, &["openapi"]);
    assert_eq!(printed, fs::read_to_string(house.path().join("o.json")).unwrap());
    house.write("o.json", "{}\n");
    house.ends(3, &["openapi", "--check", "o.json"]);
    house.ends(1, &["openapi", "--check", "没有.json"]);
}

#[test]
fn the_demonstration_gives_reasons_and_is_the_same_the_second_time() {
    let house = House::new();
    let (first, _) = house.ends(0, &["demo", "--once"]);
    for said in [
        "━━ 专家：前 5 名",
        "━━ 学会服务站：前 3 名",
        "━━ 科技成果：前 3 名",
        "得分：",
        "共有词语：",
        "佐证：",
    ] {
        assert!(first.contains(said), "{said} is missing\n{first}");
    }
    for readme in READMES {
        let text = fs::read_to_string(repository(readme)).unwrap();
        let tour = text.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
        for line in tour.lines().filter(|line| *line != "…") {
            assert!(first.lines().any(|shown| shown == line), "{readme} shows what is not shown: {line}");
        }
    }
    assert_eq!(house.ends(0, &["demo", "--once"]).0, first);
    assert!(house.path().join("hongniang-demo-data/hongniang.db").is_file());
    house.ends(0, &["index", "verify", "--data-dir", "hongniang-demo-data"]);
}

fn repository(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)
}

/// The command lines that a README shows in its `sh` blocks, continued lines joined, comments taken off.
fn shown(readme: &str, program: &str) -> Vec<String> {
    let text = fs::read_to_string(repository(readme)).unwrap();
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let lines: Vec<String> = blocks
        .flat_map(|block| block.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let command = |line: &String| line.split("  #").next().unwrap_or_default().trim().to_owned();
    lines.iter().map(command).filter(|line| line.split(' ').next() == Some(program)).collect()
}

const READMES: [&str; 2] = ["README.md", "README.zh-CN.md"];

/// The demonstration goes on as a service, and the requests that it and the READMEs propose are answered.
#[test]
fn the_proposed_requests_work() {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: there is no curl");
        return;
    }
    let house = House::new();
    let mut child = house.command(&["demo", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let until_the_end = lines.take_while(|line| !line.contains("按 Ctrl-C 停止"));
    let said: Vec<String> = until_the_end.collect();
    let key = said.iter().find_map(|line| line.strip_prefix("  export KEY=")).unwrap();
    let mut proposed: Vec<String> = said.iter().filter(|line| line.starts_with("  curl ")).cloned().collect();
    assert_eq!(proposed.len(), 3);
    let address = proposed[0].split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    for readme in READMES {
        let shown = shown(readme, "curl");
        assert_eq!(shown.len(), 3, "{readme}");
        proposed.extend(shown.iter().map(|line| line.replace("127.0.0.1:8080", &address)));
    }
    for line in &proposed {
        let output = Command::new("sh")
            .args(["-c", &line.replacen("curl ", "curl -sS ", 1)])
            .env("KEY", key)
            .output()
            .unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = answer["matches"].as_array().or(answer["items"].as_array());
        assert!(found.is_some_and(|found| !found.is_empty()), "{line}\n{answer}");
    }
    let second = ["serve", "--data-dir", "hongniang-demo-data", "--bind", "127.0.0.1:0"];
    assert!(house.ends(1, &second).1.contains("已有一个服务在运行"));
    // The end is clean: SIGTERM by the system's own command, there being no unsafe code here.
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_commands_of_the_readmes_work() {
    for readme in READMES {
        let house = House::new();
        house.write(
            "技术需求征集表.csv",
            "编号,技术需求名称,单位名称,手机\nXQ-2026-001,锂电池回收,某厂,13800005678\n",
        );
        let expert = json!({"external_id": "E1", "name": "甲", "region": "安徽省", "keywords": ["锂电池"]});
        house.write("experts.jsonl", &expert.to_string());
        let shown = shown(readme, "hongniang");
        assert!(shown.len() >= 6, "{readme}: {shown:?}");
        for line in shown {
            let arguments: Vec<&str> = line.split_whitespace().skip(1).collect();
            let (said, _) = house.ends(0, &arguments);
            assert!(!said.trim().is_empty(), "{line}");
        }
    }
}
