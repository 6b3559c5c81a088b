//! Who was erased and may not come back in passing: a list without personal data, which also lies outside the database.
//!
//! Of several entries of one identifier the latest holds. Entries are only ever added, so lists of several places are put together by
//! taking the entries of both ([`Store::add_erasures`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{Kind, RecordId};
use serde::{Deserialize, Serialize};

use crate::backend::{Transaction, on_backend};
use crate::rows::{corrupt, row, signed, unsigned};
use crate::sql::erasures as texts;
use crate::{Actor, Store, StoreError, chores, sql};

/// Records whose identifiers are digested at a time.
const SLICE: i64 = 5_000;

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureKind {
    /// The person was taken in again, with new consent.
    Readmitted,
    /// The person was erased.
    Erased,
}

impl ErasureKind {
    const fn slug(self) -> &'static str {
        match self {
            Self::Erased => "erased",
            Self::Readmitted => "readmitted",
        }
    }
}

/// An entry of the list: of an expert the whole record, of any other record the contact person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Erasure {
    /// When, in milliseconds since 1970 (UTC).
    pub at: i64,
    /// What happened.
    pub what: ErasureKind,
    /// The registry.
    pub kind: Kind,
    /// The number that the record had.
    pub number: u64,
    /// [`digest`] of the identifier that the record's source gave it; or of an expert's name and organisation, for achievements that
    /// name their inventors without identifiers.
    pub digest: String,
}

row! {
    pub(crate) struct ErasureRow {
        kind: String,
        digest: String,
        at: i64,
        what: String,
        number: i64,
    }
}

row! {
    struct NamedRow {
        number: i64,
        external_id: String,
    }
}

impl ErasureRow {
    pub(crate) fn erasure(self) -> Result<Erasure, StoreError> {
        let what = match self.what.as_str() {
            "erased" => ErasureKind::Erased,
            "readmitted" => ErasureKind::Readmitted,
            other => return Err(corrupt("删除名单".to_owned(), other)),
        };
        let kind = self.kind.parse().map_err(|error: String| corrupt("删除名单".to_owned(), error))?;
        Ok(Erasure { at: self.at, what, kind, number: unsigned(self.number), digest: self.digest })
    }
}

/// Stands for an identifier without telling it.
pub fn digest(kind: Kind, external_id: &str) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("hongniang 2026-11 erased persons");
    hasher.update(kind.slug().as_bytes());
    hasher.update(b"\n");
    hasher.update(external_id.as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// Stands for an expert where a source gives no identifier: by name and organisation.
pub(crate) fn digest_of_name(name: &str, organisation: &str) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("hongniang 2026-11 erased persons by name");
    hasher.update(name.as_bytes());
    hasher.update(b"\n");
    hasher.update(organisation.as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// Those whose latest entry says erased.
fn in_force<'e>(entries: impl IntoIterator<Item = &'e Erasure>) -> BTreeSet<(Kind, String)> {
    let mut latest: BTreeMap<(Kind, &str), (i64, ErasureKind)> = BTreeMap::new();
    for entry in entries {
        let state = latest.entry((entry.kind, &entry.digest)).or_insert((entry.at, entry.what));
        *state = (*state).max((entry.at, entry.what));
    }
    let erased = latest.into_iter().filter(|(_, (_, what))| *what == ErasureKind::Erased);
    erased.map(|((kind, digest), _)| (kind, digest.to_owned())).collect()
}

impl Store {
    /// The same store, through which persons who were erased may be taken in again.
    #[must_use]
    pub fn readmitting(&self) -> Self {
        Self { readmits: true, ..self.clone() }
    }

    /// All entries, oldest first.
    pub async fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let rows: Vec<ErasureRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::ERASURES).fetch_all(&pools.readers).await?
        });
        rows.into_iter().map(ErasureRow::erasure).collect()
    }

    /// How many entries there are.
    pub async fn count_erasures(&self) -> Result<u64, StoreError> {
        let count: i64 = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(texts::COUNT).fetch_one(&pools.readers).await?
        });
        Ok(unsigned(count))
    }

    /// Which of these identifiers belong to persons who were erased.
    pub async fn erased(&self, kind: Kind, external_ids: &[&str]) -> Result<BTreeSet<String>, StoreError> {
        let any: Option<String> = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(texts::ANY).fetch_optional(&pools.readers).await?
        });
        if any.is_none() {
            return Ok(BTreeSet::new());
        }
        let digests: HashMap<String, &str> =
            external_ids.iter().map(|external_id| (digest(kind, external_id), *external_id)).collect();
        let wanted: Vec<&String> = digests.keys().collect();
        let mut entries = Vec::new();
        for keys in wanted.chunks(sql::MOST_KEYS) {
            let keys = sql::padded(keys);
            let rows: Vec<ErasureRow> = on_backend!(&self.backend, pools => {
                let mut query = sqlx::query_as(texts::states(keys.len())).bind(kind.slug());
                for digest in keys {
                    query = query.bind(digest.as_str());
                }
                query.fetch_all(&pools.readers).await?
            });
            entries.extend(rows.into_iter().map(ErasureRow::erasure).collect::<Result<Vec<_>, _>>()?);
        }
        let erased = in_force(&entries);
        Ok(erased.iter().filter_map(|(_, digest)| digests.get(digest)).map(|&id| id.to_owned()).collect())
    }

    /// Takes entries in that are known elsewhere, and erases whoever they say is erased and is here all the same, as after an older
    /// database was put in place. Returns whom it erased.
    pub async fn add_erasures(&self, entries: &[Erasure]) -> Result<Vec<RecordId>, StoreError> {
        let known: BTreeSet<Erasure> = self.erasures().await?.into_iter().collect();
        if entries.iter().all(|entry| known.contains(entry)) {
            return Ok(Vec::new());
        }
        let mut transaction = self.backend.begin().await?;
        let found = self.add_erasures_in(&mut transaction, entries).await?;
        transaction.commit().await?;
        Ok(found)
    }

    pub(crate) async fn add_erasures_in(
        &self,
        transaction: &mut Transaction,
        entries: &[Erasure],
    ) -> Result<Vec<RecordId>, StoreError> {
        let rows: Vec<ErasureRow> = on_backend!(&mut *transaction, transaction => {
            sqlx::query_as(texts::ERASURES).fetch_all(&mut **transaction).await?
        });
        let known: BTreeSet<Erasure> = rows.into_iter().map(ErasureRow::erasure).collect::<Result<_, _>>()?;
        let new: Vec<Erasure> = entries.iter().filter(|entry| !known.contains(entry)).cloned().collect();
        let all = in_force(known.iter().chain(&new));
        let concerned = new.iter().map(|entry| (entry.kind, entry.digest.clone()));
        let erased: BTreeSet<(Kind, String)> = concerned.filter(|key| all.contains(key)).collect();
        add(transaction, &new).await?;
        let mut found = Vec::new();
        for kind in erased.iter().map(|(kind, _)| *kind).collect::<BTreeSet<_>>() {
            for id in named(transaction, kind, &erased).await? {
                self.acting(Actor::system()).erase_in(transaction, id, &[]).await?;
                found.push(id);
            }
        }
        if !found.is_empty() {
            chores::mark_replaced(transaction, self.follower.as_deref()).await?;
        }
        Ok(found)
    }
}

