//! The audit log: who did what, when, from where, on which record, with which result. Rows are only ever added, in the transaction of
//! the change that they tell of, and each is bound to the one before it.

mod chain;
mod guards;
pub(crate) mod numbers;
mod row;
#[cfg(test)]
mod tests;
mod verify;

use std::fmt;

use domain::{Kind, RecordId};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::backend::{Transaction, on_backend};
use crate::rows::{now, signed, unsigned};
use crate::sql::audit as texts;
use crate::{Store, StoreError};
pub(crate) use chain::Link;

pub use row::{AuditFilter, AuditRow};
pub use verify::{AuditFault, AuditFaultKind, AuditReport};

/// Rows younger than this are never cut off, whatever is set; the database refuses it too.
pub const LEAST_KEPT_DAYS: u32 = 183;

/// Rows read at a time at least where what they say is looked into.
const LEAST_SLICE: u32 = 200;

/// In whose name an actor acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A portal or another program with a key of its own.
    Portal,
    /// A member of staff who has signed in.
    Staff,
    /// A user of the machine at the command line.
    CommandLine,
    /// The nightly work.
    Night,
    /// The program itself, when nobody told it to.
    System,
}

impl ActorKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Portal, Self::Staff, Self::CommandLine, Self::Night, Self::System];

    /// The word in the log.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::Staff => "staff",
            Self::CommandLine => "command_line",
            Self::Night => "night",
            Self::System => "system",
        }
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Portal => "接入方",
            Self::Staff => "工作人员",
            Self::CommandLine => "命令行",
            Self::Night => "夜间任务",
            Self::System => "系统",
        }
    }
}

/// Who acts, from where, and in which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// In whose name.
    pub kind: ActorKind,
    /// Which one of them: the identifier of a key, of an account, of a user. Never a secret.
    pub name: String,
    /// The address that it came from; empty on the machine itself.
    pub origin: String,
    /// Identifier of the request; empty when there is none.
    pub request: String,
}

impl Actor {
    /// Somebody on this machine.
    pub fn local(kind: ActorKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into(), origin: String::new(), request: String::new() }
    }

    /// The program itself: whoever writes without saying who writes.
    pub fn system() -> Self {
        Self::local(ActorKind::System, "hongniang")
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the labels say it")]
pub enum Action {
    RecordCreate,
    RecordChange,
    RecordsImport,
    RecordsExport,
    ContactReveal,
    ContactsRotate,
    JudgementsAdd,
    FeedbackAdd,
    RunPublish,
    RunAbandon,
    PersonErase,
    PersonReadmit,
    BackupMake,
    BackupRestore,
    AuditCut,
    AuditExport,
    AccessRefuse,
    KeyMake,
    KeyRevoke,
    OperationSubmit,
    OperationCancel,
    OperationEnd,
    WebhookMake,
    WebhookChange,
    WebhookRemove,
    WebhookRotate,
    WebhookDisable,
    WebhookPing,
    DeliveryRetry,
    CampaignMake,
    CampaignPlan,
    CampaignDelete,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 32] = [
        Self::RecordCreate,
        Self::RecordChange,
        Self::RecordsImport,
        Self::RecordsExport,
        Self::ContactReveal,
        Self::ContactsRotate,
        Self::JudgementsAdd,
        Self::FeedbackAdd,
        Self::RunPublish,
        Self::RunAbandon,
        Self::PersonErase,
        Self::PersonReadmit,
        Self::BackupMake,
        Self::BackupRestore,
        Self::AuditCut,
        Self::AuditExport,
        Self::AccessRefuse,
        Self::KeyMake,
        Self::KeyRevoke,
        Self::OperationSubmit,
        Self::OperationCancel,
        Self::OperationEnd,
        Self::WebhookMake,
        Self::WebhookChange,
        Self::WebhookRemove,
        Self::WebhookRotate,
        Self::WebhookDisable,
        Self::WebhookPing,
        Self::DeliveryRetry,
        Self::CampaignMake,
        Self::CampaignPlan,
        Self::CampaignDelete,
    ];

    /// The stable word in the log, and the one for people.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::RecordCreate => ("record.create", "新增登记"),
            Self::RecordChange => ("record.change", "修改登记"),
            Self::RecordsImport => ("records.import", "批量导入"),
            Self::RecordsExport => ("records.export", "导出登记"),
            Self::ContactReveal => ("contact.reveal", "查看联系方式"),
            Self::ContactsRotate => ("contacts.rotate", "轮换联系方式的密钥"),
            Self::JudgementsAdd => ("judgements.add", "录入评判"),
            Self::FeedbackAdd => ("feedback.add", "记录对接反馈"),
            Self::RunPublish => ("run.publish", "发布匹配批次"),
            Self::RunAbandon => ("run.abandon", "放弃匹配批次"),
            Self::PersonErase => ("person.erase", "删除个人信息"),
            Self::PersonReadmit => ("person.readmit", "重新收录已删除的人"),
            Self::BackupMake => ("backup.make", "备份"),
            Self::BackupRestore => ("backup.restore", "恢复备份"),
            Self::AuditCut => ("audit.cut", "清理到期的审计记录"),
            Self::AuditExport => ("audit.export", "导出审计记录"),
            Self::AccessRefuse => ("access.refuse", "拒绝访问"),
            Self::KeyMake => ("key.make", "创建密钥"),
            Self::KeyRevoke => ("key.revoke", "撤销密钥"),
            Self::OperationSubmit => ("operation.submit", "提交后台任务"),
            Self::OperationCancel => ("operation.cancel", "取消后台任务"),
            Self::OperationEnd => ("operation.end", "后台任务结束"),
            Self::WebhookMake => ("webhook.make", "登记推送地址"),
            Self::WebhookChange => ("webhook.change", "修改推送地址"),
            Self::WebhookRemove => ("webhook.remove", "删除推送地址"),
            Self::WebhookRotate => ("webhook.rotate", "轮换推送的签名密钥"),
            Self::WebhookDisable => ("webhook.disable", "停用推送地址"),
            Self::WebhookPing => ("webhook.ping", "试推送"),
            Self::DeliveryRetry => ("delivery.retry", "重新推送"),
            Self::CampaignMake => ("campaign.make", "新建对接活动"),
            Self::CampaignPlan => ("campaign.plan", "调整对接方案"),
            Self::CampaignDelete => ("campaign.delete", "删除对接活动"),
        }
    }

    /// The stable word in the log.
    pub const fn code(self) -> &'static str {
        self.words().0
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        self.words().1
    }

    /// The action of this code, if this version knows it.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditResult {
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
    /// It was allowed and failed.
    Failed,
}

