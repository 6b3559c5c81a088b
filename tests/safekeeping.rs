//! What keeps the data safe, as an operator meets it: contacts shown on record, keys changed, the audit log read and verified, backups
//! made beside a service and put back.
//!
//! Properties: a contact is shown only with a purpose, which is on record before; a log that was tampered with ends with 3; a backup made
//! while others write is one moment and, restored, agrees with its index; nothing is put in place that is not whole, and what was there
//! before stays.
#![allow(clippy::unwrap_used, reason = "tests")]

mod house;

use std::fs;
use std::io::{Read, Write};
#[cfg(unix)]
use std::process::{Command, Stdio};
#[cfg(unix)]
use std::time::Duration;

use house::{House, holding};
use serde_json::json;

fn with_needs(count: u32) -> House {
    let house = House::new();
    house.write("需求.jsonl", &House::needs(1, count + 1));
    house.ends(0, &["import", "needs", "需求.jsonl"]);
    house
}

#[test]
fn a_contact_is_shown_only_with_a_purpose_and_that_is_on_record() {
    let house = with_needs(3);
    house.ends(2, &["contacts", "show", "need-2"]);
    house.ends(1, &["contacts", "show", "need-2", "--purpose", "x"]);
    house.ends(1, &["contacts", "show", "need-9", "--purpose", "核对"]);
    assert_eq!(house.json(&["audit", "list", "--action", "contact.reveal"]), json!([]));
    let shown = house.json(&["contact", "show", "XQ-2", "--purpose", "通知参会 13900001111"]);
    assert_eq!((&shown["mobile"], &shown["person"]), (&json!("13800000002"), &json!("王建国")));
    let rows = house.json(&["audit", "list", "--record", "need-2"]);
    assert_eq!(rows[0]["action"], "contact.reveal");
    assert_eq!(rows[0]["detail"]["purpose"], "通知参会 ***");
    assert_eq!(rows[0]["actor_kind"], "command_line");
    assert!(!rows[0]["actor"].as_str().unwrap().is_empty());
    assert_eq!(holding(&house.data(), &["13800000002", "王建国"]), [""; 0]);
}

#[test]
fn keys_are_changed_beside_a_service_and_a_lost_ring_is_named() {
    let house = with_needs(30);
    let service = house.serve();
    let before = house.json(&["contacts", "keys"]);
    let rotated = house.json(&["contacts", "rotate"]);
    assert_eq!((&rotated["new"], &rotated["contacts"]), (&json!(true), &json!(30)));
    let after = house.json(&["contacts", "keys"]);
    assert_eq!((&after[0]["id"], &after[0]["contacts"]), (&before[0]["id"], &json!(0)));
    assert_eq!((&after[1]["id"], &after[1]["contacts"]), (&rotated["key"], &json!(30)));
    drop(service);
    let ring = house.data().join("keys/contacts.keys");
    fs::rename(&ring, house.path("contacts.keys")).unwrap();
    let (_, err) = house.ends(1, &["search", "needs"]);
    assert!(err.contains("密钥环") && err.contains("contacts.keys"), "{err}");
    let mut elsewhere = house.command(&["contacts", "show", "need-7", "--purpose", "核对"]);
    let output = elsewhere.env("HONGNIANG_CONTACTS_KEYRING", "contacts.keys").output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("13800000007"));
}

