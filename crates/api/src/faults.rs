//! The one table from faults of the engine to problems: what the caller may know, and what only the log says.

use std::borrow::Cow;
use std::sync::Arc;

use domain::access::Scope;
use domain::{FieldProblem, ProblemCode};
use engine::{EngineError, IndexError, KeyFault, StoreError};

use crate::problem::{Code, Problem, ProblemItem};

/// Seconds after which a request that is being worked on is likely to be done.
const SOON: u64 = 1;

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        if let EngineError::BadParameter { parameter, detail } = error {
            return Self::parameter(Code::InvalidParameter, parameter, detail);
        }
        let code = code(&error);
        if let EngineError::MissingScopes(scopes) = &error {
            return Self::missing_scopes(scopes, &error);
        }
        let mut problem = Self::new(code, detail(code, &error));
        problem.retry_after = (code == Code::RequestInProgress).then_some(SOON);
        match error {
            EngineError::Invalid(fields) => problem.errors = items(fields, ""),
            EngineError::NothingImported(report) => problem.report = Some(Box::new((*report).into())),
            EngineError::ImportCutShort { report, error } => {
                problem.detail = format!("{}；此前的 {} 行已导入", problem.detail, report.stored());
                problem.report = Some(Box::new((*report).into()));
                problem.source = Some(Arc::from(error));
            }
            error if code.status().is_server_error() => problem.source = Some(Arc::new(error)),
            _ => {}
        }
        problem
    }
}

impl Problem {
    /// Names each scope that is missing.
    fn missing_scopes(scopes: &[Scope], error: &EngineError) -> Self {
        let item = |scope: &Scope| ProblemItem {
            code: Cow::Borrowed(scope.slug()),
            detail: format!("缺少权限 {}（{}）", scope.slug(), scope.label()),
            ..ProblemItem::default()
        };
        let errors = scopes.iter().map(item).collect();
        Self { errors, ..Self::new(Code::MissingScope, error.to_string()) }
    }

    /// The form lies at `prefix` of the body, so its fields do too.
    pub(crate) fn of_form_at(error: EngineError, prefix: &str) -> Self {
        match error {
            EngineError::Invalid(fields) => {
                let errors = items(fields, prefix);
                Self { errors, ..Self::new(Code::InvalidForm, "表单内容有误，逐项说明见 errors") }
            }
            other => other.into(),
        }
    }
}

fn code(error: &EngineError) -> Code {
    match error {
        full if full.is_disk_full() => Code::InsufficientStorage,
        EngineError::Invalid(fields) if is_outside(fields) => Code::OutsideRegion,
        EngineError::Invalid(_) => Code::InvalidForm,
        EngineError::KeyRefused(KeyFault::Unknown) => Code::InvalidKey,
        EngineError::KeyRefused(KeyFault::Expired) => Code::KeyExpired,
        EngineError::KeyRefused(KeyFault::Revoked) => Code::KeyRevoked,
        EngineError::KeyNotFound(_) => Code::KeyNotFound,
        EngineError::MissingScopes(_) => Code::MissingScope,
        EngineError::OutsideRegion(_) => Code::OutsideRegion,
        EngineError::Overloaded => Code::Overloaded,
        EngineError::UnderWay => Code::RequestInProgress,
        EngineError::Store(StoreError::TicketReused) => Code::IdempotencyKeyReused,
        EngineError::OperationNotFound(_) => Code::OperationNotFound,
        EngineError::NoRoomAside | EngineError::TooMuchWaiting(_) => Code::OperationsFull,
        EngineError::FileLost => Code::OperationLost,
        EngineError::FeedbackNotFound(_) => Code::FeedbackNotFound,
        EngineError::Store(StoreError::WebhookNotFound(_)) => Code::WebhookNotFound,
        EngineError::Store(StoreError::DeliveryNotFound(_)) => Code::DeliveryNotFound,
        EngineError::Store(StoreError::TooManyWebhooks { .. }) => Code::TooManyWebhooks,
        EngineError::Store(StoreError::TooManyKeys { .. }) => Code::TooManyKeys,
        EngineError::Store(StoreError::HolderDiffers(_)) => Code::HolderDiffers,
        EngineError::NotFound(_)
        | EngineError::Store(StoreError::NotFound(_) | StoreError::WrongKind { .. }) => Code::RecordNotFound,
        EngineError::Store(StoreError::RunNotFound(_)) => Code::RunNotFound,
        EngineError::Store(StoreError::CampaignNotFound(_)) => Code::CampaignNotFound,
        EngineError::NoRun | EngineError::NoRunOf(_) => Code::NoRun,
        EngineError::NoSuchPairing { .. } => Code::NoSuchPairing,
        EngineError::BadParameter { .. } => Code::InvalidParameter,
        EngineError::File(_) => Code::UnreadableFile,
        EngineError::NothingImported(_) => Code::NothingImported,
        EngineError::Store(StoreError::AlreadyExists { .. }) => Code::AlreadyExists,
        EngineError::Store(StoreError::StaleRevision { .. }) => Code::StaleRevision,
        EngineError::Store(StoreError::RunClosed(_)) => Code::RunClosed,
        EngineError::Index(IndexError::Busy(_)) => Code::Busy,
        EngineError::ImportCutShort { error, .. } => self::code(error),
        EngineError::Store(error) => refused(error),
        EngineError::Index(IndexError::Stale(_)) | EngineError::ShuttingDown => Code::Unavailable,
        _ => Code::InternalError,
    }
}

