//! Importing files for callers who want to hear of each row: outcomes go out while the rest is still coming in.

use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use engine::{Desk, EngineError, ImportOptions, ImportReport, RowOutcome};
use futures_util::future::join;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

use super::Answer;
use super::import::{Upload, pieces};
use crate::boundary::RequestId;
use crate::negotiation::NDJSON;
use crate::problem::Problem;
use crate::spool::{Spool, spool};
use crate::views::{ImportEndView, ImportReportView, ImportRowView};

/// Imports beside the request, so that it goes on whether or not its outcomes are read; the head of the answer waits for the first of them,
/// so that a file which is none at all is still refused with a status of its own.
pub(super) async fn answer(
    desk: Desk,
    options: ImportOptions,
    upload: Upload,
    turn: OwnedSemaphorePermit,
    request: &HttpRequest,
) -> Answer {
    let (spool, mut lines, backlog) = spool(desk.scratch_file()?);
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let upload = upload.heeding(backlog);
    actix_web::rt::spawn(async move {
        import(&desk, options, upload, spool, &id).await;
        drop(turn);
    });
    lines.begin().await?;
    Ok(HttpResponse::Ok().content_type(NDJSON).streaming(lines.stream()))
}

async fn import(desk: &Desk, options: ImportOptions, upload: Upload, mut spool: Spool, request_id: &str) {
    let (sender, pieces) = pieces();
    // What is all or nothing is nothing until it has come to its end.
    let at_once = !options.all_or_nothing;
    let importing = desk.import_telling(options, pieces, |rows| {
        spool.write(&row_lines(rows));
        if at_once {
            spool.publish();
        }
    });
    let (fed, outcome) = join(upload.feed(sender), importing).await;
    match told(fed, outcome) {
        Ok(report) => {
            let end = ImportEndView { report: Some(report.into()), problem: None };
            spool.write(&line(&end));
            spool.end();
        }
        Err(problem) if !spool.has_begun() => spool.refuse(problem),
        Err(problem) => {
            // The head is out, so nobody else will tell the operator.
            if let Some(source) = &problem.source {
                tracing::error!(request_id, error = &**source as &dyn std::error::Error, "an import failed");
            }
            let end = ImportEndView { report: None, problem: Some(problem.view(Some(request_id))) };
            spool.write(&line(&end));
            spool.end();
        }
    }
}

/// What the import came to, of the body's fate and the engine's.
pub(super) fn told(
    fed: Result<(), Problem>,
    outcome: Result<ImportReport, EngineError>,
) -> Result<ImportReport, Problem> {
    let Err(problem) = fed else { return Ok(outcome?) };
    let report = match outcome {
        Ok(report) => report,
        Err(EngineError::NothingImported(report) | EngineError::ImportCutShort { report, .. }) => *report,
        Err(error) => return Err(Problem { source: Problem::from(error).source, ..problem }),
    };
    let detail = format!("{}；此前的 {} 行已导入", problem.detail, report.stored());
    Err(Problem { detail, report: Some(Box::new(ImportReportView::from(report))), ..problem })
}

fn row_lines(rows: Vec<RowOutcome>) -> Vec<u8> {
    rows.into_iter().flat_map(|row| line(&ImportRowView::from(row))).collect()
}

/// A value as a line.
pub(super) fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("views hold only strings, numbers and lists");
    line.push(b'\n');
    line
}
