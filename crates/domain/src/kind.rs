//! The six registries and the identifiers of their records.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 技术需求
    Need,
    /// 企业
    Enterprise,
    /// 专家
    Expert,
    /// 学会服务站
    Station,
    /// 科技成果
    Achievement,
    /// 学会
    Society,
}

impl Kind {
    /// All registries, in the order in which they are shown and imported.
    pub const ALL: [Self; 6] =
        [Self::Society, Self::Enterprise, Self::Expert, Self::Achievement, Self::Station, Self::Need];

    /// English singular, as it stands in identifiers: `need`.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Need => "need",
            Self::Enterprise => "enterprise",
            Self::Expert => "expert",
            Self::Station => "station",
            Self::Achievement => "achievement",
            Self::Society => "society",
        }
    }

    /// English plural, as it stands in URLs and file names: `needs`.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Need => "needs",
            Self::Enterprise => "enterprises",
            Self::Expert => "experts",
            Self::Station => "stations",
            Self::Achievement => "achievements",
            Self::Society => "societies",
        }
    }

    /// The Chinese name that people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Need => "技术需求",
            Self::Enterprise => "企业",
            Self::Expert => "专家",
            Self::Station => "学会服务站",
            Self::Achievement => "科技成果",
            Self::Society => "学会",
        }
    }

    /// What people call it among themselves.
    const fn short(self) -> &'static str {
        match self {
            Self::Need => "需求",
            Self::Station => "服务站",
            Self::Achievement => "成果",
            Self::Enterprise | Self::Expert | Self::Society => self.label(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

/// Accepts the singular, the plural, the Chinese name and the short one.
impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| [kind.slug(), kind.plural(), kind.label(), kind.short()].contains(&text.trim()))
            .ok_or_else(|| {
                let known = Self::ALL.map(|kind| format!("{}（{}）", kind.plural(), kind.label())).join("、");
                format!("不认识的登记库“{text}”，可用：{known}")
            })
    }
}

/// As generous as [`Kind::from_str`], so that bodies and query parameters take the same words.
impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Identifier of a record: its registry and a number that the store hands out in ascending order. Written `need-42`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// The registry.
    pub kind: Kind,
    /// Positive, ascending in order of creation within the registry.
    pub number: u64,
}

impl RecordId {
    /// Names record `number` of registry `kind`.
    pub const fn new(kind: Kind, number: u64) -> Self {
        Self { kind, number }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.kind.slug(), self.number)
    }
}

impl FromStr for RecordId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || format!("“{text}”不是有效的编号，应形如 need-42");
        let (kind, digits) = text.rsplit_once('-').ok_or_else(problem)?;
        let kind = Kind::ALL.into_iter().find(|k| k.slug() == kind).ok_or_else(problem)?;
        let canonical = !digits.starts_with(['0', '+']);
        let number = digits.parse().ok().filter(|n| canonical && i64::try_from(*n).is_ok());
        Ok(Self { kind, number: number.ok_or_else(problem)? })
    }
}

impl Serialize for RecordId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for RecordId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("记录编号：登记库名加序号，形如 need-42"))
            .pattern(Some("^(need|enterprise|expert|station|achievement|society)-[1-9][0-9]{0,18}$"))
            .examples([serde_json::json!("need-42")])
            .into()
    }
}

impl ToSchema for RecordId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_known_by_every_name() {
        for kind in Kind::ALL {
            for name in [kind.slug(), kind.plural(), kind.label(), kind.short()] {
                assert_eq!(name.parse(), Ok(kind), "{name}");
            }
        }
        let short = ["学会", "企业", "专家", "成果", "服务站", "需求"].map(str::parse::<Kind>);
        assert_eq!(short, Kind::ALL.map(Ok));
    }
}