/// What the database's refusals come to that say nothing of the request.
const fn refused(error: &StoreError) -> Code {
    match error {
        StoreError::Busy => Code::Busy,
        StoreError::OutcomeUnknown(_) => Code::OutcomeUnknown,
        StoreError::Unavailable(_) | StoreError::NotLetIn(_) | StoreError::ReadOnly(_) => Code::Unavailable,
        _ => Code::InternalError,
    }
}

/// Whether a form is refused for its region alone.
fn is_outside(fields: &[FieldProblem]) -> bool {
    !fields.is_empty() && fields.iter().all(|field| field.code == ProblemCode::OutsideRegion)
}

/// What the caller reads: the error's own words where the caller can act on them, else only where to look.
fn detail(code: Code, error: &EngineError) -> String {
    match code {
        Code::InternalError if is_of_another_ring(error) => {
            "服务器的密钥环与数据库不符，联系方式不能保存；请通知管理员，处理办法见服务日志".to_owned()
        }
        Code::InternalError => "服务内部发生错误，已记入日志；报障时请提供请求编号".to_owned(),
        Code::OutsideRegion if matches!(error, EngineError::Invalid(_)) => "说明见 errors".to_owned(),
        Code::InsufficientStorage => {
            "服务器的磁盘已满，不能保存；查询仍可使用，请通知管理员清出空间后再提交".to_owned()
        }
        Code::Busy | Code::Unavailable => "请稍后再试".to_owned(),
        _ => match error {
            EngineError::ImportCutShort { error, .. } => error.to_string(),
            error => error.to_string(),
        },
    }
}

fn is_of_another_ring(error: &EngineError) -> bool {
    match error {
        EngineError::ImportCutShort { error, .. } => is_of_another_ring(error),
        error => matches!(error, EngineError::Store(StoreError::OtherRing { .. })),
    }
}

fn items(fields: Vec<FieldProblem>, prefix: &str) -> Vec<ProblemItem> {
    let item = |field: FieldProblem| ProblemItem {
        pointer: Some(format!("{prefix}{}", field.pointer)),
        parameter: None,
        label: Some(field.label),
        code: Cow::Borrowed(field_code(field.code)),
        detail: field.detail,
    };
    fields.into_iter().map(item).collect()
}

/// The word of the API for a reason of the domain.
const fn field_code(code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::Missing => "missing",
        ProblemCode::WrongType => "wrong_type",
        ProblemCode::Unknown => "unknown",
        ProblemCode::TooLarge => "too_large",
        ProblemCode::Format => "format",
        ProblemCode::CheckCharacter => "check_character",
        ProblemCode::NotInTable => "not_in_table",
        ProblemCode::Contradiction => "contradiction",
        ProblemCode::OutsideRegion => "outside_region",
    }
}
