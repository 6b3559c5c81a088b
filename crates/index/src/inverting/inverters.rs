//! Documents shared out among threads, each of which makes a segment of its own.

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use tantivy::IndexWriter;
use tantivy::index::SegmentId;
use vectors::Packed;

use super::{Inverter, Reading};
use crate::{IndexDocument, IndexError, meaning};

/// Documents that a thread takes at a time. So few are not worth a second thread, nor a second segment.
const SHARE: usize = 16;

/// The segments that are being made: one for each thread.
pub(crate) struct Inverters {
    /// `None` where nothing was written yet: those that are empty keep the memory that they were filled in.
    each: Vec<Option<Inverter>>,
    /// Bytes that each may hold.
    budget: usize,
    /// The segments that were handed over since the last [`Inverters::flush`].
    handed_over: Mutex<Vec<SegmentId>>,
}

impl Inverters {
    /// `budget` is for all of them together.
    pub(crate) fn new(budget: usize) -> Self {
        let threads = meaning::threads();
        let each = (0..threads).map(|_| None).collect();
        Self { each, budget: budget / threads, handed_over: Mutex::default() }
    }

    /// Adds documents; a segment that is full goes to `writer`.
    pub(crate) fn add(
        &mut self,
        documents: &[IndexDocument],
        with: Reading<'_>,
        writer: &IndexWriter,
    ) -> Result<(), IndexError> {
        let vectors = with.meaning.read(documents);
        let mut given: &[Option<Packed>] = &vectors;
        let mut shares = Vec::with_capacity(documents.len().div_ceil(SHARE));
        for share in documents.chunks(SHARE) {
            let passages = share.iter().map(|document| document.passages.len()).sum();
            let (own, others) = given.split_at_checked(passages).unwrap_or_default();
            shares.push((share, own));
            given = others;
        }
        let (budget, next) = (self.budget, AtomicUsize::new(0));
        let handed_over = &self.handed_over;
        let take = |inverter: &mut Option<Inverter>| {
            while let Some(&(share, vectors)) = shares.get(next.fetch_add(1, Ordering::Relaxed)) {
                add_share(inverter, share, vectors, with, writer)?;
                if let Some(full) = inverter.as_mut().filter(|inverter| inverter.is_full(budget)) {
                    hand_over(full, with, writer, handed_over)?;
                }
            }
            Ok(())
        };
        for_each(self.each.iter_mut().take(shares.len()), take)
    }

    /// Hands all that is held over to `writer`, and tells which segments hold what was added since the last time.
    pub(crate) fn flush(
        &mut self,
        with: Reading<'_>,
        writer: &IndexWriter,
    ) -> Result<Vec<SegmentId>, IndexError> {
        let handed_over = &self.handed_over;
        let held = self.each.iter_mut().flatten().filter(|inverter| inverter.documents > 0);
        for_each(held, |inverter| hand_over(inverter, with, writer, handed_over))?;
        Ok(std::mem::take(&mut *handed_over.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Gives back the memory of those that are empty.
    pub(crate) fn shrink(&mut self) {
        for inverter in &mut self.each {
            inverter.take_if(|inverter| inverter.documents == 0);
        }
    }
}

fn add_share(
    inverter: &mut Option<Inverter>,
    documents: &[IndexDocument],
    mut vectors: &[Option<Packed>],
    with: Reading<'_>,
    writer: &IndexWriter,
) -> Result<(), IndexError> {
    let inverter = match inverter {
        Some(inverter) => inverter,
        None => inverter.insert(Inverter::new(writer.index())?),
    };
    for document in documents {
        let (own, others) = vectors.split_at_checked(document.passages.len()).unwrap_or_default();
        inverter.add(document, own, with)?;
        vectors = others;
    }
    Ok(())
}

fn hand_over(
    inverter: &mut Inverter,
    with: Reading<'_>,
    writer: &IndexWriter,
    to: &Mutex<Vec<SegmentId>>,
) -> Result<(), IndexError> {
    let segment = inverter.write(writer.new_segment(), with.fields)?;
    to.lock().unwrap_or_else(PoisonError::into_inner).push(segment.id());
    Ok(writer.add_segment(segment)?)
}

/// Does the work on each, the first on this thread.
fn for_each<T: Send>(
    items: impl Iterator<Item = T>,
    work: impl Fn(T) -> Result<(), IndexError> + Sync,
) -> Result<(), IndexError> {
    let (work, mut items) = (&work, items);
    let Some(first) = items.next() else { return Ok(()) };
    thread::scope(|scope| {
        let others: Vec<_> = items.map(|item| scope.spawn(move || work(item))).collect();
        let outcome = work(first);
        others.into_iter().fold(outcome, |outcome, other| {
            outcome.and(other.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
        })
    })
}
