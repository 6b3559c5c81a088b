//! What went wrong, as RFC 9457 problem details: one table of stable codes with their status and Chinese title.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use engine::EngineError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::views::ImportReportView;

/// Media type of problem details.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// Seconds after which trying again makes sense.
const RETRY_SECONDS: u64 = 5;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $slug:literal, $status:ident, $title:literal;)+) => {
        /// Stable reasons of problems.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $variant),+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that programs compare.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug),+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// The Chinese title.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

codes! {
    /// The body is not JSON, is nested too deep or names a field twice.
    InvalidJson = "invalid_json", BAD_REQUEST, "请求体不是有效的 JSON";
    /// A query parameter that the operation does not have.
    UnknownParameter = "unknown_parameter", BAD_REQUEST, "不认识的查询参数";
    /// A query parameter has an invalid value.
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "查询参数无效";
    /// The cursor is damaged or belongs to another query.
    InvalidCursor = "invalid_cursor", BAD_REQUEST, "翻页游标无效";
    /// The condition of a header cannot be read.
    InvalidIfMatch = "invalid_if_match", BAD_REQUEST, "If-Match 请求头无效";
    /// What the caller sends in order to be able to send a request again cannot be read.
    InvalidIdempotencyKey = "invalid_idempotency_key", BAD_REQUEST, "Idempotency-Key 请求头无效";
    /// What came is no HTTP request.
    MalformedRequest = "malformed_request", BAD_REQUEST, "不是规范的 HTTP 请求";
    /// The operation takes no body, and one came.
    UnexpectedBody = "unexpected_body", BAD_REQUEST, "这个操作没有请求体";
    /// The body broke off.
    BrokenBody = "broken_body", BAD_REQUEST, "请求体没有传完";
    /// A key stands in the address.
    KeyInUrl = "key_in_url", BAD_REQUEST, "密钥不能写在地址里";
    /// The two registries are not matched with each other.
    NoSuchPairing = "no_such_pairing", BAD_REQUEST, "不支持这种匹配";
    /// No key came with the request.
    KeyRequired = "key_required", UNAUTHORIZED, "需要密钥";
    /// The key is none that is known.
    InvalidKey = "invalid_key", UNAUTHORIZED, "密钥无效";
    /// The key's time is over.
    KeyExpired = "key_expired", UNAUTHORIZED, "密钥已过期";
    /// The key was revoked.
    KeyRevoked = "key_revoked", UNAUTHORIZED, "密钥已被撤销";
    /// The key does not have the scopes.
    MissingScope = "missing_scope", FORBIDDEN, "密钥没有这项权限";
    /// The key is bound to another region.
    OutsideRegion = "outside_region", FORBIDDEN, "超出密钥的地区";
    /// There is no such address.
    NotFound = "not_found", NOT_FOUND, "没有这个地址";
    /// There is no such record in the registry.
    RecordNotFound = "record_not_found", NOT_FOUND, "没有这条记录";
    /// There is no such feedback any more.
    FeedbackNotFound = "feedback_not_found", NOT_FOUND, "没有这条对接反馈";
    /// There is no such operation.
    OperationNotFound = "operation_not_found", NOT_FOUND, "没有这个后台任务";
    /// There is no such run.
    RunNotFound = "run_not_found", NOT_FOUND, "没有这个匹配批次";
    /// There is no such campaign.
    CampaignNotFound = "campaign_not_found", NOT_FOUND, "没有这个对接活动";
    /// There is no such key.
    KeyNotFound = "key_not_found", NOT_FOUND, "没有这个密钥";
    /// There is no such address for events.
    WebhookNotFound = "webhook_not_found", NOT_FOUND, "没有这个推送地址";
    /// There is no such message on its way.
    DeliveryNotFound = "delivery_not_found", NOT_FOUND, "没有这条推送记录";
    /// No run has been published.
    NoRun = "no_run", NOT_FOUND, "尚无匹配批次";
    /// The address does not take this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "此地址不支持该方法";
    /// The caller accepts none of the media types that there are.
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE, "无法提供所要的格式";
    /// The request's line and headers came too slowly.
    HeadTimeout = "head_timeout", REQUEST_TIMEOUT, "请求头传输超时";
    /// The body came too slowly.
    BodyTimeout = "body_timeout", REQUEST_TIMEOUT, "请求体传输超时";
    /// The external identifier is taken.
    AlreadyExists = "already_exists", CONFLICT, "记录已存在";
    /// The holder has two good keys already.
    TooManyKeys = "too_many_keys", CONFLICT, "有效的密钥过多";
    /// The holder is known with another purpose or region.
    HolderDiffers = "holder_differs", CONFLICT, "接入方与登记的不符";
    /// The run takes no more matches.
    RunClosed = "run_closed", CONFLICT, "匹配批次已结束";
    /// The same request is being worked on.
    RequestInProgress = "request_in_progress", CONFLICT, "同一请求正在处理";
    /// Somebody had the operation stop that this request waited for.
    OperationCancelled = "operation_cancelled", CONFLICT, "任务已被取消";
    /// The key was made by an earlier request, and its token cannot be shown again.
    TokenAlreadyShown = "token_already_shown", CONFLICT, "密钥已发放，不能再次显示";
    /// The holder has as many addresses for events as there may be.
    TooManyWebhooks = "too_many_webhooks", CONFLICT, "推送地址过多";
    /// The secret was made by an earlier request, and cannot be shown again.
    SecretAlreadyShown = "secret_already_shown", CONFLICT, "签名密钥已给出，不能再次显示";
    /// The record has changed since it was read.
    StaleRevision = "stale_revision", PRECONDITION_FAILED, "记录已被修改";
    /// The body is too large.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "请求体太大";
    /// The query string is too long.
    QueryTooLong = "query_too_long", URI_TOO_LONG, "查询字符串太长";
    /// The body's media type is none that the operation takes.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "不支持的内容类型";
    /// Fields of a form are invalid.
    InvalidForm = "invalid_form", UNPROCESSABLE_ENTITY, "表单内容有误";
    /// The caller's text came with another request before.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "Idempotency-Key 已用于另一个请求";
    /// A file is not what it claims to be.
    UnreadableFile = "unreadable_file", UNPROCESSABLE_ENTITY, "文件无法读取";
    /// Bad rows stopped an all-or-nothing import.
    NothingImported = "nothing_imported", UNPROCESSABLE_ENTITY, "未导入任何一行";
    /// A change without a condition.
    IfMatchRequired = "if_match_required", PRECONDITION_REQUIRED, "缺少 If-Match 请求头";
    /// Requests come too fast.
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "请求过于频繁";
    /// The day's requests are used up.
    QuotaExhausted = "quota_exhausted", TOO_MANY_REQUESTS, "当日请求数已用完";
    /// The request's line and headers are too large.
    HeadTooLarge = "head_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, "请求头太大";
    /// A fault on this side.
    InternalError = "internal_error", INTERNAL_SERVER_ERROR, "服务内部错误";
    /// The database broke off while it was saving: whether it has saved is to be looked up before the request is repeated. Not 503, which
    /// programs repeat by themselves.
    OutcomeUnknown = "outcome_unknown", INTERNAL_SERVER_ERROR, "不能确定是否已经保存";
    /// Database or index are busy for the moment.
    Busy = "busy", SERVICE_UNAVAILABLE, "系统正忙";
    /// As many operations wait as may, or there is no room for another file.
    OperationsFull = "operations_full", SERVICE_UNAVAILABLE, "后台任务过多";
    /// What was put aside for an operation is gone, or the server that was to do it.
    OperationLost = "operation_lost", INTERNAL_SERVER_ERROR, "任务无法完成，请重新提交";
    /// More is under way than can be done at a time.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "请求过多";
    /// There are as many connections as there may be.
    TooManyConnections = "too_many_connections", SERVICE_UNAVAILABLE, "连接过多";
    /// The database cannot be reached, an index is being rebuilt, or the program is ending.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "服务暂不可用";
    /// There is no room left on the disk; nothing of the request was saved.
    InsufficientStorage = "insufficient_storage", INSUFFICIENT_STORAGE, "存储空间不足";
}

impl Code {
    /// The URI reference that names the type of problem.
    pub fn uri(self) -> String {
        format!("/problems/{}", self.slug().replace('_', "-"))
    }

    /// What to authenticate with (RFC 6750, section 3); a caller that sent nothing is told no more than that.
    const fn challenge(self) -> &'static str {
        match self {
            Self::KeyRequired => "Bearer realm=\"hongniang\"",
            _ => "Bearer realm=\"hongniang\", error=\"invalid_token\"",
        }
    }
}