#[test]
fn the_audit_log_is_listed_exported_and_verified_and_tampering_shows() {
    let house = with_needs(3);
    house.ends(0, &["contacts", "show", "need-1", "--purpose", "通知参会"]);
    let report = house.json(&["audit", "verify"]);
    assert_eq!((&report["faults"], &report["rows"]), (&json!([]), &json!(2)));
    let head = report["head"]["hash"].as_str().unwrap();
    let (listed, _) = house.ends(0, &["audit", "list"]);
    assert!(listed.contains("批量导入") && listed.contains("查看联系方式 need-1"), "{listed}");

    house.ends(2, &["audit", "export", "审计.xlsx"]);
    house.ends(0, &["audit", "export", "审计.csv"]);
    let table = fs::read_to_string(house.path("审计.csv")).unwrap();
    assert!(table.starts_with("\u{feff}序号,时间,") && table.lines().count() == 4, "{table}");
    let exported = house.json(&["audit", "export", "审计.jsonl", "--action", "contact.reveal"]);
    assert_eq!(exported["rows"], 1);
    assert_eq!(fs::read_to_string(house.path("审计.jsonl")).unwrap().lines().count(), 1);
    assert_eq!(house.json(&["audit", "cut"])["rows"], 0);
    let (said, _) = house.ends(0, &["audit", "verify", "--head", head]);
    assert!(said.contains("抄存的哈希在日志中"), "{said}");
    house.ends(3, &["audit", "verify", "--head", &"0".repeat(64)]);

    // One letter in the file, of the oldest row that holds the word: pages are filled from their end.
    let file = house.data().join("hongniang.db");
    let mut bytes = fs::read(&file).unwrap();
    let word = b"contact.reveal";
    let at = bytes.windows(word.len()).rposition(|window| window == word).unwrap();
    bytes[at + 8] = b'R';
    fs::write(&file, bytes).unwrap();
    let (said, _) = house.ends(3, &["audit", "verify"]);
    assert!(said.contains("第 2 条：内容与其哈希不符"), "{said}");
}

#[test]
fn a_log_whose_guards_are_gone_is_told_of() {
    let house = with_needs(1);
    house.ends(0, &["audit", "verify"]);
    // As anybody who can write the file may: the name of the trigger, wherever the schema has it.
    let file = house.data().join("hongniang.db");
    let mut bytes = fs::read(&file).unwrap();
    let name = b"audit_is_never_changed";
    let places: Vec<usize> =
        (0..bytes.len() - name.len()).filter(|at| bytes[*at..].starts_with(name)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + 5].copy_from_slice(b"xudit");
    }
    fs::write(&file, bytes).unwrap();
    let (said, _) = house.ends(3, &["audit", "verify"]);
    assert!(said.contains("触发器不全（缺 audit_is_never_changed）") && said.contains("前后相连"), "{said}");
}

#[test]
fn a_backup_replaces_no_file_in_passing() {
    let house = with_needs(1);
    house.ends(0, &["backup", "备份.zip"]);
    let first = fs::read(house.path("备份.zip")).unwrap();
    let (_, said) = house.ends(1, &["backup", "备份.zip"]);
    assert!(said.contains("已存在") && said.contains("--replace"), "{said}");
    assert_eq!(fs::read(house.path("备份.zip")).unwrap(), first);
    house.ends(0, &["backup", "备份.zip", "--replace"]);
    assert_ne!(fs::read(house.path("备份.zip")).unwrap(), first);
    fs::create_dir(house.path("文件夹")).unwrap();
    let (_, said) = house.ends(1, &["backup", "文件夹", "--replace"]);
    assert!(said.contains("不是普通文件"), "{said}");
    fs::write(house.path("坏.zip"), "x").unwrap();
    let (_, said) = house.ends(1, &["restore", "坏.zip", "--data-dir", "新"]);
    assert!(said.contains("不是完整的 zip 文件") && !said.contains("EOCD"), "{said}");
}

#[test]
fn a_database_that_was_lost_is_not_taken_for_a_new_one() {
    let house = with_needs(1);
    let (file, list) = (house.data().join("hongniang.db"), house.data().join("erasures"));
    let whole = fs::read(&file).unwrap();
    fs::write(&file, "").unwrap();
    let (_, said) = house.ends(1, &["search", "needs", "焊接"]);
    assert!(said.contains("是空的") && said.contains("restore"), "{said}");
    fs::write(&file, "x".repeat(whole.len())).unwrap();
    let (_, said) = house.ends(1, &["search", "needs", "焊接"]);
    assert!(
        said.contains("已损坏") && said.contains("restore") && !said.contains("error returned"),
        "{said}"
    );
    fs::write(&file, whole).unwrap();
    fs::write(&list, "\nnonsense\n").unwrap();
    let (_, said) = house.ends(1, &["search", "needs", "焊接"]);
    assert!(said.contains("第 2 行无法识别"), "{said}");
    fs::remove_file(&list).unwrap();
    house.ends(0, &["search", "needs", "焊接"]);
}

