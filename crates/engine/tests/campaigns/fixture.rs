//! A registry so small that every plan there is can be tried, and what the tests do with it.

use std::collections::BTreeMap;

use domain::{Kind, RecordId};
use engine::{
    CampaignRequest, CampaignShown, Engine, EngineError, LeftOutNeed, MatchRequest, PlannedPair, RulingDraft,
    RulingWord, Settings, Subject,
};
use jiff::civil::{Date, date};
use serde_json::json;
use tempfile::TempDir;

pub(crate) const DAY: Date = date(2026, 11, 27);
pub(crate) const WELDERS: &str = "江淮焊接学会";
pub(crate) const OPTICIANS: &str = "闽海光学学会";

/// The engine, and the directory that must outlive it.
pub(crate) struct House {
    pub(crate) engine: Engine,
    _folder: TempDir,
}

pub(crate) const fn need(number: u64) -> RecordId {
    RecordId::new(Kind::Need, number)
}

pub(crate) const fn expert(number: u64) -> RecordId {
    RecordId::new(Kind::Expert, number)
}

impl House {
    /// Four needs of four enterprises in two counties, three experts of two societies; all about laser welding.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(&Settings::new(folder.path())).await.unwrap();
        let needs = [
            ("铝壳激光焊接气孔控制", "341103", "甲电池厂", "智能制造"),
            ("铝合金激光焊接飞溅抑制", "341103", "乙电池厂", "现代能源"),
            ("激光焊接焊缝在线检测", "340104", "丙汽车厂", "智能制造"),
            ("电池壳体激光焊接变形控制", "340104", "丁汽车厂", "现代能源"),
        ];
        for (title, region, enterprise, field) in needs {
            let form = json!({"title": title, "description": format!("{title}，希望提高焊缝质量。"), "region": region,
                "enterprise_name": enterprise, "fields": [field], "contact": {"mobile": "13800001234"}});
            engine.create(Kind::Need, form).await.unwrap();
        }
        let experts = [
            ("方致远", "激光焊接气孔控制", "皖江理工大学", "340104", json!([WELDERS]), json!([])),
            (
                "卢景同",
                "激光焊接飞溅与焊缝检测",
                "江淮研究院",
                "341103",
                json!([WELDERS, OPTICIANS]),
                json!([]),
            ),
            ("汪砚清", "激光焊接变形控制", "闽海大学", "350203", json!([OPTICIANS]), json!(["341100"])),
        ];
        for (name, direction, organisation, region, societies, travel) in experts {
            let form = json!({"name": name, "research_directions": [direction], "organisation": organisation,
                "region": region, "societies": societies, "travel_regions": travel, "capacity_per_year": 4,
                "engaged_this_year": 1, "contact": {"mobile": "13900005678"}});
            engine.create(Kind::Expert, form).await.unwrap();
        }
        engine.catch_up().await.unwrap();
        Self { engine, _folder: folder }
    }

    pub(crate) async fn make(&self, change: impl FnOnce(&mut CampaignRequest)) -> CampaignShown {
        self.try_make(change).await.unwrap()
    }

    pub(crate) async fn try_make(
        &self,
        change: impl FnOnce(&mut CampaignRequest),
    ) -> Result<CampaignShown, EngineError> {
        let mut request = CampaignRequest::named("千名专家进千企");
        request.business_date = Some(DAY);
        change(&mut request);
        self.engine.campaigns().make(&request, |_, _| {}).await
    }

    pub(crate) async fn rule(
        &self,
        campaign: u64,
        rulings: &[RulingDraft],
    ) -> Result<CampaignShown, EngineError> {
        self.engine.campaigns().rule(campaign, None, rulings).await
    }

    pub(crate) async fn pairs(&self, campaign: u64) -> Vec<PlannedPair> {
        let page = self.engine.campaigns().plan(campaign, None, (0, 0), 100).await.unwrap();
        assert_eq!(page.next, None);
        page.items
    }

    /// Need and expert of each pair of the latest plan.
    pub(crate) async fn numbers(&self, campaign: u64) -> Vec<(u64, u64)> {
        let pairs = self.pairs(campaign).await;
        pairs.iter().map(|pair| (pair.need.id.number, pair.candidate.id.number)).collect()
    }

    pub(crate) async fn left(&self, campaign: u64) -> Vec<LeftOutNeed> {
        self.engine.campaigns().left_out(campaign, None, 0, 100).await.unwrap().items
    }

    /// The needs that are left out, each with the codes of its reasons.
    pub(crate) async fn reasons(&self, campaign: u64) -> Vec<(u64, Vec<&'static str>)> {
        let codes = |left: &LeftOutNeed| left.reasons.iter().map(|reason| reason.code).collect();
        self.left(campaign).await.iter().map(|left| (left.need.id.number, codes(left))).collect()
    }

    /// The score of each pair of need and expert, in ten-thousandths, as the ranking says it.
    pub(crate) async fn scores(&self) -> BTreeMap<(u64, u64), u64> {
        let mut scores = BTreeMap::new();
        for number in 1..=4 {
            let request =
                MatchRequest { target: Kind::Expert, limit: 100, with_excluded: false, on: Some(DAY) };
            let answer = self.engine.find_matches(&Subject::Stored(need(number)), &request).await.unwrap();
            for found in answer.matches {
                let score = (found.explanation.total * 1e4).round() as u64;
                scores.insert((number, found.record.id.number), score);
            }
        }
        scores
    }
}

pub(crate) fn ruling(ruling: RulingWord, of: u64, candidate: u64) -> RulingDraft {
    RulingDraft { ruling, need: need(of), candidate: expert(candidate), with: None, reason: String::new() }
}

/// The best of all plans that send each expert so often at most and each need one expert: needs covered, and the sum of scores.
pub(crate) fn best(scores: &BTreeMap<(u64, u64), u64>, capacities: [u64; 3]) -> (u64, u64) {
    fn from(of: u64, left: [u64; 3], scores: &BTreeMap<(u64, u64), u64>) -> (u64, u64) {
        if of > 4 {
            return (0, 0);
        }
        let mut best = from(of + 1, left, scores);
        for expert in 1..=3_u64 {
            let at = expert as usize - 1;
            let Some(score) = scores.get(&(of, expert)).filter(|_| left[at] > 0) else { continue };
            let mut less = left;
            less[at] -= 1;
            let (covered, sum) = from(of + 1, less, scores);
            best = best.max((covered + 1, sum + score));
        }
        best
    }
    from(1, capacities, scores)
}
