//! The change list of all needs: page by page, line by line as the caller reads, or a run's as a workbook.

use std::time::Duration;

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use domain::Kind;
use engine::{ChangeFeed, Desk, EngineError, FeedPlace, FeedRequest, RunId, StoreError};
use futures_util::stream::try_unfold;

use super::Answer;
use super::outcomes::line;
use crate::cursor::{self, Place};
use crate::extract::Query;
use crate::gate::At;
use crate::negotiation::{JSON, NDJSON, XLSX, preferred};
use crate::problem::{Code, Problem};
use crate::views::{MatchChangePageView, MatchChangeView};

/// Changes read at a time.
const PAGE: u32 = 100;
/// How often a page is asked for again when there is no turn to be had, and how long between.
const ATTEMPTS: usize = 30;
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) async fn list(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let fingerprint = query.fingerprint(&request, &desk);
    let after = match query.place(&fingerprint)? {
        Some(place) => Some(feed_place(place).ok_or_else(bad_cursor)?),
        None => None,
    };
    let run = run(&desk, &query).await?;
    let asked = FeedRequest { after, run, limit: query.limit()? };
    match preferred(request.headers(), [JSON, NDJSON, XLSX]) {
        NDJSON => return lines(desk, fingerprint, FeedRequest { limit: PAGE, ..asked }).await,
        XLSX => return workbook(&desk, run).await,
        _ => {}
    }
    let feed = desk.match_changes(&asked).await?;
    let items = views(&feed, &fingerprint).collect();
    let next_cursor = feed.next.map(|place| cursor::write(&fingerprint, cursor_place(place)));
    Ok(HttpResponse::Ok().json(MatchChangePageView { items, next_cursor, more: feed.more }))
}

/// The run that is asked for: by its number, as the latest of a day, or both.
async fn run(desk: &Desk, query: &Query) -> Result<Option<RunId>, Problem> {
    let run = query.parsed("run", "批次号，如 12")?.map(RunId);
    match query.parsed("date", "日期，如 2026-11-21")? {
        Some(day) => Ok(Some(desk.run_of(day, run).await?)),
        None => Ok(run),
    }
}

/// The changes of a run, the current one unless another is asked for.
async fn workbook(desk: &Desk, run: Option<RunId>) -> Answer {
    let (run, file) = desk.change_workbook(run).await?;
    let name = format!("attachment; filename=\"changes-{run}.xlsx\"");
    Ok(HttpResponse::Ok().content_type(XLSX).insert_header((CONTENT_DISPOSITION, name)).body(file))
}

/// All that there is, a page at a time.
async fn lines(desk: Desk, fingerprint: String, asked: FeedRequest) -> Answer {
    // The first page before the head of the answer, so that a refusal has a status of its own.
    let first = desk.match_changes(&asked).await?;
    let start = (desk, fingerprint, asked, Some(first));
    let lines = try_unfold(start, |(desk, fingerprint, asked, feed)| async move {
        let Some(feed) = feed else { return Ok::<_, EngineError>(None) };
        let bytes = views(&feed, &fingerprint).flat_map(|view| line(&view)).collect::<Vec<u8>>();
        let asked = FeedRequest { after: feed.next, ..asked };
        let next = if feed.more { Some(page(&desk, &asked).await?) } else { None };
        Ok(Some((Bytes::from(bytes), (desk, fingerprint, asked, next))))
    });
    Ok(HttpResponse::Ok().content_type(NDJSON).streaming(lines))
}

/// The next page. That there is no turn to be had for a while does not tear what has been begun.
async fn page(desk: &Desk, asked: &FeedRequest) -> Result<ChangeFeed, EngineError> {
    for _ in 1..ATTEMPTS {
        match desk.match_changes(asked).await {
            Err(EngineError::Overloaded | EngineError::Store(StoreError::Busy)) => {
                tokio::time::sleep(PAUSE).await;
            }
            page => return page,
        }
    }
    desk.match_changes(asked).await
}

fn views(feed: &ChangeFeed, fingerprint: &str) -> impl Iterator<Item = MatchChangeView> {
    feed.items
        .iter()
        .map(move |found| MatchChangeView::new(found, cursor::write(fingerprint, cursor_place(found.place))))
}

fn cursor_place(place: FeedPlace) -> Place {
    let registry = Kind::ALL.iter().position(|kind| *kind == place.target).unwrap_or(0) as u64;
    let key = i64::try_from(place.need).unwrap_or(i64::MAX);
    Place { of: place.run, key, number: (registry << 32) | u64::from(place.index) }
}

fn feed_place(place: Place) -> Option<FeedPlace> {
    let target = *Kind::ALL.get(usize::try_from(place.number >> 32).ok()?)?;
    let (need, index) = (u64::try_from(place.key).ok()?, (place.number & u64::from(u32::MAX)) as u32);
    Some(FeedPlace { run: place.of, need, target, index })
}

fn bad_cursor() -> Problem {
    Problem::parameter(Code::InvalidCursor, "cursor", "游标已损坏；请原样使用上一次得到的游标")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_cursor() {
        for target in Kind::ALL {
            let place = FeedPlace { run: 12, need: 7, target, index: 40 };
            assert_eq!(feed_place(cursor_place(place)), Some(place));
        }
    }
}
