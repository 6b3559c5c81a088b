//! Who and what the numbers of a plan are, as far as whoever asks may see.

use std::collections::{BTreeSet, HashMap};

use domain::access::Visibility;
use domain::{Kind, Profile, Record, RecordId, Region, RegionLevel};
use serde::Serialize;
use utoipa::ToSchema;

use super::Campaigns;
use crate::EngineError;
use crate::desk::outline;

/// What stands where somebody was erased, or is hidden.
const NOBODY: &str = "（已删除或不可见）";

/// One side of a pair, in short.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = PlannedSide)]
pub struct Side {
    /// 记录编号
    pub id: RecordId,
    /// 外部编号
    #[schema(example = "ZJ-0001")]
    pub external_id: String,
    /// 名称：人名、站点名或需求名
    #[schema(example = "方致远")]
    pub title: String,
    /// 单位：企业、工作单位或依托单位
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "皖江理工大学")]
    pub organisation: Option<String>,
    /// 职称，仅专家有
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "教授")]
    pub professional_title: Option<String>,
    /// 所在地区全称
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "安徽省合肥市蜀山区")]
    pub region_name: Option<String>,
    /// 技术领域
    #[schema(example = json!(["智能制造"]))]
    pub fields: Vec<String>,
    /// 所属学会，仅专家和学会服务站有
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["江淮焊接学会"]))]
    pub societies: Vec<String>,
    #[serde(skip)]
    pub(super) region: Option<Region>,
    #[serde(skip)]
    pub(super) visibility: Visibility,
}

/// A pair by number and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedPair {
    /// 技术需求的记录编号
    #[schema(value_type = String, example = "need-1")]
    pub need: RecordId,
    /// 技术需求名称
    #[schema(example = "方形铝壳锂离子电池激光焊接气孔控制技术")]
    pub need_title: String,
    /// 专家或学会服务站的记录编号
    #[schema(value_type = String, example = "expert-1")]
    pub candidate: RecordId,
    /// 人名或站点名
    #[schema(example = "方致远")]
    pub candidate_title: String,
}

impl Side {
    fn of(record: Record, visibility: Visibility) -> Self {
        let record = if visibility < Visibility::Full { outline(record) } else { record };
        let profile = &record.profile;
        let societies = match profile {
            Profile::Expert(expert) => expert.societies.clone(),
            Profile::Station(station) if !station.society.is_empty() => vec![station.society.clone()],
            _ => Vec::new(),
        };
        Self {
            id: record.id,
            title: profile.title().to_owned(),
            organisation: profile.organisation().map(str::to_owned),
            professional_title: profile.professional_title().map(str::to_owned),
            region_name: profile.region().map(Region::full_name),
            fields: profile.fields().to_vec(),
            societies,
            region: profile.region(),
            visibility,
            external_id: record.external_id,
        }
    }

    /// The county as people of the province call it, 滁州市南谯区; of a place that is known less exactly, what is known.
    pub(super) fn county(&self) -> Option<String> {
        let region = self.region?;
        if region.level() == RegionLevel::Province {
            return Some(region.full_name());
        }
        let province = region.path()[0].full_name();
        let full = region.full_name();
        // Of a municipality the province is the city.
        let below = full.strip_prefix(&province).filter(|below| !below.is_empty());
        Some(below.map_or_else(|| full.clone(), str::to_owned))
    }
}

/// Records by number; those that are hidden are not among them.
pub(super) struct Names {
    target: Kind,
    sides: HashMap<RecordId, Side>,
}

impl Campaigns {
    /// The records of these numbers.
    pub(super) async fn names(
        &self,
        target: Kind,
        needs: &BTreeSet<u64>,
        candidates: &BTreeSet<u64>,
    ) -> Result<Names, EngineError> {
        let mut sides = HashMap::with_capacity(needs.len() + candidates.len());
        for (kind, numbers) in [(Kind::Need, needs), (target, candidates)] {
            let numbers: Vec<u64> = numbers.iter().copied().collect();
            for record in self.engine.store.records(kind, &numbers).await? {
                let visibility = self.sight.record(&record);
                if visibility > Visibility::Hidden {
                    sides.insert(record.id, Side::of(record, visibility));
                }
            }
        }
        Ok(Names { target, sides })
    }
}

impl Names {
    pub(super) fn need(&self, number: u64) -> Option<&Side> {
        self.sides.get(&RecordId::new(Kind::Need, number))
    }

    pub(super) fn candidate(&self, number: u64) -> Option<&Side> {
        self.sides.get(&RecordId::new(self.target, number))
    }

    /// What people call a need.
    pub(super) fn need_title(&self, number: u64) -> &str {
        self.need(number).map_or(NOBODY, |side| &side.title)
    }

    /// What people call a candidate.
    pub(super) fn candidate_title(&self, number: u64) -> &str {
        self.candidate(number).map_or(NOBODY, |side| &side.title)
    }

    /// A pair with its names; nothing of one that is hidden.
    pub(super) fn pair(&self, (need, candidate): (u64, u64)) -> Option<NamedPair> {
        let (need, candidate) = (self.need(need)?, self.candidate(candidate)?);
        Some(NamedPair {
            need: need.id,
            need_title: need.title.clone(),
            candidate: candidate.id,
            candidate_title: candidate.title.clone(),
        })
    }
}
