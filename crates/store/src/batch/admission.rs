//! Who may come in: whoever was erased does not come back in passing, neither as a record nor as an inventor.

use std::collections::BTreeSet;

use domain::{Inventor, Kind, Profile, RecordId};

use super::Batch;
use crate::erasures::{self, Erasure, ErasureKind, digest, digest_of_name};
use crate::{StoreError, erasing};

impl Batch<'_> {
    /// Sees to it that a person who was erased does not come back in passing.
    pub(super) async fn admit(
        &mut self,
        id: RecordId,
        external_id: &str,
        profile: &Profile,
    ) -> Result<(), StoreError> {
        if !self.is_erased(id.kind, external_id).await? {
            return Ok(());
        }
        if !self.readmits {
            return Err(StoreError::Erased { kind: id.kind, external_id: external_id.to_owned() });
        }
        let readmitted = erasing::digests(external_id, profile).into_iter().map(|digest| Erasure {
            kind: id.kind,
            number: id.number,
            digest,
            at: self.now,
            what: ErasureKind::Readmitted,
        });
        self.readmitted.extend(readmitted);
        Ok(())
    }

    /// Whether this identifier belongs to somebody who was erased.
    pub(super) async fn is_erased(&mut self, kind: Kind, external_id: &str) -> Result<bool, StoreError> {
        Ok(self.erased().await?.contains(&(kind, digest(kind, external_id))))
    }

    /// Takes the inventors who were erased out of an achievement: those named by identifier, and where there is none those of the name and
    /// the organisation. Returns how many that are.
    pub(super) async fn leave_out(&mut self, profile: &mut Profile) -> Result<u32, StoreError> {
        let Profile::Achievement(achievement) = profile else { return Ok(0) };
        if self.readmits || achievement.inventors.is_empty() {
            return Ok(0);
        }
        let erased = self.erased().await?;
        if erased.is_empty() {
            return Ok(0);
        }
        let owner = &achievement.owner;
        let is_erased = |inventor: &Inventor| {
            let digest = match &inventor.expert {
                Some(external_id) => digest(Kind::Expert, external_id),
                None => digest_of_name(&inventor.name, owner),
            };
            erased.contains(&(Kind::Expert, digest))
        };
        let before = achievement.inventors.len();
        achievement.inventors.retain(|inventor| !is_erased(inventor));
        Ok(u32::try_from(before - achievement.inventors.len()).unwrap_or(u32::MAX))
    }

    async fn erased(&mut self) -> Result<&BTreeSet<(Kind, String)>, StoreError> {
        if self.erased.is_none() {
            self.erased = Some(erasures::standing(self.transaction).await?);
        }
        Ok(self.erased.get_or_insert_default())
    }
}
