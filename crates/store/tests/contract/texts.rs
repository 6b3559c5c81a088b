//! Texts and numbers mean the same on every backend: their order, their bytes, their ends.

use domain::{Contact, Decision, Kind, Profile, RecordId};
use store::{FeedbackEntry, Judgement, ListFilter, Pair, Sketch, Store};

use crate::drafts::{achievement, expert, need, with_contact};
use crate::runs;

fn judged_by(judge: &str) -> Judgement {
    let target = RecordId::new(Kind::Expert, 1);
    Judgement {
        need: 1,
        target,
        judge: judge.to_owned(),
        level: 3,
        note: String::new(),
        source: "文件".to_owned(),
    }
}

pub(crate) async fn sort_by_their_bytes(store: Store) {
    let mut judges = ["李", "b", "B", "a", "é", "阿", "_", "Z", "-a", "ａ", "🚀", "1"];
    store.add_judgements(&judges.map(judged_by)).await.unwrap();
    let stored = store.judgements().await.unwrap();
    let stored: Vec<String> = stored.into_iter().map(|stored| stored.judgement.judge).collect();
    judges.sort_unstable();
    assert_eq!(stored, judges);

    // Upper and lower case, width and accents tell identifiers apart.
    for external_id in ["Ab", "ab", "ａｂ", "áb", "ab "] {
        store.create(expert(external_id, "李")).await.unwrap();
    }
    assert_eq!(store.by_external_id(Kind::Expert, "ab").await.unwrap().unwrap().id.number, 2);
    assert_eq!(store.count(Kind::Expert, &ListFilter::default()).await.unwrap(), 5);
}

pub(crate) async fn of_any_kind_come_back_whole(store: Store) {
    let odd = "引号' \" \\ 反斜杠 \u{feff}\u{200b}\u{e000}\u{10ffff} 换行\n制表\t％_ $1 🚀";
    let contact =
        Contact { person: Some(odd.to_owned()), address: Some(String::new()), ..Contact::default() };
    let id = store.create(with_contact(need(odd, odd), contact.clone())).await.unwrap().id;
    let record = store.by_external_id(Kind::Need, odd).await.unwrap().unwrap();
    assert_eq!((record.id, &record.external_id, record.profile.title()), (id, &odd.to_owned(), odd));
    assert_eq!(store.contact(id).await.unwrap(), contact);

    // Profiles are JSON, in which a NUL is written out.
    let id = store.create(need("n", "空\0字符")).await.unwrap().id;
    let Profile::Need(read) = store.record(id).await.unwrap().unwrap().profile else { panic!("a need") };
    assert_eq!(read.title, "空\0字符");
}

pub(crate) async fn with_a_nul_are_never_found(store: Store) {
    store.create(need("a", "一")).await.unwrap();
    assert_eq!(store.by_external_id(Kind::Need, "a\0").await.unwrap(), None);
}

pub(crate) async fn numbers_at_their_ends_are_no_fault(store: Store) {
    store.create(need("a", "一")).await.unwrap();
    for number in [0, i64::MAX as u64, u64::MAX] {
        assert_eq!(store.record(RecordId::new(Kind::Need, number)).await.unwrap(), None);
        assert_eq!(store.records(Kind::Need, &[number, 1]).await.unwrap().len(), 1);
    }
    assert_eq!(store.page(Kind::Need, &ListFilter::default(), 0, u32::MAX).await.unwrap().len(), 1);
    assert_eq!(store.changes(u64::MAX, u32::MAX).await.unwrap(), []);
    assert_eq!(store.prune_changes(u64::MAX).await.unwrap(), 0);

    let bands = vec![i64::MIN, -1, 0, 1, i64::MAX];
    let sketch = Sketch { need: 1, bands: bands.clone(), listed: bands.clone() };
    let mut comparison = store.compare().await.unwrap();
    assert_eq!(comparison.uncompared(&[1]).await.unwrap().len(), 1);
    comparison.write(&[1], &[sketch], &[]).await.unwrap();
    let holders = store.compare().await.unwrap().holders(&bands).await.unwrap();
    assert_eq!(holders.len(), 5);
    assert!(bands.iter().all(|band| holders[band] == [1]));
}

pub(crate) async fn long_lists_are_read_whole(store: Store) {
    let experts: Vec<String> = (0..700).map(|at| format!("E{at}")).collect();
    let names: Vec<&str> = experts.iter().map(String::as_str).collect();
    let all = names.iter().map(|name| expert(name, "李")).chain([achievement("a", "成果", &names)]);
    let outcomes = store.upsert(all.collect()).await.unwrap();
    assert_eq!(outcomes.len(), 701);
    let asked: Vec<(u64, String)> = (1..).zip(experts).collect();
    let found = store.achievements_of(&asked).await.unwrap();
    assert_eq!(found.len(), 700);
    // The experts are told of once, with the achievement.
    assert_eq!(store.changes(0, 10_000).await.unwrap().len(), 701);
}

pub(crate) async fn decimals_come_back_to_the_last_digit(store: Store) {
    let scores = [0.1 + 0.2, 1.0 / 3.0, f64::MIN_POSITIVE, 99.999_999_999_999_99, f64::MAX];
    store.upsert(vec![need("a", "一"), need("b", "二")]).await.unwrap();
    let mut list = runs::list(1, Kind::Expert, &[1, 2, 3, 4, 5]);
    list.places.iter_mut().zip(scores).for_each(|(place, score)| place.score = score);
    let run = runs::opened(&store, runs::DAY).await.id;
    runs::worked_off(&store, run, |need| if need == 1 { vec![list.clone()] } else { Vec::new() }).await;
    assert_eq!(store.match_list(run, 1, Kind::Expert).await.unwrap().unwrap(), list);

    let reason = "相同".to_owned();
    let pair = Pair { first: 1, second: 2, reason, likeness: 0.1, first_share: 1.0 / 3.0, second_share: 0.7 };
    store.compare().await.unwrap().write(&[1, 2], &[], std::slice::from_ref(&pair)).await.unwrap();
    assert_eq!(store.pairs((0, 0), 10).await.unwrap(), [pair]);

    let told = FeedbackEntry {
        need: 1,
        target: RecordId::new(Kind::Expert, 1),
        decision: Decision::ALL[0],
        decided_on: None,
        reason: String::new(),
        comment: "0.1".to_owned(),
        seen: "{\"total\":0.30000000000000004}".to_owned(),
    };
    assert_eq!(store.add_feedback(told.clone()).await.unwrap().entry, told);
}
