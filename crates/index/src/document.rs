//! What the index is told about a record: texts, names, facets, and nothing personal beyond names.

use domain::{Attributes, Passage};
use serde::{Deserialize, Serialize};

/// A dimension that results can be filtered and counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// 地区: province, city, county codes.
    Region,
    /// 行业: section, division, group, class codes.
    Industry,
    /// 技术领域
    Field,
    /// 类型
    Type,
    /// 职称
    Title,
    /// 状态
    Status,
    /// 年份
    Year,
}

impl Dimension {
    /// All dimensions.
    pub const ALL: [Self; 7] =
        [Self::Region, Self::Industry, Self::Field, Self::Type, Self::Title, Self::Status, Self::Year];

    /// The word of the API, and the root of the dimension's paths in the index.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Industry => "industry",
            Self::Field => "field",
            Self::Type => "type",
            Self::Title => "title",
            Self::Status => "status",
            Self::Year => "year",
        }
    }
}

/// A value of a record in one dimension.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Facet {
    /// The dimension.
    pub dimension: Dimension,
    /// From the root down, `["340000", "340100", "340104"]`; one step where the dimension is flat. An empty path says nothing.
    pub path: Vec<String>,
}

/// A record as the index sees it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IndexDocument {
    /// The record's number; a registry holds one document per number.
    pub number: u64,
    /// Texts by area.
    pub passages: Vec<Passage>,
    /// People and organisations, found by their characters and by pinyin.
    pub names: Vec<String>,
    /// Takes part in matching.
    pub open: bool,
    /// What the record is filtered and counted by.
    pub facets: Vec<Facet>,
    /// What matching compares beside the texts; comes back with each candidate.
    pub attributes: Attributes,
    /// Milliseconds since 1970.
    pub updated_at: i64,
}

impl IndexDocument {
    /// Digest of everything the index is told: the same on every platform and in every run of this version.
    pub fn digest(&self) -> u64 {
        self.digest_with(&self.attributes.to_json())
    }

    /// The same, where the attributes are JSON already.
    pub(crate) fn digest_with(&self, attributes: &[u8]) -> u64 {
        let mut hasher = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        add(&self.number.to_le_bytes());
        add(&[u8::from(self.open)]);
        add(&self.updated_at.to_le_bytes());
        // Lengths of lists go in too, so that no two documents write the same bytes.
        add(&(self.passages.len() as u64).to_le_bytes());
        for passage in &self.passages {
            for text in [passage.area.slug(), passage.field, passage.label, &passage.text] {
                add(text.as_bytes());
            }
        }
        add(&(self.names.len() as u64).to_le_bytes());
        self.names.iter().for_each(|name| add(name.as_bytes()));
        add(attributes);
        for facet in &self.facets {
            add(facet.dimension.slug().as_bytes());
            add(&(facet.path.len() as u64).to_le_bytes());
            facet.path.iter().for_each(|step| add(step.as_bytes()));
        }
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        u64::from_le_bytes(first)
    }
}

#[cfg(test)]
mod tests {
    use domain::Area;

    use super::*;

    fn document() -> IndexDocument {
        let passage = |area, text: &str| Passage { area, field: "f", label: "字段", text: text.to_owned() };
        IndexDocument {
            number: 7,
            passages: vec![passage(Area::Title, "锂电池"), passage(Area::Body, "回收")],
            names: vec!["张伟".to_owned(), "李明".to_owned()],
            open: true,
            facets: vec![Facet {
                dimension: Dimension::Region,
                path: vec!["340000".to_owned(), "340100".to_owned()],
            }],
            attributes: Attributes::default(),
            updated_at: 1_700_000_000_000,
        }
    }

    #[test]
    fn the_digest_is_stable_across_runs() {
        assert_eq!(document().digest(), document().digest());
    }

    #[test]
    fn any_difference_changes_the_digest() {
        let changes: [fn(&mut IndexDocument); 10] = [
            |d| d.number = 8,
            |d| d.open = false,
            |d| d.updated_at += 1,
            |d| d.passages.swap(0, 1),
            |d| d.passages[0].area = Area::Keywords,
            |d| d.passages[1].text.push('x'),
            |d| d.names = vec!["张伟李明".to_owned()],
            |d| d.attributes.region = "34".parse().ok(),
            |d| d.facets[0].dimension = Dimension::Industry,
            |d| d.facets[0].path = vec!["340000340100".to_owned()],
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut changed = document();
            change(&mut changed);
            assert_ne!(changed.digest(), document().digest(), "change {at}");
        }
    }
}
