//! Plans and itineraries as workbooks for staff.

use domain::RecordId;
use exchange::sheets::plans::{
    ItineraryBook, LeftRow, PlanBook, PlanRow, Stay, Way, write_itineraries, write_plan,
};
use jiff::civil::Date;

use super::reading::Told;
use super::told::{Itinerary, LeftOutNeed, PlannedPair};
use super::wording::{Wording, named};
use super::{Campaigns, Side, points};
use crate::{EngineError, blocking};

const NOWHERE: &str = "地区不详";

impl Campaigns {
    /// A plan as the bytes of an .xlsx file: an overview, a sheet for each county and each society, and the needs that are left out.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub async fn plan_workbook(&self, number: u64, version: Option<u64>) -> Result<Vec<u8>, EngineError> {
        let told = self.told(number, version).await?;
        let (needs, candidates) = named(&told.content, &[], &told.plan.relaxations);
        let names = self.names(told.campaign.target, &needs, &candidates).await?;
        let wording = Wording { target: told.campaign.target, content: &told.content, names: &names };
        let conflicts = told.plan.relaxations.iter().map(|one| wording.relaxation(one).detail).collect();
        let pairs = self.pairs(&told).await?;
        let mut left = self.left(&told).await?;
        left.sort_by_key(|left| (left.need.region, left.need.id));
        let book = PlanBook {
            name: told.campaign.name.clone(),
            date: told.campaign.business_date,
            facts: facts(&told, &pairs, left.len()),
            conflicts,
            rows: pairs.into_iter().map(row).collect(),
            left: left.into_iter().map(left_row).collect(),
        };
        blocking(move || Ok(write_plan(&book)?)).await
    }

    /// Itineraries as the bytes of an .xlsx file, a printed page for each: of all who are sent, or of one.
    ///
    /// # Errors
    /// As [`Self::itinerary`].
    pub async fn itinerary_workbook(
        &self,
        number: u64,
        version: Option<u64>,
        candidate: Option<RecordId>,
    ) -> Result<Vec<u8>, EngineError> {
        let told = self.told(number, version).await?;
        let ways = match candidate {
            Some(candidate) => vec![self.itinerary(number, version, candidate).await?],
            None => self.ways(&told).await?,
        };
        let book = ItineraryBook {
            name: told.campaign.name,
            date: told.campaign.business_date,
            ways: ways.into_iter().map(way).collect(),
        };
        blocking(move || Ok(write_itineraries(&book)?)).await
    }
}

fn facts(told: &Told, pairs: &[PlannedPair], left: usize) -> Vec<(&'static str, String)> {
    let plan = &told.plan;
    let who = told.campaign.target.label();
    let going: std::collections::BTreeSet<RecordId> = pairs.iter().map(|pair| pair.candidate.id).collect();
    let proof = if plan.optimal {
        "已证明最优：满足的需求最多，其次总分最高，再次各人次数最均匀".to_owned()
    } else {
        format!(
            "尚未证明最优：任何方案至多满足 {} 项，总分至多 {:.1}",
            plan.bound_covered,
            points(plan.bound_score)
        )
    };
    vec![
        ("业务日期", chinese(told.campaign.business_date)),
        ("派出", who.to_owned()),
        ("方案", format!("第 {} 版，{}制定", told.stored.version, chinese(day(told.stored.made_at)))),
        ("参加的需求", format!("{} 项", told.content.needs.len())),
        ("得到满足", format!("{} 项", plan.covered)),
        ("没有安排", format!("{left} 项（见最后一个工作表）")),
        ("安排", format!("{} 人次，派出 {} 个{who}", pairs.len(), going.len())),
        ("总分", format!("{:.1}", points(plan.score))),
        ("方案好坏", proof),
    ]
}

fn row(pair: PlannedPair) -> PlanRow {
    let PlannedPair { need, candidate, score, locked, why, .. } = pair;
    PlanRow {
        county: (need.region.map_or(u32::MAX, |region| region.code()), county(&need)),
        enterprise: need.organisation.clone().unwrap_or_default(),
        need: [need.id.to_string(), need.external_id, need.title],
        candidate: [
            candidate.id.to_string(),
            candidate.external_id,
            candidate.title,
            candidate.professional_title.unwrap_or_default(),
            candidate.organisation.unwrap_or_default(),
        ],
        societies: candidate.societies,
        score,
        locked,
        reason: why.sentence,
    }
}

fn left_row(left: LeftOutNeed) -> LeftRow {
    let LeftOutNeed { need, reasons, .. } = left;
    let reasons: Vec<String> = reasons.into_iter().map(|reason| reason.detail).collect();
    LeftRow {
        county: county(&need),
        enterprise: need.organisation.clone().unwrap_or_default(),
        need: [need.id.to_string(), need.external_id, need.title],
        reasons: reasons.join("；"),
    }
}

fn way(itinerary: Itinerary) -> Way {
    let Itinerary { candidate, stops, .. } = itinerary;
    let words = [
        candidate.professional_title.clone(),
        candidate.organisation.clone(),
        candidate.region_name.clone(),
        Some(candidate.societies.join("、")),
        Some(format!("本次共 {} 家", stops.len())),
    ];
    let about: Vec<String> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    let stay = |stop: super::told::Stop| Stay {
        county: county(&stop.need),
        enterprise: stop.need.organisation.clone().unwrap_or_default(),
        need: [stop.need.id.to_string(), stop.need.title],
        reason: stop.sentence,
    };
    Way {
        who: format!("{}（{}）", candidate.title, candidate.id),
        about: about.join(" · "),
        stays: stops.into_iter().map(stay).collect(),
    }
}

fn county(side: &Side) -> String {
    side.county().unwrap_or_else(|| NOWHERE.to_owned())
}

/// A moment's day in China.
fn day(moment: jiff::Timestamp) -> Date {
    moment.to_zoned(domain::china()).date()
}

/// A day as staff write it.
fn chinese(day: Date) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}
