//! Properties of looking for needs that came twice:
//!
//! - a need that is entered again, retyped, renamed, cut or in another order, is flagged with the one it repeats; needs that differ are
//!   not (recall and false flags of each kind of edit are printed);
//! - the report of an import names the line, the other need and why; rows before it in the same file count too;
//! - forms with little in them, and the phrases of forms, make nothing alike;
//! - a need that is changed is compared again; withdrawn ones are named to who enters the need again, and in no list;
//! - needs that were there before are compared at the next start.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;

use domain::{Kind, RecordId, Status};
use engine::{Alikeness, Engine, Format, ImportOptions, ImportReport, Settings, synthetic};
use serde_json::{Value, json};

/// Kinds of edits with the share of needs that must be found after them.
const EDITS: [(&str, f64); 11] = [
    ("numbers retyped", 0.99),
    ("a sentence added at both ends", 0.97),
    ("a sentence dropped", 0.97),
    ("sentences in another order", 0.97),
    ("the first half only", 0.85),
    ("the second half under another title", 0.7),
    ("title reworded", 0.97),
    ("one character in thirty lost", 0.97),
    ("synonyms", 0.97),
    ("traditional characters, full width", 0.99),
    ("title only", 0.65),
];

async fn opened() -> (Engine, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Engine::open(&Settings::new(folder.path())).await.unwrap(), folder)
}

async fn import(engine: &Engine, needs: &[(String, String, String)]) -> ImportReport {
    let line = |(id, title, description): &(String, String, String)| {
        json!({"external_id": id, "title": title, "description": description}).to_string() + "\n"
    };
    let file: String = needs.iter().map(line).collect();
    let options = ImportOptions { kind: Kind::Need, format: Format::JsonLines, all_or_nothing: false };
    engine.import(options, Cursor::new(file), |_| {}).await.unwrap()
}

async fn create(engine: &Engine, title: &str, description: &str) -> engine::Shown {
    engine.create(Kind::Need, json!({"title": title, "description": description})).await.unwrap()
}

fn need(number: u64) -> RecordId {
    RecordId::new(Kind::Need, number)
}

/// Title and description of the demonstration's needs, and of as many generated ones.
fn needs(generated: bool) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let file = if generated {
        let plan = synthetic::Plan { experts: 0, needs: 300, stations: 0, achievements: 0, seed: 11 };
        synthetic::generate_into(&plan, folder.path()).unwrap();
        folder.path().join("needs.jsonl")
    } else {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/demo/needs.jsonl")
    };
    let read = |line: &str| {
        let need: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| need[name].as_str().unwrap_or_default().to_owned();
        (text("title"), text("description"))
    };
    std::fs::read_to_string(file).unwrap().lines().map(read).collect()
}

