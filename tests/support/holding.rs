//! What stands in files, byte by byte.

use std::fs;
use std::path::Path;

/// The files below `folder` in which one of these texts stands, as it is.
pub(crate) fn holding(folder: &Path, texts: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, texts));
            continue;
        }
        let Ok(bytes) = fs::read(&path) else { continue };
        for text in texts {
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(format!("{}: {text}", path.display()));
            }
        }
    }
    found
}
