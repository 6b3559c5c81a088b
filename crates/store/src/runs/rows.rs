//! Rows of `runs`, and what they mean.

use super::{Run, RunId, RunState, RunTotals};
use crate::StoreError;
use crate::rows::{corrupt, moment, row, unsigned};

row! {
    pub(crate) struct RunRow {
        number: i64,
        business_date: String,
        state: String,
        opened_at: i64,
        published_at: Option<i64>,
        needs: Option<i64>,
        needs_without_match: Option<i64>,
        matches: Option<i64>,
        configuration: String,
        epoch: i64,
        base: Option<i64>,
        position: i64,
        whole: i64,
    }
}

impl RunRow {
    pub(super) fn run(self) -> Result<Run, StoreError> {
        let id = RunId(unsigned(self.number));
        let unreadable =
            |source: Box<dyn std::error::Error + Send + Sync>| corrupt(format!("匹配批次 {id} "), source);
        let totals = match (self.needs, self.needs_without_match, self.matches) {
            (Some(needs), Some(without), Some(matches)) => Some(RunTotals {
                needs: unsigned(needs),
                needs_without_match: unsigned(without),
                matches: unsigned(matches),
            }),
            _ => None,
        };
        Ok(Run {
            id,
            business_date: self
                .business_date
                .parse()
                .map_err(|error: jiff::Error| unreadable(error.into()))?,
            configuration: self.configuration,
            epoch: unsigned(self.epoch),
            base: self.base.map(|base| RunId(unsigned(base))),
            position: unsigned(self.position),
            whole: self.whole != 0,
            state: match self.state.as_str() {
                "running" => RunState::Running,
                "published" => RunState::Published,
                "abandoned" => RunState::Abandoned,
                other => return Err(unreadable(other.into())),
            },
            opened_at: moment(self.opened_at)?,
            published_at: self.published_at.map(moment).transpose()?,
            totals,
        })
    }
}
