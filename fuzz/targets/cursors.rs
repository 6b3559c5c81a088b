//! Cursors of lists: what the server did not write is refused, what it wrote comes back.
#![no_main]

#[path = "../../crates/api/src/cursor.rs"]
#[allow(dead_code, unreachable_pub, reason = "the API's own file, which nobody else may use")]
mod cursor;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // A query, and on the next line what claims to be a cursor of it.
    let (query, sent) = text.split_once('\n').unwrap_or(("q=激光", text));
    if let Some(place) = cursor::read(query, sent) {
        // Base64 has more than one way to write a last character; the bytes behind it are the same.
        assert_eq!(cursor::read(query, &cursor::write(query, place)), Some(place));
    }
    let mut numbers = [[0; 8]; 3];
    numbers.as_flattened_mut().iter_mut().zip(text.bytes()).for_each(|(to, byte)| *to = byte);
    let [of, key, number] = numbers.map(u64::from_le_bytes);
    let place = cursor::Place { of, key: key.cast_signed(), number };
    assert_eq!(cursor::read(query, &cursor::write(query, place)), Some(place));
});
