//! Held against the reference implementations (`reference.py` has written what they say into `fixture/reference.json`):
//!
//! - texts become the same pieces, with and without case;
//! - the tiny model gives the same vectors, with either pooling and every activation;
//! - sixteen-bit weights give nearly the same vectors, and names of tensors may begin with `bert.`;
//! - a text's vector is the same to the last bit whichever texts it is read with, and on however many threads.
#![allow(clippy::unwrap_used, reason = "tests")]

mod tiny;

use embedding::{Files, Model};
use serde_json::Value;
use tiny::{Numbers, POSITIONS, TINY, Tiny};

fn load(tiny: &Tiny) -> Model {
    let mut files = tiny.files();
    let gathered = Files::gather(|name| {
        let at = files.iter().position(|(known, _)| *known == name);
        Ok::<_, ()>(at.map(|at| files.swap_remove(at).1))
    });
    Model::load(&gathered.unwrap(), "").unwrap()
}

fn reference() -> Value {
    serde_json::from_str(include_str!("fixture/reference.json")).unwrap()
}

/// Text and vector of every entry for this activation and pooling.
fn vectors(reference: &Value, activation: &str, pooling: &str) -> Vec<(String, Vec<f32>)> {
    let entries = reference["vectors"].as_array().unwrap().iter();
    let found = entries.filter(|entry| entry["activation"] == activation && entry["pooling"] == pooling);
    let read = |entry: &Value| {
        let numbers = entry["vector"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap() as f32);
        (entry["text"].as_str().unwrap().to_owned(), numbers.collect())
    };
    found.map(read).collect()
}

/// The largest difference between the model's vectors and those of the reference.
fn difference(model: &Model, wanted: &[(String, Vec<f32>)]) -> f32 {
    assert!(!wanted.is_empty());
    let texts: Vec<&str> = wanted.iter().map(|(text, _)| text.as_str()).collect();
    let found = model.passages(&texts, 1);
    let pairs = found.iter().zip(wanted).flat_map(|(found, (_, wanted))| {
        let found = found.as_ref().unwrap();
        assert_eq!(found.len(), wanted.len());
        found.iter().zip(wanted).map(|(a, b)| (a - b).abs())
    });
    pairs.fold(0.0, f32::max)
}

#[test]
fn texts_become_the_pieces_of_the_reference() {
    let reference = reference();
    let entries = reference["tokens"].as_array().unwrap();
    assert!(entries.len() >= 40);
    for (key, lower_case) in [("lower", true), ("cased", false)] {
        let model = load(&Tiny { lower_case, ..TINY });
        for entry in entries {
            let text = entry["text"].as_str().unwrap();
            let wanted: Vec<u32> =
                entry[key].as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect();
            assert_eq!(model.tokens(text), wanted, "{key}: {text:?}");
        }
    }
}

#[test]
fn vectors_are_those_of_the_reference() {
    let reference = reference();
    for (pooling, field) in
        [("cls", None), ("cls", Some("pooling_mode_cls_token")), ("mean", Some("pooling_mode_mean_tokens"))]
    {
        for activation in ["gelu", "gelu_new", "quick_gelu", "relu", "silu"] {
            let model = load(&Tiny { activation, pooling: field, ..TINY });
            let difference = difference(&model, &vectors(&reference, activation, pooling));
            assert!(difference < 3e-6, "{activation} {pooling}: {difference}");
        }
    }
}

#[test]
fn sixteen_bits_and_names_with_a_prefix_are_read() {
    let wanted = vectors(&reference(), "gelu", "cls");
    for (numbers, prefix, most) in
        [(Numbers::F32, "bert.", 3e-6), (Numbers::F16, "", 0.01), (Numbers::BF16, "bert.", 0.08)]
    {
        let model = load(&Tiny { numbers, prefix, ..TINY });
        let difference = difference(&model, &wanted);
        assert!(difference < most, "{numbers:?}: {difference}");
        assert_eq!(difference > 1e-4, numbers != Numbers::F32, "{numbers:?}: {difference}");
    }
}

#[test]
fn a_vector_does_not_depend_on_what_it_is_read_with() {
    let reference = reference();
    let mut texts: Vec<&str> =
        reference["tokens"].as_array().unwrap().iter().map(|entry| entry["text"].as_str().unwrap()).collect();
    texts = [&texts[..], &texts[3..20], &texts[7..]].concat();
    let model = load(&TINY);
    let alone: Vec<_> = texts.iter().map(|text| model.passages(&[text], 1).pop().unwrap()).collect();
    for threads in [0, 1, 2, 5] {
        assert_eq!(model.passages(&texts, threads), alone);
    }
    assert_eq!(alone.iter().filter(|vector| vector.is_none()).count(), 2, "blank texts have no vector");
    assert!(model.passages(&[], 2).is_empty());
}

#[test]
fn long_texts_are_read_up_to_the_last_position() {
    let model = load(&TINY);
    let text = "水".repeat(POSITIONS - 2);
    assert_eq!(model.tokens(&text).len(), POSITIONS);
    assert_eq!(model.query(&text), model.query(&format!("{text}处理")));
    assert_ne!(model.query(&text), model.query(&format!("处理{text}")));
}

#[test]
fn a_query_is_read_with_its_prefix_and_likeness_begins_at_the_baseline() {
    let files = Files::gather(|name| {
        Ok::<_, ()>(TINY.files().into_iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes))
    });
    let asking = Model::load(&files.unwrap(), "为这个句子生成表示：").unwrap();
    let plain = load(&TINY);
    assert_eq!(asking.query("污水处理"), plain.query("为这个句子生成表示：污水处理"));
    assert_eq!(asking.passages(&["污水处理"], 1), plain.passages(&["污水处理"], 1));
    assert_eq!(asking.identity(), plain.identity());
    assert_ne!(asking.baseline(), plain.baseline());
    assert_eq!(asking.query(" \n"), None);
    let baseline = plain.baseline();
    assert!(baseline > 0.0 && baseline < 1.0, "{baseline}");
    assert_eq!(plain.likeness(baseline), 0.0);
    assert_eq!(plain.likeness(-1.0), 0.0);
    assert_eq!(plain.likeness(1.0), 1.0);
    assert!((plain.likeness((1.0 + baseline) / 2.0) - 0.5).abs() < 1e-6);
}