/// One thing that is wrong, with its place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemItem {
    /// 请求体中的位置（JSON Pointer，RFC 6901）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/contact/mobile")]
    pub pointer: Option<String>,
    /// 查询参数或请求头的名称
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "limit")]
    pub parameter: Option<String>,
    /// 字段中文名
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "手机")]
    pub label: Option<String>,
    /// 稳定的错误码
    #[schema(example = "format")]
    pub code: Cow<'static, str>,
    /// 中文说明
    #[schema(example = "格式不正确，应为 11 位手机号码")]
    pub detail: String,
}

/// A problem on its way out.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The reason.
    pub code: Code,
    /// One Chinese sentence about this occurrence; holds no contact value.
    pub detail: String,
    /// Single faults with their places.
    pub errors: Vec<ProblemItem>,
    pub(crate) report: Option<Box<ImportReportView>>,
    /// Headers that go with it.
    pub(crate) headers: Vec<(HeaderName, String)>,
    /// Seconds after which trying again makes sense, where they are known.
    pub(crate) retry_after: Option<u64>,
    /// What the operator reads in the log when the fault is on this side.
    pub(crate) source: Option<Arc<EngineError>>,
}

/// Problem details as they are sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView<'a> {
    /// 问题类型（稳定的 URI 引用）
    #[serde(rename = "type")]
    #[schema(example = "/problems/invalid-form")]
    kind: String,
    /// 中文标题
    #[schema(example = "表单内容有误")]
    title: &'a str,
    /// HTTP 状态码
    #[schema(example = 422)]
    status: u16,
    /// 稳定的错误码，供程序判断
    #[schema(example = "invalid_form")]
    code: &'a str,
    /// 中文说明
    #[schema(example = "表单中有 1 处错误")]
    detail: &'a str,
    /// 请求编号，报障时请提供
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "9f3c2a10-1")]
    request_id: Option<&'a str>,
    /// 各处错误
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ProblemItem],
    /// 导入报告，仅导入失败时有
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a ImportReportView>,
}

