//! One catch-up: changes are read from the outbox, their records as they are now are handed to the writers, and the next are read meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use domain::Kind;
use index::{IndexDocument, IndexState, Writer};

use super::round::Round;
use super::{COMMIT_EVERY, CatchUp, IDLE, UNCOMMITTED};
use crate::documents::documents;
use crate::{Engine, EngineError, blocking};

/// What the outbox said next.
enum Fetched {
    Changes(Changes),
    /// No more.
    Nothing,
    /// What an index lacks is not there any more.
    Pruned,
}

/// Changes, and what the database then said of their records.
struct Changes {
    /// The last of them.
    last: u64,
    by_kind: Vec<(Kind, Vec<IndexDocument>, Vec<u64>)>,
}

impl Engine {
    pub(super) async fn catch_up_locked(&self) -> Result<CatchUp, EngineError> {
        let mut round = Round::default();
        let outbox = self.outbox().await?;
        for kind in Kind::ALL {
            match outbox.judge(self.catalog.registry(kind).state()) {
                IndexState::Stale => match self.rebuild(kind, Self::usable_vectors, |_, _| {}).await {
                    Ok(documents) => round.written += documents,
                    Err(error) => round.pass_over(kind, error)?,
                },
                IndexState::Superseded => {
                    round.elsewhere.insert(kind);
                }
                IndexState::Ready { .. } => {}
            }
        }
        let mut next = self.read_on(round.read, &round.elsewhere).await?;
        loop {
            let changes = match next {
                Fetched::Changes(changes) => changes,
                Fetched::Nothing => break,
                // Another process has done it: only a rebuild can tell. What was put is put again.
                Fetched::Pruned => return Box::pin(self.catch_up_locked()).await,
            };
            let last = changes.last;
            // The next are read meanwhile.
            let (put, ahead) =
                tokio::join!(self.hand_over(changes, &round.elsewhere), self.read_on(last, &round.elsewhere));
            for (kind, put) in put {
                match put {
                    Ok(documents) => round.put(kind, documents),
                    Err(error) => round.pass_over(kind, error)?,
                }
            }
            round.read = last;
            let patience = self.indexing.rest().map_or(COMMIT_EVERY, |(_, rest)| rest.max(COMMIT_EVERY));
            if round.uncommitted >= UNCOMMITTED || round.since.is_some_and(|t| t.elapsed() >= patience) {
                self.commit(&mut round).await?;
            }
            next = match ahead? {
                // Something may have come since.
                Fetched::Nothing => self.read_on(round.read, &round.elsewhere).await?,
                ahead => ahead,
            };
        }
        // A registry that never changes would have the whole outbox read again at each start.
        let idle = |kind: &Kind| match self.catalog.registry(*kind).state() {
            IndexState::Ready { position } => position + IDLE < round.read,
            IndexState::Stale | IndexState::Superseded => false,
        };
        let idle: Vec<Kind> =
            Kind::ALL.into_iter().filter(|kind| !round.elsewhere.contains(kind)).filter(idle).collect();
        self.commit(&mut round).await?;
        if round.elsewhere.is_empty() {
            round.dirty.extend(idle);
            // Whoever holds these holds up nothing: they have all that there is.
            self.commit(&mut round).await?;
            return Ok(CatchUp::Current { documents: round.written });
        }
        self.refresh_all().await?;
        Ok(CatchUp::Elsewhere)
    }

    /// The next changes of the registries that are not `elsewhere`, when the outbox was `read` so far.
    async fn read_on(&self, read: u64, elsewhere: &BTreeSet<Kind>) -> Result<Fetched, EngineError> {
        let ours = Kind::ALL.into_iter().filter(|kind| !elsewhere.contains(kind));
        let Some(from) = ours.map(|kind| self.position(kind).max(read)).min() else {
            return Ok(Fetched::Nothing);
        };
        let changes = self.store.changes(from, self.batch()).await?;
        if self.store.first_change().await? > from + 1 {
            return Ok(Fetched::Pruned);
        }
        let Some(last) = changes.last().map(|change| change.seq) else { return Ok(Fetched::Nothing) };
        let mut numbers: BTreeMap<Kind, BTreeSet<u64>> = BTreeMap::new();
        for change in &changes {
            let kind = change.id.kind;
            if change.seq > self.position(kind).max(read) && !elsewhere.contains(&kind) {
                numbers.entry(kind).or_default().insert(change.id.number);
            }
        }
        let mut by_kind = Vec::with_capacity(numbers.len());
        for (kind, numbers) in numbers {
            let wanted: Vec<u64> = numbers.iter().copied().collect();
            let records = self.store.records(kind, &wanted).await?;
            let documents = documents(&self.store, &records).await?;
            let present: BTreeSet<u64> = documents.iter().map(|document| document.number).collect();
            let gone = numbers.difference(&present).copied().collect();
            by_kind.push((kind, documents, gone));
        }
        Ok(Fetched::Changes(Changes { last, by_kind }))
    }

    /// Hands the writers what the database said of these records, and tells how many documents that is; nothing is committed yet.
    async fn hand_over(
        &self,
        changes: Changes,
        elsewhere: &BTreeSet<Kind>,
    ) -> Vec<(Kind, Result<u64, EngineError>)> {
        let mut outcomes = Vec::with_capacity(changes.by_kind.len());
        for (kind, documents, gone) in changes.by_kind {
            if elsewhere.contains(&kind) {
                continue;
            }
            let count = documents.len() as u64;
            let engine = self.clone();
            let put = move |writer: &mut Writer| {
                writer.put_all(&documents)?;
                gone.iter().try_for_each(|number| writer.delete(*number))
            };
            let outcome = blocking(move || engine.with_writer(kind, put)).await;
            outcomes.push((kind, outcome.map(|()| count)));
        }
        outcomes
    }
}