#[test]
fn whoever_was_erased_is_said_to_be_and_what_is_left_to_do_is_done() {
    let house = House::new();
    house.write("专家.jsonl", &[json!({"external_id": "ZJ-1", "name": "甲"})]);
    house.ends(0, &["import", "experts", "专家.jsonl"]);
    house.ends(0, &["erase", "person", "--expert", "ZJ-1", "--yes"]);
    for name in ["ZJ-1", "expert-1"] {
        let (said, _) = house.ends(0, &["erase", "person", "--expert", name, "--yes"]);
        assert!(said.contains("此前已经删除") && said.contains("不再留有"), "{said}");
    }
    house.ends(1, &["erase", "person", "--expert", "ZJ-2", "--yes"]);
}

/// What the program makes, it makes for its owner, whatever the umask.
#[cfg(unix)]
#[test]
fn a_new_data_directory_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let house = with_needs(1);
    let mode = fs::metadata(house.data()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    house.ends(0, &["backup", "备份.zip"]);
    assert_eq!(fs::metadata(house.path("备份.zip")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_backup_made_while_others_write_comes_back_whole() {
    let house = with_needs(200);
    fs::create_dir_all(house.data().join("dictionaries")).unwrap();
    fs::write(house.data().join("dictionaries/terms.txt"), "气孔控制\n").unwrap();
    fs::write(house.data().join("hongniang.toml"), "[matching]\nkeep = 7\n").unwrap();
    let _service = house.serve();
    let expert = |at: u32| json!({"external_id": format!("ZJ-{at}"), "name": format!("专家{at}"), "projects": ["气孔控制"]});
    house.write("专家.jsonl", &(0..60_000).map(expert).collect::<Vec<_>>());
    let mut import = house.command(&["import", "experts", "专家.jsonl"]).spawn().unwrap();
    let mut made = Vec::new();
    while import.try_wait().unwrap().is_none() {
        let name = format!("备份-{}.zip", made.len());
        made.push((house.json(&["backup", &name]), name));
    }
    assert!(import.wait().unwrap().success());
    let counts: Vec<u64> =
        made.iter().map(|(report, _)| report["records"]["experts"].as_u64().unwrap()).collect();
    assert!(counts.is_sorted() && counts[0] < 60_000, "{counts:?}");
    assert!(counts.iter().all(|count| count % 1_000 == 0), "whole batches: {counts:?}");
    let (report, name) = &made[0];
    assert!(
        fs::read_dir(house.data())
            .unwrap()
            .all(|entry| { !entry.unwrap().file_name().to_string_lossy().starts_with(".backup-") })
    );
    assert_eq!(holding(&house.path(""), &["13800000001"]).len(), 1, "the imported file alone");

    // Without the keys there is no way to the contacts.
    let (_, err) = house.ends(1, &["restore", name, "--data-dir", "新"]);
    assert!(
        err.contains("密钥环")
            && err.contains("keys/contacts.keys")
            && !house.path("新/hongniang.db").exists(),
        "{err}"
    );
    fs::create_dir_all(house.path("新/keys")).unwrap();
    fs::copy(house.data().join("keys/contacts.keys"), house.path("新/keys/contacts.keys")).unwrap();
    let restored = house.json(&["restore", name, "--data-dir", "新"]);
    assert_eq!(restored["records"], json!(200 + counts[0]));
    assert_eq!((&restored["audit_faults"], &restored["previous"]), (&json!(0), &json!(null)));
    house.ends(0, &["index", "verify", "--data-dir", "新"]);
    let head = report["audit_head"][1].as_str().unwrap();
    house.ends(0, &["audit", "verify", "--head", head, "--data-dir", "新"]);
    let shown = house.json(&["contacts", "show", "need-200", "--purpose", "核对", "--data-dir", "新"]);
    assert_eq!(shown["mobile"], "13800000200");
    for file in ["dictionaries/terms.txt", "hongniang.toml"] {
        assert_eq!(
            fs::read(house.path("新").join(file)).unwrap(),
            fs::read(house.data().join(file)).unwrap()
        );
    }
}

#[test]
fn nothing_is_put_in_place_that_is_not_whole_and_nothing_is_lost() {
    let house = with_needs(5);
    house.ends(0, &["backup", "好.zip"]);
    house.write("又.jsonl", &House::needs(6, 8));
    house.ends(0, &["import", "needs", "又.jsonl"]);
    let total = |data: &str| house.json(&["search", "needs", "--data-dir", data])["total"].clone();

    let (_, err) = house.ends(1, &["restore", "好.zip"]);
    assert!(err.contains("--replace"), "{err}");
    let good = fs::read(house.path("好.zip")).unwrap();
    let third = good.len() / 3;
    for (name, bytes) in [
        ("短.zip", good[..good.len() - 100].to_vec()),
        ("坏.zip", [&good[..third], &[good[third] ^ 1], &good[third + 1..]].concat()),
        ("空.zip", Vec::new()),
        ("换.zip", with_another_database(&good)),
    ] {
        fs::write(house.path(name), bytes).unwrap();
        let (_, err) = house.ends(1, &["restore", name, "--replace"]);
        assert!(err.contains("错误："), "{name}: {err}");
        assert_eq!(total("hongniang-data"), 7, "{name}");
    }
    let (_, err) = house.ends(1, &["restore", "好.zip", "--replace", "--database-url", "sqlite:///tmp/x.db"]);
    assert!(err.contains("数据库地址"), "{err}");
    {
        let _service = house.serve();
        let (_, err) = house.ends(1, &["restore", "好.zip", "--replace"]);
        assert!(err.contains("已有一个服务在运行"), "{err}");
    }
    let left: Vec<_> =
        fs::read_dir(house.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".hongniang")), "{left:?}");

    let restored = house.json(&["restore", "好.zip", "--replace"]);
    assert_eq!(total("hongniang-data"), 5);
    let previous = restored["previous"].as_str().unwrap();
    assert_eq!(total(previous), 7, "what was there before is kept");
    house.ends(0, &["index", "verify"]);
    assert_eq!(house.json(&["audit", "list", "--action", "backup.restore"])[0]["result"], "done");
}

/// Keys and addresses that were taken away after the backup stay so; and where nothing tells of them, whoever restores hears who is let in.
#[test]
fn what_was_revoked_since_a_backup_stays_revoked() {
    let house = with_needs(3);
    let made = |holder: &str| {
        let make = ["keys", "create", "--holder", holder, "--purpose", "汇总", "--all"];
        house.json(&make)["id"].as_str().unwrap().to_owned()
    };
    let (kept, lost) = (made("甲平台"), made("乙平台"));
    let address = |key: &str, url: &str| {
        house.ends(0, &["webhooks", "add", "--key", key, "--url", url, "--events", "run.published"])
    };
    address(&kept, "https://a.example.cn/events");
    address(&kept, "https://b.example.cn/events");
    let settings = house.data().join("hongniang.toml");
    fs::write(&settings, "[access.others]\nneeds = \"full\"\n").unwrap();
    house.ends(0, &["backup", "旧.zip"]);
    fs::write(&settings, "[access.others]\nneeds = \"hidden\"\n").unwrap();
    house.ends(0, &["keys", "revoke", &lost]);
    house.ends(0, &["webhooks", "remove", "webhook-1"]);
    let after = made("丙平台");

    let restored = house.json(&["restore", "旧.zip", "--replace"]);
    assert_eq!(restored["compared"], true, "{restored}");
    assert_eq!(
        (&restored["revoked_keys"], &restored["removed_webhooks"]),
        (&json!([lost]), &json!(["webhook-1"]))
    );
    assert_eq!(restored["live_keys"][0]["id"], json!(kept), "{restored}");
    let aside = restored["settings_aside"].as_str().unwrap();
    let says = |file: &std::path::Path| fs::read_to_string(file).unwrap();
    assert!(says(&settings).contains("hidden") && says(aside.as_ref()).contains("full"), "{aside}");
    #[cfg(unix)]
    {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(house.data()).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o700, "its owner's alone, as before");
    }
    let keys = house.json(&["keys", "list"]);
    let state = |at: usize| (keys[at]["id"].clone(), keys[at]["state"].clone());
    assert_eq!((state(0), state(1)), ((json!(kept), json!("live")), (json!(lost), json!("revoked"))));
    assert_eq!(house.json(&["webhooks", "list"]).as_array().unwrap().len(), 1);
    for action in ["key.revoke", "webhook.remove"] {
        assert_eq!(
            house.json(&["audit", "list", "--action", action]).as_array().unwrap().len(),
            1,
            "{action}"
        );
    }
    house.ends(0, &["audit", "verify"]);
    assert_ne!(made("丁平台"), after, "its number stands in the log for another key");

    // The database that is replaced cannot be read.
    fs::write(house.data().join("hongniang.db"), "no database").unwrap();
    let (said, _) = house.ends(0, &["restore", "旧.zip", "--replace"]);
    assert!(said.contains("被替换的数据库无法读取") && said.contains("跳过 100000 个"), "{said}");
    assert!(said.contains("hongniang audit export"), "{said}");
    for key in [&kept, &lost] {
        assert!(said.contains(&format!("{key}  ")), "{said}");
    }
    // There is none.
    fs::create_dir_all(house.path("新/keys")).unwrap();
    fs::copy(house.data().join("keys/contacts.keys"), house.path("新/keys/contacts.keys")).unwrap();
    let (said, _) = house.ends(0, &["restore", "旧.zip", "--data-dir", "新"]);
    assert!(said.contains("乙平台  到期") && said.contains("hongniang keys revoke"), "{said}");
    assert!(said.contains("计入的删除名单：备份里的（0 条）"), "{said}");
}

