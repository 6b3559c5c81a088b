//! What stands in the packed dictionaries of an index, term by term, as anybody could read them.

use std::fs;
use std::path::Path;

/// The terms of all indexes of a data directory that hold one of these.
pub(crate) fn terms(data: &Path, wanted: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for registry in fs::read_dir(data.join("index")).unwrap() {
        for generation in fs::read_dir(registry.unwrap().path()).unwrap() {
            let path = generation.unwrap().path();
            if path.is_dir() {
                found.extend(terms_of(&path, wanted));
            }
        }
    }
    found
}

fn terms_of(generation: &Path, wanted: &[&str]) -> Vec<String> {
    // A copy without the seal that lies below tantivy's own words in what says what a commit is.
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(generation).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let meta = fs::read_to_string(copy.path().join("meta.json")).unwrap();
    let (words, _) = meta.split_once("\nHNSEAL1\n").unwrap();
    fs::write(copy.path().join("meta.json"), words).unwrap();
    let index = tantivy::Index::open_in_dir(copy.path()).unwrap();
    let searcher = index.reader().unwrap().searcher();
    let mut found = Vec::new();
    let mut look = |key: &[u8]| {
        let text = String::from_utf8_lossy(key);
        if wanted.iter().any(|term| text.contains(term)) {
            found.push(text.into_owned());
        }
    };
    for segment in searcher.segment_readers() {
        for (field, entry) in index.schema().fields().filter(|(_, entry)| entry.is_indexed()) {
            let inverted = segment.inverted_index(field).unwrap();
            let mut terms = inverted.terms().stream().unwrap();
            while terms.advance() {
                look(terms.key());
            }
            let _ = entry;
        }
        if let Some(attributes) = segment.fast_fields().bytes("attributes").unwrap() {
            let mut values = attributes.dictionary().stream().unwrap();
            while values.advance() {
                look(values.key());
            }
        }
    }
    found
}
