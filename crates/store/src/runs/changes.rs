//! What of the needs' lists changed from one run to the next, as it is stored and handed out in order.

use domain::Kind;

use super::bytes::{Bytes, cut_short};
use super::lists::kind;
use crate::backend::on_backend;
use crate::rows::{row, signed, unsigned};
use crate::sql::runs as texts;
use crate::{RunId, Store, StoreError};

const VERSION: u8 = 1;
/// What stands in place of somebody who was erased: the others keep their places for those who read on.
const NOBODY: u64 = 0;

/// A record whose place changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatchChange {
    /// Number of the record; `None` for one that was erased since.
    pub number: Option<u64>,
    /// Rank and score in the run before; `None` for one that came.
    pub before: Option<(u32, f64)>,
    /// Rank and score now; `None` for one that went.
    pub now: Option<(u32, f64)>,
    /// Why; the engine knows the codes.
    pub reason: u8,
}

/// What of one list changed in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ListChanges {
    /// Number of the need.
    pub need: u64,
    /// The registry.
    pub target: Kind,
    /// By place now, then those that went by their former place.
    pub changes: Vec<MatchChange>,
}

/// A list's changes are handed out by run, need and registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangesPlace {
    /// The run.
    pub run: RunId,
    /// Number of the need.
    pub need: u64,
    /// The registry; from the first on when absent.
    pub target: Option<Kind>,
}

impl ListChanges {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for change in &self.changes {
            bytes.extend(change.number.unwrap_or(NOBODY).to_le_bytes());
            bytes.push(change.reason);
            for side in [change.before, change.now] {
                let (rank, score) = side.unwrap_or((0, 0.0));
                bytes.extend(u16::try_from(rank).unwrap_or(u16::MAX).to_le_bytes());
                bytes.extend(score.to_le_bytes());
            }
        }
        bytes
    }

    fn from_bytes(need: u64, target: Kind, bytes: &[u8]) -> Result<Self, StoreError> {
        let mut bytes = Bytes(bytes);
        if bytes.u8()? != VERSION {
            return Err(cut_short());
        }
        let mut changes = Vec::new();
        while !bytes.0.is_empty() {
            let number = Some(bytes.u64()?).filter(|number| *number != NOBODY);
            let reason = bytes.u8()?;
            let mut side = || {
                let (rank, score) = (u32::from(bytes.u16()?), bytes.f64()?);
                Ok::<_, StoreError>((rank > 0).then_some((rank, score)))
            };
            changes.push(MatchChange { number, reason, before: side()?, now: side()? });
        }
        Ok(Self { need, target, changes })
    }

    /// Takes a number out. Tells whether it was there.
    pub(super) fn strike(&mut self, number: u64) -> bool {
        let found = self.changes.iter_mut().filter(|change| change.number == Some(number));
        found.map(|change| change.number = None).count() > 0
    }
}

row! {
    pub(super) struct ChangesRow {
        run: i64,
        need: i64,
        target_kind: String,
        changes: Vec<u8>,
    }
}

impl ChangesRow {
    fn changes(self) -> Result<(RunId, ListChanges), StoreError> {
        let target = kind(&self.target_kind)?;
        Ok((RunId(unsigned(self.run)), read(self.need, target, &self.changes)?))
    }
}

pub(super) fn read(need: i64, target: Kind, bytes: &[u8]) -> Result<ListChanges, StoreError> {
    ListChanges::from_bytes(unsigned(need), target, bytes)
}

impl Store {
    /// What of a need's list changed in a published run.
    pub async fn changes_of(
        &self,
        run: RunId,
        need: u64,
        target: Kind,
    ) -> Result<Vec<MatchChange>, StoreError> {
        let row: Option<ChangesRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::CHANGES_OF)
                .bind(signed(run.0))
                .bind(signed(need))
                .bind(target.slug())
                .fetch_optional(&pools.readers)
                .await?
        });
        Ok(row.map(ChangesRow::changes).transpose()?.map_or_else(Vec::new, |(_, list)| list.changes))
    }

    /// The changes of up to `limit` lists in published runs, from a place on, that place included. What later runs add comes after all
    /// that there is.
    pub async fn match_changes(
        &self,
        from: ChangesPlace,
        limit: u32,
    ) -> Result<Vec<(RunId, ListChanges)>, StoreError> {
        let rows: Vec<ChangesRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::CHANGES_FROM)
                .bind(signed(from.run.0))
                .bind(signed(from.need))
                .bind(from.target.map_or("", Kind::slug))
                .bind(i64::from(limit))
                .fetch_all(&pools.readers)
                .await?
        });
        rows.into_iter().map(ChangesRow::changes).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn changes_come_back_as_they_were_and_whoever_is_struck_leaves_a_gap() {
        let change = |number, before, now| MatchChange { number: Some(number), before, now, reason: 2 };
        let changes = vec![
            change(5, None, Some((1, 40.5))),
            change(6, Some((1, 40.0)), Some((2, 39.0))),
            change(8, Some((3, 1.0)), None),
        ];
        let mut list = ListChanges { need: 1, target: Kind::Station, changes };
        let bytes = list.to_bytes();
        assert_eq!(read(1, Kind::Station, &bytes).unwrap(), list);
        assert!(read(1, Kind::Station, &bytes[..bytes.len() - 1]).is_err());
        assert!(list.strike(6) && !list.strike(6));
        let again = read(1, Kind::Station, &list.to_bytes()).unwrap();
        assert_eq!(
            again.changes.iter().map(|change| change.number).collect::<Vec<_>>(),
            [Some(5), None, Some(8)]
        );
    }
}
