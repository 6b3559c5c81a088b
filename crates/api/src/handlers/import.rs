//! Importing files: streamed into the engine as they arrive, a few at a time.

use std::io::{self, Read};
use std::sync::Arc;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use engine::{Desk, Format, ImportOptions, ImportReport, Operation, OperationState};
use futures_util::StreamExt;
use futures_util::future::join;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::operations::taken_on;
use super::{Answer, outcomes};
use crate::Limits;
use crate::extract::{Deadlines, Query, Registry, larger_than, media_type, refuse_encoded, too_large};
use crate::gate::At;
use crate::negotiation::prefers_lines;
use crate::problem::{Code, Problem};
use crate::repeats::{Repeatable, tell_replayed};
use crate::spool::Backlog;
use crate::views::{ImportReportView, fault_code};

/// What says that the caller is answered before the work is done.
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const LATER: HeaderValue = HeaderValue::from_static("respond-async");

/// Pieces of the body that may wait for the reader.
const WAITING: usize = 8;
/// Bytes of outcomes that may wait for a caller who sends on; some two million rows.
const MOST_UNREAD: u64 = 256 << 20;
/// Bytes that are read on when the answer is known already, so that the caller has sent all and reads it.
const MOST_DRAINED: u64 = 64 << 20;

pub(crate) async fn import(
    At(desk): At,
    imports: Data<Imports>,
    Registry(kind): Registry,
    query: Query,
    request: HttpRequest,
    repeatable: Repeatable,
    payload: Payload,
) -> Answer {
    let all_or_nothing = query.flag("all_or_nothing")?;
    let options = ImportOptions { kind, format: format(&request)?, all_or_nothing };
    let later = prefers_later(&request);
    let upload = Upload::new(&request, payload)?;
    let turn = imports.begin()?;
    let kept = later || repeatable.is_named();
    if prefers_lines(request.headers()) {
        if kept {
            let detail = "逐行的结果不能与 Prefer: respond-async 或 Idempotency-Key 同用";
            return Err(Problem::parameter(Code::InvalidParameter, "Accept", detail));
        }
        return outcomes::answer(desk, options, upload, turn, &request).await;
    }
    if kept {
        return put_aside(&desk, options, upload, repeatable, later).await;
    }
    let report = stream(&desk, options, upload).await?;
    Ok(HttpResponse::Ok().json(ImportReportView::from(report)))
}

fn format(request: &HttpRequest) -> Result<Format, Problem> {
    match media_type(request).as_str() {
        "text/csv" => Ok(Format::Csv),
        "application/x-ndjson" | "application/jsonl" => Ok(Format::JsonLines),
        _ => {
            let detail = "请求体应为 text/csv、application/x-ndjson 或 application/jsonl";
            Err(Problem::new(Code::UnsupportedMediaType, detail))
        }
    }
}

/// Rows go to the engine while the rest is still on its way.
async fn stream(desk: &Desk, options: ImportOptions, upload: Upload) -> Result<ImportReport, Problem> {
    let (sender, pieces) = pieces();
    let (fed, outcome) = join(upload.feed(sender), desk.import(options, pieces)).await;
    outcomes::told(fed, outcome)
}

/// From the body to the importing thread.
pub(super) fn pieces() -> (mpsc::Sender<io::Result<Bytes>>, Pieces) {
    let (sender, pieces) = mpsc::channel(WAITING);
    (sender, Pieces { pieces, current: Bytes::new() })
}

/// The whole file first, and then its rows, by an operation: whether the caller waits for its end or not, it is done once, and goes on after
/// whatever ends this process.
async fn put_aside(
    desk: &Desk,
    options: ImportOptions,
    upload: Upload,
    repeatable: Repeatable,
    later: bool,
) -> Answer {
    let (sender, pieces) = mpsc::channel(WAITING);
    let putting = desk.put_aside(options.kind, Pieces { pieces, current: Bytes::new() });
    let (fed, put) = join(upload.feed(sender), putting).await;
    fed?;
    let (file, read) = put?;
    read.map_err(|_| Problem::new(Code::BrokenBody, "文件没有传完"))?;
    let digest = file.digest();
    let submit = async |desk: Desk| desk.submit_import(options, file, later).await;
    let (number, again) = repeatable.operation(desk, &digest, submit).await?;
    if later {
        let mut answer = taken_on(desk, number, again).await?;
        answer.headers_mut().insert(PREFERENCE_APPLIED, LATER);
        return Ok(answer);
    }
    let operation = desk.ended_import(number, !again).await?;
    let mut answer = HttpResponse::Ok().json(report(operation)?);
    tell_replayed(&mut answer, again);
    Ok(answer)
}