fn edited(kind: &str, title: &str, description: &str, seed: usize) -> (String, String) {
    let sentences: Vec<&str> = description.split_inclusive(['。', '；', '，']).collect();
    let characters: Vec<char> = description.chars().collect();
    let half = characters.len() / 2;
    let same = title.to_owned();
    match kind {
        "numbers retyped" => (same, description.replace(['1', '3'], "７").replace('5', "2.4")),
        "a sentence added at both ends" => {
            (same, format!("我单位是当地的骨干企业。{description}盼有经验的老师尽快到厂里来看看！"))
        }
        "a sentence dropped" => {
            let kept = sentences.iter().enumerate().filter(|(at, _)| *at != seed % sentences.len().max(2));
            (same, kept.map(|(_, sentence)| *sentence).collect())
        }
        "sentences in another order" => (same, sentences.iter().rev().copied().collect()),
        "the first half only" => (same, characters[..half].iter().collect()),
        "the second half under another title" => {
            ("关于寻求专家支持的函".to_owned(), characters[half..].iter().collect())
        }
        "title reworded" => {
            let from = title.char_indices().nth(title.chars().count() / 2).map_or(0, |(at, _)| at);
            (format!("求解{}的办法", &title[from..]), description.to_owned())
        }
        "one character in thirty lost" => {
            let kept = characters.iter().enumerate().filter(|(at, _)| !(at + seed).is_multiple_of(30));
            (same, kept.map(|(_, c)| *c).collect())
        }
        "synonyms" => {
            let synonyms = [
                ("希望", "期望"),
                ("解决", "攻克"),
                ("要求", "须"),
                ("我们", "我厂"),
                ("现在", "目前"),
                ("提高", "提升"),
                ("检测", "检验"),
            ];
            (
                same,
                synonyms.iter().fold(description.to_owned(), |text, (one, other)| text.replace(one, other)),
            )
        }
        "traditional characters, full width" => {
            let traditional = [
                ('电', '電'),
                ('机', '機'),
                ('产', '產'),
                ('为', '為'),
                ('后', '後'),
                ('热', '熱'),
                ('线', '線'),
                ('时', '時'),
                ('1', '１'),
                ('A', 'Ａ'),
            ];
            (
                same,
                description
                    .chars()
                    .map(|c| traditional.iter().find(|pair| pair.0 == c).map_or(c, |pair| pair.1))
                    .collect(),
            )
        }
        _ => (same, String::new()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edited_copies_are_flagged_and_other_needs_are_not() {
    for generated in [false, true] {
        let (engine, _folder) = opened().await;
        let needs = needs(generated);
        let named = |tag: &str, needs: Vec<(String, String)>| -> Vec<(String, String, String)> {
            let with_id = |(at, (title, description))| (format!("{tag}{at:03}"), title, description);
            needs.into_iter().enumerate().map(with_id).collect()
        };
        let originals = import(&engine, &named("原", needs.clone())).await;
        assert_eq!(originals.flags, [], "different needs");
        for (kind, least) in EDITS {
            let copies = needs.iter().enumerate().map(|(at, (title, text))| edited(kind, title, text, at));
            let report = import(&engine, &named("改", copies.collect())).await;
            let mut found = BTreeSet::new();
            let mut wrong = 0;
            for flag in &report.flags {
                let original =
                    flag.duplicate.other.external_id.strip_prefix('原').map(|at| at.parse::<u64>().unwrap());
                if original.is_some_and(|at| at + 1 == flag.line) {
                    found.insert(flag.line);
                } else {
                    wrong += 1;
                }
            }
            let recall = found.len() as f64 / needs.len() as f64;
            println!("{kind}: {:.1} % found, {wrong} wrong of {}", recall * 100.0, needs.len());
            assert!(recall >= least, "{kind}: {recall}");
            assert!(wrong * 100 <= needs.len(), "{kind}: {wrong} wrong");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_names_line_other_need_and_why() {
    let (engine, _folder) = opened().await;
    let text = "铝壳激光焊接的焊缝气孔率偏高，达到12%，希望降到3‰以下，节拍不低于12件每分钟，焊后不再打磨";
    let form = json!({"title": "铝壳焊缝气孔", "description": text, "enterprise_name": "皖东新能源"});
    engine.create(Kind::Need, form).await.unwrap();
    let row = |id: &str, title: &str, text: &str| (id.to_owned(), title.to_owned(), text.to_owned());
    let rows = [
        row("a", "水稻病虫害防治", "无人机巡田识别稻飞虱和纹枯病，给出打药的地块和时间"),
        row("b", "铝壳激光焊接气孔控制", &text.replace("12%", "15%")),
        row("c", "稻田病虫害巡查", "无人机巡田识别稻飞虱和纹枯病，给出打药的地块和时间。"),
    ];
    let report = import(&engine, &rows).await;
    let told: Vec<(u64, &str, RecordId)> =
        report.flags.iter().map(|flag| (flag.line, flag.title.as_str(), flag.duplicate.other.id)).collect();
    assert_eq!(told, [(2, "铝壳激光焊接气孔控制", need(1)), (3, "稻田病虫害巡查", need(2))]);
    assert_eq!((report.rows, report.created, report.duplicates), (3, 3, 2));
    let first = &report.flags[0].duplicate;
    assert_eq!(first.other.enterprise.as_deref(), Some("皖东新能源"));
    assert!(first.reason == Alikeness::Text && first.likeness > 70.0, "{first:?}");
    assert!(first.detail.contains(&format!("{}%", first.share)), "{}", first.detail);
    let again = import(&engine, &rows).await;
    assert_eq!((again.unchanged, again.duplicates), (3, 0), "nothing new was said");
    let options = ImportOptions { kind: Kind::Need, format: Format::JsonLines, all_or_nothing: true };
    let line = json!({"external_id": "d", "title": "别名", "description": text}).to_string();
    let report = engine.import(options, Cursor::new(line), |_| {}).await.unwrap();
    assert_eq!(report.flags.iter().map(|flag| flag.line).collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn little_text_and_phrases_of_forms_make_nothing_alike() {
    let (engine, _folder) = opened().await;
    let row = |at: usize, title: &str, text: &str| (at.to_string(), title.to_owned(), text.to_owned());
    let form = |matter: &str| {
        format!(
            "企业概况：我公司是高新技术企业。技术需求：{matter}。主要技术指标：达到国内先进水平。预期目标：提高产品质量，降低成本。合作方式：技术开发、技术咨询、联合开展技术攻关。"
        )
    };
    let rows = [
        row(1, "希望提高产品质量", ""),
        row(2, "希望提高产品质量", ""),
        row(3, "技术难题", "需要专家帮助"),
        row(4, "技术难题", "需要专家帮助"),
        row(5, "技术需求", &form("铝壳焊缝气孔偏多")),
        row(6, "技术需求", &form("茶叶杀青温度不匀")),
        row(7, "技术需求", &form("光纤阵列耦合漂移")),
    ];
    let report = import(&engine, &rows).await;
    assert_eq!(report.flags, []);
    let same = import(&engine, &[row(8, "水泵轴封泄漏", ""), row(9, "水泵轴封泄漏", "")]).await;
    assert_eq!(same.flags.len(), 1, "a title that says something");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_need_is_compared_again_and_a_withdrawn_one_is_in_no_list() {
    let (engine, _folder) = opened().await;
    let (one, other) =
        ("摇青程度看不准，想让机器自己判断什么时候停", "竹材炭化窑内温度分布不均，炭化率忽高忽低");
    create(&engine, "摇青", one).await;
    assert_eq!(create(&engine, "做青", one).await.duplicates.len(), 1);
    assert_eq!(create(&engine, "竹炭", other).await.duplicates, []);
    let others = async |number| -> Vec<u64> {
        engine.duplicates(need(number)).await.unwrap().iter().map(|found| found.other.id.number).collect()
    };
    assert_eq!((others(1).await, others(2).await, others(3).await), (vec![2], vec![1], vec![]));

    let form = json!({"title": "竹炭窑", "description": other});
    let shown = engine.replace(need(2), None, form).await.unwrap();
    assert_eq!(shown.duplicates[0].other.id, need(3));
    assert_eq!((others(1).await, others(2).await, others(3).await), (vec![], vec![3], vec![2]));
    assert_eq!(engine.duplicate_pairs((0, 0), 10).await.unwrap().len(), 1);

    engine.set_status(need(3), None, Status::Withdrawn).await.unwrap();
    assert_eq!((others(2).await, others(3).await), (vec![], vec![]));
    assert_eq!(engine.duplicate_pairs((0, 0), 10).await.unwrap(), []);
    let told = create(&engine, "炭化窑", other).await.duplicates;
    let told: BTreeSet<u64> = told.iter().map(|found| found.other.id.number).collect();
    assert_eq!(told, BTreeSet::from([2, 3]), "whoever enters it again is told of the withdrawn one too");
    engine.set_status(need(3), None, Status::Open).await.unwrap();
    assert_eq!(others(3).await, [2, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn needs_of_before_are_compared_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(folder.path());
    let store = store::Store::open(settings.database()).await.unwrap();
    let form =
        |title: &str| json!({"title": title, "description": "摇青程度看不准，想让机器自己判断什么时候停"});
    let draft = |title| domain::forms::parse(Kind::Need, form(title)).unwrap();
    store.upsert(vec![draft("摇青"), draft("做青")]).await.unwrap();
    store.compare_by("of another program").await.unwrap();
    store.close().await;
    let engine = Engine::open(&settings).await.unwrap();
    assert_eq!(engine.uncompared_needs().await.unwrap(), 2);
    engine.catch_up().await.unwrap();
    assert_eq!(engine.uncompared_needs().await.unwrap(), 0);
    assert_eq!(engine.duplicates(need(1)).await.unwrap().len(), 1);
    engine.close().await;
    let engine = Engine::open(&settings).await.unwrap();
    assert_eq!(engine.uncompared_needs().await.unwrap(), 0, "the method is the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_copies_are_all_flagged_each_with_the_first_ones() {
    let (engine, _folder) = opened().await;
    let text = "摇青程度看不准，想让机器自己判断什么时候停";
    let rows: Vec<_> = (0..300).map(|at| (at.to_string(), "摇青".to_owned(), text.to_owned())).collect();
    let report = import(&engine, &rows).await;
    assert_eq!((report.flags.len(), report.duplicates), (1_000, 31 * 32 / 2 + 268 * 32));
    assert_eq!(engine.duplicates(need(300)).await.unwrap().len(), 32);
}
