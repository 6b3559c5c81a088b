//! Handing over a registry whole, a line for each record, page by page as the caller reads.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use domain::{Kind, RecordId};
use engine::{Desk, EngineError, ListRequest, RecordPage, StoreError};
use futures_util::stream::try_unfold;

use super::Answer;
use super::outcomes::line;
use super::registry::{statuses, updated_since};
use crate::extract::{Query, Registry};
use crate::gate::At;
use crate::negotiation::NDJSON;
use crate::problem::{Code, Problem};
use crate::views::RecordView;

/// Records read at a time: as much of the registry as is ever in memory.
const PAGE: u32 = 100;
/// How often a page is asked for again when there is no turn to be had, and how long between.
const ATTEMPTS: usize = 30;
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) async fn export(At(desk): At, Registry(kind): Registry, query: Query) -> Answer {
    let asked = ListRequest {
        statuses: statuses(&query)?,
        updated_since: updated_since(&query)?,
        after: after(kind, &query)?,
        limit: PAGE,
        with_total: false,
    };
    // The first page before the head of the answer, so that a refusal has a status of its own.
    let first = desk.begin_export(kind, &asked).await?;
    let pages = Pages { desk, kind, asked };
    let lines = try_unfold((pages, Some(first)), |(mut pages, page)| async move {
        let Some(page) = page else { return Ok::<_, EngineError>(None) };
        let next = pages.after(&page).await?;
        Ok(Some((lines(page), (pages, next))))
    });
    Ok(HttpResponse::Ok().content_type(NDJSON).streaming(lines))
}

/// Continues after this record.
fn after(kind: Kind, query: &Query) -> Result<u64, Problem> {
    let expected = format!("{}的记录编号，形如 {kind}-42", kind.label());
    match query.parsed::<RecordId>("after", &expected)? {
        None => Ok(0),
        Some(id) if id.kind == kind => Ok(id.number),
        Some(_) => Err(Problem::parameter(Code::InvalidParameter, "after", format!("应为{expected}"))),
    }
}

/// What is still to be read.
struct Pages {
    desk: Desk,
    kind: Kind,
    asked: ListRequest,
}

impl Pages {
    /// The page after this one. Each takes a turn of its own, so a caller that reads slowly keeps nobody waiting; and that there is none
    /// to be had for a while does not tear what has been begun.
    async fn after(&mut self, page: &RecordPage) -> Result<Option<RecordPage>, EngineError> {
        let Some(next) = page.next else { return Ok(None) };
        self.asked.after = next;
        for _ in 1..ATTEMPTS {
            match self.desk.list(self.kind, &self.asked).await {
                Err(EngineError::Overloaded | EngineError::Store(StoreError::Busy)) => {
                    tokio::time::sleep(PAUSE).await;
                }
                page => return page.map(Some),
            }
        }
        self.desk.list(self.kind, &self.asked).await.map(Some)
    }
}

fn lines(page: RecordPage) -> Bytes {
    let views = page.items.into_iter().map(RecordView::from);
    views.flat_map(|view| line(&view)).collect::<Vec<u8>>().into()
}
