//! The clusters of a run: found anew, unless no need has changed since the run before.

use domain::{Attributes, Kind, Status};
use jiff::civil::Date;
use ranking::{Exclusion, exclusions};
use store::{Cluster, ClusterPlace, ListFilter};

use super::working::Shift;
use crate::{Engine, EngineError};

/// Needs read at a time.
const PAGE: u32 = 500;

impl Engine {
    /// Clusters rest on the needs alone: on their texts, on which of them are valid, and on how they are analysed.
    pub(super) async fn clusters_in(&self, shift: &Shift) -> Result<Vec<Cluster>, EngineError> {
        let date = shift.run.business_date;
        let no_need_changed = shift.changed.as_ref().is_some_and(|changed| changed.of(Kind::Need).is_empty());
        if let Some(base) = &shift.base
            && no_need_changed
            && !shift.run.whole
            && !shift.is_of_new_epoch()
            && !self.any_expires_between(base.business_date, date).await?
        {
            let all = ClusterPlace { after: 0, least: 0, limit: i32::MAX.cast_unsigned() };
            return Ok(self.store.run_clusters(base.id, all).await?);
        }
        self.clusters_of(date).await
    }

    /// Whether an open need is valid on one of two days only.
    async fn any_expires_between(&self, one: Date, other: Date) -> Result<bool, EngineError> {
        if one == other {
            return Ok(false);
        }
        let filter = ListFilter { statuses: vec![Status::Open], ..ListFilter::default() };
        let mut after = 0;
        loop {
            let needs = self.store.page(Kind::Need, &filter, after, PAGE).await?;
            let Some(last) = needs.last() else { return Ok(false) };
            after = last.id.number;
            let differs = |attributes: Attributes| {
                let [one, other] =
                    [one, other].map(|day| exclusions(None, &attributes, day).contains(&Exclusion::Expired));
                one != other
            };
            if needs.iter().map(Attributes::of).any(differs) {
                return Ok(true);
            }
        }
    }
}
