//! Why a place changed: worked out from what became of the need and of the record in it.

use std::collections::{BTreeSet, HashMap};

use domain::{Attributes, Kind, Record, RecordId};
use jiff::Timestamp;
use jiff::civil::Date;
use ranking::{Exclusion, exclusions};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Engine, EngineError};

/// Why a place changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeReason {
    /// 首次匹配
    FirstRun,
    /// 统计基准更新，全部重新计算
    NewEpoch,
    /// 需求新登记或重新生效
    NewNeed,
    /// 需求资料修改
    NeedEdited,
    /// 需求已办结、撤回或过期
    NeedEnded,
    /// 对方新登记
    NewRecord,
    /// 新增或修改了成果
    NewAchievement,
    /// 对方资料修改
    TextEdited,
    /// 承接能力用完
    CapacityUsed,
    /// 暂不可对接
    Unavailable,
    /// 本人不同意参与匹配
    NoConsent,
    /// 对方已撤回
    Withdrawn,
    /// 对方已办结
    Closed,
    /// 对方已过有效期
    Expired,
    /// 双方属同一单位，应回避
    SameOrganisation,
    /// 对方已删除
    Deleted,
    /// 他人名次变化
    Displaced,
}

impl ChangeReason {
    /// All of them, in the order in which they are kept: others are only ever added behind.
    pub const ALL: [Self; 17] = [
        Self::FirstRun,
        Self::NewEpoch,
        Self::NewNeed,
        Self::NeedEdited,
        Self::NeedEnded,
        Self::NewRecord,
        Self::NewAchievement,
        Self::TextEdited,
        Self::CapacityUsed,
        Self::Unavailable,
        Self::NoConsent,
        Self::Withdrawn,
        Self::Closed,
        Self::Expired,
        Self::SameOrganisation,
        Self::Deleted,
        Self::Displaced,
    ];

    /// The reason as people read it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::FirstRun => "首次匹配",
            Self::NewEpoch => "统计基准更新，全部重新计算",
            Self::NewNeed => "需求新登记或重新生效",
            Self::NeedEdited => "需求资料修改",
            Self::NeedEnded => "需求已办结、撤回或过期",
            Self::NewRecord => "对方新登记",
            Self::NewAchievement => "新增或修改了成果",
            Self::TextEdited => "对方资料修改",
            Self::CapacityUsed => "承接能力用完",
            Self::Unavailable => "暂不可对接",
            Self::NoConsent => "本人不同意参与匹配",
            Self::Withdrawn => "对方已撤回",
            Self::Closed => "对方已办结",
            Self::Expired => "对方已过有效期",
            Self::SameOrganisation => "双方属同一单位，应回避",
            Self::Deleted => "对方已删除",
            Self::Displaced => "他人名次变化",
        }
    }

    /// As it is kept.
    pub(super) fn code(self) -> u8 {
        Self::ALL.iter().position(|reason| *reason == self).map_or(u8::MAX, |at| at as u8)
    }

    /// Reads it back; what a later version wrote is told as the least that can be said.
    pub(super) fn of(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or(Self::Displaced)
    }
}

/// What befell all of a need's lists at once, if anything did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// There was no run before.
    First,
    /// The statistics are others.
    Epoch,
    /// The need takes part again, or for the first time.
    Came,
    /// The need says something else.
    Edited,
    /// The need takes part no more.
    Ended,
    /// Nothing: only others have changed.
    None,
}

/// What became of the records that changed since the run before.
pub(super) struct Fates {
    records: HashMap<RecordId, Record>,
    wanted: BTreeSet<RecordId>,
    since: Timestamp,
    date: Date,
}

impl Fates {
    pub(super) fn new(since: Timestamp, date: Date) -> Self {
        Self { records: HashMap::new(), wanted: BTreeSet::new(), since, date }
    }

    /// Why a record that changed has another place in the list of this need than before; `left` says whether it has none now.
    fn of(&self, need: &Attributes, id: RecordId, left: bool) -> ChangeReason {
        let Some(record) = self.records.get(&id) else { return ChangeReason::Deleted };
        let against = exclusions(Some(need), &Attributes::of(record), self.date);
        if let Some(against) = against.first().filter(|_| left) {
            return match against {
                Exclusion::Withdrawn => ChangeReason::Withdrawn,
                Exclusion::Closed => ChangeReason::Closed,
                Exclusion::Expired => ChangeReason::Expired,
                Exclusion::Exhausted => ChangeReason::CapacityUsed,
                Exclusion::Unavailable => ChangeReason::Unavailable,
                Exclusion::NoConsent => ChangeReason::NoConsent,
                Exclusion::SameOrganisation => ChangeReason::SameOrganisation,
            };
        }
        if record.created_at > self.since {
            return match id.kind {
                Kind::Achievement => ChangeReason::NewAchievement,
                _ => ChangeReason::NewRecord,
            };
        }
        // An expert whose own record is as it was is in the outbox for an achievement's sake.
        if id.kind == Kind::Expert && record.updated_at <= self.since {
            return ChangeReason::NewAchievement;
        }
        ChangeReason::TextEdited
    }

    /// Why a place changed. `changed` says whether the record in it did.
    pub(super) fn reason(
        &self,
        turn: Turn,
        need: &Attributes,
        id: RecordId,
        changed: bool,
        left: bool,
    ) -> ChangeReason {
        match turn {
            Turn::First => ChangeReason::FirstRun,
            Turn::Came => ChangeReason::NewNeed,
            Turn::Ended => ChangeReason::NeedEnded,
            _ if changed => self.of(need, id, left),
            Turn::Edited => ChangeReason::NeedEdited,
            Turn::Epoch => ChangeReason::NewEpoch,
            Turn::None => ChangeReason::Displaced,
        }
    }

    /// Notes that the record will be asked about.
    pub(super) fn want(&mut self, id: RecordId) {
        if !self.records.contains_key(&id) {
            self.wanted.insert(id);
        }
    }

    /// Reads what was asked about.
    pub(super) async fn read(&mut self, engine: &Engine) -> Result<(), EngineError> {
        let wanted: Vec<RecordId> = std::mem::take(&mut self.wanted).into_iter().collect();
        for of_kind in wanted.chunk_by(|one, other| one.kind == other.kind) {
            let numbers: Vec<u64> = of_kind.iter().map(|id| id.number).collect();
            for numbers in numbers.chunks(crate::indexing::BATCH as usize) {
                let records = engine.store.records(of_kind[0].kind, numbers).await?;
                self.records.extend(records.into_iter().map(|record| (record.id, record)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_kept_by_codes_that_come_back() {
        for reason in ChangeReason::ALL {
            assert_eq!(ChangeReason::of(reason.code()), reason);
        }
        assert_eq!(ChangeReason::of(200), ChangeReason::Displaced);
    }
}
