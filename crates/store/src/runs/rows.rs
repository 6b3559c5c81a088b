//! Rows of `runs` and `run_matches`, and what they mean.

use super::{Run, RunId, RunMatch, RunState, RunTotals};
use crate::StoreError;
use crate::rows::{corrupt, moment, record_id, row, unsigned};

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

row! {
    pub(super) struct MatchRow {
        need: i64,
        target_kind: String,
        target_number: i64,
        rank: i64,
        score: f64,
        explanation: String,
    }
}

impl MatchRow {
    pub(super) fn run_match(self) -> Result<RunMatch, StoreError> {
        Ok(RunMatch {
            need: unsigned(self.need),
            target: record_id(&self.target_kind, self.target_number)?,
            rank: u32::try_from(self.rank).map_err(|error| corrupt("名次".to_owned(), error))?,
            score: self.score,
            explanation: self.explanation,
        })
    }
}