impl Problem {
    /// A problem with a sentence about it.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            code,
            detail,
            errors: Vec::new(),
            report: None,
            headers: Vec::new(),
            retry_after: None,
            source: None,
        }
    }

    /// A query parameter or header with an invalid value.
    pub(crate) fn parameter(code: Code, name: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let item = ProblemItem {
            parameter: Some(name.to_owned()),
            code: Cow::Borrowed(code.slug()),
            detail: detail.clone(),
            ..ProblemItem::default()
        };
        Self { errors: vec![item], ..Self::new(code, format!("{name}：{detail}")) }
    }

    pub(crate) fn view<'a>(&'a self, request_id: Option<&'a str>) -> ProblemView<'a> {
        ProblemView {
            kind: self.code.uri(),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.slug(),
            detail: &self.detail,
            request_id,
            errors: &self.errors,
            report: self.report.as_deref(),
        }
    }

    /// Seconds after which trying again makes sense, if ever.
    pub(crate) fn seconds_to_wait(&self) -> Option<u64> {
        let unavailable = self.code.status() == StatusCode::SERVICE_UNAVAILABLE;
        self.retry_after.or(unavailable.then_some(RETRY_SECONDS))
    }

    /// The answer, naming the request when its number is known.
    pub(crate) fn response(&self, request_id: Option<&str>) -> HttpResponse {
        let mut response = HttpResponse::build(self.code.status());
        if let Some(seconds) = self.seconds_to_wait() {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if self.code.status() == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, self.code.challenge()));
        }
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.as_str()));
        }
        response.content_type(PROBLEM_JSON).json(self.view(request_id))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.slug(), self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.response(None)
    }
}
