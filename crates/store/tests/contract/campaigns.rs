//! Campaigns: kept whole, planned on only from what was looked at, gone whole, and left by whoever is erased.

use domain::{Kind, RecordId};
use jiff::civil::date;
use serde_json::json;
use store::{
    Amendment, AuditFilter, CampaignDraft, CampaignPair, PlanDraft, PlanVisit, Receipt, RulingEntry, Store,
    StoreError,
};

use crate::drafts::{expert, need};

const NAME: &str = "柳映雪";

fn pair(need: u64, candidate: u64, score: u32) -> CampaignPair {
    CampaignPair { need, candidate, score, bar: None, why: format!("{{\"sentence\":\"{NAME}推荐\"}}") }
}

fn visit(need: u64, candidate: u64) -> PlanVisit {
    PlanVisit { need, candidate, locked: candidate == 1, otherwise: "{}".to_owned() }
}

fn ruling(need: u64, candidate: u64, ruling: &str) -> RulingEntry {
    RulingEntry { need, candidate, ruling: ruling.to_owned(), reason: format!("{NAME}已答应") }
}

fn plan(visits: &[(u64, u64)]) -> PlanDraft {
    let visits = visits.iter().map(|(need, candidate)| visit(*need, *candidate)).collect();
    PlanDraft { content: "{\"covered\":1}".to_owned(), visits }
}

fn amendment(rulings: &[RulingEntry], visits: &[(u64, u64)]) -> Amendment {
    let (rulings, plan) = (rulings.to_vec(), plan(visits));
    Amendment { rulings, candidates: Vec::new(), pairs: Vec::new(), content: None, plan }
}

fn draft(target: Kind) -> CampaignDraft {
    let barred = CampaignPair { bar: Some("declined".to_owned()), ..pair(2, 1, 900_000) };
    CampaignDraft {
        name: format!("千名专家进千企（{NAME}牵头）"),
        business_date: date(2026, 11, 27),
        target,
        region: "3411".parse().ok(),
        request: "{\"name\":\"甲\"}".to_owned(),
        content: "{\"needs\":[]}".to_owned(),
        candidates: vec![(1, 2), (2, 1)],
        // More than one statement takes.
        pairs: (3..103)
            .map(|need| pair(need, 2, 1))
            .chain([pair(1, 1, 632_000), barred, pair(1, 2, 500_000)])
            .collect(),
        rulings: vec![ruling(1, 1, "locked")],
        plan: plan(&[(1, 1), (3, 2)]),
    }
}

async fn visits(store: &Store, number: u64, version: u64) -> Vec<(u64, u64, u32)> {
    let found = store.campaign_visits(number, version).await.unwrap();
    found.iter().map(|found| (found.visit.need, found.visit.candidate, found.score)).collect()
}

pub(crate) async fn a_campaign_reads_back_whole(store: Store) {
    let draft = draft(Kind::Expert);
    let made = store.add_campaign(&draft, None).await.unwrap();
    assert_eq!(
        (&made.name, made.business_date, made.target),
        (&draft.name, draft.business_date, Kind::Expert)
    );
    assert_eq!((made.region, made.version, made.made_by.as_str()), (draft.region, 1, "system hongniang"));
    assert_eq!(store.campaign(made.number).await.unwrap().unwrap(), made);
    let content = store.campaign_content(made.number).await.unwrap();
    assert_eq!(content, (draft.request.clone(), draft.content.clone()));
    assert_eq!(store.campaign_candidates(made.number).await.unwrap(), draft.candidates);
    let pairs = store.campaign_pairs(made.number).await.unwrap();
    assert_eq!(pairs.len(), draft.pairs.len());
    let keys: Vec<_> = pairs.iter().map(|pair| (pair.need, pair.candidate, pair.bar.as_deref())).collect();
    assert_eq!(keys[..4], [(1, 1, None), (1, 2, None), (2, 1, Some("declined")), (3, 2, None)]);
    let rulings = store.campaign_rulings(made.number).await.unwrap();
    assert_eq!((rulings.len(), rulings[0].place, rulings[0].version), (1, 1, 1));
    assert_eq!(rulings[0].entry, draft.rulings[0]);
    let found = store.campaign_visits(made.number, 1).await.unwrap();
    assert_eq!(found.iter().map(|found| found.visit.clone()).collect::<Vec<_>>(), draft.plan.visits);
    assert_eq!((found[0].score, &found[0].why), (632_000, &draft.pairs[0].why));
    let plan = store.campaign_plan(made.number, 1).await.unwrap().unwrap();
    assert_eq!((plan.version, plan.content), (1, draft.plan.content));
    assert_eq!(store.campaign_plan(made.number, 2).await.unwrap(), None);
}

