//! The change list with names, as staff read it: line by line, or as a workbook.

use std::collections::HashMap;

use domain::access::Visibility;
use domain::{Record, RecordId};
use exchange::sheets::changes::{self, ChangeRow};

use super::feed::MatchChange;
use crate::desk::{Sight, outline};
use crate::{Engine, EngineError, blocking};

/// Rows of a workbook of changes at most: as many as one is still pleasant with. Excel itself knows a million.
pub const MOST_CHANGE_ROWS: usize = 200_000;

impl Engine {
    /// Changes with the names of both sides, as they are now; whoever is gone has none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn change_rows(&self, found: &[MatchChange]) -> Result<Vec<ChangeRow>, EngineError> {
        self.change_rows_for(found, Sight::everything()).await
    }

    /// As [`Self::change_rows`], with the names that are seen.
    pub(crate) async fn change_rows_for(
        &self,
        found: &[MatchChange],
        sight: Sight,
    ) -> Result<Vec<ChangeRow>, EngineError> {
        let ids: Vec<RecordId> = found.iter().flat_map(|one| [one.need, one.change.target]).collect();
        let records = self.named(&ids).await?;
        let title = |record: Record| match sight.record(&record) {
            Visibility::Full => (record.id, record.profile.title().to_owned()),
            Visibility::Brief => (record.id, outline(record.clone()).profile.title().to_owned()),
            Visibility::Hidden => (record.id, String::new()),
        };
        let titles: HashMap<RecordId, String> = records.into_iter().map(title).collect();
        let title = |id: RecordId| titles.get(&id).cloned().unwrap_or_default();
        // Where ranks are not told they are 0.
        let rank = |place: Option<(u32, f64)>| place.map(|(rank, _)| rank).filter(|rank| *rank > 0);
        let row = |found: &MatchChange| {
            let change = &found.change;
            ChangeRow {
                run: found.run.id,
                business_date: found.run.business_date.to_string(),
                need: found.need.to_string(),
                need_title: title(found.need),
                registry: change.target.kind.label().to_owned(),
                target: change.target.to_string(),
                target_title: title(change.target),
                change: change.kind.label().to_owned(),
                rank_before: rank(change.before),
                rank_now: rank(change.now),
                score_before: change.before.map(|(_, score)| score),
                score_now: change.now.map(|(_, score)| score),
                reason: change.reason.label().to_owned(),
            }
        };
        Ok(found.iter().map(row).collect())
    }

    /// Rows as the bytes of an .xlsx file.
    ///
    /// # Errors
    /// When there are more than Excel allows.
    pub async fn change_sheet(&self, rows: Vec<ChangeRow>) -> Result<Vec<u8>, EngineError> {
        blocking(move || Ok(changes::write(&rows)?)).await
    }
}
