//! Contacts in full, and rows of the audit log.

use domain::Contact;
use engine::{Action, AuditRow, EngineError};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A contact in full. No `Debug`: it goes into the answer and nowhere else.
#[derive(Serialize, ToSchema)]
#[schema(as = Contact)]
pub(crate) struct ContactView {
    /// 联系人
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// 手机
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile: Option<String>,
    /// 办公电话
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// 传真
    #[serde(skip_serializing_if = "Option::is_none")]
    fax: Option<String>,
    /// 电子邮箱
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// 联系地址
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// 邮编
    #[serde(skip_serializing_if = "Option::is_none")]
    postcode: Option<String>,
}

/// A row of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditRow)]
pub(crate) struct AuditRowView {
    /// 序号，逐条加一
    #[schema(example = 1024)]
    seq: i64,
    /// 时间（RFC 3339）
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// 操作者的类别：portal 接入方、staff 工作人员、command_line 命令行、night 夜间任务、system 系统
    #[schema(example = "portal")]
    actor_kind: String,
    /// 操作者：密钥编号、账号或系统用户
    #[schema(example = "key-1")]
    actor: String,
    /// 来自的地址；本机为空
    #[schema(example = "10.1.2.3")]
    origin: String,
    /// 请求编号；没有即为空
    request: String,
    /// 操作
    #[schema(example = "contact.reveal")]
    action: String,
    /// 操作的中文名称
    #[schema(example = "查看联系方式")]
    action_label: String,
    /// 记录编号或登记库；没有即为空
    #[schema(example = "need-1")]
    record: String,
    /// 结果：done 完成、refused 拒绝、failed 失败
    #[schema(example = "done")]
    result: String,
    /// 其他情况
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    detail: Value,
    /// 上一条的散列
    previous: String,
    /// 本条的散列，由本条内容和上一条的散列得出
    hash: String,
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub(crate) struct AuditPageView {
    /// 审计记录，最近的在前
    pub(crate) items: Vec<AuditRowView>,
    /// 下一页的游标；最后一页没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        let Contact { person, mobile, phone, fax, email, address, postcode } = contact;
        Self { person, mobile, phone, fax, email, address, postcode }
    }
}

impl TryFrom<AuditRow> for AuditRowView {
    type Error = EngineError;

    fn try_from(row: AuditRow) -> Result<Self, EngineError> {
        let at = row.moment()?;
        let AuditRow { seq, actor_kind, actor, origin, request, action, record, result, .. } = row;
        // An action of a later version has no name here.
        let action_label =
            Action::from_code(&action).map_or_else(|| action.clone(), |known| known.label().to_owned());
        let detail = serde_json::from_str(&row.detail).unwrap_or(Value::Null);
        let (previous, hash) = (row.previous, row.hash);
        Ok(Self {
            seq,
            at,
            actor_kind,
            actor,
            origin,
            request,
            action,
            action_label,
            record,
            result,
            detail,
            previous,
            hash,
        })
    }
}
