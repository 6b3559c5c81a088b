//! The index compared whole with the database.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Kind, RecordId};
use serde::Serialize;
use store::ListFilter;

use crate::documents::{documents, id};
use crate::indexing::{BATCH, POLL};
use crate::{Engine, EngineError, blocking};

/// How often differences are looked at again while the index is being written.
const LOOKS: usize = 20;

/// How a record differs between database and index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// In the database only.
    Missing,
    /// In the index only.
    Surplus,
    /// In both, with another content.
    Different,
}

/// One difference between database and index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The record.
    pub id: RecordId,
    /// How it differs.
    pub difference: DifferenceKind,
}

/// The result of comparing index and database whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Records compared.
    pub records: u64,
    /// Every difference, by registry and number.
    pub differences: Vec<Difference>,
}

impl Engine {
    /// Compares every record of the database with the index, and every document of the index with the database. While another
    /// process writes, what differs is looked at again until the index has caught up.
    ///
    /// # Errors
    /// When database or index files refuse.
    pub async fn verify_index(&self) -> Result<VerifyReport, EngineError> {
        let _turn = self.indexing.turn.lock().await;
        self.refresh_all().await?;
        let mut report = VerifyReport::default();
        for kind in Kind::ALL {
            self.verify(kind, &mut report).await?;
        }
        for _ in 0..LOOKS {
            if report.differences.is_empty() {
                break;
            }
            let behind = self.index_status().await?.iter().any(|status| status.lag > 0 && !status.stale);
            report.differences = self.look_again(&report.differences).await?;
            if !behind {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(report)
    }

    /// Those differences that are still there.
    async fn look_again(&self, differences: &[Difference]) -> Result<Vec<Difference>, EngineError> {
        self.refresh_all().await?;
        let mut still = Vec::new();
        for kind in Kind::ALL {
            let numbers: BTreeSet<u64> =
                differences.iter().filter(|d| d.id.kind == kind).map(|d| d.id.number).collect();
            if numbers.is_empty() {
                continue;
            }
            let numbers: Vec<u64> = numbers.into_iter().collect();
            let snapshot = self.catalog.registry(kind).snapshot();
            let entries = blocking(move || Ok(snapshot.entries()?)).await?;
            for numbers in numbers.chunks(BATCH as usize) {
                let records = self.store.records(kind, numbers).await?;
                let mut stored: BTreeMap<u64, u64> = documents(&self.store, &records)
                    .await?
                    .iter()
                    .map(|document| (document.number, document.digest()))
                    .collect();
                for &number in numbers {
                    let from = entries.partition_point(|(entry, _)| *entry < number);
                    let held = entries[from..].iter().take_while(|(entry, _)| *entry == number);
                    let held: Vec<u64> = held.map(|entry| entry.1).collect();
                    let difference = match (stored.remove(&number), &held[..]) {
                        (Some(_), []) => DifferenceKind::Missing,
                        (Some(digest), [held]) if *held == digest => continue,
                        (Some(_), [_]) => DifferenceKind::Different,
                        (None, []) => continue,
                        (None, _) | (Some(_), _) => DifferenceKind::Surplus,
                    };
                    still.push(Difference { id: id(kind, number), difference });
                }
            }
        }
        Ok(still)
    }

    async fn verify(&self, kind: Kind, report: &mut VerifyReport) -> Result<(), EngineError> {
        let snapshot = self.catalog.registry(kind).snapshot();
        let entries = blocking(move || Ok(snapshot.entries()?)).await?;
        let mut note =
            |number, difference| report.differences.push(Difference { id: id(kind, number), difference });
        let twice = entries.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        twice.for_each(|pair| note(pair[0].0, DifferenceKind::Surplus));
        let mut indexed: BTreeMap<u64, u64> = entries.into_iter().collect();
        let mut after = 0;
        loop {
            let records = self.store.page(kind, &ListFilter::default(), after, BATCH).await?;
            let Some(last) = records.last() else { break };
            after = last.id.number;
            report.records += records.len() as u64;
            for document in documents(&self.store, &records).await? {
                match indexed.remove(&document.number) {
                    None => note(document.number, DifferenceKind::Missing),
                    Some(digest) if digest != document.digest() => {
                        note(document.number, DifferenceKind::Different)
                    }
                    Some(_) => {}
                }
            }
        }
        for number in indexed.into_keys() {
            note(number, DifferenceKind::Surplus);
        }
        Ok(())
    }
}