impl AuditResult {
    /// The word in the log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A record.
    Record(RecordId),
    /// Many records of a registry.
    Registry(Kind),
    /// None in particular.
    Nothing,
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(id) => id.fmt(f),
            Self::Registry(kind) => f.write_str(kind.plural()),
            Self::Nothing => Ok(()),
        }
    }
}

/// Something to be put on record.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What was done.
    pub action: Action,
    /// To what.
    pub about: About,
    /// How it ended.
    pub result: AuditResult,
    /// What else is worth knowing. Without personal data: it stays when a person is erased.
    pub detail: Value,
}

impl Event {
    /// Something that was done.
    pub fn done(action: Action, about: About, detail: Value) -> Self {
        Self { action, about, result: AuditResult::Done, detail }
    }
}

impl Store {
    /// The same store, used by somebody else: what is written through it is attributed to `actor`.
    #[must_use]
    pub fn acting(&self, actor: Actor) -> Self {
        Self { actor: actor.into(), ..self.clone() }
    }

    /// Puts something on record that changes nothing in the database itself: a reveal, a refusal.
    ///
    /// # Errors
    /// When the log cannot be written; whoever wanted to go on must not.
    pub async fn note(&self, event: Event) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        append(&mut transaction, &self.actor, event).await?;
        transaction.commit().await
    }

    /// Cuts off the front of the log: rows older than `keep_days`, which are at least [`LEAST_KEPT_DAYS`]. Where the chain starts from
    /// then on is remembered, and stands in the log. Returns how many rows went.
    pub async fn cut_audit(&self, keep_days: u32) -> Result<u64, StoreError> {
        let kept = SignedDuration::from_hours(24 * i64::from(keep_days.max(LEAST_KEPT_DAYS)));
        let limit = now() - i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        let mut transaction = self.backend.begin().await?;
        let link = on_backend!(&mut transaction, transaction => {
            let through: Option<i64> =
                sqlx::query_scalar(texts::LAST_OLD).bind(limit).fetch_one(&mut **transaction).await?;
            let link: Option<Link> = sqlx::query_as(texts::LINK)
                .bind(through.unwrap_or_default())
                .fetch_optional(&mut **transaction)
                .await?;
            link
        });
        let Some(Link { seq, hash }) = link else { return Ok(0) };
        let rows = on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::MOVE_END)
                .bind("anchor")
                .bind(seq)
                .bind(hash.as_str())
                .execute(&mut **transaction)
                .await?;
            sqlx::query(texts::CUT).bind(seq).execute(&mut **transaction).await?.rows_affected()
        });
        let detail = json!({"through": seq, "hash": hash, "rows": rows});
        append(&mut transaction, &self.actor, Event::done(Action::AuditCut, About::Nothing, detail)).await?;
        transaction.commit().await?;
        Ok(rows)
    }

    /// The last row of the log: its number and its hash. Kept elsewhere, the hash shows later that nothing up to there was changed.
    pub async fn audit_head(&self) -> Result<(u64, String), StoreError> {
        let head: Link = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::END).bind("head").fetch_one(&pools.readers).await?
        });
        Ok((unsigned(head.seq), head.hash))
    }

    /// Up to `limit` rows with a number greater than `after`, ascending.
    pub async fn audit_after(
        &self,
        filter: &AuditFilter,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        self.audit_rows(texts::AFTER, filter, signed(after), limit).await
    }

    /// Up to `limit` rows with a number less than `before`, latest first.
    pub async fn audit_before(
        &self,
        filter: &AuditFilter,
        before: u64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        self.audit_rows(texts::BEFORE, filter, signed(before), limit).await
    }

    /// Rows that the filter lets through, and of those that tell of an import only what holds the record that is asked for.
    async fn audit_rows(
        &self,
        text: &'static str,
        filter: &AuditFilter,
        mut from: i64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let record = filter.record.as_deref().and_then(|record| record.parse::<RecordId>().ok());
        let Some(record) = record else { return self.audit_slice(text, filter, None, from, limit).await };
        let mut found = Vec::new();
        let slice = limit.max(LEAST_SLICE);
        loop {
            let rows = self.audit_slice(text, filter, Some(record.kind), from, slice).await?;
            let ended = rows.len() < slice as usize;
            from = rows.last().map_or(from, |row| row.seq);
            found.extend(rows.into_iter().filter(|row| numbers::holds(row, record)));
            if ended || found.len() >= limit as usize {
                found.truncate(limit as usize);
                return Ok(found);
            }
        }
    }

    async fn audit_slice(
        &self,
        text: &'static str,
        filter: &AuditFilter,
        imports: Option<Kind>,
        from: i64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let moment = |moment: Option<Timestamp>, else_| moment.map_or(else_, Timestamp::as_millisecond);
        let word = |word: &Option<String>| word.clone().unwrap_or_default();
        on_backend!(&self.backend, pools => {
            Ok(sqlx::query_as(text)
                .bind(from)
                .bind(moment(filter.since, i64::MIN))
                .bind(moment(filter.until, i64::MAX))
                .bind(word(&filter.actor))
                .bind(word(&filter.record))
                .bind(word(&filter.action))
                .bind(i64::from(limit))
                .bind(imports.map_or("", Kind::plural))
                .fetch_all(&pools.readers)
                .await?)
        })
    }
}

