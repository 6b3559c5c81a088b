//! A model that is not whole is refused, and the message names the file and what is wrong in it:
//!
//! - each required file that is missing; each field, tensor and word that is absent, out of bounds or at odds with the others;
//! - steps and poolings that would be computed otherwise than the model was trained for;
//! - any bytes whatever, cut, changed or made up, load or are refused, but never end in a panic.
#![allow(clippy::unwrap_used, reason = "tests")]

mod tiny;

use embedding::{Files, Model, ModelError};
use proptest::prelude::*;
use serde_json::{Value, json};
use tiny::{TINY, Tiny, VOCABULARY, file, parts};

type Bytes = Vec<(&'static str, Vec<u8>)>;

fn load(files: &Bytes) -> Result<Model, ModelError> {
    let find = |name| files.iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.clone());
    Model::load(&Files::gather(|name| Ok::<_, ModelError>(find(name))).unwrap(), "")
}

/// The tiny model with one file in other words; no words take it away.
fn with(name: &'static str, bytes: Option<Vec<u8>>) -> Bytes {
    let mut files = TINY.files();
    files.retain(|(known, _)| *known != name);
    files.extend(bytes.map(|bytes| (name, bytes)));
    files
}

fn message(files: &Bytes) -> String {
    load(files).unwrap_err().to_string()
}

fn with_config(field: &str, value: Value) -> Bytes {
    let mut config: Value = serde_json::from_slice(&TINY.files()[0].1).unwrap();
    config[field] = value;
    with("config.json", Some(config.to_string().into_bytes()))
}

/// The tiny model's weights with another header.
fn with_header(change: impl FnOnce(&mut Value, &mut Vec<u8>)) -> Bytes {
    let (mut header, mut data) = parts(&TINY.files()[1].1);
    change(&mut header, &mut data);
    with("model.safetensors", Some(file(&header, &data)))
}

#[test]
fn what_is_missing_is_named() {
    for name in ["config.json", "model.safetensors", "vocab.txt"] {
        assert_eq!(message(&with(name, None)), format!("缺少文件 {name}"));
    }
    // These have defaults.
    load(&with("tokenizer_config.json", None)).unwrap();
}

#[test]
fn what_the_configuration_cannot_mean_is_named() {
    let cases = [
        ("hidden_size", json!(null), "config.json 的 hidden_size 没有写明"),
        ("hidden_size", json!(30), "config.json 的 hidden_size 为 30，不能被 num_attention_heads（4）整除"),
        ("num_attention_heads", json!(0), "config.json 的 num_attention_heads 为 0，应为 1 到 1024 的整数"),
        ("num_hidden_layers", json!("2"), "config.json 的 num_hidden_layers 为 \"2\"，应为 1 到 256 的整数"),
        (
            "vocab_size",
            json!(u64::MAX),
            "config.json 的 vocab_size 为 18446744073709551615，应为 5 到 16777216 的整数",
        ),
        ("intermediate_size", json!(-1), "config.json 的 intermediate_size 为 -1，应为 1 到 131072 的整数"),
        (
            "max_position_embeddings",
            json!(2),
            "config.json 的 max_position_embeddings 为 2，应为 3 到 1048576 的整数",
        ),
        ("model_type", json!("roberta"), "config.json 的 model_type 为 \"roberta\"，只支持 bert"),
        (
            "position_embedding_type",
            json!("relative_key"),
            "config.json 的 position_embedding_type 为 \"relative_key\"，只支持 absolute",
        ),
        ("layer_norm_eps", json!(0), "config.json 的 layer_norm_eps 为 0，应为 0 到 1 之间的数"),
    ];
    for (field, value, wanted) in cases {
        assert_eq!(message(&with_config(field, value)), wanted);
    }
    assert!(
        message(&with_config("hidden_act", json!("mish")))
            .starts_with("config.json 的 hidden_act 为 \"mish\"，只支持 gelu、")
    );
    assert_eq!(
        message(&with("config.json", Some(b"{\n x".to_vec()))),
        "config.json 不是有效的 JSON：第 2 行第 2 列有误"
    );
}

