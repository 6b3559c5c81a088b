//! Rows of campaigns, and what they mean.

use super::{
    CampaignPair, PlanVisit, RulingEntry, StoredCampaign, StoredPlan, StoredRuling, StoredVisit, place,
};
use crate::StoreError;
use crate::rows::{corrupt, moment, row, unsigned};

row! {
    pub(super) struct CampaignRow {
        number: i64,
        name: String,
        business_date: String,
        target: String,
        region: Option<String>,
        version: i64,
        made_by: String,
        created_at: i64,
        updated_at: i64,
    }
}

row! {
    pub(super) struct ContentRow {
        pub(super) request: String,
        pub(super) content: String,
    }
}

row! {
    pub(super) struct CandidateRow {
        candidate: i64,
        capacity: i64,
    }
}

row! {
    pub(super) struct PairRow {
        need: i64,
        candidate: i64,
        score: i64,
        bar: Option<String>,
        why: String,
    }
}

row! {
    pub(super) struct RulingRow {
        place: i64,
        version: i64,
        need: i64,
        candidate: i64,
        ruling: String,
        reason: String,
        ruled_by: String,
        ruled_at: i64,
    }
}

row! {
    pub(super) struct PlanRow {
        version: i64,
        content: String,
        made_by: String,
        made_at: i64,
    }
}

row! {
    pub(super) struct VisitRow {
        need: i64,
        candidate: i64,
        score: i64,
        locked: i64,
        otherwise: String,
        why: String,
    }
}

impl CampaignRow {
    pub(super) fn campaign(self) -> Result<StoredCampaign, StoreError> {
        let unreadable = |said: String| corrupt(place(self.number), said);
        let day = self.business_date.parse();
        Ok(StoredCampaign {
            number: unsigned(self.number),
            business_date: day.map_err(|error: jiff::Error| corrupt(place(self.number), error))?,
            target: self.target.parse().map_err(unreadable)?,
            region: self.region.map(|code| code.parse()).transpose().map_err(unreadable)?,
            name: self.name,
            version: unsigned(self.version),
            made_by: self.made_by,
            created_at: moment(self.created_at)?,
            updated_at: moment(self.updated_at)?,
        })
    }
}

impl CandidateRow {
    pub(super) fn candidate(self) -> Result<(u64, u32), StoreError> {
        Ok((unsigned(self.candidate), small(self.capacity)?))
    }
}

impl PairRow {
    pub(super) fn pair(self) -> Result<CampaignPair, StoreError> {
        Ok(CampaignPair {
            need: unsigned(self.need),
            candidate: unsigned(self.candidate),
            score: small(self.score)?,
            bar: self.bar,
            why: self.why,
        })
    }
}

impl RulingRow {
    pub(super) fn ruling(self) -> Result<StoredRuling, StoreError> {
        Ok(StoredRuling {
            place: unsigned(self.place),
            version: unsigned(self.version),
            entry: RulingEntry {
                need: unsigned(self.need),
                candidate: unsigned(self.candidate),
                ruling: self.ruling,
                reason: self.reason,
            },
            ruled_by: self.ruled_by,
            ruled_at: moment(self.ruled_at)?,
        })
    }
}

impl PlanRow {
    pub(super) fn plan(self) -> Result<StoredPlan, StoreError> {
        Ok(StoredPlan {
            version: unsigned(self.version),
            content: self.content,
            made_by: self.made_by,
            made_at: moment(self.made_at)?,
        })
    }
}

impl VisitRow {
    pub(super) fn visit(self) -> Result<StoredVisit, StoreError> {
        Ok(StoredVisit {
            visit: PlanVisit {
                need: unsigned(self.need),
                candidate: unsigned(self.candidate),
                locked: self.locked != 0,
                otherwise: self.otherwise,
            },
            score: small(self.score)?,
            why: self.why,
        })
    }
}

fn small(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|error| corrupt("对接活动的数字".to_owned(), error))
}
