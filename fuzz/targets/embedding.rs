//! The files of an embedding model, one after the other with a zero byte between: configuration, vocabulary, tokenizer, weights.
#![no_main]

use embedding::{Files, Model};
use libfuzzer_sys::fuzz_target;

const ORDER: [&str; 4] = ["config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors"];

fuzz_target!(|bytes: &[u8]| {
    let parts: Vec<&[u8]> = bytes.splitn(ORDER.len(), |&byte| byte == 0).collect();
    let part = |name: &str| {
        let place = ORDER.iter().position(|known| *known == name)?;
        parts.get(place).map(|bytes| bytes.to_vec())
    };
    let files = Files::gather(|name| Ok::<_, std::convert::Infallible>(part(name)));
    let Ok(files) = files;
    if let Ok(model) = Model::load(&files, "") {
        for vector in model.passages(&["锂电池正极材料", "a-b1", ""], 1).into_iter().flatten() {
            assert_eq!(vector.len(), model.dimensions());
        }
    }
});