pub(crate) async fn it_is_planned_on_from_what_was_looked_at(store: Store) {
    let number = store.add_campaign(&draft(Kind::Expert), None).await.unwrap().number;
    let words = [ruling(1, 1, "open"), ruling(1, 2, "locked")];
    let added = Amendment {
        candidates: vec![(9, 3)],
        pairs: vec![pair(1, 9, 100)],
        content: Some("{\"needs\":[1]}".to_owned()),
        ..amendment(&words, &[(1, 2), (1, 9)])
    };
    let next = store.add_campaign_plan(number, 1, &added).await.unwrap();
    assert_eq!(next.version, 2);
    assert!(next.updated_at >= next.created_at);
    let late = store.add_campaign_plan(number, 1, &amendment(&[], &[])).await;
    assert!(matches!(late, Err(StoreError::StaleRevision { current: 2 })), "{late:?}");
    let nothing = store.add_campaign_plan(number + 1, 1, &amendment(&[], &[])).await;
    assert!(matches!(nothing, Err(StoreError::CampaignNotFound(_))), "{nothing:?}");
    assert_eq!(visits(&store, number, 1).await, [(1, 1, 632_000), (3, 2, 1)], "the plan before stays");
    assert_eq!(visits(&store, number, 2).await, [(1, 2, 500_000), (1, 9, 100)]);
    assert_eq!(store.campaign_candidates(number).await.unwrap(), [(1, 2), (2, 1), (9, 3)]);
    assert_eq!(store.campaign_content(number).await.unwrap().1, "{\"needs\":[1]}");
    let rulings = store.campaign_rulings(number).await.unwrap();
    let said: Vec<_> =
        rulings.iter().map(|said| (said.place, said.version, said.entry.ruling.as_str())).collect();
    assert_eq!(said, [(1, 1, "locked"), (2, 2, "open"), (3, 2, "locked")]);
}

pub(crate) async fn they_are_listed_latest_first_and_deleted_whole(store: Store) {
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(store.add_campaign(&draft(Kind::Expert), None).await.unwrap().number);
    }
    let listed = async |before| {
        let page = store.campaigns(before, 2).await.unwrap();
        page.iter().map(|campaign| campaign.number).collect::<Vec<_>>()
    };
    assert_eq!(listed(u64::MAX).await, [numbers[2], numbers[1]]);
    assert_eq!(listed(numbers[1]).await, [numbers[0]]);
    let stale = store.delete_campaign(numbers[1], Some(2)).await;
    assert!(matches!(stale, Err(StoreError::StaleRevision { current: 1 })), "{stale:?}");
    store.delete_campaign(numbers[1], Some(1)).await.unwrap();
    assert_eq!(store.campaign(numbers[1]).await.unwrap(), None);
    assert_eq!(store.campaign_pairs(numbers[1]).await.unwrap(), []);
    assert_eq!(visits(&store, numbers[1], 1).await, []);
    assert_eq!(visits(&store, numbers[0], 1).await.len(), 2, "the others stay");
    let again = store.delete_campaign(numbers[1], None).await;
    assert!(matches!(again, Err(StoreError::CampaignNotFound(_))), "{again:?}");
}

pub(crate) async fn every_change_is_on_record_and_leads_to_what_came_of_it(store: Store) {
    let ticket = |text: &str| store::Ticket {
        key: domain::access::KeyId(1),
        text: text.to_owned(),
        request: "r".to_owned(),
        since: jiff::Timestamp::UNIX_EPOCH,
    };
    let (make, on, gone) =
        (store.with_ticket(ticket("a")), store.with_ticket(ticket("b")), store.with_ticket(ticket("c")));
    let number = make.add_campaign(&draft(Kind::Expert), None).await.unwrap().number;
    let twice = make.add_campaign(&draft(Kind::Expert), None).await;
    let receipt = |version| Receipt::Campaign { number, version };
    assert!(matches!(twice, Err(StoreError::Redeemed(found)) if found == receipt(1)), "{twice:?}");
    on.add_campaign_plan(number, 1, &amendment(&[], &[])).await.unwrap();
    assert_eq!(on.redeemed().await.unwrap(), Some(receipt(2)));
    gone.delete_campaign(number, None).await.unwrap();
    assert_eq!(gone.redeemed().await.unwrap(), Some(receipt(2)));
    let rows = store.audit_after(&AuditFilter::default(), 0, 10).await.unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["campaign.make", "campaign.plan", "campaign.delete"]);
    let told: serde_json::Value = serde_json::from_str(&rows[0].detail).unwrap();
    assert_eq!(told, json!({"campaign": number, "target": "expert", "pairs": 103, "visits": 2}));
}

pub(crate) async fn whoever_is_erased_leaves_them(store: Store) {
    store.upsert(vec![expert("ZJ-1", NAME), expert("ZJ-2", "乙")]).await.unwrap();
    store.create(need("XQ-1", "一")).await.unwrap();
    let number = store.add_campaign(&draft(Kind::Expert), None).await.unwrap().number;
    let of_stations = store.add_campaign(&draft(Kind::Station), None).await.unwrap().number;
    let id = RecordId::new(Kind::Expert, 1);
    store.erase(id, |_| Ok::<_, StoreError>(())).await.unwrap();
    assert_eq!(store.campaign_candidates(number).await.unwrap(), [(2, 1)]);
    assert!(store.campaign_pairs(number).await.unwrap().iter().all(|pair| pair.candidate == 2));
    assert_eq!(store.campaign_rulings(number).await.unwrap(), []);
    let found = store.campaign_visits(number, 1).await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(!found[0].why.contains(NAME), "{}", found[0].why);
    // A station of the same number is nobody else's.
    assert_eq!(store.campaign_candidates(of_stations).await.unwrap(), [(1, 2), (2, 1)]);
    let stations = store.campaign_rulings(of_stations).await.unwrap();
    assert_eq!(stations[0].entry.reason, "***已答应", "the name is hidden wherever it stands");
    let campaign = store.campaign(number).await.unwrap().unwrap();
    assert_eq!(campaign.name, "千名专家进千企（***牵头）");
}
