//! Importing files: streamed into the engine as they arrive, or put aside first when all rows stand or fall together.

use std::io::{self, Read, Seek};

use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use engine::{Engine, EngineError, Format, ImportOptions, ImportReport};
use futures_util::StreamExt;
use futures_util::future::join;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::Answer;
use crate::Limits;
use crate::extract::{Deadlines, Query, Registry, larger_than, media_type, refuse_encoded, too_large};
use crate::problem::{Code, Problem};
use crate::views::ImportReportView;

/// Pieces of the body that may wait for the reader.
const WAITING: usize = 8;
/// Bytes that are read on when the answer is known already, so that the caller has sent all and reads it.
const MOST_DRAINED: u64 = 64 << 20;

pub(crate) async fn import(
    engine: Data<Engine>,
    Registry(kind): Registry,
    query: Query,
    request: HttpRequest,
    payload: Payload,
) -> Answer {
    let all_or_nothing = query.flag("all_or_nothing")?;
    let options = ImportOptions { kind, format: format(&request)?, all_or_nothing };
    let upload = Upload::new(&request, payload)?;
    let report = if all_or_nothing {
        put_aside(&engine, options, upload).await?
    } else {
        stream(&engine, options, upload).await?
    };
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

/// Rows go into the database while the rest is still on its way.
async fn stream(engine: &Engine, options: ImportOptions, upload: Upload) -> Result<ImportReport, Problem> {
    let (sender, pieces) = mpsc::channel(WAITING);
    let mut last = ImportReport::default();
    let import = engine.import(options, Pieces { pieces, current: Bytes::new() }, |report| {
        last = ImportReport { errors: Vec::new(), ..report.clone() };
    });
    let (fed, outcome) = join(upload.feed(sender), import).await;
    if let Err(problem) = fed {
        let detail = format!("{}；此前的 {} 行已处理", problem.detail, last.rows);
        return Err(Problem { detail, report: Some(Box::new(last.into())), ..problem });
    }
    Ok(outcome?)
}

/// The file is complete before the first row is written: an import that is one transaction must not wait for a slow caller.
async fn put_aside(engine: &Engine, options: ImportOptions, upload: Upload) -> Result<ImportReport, Problem> {
    let file = upload.store().await?;
    let mut last = ImportReport::default();
    let outcome = engine.import(options, file, |report| last = report.clone()).await;
    outcome.map_err(|error| match error {
        EngineError::NothingImported(_) => {
            let report = Some(Box::new(ImportReportView::from(last).undone()));
            Problem { report, ..error.into() }
        }
        error => error.into(),
    })
}

/// The body of the request, with its bounds.
struct Upload {
    payload: Payload,
    deadlines: Deadlines,
    limit: u64,
    read: u64,
}

impl Upload {
    fn new(request: &HttpRequest, payload: Payload) -> Result<Self, Problem> {
        refuse_encoded(request)?;
        let limits = request.app_data::<Limits>().copied().unwrap_or_default();
        too_large(request, limits.import)?;
        let deadlines = Deadlines::new(limits.body_deadline, limits.import_deadline);
        Ok(Self { payload, deadlines, limit: limits.import, read: 0 })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(piece) = self.deadlines.next(self.payload.next()).await? else { return Ok(None) };
        let piece = piece.map_err(|_| Problem::new(Code::BrokenBody, "文件没有传完"))?;
        self.read += piece.len() as u64;
        if self.read > self.limit {
            return Err(larger_than(self.limit));
        }
        Ok(Some(piece))
    }

    /// Hands the pieces over; ends with the body, or once nobody reads any more.
    async fn feed(mut self, sender: mpsc::Sender<io::Result<Bytes>>) -> Result<(), Problem> {
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

    /// The whole body in a file without a name.
    async fn store(mut self) -> Result<std::fs::File, Problem> {
        let failed = |error: io::Error| {
            tracing::error!(error = &error as &dyn std::error::Error, "an upload could not be put aside");
            Problem::new(Code::InternalError, "服务器无法暂存文件")
        };
        let mut file = tokio::fs::File::from_std(tempfile::tempfile().map_err(failed)?);
        while let Some(piece) = self.next().await? {
            file.write_all(&piece).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        let mut file = file.into_std().await;
        file.rewind().map_err(failed)?;
        Ok(file)
    }
}

/// The body as the importing thread reads it.
struct Pieces {
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
