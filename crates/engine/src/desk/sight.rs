//! What a caller sees of a record, and what is left of things of which only the outline is shown.

use std::collections::HashMap;

use domain::access::{Others, Visibility};
use domain::{Kind, MaskedContact, Record, Region};
use ranking::Explanation;

use super::Desk;
use crate::{Duplicate, EngineError, NeedBrief, Shown};

/// Rules whose facts the outline of a record tells as well.
const PLAIN_RULES: [&str; 3] = ["region", "industry", "field"];

/// What a caller of a region sees; one of none sees everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight {
    pub(crate) region: Option<Region>,
    pub(crate) others: Others,
}

impl Sight {
    /// Of whoever sits at the machine.
    pub(crate) fn everything() -> Self {
        Self { region: None, others: Others::default() }
    }

    /// Whether what lies there is the caller's own. What lies nowhere is everybody's and nobody's: only those without a region own it.
    pub(crate) fn owns(&self, region: Option<Region>) -> bool {
        crate::matching::lies_within(self.region, region)
    }

    /// How much of a record is shown.
    pub(crate) fn record(&self, record: &Record) -> Visibility {
        if self.owns(record.profile.region()) { Visibility::Full } else { self.others.of(record.id.kind) }
    }

    /// The region to which questions about a registry are kept, where others' records are not seen.
    pub(crate) fn within(&self, kind: Kind) -> Option<Region> {
        self.region.filter(|_| self.others.of(kind) == Visibility::Hidden)
    }

    /// As [`Self::within`], for typed text: of a record that is seen in outline, finding it by its words would tell them.
    pub(crate) fn within_texts(&self, kind: Kind) -> Option<Region> {
        self.region.filter(|_| self.others.of(kind) < Visibility::Full)
    }

    /// What is shown of a record; `None` when nothing is.
    pub(super) fn show(&self, shown: Shown) -> Option<Shown> {
        match self.record(&shown.record) {
            Visibility::Full => Some(shown),
            Visibility::Hidden => None,
            Visibility::Brief => Some(Shown {
                record: outline(shown.record),
                contact: MaskedContact::default(),
                duplicates: Vec::new(),
                visibility: Visibility::Brief,
            }),
        }
    }
}

impl Desk {
    /// How much is shown of records of a registry, by number; those that do not exist are left out.
    pub(super) async fn visibility(
        &self,
        kind: Kind,
        numbers: &[u64],
    ) -> Result<HashMap<u64, Visibility>, EngineError> {
        let sight = self.sight();
        let records = self.engine.store.records(kind, numbers).await?;
        Ok(records.iter().map(|record| (record.id.number, sight.record(record))).collect())
    }

    /// What is shown of needs that are like another.
    pub(super) async fn shown_duplicates(
        &self,
        duplicates: Vec<Duplicate>,
    ) -> Result<Vec<Duplicate>, EngineError> {
        if self.caller.key.region.is_none() || duplicates.is_empty() {
            return Ok(duplicates);
        }
        let numbers: Vec<u64> = duplicates.iter().map(|one| one.other.id.number).collect();
        let visibility = self.visibility(Kind::Need, &numbers).await?;
        let shown = |one: Duplicate| {
            let other = shown_brief(one.other, &visibility)?;
            Some(Duplicate { other, ..one })
        };
        Ok(duplicates.into_iter().filter_map(shown).collect())
    }
}

/// A record of which only the outline is shown.
pub(crate) fn outline(record: Record) -> Record {
    Record { profile: record.profile.outline(), ..record }
}

/// What is shown of a need in short.
pub(super) fn shown_brief(brief: NeedBrief, visibility: &HashMap<u64, Visibility>) -> Option<NeedBrief> {
    match visibility.get(&brief.id.number)? {
        Visibility::Full => Some(brief),
        Visibility::Brief => Some(NeedBrief { enterprise: None, filed_by: None, ..brief }),
        Visibility::Hidden => None,
    }
}

/// Whether a part of a score is told by those alone who may read both texts: asked for word by word, what each field is worth would tell which words
/// stand there.
pub(crate) fn is_of_text(part: &str) -> bool {
    part.starts_with("text.")
}

/// What is left of the reasons when the other side is shown in outline: the points, but not by field of the text, and facts of the outline.
pub(crate) fn without_texts(explanation: Explanation) -> Explanation {
    let mut rules = explanation.rules;
    rules.retain(|rule| PLAIN_RULES.contains(&rule.code.as_str()));
    let mut parts = explanation.parts;
    parts.retain(|part| !is_of_text(&part.code));
    let facts: String = rules.iter().map(|rule| format!("{}；", rule.fact)).collect();
    Explanation {
        terms: Vec::new(),
        alike: Vec::new(),
        subject: Vec::new(),
        candidate: Vec::new(),
        evidence: Vec::new(),
        sentence: format!(
            "{facts}对方属于其他地区，其文字不对本密钥公开。综合 {:.1} 分。",
            explanation.total
        ),
        total: explanation.total,
        parts,
        rules,
    }
}
