//! A judging sheet that comes back: any bytes, and sound archives with any XML inside.
#![no_main]

use exchange::sheets;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(sheet) = sheets::read(bytes) {
        assert!(sheet.rows.iter().all(|row| (1..=4).contains(&row.level)));
    }
});