/// The records of a registry whose identifiers are among those digested.
async fn named(
    transaction: &mut Transaction,
    kind: Kind,
    digests: &BTreeSet<(Kind, String)>,
) -> Result<Vec<RecordId>, StoreError> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let rows: Vec<NamedRow> = on_backend!(&mut *transaction, transaction => {
            sqlx::query_as(texts::NUMBERS)
                .bind(kind.slug())
                .bind(after)
                .bind(SLICE)
                .fetch_all(&mut **transaction)
                .await?
        });
        let Some(last) = rows.last() else { return Ok(found) };
        after = last.number;
        let named = rows.iter().filter(|row| digests.contains(&(kind, digest(kind, &row.external_id))));
        found.extend(named.map(|row| RecordId::new(kind, unsigned(row.number))));
    }
}

/// Who is erased now, by digests.
pub(crate) async fn standing(transaction: &mut Transaction) -> Result<BTreeSet<(Kind, String)>, StoreError> {
    let rows: Vec<ErasureRow> = on_backend!(transaction, transaction => {
        sqlx::query_as(texts::ERASURES).fetch_all(&mut **transaction).await?
    });
    let entries = rows.into_iter().map(ErasureRow::erasure).collect::<Result<Vec<_>, _>>()?;
    Ok(in_force(&entries))
}

/// Adds entries; those that are there already stay as they are.
pub(crate) async fn add(transaction: &mut Transaction, entries: &[Erasure]) -> Result<(), StoreError> {
    for chunk in entries.chunks(sql::ROWS) {
        on_backend!(&mut *transaction, transaction => {
            let mut query = sqlx::query(texts::add(chunk.len())).persistent(sql::is_prepared(chunk.len()));
            for Erasure { at, what, kind, number, digest } in chunk {
                query = query
                    .bind(kind.slug())
                    .bind(digest.as_str())
                    .bind(*at)
                    .bind(what.slug())
                    .bind(signed(*number));
            }
            query.execute(&mut **transaction).await?;
        });
    }
    for Erasure { kind, number, .. } in entries {
        on_backend!(&mut *transaction, transaction => {
            sqlx::query(texts::PASS_NUMBER)
                .bind(kind.slug())
                .bind(signed(*number))
                .execute(&mut **transaction)
                .await?;
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_entry_holds_and_of_two_at_once_the_erasure() {
        let entry = |at, what| Erasure {
            at,
            what,
            kind: Kind::Expert,
            number: 1,
            digest: digest(Kind::Expert, "ZJ-1"),
        };
        use ErasureKind::{Erased, Readmitted};
        for (entries, erased) in [
            (vec![entry(1, Erased)], true),
            (vec![entry(2, Readmitted), entry(1, Erased)], false),
            (vec![entry(1, Erased), entry(2, Readmitted), entry(3, Erased)], true),
            (vec![entry(1, Erased), entry(1, Readmitted)], true),
        ] {
            assert_eq!(!in_force(&entries).is_empty(), erased, "{entries:?}");
        }
    }

    #[test]
    fn digests_tell_registries_apart_and_never_change() {
        assert_ne!(digest(Kind::Expert, "A-1"), digest(Kind::Need, "A-1"));
        // Lists lie in backups for years.
        assert_eq!(digest(Kind::Expert, "A-1")[..16], *"2c667d8777fbc622");
    }
}
