//! Limits, one by one: each holds, and whom it leaves out is told so.

use domain::{Decision, Kind};
use engine::{EngineError, FeedbackDraft, GroupBy, NeedWish, QuotaRule, RulingWord, Travel};
use jiff::civil::date;
use serde_json::json;

use crate::fixture::{DAY, House, OPTICIANS, WELDERS, expert, need, ruling};

fn quota(by: GroupBy, of: Option<&str>, at_least: u32, at_most: Option<u32>) -> QuotaRule {
    QuotaRule { by, of: of.map(str::to_owned), at_least, at_most }
}

#[tokio::test(flavor = "multi_thread")]
async fn needs_are_chosen_by_place_industry_and_field() {
    let house = House::new().await;
    let shown = house.make(|request| request.needs.regions = vec!["滁州市".parse().unwrap()]).await;
    assert_eq!(shown.plan.needs, 2);
    let both = |request: &mut engine::CampaignRequest| {
        request.needs.regions = vec!["滁州市".parse().unwrap()];
        request.needs.fields = vec!["现代能源".to_owned()];
    };
    let shown = house.make(both).await;
    let numbers = house.numbers(shown.head.id).await;
    assert_eq!(numbers.iter().map(|(need, _)| *need).collect::<Vec<_>>(), [2]);
    let none = house.make(|request| request.needs.industries = vec!["C38".parse().unwrap()]).await;
    assert_eq!((none.plan.needs, none.plan.visits, none.plan.optimal), (0, 0, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_need_gets_as_many_as_it_wants_or_none() {
    let house = House::new().await;
    // Three visits in all: one need wants three or none, the others one.
    let shown = house
        .make(|request| {
            request.capacity.most = Some(1);
            request.wishes = vec![NeedWish { need: need(1), least: 3, most: 3 }];
        })
        .await;
    assert_eq!(shown.plan.covered, 3, "three needs with one are more than one with three");
    let left = house.left(shown.head.id).await;
    assert_eq!((left.len(), left[0].need.id, left[0].got), (1, need(1), 0));
    let alone = house
        .make(|request| {
            request.needs.ids = vec![need(1)];
            request.wanted = engine::Wanted { least: 2, most: 3 };
        })
        .await;
    assert_eq!((alone.plan.covered, alone.plan.visits), (1, 3));
    let too_many = house
        .make(|request| {
            request.needs.ids = vec![need(1)];
            request.wanted = engine::Wanted { least: 4, most: 5 };
        })
        .await;
    assert_eq!(house.reasons(too_many.head.id).await, [(1, vec!["too_few"])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn capacity_is_what_is_left_of_the_year() {
    let house = House::new().await;
    // Four a year, one taken: three each are more than enough for one; with wishes for all three everywhere they are not.
    let all = house.make(|request| request.wanted = engine::Wanted { least: 1, most: 3 }).await;
    assert_eq!(all.plan.visits, 9, "three experts, three visits each, of twelve pairs");
    let few = house.make(|request| request.capacity.most = Some(1)).await;
    assert_eq!((few.plan.visits, few.plan.busiest), (3, 1));
    let form = json!({"name": "没有登记", "research_directions": ["激光焊接气孔"], "organisation": "某院"});
    house.engine.create(Kind::Expert, form).await.unwrap();
    house.engine.catch_up().await.unwrap();
    let alone = |request: &mut engine::CampaignRequest| {
        request.capacities =
            (1..=3).map(|number| engine::CandidateCapacity { candidate: expert(number), most: 0 }).collect();
    };
    assert_eq!(house.make(alone).await.plan.visits, 2, "two by default");
    let more = |request: &mut engine::CampaignRequest| {
        alone(request);
        request.capacity.unstated = 4;
    };
    assert_eq!(house.make(more).await.plan.visits, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_goes_farther_than_allowed_unless_willing() {
    let house = House::new().await;
    // Of 厦门, willing to go to 滁州 alone.
    let third = |numbers: Vec<(u64, u64)>| -> Vec<u64> {
        numbers.into_iter().filter(|(_, sent)| *sent == 3).map(|(need, _)| need).collect()
    };
    let everybody = |travel: Travel| {
        move |request: &mut engine::CampaignRequest| {
            request.travel = travel;
            request.wanted = engine::Wanted { least: 1, most: 3 };
            request.capacity.most = Some(4);
        }
    };
    let province = house.make(everybody(Travel::Province)).await.head.id;
    assert_eq!(third(house.numbers(province).await), [1, 2]);
    let county = house.make(everybody(Travel::County)).await.head.id;
    assert_eq!(house.numbers(county).await, [(1, 2), (1, 3), (2, 2), (2, 3), (3, 1), (4, 1)]);
    let only = house
        .make(|request| {
            everybody(Travel::City)(request);
            request.needs.ids = vec![need(3)];
            request.capacities = vec![engine::CandidateCapacity { candidate: expert(1), most: 0 }];
            request.wanted = engine::Wanted { least: 2, most: 2 };
        })
        .await;
    assert_eq!(house.reasons(only.head.id).await, [(3, vec!["too_few", "too_far"])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_must_not_go_does_not() {
    let house = House::new().await;
    let decline = async |decision| {
        let draft = FeedbackDraft {
            need: need(1),
            candidate: expert(1),
            decision,
            reason: String::new(),
            decided_on: None,
            comment: String::new(),
        };
        house.engine.add_feedback(draft).await.unwrap();
    };
    let first = |request: &mut engine::CampaignRequest| request.wanted = engine::Wanted { least: 1, most: 3 };
    decline(Decision::Declined).await;
    let campaign = house.make(first).await.head.id;
    let sent = |numbers: &[(u64, u64)]| numbers.contains(&(1, 1));
    assert!(!sent(&house.numbers(campaign).await));
    decline(Decision::Accepted).await;
    assert!(sent(&house.numbers(house.make(first).await.head.id).await), "the last word counts");
    decline(Decision::Declined).await;
    let all = house
        .make(|request| {
            request.needs.ids = vec![need(1)];
            request.wanted = engine::Wanted { least: 3, most: 3 };
        })
        .await;
    assert_eq!(house.reasons(all.head.id).await, [(1, vec!["too_few", "declined"])]);
    // A need of the expert's own organisation, for which nobody else is found.
    let form = json!({"title": "钙钛矿涂布", "enterprise_name": "晨光研究所", "region": "341103"});
    let own = house.engine.create(Kind::Need, form).await.unwrap().record.id;
    let form = json!({"name": "沈一舟", "research_directions": ["钙钛矿涂布"], "organisation": "晨光研究所"});
    let colleague = house.engine.create(Kind::Expert, form).await.unwrap().record.id;
    house.engine.catch_up().await.unwrap();
    let shown = house.make(|request| request.needs.ids = vec![own]).await;
    let left = house.left(shown.head.id).await;
    let codes: Vec<&str> = left[0].reasons.iter().map(|reason| reason.code).collect();
    assert!(codes.starts_with(&["no_candidate"]) && codes.contains(&"excluded"), "{left:?}");
    let told = left[0].reasons.iter().find(|reason| reason.code == "excluded").unwrap();
    assert!(told.detail.contains("沈一舟") && told.detail.contains("同一单位"), "{}", told.detail);
    let lock = engine::RulingDraft { need: own, candidate: colleague, ..ruling(RulingWord::Lock, 1, 1) };
    let refused = house.rule(shown.head.id, &[lock]).await;
    assert!(matches!(refused, Err(EngineError::Invalid(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_is_named_and_takes_no_part() {
    let house = House::new().await;
    let form = json!({"title": "激光焊接旧需求", "enterprise_name": "戊厂", "valid_until": "2026-11-26"});
    let past = house.engine.create(Kind::Need, form).await.unwrap().record.id;
    house.engine.catch_up().await.unwrap();
    let shown = house.make(|_| {}).await;
    assert_eq!((shown.plan.needs, shown.plan.left_out), (4, 1));
    let left = house.left(shown.head.id).await;
    assert_eq!((left[0].need.id, left[0].reasons[0].code), (past, "unfit"));
    assert_eq!(left[0].reasons[0].detail, "需求已过有效期");
    let before = house.make(|request| request.business_date = Some(date(2026, 11, 26))).await;
    assert_eq!((before.plan.needs, before.head.business_date < DAY), (5, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_scores_too_little_is_not_planned() {
    let house = House::new().await;
    let scores = house.scores().await;
    let floor = *scores.values().max().unwrap() as f64 / 1e4;
    let shown = house.make(|request| request.floor = floor).await;
    assert_eq!((shown.plan.visits, shown.plan.score), (1, floor));
    let reasons = house.reasons(shown.head.id).await;
    assert_eq!(reasons.len(), 3);
    assert!(reasons.iter().all(|(_, codes)| codes == &["below_floor"]), "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_hold_and_what_cannot_be_met_is_named() {
    let house = House::new().await;
    // Everybody of the welders together once, so the third expert does the rest.
    let welders =
        house.make(|request| request.quotas = vec![quota(GroupBy::Society, Some(WELDERS), 0, Some(1))]).await;
    let numbers = house.numbers(welders.head.id).await;
    assert_eq!(numbers.iter().filter(|(_, sent)| *sent < 3).count(), 1, "{numbers:?}");
    let tight = house
        .make(|request| {
            request.quotas = vec![
                quota(GroupBy::Society, Some(WELDERS), 0, Some(1)),
                quota(GroupBy::Society, Some(OPTICIANS), 0, Some(0)),
            ];
        })
        .await;
    assert_eq!(tight.plan.covered, 1, "{:?}", tight.plan);
    let reasons = house.reasons(tight.head.id).await;
    assert!(reasons.iter().all(|(_, codes)| codes.contains(&"quota_full")), "{reasons:?}");
    let counties =
        house.make(|request| request.quotas = vec![quota(GroupBy::County, None, 0, Some(1))]).await;
    assert_eq!(counties.plan.covered, 2, "one in each county");
    let fields = house
        .make(|request| request.quotas = vec![quota(GroupBy::Field, Some("现代能源"), 0, Some(0))])
        .await;
    assert_eq!(house.numbers(fields.head.id).await.iter().map(|(need, _)| *need).collect::<Vec<_>>(), [1, 3]);
    let unmet = house
        .make(|request| {
            request.quotas = vec![
                quota(GroupBy::City, Some("滁州市"), 5, None),
                quota(GroupBy::Society, Some("没有人的学会"), 2, None),
            ];
        })
        .await;
    let told: Vec<(&str, u32, Option<&str>)> =
        unmet.plan.relaxations.iter().map(|one| (one.limit, one.by, one.group.as_deref())).collect();
    assert_eq!(told, [("at_least", 3, Some("安徽省滁州市")), ("at_least", 2, Some("没有人的学会"))]);
    let detail = &unmet.plan.relaxations[0].detail;
    assert_eq!(detail, "“安徽省滁州市”（最少 5 人次）达不到最少的人次，还差 3：最少须降低 3，或增加候选");
    let crossing = house
        .try_make(|request| {
            request.quotas =
                vec![quota(GroupBy::County, None, 1, None), quota(GroupBy::Field, None, 1, None)];
        })
        .await;
    let Err(EngineError::Invalid(problems)) = crossing else { unreachable!("{crossing:?}") };
    assert_eq!(problems[0].pointer, "/quotas/1", "{problems:?}");
}
