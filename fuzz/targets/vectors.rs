//! Learned term vectors: any bytes, with a digest that fits, so that what lies behind the digest is read.
#![no_main]

use fuzz::ANALYZER;
use libfuzzer_sys::fuzz_target;
use vectors::{Buffers, TermVectors};

fuzz_target!(|bytes: &[u8]| {
    let _ = TermVectors::from_bytes(bytes);
    let mut sealed = b"HNVEC1\n".to_vec();
    sealed.extend(bytes);
    let digest = blake3::hash(&sealed);
    sealed.extend(digest.as_bytes());
    if let Ok(vectors) = TermVectors::from_bytes(&sealed) {
        let again = TermVectors::from_bytes(&vectors.to_bytes()).expect("what was written can be read");
        assert_eq!(again.len(), vectors.len());
        let _ = vectors.embed(&ANALYZER, "锂电池正极材料回收 PLC", &mut Buffers::default());
    }
});
