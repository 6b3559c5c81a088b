//! A person's data out of the database: in one transaction everything that holds it, and the marks that have it taken out of the files.
//!
//! Of an expert goes the record with all that is about it; an achievement stays without the name. Of any other record the contact
//! person goes, and the record stays.

use domain::forms::{Draft, Unsaid};
use domain::{Contact, Inventor, Kind, Profile, Record, RecordId};
use serde_json::json;

use crate::audit::{self, About, Action, Event};
use crate::backend::{Transaction, on_backend};
use crate::batch::{Batch, write::changes};
use crate::campaigns;
use crate::erasures::{self, Erasure, ErasureKind, digest, digest_of_name};
use crate::rows::{RecordRow, now, signed};
use crate::sql::{erasures as texts, operations, webhooks};
use crate::{Store, StoreError, chores, runs, sql};

/// Records that are told as mentioning a name.
const MOST_MENTIONS: i64 = 200;

/// What erasing a person would do.
#[derive(Debug, Clone, PartialEq)]
pub struct ErasurePlan {
    /// The person's record, or the record whose contact person goes.
    pub record: Record,
    /// Achievements that lose the name.
    pub achievements: Vec<RecordId>,
    /// Other records in whose texts the name stands. Whether it is the same person, and how the text is to read, is for people to say.
    pub mentions: Vec<RecordId>,
}

/// What erasing a person did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Achievements that lost the name.
    pub achievements: u64,
    /// Stored matches that were deleted.
    pub matches: u64,
    /// Judgements that were deleted, and notes in which the name was hidden.
    pub judgements: u64,
    /// Feedback that was deleted, or in which the name was hidden.
    pub feedback: u64,
}

impl Store {
    /// The experts of this name and organisation.
    pub async fn experts_named(&self, name: &str, organisation: &str) -> Result<Vec<Record>, StoreError> {
        let rows: Vec<RecordRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::EXPERTS_NAMING).bind(holding(&in_json(name))).fetch_all(&pools.readers).await?
        });
        let records = rows.into_iter().map(RecordRow::record).collect::<Result<Vec<_>, _>>()?;
        let is_meant = |record: &Record| matches!(&record.profile, Profile::Expert(expert) if expert.name == name && expert.organisation == organisation);
        Ok(records.into_iter().filter(is_meant).collect())
    }

    /// What [`Store::erase`] would do.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn plan_erasure(&self, id: RecordId) -> Result<ErasurePlan, StoreError> {
        // Under the write lock, and rolled back: the plan says what erasing would do at this moment.
        let mut transaction = self.backend.begin().await?;
        let mut batch = Batch::new(&mut transaction, self);
        let at = batch.get(id, None).await?;
        let record = batch.record(at)?;
        let Profile::Expert(expert) = &record.profile else {
            return Ok(ErasurePlan { record, achievements: Vec::new(), mentions: Vec::new() });
        };
        let achievements = strike(&mut batch, &record).await?;
        let mut mentions = Vec::new();
        if !expert.name.is_empty() {
            for mention in batch.mentioning(&holding(&in_json(&expert.name)), MOST_MENTIONS).await? {
                // An achievement that has lost the name as its inventor may hold it in its text as well.
                let at = batch.get(mention, None).await?;
                if mention != id && batch.record(at)?.profile.to_json().contains(&in_json(&expert.name)) {
                    mentions.push(mention);
                }
            }
        }
        Ok(ErasurePlan { record, achievements, mentions })
    }

    /// Erases a person, and remembers that. `remember` is told what is remembered before it is, so that it can be put down outside the
    /// database first: whatever happens then, the person is erased, now or at the next start.
    ///
    /// The files still hold what was deleted until the [`crate::Chore`]s are done.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; and whatever `remember` says.
    pub async fn erase<E: From<StoreError>>(
        &self,
        id: RecordId,
        remember: impl FnOnce(&[Erasure]) -> Result<(), E>,
    ) -> Result<Erased, E> {
        let mut transaction = self.backend.begin().await?;
        let mut batch = Batch::new(&mut transaction, self);
        let at = batch.get(id, None).await?;
        let record = batch.record(at)?;
        drop(batch);
        let (at, number) = (now(), id.number);
        let entry = |digest| Erasure { at, what: ErasureKind::Erased, kind: id.kind, number, digest };
        let entries: Vec<Erasure> =
            digests(&record.external_id, &record.profile).into_iter().map(entry).collect();
        remember(&entries)?;
        let erased = self.erase_in(&mut transaction, id, &entries).await?;
        transaction.commit().await?;
        Ok(erased)
    }

    /// With no entries it is somebody who had been erased before.
    pub(crate) async fn erase_in(
        &self,
        transaction: &mut Transaction,
        id: RecordId,
        entries: &[Erasure],
    ) -> Result<Erased, StoreError> {
        let mut batch = Batch::new(transaction, self);
        let at = batch.get(id, None).await?;
        let record = batch.record(at)?;
        let mut erased = Erased::default();
        if let Profile::Expert(expert) = &record.profile {
            let name = expert.name.clone();
            erased.achievements = strike(&mut batch, &record).await?.len() as u64;
            batch.write().await?;
            delete(transaction, id, &mut erased).await?;
            if !name.is_empty() {
                hide(transaction, &name, &mut erased).await?;
            }
            changes(transaction, &[id]).await?;
        } else {
            let contact = Some(Contact::default());
            let draft = Draft {
                external_id: None,
                status: None,
                profile: record.profile.clone(),
                contact,
                unsaid: Unsaid::default(),
            };
            batch.revise(at, draft).await?;
            batch.write().await?;
        }
        erasures::add(transaction, entries).await?;
        let own = self.follower.as_deref();
        chores::mark(transaction, id.kind, own).await?;
        if erased.achievements > 0 {
            chores::mark(transaction, Kind::Achievement, own).await?;
        }
        let Erased { achievements, matches, judgements, feedback } = erased;
        let again = entries.is_empty();
        let detail = json!({"achievements": achievements, "matches": matches, "judgements": judgements, "feedback": feedback, "again": again});
        let event = Event::done(Action::PersonErase, About::Record(id), detail);
        audit::append(transaction, &self.actor, event).await?;
        Ok(erased)
    }
}