/// The report of an import that has ended, or why there is none.
fn report(operation: Operation) -> Result<ImportReportView, Problem> {
    let report = operation.report.map(|report| ImportReportView::from(*report));
    match (operation.state, report) {
        (OperationState::Succeeded, Some(report)) => Ok(report),
        (OperationState::Cancelled, report) => {
            let detail =
                format!("导入（后台任务 {}）已被取消，已导入的批次保留，见 report", operation.number);
            Err(Problem { report: report.map(Box::new), ..Problem::new(Code::OperationCancelled, detail) })
        }
        (_, report) => {
            let (code, detail) = match operation.fault {
                Some(fault) => (fault_code(fault.kind), fault.detail),
                None => (Code::InternalError, "服务内部发生错误，报障时请提供请求编号".to_owned()),
            };
            Err(Problem { report: report.map(Box::new), ..Problem::new(code, detail) })
        }
    }
}

/// Whether the caller wants to be answered before the work is done (RFC 7240, section 4.1).
pub(super) fn prefers_later(request: &HttpRequest) -> bool {
    let lines = request.headers().get_all("Prefer").filter_map(|line| line.to_str().ok());
    let mut preferences = lines.flat_map(|line| line.split(','));
    preferences.any(|preference| {
        let name = preference.split([';', '=']).next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case("respond-async")
    })
}

/// Imports at a time: each holds a thread, and searching and indexing need some too.
pub(crate) struct Imports {
    free: Arc<Semaphore>,
    most: usize,
}

impl Imports {
    pub(crate) fn new(most: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(most)), most }
    }

    fn begin(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let all_taken = |_| {
            let detail = format!("同时进行的导入已达上限（{} 个），请稍后再试", self.most);
            Problem::new(Code::Busy, detail)
        };
        Arc::clone(&self.free).try_acquire_owned().map_err(all_taken)
    }
}

/// The body of the request, with its bounds.
pub(super) struct Upload {
    payload: Payload,
    deadlines: Deadlines,
    limit: u64,
    read: u64,
    /// What the caller has not read of the answer, when it is told while the body is still coming.
    backlog: Option<Backlog>,
}

impl Upload {
    fn new(request: &HttpRequest, payload: Payload) -> Result<Self, Problem> {
        refuse_encoded(request)?;
        let limits = request.app_data::<Limits>().copied().unwrap_or_default();
        too_large(request, limits.import)?;
        let deadlines = Deadlines::new(limits.body_deadline, limits.import_deadline);
        Ok(Self { payload, deadlines, limit: limits.import, read: 0, backlog: None })
    }

    /// Reads on only while not too much of the answer is unread.
    pub(super) fn heeding(self, backlog: Backlog) -> Self {
        Self { backlog: Some(backlog), ..self }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if let Some(backlog) = &mut self.backlog {
            self.deadlines.next(backlog.room(MOST_UNREAD)).await?;
        }
        let Some(piece) = self.deadlines.next(self.payload.next()).await? else { return Ok(None) };
        let piece = piece.map_err(|_| Problem::new(Code::BrokenBody, "文件没有传完"))?;
        self.read += piece.len() as u64;
        if self.read > self.limit {
            return Err(larger_than(self.limit));
        }
        Ok(Some(piece))
    }

    /// Hands the pieces over; ends with the body, or once nobody reads any more.
    pub(super) async fn feed(mut self, sender: mpsc::Sender<io::Result<Bytes>>) -> Result<(), Problem> {
        loop {
            match self.next().await {
                Ok(Some(piece)) => {
                    if sender.send(Ok(piece)).await.is_err() {
                        return self.drain().await;
                    }
                }
                Ok(None) => return Ok(()),
                Err(problem) => {
                    let broken = io::Error::new(io::ErrorKind::UnexpectedEof, problem.detail.clone());
                    let _ = sender.send(Err(broken)).await;
                    return Err(problem);
                }
            }
        }
    }

    async fn drain(mut self) -> Result<(), Problem> {
        let enough = self.read + MOST_DRAINED;
        while self.read < enough && self.next().await?.is_some() {}
        Ok(())
    }
}

/// The body as the importing thread reads it.
pub(super) struct Pieces {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.current = piece?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.current.len());
        buffer[..length].copy_from_slice(&self.current.split_to(length));
        Ok(length)
    }
}
