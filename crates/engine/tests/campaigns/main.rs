//! Properties of campaigns over real parts and a registry in which every plan can be tried:
//!
//! - the plan is the best of all there are, and says so; each pair says why, and what the best plan without it would lose;
//! - each limit holds, and whom it leaves out is named with that reason; limits that cannot be met are named with the least that has to give;
//! - whoever must not go does not: of the same organisation, having declined before, too far away;
//! - what staff lock, forbid and swap holds, and what need not move stays; pairs that nobody proposed may be locked;
//! - the same request gives the same plan; a campaign stays as it was while the registries change; whoever is erased leaves it;
//! - the workbooks say what the plan says, and hold no contact.
#![allow(clippy::unwrap_used, reason = "tests")]

mod books;
mod fixture;
mod limits;
mod rulings;

use domain::Kind;
use engine::{EngineError, RematchRequest, Source};
use serde_json::json;

use fixture::{DAY, House, best, expert, need};

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_is_the_best_of_all() {
    let house = House::new().await;
    let scores = house.scores().await;
    assert_eq!(scores.len(), 12, "everybody fits everything, more or less: {scores:?}");
    for capacities in [[1, 1, 1], [2, 1, 1], [1, 0, 3], [4, 4, 4]] {
        let shown = house
            .make(|request| {
                request.capacities = (1..=3)
                    .zip(capacities)
                    .map(|(number, most)| engine::CandidateCapacity {
                        candidate: expert(number),
                        most: most as u32,
                    })
                    .collect();
            })
            .await;
        let plan = &shown.plan;
        let (covered, score) = best(&scores, capacities);
        assert_eq!((plan.covered, plan.score), (covered, score as f64 / 1e4), "{capacities:?}");
        assert!(plan.optimal && plan.relaxations.is_empty(), "{plan:?}");
        assert_eq!((plan.covered_at_most, plan.score_at_most), (plan.covered, plan.score));
        assert_eq!((plan.needs, plan.left_out), (4, 4 - covered));
        let pairs = house.pairs(shown.head.id).await;
        let sum: f64 = pairs.iter().map(|pair| pair.score).sum();
        assert!((sum - plan.score).abs() < 1e-6);
        for (number, most) in (1..).zip(capacities) {
            let visits = pairs.iter().filter(|pair| pair.candidate.id == expert(number)).count();
            assert!(visits as u64 <= most, "{capacities:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_pair_says_why_and_what_would_be_lost_without_it() {
    let house = House::new().await;
    let scores = house.scores().await;
    let shown = house.make(|request| request.capacity.most = Some(1)).await;
    let (covered, score) = best(&scores, [1, 1, 1]);
    let pairs = house.pairs(shown.head.id).await;
    assert_eq!(pairs.len(), 3);
    for pair in &pairs {
        let sum: f64 = pair.why.parts.iter().map(|part| part.points).sum();
        assert!((sum - pair.score).abs() < 0.01, "{:?}", pair.why);
        assert!(pair.why.sentence.contains("激光"), "{}", pair.why.sentence);
        let key = (pair.need.id.number, pair.candidate.id.number);
        let mut without = scores.clone();
        without.remove(&key);
        let (other_covered, other_score) = best(&without, [1, 1, 1]);
        assert_eq!(pair.otherwise.covered, other_covered as i64 - covered as i64, "{key:?}");
        let lost = (other_score as f64 - score as f64) / 1e4;
        assert!((pair.otherwise.score - lost).abs() < 1e-6, "{key:?}: {:?} {lost}", pair.otherwise);
        assert!(pair.otherwise.goes.iter().any(|gone| gone.need == pair.need.id));
        assert!(pair.otherwise.sentence.starts_with("不安排这一对时"), "{}", pair.otherwise.sentence);
    }
    let left = house.left(shown.head.id).await;
    assert_eq!(left.len(), 1);
    assert!(left[0].reasons.iter().all(|reason| reason.code == "busy"), "{left:?}");
    assert!(left[0].reasons[0].detail.contains("次数已用完，已安排去“"), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_gives_the_same_plan_whatever_became_of_the_registries() {
    let house = House::new().await;
    let tell = async |campaign: u64| {
        let campaigns = house.engine.campaigns();
        let mut shown = serde_json::to_value(campaigns.read(campaign).await.unwrap()).unwrap();
        for own in ["id", "created_at", "updated_at"] {
            shown[own] = json!(null);
        }
        shown["plan"]["made_at"] = json!(null);
        json!([shown, house.pairs(campaign).await, house.left(campaign).await]).to_string()
    };
    let one = house.make(|request| request.capacity.most = Some(1)).await.head.id;
    let other = house.make(|request| request.capacity.most = Some(1)).await.head.id;
    let said = tell(one).await;
    assert_eq!(said, tell(other).await);
    // An expert who would be the best for everything comes later: campaigns that stand do not know them, also when solved again.
    let form = json!({"name": "新来的", "research_directions": ["铝壳激光焊接气孔控制", "铝合金激光焊接飞溅抑制"],
        "organisation": "某研究院", "region": "341103"});
    house.engine.create(Kind::Expert, form).await.unwrap();
    house.engine.catch_up().await.unwrap();
    assert_eq!(said, tell(one).await);
    let before = house.numbers(one).await;
    let again = house.rule(one, &[]).await.unwrap();
    assert_eq!((again.head.version, again.plan.kept), (2, 3));
    assert_eq!(house.numbers(one).await, before);
    let fresh = house.make(|request| request.capacity.most = Some(1)).await;
    assert_eq!(fresh.plan.covered, 4, "a new campaign does");
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_may_come_from_the_current_run() {
    let house = House::new().await;
    let from_run = |request: &mut engine::CampaignRequest| request.candidates.source = Source::CurrentRun;
    assert!(matches!(house.try_make(from_run).await, Err(EngineError::NoRun)));
    house
        .engine
        .rematch(&RematchRequest { on: Some(DAY), ..RematchRequest::default() }, |_| {})
        .await
        .unwrap();
    let ranked = house.make(|_| {}).await;
    let run = house.make(from_run).await;
    assert_eq!(house.numbers(run.head.id).await, house.numbers(ranked.head.id).await);
    assert_eq!(run.plan.score, ranked.plan.score);
    // Whoever must not go any more does not, though the run says so.
    let withdrawn = house.numbers(run.head.id).await[0].1;
    house.engine.set_status(expert(withdrawn), None, domain::Status::Withdrawn).await.unwrap();
    let later = house.make(from_run).await;
    assert!(house.numbers(later.head.id).await.iter().all(|(_, sent)| *sent != withdrawn));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_erased_leaves_and_the_rest_is_planned_again() {
    let house = House::new().await;
    let made = house.make(|request| request.capacity.most = Some(2)).await;
    let campaign = made.head.id;
    let gone = house.numbers(campaign).await[0].1;
    let visits = house.numbers(campaign).await.iter().filter(|(_, sent)| *sent == gone).count() as u64;
    house.engine.erase_person(expert(gone)).await.unwrap();
    let now = house.engine.campaigns().read(campaign).await.unwrap();
    assert_eq!((now.plan.erased, now.plan.visits), (visits, made.plan.visits - visits));
    let again = house.rule(campaign, &[]).await.unwrap();
    assert_eq!((again.plan.erased, again.plan.covered), (0, 4), "two others have two visits each");
    assert!(house.numbers(campaign).await.iter().all(|(_, sent)| *sent != gone));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_everything_once() {
    let house = House::new().await;
    let campaign = house.make(|request| request.wanted.most = 2).await.head.id;
    let all = house.numbers(campaign).await;
    let (mut seen, mut after) = (Vec::new(), (0, 0));
    loop {
        let page = house.engine.campaigns().plan(campaign, None, after, 2).await.unwrap();
        seen.extend(page.items.iter().map(|pair| (pair.need.id.number, pair.candidate.id.number)));
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(seen, all);
    let ways = house.engine.campaigns().itineraries(campaign, None, 0, 2).await.unwrap();
    assert_eq!((ways.items.len(), ways.next), (2, Some(2)));
    let rest = house.engine.campaigns().itineraries(campaign, None, 2, 2).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
    let stops: usize = ways.items.iter().chain(&rest.items).map(|way| way.stops.len()).sum();
    assert_eq!(stops, all.len());
    let list = house.engine.campaigns().list(u64::MAX, 1).await.unwrap();
    assert_eq!((list.items[0].id, list.next), (campaign, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_is_told_at_once() {
    let house = House::new().await;
    let refused = house
        .try_make(|request| {
            request.name = " ".to_owned();
            request.target = Kind::Achievement;
            request.needs.ids = vec![expert(1)];
            request.wanted.least = 0;
            request.candidates.per_need = 101;
            request.floor = f64::NAN;
            request.effort = 0;
            request.quotas = vec![engine::QuotaRule {
                by: engine::GroupBy::County,
                of: Some("滁州市".to_owned()),
                at_least: 3,
                at_most: Some(2),
            }];
        })
        .await;
    let Err(EngineError::Invalid(problems)) = refused else { unreachable!("{refused:?}") };
    let pointers: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    let expected = [
        "/name",
        "/target",
        "/needs/ids/0",
        "/wanted",
        "/candidates/per_need",
        "/effort",
        "/floor",
        "/quotas/0",
        "/quotas/0/of",
    ];
    assert_eq!(pointers, expected);
    let unknown = house.try_make(|request| request.needs.ids = vec![need(9)]).await;
    assert!(matches!(unknown, Err(EngineError::NotFound(id)) if id == need(9)), "{unknown:?}");
    let nothing = house.engine.campaigns().read(1).await;
    assert!(nothing.is_err(), "nothing of it was kept");
}