/// By what somebody is known again: the identifier, and of an expert the name in an organisation, for an achievement that loses the name
/// without an identifier would bring it back at the next import.
pub(crate) fn digests(external_id: &str, profile: &Profile) -> Vec<String> {
    let mut digests = vec![digest(profile.kind(), external_id)];
    if let Profile::Expert(expert) = profile
        && !expert.name.is_empty()
        && !expert.organisation.is_empty()
    {
        digests.push(digest_of_name(&expert.name, &expert.organisation));
    }
    digests
}

/// Takes an expert's name out of the achievements that it stands in: where the expert is named by identifier, and where nobody is, but the
/// name is the same and the achievement belongs to the expert's organisation. Returns these achievements.
async fn strike(batch: &mut Batch<'_>, expert: &Record) -> Result<Vec<RecordId>, StoreError> {
    let Profile::Expert(profile) = &expert.profile else { return Ok(Vec::new()) };
    let numbers = batch.achievements_naming(&expert.external_id, &profile.name).await?;
    let mut struck = Vec::new();
    for number in numbers {
        let id = RecordId::new(Kind::Achievement, number);
        let at = batch.get(id, None).await?;
        let Profile::Achievement(mut achievement) = batch.record(at)?.profile else { continue };
        let of_ours = !profile.organisation.is_empty() && achievement.owner == profile.organisation;
        let is_meant = |inventor: &Inventor| match &inventor.expert {
            Some(expert_id) => *expert_id == expert.external_id,
            None => of_ours && inventor.name == profile.name,
        };
        let before = achievement.inventors.len();
        achievement.inventors.retain(|inventor| !is_meant(inventor));
        if achievement.inventors.len() < before {
            let profile = Profile::Achievement(achievement);
            let draft =
                Draft { external_id: None, status: None, profile, contact: None, unsaid: Unsaid::default() };
            batch.revise(at, draft).await?;
            struck.push(id);
        }
    }
    Ok(struck)
}

async fn delete(transaction: &mut Transaction, id: RecordId, erased: &mut Erased) -> Result<(), StoreError> {
    let mut gone = [0; 4];
    let texts = [
        sql::DELETE_CONTACT,
        texts::DELETE_RECORD,
        texts::DELETE_JUDGEMENTS_OF_TARGET,
        texts::DELETE_FEEDBACK_OF_TARGET,
    ];
    for (rows, text) in gone.iter_mut().zip(texts) {
        *rows = on_backend!(&mut *transaction, transaction => {
            let query = sqlx::query(text).bind(id.kind.slug()).bind(signed(id.number));
            query.execute(&mut **transaction).await?.rows_affected()
        });
    }
    let [_, _, judgements, feedback] = gone;
    (erased.judgements, erased.feedback) = (judgements, feedback);
    erased.matches = runs::strike(transaction, id).await?;
    campaigns::forget(transaction, id.kind, id.number).await?;
    Ok(())
}

/// Hides the name in what staff remarked about others, in campaigns, in reports of imports, and in what portals say of their webhooks.
async fn hide(transaction: &mut Transaction, name: &str, erased: &mut Erased) -> Result<(), StoreError> {
    campaigns::hide(transaction, name, &holding(name)).await?;
    on_backend!(transaction, transaction => {
        for text in [operations::HIDE_IN_REPORTS, webhooks::HIDE_IN_DESCRIPTIONS] {
            sqlx::query(text).bind(name).bind(holding(name)).execute(&mut **transaction).await?;
        }
        for (text, count) in [
            (texts::HIDE_IN_NOTES, &mut erased.judgements),
            (texts::HIDE_IN_FEEDBACK, &mut erased.feedback),
        ] {
            let query = sqlx::query(text).bind(name).bind(holding(name));
            *count += query.execute(&mut **transaction).await?.rows_affected();
        }
    });
    Ok(())
}

/// A pattern for texts that hold this one.
fn holding(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// A text as it stands within JSON.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
