//! Writing a batch: records, contacts, inventors, and the outbox rows that tell of them.

use std::collections::BTreeSet;

use domain::{Inventor, Kind, Profile, RecordId};

use super::{Batch, Entry, Origin};
use crate::backend::{Transaction, on_backend};
use crate::keyring::Keys;
use crate::rows::{record_id, signed};
use crate::sealing::Sealed;
use crate::{StoreError, erasures, last_key, sql};

impl Batch<'_> {
    /// Writes what has changed. Returns who was taken in again after having been erased: that is to be put on record.
    pub(crate) async fn write(self) -> Result<Vec<RecordId>, StoreError> {
        let Self { transaction, keys, readmitted, entries, last_numbers, .. } = self;
        let changed: Vec<Entry> = entries.into_iter().filter(|entry| entry.changed).collect();
        if changed.is_empty() {
            return Ok(Vec::new());
        }
        for (kind, last) in last_numbers {
            on_backend!(&mut *transaction, transaction => {
                sqlx::query(sql::SET_LAST_NUMBER)
                    .bind(kind.slug())
                    .bind(last)
                    .execute(&mut **transaction)
                    .await?;
            });
        }
        records(transaction, &changed).await?;
        contacts(transaction, keys, &changed).await?;
        erasures::add(transaction, &readmitted).await?;
        uncompared(transaction, &changed).await?;
        let experts = inventors(transaction, &changed).await?;

        let mut outbox: Vec<RecordId> = changed.iter().map(|entry| entry.id).collect();
        let own: BTreeSet<RecordId> = outbox.iter().copied().collect();
        let of_experts = experts_named(transaction, experts).await?;
        outbox.extend(of_experts.into_iter().filter(|id| !own.contains(id)));
        changes(transaction, &outbox).await?;
        let readmitted: BTreeSet<RecordId> =
            readmitted.into_iter().map(|entry| RecordId::new(entry.kind, entry.number)).collect();
        Ok(readmitted.into_iter().collect())
    }
}

async fn records(transaction: &mut Transaction, changed: &[Entry]) -> Result<(), StoreError> {
    let marks = transaction.marks();
    for chunk in changed.chunks(sql::ROWS) {
        on_backend!(&mut *transaction, transaction => {
            let text = sql::write_records(marks, chunk.len());
            let mut query = sqlx::query(text).persistent(sql::is_prepared(chunk.len()));
            for Entry { row, .. } in chunk {
                query = query
                    .bind(row.kind.as_str())
                    .bind(row.number)
                    .bind(row.external_id.as_str())
                    .bind(row.revision)
                    .bind(row.status.as_str())
                    .bind(row.created_at)
                    .bind(row.updated_at)
                    .bind(row.profile.as_str());
            }
            query.execute(&mut **transaction).await?;
        });
    }
    Ok(())
}

/// Marks the needs that say something new: they are to be compared with the others.
async fn uncompared(transaction: &mut Transaction, changed: &[Entry]) -> Result<(), StoreError> {
    let says_something_new =
        |entry: &&Entry| !matches!(entry.origin, Origin::Database { profile_before: None });
    let needs = changed.iter().filter(|entry| entry.id.kind == Kind::Need).filter(says_something_new);
    let needs: Vec<i64> = needs.map(|entry| entry.row.number).collect();
    for chunk in needs.chunks(sql::ROWS) {
        on_backend!(&mut *transaction, transaction => {
            let text = sql::duplicates::add_uncompared(chunk.len());
            let mut query = sqlx::query(text).persistent(sql::is_prepared(chunk.len()));
            for need in chunk {
                query = query.bind(*need);
            }
            query.execute(&mut **transaction).await?;
        });
    }
    Ok(())
}

async fn contacts(transaction: &mut Transaction, keys: &Keys, changed: &[Entry]) -> Result<(), StoreError> {
    let changed = changed.iter().filter(|entry| entry.contact_changed);
    let changed = changed.filter_map(|entry| Some((entry.id, entry.contact.as_ref()?)));
    let (gone, known): (Vec<_>, Vec<_>) = changed.partition(|(_, contact)| contact.is_empty());
    if !known.is_empty() {
        last_key::hold(transaction, keys).await?;
    }
    let marks = transaction.marks();
    for chunk in known.chunks(sql::ROWS) {
        let mut sealed = Vec::with_capacity(chunk.len());
        for (id, contact) in chunk {
            sealed.push((*id, keys.seal(*id, contact)?));
        }
        on_backend!(&mut *transaction, transaction => {
            let text = sql::write_contacts(marks, chunk.len());
            let mut query = sqlx::query(text).persistent(sql::is_prepared(chunk.len()));
            for (id, Sealed { key_id, text }) in sealed {
                query = query.bind(id.kind.slug()).bind(signed(id.number)).bind(key_id).bind(text);
            }
            query.execute(&mut **transaction).await?;
        });
    }
    for (id, _) in gone {
        on_backend!(&mut *transaction, transaction => {
            sqlx::query(sql::DELETE_CONTACT)
                .bind(id.kind.slug())
                .bind(signed(id.number))
                .execute(&mut **transaction)
                .await?;
        });
    }
    Ok(())
}