/// Adds a row to the log, in the transaction of what it tells of.
pub(crate) async fn append(
    transaction: &mut Transaction,
    actor: &Actor,
    event: Event,
) -> Result<(), StoreError> {
    append_at(transaction, actor, event, now()).await
}

async fn append_at(
    transaction: &mut Transaction,
    actor: &Actor,
    event: Event,
    at: i64,
) -> Result<(), StoreError> {
    // Taken as a write, so that others who append wait.
    let head: Link = on_backend!(&mut *transaction, transaction => {
        sqlx::query_as(texts::TAKE_HEAD).fetch_one(&mut **transaction).await?
    });
    let mut row = AuditRow {
        seq: head.seq + 1,
        at,
        actor_kind: actor.kind.slug().to_owned(),
        actor: actor.name.clone(),
        origin: actor.origin.clone(),
        request: actor.request.clone(),
        action: event.action.code().to_owned(),
        record: event.about.to_string(),
        result: event.result.code().to_owned(),
        detail: event.detail.to_string(),
        previous: head.hash,
        hash: String::new(),
    };
    row.hash = chain::hash(&row);
    on_backend!(transaction, transaction => {
        sqlx::query(texts::APPEND)
            .bind(row.seq)
            .bind(row.at)
            .bind(row.actor_kind.as_str())
            .bind(row.actor.as_str())
            .bind(row.origin.as_str())
            .bind(row.request.as_str())
            .bind(row.action.as_str())
            .bind(row.record.as_str())
            .bind(row.result.as_str())
            .bind(row.detail.as_str())
            .bind(row.previous.as_str())
            .bind(row.hash.as_str())
            .execute(&mut **transaction)
            .await?;
        sqlx::query(texts::MOVE_END)
            .bind("head")
            .bind(row.seq)
            .bind(row.hash.as_str())
            .execute(&mut **transaction)
            .await?;
    });
    Ok(())
}
