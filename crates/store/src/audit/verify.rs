//! The log read from end to end, and what does not fit.

use crate::audit::{Action, AuditRow};
use crate::backend::{OnBackend, on_backend};
use crate::rows::unsigned;
use crate::sql::{audit as texts, tables};
use crate::{Store, StoreError};

use super::chain::{self, Link};

/// Rows read at a time.
const SLICE: i64 = 2_000;
/// Faults told.
const MOST_FAULTS: usize = 100;

/// What does not fit at a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFaultKind {
    /// The row does not say what its hash was made of.
    Changed,
    /// One or more rows before this one are gone.
    Missing,
    /// The row does not follow the one before it: one was put in, taken out or moved.
    Detached,
    /// The log ends before or after the row that the database remembers as its last.
    End,
    /// The front was cut off, and no row of the log tells of it.
    Front,
}

impl AuditFaultKind {
    /// For programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Detached => "detached",
            Self::End => "end",
            Self::Front => "front",
        }
    }

    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Changed => "内容与其哈希不符，被改动过",
            Self::Missing => "此前缺少记录",
            Self::Detached => "与前一条接不上，有记录被插入、删除或调换",
            Self::End => "日志的末尾与登记的末尾不符，末尾被截去或增添",
            Self::Front => "日志的开头被截去，且日志中没有相应的清理记录",
        }
    }
}

/// One thing that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditFault {
    /// The row at which it shows.
    pub seq: u64,
    /// What it is.
    pub kind: AuditFaultKind,
}

/// What came of verifying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// Rows read.
    pub rows: u64,
    /// The last row that was cut off from the front; 0 when none was.
    pub anchor: u64,
    /// The last row and its hash, to be kept elsewhere.
    pub head: (u64, String),
    /// The first hundred faults, by row.
    pub faults: Vec<AuditFault>,
    /// Whether the head that was given is the hash of a row of this log; `None` when none was given.
    pub holds_head: Option<bool>,
}

impl Store {
    /// Reads the whole log and tells what does not fit. `known_head` is the hash of a row that was noted before and must still be there.
    ///
    /// A chain shows changed, removed, inserted and reordered rows. Whoever can write the file can also write the whole chain anew, or cut
    /// off its tail with the remembered end; only a head that was kept elsewhere shows that.
    pub async fn verify_audit(&self, known_head: Option<&str>) -> Result<AuditReport, StoreError> {
        // One moment: what others append meanwhile is not seen, and the ends fit the rows. SQLite's transactions are no other.
        let begin = match &self.backend {
            OnBackend::Sqlite(_) => "BEGIN",
            OnBackend::Postgres(_) => tables::ONE_MOMENT,
        };
        on_backend!(&self.backend, pools => {
            let mut transaction = pools.readers.begin_with(begin).await?;
            let anchor: Link = sqlx::query_as(texts::END).bind("anchor").fetch_one(&mut *transaction).await?;
            let head: Link = sqlx::query_as(texts::END).bind("head").fetch_one(&mut *transaction).await?;
            let mut reading = Reading::new(anchor, known_head);
            loop {
                let rows: Vec<AuditRow> = sqlx::query_as(texts::SLICE)
                    .bind(reading.last.seq)
                    .bind(SLICE)
                    .fetch_all(&mut *transaction)
                    .await?;
                if rows.is_empty() {
                    break;
                }
                rows.into_iter().for_each(|row| reading.take(row));
            }
            transaction.rollback().await?;
            Ok(reading.end(head))
        })
    }
}

/// The log being read.
struct Reading<'a> {
    anchor: Link,
    last: Link,
    rows: u64,
    /// The anchor as the last row that tells of a cut has it.
    told: Option<(i64, String)>,
    faults: Vec<AuditFault>,
    known_head: Option<&'a str>,
    found_head: bool,
}

impl<'a> Reading<'a> {
    fn new(anchor: Link, known_head: Option<&'a str>) -> Self {
        let last = Link { seq: anchor.seq, hash: anchor.hash.clone() };
        let found_head = known_head == Some(anchor.hash.as_str()) && anchor.seq > 0;
        Self { anchor, last, rows: 0, told: None, faults: Vec::new(), known_head, found_head }
    }

    fn take(&mut self, row: AuditRow) {
        self.rows += 1;
        if chain::hash(&row) != row.hash {
            self.fault(row.seq, AuditFaultKind::Changed);
        }
        if row.seq != self.last.seq + 1 {
            self.fault(row.seq, AuditFaultKind::Missing);
        } else if row.previous != self.last.hash {
            self.fault(row.seq, AuditFaultKind::Detached);
        }
        if row.action == Action::AuditCut.code() {
            self.told = told(&row.detail).or(self.told.take());
        }
        self.found_head |= self.known_head == Some(row.hash.as_str());
        self.last = Link { seq: row.seq, hash: row.hash };
    }

    fn fault(&mut self, seq: i64, kind: AuditFaultKind) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(AuditFault { seq: unsigned(seq), kind });
        }
    }

    fn end(mut self, head: Link) -> AuditReport {
        if (head.seq, &head.hash) != (self.last.seq, &self.last.hash) {
            self.fault(self.last.seq, AuditFaultKind::End);
        }
        if self.anchor.seq > 0 && self.told != Some((self.anchor.seq, self.anchor.hash.clone())) {
            self.fault(self.anchor.seq, AuditFaultKind::Front);
        }
        AuditReport {
            rows: self.rows,
            anchor: unsigned(self.anchor.seq),
            head: (unsigned(self.last.seq), self.last.hash),
            faults: self.faults,
            holds_head: self.known_head.map(|_| self.found_head),
        }
    }
}

/// Up to where the front was cut off, as the row that tells of it says.
fn told(detail: &str) -> Option<(i64, String)> {
    let detail: serde_json::Value = serde_json::from_str(detail).ok()?;
    Some((detail["through"].as_i64()?, detail["hash"].as_str()?.to_owned()))
}
