//! Campaigns being made, planned anew and deleted; each with its row in the audit log.

use serde_json::json;

use super::rows::CampaignRow;
use super::{Amendment, CampaignDraft, CampaignPair, PlanDraft, RulingEntry, StoredCampaign};
use crate::audit::{self, About, Action, Event};
use crate::backend::{Transaction, on_backend};
use crate::rows::{now, signed, unsigned};
use crate::sql::campaigns as texts;
use crate::{Actor, Advance, Operation, Receipt, Store, StoreError, sql};

impl Store {
    /// Keeps a campaign with its first plan. `within` is the operation that made it, and what is told of that then: both are seen, or
    /// neither.
    ///
    /// # Errors
    /// [`StoreError::OperationLost`] when another process has taken the operation up meanwhile.
    pub async fn add_campaign(
        &self,
        draft: &CampaignDraft,
        within: Option<(&Operation, &(dyn Fn(u64) -> Advance + Sync))>,
    ) -> Result<StoredCampaign, StoreError> {
        let mut transaction = self.begin().await?;
        let number: i64 = on_backend!(&mut transaction, transaction => {
            sqlx::query_scalar(texts::ADD)
                .bind(draft.name.as_str())
                .bind(draft.business_date.to_string())
                .bind(draft.target.slug())
                .bind(draft.region.map(String::from))
                .bind(draft.request.as_str())
                .bind(draft.content.as_str())
                .bind(name(&self.actor))
                .bind(now())
                .fetch_one(&mut **transaction)
                .await?
        });
        write_candidates(&mut transaction, number, &draft.candidates).await?;
        write_pairs(&mut transaction, number, &draft.pairs).await?;
        self.write_rulings(&mut transaction, (number, 1), &draft.rulings).await?;
        self.write_plan(&mut transaction, (number, 1), &draft.plan).await?;
        let number = unsigned(number);
        if let Some((operation, told)) = within {
            crate::operations::advance(&mut transaction, operation, &told(number)).await?;
        }
        let detail = json!({
            "campaign": number, "target": draft.target.slug(), "pairs": draft.pairs.len(), "visits": draft.plan.visits.len()
        });
        let event = Event::done(Action::CampaignMake, About::Nothing, detail);
        audit::append(&mut transaction, &self.actor, event).await?;
        self.redeem(&mut transaction, Receipt::Campaign { number, version: 1 }).await?;
        transaction.commit().await?;
        self.campaign(number).await?.ok_or(StoreError::CampaignNotFound(number))
    }

    /// Keeps what staff said and the plan that obeys it, as the next version.
    ///
    /// # Errors
    /// [`StoreError::CampaignNotFound`]; [`StoreError::StaleRevision`] when it is no longer at the version `from`.
    pub async fn add_campaign_plan(
        &self,
        number: u64,
        from: u64,
        amendment: &Amendment,
    ) -> Result<StoredCampaign, StoreError> {
        let mut transaction = self.begin().await?;
        let version: Option<i64> = on_backend!(&mut transaction, transaction => {
            sqlx::query_scalar(texts::MOVE_ON)
                .bind(signed(number))
                .bind(signed(from))
                .bind(now())
                .fetch_optional(&mut **transaction)
                .await?
        });
        let Some(version) = version else {
            let now = found(&mut transaction, number).await?;
            return Err(StoreError::StaleRevision { current: now.version });
        };
        let place = (signed(number), version);
        if let Some(content) = &amendment.content {
            on_backend!(&mut transaction, transaction => {
                let query = sqlx::query(texts::SET_CONTENT).bind(signed(number)).bind(content.as_str());
                query.execute(&mut **transaction).await?;
            });
        }
        let Amendment { rulings, candidates, pairs, plan, .. } = amendment;
        write_candidates(&mut transaction, place.0, candidates).await?;
        write_pairs(&mut transaction, place.0, pairs).await?;
        self.write_rulings(&mut transaction, place, rulings).await?;
        self.write_plan(&mut transaction, place, plan).await?;
        let version = unsigned(version);
        let detail = json!({
            "campaign": number, "version": version, "rulings": rulings.len(), "visits": plan.visits.len()
        });
        let event = Event::done(Action::CampaignPlan, About::Nothing, detail);
        audit::append(&mut transaction, &self.actor, event).await?;
        self.redeem(&mut transaction, Receipt::Campaign { number, version }).await?;
        transaction.commit().await?;
        self.campaign(number).await?.ok_or(StoreError::CampaignNotFound(number))
    }

