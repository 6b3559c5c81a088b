//! What of an operation is kept as JSON: how it is to be done, what it has come to, why it failed. None of it holds a contact.

use exchange::{Format, RowError};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use store::{OnFile, Operation as StoredOperation, OperationDraft, StoreError};

use super::aside::Laid;
use super::{Task, word};
use crate::{CampaignRequest, EngineError, ImportOptions, ImportReport, Key, RematchRequest};

const IMPORT: &str = "import";
const REBUILD: &str = "index_rebuild";
const REMATCH: &str = "rematch";
const CAMPAIGN: &str = "campaign";

/// How an operation is to be done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Options {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(default)]
    all_or_nothing: bool,
    /// The day of a re-match, and whether every need is to be ranked anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on: Option<Date>,
    #[serde(default)]
    whole: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    campaign: Option<Box<CampaignRequest>>,
    /// Whether whoever asked was told at once that it is taken on; else that request stands or falls with it.
    pub(super) answers_later: bool,
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Of what kind.
    pub kind: FaultKind,
    /// One Chinese sentence.
    pub detail: String,
}

/// Kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The file is not what it claims to be.
    UnreadableFile,
    /// Bad rows, of which none was allowed.
    NothingImported,
    /// What is asked for cannot be, as things are now.
    NotPossible,
    /// The file that was put aside is gone or damaged.
    FileLost,
    /// The server that was to do it is not there any more.
    ServerGone,
    /// A re-match for another day was being done.
    RunUnderWay,
    /// The key with which it was asked for was revoked.
    KeyRevoked,
    /// A fault of ours, of which the log tells.
    Internal,
}

impl Fault {
    /// What a failed use case comes to; what only the log should tell is left out.
    pub(super) fn of(error: &EngineError) -> Self {
        let kind = match error {
            EngineError::File(_) => FaultKind::UnreadableFile,
            EngineError::NothingImported(_) => FaultKind::NothingImported,
            EngineError::FileLost => FaultKind::FileLost,
            EngineError::OtherRunUnderWay(_) => FaultKind::RunUnderWay,
            EngineError::KeyRefused(_) => FaultKind::KeyRevoked,
            EngineError::Invalid(_)
            | EngineError::BadParameter { .. }
            | EngineError::NotFound(_)
            | EngineError::NoRun
            | EngineError::OutsideRegion(_) => FaultKind::NotPossible,
            _ => FaultKind::Internal,
        };
        let detail = match kind {
            FaultKind::Internal => "服务内部发生错误，已记入日志；报障时请提供任务编号".to_owned(),
            _ => match error {
                EngineError::Invalid(fields) => {
                    fields.iter().map(|field| field.detail.as_str()).collect::<Vec<_>>().join("；")
                }
                error => error.to_string(),
            },
        };
        Self { kind, detail }
    }

    pub(super) fn to_json(&self) -> String {
        json(self)
    }
}

/// A report with the errors that are told beside it elsewhere.
#[derive(Serialize, Deserialize)]
struct Report {
    #[serde(flatten)]
    report: ImportReport,
    row_errors: Vec<RowError>,
}

pub(super) fn draft(
    task: Task,
    answers_later: bool,
    caller: &Key,
    server: String,
    file: Option<&Laid>,
) -> OperationDraft {
    let plain = Options { answers_later, ..Options::default() };
    let (what, registry, options) = match task {
        Task::Import(ImportOptions { kind, format, all_or_nothing }) => {
            (IMPORT, Some(kind), Options { format: Some(word(format).to_owned()), all_or_nothing, ..plain })
        }
        Task::Rematch(RematchRequest { on, whole, .. }) => (REMATCH, None, Options { on, whole, ..plain }),
        Task::RebuildIndex(kind) => (REBUILD, kind, plain),
        Task::MakeCampaign(request) => (CAMPAIGN, None, Options { campaign: Some(request), ..plain }),
    };
    OperationDraft {
        what: what.to_owned(),
        registry,
        options: json(&options),
        key: caller.id,
        holder: caller.holder.clone(),
        region: caller.region,
        server,
        file: file.map(|file| file.name().to_owned()),
        size: file.map_or(0, Laid::size),
    }
}

pub(super) fn options(stored: &StoredOperation) -> Result<Options, EngineError> {
    read(stored, &stored.draft.options)
}

pub(crate) fn task(stored: &StoredOperation) -> Result<Task, EngineError> {
    let Options { format, all_or_nothing, on, whole, campaign, .. } = options(stored)?;
    let format =
        [Format::Csv, Format::JsonLines].into_iter().find(|known| Some(word(*known)) == format.as_deref());
    match (stored.draft.what.as_str(), stored.draft.registry, format) {
        (IMPORT, Some(kind), Some(format)) => {
            Ok(Task::Import(ImportOptions { kind, format, all_or_nothing }))
        }
        (REBUILD, kind, _) => Ok(Task::RebuildIndex(kind)),
        (REMATCH, None, _) => Ok(Task::Rematch(RematchRequest { on, whole, ..RematchRequest::default() })),
        (CAMPAIGN, None, _) => {
            campaign.map(Task::MakeCampaign).ok_or_else(|| unreadable(stored, "no campaign"))
        }
        _ => Err(unreadable(stored, "unknown work")),
    }
}

pub(super) fn report(stored: &StoredOperation) -> Result<Option<ImportReport>, EngineError> {
    let text = stored.report.as_deref().filter(|_| stored.draft.what != CAMPAIGN);
    text.map(|text| read_report(stored, text)).transpose()
}

/// Brings a report that goes on in memory in line with what is on file of it now.
pub(crate) fn renew(
    report: &mut ImportReport,
    on_file: &OnFile,
    operation: &StoredOperation,
) -> Result<(), EngineError> {
    let kept = on_file.report.as_deref().map(|text| read_report(operation, text)).transpose()?;
    report.renew(kept, on_file.erased_since);
    Ok(())
}

fn read_report(stored: &StoredOperation, text: &str) -> Result<ImportReport, EngineError> {
    let Report { report, row_errors } = read(stored, text)?;
    Ok(ImportReport { errors: row_errors, ..report })
}

pub(super) fn report_json(report: &ImportReport) -> String {
    json(&Report { report: report.clone(), row_errors: report.errors.clone() })
}

/// What is told of a campaign that was made.
#[derive(Serialize, Deserialize)]
struct Made {
    campaign: u64,
}

/// The campaign that an operation has made.
pub(super) fn campaign(stored: &StoredOperation) -> Result<Option<u64>, EngineError> {
    let text = stored.report.as_deref().filter(|_| stored.draft.what == CAMPAIGN);
    let made: Option<Made> = text.map(|text| read(stored, text)).transpose()?;
    Ok(made.map(|made| made.campaign))
}

pub(super) fn campaign_json(campaign: u64) -> String {
    json(&Made { campaign })
}

pub(super) fn fault(stored: &StoredOperation) -> Result<Option<Fault>, EngineError> {
    stored.problem.as_deref().map(|text| read(stored, text)).transpose()
}

fn read<'a, T: Deserialize<'a>>(stored: &StoredOperation, text: &'a str) -> Result<T, EngineError> {
    serde_json::from_str(text).map_err(|error| unreadable(stored, error))
}

fn unreadable(
    stored: &StoredOperation,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> EngineError {
    StoreError::Corrupt { place: format!("后台任务 {}", stored.number), source: source.into() }.into()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("only texts, numbers and lists of them")
}
