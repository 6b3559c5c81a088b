//! Measures how fast drafts come in: `cargo run --release -p store --example import_speed -- [drafts] [address]`.
//!
//! Experts with contacts, then achievements of two experts each, in batches of a thousand; then the experts once more,
//! unchanged; then reading everything in pages. Without an address the database is an SQLite file in a temporary folder; with one, an
//! empty PostgreSQL database.

#![allow(clippy::print_stdout, reason = "its output is the result")]

use std::time::Instant;

use domain::forms::{Draft, Unsaid};
use domain::{Achievement, Contact, Expert, Inventor, Kind, Profile};
use store::{ListFilter, Store, StoreError};

const BATCH: usize = 1000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let drafts: usize = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let file = format!("sqlite://{}/speed.db", folder.path().display());
    let store = Store::open(std::env::args().nth(2).unwrap_or(file).as_str()).await?;

    let start = Instant::now();
    for batch in batches(drafts, expert) {
        store.upsert(batch).await?;
    }
    say("experts, a transaction per batch", drafts, start);

    let start = Instant::now();
    import(&store, batches(drafts, achievement)).await?;
    say("achievements, one transaction", drafts, start);

    let start = Instant::now();
    import(&store, batches(drafts, expert)).await?;
    say("experts again, unchanged", drafts, start);

    let start = Instant::now();
    let (mut after, mut read) = (0, 0);
    loop {
        let page = store.page(Kind::Expert, &ListFilter::default(), after, 1000).await?;
        let Some(last) = page.last() else { break };
        after = last.id.number;
        read += page.len();
    }
    say("experts read in pages", read, start);

    let start = Instant::now();
    for at in 0..1000 {
        store.upsert(vec![expert(drafts + at)]).await?;
    }
    say("single writes, each synced", 1000, start);
    Ok(())
}

async fn import(store: &Store, batches: impl Iterator<Item = Vec<Draft>>) -> Result<(), StoreError> {
    let mut import = store.import().await?;
    for batch in batches {
        import.upsert(batch).await?;
    }
    import.commit().await
}

fn batches(drafts: usize, draft: fn(usize) -> Draft) -> impl Iterator<Item = Vec<Draft>> {
    (0..drafts).step_by(BATCH).map(move |first| (first..drafts.min(first + BATCH)).map(draft).collect())
}

fn expert(at: usize) -> Draft {
    let profile = Expert {
        name: format!("专家{at}"),
        professional_title: "教授".to_owned(),
        organisation: "安徽省农业科学院".to_owned(),
        research_directions: vec!["锂离子电池激光焊接".to_owned(), "气孔缺陷在线检测".to_owned()],
        bio: "长期从事动力电池结构件激光焊接工艺与装备研究。".repeat(10),
        ..Expert::default()
    };
    let contact = Contact {
        person: Some(format!("专家{at}")),
        mobile: Some(format!("138{at:08}")),
        email: Some(format!("expert{at}@example.com")),
        ..Contact::default()
    };
    draft(format!("E{at:07}"), Profile::Expert(profile), Some(contact))
}

fn achievement(at: usize) -> Draft {
    let inventor =
        |expert: usize| Inventor { name: format!("专家{expert}"), expert: Some(format!("E{expert:07}")) };
    let profile = Achievement {
        title: format!("一种激光焊接气孔控制方法 {at}"),
        summary: "通过摆动焊接与实时监测相结合抑制气孔。".repeat(10),
        inventors: vec![inventor(at), inventor(at / 2)],
        ..Achievement::default()
    };
    draft(format!("A{at:07}"), Profile::Achievement(profile), None)
}

fn draft(external_id: String, profile: Profile, contact: Option<Contact>) -> Draft {
    let external_id = Some(external_id);
    Draft { external_id, status: None, profile, contact, unsaid: Unsaid::default() }
}

fn say(what: &str, rows: usize, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    println!("{what}: {rows} in {seconds:.2} s, {:.0} a second", rows as f64 / seconds);
}