    /// Deletes a campaign with all its plans; any version when `expected` is absent.
    ///
    /// # Errors
    /// [`StoreError::CampaignNotFound`], [`StoreError::StaleRevision`].
    pub async fn delete_campaign(&self, number: u64, expected: Option<u64>) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let now = found(&mut transaction, number).await?;
        if expected.is_some_and(|expected| expected != now.version) {
            return Err(StoreError::StaleRevision { current: now.version });
        }
        for text in texts::DELETE {
            on_backend!(&mut transaction, transaction => {
                sqlx::query(text).bind(signed(number)).execute(&mut **transaction).await?;
            });
        }
        let detail = json!({"campaign": number, "version": now.version});
        let event = Event::done(Action::CampaignDelete, About::Nothing, detail);
        audit::append(&mut transaction, &self.actor, event).await?;
        self.redeem(&mut transaction, Receipt::Campaign { number, version: now.version }).await?;
        transaction.commit().await
    }

    async fn write_rulings(
        &self,
        transaction: &mut Transaction,
        (number, version): (i64, i64),
        rulings: &[RulingEntry],
    ) -> Result<(), StoreError> {
        if rulings.is_empty() {
            return Ok(());
        }
        let (ruled_by, ruled_at) = (name(&self.actor), now());
        let mut place: i64 = on_backend!(&mut *transaction, transaction => {
            sqlx::query_scalar(texts::LAST_RULING).bind(number).fetch_one(&mut **transaction).await?
        });
        for chunk in rulings.chunks(sql::ROWS) {
            on_backend!(&mut *transaction, transaction => {
                let mut query =
                    sqlx::query(texts::add_rulings(chunk.len())).persistent(sql::is_prepared(chunk.len()));
                for entry in chunk {
                    place += 1;
                    query = query
                        .bind(number)
                        .bind(place)
                        .bind(version)
                        .bind(signed(entry.need))
                        .bind(signed(entry.candidate))
                        .bind(entry.ruling.as_str())
                        .bind(entry.reason.as_str())
                        .bind(ruled_by.as_str())
                        .bind(ruled_at);
                }
                query.execute(&mut **transaction).await?;
            });
        }
        Ok(())
    }

    async fn write_plan(
        &self,
        transaction: &mut Transaction,
        (number, version): (i64, i64),
        plan: &PlanDraft,
    ) -> Result<(), StoreError> {
        on_backend!(&mut *transaction, transaction => {
            sqlx::query(texts::ADD_PLAN)
                .bind(number)
                .bind(version)
                .bind(plan.content.as_str())
                .bind(name(&self.actor))
                .bind(now())
                .execute(&mut **transaction)
                .await?;
        });
        for chunk in plan.visits.chunks(sql::ROWS) {
            on_backend!(&mut *transaction, transaction => {
                let mut query =
                    sqlx::query(texts::add_visits(chunk.len())).persistent(sql::is_prepared(chunk.len()));
                for visit in chunk {
                    query = query
                        .bind(number)
                        .bind(version)
                        .bind(signed(visit.need))
                        .bind(signed(visit.candidate))
                        .bind(i64::from(visit.locked))
                        .bind(visit.otherwise.as_str());
                }
                query.execute(&mut **transaction).await?;
            });
        }
        Ok(())
    }
}

async fn write_candidates(
    transaction: &mut Transaction,
    number: i64,
    candidates: &[(u64, u32)],
) -> Result<(), StoreError> {
    for chunk in candidates.chunks(sql::ROWS) {
        on_backend!(&mut *transaction, transaction => {
            let mut query =
                sqlx::query(texts::add_candidates(chunk.len())).persistent(sql::is_prepared(chunk.len()));
            for (candidate, capacity) in chunk {
                query = query.bind(number).bind(signed(*candidate)).bind(i64::from(*capacity));
            }
            query.execute(&mut **transaction).await?;
        });
    }
    Ok(())
}

async fn write_pairs(
    transaction: &mut Transaction,
    number: i64,
    pairs: &[CampaignPair],
) -> Result<(), StoreError> {
    for chunk in pairs.chunks(sql::ROWS) {
        on_backend!(&mut *transaction, transaction => {
            let mut query =
                sqlx::query(texts::add_pairs(chunk.len())).persistent(sql::is_prepared(chunk.len()));
            for pair in chunk {
                query = query
                    .bind(number)
                    .bind(signed(pair.need))
                    .bind(signed(pair.candidate))
                    .bind(i64::from(pair.score))
                    .bind(pair.bar.as_deref())
                    .bind(pair.why.as_str());
            }
            query.execute(&mut **transaction).await?;
        });
    }
    Ok(())
}

/// The campaign as this transaction sees it.
async fn found(transaction: &mut Transaction, number: u64) -> Result<StoredCampaign, StoreError> {
    let row: Option<CampaignRow> = on_backend!(transaction, transaction => {
        sqlx::query_as(texts::CAMPAIGN).bind(signed(number)).fetch_optional(&mut **transaction).await?
    });
    row.ok_or(StoreError::CampaignNotFound(number))?.campaign()
}

/// Who did it, as the audit log names them.
fn name(actor: &Actor) -> String {
    format!("{} {}", actor.kind.slug(), actor.name)
}
