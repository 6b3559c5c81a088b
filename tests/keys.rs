//! `hongniang keys` as the operator sees it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Runs and expects this exit code; standard output, and standard error.
fn ends(home: &Path, code: i32, arguments: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
    let output = command.args(arguments).current_dir(home).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (status, out, err) = (output.status, text(output.stdout), text(output.stderr));
    assert_eq!(status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    (out, err)
}

fn json_of(home: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&ends(home, 0, arguments).0).unwrap()
}

#[test]
fn what_may_be_granted_is_told_in_full_and_a_holder_is_one_line() {
    let house = tempfile::tempdir().unwrap();
    let (help, _) = ends(house.path(), 0, &["keys", "create", "--help"]);
    for scope in domain::access::Scope::ALL {
        assert!(help.contains(scope.slug()) && help.contains(scope.label()), "{scope:?} is missing\n{help}");
    }
    let create = ["keys", "create", "--holder", "滁州\n平台", "--purpose", "汇总", "--all"];
    let (_, said) = ends(house.path(), 1, &create);
    assert!(said.contains("不能含有换行等控制字符") && !said.contains("最多"), "{said}");
}

/// A key is shown once, listed without its secret, and of no use once it is revoked; a holder has two at a time.
#[test]
fn keys_are_made_listed_and_revoked() {
    let house = tempfile::tempdir().unwrap();
    let home = house.path();
    let arguments = [
        "--holder",
        "滁州平台",
        "--purpose",
        "汇总",
        "--region",
        "滁州市",
        "--scopes",
        "needs:read,matches:run",
    ];
    let create = |more: &[&'static str]| [&["keys", "create"], more].concat();
    let (said, _) = ends(home, 0, &create(&arguments));
    let token = said.lines().last().unwrap();
    assert!(token.starts_with("hn_1_") && token.len() == 69, "{said}");
    assert!(said.contains("key-1  有效  滁州平台  安徽省滁州市"), "{said}");
    let again = json_of(home, &create(&["--holder", "滁州平台", "--all", "--days", "7", "--json"]));
    assert_eq!(
        [&again["id"], &again["region"], &again["purpose"]],
        [&json!("key-2"), &json!("341100"), &json!("汇总")]
    );
    let (_, third) = ends(home, 1, &create(&["--holder", "滁州平台", "--all"]));
    assert!(third.contains("已有 2 个有效的密钥（key-1、key-2）"), "{third}");
    let (_, other) = ends(home, 1, &create(&["--holder", "滁州平台", "--all", "--region", "合肥市"]));
    assert!(other.contains("不能改"), "{other}");

    let (revoked, _) = ends(home, 0, &["keys", "revoke", "key-1"]);
    assert!(revoked.contains("key-1  已撤销"), "{revoked}");
    ends(home, 1, &["keys", "revoke", "key-9"]);
    let (listed, _) = ends(home, 0, &["keys", "list"]);
    assert!(!listed.contains(token) && listed.contains("key-2  有效"), "{listed}");
    let listed = json_of(home, &["keys", "list", "--json"]);
    let states: Vec<&Value> = listed.as_array().unwrap().iter().map(|key| &key["state"]).collect();
    assert_eq!(states, ["revoked", "live"]);
    let kept = fs::read(home.join("hongniang-data/hongniang.db")).unwrap();
    let secret = &token.as_bytes()["hn_1_".len()..];
    assert!(!kept.windows(secret.len()).any(|bytes| bytes == secret), "the secret lies in the database");
    ends(home, 2, &create(&["--holder", "x", "--purpose", "y", "--scopes", "needs:fly"]));
    ends(home, 2, &create(&["--holder", "x", "--purpose", "y"]));
    assert!(ends(home, 1, &create(&["--holder", "x", "--all"])).1.contains("用途"));
}
