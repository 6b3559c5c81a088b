//! A person erased is nowhere: not in the database and its journals, not in the indexes, not in what was stored of matches; and does not
//! come back with an older backup or the next import.
//!
//! The files are read as anybody could read them: their bytes, and the packed dictionaries of the indexes term by term. Before the erasure
//! the same reading finds the person, else it would prove nothing.
#![allow(clippy::unwrap_used, reason = "tests")]

mod house;
#[path = "support/terms.rs"]
mod terms_of_files;

use std::fs;

use house::{House, holding};
use serde_json::{Value, json};
use terms_of_files::terms;

const NAME: &str = "欧阳龘爨";
/// What stands in the files letter by letter: name, telephone, address, project, achievement of nobody else.
const MARKS: [&str; 5] = [NAME, "13766554433", "ouyang.mark@example.com", "超临界萃取毛细管", "ZJ-MARK"];
/// What stands in the dictionaries of an index: pieces of texts and of the name.
const TERMS: [&str; 4] = ["龘", "爨", "毛细", "欧阳"];

fn person() -> Value {
    json!({
        "external_id": "ZJ-MARK",
        "name": NAME,
        "professional_title": "教授",
        "organisation": "皖东工业研究院",
        "research_directions": ["激光焊接", "超临界萃取毛细管"],
        "bio": "欧阳龘爨长期研究超临界萃取毛细管与激光焊接气孔控制",
        "projects": ["超临界萃取毛细管关键技术", "铝壳激光焊接气孔控制"],
        "contact": {"mobile": MARKS[1], "email": MARKS[2]},
    })
}

fn registries(house: &House) {
    let other = |at: u32| {
        json!({
            "external_id": format!("ZJ-{at}"),
            "name": format!("专家{at}"),
            "organisation": "闽北大学",
            "research_directions": ["激光焊接"],
            "projects": [format!("铝壳激光焊接气孔控制第{at}期")],
        })
    };
    let mut experts: Vec<Value> = (0..10).map(other).collect();
    experts.insert(7, person());
    house.write("专家.jsonl", &experts);
    let achievements = [
        json!({
            "external_id": "CG-1",
            "title": "焊缝气孔在线检测装置",
            "inventors": [{"name": NAME, "expert": "ZJ-MARK"}, {"name": "专家3", "expert": "ZJ-3"}],
        }),
        json!({
            "external_id": "CG-2",
            "title": "铝壳焊接夹具",
            "owner": "皖东工业研究院",
            "inventors": [{"name": NAME}],
        }),
    ];
    house.write("成果.jsonl", &achievements);
    house.write("需求.jsonl", &House::needs(1, 4));
    for (kind, file) in [("needs", "需求.jsonl"), ("experts", "专家.jsonl"), ("achievements", "成果.jsonl")]
    {
        house.ends(0, &["import", kind, file]);
    }
    // A changed record leaves its older version behind.
    let mut changed = person();
    changed["bio"] = json!("欧阳龘爨");
    house.write("一人.jsonl", &[changed]);
    house.ends(0, &["import", "experts", "一人.jsonl"]);
}

/// What is stored of a match with the person: a run, feedback with a remark, and a campaign.
fn matches(house: &House) {
    let answer = house.json(&["match", "--need", "XQ-1", "--limit", "30"]);
    assert!(answer.to_string().contains(NAME), "{answer}");
    house.ends(0, &["rematch", "--date", "2026-11-21"]);
    let feedback = ["feedback", "add", "--need", "XQ-1", "--decision", "accepted", "--candidate"];
    house.ends(0, &[&feedback[..], &["ZJ-MARK", "--comment", "欧阳龘爨已到厂"]].concat());
    house.ends(0, &[&feedback[..], &["ZJ-3", "--comment", "由欧阳龘爨推荐"]].concat());
    house.ends(0, &["plan", "new", "--name", "欧阳龘爨牵头的活动"]);
    house.ends(0, &["plan", "lock", "1", "XQ-1", "ZJ-MARK", "--reason", "欧阳龘爨已答应"]);
    house.ends(0, &["plan", "lock", "1", "XQ-2", "ZJ-3", "--reason", "由欧阳龘爨推荐"]);
    assert!(house.json(&["plan", "show", "1"]).to_string().contains("ZJ-MARK"));
}

/// Nothing of the person is to be found by any way that there is.
fn is_nowhere(house: &House, data: &str) {
    let folder = house.path(data);
    assert_eq!(holding(&folder, &MARKS), [""; 0]);
    assert_eq!(terms(&folder, &TERMS), [""; 0]);
    let at = |arguments: &[&str]| house.json(&[arguments, &["--data-dir", data]].concat());
    assert_eq!(at(&["search", "experts", NAME])["total"], 0);
    assert_eq!(at(&["search", "achievements", NAME])["total"], 0);
    assert!(!at(&["match", "--need", "XQ-1"]).to_string().contains("龘"));
    assert!(!at(&["feedback", "list"]).to_string().contains("龘"));
    house.ends(0, &["index", "verify", "--data-dir", data]);
    house.ends(0, &["audit", "verify", "--data-dir", data]);
    assert_eq!(holding(&folder, &MARKS), [""; 0], "nor after all that was looked for");
}