/// What a killed restore or backup leaves is a copy of the whole database; it goes with the next command that copies or erases, and one that is being
/// made stays.
#[cfg(unix)]
#[test]
fn a_copy_that_nobody_makes_any_more_goes() {
    let house = with_needs(2_000);
    house.ends(0, &["backup", "旧.zip"]);
    let copies = || {
        let entries = fs::read_dir(house.path("")).unwrap().map(|entry| entry.unwrap());
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(".hongniang-")).collect::<Vec<_>>()
    };
    let signal = |child: &std::process::Child, signal: &str| {
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    };
    let begun = || {
        let mut restore = house.command(&["restore", "旧.zip", "--replace"]);
        let mut child = restore.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while copies().is_empty() {
            assert!(child.try_wait().unwrap().is_none(), "it has ended");
            std::thread::sleep(Duration::from_millis(1));
        }
        child
    };
    let leave_one = || {
        let mut child = begun();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(copies().len(), 1, "the kill has left one");
    };
    leave_one();
    house.ends(0, &["backup", "又.zip"]);
    assert_eq!(copies(), [""; 0], "the next backup takes it away");
    leave_one();
    fs::write(house.path(".hongniang-backup-x"), "half an archive").unwrap();
    house.ends(0, &["erase", "person", "--record", "XQ-1", "--yes"]);
    assert_eq!(copies(), [""; 0], "so does erasing");

    let mut living = begun();
    signal(&living, "-STOP");
    let before = copies();
    house.ends(0, &["backup", "三.zip"]);
    assert_eq!(copies(), before, "one that is being made stays");
    signal(&living, "-CONT");
    assert!(living.wait().unwrap().success());
    assert_eq!(copies(), [""; 0]);
    house.ends(0, &["index", "verify"]);
}

/// A sound archive whose database is not the one that its manifest tells of.
fn with_another_database(good: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(good)).unwrap();
    let mut changed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if name == "hongniang.db" {
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
        }
        changed.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        changed.write_all(&bytes).unwrap();
    }
    changed.finish().unwrap().into_inner()
}
