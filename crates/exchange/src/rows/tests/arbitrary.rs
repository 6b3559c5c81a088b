//! Whatever the bytes, reading neither panics nor hangs, and quoted cells come back.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        exhaust(&bytes);
    }

    #[test]
    fn no_near_table_panics(text in "(\u{feff}|sep=;\n)?(姓名,手机,完成人,外部编号|name\tbio)\r?\n([a甲\",;\t\r\n'=（）E+#１.9]|46000|1\\.3E\\+9){0,200}") {
        exhaust(text.as_bytes());
        exhaust(&GB18030.encode(&text).0);
        exhaust(&utf16(&text, true));
    }

    #[test]
    fn no_json_panics(lines in prop::collection::vec(any_line(), 1..4)) {
        exhaust(lines.join("\n").as_bytes());
    }

    #[test]
    fn no_near_json_panics(text in "([\\[\\]{}:,\"\\\\\n甲1]|\"name\"|null|\"contact\"){0,200}") {
        exhaust(format!("{{}}\n{text}").as_bytes());
    }

    /// Cells quoted as RFC 4180 says come back as they were, whatever block boundaries do.
    #[test]
    fn quoted_cells_come_back(cells in prop::collection::vec("[a\",\n;甲 ]{0,6}", 1..40), step in 1_usize..9) {
        let quoted: Vec<String> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
        let text = format!("{}\r\n", quoted.join(","));
        let (mut splitter, mut record) = (cells::Splitter::new(b','), cells::Record::default());
        let (mut at, mut complete) = (0, false);
        while !complete {
            let block = &text.as_bytes()[at..text.len().min(at + step)];
            let (used, ended) = splitter.feed(block, &mut record);
            at += used;
            complete = ended;
        }
        let found: Vec<&[u8]> = record.cells().collect();
        prop_assert_eq!(found, cells.iter().map(|cell| cell.as_bytes()).collect::<Vec<_>>());
        prop_assert_eq!(record.last_line, 1 + text.trim_end().matches('\n').count() as u64);
    }
}

/// An object under the names of fields and others, with values that no field expects.
fn any_line() -> impl Strategy<Value = String> {
    let mut names = vec!["contact", "foo", "", "/", "~"];
    for column in Kind::ALL.into_iter().flat_map(domain::forms::columns) {
        names.extend(column.key.split('/').chain([column.key]));
    }
    let name = prop_oneof![9 => prop::sample::select(names).prop_map(str::to_owned), 1 => ".{0,5}"];
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[甲a@1;、-]{0,8}".prop_map(Value::from),
    ];
    let value = scalar.boxed().prop_recursive(3, 20, 5, {
        let name = name.clone();
        move |inner| {
            let object = prop::collection::vec((name.clone(), inner.clone()), 0..5);
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(Value::from),
                object.prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        }
    });
    let fields = prop::collection::vec((name, value), 0..10);
    fields.prop_map(|fields| Value::Object(fields.into_iter().collect()).to_string())
}

/// Reads to the end under every kind and format; each row takes at least a byte, so the rows are no more than those.
fn exhaust(bytes: &[u8]) {
    for kind in Kind::ALL {
        for format in [Format::Csv, Format::JsonLines] {
            if let Ok(rows) = rows(kind, format, Cursor::new(bytes.to_vec())) {
                assert!(rows.count() <= bytes.len());
            }
        }
    }
}
