//! Which records a batch has written, as its row of the log says it: ranges of numbers, so that a row stays short and a record finds its imports.

use domain::RecordId;
use serde_json::Value;

use super::{Action, AuditRow};

/// The ranges of these numbers, both ends within: of 3, 4 and 90 `[[3, 4], [90, 90]]`.
pub(crate) fn ranges(mut numbers: Vec<u64>) -> Vec<[u64; 2]> {
    numbers.sort_unstable();
    let mut ranges: Vec<[u64; 2]> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some([_, last]) if number <= *last + 1 => *last = number,
            _ => ranges.push([number, number]),
        }
    }
    ranges
}

/// Whether a row is about a record: by name, or as an import that wrote it. Rows of before, which say the first and the last number alone, are about
/// whatever lies between.
pub(super) fn holds(row: &AuditRow, record: RecordId) -> bool {
    if row.action != Action::RecordsImport.code() {
        return true;
    }
    let detail: Value = serde_json::from_str(&row.detail).unwrap_or_default();
    let within = |first: &Value, last: &Value| {
        let (first, last) = (first.as_u64(), last.as_u64());
        first.zip(last).is_some_and(|(first, last)| (first..=last).contains(&record.number))
    };
    match detail["numbers"].as_array() {
        Some(ranges) => ranges.iter().any(|range| within(&range[0], &range[1])),
        None => within(&detail["first"], &detail["last"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_follow_each_other_are_one_range() {
        assert_eq!(ranges(vec![90, 3, 4, 5, 5, 7]), [[3, 5], [7, 7], [90, 90]]);
        assert_eq!(ranges(Vec::new()), [[0; 2]; 0]);
    }
}
