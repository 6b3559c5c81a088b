//! `data/simplified.txt` holds what OpenCC says of each single character; it is compiled in, so that the program neither
//! carries nor loads OpenCC. To renew it, run `SIMPLIFIED_OUT=<file> cargo test -p text --test simplified`.
#![allow(clippy::unwrap_used, reason = "tests")]

use ferrous_opencc::{OpenCC, config::BuiltinConfig};

fn pairs() -> Vec<String> {
    let opencc = OpenCC::from_config(BuiltinConfig::T2s).unwrap();
    let ranges = ['\u{3400}'..='\u{4dbf}', '\u{4e00}'..='\u{9fff}', '\u{20000}'..='\u{323af}'];
    let mut pairs = Vec::new();
    for c in ranges.into_iter().flatten() {
        let mut to = c;
        // Some forms are simplified in two steps; the table goes all the way.
        for _ in 0..3 {
            to = opencc.convert(to.encode_utf8(&mut [0; 4])).chars().next().unwrap();
        }
        if to != c {
            pairs.push(format!("{c}{to}"));
        }
    }
    pairs
}

#[test]
fn the_table_is_what_opencc_says() {
    let expected = pairs();
    if let Some(path) = std::env::var_os("SIMPLIFIED_OUT") {
        let lines: Vec<String> = expected.chunks(24).map(|line| line.join(" ")).collect();
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    }
    let table = include_str!("../data/simplified.txt");
    let found: Vec<&str> =
        table.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect();
    assert_eq!(found, expected);
}