/// Writes who made the changed achievements. Returns the external identifiers of the experts whom that concerns: those
/// named before and those named now, whatever it is that changed.
async fn inventors(transaction: &mut Transaction, changed: &[Entry]) -> Result<BTreeSet<String>, StoreError> {
    let mut experts = BTreeSet::new();
    let mut rows: Vec<(i64, i64, Inventor)> = Vec::new();
    for Entry { row, origin, .. } in changed.iter().filter(|entry| entry.id.kind == Kind::Achievement) {
        let now = inventors_of(row.profile()?);
        experts.extend(now.iter().filter_map(|inventor| inventor.expert.clone()));
        let replaced = match origin {
            Origin::Draft => true,
            Origin::Database { profile_before: None } => false,
            Origin::Database { profile_before: Some(profile) } => {
                let mut stored = row.clone();
                stored.profile.clone_from(profile);
                let before = inventors_of(stored.profile()?);
                experts.extend(before.iter().filter_map(|inventor| inventor.expert.clone()));
                if before != now {
                    forget_inventors(transaction, row.number).await?;
                }
                before != now
            }
        };
        if replaced {
            rows.extend((1..).zip(now).map(|(position, inventor)| (row.number, position, inventor)));
        }
    }
    add_inventors(transaction, &rows).await?;
    Ok(experts)
}

fn inventors_of(profile: Profile) -> Vec<Inventor> {
    match profile {
        Profile::Achievement(achievement) => achievement.inventors,
        _ => Vec::new(),
    }
}

async fn forget_inventors(transaction: &mut Transaction, achievement: i64) -> Result<(), StoreError> {
    on_backend!(transaction, transaction => {
        sqlx::query(sql::DELETE_INVENTORS)
            .bind(achievement)
            .execute(&mut **transaction)
            .await?;
    });
    Ok(())
}

async fn add_inventors(
    transaction: &mut Transaction,
    rows: &[(i64, i64, Inventor)],
) -> Result<(), StoreError> {
    let marks = transaction.marks();
    for chunk in rows.chunks(sql::ROWS) {
        on_backend!(&mut *transaction, transaction => {
            let text = sql::add_inventors(marks, chunk.len());
            let mut query = sqlx::query(text).persistent(sql::is_prepared(chunk.len()));
            for (achievement, position, inventor) in chunk {
                query = query
                    .bind(*achievement)
                    .bind(*position)
                    .bind(inventor.name.as_str())
                    .bind(inventor.expert.as_deref());
            }
            query.execute(&mut **transaction).await?;
        });
    }
    Ok(())
}

/// The experts on file among these external identifiers, ascending.
async fn experts_named(
    transaction: &mut Transaction,
    external_ids: BTreeSet<String>,
) -> Result<BTreeSet<RecordId>, StoreError> {
    let external_ids: Vec<String> = external_ids.into_iter().collect();
    let mut experts = BTreeSet::new();
    for keys in external_ids.chunks(sql::MOST_KEYS) {
        let keys = sql::padded(keys);
        let numbers: Vec<i64> = on_backend!(&mut *transaction, transaction => {
            let mut query = sqlx::query_scalar(sql::numbers(keys.len())).bind(Kind::Expert.slug());
            for external_id in keys {
                query = query.bind(external_id.as_str());
            }
            query.fetch_all(&mut **transaction).await?
        });
        for number in numbers {
            experts.insert(record_id(Kind::Expert.slug(), number)?);
        }
    }
    Ok(experts)
}

/// Adds rows to the outbox, numbered on from its last one, which is always there: no gap, as sequences leave them, may look like what has
/// been pruned. Nobody else counts meanwhile, for whoever writes has its turn.
pub(crate) async fn changes(transaction: &mut Transaction, outbox: &[RecordId]) -> Result<(), StoreError> {
    let mut seq: i64 = on_backend!(&mut *transaction, transaction => {
        sqlx::query_scalar(sql::LAST_CHANGE).fetch_one(&mut **transaction).await?
    });
    let marks = transaction.marks();
    for chunk in outbox.chunks(sql::ROWS) {
        on_backend!(&mut *transaction, transaction => {
            let text = sql::add_changes(marks, chunk.len());
            let mut query = sqlx::query(text).persistent(sql::is_prepared(chunk.len()));
            for id in chunk {
                seq += 1;
                query = query.bind(seq).bind(id.kind.slug()).bind(signed(id.number));
            }
            query.execute(&mut **transaction).await?;
        });
    }
    Ok(())
}
