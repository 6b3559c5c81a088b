//! An embedding model as the operator meets it: the real binary over a data directory and a tiny model that the test makes.
//!
//! Properties: a model that is missing, cut short or of the wrong shape ends every command with 2 and one Chinese message that names setting, file and
//! fault, and nothing answers in its place; with a whole one the same commands answer; learning term vectors beside it is refused.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../crates/embedding/tests/tiny/mod.rs"]
mod tiny;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tiny::{TINY, file, parts};

fn run(folder: &Path, code: i32, arguments: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
    let output = command.args(arguments).current_dir(folder).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    (out, err)
}

#[test]
fn a_model_is_used_whole_or_told_to_be_broken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let needs = json!({"external_id": "XQ-1", "title": "污水处理与环境检测"}).to_string();
    let experts: String = ["水处理", "污水处理与环境检测", "电池材料"]
        .iter()
        .zip(1..)
        .map(|(field, number)| {
            let form = json!({"external_id": format!("ZJ-{number}"), "name": format!("甲{number}"), "research_directions": [field]});
            form.to_string() + "\n"
        })
        .collect();
    fs::write(folder.join("needs.jsonl"), needs).unwrap();
    fs::write(folder.join("experts.jsonl"), experts).unwrap();
    fs::create_dir(folder.join("hongniang-data")).unwrap();
    fs::write(folder.join("hongniang-data/hongniang.toml"), "[embedding]\nmodel_dir = \"model\"\n").unwrap();

    let ask = ["match", "--need", "need-1", "--json"];
    let said = run(folder, 2, &["import", "needs", "needs.jsonl"]).1;
    assert!(said.contains("错误：向量模型 model 无法读取（设置 embedding.model_dir）"), "{said}");
    assert!(said.contains("原因：文件或目录不存在"), "{said}");

    TINY.write(&folder.join("model"));
    run(folder, 0, &["import", "needs", "needs.jsonl"]);
    run(folder, 0, &["import", "experts", "experts.jsonl"]);
    let answer: Value = serde_json::from_str(&run(folder, 0, &ask).0).unwrap();
    assert!(answer.to_string().contains("\"meaning\""), "{answer}");

    let said = run(folder, 2, &["train", "vectors"]).1;
    assert!(said.contains("已启用向量模型（设置 embedding.model_dir）"), "{said}");

    let weights = folder.join("model/model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() - 100]).unwrap();
    let (out, said) = run(folder, 2, &ask);
    assert!(
        out.is_empty() && said.contains("错误：向量模型 model 不能使用（设置 embedding.model_dir）"),
        "{out}{said}"
    );
    assert!(said.contains("原因：model.safetensors 不完整或已损坏"), "{said}");

    let (mut header, data) = parts(&whole);
    header["encoder.layer.0.intermediate.dense.weight"]["shape"] = json!([32, 48]);
    fs::write(&weights, file(&header, &data)).unwrap();
    let said = run(folder, 2, &ask).1;
    assert!(
        said.contains(
            "张量 encoder.layer.0.intermediate.dense.weight 形状为 [32, 48]，按 config.json 应为 [48, 32]"
        ),
        "{said}"
    );

    fs::write(&weights, &whole).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&run(folder, 0, &ask).0).unwrap(), answer);
}
