//! Whether two needs say nearly the same: pure, over the pieces of their texts.
//!
//! The bounds were measured with edited copies of the demonstration's and of generated needs, and with needs that differ
//! (`engine/tests/duplicates.rs` prints recall and false flags of each kind of edit).

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use text::Shingles;
use utoipa::ToSchema;

/// Changes with the bounds below.
const VERSION: &str = "1";
/// Two needs share at least this much of all they say together (Jaccard's coefficient) …
const LEAST_RESEMBLANCE: f64 = 0.4;
/// … or the shorter stands in the longer to at least this share, and says at least so much (pieces).
const LEAST_CONTAINMENT: f64 = 0.7;
const ENOUGH: usize = 30;
/// Two that say less than that must share this much.
const LEAST_OF_SHORT: f64 = 0.6;
/// Who says less than this (six characters beside phrases) is like nobody.
const SOMETHING: usize = 3;
/// A title alone is compared with titles; so many pieces it must have.
const TITLE: usize = 3;

/// What of a need is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writing {
    title: Shingles,
    /// Title and description.
    all: Shingles,
}

/// Why two needs are taken for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alikeness {
    /// 文字大部分相同
    Text,
    /// 一条的文字大部分见于另一条
    Contained,
    /// 名称相同，其中一条没有另外的说明
    Title,
}

/// How two needs are alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// Why.
    pub reason: Alikeness,
    /// 0 to 1: of what both say together, the share that both say; for [`Alikeness::Contained`], of what the shorter says, the
    /// share that the longer says too; for [`Alikeness::Title`], the same of the titles.
    pub likeness: f64,
    /// Of each one's text, the share that stands in the other.
    pub shares: [f64; 2],
}

/// What is exactly the same of two needs, beside other writing and punctuation. A likeness of 100 % says less: phrases of forms, numbers
/// and very short titles do not count in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// Title and description.
    All,
    /// Both, but for numbers.
    ButNumbers,
    /// The description, which says something; the titles differ.
    Description,
}

impl Sameness {
    /// Of two needs, each with its title and its description.
    pub fn of(one: [&str; 2], other: [&str; 2]) -> Option<Self> {
        let same = |numbers| {
            let equal = |at: usize| text::letters(one[at], numbers) == text::letters(other[at], numbers);
            [equal(0), equal(1)]
        };
        match (same(true), same(false)) {
            ([true, true], _) => Some(Self::All),
            (_, [true, true]) => Some(Self::ButNumbers),
            ([false, true], _) if !text::letters(one[1], true).is_empty() => Some(Self::Description),
            _ => None,
        }
    }
}

impl Writing {
    /// Digest of all on which a likeness depends: pairs found by another method are to be looked for again.
    pub fn method() -> String {
        format!("{VERSION}-{}", Shingles::method())
    }

    /// Reads a need.
    pub fn new(title: &str, description: &str) -> Self {
        Self { title: Shingles::read([title]), all: Shingles::read([title, description]) }
    }

    /// The keys under which those like it are found, ascending; none when it says nothing.
    pub fn bands(&self) -> Vec<i64> {
        if self.all.len() < SOMETHING {
            return Vec::new();
        }
        let title = self.title.whole().filter(|_| self.title.len() >= TITLE);
        let mut bands: Vec<i64> = self.all.bands().into_iter().chain(title).collect();
        bands.sort_unstable();
        bands.dedup();
        bands
    }

    /// How it is like another one, if it is.
    pub fn likeness(&self, other: &Self) -> Option<Likeness> {
        let sizes = [self.all.len(), other.all.len()];
        let (shorter, longer) = (sizes[0].min(sizes[1]), sizes[0].max(sizes[1]));
        if shorter < SOMETHING {
            return None;
        }
        let shared = self.all.shared(&other.all);
        let share = |of: usize| shared as f64 / of as f64;
        let shares = sizes.map(share);
        let found = |reason, likeness| Some(Likeness { reason, likeness, shares });
        let resemblance = share(shorter + longer - shared);
        let bound = if longer < ENOUGH { LEAST_OF_SHORT } else { LEAST_RESEMBLANCE };
        if resemblance >= bound {
            return found(Alikeness::Text, resemblance);
        }
        if shorter >= ENOUGH && share(shorter) >= LEAST_CONTAINMENT {
            return found(Alikeness::Contained, share(shorter));
        }
        let only_title = [self, other].iter().any(|one| one.all.len() == one.title.len());
        let same_title = self.title == other.title && self.title.len() >= TITLE;
        if only_title && same_title { found(Alikeness::Title, 1.0) } else { None }
    }
}

impl Alikeness {
    /// The stable word.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Contained => "contained",
            Self::Title => "title",
        }
    }
}

impl FromStr for Alikeness {
    type Err = String;

    fn from_str(slug: &str) -> Result<Self, Self::Err> {
        let known = [Self::Text, Self::Contained, Self::Title].into_iter().find(|one| one.slug() == slug);
        known.ok_or_else(|| format!("no kind of likeness: {slug}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exactly_the_same_is_told() {
        let body = "现有产品合格率 92%，希望提高到 98%。";
        let of = |other: [&str; 2]| Sameness::of(["铝板焊接", body], other);
        assert_eq!(of(["铝板焊接", "现有产品合格率92％，希望提高到98%"]), Some(Sameness::All));
        assert_eq!(of(["铝板焊接", "现有产品合格率 85%，希望提高到 95%。"]), Some(Sameness::ButNumbers));
        assert_eq!(of(["水稻育秧", body]), Some(Sameness::Description));
        assert_eq!(of(["水稻育秧", "现有产品合格率 85%，希望提高到 95%。"]), None);
        assert_eq!(Sameness::of(["铝板焊接", ""], ["水稻育秧", ""]), None);
    }
}