#[test]
fn a_person_erased_is_in_no_file_and_comes_back_neither_by_backup_nor_by_import() {
    let house = House::new();
    registries(&house);
    house.ends(0, &["backup", "旧.zip"]);
    matches(&house);
    let (before, packed) = (holding(&house.data(), &MARKS), terms(&house.data(), &TERMS));
    for mark in [MARKS[0], MARKS[3], MARKS[4]] {
        assert!(before.iter().any(|found| found.ends_with(mark)), "{mark}: {before:?}");
    }
    for term in TERMS {
        assert!(packed.iter().any(|found| found.contains(term)), "{term}: {packed:?}");
    }

    let (planned, _) =
        house.ends(0, &["erase", "person", "--name", NAME, "--organisation", "皖东工业研究院"]);
    assert!(planned.contains("achievement-1、achievement-2") && planned.contains("还没有删除"), "{planned}");
    assert_eq!(house.json(&["search", "experts", NAME])["total"], 1);
    let done = house.json(&["erase", "person", "--expert", "ZJ-MARK", "--yes"]);
    assert_eq!(
        (&done["files_clean"], &done["records"][0]["achievements"]),
        (&json!(true), &json!(2)),
        "{done}"
    );
    is_nowhere(&house, "hongniang-data");
    let campaign = house.json(&["plan", "show", "1"])["campaign"].clone();
    assert_eq!((&campaign["name"], &campaign["plan"]["erased"]), (&json!("***牵头的活动"), &json!(1)));
    assert_eq!(campaign["rulings"][0]["reason"], "由***推荐", "{campaign}");
    let rows = house.json(&["audit", "list", "--action", "person.erase"]);
    assert_eq!(rows[0]["record"], "expert-8", "{rows}");

    let (said, _) = house.ends(3, &["import", "experts", "专家.jsonl"]);
    assert!(said.contains("第 8 行") && said.contains("已依要求") && said.contains("拒绝 1"), "{said}");
    let (said, _) = house.ends(3, &["import", "experts", "专家.jsonl", "--all-or-nothing"]);
    assert!(said.contains("什么都没有导入"), "{said}");
    is_nowhere(&house, "hongniang-data");
    // As at every nightly sync: the source still names the person among the inventors, by identifier, and by name and organisation.
    for way in [&[][..], &["--all-or-nothing"]] {
        let (said, _) = house.ends(0, &[&["import", "achievements", "成果.jsonl"], way].concat());
        assert!(said.contains("第 1 行：完成人中有 1 人已依要求删除") && said.contains("第 2 行"), "{said}");
        assert!(said.contains("拒绝 0") && !said.contains("龘"), "{said}");
        is_nowhere(&house, "hongniang-data");
    }
    assert_eq!(house.json(&["search", "achievements", "焊缝气孔"])["total"], 1, "the achievement stays");

    // An older backup, which holds the person, over the present data; and on another machine, with the list that was kept.
    let restored = house.json(&["restore", "旧.zip", "--replace"]);
    assert_eq!(restored["erased_again"], 1, "{restored}");
    is_nowhere(&house, "hongniang-data");
    fs::create_dir_all(house.path("新机器/keys")).unwrap();
    fs::copy(house.data().join("keys/contacts.keys"), house.path("新机器/keys/contacts.keys")).unwrap();
    let list = house.data().join("erasures");
    let elsewhere = ["restore", "旧.zip", "--data-dir", "新机器", "--erasures", list.to_str().unwrap()];
    assert_eq!(house.json(&elsewhere)["erased_again"], 1);
    is_nowhere(&house, "新机器");

    let (said, _) = house.ends(0, &["import", "experts", "专家.jsonl", "--allow-erased"]);
    assert!(said.contains("新增 1"), "{said}");
    assert_eq!(house.json(&["search", "experts", NAME])["total"], 1);
    house.ends(0, &["import", "experts", "专家.jsonl"]);
}

/// The database put back by hand, without the program: the list beside it counts at the next start.
#[test]
fn a_database_that_was_copied_back_is_cleaned_at_the_next_command() {
    let house = House::new();
    registries(&house);
    let (data, kept) = (house.data().join("hongniang.db"), house.path("旧.db"));
    fs::copy(&data, &kept).unwrap();
    house.ends(0, &["erase", "person", "--expert", "ZJ-MARK", "--yes"]);
    fs::copy(&kept, &data).unwrap();
    assert_eq!(house.json(&["search", "experts", NAME])["total"], 0);
    is_nowhere(&house, "hongniang-data");
}

/// The service holds the indexes: it cleans them.
#[test]
fn a_person_is_erased_beside_a_running_service() {
    let house = House::new();
    registries(&house);
    matches(&house);
    let _service = house.serve();
    let done = house.json(&["erase", "person", "--expert", "ZJ-MARK", "--yes"]);
    assert_eq!(done["files_clean"], true, "{done}");
    assert_eq!(holding(&house.data(), &MARKS), [""; 0]);
    assert_eq!(terms(&house.data(), &TERMS), [""; 0]);
}

#[test]
fn the_contact_person_of_a_need_is_erased_and_the_need_stays() {
    let house = House::new();
    house.write("需求.jsonl", &House::needs(1, 3));
    house.ends(0, &["import", "needs", "需求.jsonl"]);
    house.ends(0, &["erase", "person", "--record", "XQ-1", "--yes"]);
    let (said, _) = house.ends(0, &["contacts", "show", "XQ-1", "--purpose", "核对"]);
    assert!(said.contains("没有联系方式"), "{said}");
    assert_eq!(house.json(&["search", "needs"])["total"], 2);
    let (said, _) = house.ends(3, &["import", "needs", "需求.jsonl"]);
    assert!(said.contains("拒绝 1") && said.contains("未变 1"), "{said}");
    house.ends(2, &["erase", "person", "--yes"]);
    house.ends(1, &["erase", "person", "--expert", "没有此人", "--yes"]);
}
