//! The change list with names, as staff read it: line by line, or as a workbook.

use std::collections::HashMap;

use domain::{Record, RecordId};
use exchange::sheets::changes::{self, ChangeRow};

use super::feed::MatchChange;
use crate::{Engine, EngineError, blocking};

impl Engine {
    /// Changes with the names of both sides, as they are now; whoever is gone has none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn change_rows(&self, found: &[MatchChange]) -> Result<Vec<ChangeRow>, EngineError> {
        let ids: Vec<RecordId> = found.iter().flat_map(|one| [one.need, one.change.target]).collect();
        let records = self.named(&ids).await?;
        let records: HashMap<RecordId, Record> =
            records.into_iter().map(|record| (record.id, record)).collect();
        let title = |id: RecordId| {
            records.get(&id).map(|record| record.profile.title().to_owned()).unwrap_or_default()
        };
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
                rank_before: change.before.map(|(rank, _)| rank),
                rank_now: change.now.map(|(rank, _)| rank),
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
