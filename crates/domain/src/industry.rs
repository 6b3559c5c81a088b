//! Industries of the national economy, GB/T 4754-2017: sections, divisions, groups and classes.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

const TABLE: &str = include_str!("../../../data/codes/gb4754_2017.tsv");

struct Entry {
    code: &'static str,
    name: &'static str,
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        Some(Entry { code: cells.next()?, name: cells.nth(1)?.trim() })
    };
    TABLE.lines().skip(1).filter_map(row).collect()
});

/// By code and, for names that are unambiguous from the top down, by name.
static LOOKUP: LazyLock<HashMap<&'static str, Industry>> = LazyLock::new(|| {
    let mut map = HashMap::new();
    for (position, entry) in ENTRIES.iter().enumerate() {
        let industry = Industry(position as u16);
        map.insert(entry.code, industry);
        map.entry(entry.name).or_insert(industry);
    }
    map
});

/// An entry of GB/T 4754-2017. Its code is a letter and up to four digits, each further character a level down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Industry(u16);

impl Industry {
    /// The code, `C3841`.
    pub fn code(self) -> &'static str {
        ENTRIES[usize::from(self.0)].code
    }

    /// The Chinese name, 锂离子电池制造.
    pub fn name(self) -> &'static str {
        ENTRIES[usize::from(self.0)].name
    }

    /// From the section down to this entry.
    pub fn path(self) -> Vec<Self> {
        let code = self.code();
        [1, 3, 4, 5].iter().filter_map(|&len| LOOKUP.get(code.get(..len)?).copied()).collect()
    }

    /// How many levels two industries share, 0 (not even the section) to 4 (the same class).
    pub fn shared_levels(self, other: Self) -> usize {
        let (one, other) = (self.code().as_bytes(), other.code().as_bytes());
        let same = |len: &usize| one.len() >= *len && other.len() >= *len && one[..*len] == other[..*len];
        [1, 3, 4, 5].into_iter().take_while(same).count()
    }

    /// The sections A to T, for the root of a tree.
    pub fn sections() -> impl Iterator<Item = Self> {
        ENTRIES.iter().enumerate().filter(|(_, e)| e.code.len() == 1).map(|(at, _)| Self(at as u16))
    }
}

impl FromStr for Industry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let code = text.to_ascii_uppercase();
        LOOKUP.get(code.as_str()).or_else(|| LOOKUP.get(text)).copied().ok_or_else(|| {
            format!("“{text}”不在国民经济行业分类（GB/T 4754-2017）中，请填代码如 C3841 或标准名称")
        })
    }
}

impl TryFrom<String> for Industry {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Industry> for String {
    fn from(industry: Industry) -> Self {
        industry.code().to_owned()
    }
}

impl fmt::Debug for Industry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code(), self.name())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_both_read() {
        let by_code: Industry = "c3841".parse().unwrap();
        assert_eq!(by_code.name(), "锂离子电池制造");
        assert_eq!("锂离子电池制造".parse(), Ok(by_code));
        assert!("X99".parse::<Industry>().is_err());
        assert!("".parse::<Industry>().is_err());
    }

    #[test]
    fn a_path_leads_from_the_section_down() {
        let codes: Vec<_> = "C3841".parse::<Industry>().unwrap().path().iter().map(|i| i.code()).collect();
        assert_eq!(codes, ["C", "C38", "C384", "C3841"]);
    }

    #[test]
    fn kinship_counts_shared_levels() {
        let of = |a: &str, b: &str| a.parse::<Industry>().unwrap().shared_levels(b.parse().unwrap());
        assert_eq!(
            (of("C3841", "C3841"), of("C3841", "C3842"), of("C3841", "C39"), of("C3841", "A")),
            (4, 3, 1, 0)
        );
    }
}
