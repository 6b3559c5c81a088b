//! What may be wrong with what is asked of a campaign.

use domain::{FieldProblem, Kind, ProblemCode, RecordId, Region, RegionLevel};
use planning::MOST_VISITS;

use super::request::{CampaignRequest, GroupBy, QuotaRule, RulingDraft, RulingWord, Wanted};

/// Characters of a name and of a reason.
const LONGEST_NAME: usize = 100;
const LONGEST_REASON: usize = 200;
/// Candidates of a need at most: as many as a match request may ask for.
const MOST_CANDIDATES: u32 = 100;
/// Rules on groups at most.
const MOST_QUOTAS: usize = 200;
/// Parts of the plans that are looked at, at most.
const MOST_PARTS: u32 = 10_000;

/// Every field of a request that is wrong.
pub(super) fn problems(request: &CampaignRequest) -> Vec<FieldProblem> {
    let mut found = Problems::default();
    let length = request.name.replace('\0', "").trim().chars().count();
    found.when(length == 0, "/name", "活动名称", ProblemCode::Missing, "必填");
    found.when(
        length > LONGEST_NAME,
        "/name",
        "活动名称",
        ProblemCode::TooLarge,
        format!("最多 {LONGEST_NAME} 字"),
    );
    let sent = matches!(request.target, Kind::Expert | Kind::Station);
    found.when(
        !sent,
        "/target",
        "派谁去",
        ProblemCode::NotInTable,
        "应为 expert（专家）或 station（学会服务站）",
    );
    for (at, id) in request.needs.ids.iter().enumerate() {
        found.kind(&format!("/needs/ids/{at}"), *id, Kind::Need);
    }
    found.wanted("/wanted", request.wanted);
    for (at, wish) in request.wishes.iter().enumerate() {
        found.kind(&format!("/wishes/{at}/need"), wish.need, Kind::Need);
        found.wanted(&format!("/wishes/{at}"), Wanted { least: wish.least, most: wish.most });
    }
    let per_need = request.candidates.per_need;
    found.within("/candidates/per_need", "候选数", per_need, 1..=MOST_CANDIDATES);
    found.within("/effort", "求解力度", request.effort, 1..=MOST_PARTS);
    found.within("/capacity/unstated", "未登记的次数", request.capacity.unstated, 0..=MOST_VISITS);
    found.within("/capacity/most", "最多次数", request.capacity.most.unwrap_or(0), 0..=MOST_VISITS);
    for (at, capacity) in request.capacities.iter().enumerate() {
        found.kind(&format!("/capacities/{at}/candidate"), capacity.candidate, request.target);
        found.within(&format!("/capacities/{at}/most"), "最多次数", capacity.most, 0..=MOST_VISITS);
    }
    let floor = (0.0..=100.0).contains(&request.floor);
    found.when(!floor, "/floor", "最低得分", ProblemCode::Format, "应在 0 到 100 之间");
    found.quotas(&request.quotas);
    found.rulings("/rulings", &request.rulings, request.target);
    found.0
}

/// Every ruling that is wrong by itself.
pub(super) fn ruling_problems(rulings: &[RulingDraft], target: Kind) -> Vec<FieldProblem> {
    let mut found = Problems::default();
    found.rulings("/rulings", rulings, target);
    found.0
}

/// A problem of one field.
pub(super) fn problem(
    pointer: &str,
    label: &str,
    code: ProblemCode,
    detail: impl Into<String>,
) -> FieldProblem {
    FieldProblem { pointer: pointer.to_owned(), label: label.to_owned(), code, detail: detail.into() }
}

#[derive(Default)]
struct Problems(Vec<FieldProblem>);

impl Problems {
    fn when(&mut self, wrong: bool, at: &str, label: &str, code: ProblemCode, detail: impl Into<String>) {
        if wrong {
            self.0.push(problem(at, label, code, detail));
        }
    }

    fn within(&mut self, at: &str, label: &str, value: u32, bounds: std::ops::RangeInclusive<u32>) {
        let detail = format!("应在 {} 到 {} 之间", bounds.start(), bounds.end());
        self.when(!bounds.contains(&value), at, label, ProblemCode::Format, detail);
    }

    fn kind(&mut self, at: &str, id: RecordId, wanted: Kind) {
        let detail = format!("应为{}的记录编号，形如 {wanted}-42", wanted.label());
        self.when(id.kind != wanted, at, "记录编号", ProblemCode::Format, detail);
    }

    fn wanted(&mut self, at: &str, wanted: Wanted) {
        let sound = 1 <= wanted.least && wanted.least <= wanted.most && wanted.most <= MOST_VISITS;
        let detail = format!("最少应不小于 1、不大于最多，最多不超过 {MOST_VISITS}");
        self.when(!sound, at, "需要的人数", ProblemCode::Contradiction, detail);
    }

    fn quotas(&mut self, quotas: &[QuotaRule]) {
        let detail = format!("最多 {MOST_QUOTAS} 条");
        self.when(quotas.len() > MOST_QUOTAS, "/quotas", "名额", ProblemCode::TooLarge, detail);
        for (at, quota) in quotas.iter().enumerate() {
            let pointer = format!("/quotas/{at}");
            let crossed = quota.at_most.is_some_and(|most| quota.at_least > most);
            self.when(crossed, &pointer, "名额", ProblemCode::Contradiction, "最少不能大于最多");
            let nothing = quota.at_least == 0 && quota.at_most.is_none();
            self.when(nothing, &pointer, "名额", ProblemCode::Missing, "最少和最多至少写一项");
            if let Some(Err(detail)) = quota.of.as_deref().map(|of| group_region(quota.by, of)) {
                self.0.push(problem(&format!("{pointer}/of"), "名额", ProblemCode::NotInTable, detail));
            }
        }
    }

    fn rulings(&mut self, at: &str, rulings: &[RulingDraft], target: Kind) {
        for (place, ruling) in rulings.iter().enumerate() {
            let pointer = format!("{at}/{place}");
            self.kind(&format!("{pointer}/need"), ruling.need, Kind::Need);
            self.kind(&format!("{pointer}/candidate"), ruling.candidate, target);
            if let Some(with) = ruling.with {
                self.kind(&format!("{pointer}/with/need"), with.need, Kind::Need);
                self.kind(&format!("{pointer}/with/candidate"), with.candidate, target);
            }
            let paired = ruling.with.is_some() == (ruling.ruling == RulingWord::Swap);
            let detail = "对调（swap）要写明另一对，其余的不写";
            self.when(!paired, &format!("{pointer}/with"), "另一对", ProblemCode::Contradiction, detail);
            let long = ruling.reason.chars().count() > LONGEST_REASON;
            let detail = format!("最多 {LONGEST_REASON} 字");
            self.when(long, &format!("{pointer}/reason"), "原因", ProblemCode::TooLarge, detail);
        }
    }
}

/// The region that a rule on counties or cities names; nothing for other rules.
///
/// # Errors
/// What is wrong with it, in Chinese.
pub(super) fn group_region(by: GroupBy, of: &str) -> Result<Option<Region>, String> {
    let level = match by {
        GroupBy::County => RegionLevel::County,
        GroupBy::City => RegionLevel::City,
        GroupBy::Society | GroupBy::Field => return Ok(None),
    };
    let region: Region = of.parse()?;
    match (region.level() == level, level) {
        (true, _) => Ok(Some(region)),
        (false, RegionLevel::County) => Err(format!("“{of}”不是县、区")),
        (false, _) => Err(format!("“{of}”不是地级市")),
    }
}
