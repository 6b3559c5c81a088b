//! A registry's file: any encoding, CSV or JSON Lines. The first byte says which registry and format.
#![no_main]

use std::io::Cursor;

use domain::Kind;
use exchange::{Format, rows};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, file)) = bytes.split_first() else { return };
    let kind = Kind::ALL[usize::from(choice >> 1) % Kind::ALL.len()];
    let format = if choice & 1 == 0 { Format::Csv } else { Format::JsonLines };
    let lines = file.len() as u64 + 2;
    let Ok(rows) = rows(kind, format, Cursor::new(file.to_vec())) else { return };
    let mut last = 0;
    for row in rows {
        let (line, read) = match row {
            Ok(row) => {
                assert!(row.draft.external_id.is_some() && row.draft.profile.kind() == kind);
                (row.line, row.bytes_read)
            }
            Err(error) => {
                assert!(!error.problems.is_empty());
                (error.line, error.bytes_read)
            }
        };
        assert!(line >= last && line <= lines && read <= file.len() as u64);
        last = line;
    }
});
