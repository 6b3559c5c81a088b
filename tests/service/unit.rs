//! Properties: the unit is one that systemd understands, and fits what the program does by default.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn unit() -> String {
    fs::read_to_string(root().join("deploy/hongniang.service")).unwrap()
}

fn value<'a>(unit: &'a str, name: &str) -> &'a str {
    let found: Vec<&str> =
        unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0]
}

/// A default, as the example tells it.
fn default(name: &str) -> u64 {
    let example = fs::read_to_string(root().join("hongniang.example.toml")).unwrap();
    let line = example.lines().find_map(|line| line.strip_prefix(&format!("# {name} = ")).map(str::to_owned));
    line.unwrap().parse().unwrap()
}

#[test]
fn systemd_understands_the_unit() {
    let Ok(version) = Command::new("systemd-analyze").arg("--version").output() else {
        eprintln!("skipped: there is no systemd-analyze");
        return;
    };
    assert!(version.status.success());
    // What it starts must be there, so the program stands in for what is installed.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("hongniang");
    fs::copy(env!("CARGO_BIN_EXE_hongniang"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let unit = unit();
    let installed = value(&unit, "ExecStart").split(' ').next().unwrap().to_owned();
    let file = folder.path().join("hongniang.service");
    fs::write(&file, unit.replace(&installed, program.to_str().unwrap())).unwrap();
    let verified = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    // It also looks at the units of the machine; only what it says of ours counts.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("hongniang")).collect();
    assert!(ours.is_empty(), "{said}");
    fs::write(
        &file,
        unit.replace(&installed, program.to_str().unwrap()).replace("NoNewPrivileges", "NoNewPrivilege"),
    )
    .unwrap();
    let wrong = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output().unwrap();
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("NoNewPrivilege"), "it would say what is wrong");
}

#[test]
fn the_unit_fits_the_program() {
    let unit = unit();
    // Requests, then the indexer, then the database's last checkpoint.
    let stop: u64 = value(&unit, "TimeoutStopSec").parse().unwrap();
    assert!(stop >= default("shutdown_seconds") + 10 + 15, "{stop}");
    let files: u64 = value(&unit, "LimitNOFILE").parse().unwrap();
    assert!(files >= default("max_connections") + 512, "{files}");
    assert_eq!((value(&unit, "Type"), value(&unit, "Restart")), ("notify", "on-failure"));
    assert_eq!(value(&unit, "RestartPreventExitStatus"), "2", "a wrong setting stays wrong");
    let state = value(&unit, "StateDirectory");
    assert!(value(&unit, "ExecStart").contains(&format!("--data-dir /var/lib/{state}")));
}
