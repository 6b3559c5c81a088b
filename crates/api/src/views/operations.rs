//! Long work: what it is, how far it is, what has come of it.

use domain::Kind;
use domain::access::KeyId;
use engine::{FaultKind, ImportOptions, Operation, Progress, Task};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::ImportReportView;
use crate::problem::Code;

/// An operation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operation)]
pub(crate) struct OperationView {
    /// 任务编号
    #[schema(example = 9)]
    id: u64,
    /// 任务的种类：import 批量导入、index_rebuild 重建索引、rematch 重新匹配、campaign 建立对接活动
    #[schema(example = "import")]
    kind: &'static str,
    /// 所涉的登记库；没有即全部登记库
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "needs")]
    registry: Option<&'static str>,
    /// 状态：waiting 等待、running 进行中、succeeded 已完成、failed 失败、cancelled 已取消
    #[schema(example = "succeeded")]
    state: &'static str,
    /// 已有人要求取消，将在做完手头的一批后停下
    cancelling: bool,
    /// 排在第几位，从 1 起；只有等待的有
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    place: Option<u64>,
    /// 进度
    progress: ProgressView,
    /// 提交任务所用的密钥
    #[schema(value_type = String, example = "key-1")]
    requested_by: KeyId,
    /// 提交的时间（RFC 3339）
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// 开始的时间（RFC 3339）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// 结束的时间（RFC 3339）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// 批量导入的报告，结束后才有；取消和失败的说明已导入了多少
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<ImportReportView>,
    /// 建成的对接活动的编号；仅建立对接活动、并已完成时有
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3)]
    campaign: Option<u64>,
    /// 失败的原因，只有失败的有
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<OperationProblem>,
}

/// How far an operation is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationProgress)]
pub(crate) struct ProgressView {
    /// 已处理的行数；重建索引为已写入的记录数，重新匹配为已匹配的需求数，建立对接活动为已找过候选的需求数
    #[schema(example = 12000)]
    rows: u64,
    /// 总行数，仅重建索引、重新匹配和建立对接活动时有
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_total: Option<u64>,
    /// 已处理的字节数，仅导入时有
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// 文件的字节数，仅导入时有
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_total: Option<u64>,
    /// 已完成的比例，0 到 1
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 0.6)]
    fraction: Option<f64>,
    /// 每秒处理的行数，从最近一次开始算起；进行中、且由答复的这台服务器在做时才有
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 850.0)]
    rows_per_second: Option<f64>,
    /// 照此速度还要多少秒
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 9.4)]
    remaining_seconds: Option<f64>,
}

/// Why an operation failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperationProblem {
    /// 稳定的错误码，供程序判断
    #[schema(example = "unreadable_file")]
    code: &'static str,
    /// 中文标题
    #[schema(example = "文件无法读取")]
    title: &'static str,
    /// 中文说明
    #[schema(example = "文件是空的")]
    detail: String,
}

/// A page of operations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationPage)]
pub(crate) struct OperationPageView {
    /// 后台任务，后提交的在前
    pub(crate) items: Vec<OperationView>,
    /// 下一页的游标；最后一页没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// The code of what an operation failed of.
pub(crate) const fn fault_code(kind: FaultKind) -> Code {
    match kind {
        FaultKind::UnreadableFile => Code::UnreadableFile,
        FaultKind::NothingImported => Code::NothingImported,
        FaultKind::NotPossible => Code::InvalidForm,
        FaultKind::FileLost | FaultKind::ServerGone => Code::OperationLost,
        FaultKind::RunUnderWay => Code::Busy,
        FaultKind::KeyRevoked => Code::KeyRevoked,
        FaultKind::Internal => Code::InternalError,
    }
}

impl From<Operation> for OperationView {
    fn from(operation: Operation) -> Self {
        let (kind, registry) = match operation.task {
            Task::Import(ImportOptions { kind, .. }) => ("import", Some(kind)),
            Task::RebuildIndex(kind) => ("index_rebuild", kind),
            Task::Rematch(_) => ("rematch", None),
            Task::MakeCampaign(_) => ("campaign", None),
        };
        let problem = |fault: engine::Fault| {
            let code = fault_code(fault.kind);
            OperationProblem { code: code.slug(), title: code.title(), detail: fault.detail }
        };
        Self {
            id: operation.number,
            kind,
            registry: registry.map(Kind::plural),
            state: operation.state.slug(),
            cancelling: operation.cancelling,
            place: operation.place,
            progress: operation.progress.into(),
            requested_by: operation.key,
            created_at: operation.created_at,
            started_at: operation.started_at,
            ended_at: operation.ended_at,
            result: operation.report.map(|report| (*report).into()),
            campaign: operation.campaign,
            problem: operation.fault.map(problem),
        }
    }
}

impl From<Progress> for ProgressView {
    fn from(progress: Progress) -> Self {
        Self {
            rows: progress.rows,
            rows_total: progress.rows_in_all,
            bytes: progress.bytes.map(|(done, _)| done),
            bytes_total: progress.bytes.map(|(_, all)| all),
            fraction: progress.fraction,
            rows_per_second: progress.rows_per_second,
            remaining_seconds: progress.seconds_left,
        }
    }
}