#[test]
fn a_vocabulary_that_does_not_fit_is_refused() {
    let said = |text: &str| message(&with("vocab.txt", Some(text.as_bytes().to_vec())));
    let words = VOCABULARY.lines().count();
    let short: String = VOCABULARY.lines().skip(1).map(|word| format!("{word}\n")).collect();
    assert_eq!(
        said(&short),
        format!("vocab.txt 的词表有误：有 {} 个词，config.json 的 vocab_size 为 {words}", words - 1)
    );
    assert_eq!(said(&VOCABULARY.replace("[SEP]", "[END]")), "vocab.txt 的词表有误：没有 [SEP]");
    assert_eq!(message(&with("vocab.txt", Some(vec![0xff; 9]))), "vocab.txt 的词表有误：不是 UTF-8 文字");
}

#[test]
fn the_vocabulary_may_stand_in_the_tokenizer() {
    let vocab: serde_json::Map<String, Value> =
        VOCABULARY.lines().zip(0..).map(|(word, number)| (word.to_owned(), json!(number))).collect();
    let with_tokenizer = |tokenizer: Value| {
        let mut files = with("vocab.txt", None);
        files.retain(|(name, _)| *name != "tokenizer_config.json");
        files.push(("tokenizer.json", tokenizer.to_string().into_bytes()));
        files
    };
    let tokenizer = json!({"normalizer": {"type": "BertNormalizer", "lowercase": false}, "model": {"type": "WordPiece", "vocab": vocab}});
    let model = load(&with_tokenizer(tokenizer.clone())).unwrap();
    let cased = Tiny { lower_case: false, ..TINY };
    assert_eq!(model.tokens("CAD unable 水处理"), load(&cased.files()).unwrap().tokens("CAD unable 水处理"));
    let changed = |change: fn(&mut Value)| {
        let mut tokenizer = tokenizer.clone();
        change(&mut tokenizer);
        message(&with_tokenizer(tokenizer))
    };
    assert_eq!(changed(|t| t["model"]["type"] = json!("BPE")), "tokenizer.json 的 model.type 不是 WordPiece");
    assert_eq!(
        changed(|t| t["model"]["vocab"]["水"] = json!(9e9)),
        "tokenizer.json 的 model.vocab 含有无效的编号"
    );
    assert_eq!(changed(|t| t["model"]["vocab"] = json!([])), "tokenizer.json 的 model.vocab 没有写明");
    assert!(
        changed(|t| t["model"]["vocab"]["水"] = json!(70_000)).contains("词的编号 70000 超出了 vocab_size")
    );
    assert_eq!(
        changed(|t| t["normalizer"]["lowercase"] = json!("no")),
        "tokenizer.json 的 lowercase 应为 true 或 false"
    );
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    const TENSOR: &str = "encoder.layer.1.output.dense.weight";
    let gone = with_header(|header, _| {
        // Whatever lies in the data must have a name.
        let tensor = header.as_object_mut().unwrap().remove(TENSOR).unwrap();
        header["other"] = tensor;
    });
    assert_eq!(message(&gone), format!("model.safetensors 缺少张量 {TENSOR}"));
    let turned = with_header(|header, _| header[TENSOR]["shape"] = json!([48, 32]));
    assert_eq!(
        message(&turned),
        format!("model.safetensors 的张量 {TENSOR} 形状为 [48, 32]，按 config.json 应为 [32, 48]")
    );
    let whole = with_header(|header, _| header[TENSOR]["dtype"] = json!("I32"));
    assert_eq!(
        message(&whole),
        format!("model.safetensors 的张量 {TENSOR} 类型为 I32，只支持 F32、F16 和 BF16")
    );
    let endless = with_header(|header, data| {
        let at = header[TENSOR]["data_offsets"][0].as_u64().unwrap() as usize;
        data[at..at + 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    });
    assert_eq!(message(&endless), format!("model.safetensors 的张量 {TENSOR} 含有无效数值"));
    let more_layers = message(&with_config("num_hidden_layers", json!(3)));
    assert_eq!(more_layers, "model.safetensors 缺少张量 encoder.layer.2.attention.self.query.weight");
}

#[test]
fn a_file_cut_short_and_a_model_that_sees_nothing_are_refused() {
    let mut weights = TINY.files().swap_remove(1).1;
    weights.truncate(weights.len() - 5);
    assert!(
        message(&with("model.safetensors", Some(weights))).starts_with("model.safetensors 不完整或已损坏（")
    );
    assert!(
        message(&with("model.safetensors", Some(Vec::new())))
            .starts_with("model.safetensors 不完整或已损坏（")
    );
    let zeros = with_header(|_, data| data.fill(0));
    assert!(matches!(load(&zeros), Err(ModelError::Blind(_))));
}

#[test]
fn what_would_be_computed_otherwise_is_refused() {
    let pooling =
        |value: Value| message(&with("1_Pooling/config.json", Some(value.to_string().into_bytes())));
    assert_eq!(
        pooling(json!({"pooling_mode_max_tokens": true})),
        "1_Pooling/config.json 的 pooling_mode_* 选定了 pooling_mode_max_tokens，只支持 cls_token 或 mean_tokens 之一"
    );
    assert_eq!(pooling(json!({})), "1_Pooling/config.json 的 pooling_mode_* 没有选定任何一种");
    let both = pooling(json!({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}));
    assert!(both.contains("选定了 pooling_mode_cls_token、pooling_mode_mean_tokens"));
    let step = |name: &str| {
        json!([{"type": "sentence_transformers.models.Transformer"}, {"type": name}]).to_string().into_bytes()
    };
    assert_eq!(
        message(&with("modules.json", Some(step("sentence_transformers.models.Dense")))),
        "modules.json 的 type 含有不支持的步骤“Dense”，只支持 Transformer、Pooling、Normalize"
    );
    load(&with("modules.json", Some(step("sentence_transformers.models.Normalize")))).unwrap();
}

#[test]
fn every_file_is_part_of_the_identity() {
    let identity = |files: &Bytes| load(files).unwrap().identity().to_owned();
    let plain = identity(&TINY.files());
    assert_eq!(plain.len(), 16);
    assert_eq!(plain, identity(&TINY.files()));
    let others = [
        with_config("note", json!("x")),
        with("tokenizer_config.json", None),
        with("modules.json", Some(b"[]".to_vec())),
        Tiny { seed: "2", ..TINY }.files(),
    ];
    others.iter().for_each(|files| assert_ne!(identity(files), plain));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_end_in_a_panic(
        which in 0_usize..6, at in 0.0_f64..1.0, changed in prop::collection::vec(any::<u8>(), 0..12), cut in any::<bool>(), in_front in any::<bool>(),
    ) {
        let mut files = Tiny { pooling: Some("pooling_mode_mean_tokens"), ..TINY }.files();
        files.push(("modules.json", br#"[{"type":"a.Pooling"}]"#.to_vec()));
        let bytes = &mut files[which].1;
        // Headers are small beside the weights, and worth more of the trials.
        let reach = if in_front { bytes.len().min(4_000) } else { bytes.len() };
        let at = (at * reach as f64) as usize;
        if cut {
            bytes.truncate(at);
        }
        for (slot, byte) in bytes.iter_mut().skip(at).zip(changed) {
            *slot = byte;
        }
        _ = load(&files);
    }

    #[test]
    fn no_made_up_weights_end_in_a_panic(header in "[{}\\[\\]:,\"a-z0-9_. ]{0,200}", data in prop::collection::vec(any::<u8>(), 0..64)) {
        let weights = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat();
        prop_assert!(load(&with("model.safetensors", Some(weights))).is_err());
    }

    #[test]
    fn no_text_ends_in_a_panic(text in any::<String>(), repeats in 1_usize..40) {
        thread_local!(static MODEL: Model = load(&TINY.files()).unwrap());
        MODEL.with(|model| {
            let tokens = model.tokens(&text.repeat(repeats));
            assert!((2..=tiny::POSITIONS).contains(&tokens.len()));
            assert!(tokens.iter().all(|&token| (token as usize) < VOCABULARY.lines().count()));
            _ = model.query(&text);
        });
    }
}
