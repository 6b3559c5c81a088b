//! Nightly runs, what they found, and what changed from one to the next.

use domain::RecordId;
use engine::{
    Change, ChangeKind, ChangeReason, Changes, CurrentMatches, Duplicate, MatchChange, NeedCluster,
    RunSummary,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::MatchView;

/// A published run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RematchRun)]
pub(crate) struct RunView {
    /// 批次号
    #[schema(example = 12)]
    id: u64,
    /// 业务日期
    #[schema(value_type = String, format = Date, example = "2026-11-20")]
    business_date: Date,
    /// 发布时间（RFC 3339）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-20T18:05:31Z")]
    published_at: Option<Timestamp>,
    /// 参与匹配的需求数；本密钥看不到其中一部分时，各项合计都不给出
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 132)]
    needs: Option<u64>,
    /// 其中没有匹配结果的需求数
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3)]
    needs_without_match: Option<u64>,
    /// 匹配结果数
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 5210)]
    matches: Option<u64>,
}

/// A page of runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RematchRunPage)]
pub(crate) struct RunPageView {
    /// 批次，新的在前
    pub(crate) items: Vec<RunView>,
    /// 下一页的游标；最后一页没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// A need's matches in the current run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CurrentMatches)]
pub(crate) struct CurrentMatchesView {
    /// 当前批次
    run: RunView,
    /// 匹配结果，名次先的在前
    matches: Vec<MatchView>,
}

/// A place in a ranking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Place)]
pub(crate) struct PlaceView {
    /// 名次，从 1 起
    #[schema(example = 2)]
    rank: u32,
    /// 总分
    #[schema(example = 61.5)]
    score: f64,
}

/// One target whose place changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
pub(crate) struct ChangeView {
    /// 对方的记录编号
    target: RecordId,
    /// 变化
    change: ChangeKind,
    /// 上一批次中的名次和分数；新进入的没有
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<PlaceView>,
    /// 当前批次中的名次和分数；退出的没有
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<PlaceView>,
    /// 原因
    reason: ChangeReason,
    /// 原因的中文说明
    #[schema(example = "对方新登记")]
    reason_label: &'static str,
}

/// A place as the change list tells it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedPlace)]
pub(crate) struct ListedPlaceView {
    /// 名次，从 1 起；对本密钥隐藏其他地区的记录时没有
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    rank: Option<u32>,
    /// 总分
    #[schema(example = 61.5)]
    score: f64,
}

/// A change of some need's matches.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MatchChange)]
pub(crate) struct MatchChangeView {
    /// 发现这一变化的批次
    #[schema(example = 12)]
    run: u64,
    /// 该批次的业务日期
    #[schema(value_type = String, format = Date, example = "2026-11-20")]
    business_date: Date,
    /// 需求
    need: RecordId,
    /// 对方的记录编号
    target: RecordId,
    /// 变化
    change: ChangeKind,
    /// 上一批次中的名次和分数；新进入的没有
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<ListedPlaceView>,
    /// 这一批次中的名次和分数；退出的没有
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<ListedPlaceView>,
    /// 原因
    reason: ChangeReason,
    /// 原因的中文说明
    #[schema(example = "新增或修改了成果")]
    reason_label: &'static str,
    /// 游标：作为 `cursor` 传回，即从这一条之后接着取
    #[schema(example = "AgAAAAAAAAAMAAAAAAAAAAEAAAACAAAAAWkq0yJv0fM1")]
    cursor: String,
}

/// Changes in order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MatchChangePage)]
pub(crate) struct MatchChangePageView {
    /// 变化，按批次、需求、登记库、名次先后
    pub(crate) items: Vec<MatchChangeView>,
    /// 接着取的游标；已取完时也有，留作下次从这里接着取。从未取到过变化时没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
    /// 现在就还有更多
    #[schema(example = false)]
    pub(crate) more: bool,
}

impl MatchChangeView {
    /// As it is told, with the cursor that stands for its place.
    pub(crate) fn new(found: &MatchChange, cursor: String) -> Self {
        let place = |(rank, score)| ListedPlaceView {
            rank: Some(rank).filter(|rank| *rank > 0),
            score: engine::rounded(score),
        };
        let Change { target, kind, before, now, reason } = found.change.clone();
        Self {
            run: found.run.id,
            business_date: found.run.business_date,
            need: found.need,
            target,
            change: kind,
            before: before.map(place),
            now: now.map(place),
            reason,
            reason_label: reason.label(),
            cursor,
        }
    }
}

/// What changed for a need.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Changes)]
pub(crate) struct ChangesView {
    /// 当前批次
    run: RunView,
    /// 上一批次；没有时，全部结果都算新进入
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_run: Option<RunView>,
    /// 名次有变的对象：先按当前名次，再是退出的
    changes: Vec<ChangeView>,
}

/// Needs that say nearly the same as one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Duplicates)]
pub(crate) struct DuplicatesView {
    /// 疑似重复的需求，最相似的在前
    pub(crate) duplicates: Vec<Duplicate>,
}

/// Needs of different enterprises that share a problem, in the current run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NeedClusterPage)]
pub(crate) struct ClusterPageView {
    /// 当前批次
    pub(crate) run: RunView,
    /// 共性需求，涉及企业多的在前
    pub(crate) items: Vec<NeedCluster>,
    /// 下一页的游标；最后一页没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

impl From<RunSummary> for RunView {
    fn from(run: RunSummary) -> Self {
        Self {
            id: run.id,
            business_date: run.business_date,
            published_at: run.published_at,
            needs: run.needs,
            needs_without_match: run.needs_without_match,
            matches: run.matches,
        }
    }
}

impl From<CurrentMatches> for CurrentMatchesView {
    fn from(current: CurrentMatches) -> Self {
        let matches = current.matches.into_iter().map(MatchView::from).collect();
        Self { run: current.run.into(), matches }
    }
}

impl From<Change> for ChangeView {
    fn from(change: Change) -> Self {
        let place = |(rank, score)| PlaceView { rank, score: engine::rounded(score) };
        Self {
            target: change.target,
            change: change.kind,
            before: change.before.map(place),
            now: change.now.map(place),
            reason: change.reason,
            reason_label: change.reason.label(),
        }
    }
}

impl From<Changes> for ChangesView {
    fn from(changes: Changes) -> Self {
        Self {
            run: changes.run.into(),
            previous_run: changes.before.map(RunView::from),
            changes: changes.changes.into_iter().map(ChangeView::from).collect(),
        }
    }
}
