//! What the records of other regions show to a key that is bound to a region, registry by registry.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Achievement, Enterprise, Expert, Kind, Need, Profile, Society, Station};

/// How much of a record somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// 看不到，如同不存在
    Hidden,
    /// 只见概要：编号、名称、地区、行业、技术领域、状态
    Brief,
    /// 全部
    Full,
}

/// What records of other regions show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Others {
    /// Needs.
    pub needs: Visibility,
    /// Enterprises.
    pub enterprises: Visibility,
    /// Experts.
    pub experts: Visibility,
    /// Stations.
    pub stations: Visibility,
    /// Achievements.
    pub achievements: Visibility,
    /// Societies.
    pub societies: Visibility,
}

impl Default for Others {
    /// Experts travel, and what is on offer wants to be found; what an enterprise lacks is its own affair.
    fn default() -> Self {
        use Visibility::{Brief, Full};
        Self {
            needs: Brief,
            enterprises: Brief,
            experts: Full,
            stations: Full,
            achievements: Full,
            societies: Full,
        }
    }
}

impl Others {
    /// What those of a registry show.
    pub const fn of(&self, kind: Kind) -> Visibility {
        match kind {
            Kind::Need => self.needs,
            Kind::Enterprise => self.enterprises,
            Kind::Expert => self.experts,
            Kind::Station => self.stations,
            Kind::Achievement => self.achievements,
            Kind::Society => self.societies,
        }
    }
}

impl Profile {
    /// What is left of a record of which only the outline is shown: its name, and what it can be sorted under. Whether an expert can be
    /// asked stays true, for its absence would say that it is so.
    #[must_use]
    pub fn outline(&self) -> Self {
        match self.clone() {
            Self::Need(Need { title, fields, region, industry, .. }) => {
                Self::Need(Need { title, fields, region, industry, ..Need::default() })
            }
            Self::Enterprise(Enterprise { name, fields, region, industry, .. }) => {
                Self::Enterprise(Enterprise { name, fields, region, industry, ..Enterprise::default() })
            }
            Self::Expert(expert) => Self::Expert(Expert {
                name: expert.name,
                professional_title: expert.professional_title,
                organisation: expert.organisation,
                fields: expert.fields,
                industries: expert.industries,
                region: expert.region,
                availability: expert.availability,
                consent: expert.consent,
                ..Expert::default()
            }),
            Self::Station(Station { name, station_type, fields, industries, region, .. }) => {
                Self::Station(Station {
                    name,
                    station_type,
                    fields,
                    industries,
                    region,
                    ..Station::default()
                })
            }
            Self::Achievement(Achievement {
                title, achievement_type, fields, industries, region, ..
            }) => {
                let none = Achievement::default();
                Self::Achievement(Achievement { title, achievement_type, fields, industries, region, ..none })
            }
            Self::Society(Society { name, fields, region, .. }) => {
                Self::Society(Society { name, fields, region, ..Society::default() })
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_outline_has_the_name_and_no_prose() {
        let need = Profile::Need(Need {
            title: "激光焊接".to_owned(),
            description: "保密".to_owned(),
            enterprise_name: "某厂".to_owned(),
            enterprise_code: "91350100M000100Y43".parse().ok(),
            keywords: vec!["气孔".to_owned()],
            region: "341103".parse().ok(),
            ..Need::default()
        });
        let Profile::Need(outline) = need.outline() else { panic!("a need stays a need") };
        let expected =
            Need { title: "激光焊接".to_owned(), region: "341103".parse().ok(), ..Need::default() };
        assert_eq!(outline, expected);
    }

    #[test]
    fn less_is_less() {
        assert!(Visibility::Hidden < Visibility::Brief && Visibility::Brief < Visibility::Full);
    }
}
