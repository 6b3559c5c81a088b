//! What staff judge of pairs of a need and a candidate.

use domain::RecordId;
use jiff::Timestamp;
use serde_json::json;

use crate::audit::{self, About, Action, Event};
use crate::backend::on_backend;
use crate::rows::{corrupt, moment, now, record_id, row, signed, unsigned};
use crate::{Outcome, Store, StoreError, sql};

/// How well a candidate answers a need in the eyes of one judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Number of the need.
    pub need: u64,
    /// The candidate.
    pub target: RecordId,
    /// Who judged.
    pub judge: String,
    /// 1 (not relevant) to 4 (highly relevant).
    pub level: u8,
    /// What the judge remarked; empty when nothing.
    pub note: String,
    /// Digest of the file that it was read from.
    pub source: String,
}

/// A judgement as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredJudgement {
    /// What was judged.
    pub judgement: Judgement,
    /// When it was read in, or last said something else.
    pub judged_at: Timestamp,
}

row! {
    struct JudgementRow {
        need: i64,
        target_kind: String,
        target_number: i64,
        judge: String,
        level: i64,
        judged_at: i64,
        source: String,
        note: String,
    }
}

impl JudgementRow {
    fn stored(self) -> Result<StoredJudgement, StoreError> {
        let judgement = Judgement {
            need: unsigned(self.need),
            target: record_id(&self.target_kind, self.target_number)?,
            judge: self.judge,
            level: u8::try_from(self.level).map_err(|error| corrupt("评判等级".to_owned(), error))?,
            note: self.note,
            source: self.source,
        };
        Ok(StoredJudgement { judgement, judged_at: moment(self.judged_at)? })
    }
}

impl Store {
    /// Keeps judgements, all of them or none; a judge's later word on a pair takes the place of the earlier one. A judgement that says
    /// the same as before (level and note) leaves everything as it was. Outcomes come in the order of the judgements.
    pub async fn add_judgements(&self, judgements: &[Judgement]) -> Result<Vec<Outcome>, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let judged_at = now();
        let mut outcomes = Vec::with_capacity(judgements.len());
        for judged in judgements {
            let outcome = on_backend!(&mut transaction, transaction => {
                let before: Option<JudgementRow> = sqlx::query_as(sql::JUDGEMENT)
                    .bind(signed(judged.need))
                    .bind(judged.target.kind.slug())
                    .bind(signed(judged.target.number))
                    .bind(judged.judge.as_str())
                    .fetch_optional(&mut **transaction)
                    .await?;
                let outcome = match &before {
                    None => Outcome::Created,
                    Some(row) if row.level == i64::from(judged.level) && row.note == judged.note => Outcome::Unchanged,
                    Some(_) => Outcome::Changed,
                };
                if outcome != Outcome::Unchanged {
                    sqlx::query(sql::WRITE_JUDGEMENT)
                        .bind(signed(judged.need))
                        .bind(judged.target.kind.slug())
                        .bind(signed(judged.target.number))
                        .bind(judged.judge.as_str())
                        .bind(i64::from(judged.level))
                        .bind(judged_at)
                        .bind(judged.source.as_str())
                        .bind(judged.note.as_str())
                        .execute(&mut **transaction)
                        .await?;
                }
                outcome
            });
            outcomes.push(outcome);
        }
        let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        let (created, changed) = (count(Outcome::Created), count(Outcome::Changed));
        if created + changed > 0 {
            let detail = json!({"created": created, "changed": changed});
            let event = Event::done(Action::JudgementsAdd, About::Nothing, detail);
            audit::append(&mut transaction, &self.actor, event).await?;
        }
        transaction.commit().await?;
        Ok(outcomes)
    }

    /// All judgements, by need, candidate and judge.
    pub async fn judgements(&self) -> Result<Vec<StoredJudgement>, StoreError> {
        let rows: Vec<JudgementRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(sql::JUDGEMENTS).fetch_all(&pools.readers).await?
        });
        rows.into_iter().map(JudgementRow::stored).collect()
    }
}
