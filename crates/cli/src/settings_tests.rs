//! Properties: each source beats the ones below it; what is unknown or out of bounds is named; the example says the defaults.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::ending::Misuse;

const EXAMPLE: &str = include_str!("../../../hongniang.example.toml");

fn overrides() -> Overrides {
    Overrides { default_data_dir: "./hongniang-data".into(), default_level: "info", ..Overrides::default() }
}

fn nothing(_: &str) -> Option<String> {
    None
}

/// A file that `--config` names.
fn file(text: &str) -> (tempfile::TempDir, Overrides) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("其他.toml");
    fs::write(&path, text).unwrap();
    (directory, Overrides { config: Some(path), ..overrides() })
}

fn complaint(text: &str) -> String {
    let (_directory, overrides) = file(text);
    let error = resolve(&overrides, &nothing).unwrap_err();
    assert!(error.chain().any(|cause| cause.is::<Misuse>()), "{error:#}");
    format!("{error:#}")
}

/// The example with every setting put in force: `# key = …` and `# [section]` lose their mark, `# 中文` stays.
fn uncommented() -> String {
    let setting = |line: &str| {
        line.starts_with('[')
            || line.split_once(" = ").is_some_and(|(key, _)| {
                key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            })
    };
    let bare = |line: &'static str| line.strip_prefix("# ").filter(|rest| setting(rest)).unwrap_or(line);
    EXAMPLE.lines().map(bare).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_holds_every_setting_and_says_the_defaults() {
    let written: toml::Table = uncommented().parse().unwrap();
    let defaults = toml::Table::try_from(Configuration::defaults(&overrides())).unwrap();
    let leaves = |table: &toml::Table| {
        let mut names = Vec::new();
        fn walk(table: &toml::Table, at: &str, names: &mut Vec<String>) {
            for (key, value) in table {
                match value {
                    toml::Value::Table(below) => walk(below, &format!("{at}{key}."), names),
                    _ => names.push(format!("{at}{key}")),
                }
            }
        }
        walk(table, "", &mut names);
        names.sort();
        names
    };
    assert_eq!(leaves(&written), leaves(&defaults));
    let (_directory, with_example) = file(&uncommented());
    let written = resolve(&with_example, &nothing).unwrap();
    assert!(written.pinned.contains("region") && written.pinned.contains("text.title"));
    let defaults = resolve(&overrides(), &nothing).unwrap();
    assert_eq!(Settings { pinned: BTreeSet::new(), ..written }, defaults);
}

#[test]
fn the_example_as_it_is_changes_nothing() {
    assert_eq!(EXAMPLE.parse::<toml::Table>().unwrap(), toml::Table::new());
}

#[test]
fn flags_beat_environment_beats_file_beats_defaults() {
    let bind =
        |overrides: &Overrides, environment: Environment<'_>| resolve(overrides, environment).unwrap().bind;
    let environment = |name: &str| (name == "HONGNIANG_SERVER_BIND").then(|| "127.0.0.1:2".to_owned());
    assert_eq!(bind(&overrides(), &nothing), "127.0.0.1:8080");
    let (_directory, mut chosen) = file("[server]\nbind = '127.0.0.1:1'");
    assert_eq!(bind(&chosen, &nothing), "127.0.0.1:1");
    assert_eq!(bind(&chosen, &environment), "127.0.0.1:2");
    chosen.bind = Some("127.0.0.1:3".to_owned());
    assert_eq!(bind(&chosen, &environment), "127.0.0.1:3");
}

#[test]
fn one_weight_can_be_changed_alone() {
    let (_directory, chosen) = file("[ranking.features]\nregion = 1");
    let weights = resolve(&chosen, &nothing).unwrap().engine.weights;
    let mut expected = engine::Weights::default();
    expected.features.region = 1.0;
    assert_eq!(weights, expected);
    let environment = |name: &str| (name == "HONGNIANG_RANKING_CANDIDATE_K1").then(|| "0.9".to_owned());
    assert_eq!(resolve(&overrides(), &environment).unwrap().engine.weights.candidate.k1, 0.9);
}

#[test]
fn an_embedding_model_is_off_until_a_directory_is_named() {
    let embedding = |text: &str| {
        let (_directory, chosen) = file(text);
        resolve(&chosen, &nothing).unwrap().engine.embedding
    };
    assert_eq!(embedding(""), engine::EmbeddingSettings::default());
    assert_eq!(embedding("[embedding]\nmodel_dir = ''").model_dir, None);
    let on = embedding("[embedding]\nmodel_dir = '/srv/bge'\nquery_prefix = '检索： '");
    assert_eq!((on.model_dir, &*on.query_prefix), (Some(PathBuf::from("/srv/bge")), "检索： "));
    assert!(complaint("[embedding]\nmodel = '/srv/bge'").contains("embedding.model"));
}

#[test]
fn the_data_directory_brings_its_own_file_but_cannot_move_itself() {
    let directory = tempfile::tempdir().unwrap();
    let at_home = Overrides { data_dir: Some(directory.path().to_owned()), ..overrides() };
    let write = |text| fs::write(directory.path().join("hongniang.toml"), text).unwrap();
    write("[matching]\nkeep = 7");
    let settings = resolve(&at_home, &nothing).unwrap();
    assert_eq!((settings.engine.matching.keep, settings.engine.data_dir), (7, directory.path().to_owned()));
    write("data_dir = '/elsewhere'");
    assert!(resolve(&at_home, &nothing).unwrap_err().to_string().contains("data_dir"));
}

#[test]
fn the_environment_names_the_data_directory() {
    let environment = |name: &str| (name == "HONGNIANG_DATA_DIR").then(|| "/srv/h".to_owned());
    assert_eq!(resolve(&overrides(), &environment).unwrap().engine.data_dir, PathBuf::from("/srv/h"));
}

#[test]
fn a_demonstration_is_moved_by_a_flag_alone() {
    let environment = |name: &str| match name {
        "HONGNIANG_DATA_DIR" => Some("/srv/h".to_owned()),
        "HONGNIANG_DATABASE_URL" => Some("sqlite:///srv/h/hongniang.db".to_owned()),
        "HONGNIANG_MATCHING_KEEP" => Some("8".to_owned()),
        _ => None,
    };
    let text = "data_dir = '/srv/h'\ndatabase_url = 'sqlite:///srv/h/hongniang.db'\nmatching.runs = 7";
    let (_directory, chosen) = file(text);
    let demo = Overrides { own_state: true, default_data_dir: "./demo".into(), ..chosen };
    let settings = resolve(&demo, &environment).unwrap().engine;
    assert_eq!((settings.data_dir, settings.database_url), (PathBuf::from("./demo"), None));
    assert_eq!((settings.matching.keep, settings.matching.runs), (8, 7));
    let moved = Overrides { data_dir: Some("./there".into()), ..demo };
    assert_eq!(resolve(&moved, &environment).unwrap().engine.data_dir, PathBuf::from("./there"));
}

#[test]
fn the_password_of_the_database_is_never_shown() {
    let url = "postgres://hongniang:geheim@db/hongniang";
    let environment = |name: &str| (name == "HONGNIANG_DATABASE_URL").then(|| url.to_owned());
    let settings = resolve(&overrides(), &environment).unwrap();
    assert_eq!(settings.engine.database_url.as_ref().map(engine::DatabaseUrl::as_str), Some(url));
    let flag = Overrides { database_url: Some(url.to_owned().into()), ..overrides() };
    let shown = format!("{settings:?} {flag:?}");
    assert!(shown.contains("postgres:…") && !shown.contains("geheim"), "{shown}");

    for text in
        [format!("database_url = {url}"), format!("database_url = '{url}"), format!("database-url = [{url}")]
    {
        let said = complaint(&text);
        assert!(said.contains("database_url") && !said.contains("geheim"), "{said}");
    }
}

#[test]
fn what_was_learned_lies_between_the_defaults_and_the_operator() {
    let directory = tempfile::tempdir().unwrap();
    let at_home = Overrides { data_dir: Some(directory.path().to_owned()), ..overrides() };
    let write = |text: &str| {
        fs::create_dir_all(directory.path().join("learned")).unwrap();
        let note = "[learned]\nat = '2026-11-21T02:30:00Z'\nneeds = 60\nheld_back = 24\njudgements = 840\nfeedback = 35\nndcg_before = 0.6\nndcg_after = 0.7\n";
        fs::write(directory.path().join("learned/weights.toml"), format!("{note}{text}")).unwrap();
    };
    assert_eq!(resolve(&at_home, &nothing).unwrap().engine.learned, None);
    write("[ranking.features]\nregion = 0.31\nfield = 0.32\ncapacity = 0.33\n");
    fs::write(directory.path().join("hongniang.toml"), "[ranking.features]\nfield = 0.01").unwrap();
    let environment = |name: &str| (name == "HONGNIANG_RANKING_FEATURES_CAPACITY").then(|| "0.02".to_owned());
    let settings = resolve(&at_home, &environment).unwrap();
    let features = settings.engine.weights.features;
    assert_eq!(
        (features.region, features.field, features.capacity, features.industry),
        (0.31, 0.01, 0.02, 0.08)
    );
    assert_eq!(settings.engine.learned.map(|note| note.needs), Some(60));
    assert_eq!(settings.pinned.into_iter().collect::<Vec<_>>(), ["capacity", "field"]);
    let without = Overrides { without_learned: true, ..at_home.clone() };
    assert_eq!(resolve(&without, &nothing).unwrap().engine.weights.features.region, 0.15);

    for bad in [
        "[ranking.features]\nreligion = 1.0",
        "[ranking.features]\nregion = -1.0",
        "[server]\nbind = 'x'",
        "[ranking",
    ] {
        write(bad);
        let error = resolve(&at_home, &nothing).unwrap_err();
        assert!(error.chain().any(|cause| cause.is::<Misuse>()), "{bad}: {error:#}");
    }
}

#[test]
fn what_is_unknown_is_named() {
    assert!(complaint("sever = 1").contains("“sever”"));
    assert!(complaint("[ranking.features]\nreligion = 0.1").contains("“ranking.features.religion”"));
}

#[test]
fn a_misspelt_variable_is_named() {
    let names =
        ["PATH", "HONGNIANG_CONFIG", "HONGNIANG_SEVER_BIND", "HONGNIANG_SERVER_BIND", "HONGNIANG_DATA_DIR"];
    let unknown = Configuration::unknown_variables(names.map(str::to_owned).into_iter()).unwrap();
    assert_eq!(unknown, ["HONGNIANG_SEVER_BIND"]);
}

#[test]
fn what_has_the_wrong_type_is_named() {
    assert!(complaint("[matching]\nkeep = 'many'").contains("“matching.keep”应为整数"));
    assert!(complaint("server = 3").contains("“server”应为一节"));
    let environment = |name: &str| (name == "HONGNIANG_MATCHING_KEEP").then(|| "many".to_owned());
    let error = resolve(&overrides(), &environment).unwrap_err();
    assert!(error.to_string().contains("HONGNIANG_MATCHING_KEEP"));
}

#[test]
fn what_is_out_of_bounds_is_named() {
    assert!(complaint("[operations]\nat_once = 0").contains("“operations.at_once”至少为 1"));
    assert!(complaint("[operations]\nat_once = 65").contains("“operations.at_once”最多为 64"));
    assert!(complaint("[index]\nforget_after_days = 0").contains("“index.forget_after_days”至少为 1"));
    assert!(complaint("[matching]\nkeep = 0").contains("“matching.keep”"));
    assert!(complaint("[matching]\nkeep = -1").contains("keep"));
    assert!(complaint("[ranking]\nhalf_relevance = 0.0").contains("“ranking.half_relevance”"));
    assert!(complaint("[ranking.features]\nregion = -0.1").contains("“ranking.features.region”"));
    assert!(complaint("[ranking.features]\nregion = nan").contains("“ranking.features.region”"));
    assert!(
        complaint("[ranking.candidate.areas.title]\nb = 1.1").contains("“ranking.candidate.areas.title.b”")
    );
    assert!(complaint("[ranking]\ncrossing = 5.0").contains("“ranking.crossing”"));
    assert!(complaint("[ranking.pieces]\npower = 0.5").contains("“ranking.pieces.power”应为 1 到 100"));
    assert!(complaint("[ranking.pieces]\nmost = 0").contains("“ranking.pieces.most”至少为 1"));
    assert!(complaint("[server]\nbody_seconds = 0").contains("“server.body_seconds”"));
    assert!(
        complaint("[server]\nimport_seconds = 9223372036854775807").contains("“server.import_seconds”最多为")
    );
    assert!(complaint("[server]\nmax_imports = 0").contains("“server.max_imports”"));
    assert!(complaint("[audit]\nkeep_days = 182").contains("“audit.keep_days”至少为 183"));
    assert!(complaint("[log]\nformat = 'xml'").contains("format"));
}

#[test]
fn no_weight_is_larger_than_anybody_could_mean_and_its_place_is_named() {
    for (text, name) in [
        ("[ranking.features]\nregion = 1e6", "ranking.features.region"),
        ("[ranking.meaning]\nweight = 1001.0", "ranking.meaning.weight"),
        ("[ranking]\npeers = 1.5", "ranking.peers"),
        ("[ranking]\nbackground = 2.0", "ranking.background"),
        ("[ranking]\nhalf_relevance = 1.5", "ranking.half_relevance"),
    ] {
        let said = complaint(text);
        assert!(said.contains("其他.toml：设置“") && said.contains(&format!("“{name}”应为 ")), "{said}");
    }
    let environment = |name: &str| (name == "HONGNIANG_RANKING_PEERS").then(|| "-1".to_owned());
    let said = resolve(&overrides(), &environment).unwrap_err().to_string();
    assert!(
        said.starts_with("环境变量 HONGNIANG_RANKING_PEERS：设置“ranking.peers”应为 0 到 1 之间"),
        "{said}"
    );
    assert!(complaint("[log]\nlevel = 'loud'").contains("日志级别“loud”无效"));
    assert!(
        complaint("[log]\nformat = 'xml'").contains("设置“log.format”：不认识的值“xml”，可用：text、json")
    );
    let said = complaint("[ranking]\npeers 1");
    assert!(said.contains("第 2 行") && said.contains("写法有误"), "{said}");
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let missing = Overrides { config: Some("/没有/这个.toml".into()), ..overrides() };
    assert!(resolve(&missing, &nothing).unwrap_err().to_string().contains("/没有/这个.toml"));
    assert!(complaint("这不是").contains("不是有效的 TOML"));
}

#[test]
fn the_metrics_are_off_until_an_address_is_named_and_never_where_the_api_is() {
    let metrics = |text: &str| {
        let (_directory, chosen) = file(text);
        resolve(&chosen, &nothing).unwrap().metrics
    };
    assert_eq!(metrics(""), None);
    assert_eq!(metrics("[metrics]\nlisten = '127.0.0.1:9464'").as_deref(), Some("127.0.0.1:9464"));
    for (bind, listen) in [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("0.0.0.0:8080", "127.0.0.1:8080"),
        ("[::]:9464", "127.0.0.1:9464"),
        ("localhost:9464", "127.0.0.1:9464"),
    ] {
        let said = complaint(&format!("[server]\nbind = '{bind}'\n[metrics]\nlisten = '{listen}'"));
        assert!(said.contains("metrics.listen") && said.contains("端口相同"), "{said}");
    }
    assert!(complaint("[metrics]\nlisten = '9464'").contains("127.0.0.1:9464"));
    // Ports that the system chooses are different ones.
    assert!(metrics("[server]\nbind = '127.0.0.1:0'\n[metrics]\nlisten = '127.0.0.1:0'").is_some());
}

#[test]
fn connections_have_a_limit() {
    let connections = |text: &str| {
        let (_directory, chosen) = file(text);
        resolve(&chosen, &nothing).unwrap().server.connections
    };
    assert_eq!((connections(""), connections("[server]\nmax_connections = 7")), (4_096, 7));
    assert!(complaint("[server]\nmax_connections = 0").contains("server.max_connections"));
    assert!(complaint("[server]\nmax_connections = 100001").contains("server.max_connections"));
}
