//! What is confidential at a desk: contacts in full, and the audit log.

use domain::RecordId;
use domain::access::Visibility;
use store::{AuditFilter, AuditRow};

use super::{Act, Desk};
use crate::{EngineError, RevealedContact};

impl Desk {
    /// Shows a contact in full, of a record of the caller's own region; the purpose goes on record first.
    ///
    /// # Errors
    /// As [`crate::Engine::reveal_contact`]; [`EngineError::OutsideRegion`] for a record of another region, whatever it shows.
    pub async fn reveal_contact(&self, id: RecordId, purpose: &str) -> Result<RevealedContact, EngineError> {
        let _turn = self.begin(Act::RevealContact(id.kind)).await?;
        let record = self.engine.record(id).await?;
        if self.sight().record(&record) == Visibility::Hidden {
            return Err(EngineError::NotFound(id));
        }
        if !self.sight().owns(record.profile.region()) {
            let detail = format!("{id} 属于其他地区，其联系方式请向当地科协了解");
            return Err(EngineError::OutsideRegion(detail));
        }
        self.engine.reveal_contact(id, purpose).await
    }

    /// Up to `limit` rows of the audit log with a number less than `before`, latest first, and the number before which the next page
    /// starts. A region's key sees the rows of its own requests.
    ///
    /// # Errors
    /// [`EngineError::BadParameter`] when the limit is out of bounds.
    pub async fn audit(
        &self,
        mut filter: AuditFilter,
        before: u64,
        limit: u32,
    ) -> Result<(Vec<AuditRow>, Option<u64>), EngineError> {
        let _turn = self.begin(Act::ReadAudit).await?;
        crate::registry::page_limit(limit as usize)?;
        let own = self.caller.key.id.to_string();
        if self.caller.key.region.is_some()
            && filter.actor.replace(own.clone()).is_some_and(|asked| asked != own)
        {
            return Ok((Vec::new(), None));
        }
        let mut rows = self.engine.audit_before(&filter, before, limit + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| more).and_then(|row| u64::try_from(row.seq).ok());
        Ok((rows, next))
    }
}
