//! How the program refuses: wrong usage ends with 2 and failure with 1, each in one Chinese message without a word of the libraries'; and
//! the help, which teaches in Chinese.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use tempfile::TempDir;

struct House(TempDir);

impl House {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Runs and expects this exit code; standard output, and standard error.
    fn ends(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
        let output = command.args(arguments).current_dir(self.0.path()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        (out, err)
    }
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_wrong_in_chinese() {
    let house = House::new();
    house.write("坏.toml", "[sever]\nbind = 'x'\n");
    house.ends(0, &["migrate"]);
    let wrong: [(&[&str], &str); 17] = [
        (&["index", "verify", "--data-dir", "没有"], "没有数据目录 没有"),
        (&["serve", "--bind", "foo"], "监听地址“foo”无效"),
        (&["serch"], "不认识的命令“serch”"),
        (&["search", "专家", "--regoin", "安徽省"], "不认识的参数“--regoin”"),
        (&["search", "专甲"], "不认识的登记库“专甲”"),
        (&["search", "专家", "--limit", "0"], "--limit：应在 1 到 100 之间"),
        (&["search", "专家", "--limit", "-1"], "“-1”无效：不能是负数"),
        (&["search", "专家", "--limit", "多"], "“多”无效：应为整数"),
        (&["kindred", "--least", "0"], "“0”无效：至少为 2"),
        (&["train", "weights", "--reset", "--dry-run"], "--reset 不能与 --dry-run 同时使用"),
        (&["migrate", "--config", "没有.toml"], "文件或目录不存在"),
        (&["search", "专家", "--sort", "best"], "“best”无效"),
        (&["match"], "缺少参数"),
        (&["match", "--text", "焊接", "--target", "societies"], "不支持为技术需求匹配学会"),
        (&["rematch", "--date", "昨天"], "应为日期"),
        (&["migrate", "--config", "坏.toml"], "不认识的设置“sever”"),
        (&["migrate", "--log", "loud"], "日志级别“loud”无效"),
    ];
    for (arguments, said) in wrong {
        let (out, err) = house.ends(2, arguments);
        for english in ["invalid digit", "is not in", "os error", "unexpected argument"] {
            assert!(!err.contains(english), "{arguments:?}\n{err}");
        }
        assert!(err.contains(said) && err.starts_with("错误："), "{arguments:?}\n{err}");
        assert_eq!(out, "");
    }
    assert!(house.ends(2, &[]).1.contains("用法："));
}

#[test]
fn failure_ends_with_1_and_one_message() {
    let house = House::new();
    house.write("空.csv", "");
    house.write("占.txt", "");
    house.ends(0, &["migrate"]);
    house.write("坏.json", "{\"title\": ");
    let failing: [(&[&str], &str); 6] = [
        (&["match", "--form", "坏.json"], "第 1 行第 10 列附近，JSON 不完整"),
        (&["match", "--need", "XQ-404"], "没有编号为“XQ-404”的记录"),
        (&["match", "--need", "need-404"], "没有编号为 need-404 的记录"),
        (&["import", "needs", "没有.csv"], "无法打开文件 没有.csv"),
        (&["import", "needs", "空.csv"], "文件是空的"),
        (&["migrate", "--data-dir", "占.txt"], "占.txt"),
    ];
    for (arguments, said) in failing {
        let (out, err) = house.ends(1, arguments);
        assert!(err.contains(said) && err.starts_with("错误："), "{arguments:?}\n{err}");
        assert_eq!(out, "");
    }
}

/// The demonstration has its metrics where the service has them, so it meets the same port.
#[test]
fn an_address_that_is_taken_is_told_with_the_setting_that_chose_it() {
    let house = House::new();
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap();
    let metrics: &[(&str, String)] = &[("HONGNIANG_METRICS_LISTEN", taken.to_string())];
    let said = |arguments: &[&str], environment: &[(&str, String)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
        command.args(arguments).current_dir(house.0.path()).envs(environment.iter().cloned());
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        said
    };
    for arguments in [&["serve", "--bind", "127.0.0.1:0"][..], &["demo", "--port", "0"]] {
        let said = said(arguments, metrics);
        assert!(said.contains("metrics.listen") && !said.contains("--bind"), "{arguments:?}: {said}");
    }
    assert!(said(&["serve", "--bind", &taken.to_string()], &[]).contains("--bind"));
    drop(held);
}

#[test]
fn help_teaches_in_chinese() {
    let house = House::new();
    let (root, _) = house.ends(0, &["--help"]);
    for said in ["用法：", "退出码：", "demo", "evaluate", "--data-dir"] {
        assert!(root.contains(said), "{said} is missing\n{root}");
    }
    let (import, _) = house.ends(0, &["import", "--help"]);
    let place = |argument| import.rfind(argument).unwrap();
    assert!(place("<登记库>\n") < place("<文件>\n          文件，-"), "{import}");
    assert!(import.contains("例：") && !import.contains("Usage") && !import.contains("Options"), "{import}");
}
