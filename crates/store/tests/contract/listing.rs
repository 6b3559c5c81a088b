//! Lists: pages, filters, counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Kind, Status};
use store::{ListFilter, Store};

use crate::drafts::{expert, in_region, need, with_status};

/// Goes through all pages and returns the numbers in the order met.
async fn walk(store: &Store, filter: &ListFilter, limit: u32) -> Vec<u64> {
    let mut met = Vec::new();
    loop {
        let page = store.page(Kind::Need, filter, met.last().copied().unwrap_or(0), limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        if page.is_empty() {
            return met;
        }
        met.extend(page.into_iter().map(|record| record.id.number));
    }
}

/// Ninety needs whose statuses alternate, and an expert.
async fn ninety(store: &Store) {
    let draft = |at: usize| with_status(need(&format!("n{at}"), "需求"), Status::ALL[at % 3]);
    store.upsert((1..=90).map(draft).chain([expert("x", "李")]).collect()).await.unwrap();
}

fn only(statuses: &[Status]) -> ListFilter {
    ListFilter { statuses: statuses.to_vec(), ..ListFilter::default() }
}

pub(crate) async fn pages_hold_every_record_once(store: Store) {
    ninety(&store).await;
    for limit in [1, 7, 90, 1000] {
        assert_eq!(walk(&store, &ListFilter::default(), limit).await, (1..=90).collect::<Vec<_>>());
    }
    assert!(store.page(Kind::Station, &ListFilter::default(), 0, 10).await.unwrap().is_empty());
    assert!(store.page(Kind::Need, &ListFilter::default(), u64::MAX, 10).await.unwrap().is_empty());
}

pub(crate) async fn pages_keep_to_the_filter(store: Store) {
    ninety(&store).await;
    let numbers = |wanted: &[usize]| {
        (1..=90).filter(|at| wanted.contains(&(at % 3))).map(|at| at as u64).collect::<Vec<_>>()
    };
    assert_eq!(walk(&store, &only(&Status::ALL[1..2]), 4).await, numbers(&[1]));
    assert_eq!(
        walk(&store, &only(&[Status::ALL[2], Status::ALL[0], Status::ALL[2]]), 4).await,
        numbers(&[0, 2])
    );

    let before = store.by_external_id(Kind::Need, "n90").await.unwrap().unwrap().updated_at;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let changed = store.upsert(vec![need("n3", "新"), need("n4", "新")]).await.unwrap()[0].id;
    let since = Some(store.record(changed).await.unwrap().unwrap().updated_at);
    assert!(since > Some(before));
    let filter = |statuses: &[Status]| ListFilter { updated_since: since, ..only(statuses) };
    assert_eq!(walk(&store, &filter(&[]), 10).await, [3, 4]);
    assert_eq!(walk(&store, &filter(&[Status::ALL[0]]), 10).await, [3]);
}

pub(crate) async fn counts_agree_with_pages(store: Store) {
    ninety(&store).await;
    let later = ListFilter { updated_since: Some(jiff::Timestamp::MAX), ..ListFilter::default() };
    for (filter, expected) in [
        (ListFilter::default(), 90),
        (only(&[Status::Open]), 30),
        (only(&[Status::Open, Status::Withdrawn]), 60),
        (later, 0),
    ] {
        assert_eq!(store.count(Kind::Need, &filter).await.unwrap(), expected);
        assert_eq!(walk(&store, &filter, 100).await.len() as u64, expected);
    }
    assert_eq!(store.count(Kind::Expert, &ListFilter::default()).await.unwrap(), 1);
}

pub(crate) async fn pages_lose_and_repeat_nothing_while_others_insert(store: Store) {
    ninety(&store).await;
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (store, done) = (store.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut at = 0;
                while !done.load(Ordering::Relaxed) {
                    store.upsert(vec![need(&format!("w{writer}-{at}"), "后来的")]).await.unwrap();
                    at += 1;
                }
            })
        })
        .collect();
    for _ in 0..5 {
        let before = store.count(Kind::Need, &ListFilter::default()).await.unwrap();
        // Slower than the writers together would be, unless the page reaches further each time.
        let met = walk(&store, &ListFilter::default(), 40).await;
        assert!(met.len() as u64 >= before);
        assert_eq!(met, (1..=met.len() as u64).collect::<Vec<_>>());
    }
    done.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
}

pub(crate) async fn records_come_in_the_order_asked(store: Store) {
    store.upsert((1..=600).map(|at| need(&format!("n{at}"), "需求")).collect()).await.unwrap();
    let mut numbers: Vec<u64> = (1..=700).rev().collect();
    numbers.push(5);
    let found = store.records(Kind::Need, &numbers).await.unwrap();
    let found: Vec<u64> = found.into_iter().map(|record| record.id.number).collect();
    assert_eq!(found, (1..=600).rev().collect::<Vec<_>>());
}

pub(crate) async fn regions_are_kept_apart(store: Store) {
    // A text that looks like another record's region, and a region that only begins with the same digits.
    let tricky = need("n4", "\"region\":\"341103\"");
    let drafts = [in_region("n1", "341103"), in_region("n2", "341100"), in_region("n3", "340104"), tricky];
    store.upsert(drafts.into()).await.unwrap();
    for (region, numbers) in
        [("34", &[1, 2, 3][..]), ("3411", &[1, 2]), ("341103", &[1]), ("3401", &[3]), ("35", &[])]
    {
        let filter = ListFilter { within: region.parse().ok(), ..ListFilter::default() };
        assert_eq!(walk(&store, &filter, 1).await, numbers, "{region}");
        assert_eq!(store.count(Kind::Need, &filter).await.unwrap(), numbers.len() as u64, "{region}");
    }
}
