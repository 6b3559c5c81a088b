//! The terms of documents' texts in little memory: all that the judge reads of a document's terms lies side by side.

use super::{OWN, range};

/// Lists of terms, end to end.
#[derive(Default)]
pub(super) struct Runs {
    pub(super) ends: Vec<u32>,
    pub(super) terms: Vec<u32>,
}

impl Runs {
    /// Of these lengths.
    pub(super) fn with_room(mut lengths: Vec<u32>) -> Self {
        let mut end = 0;
        for length in &mut lengths {
            end += *length;
            *length = end;
        }
        Self { terms: vec![0; end as usize], ends: lengths }
    }

    pub(super) fn run(&self, at: usize) -> &[u32] {
        &self.terms[range(&self.ends, at)]
    }

    pub(super) fn run_mut(&mut self, at: usize) -> &mut [u32] {
        &mut self.terms[range(&self.ends, at)]
    }

    /// Bytes.
    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.terms) + size_of_val(&*self.ends)
    }
}

/// Of each document the terms of title, keywords and body, in halves of 32 bits: a head (for each text its length as tantivy's one-byte code, then how many
/// terms of small numbers it has and how many others, two halves each), then text by text the terms of small numbers, a half each, and the others, two each.
#[derive(Default)]
pub(super) struct Records {
    ends: Vec<u32>,
    halves: Vec<u16>,
}

const HEAD: usize = OWN * 5;

/// The terms of a text, ascending, each as often as it stands there.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    /// How long it is, as tantivy's one-byte code.
    pub(super) length: u8,
    few: &'a [u16],
    more: &'a [[u16; 2]],
}

impl Text<'_> {
    pub(super) fn terms(&self) -> impl Iterator<Item = u32> {
        self.few.iter().copied().map(u32::from).chain(self.more.iter().copied().map(whole))
    }

    /// Each term once, and how often it stands there.
    pub(super) fn counts(&self) -> impl Iterator<Item = (u32, u32)> {
        let few = self.few.chunk_by(|a, b| a == b).map(|same| (u32::from(same[0]), same.len() as u32));
        few.chain(self.more.chunk_by(|a, b| a == b).map(|same| (whole(same[0]), same.len() as u32)))
    }
}

const fn whole([low, high]: [u16; 2]) -> u32 {
    low as u32 | (high as u32) << u16::BITS
}

const fn halves(number: u32) -> [u16; 2] {
    [number as u16, (number >> u16::BITS) as u16]
}

/// How many terms of an ascending run fit into a half.
fn small(run: &[u32]) -> usize {
    run.partition_point(|term| *term <= u32::from(u16::MAX))
}

impl Records {
    /// Of ascending runs, and of the lengths of the texts.
    pub(super) fn new(runs: &[Runs; OWN], lengths: &[Vec<u8>; OWN]) -> Self {
        let documents = lengths[0].len();
        let size = |runs: &Runs| -> usize {
            (0..documents).map(|at| runs.run(at)).map(|run| run.len() * 2 - small(run)).sum()
        };
        let all = documents * HEAD + runs.iter().map(size).sum::<usize>();
        let (mut ends, mut record) = (Vec::with_capacity(documents), Vec::with_capacity(all));
        for document in 0..documents {
            for (runs, lengths) in runs.iter().zip(lengths) {
                let run = runs.run(document);
                let few = small(run) as u32;
                record.push(u16::from(lengths[document]));
                record.extend([few, run.len() as u32 - few].into_iter().flat_map(halves));
            }
            for runs in runs {
                let (few, more) = runs.run(document).split_at(small(runs.run(document)));
                record.extend(few.iter().map(|&term| term as u16));
                record.extend(more.iter().copied().flat_map(halves));
            }
            ends.push(record.len() as u32);
        }
        Self { ends, halves: record }
    }

    /// Title, keywords and body of a document.
    pub(super) fn texts(&self, document: usize) -> [Text<'_>; OWN] {
        let (head, mut rest) = self.halves[range(&self.ends, document)].split_at(HEAD);
        std::array::from_fn(|place| {
            let head = &head[place * 5..][..5];
            let (few, others) = rest.split_at(whole([head[1], head[2]]) as usize);
            let (more, others) = others.split_at(2 * whole([head[3], head[4]]) as usize);
            rest = others;
            Text { length: head[0] as u8, few, more: more.as_chunks().0 }
        })
    }

    /// Has fetched where a document's record is.
    pub(super) fn expect(&self, document: usize) {
        sweep::fetch(&self.ends, document);
    }

    /// Has fetched a document's record: the processor sees by the first lines that more are to follow.
    pub(super) fn expect_record(&self, document: usize) {
        let lines = range(&self.ends, document).step_by(sweep::LINE / size_of::<u16>());
        lines.take(FIRST_LINES).for_each(|at| sweep::fetch(&self.halves, at));
    }

    /// Asks for large pages.
    pub(super) fn in_large_pages(&self) {
        sweep::in_large_pages(&self.halves);
    }

    /// Bytes.
    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.halves) + size_of_val(&*self.ends)
    }
}

/// So many lines of a record are fetched before it is read.
const FIRST_LINES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were() {
        let few = vec![0, 3, 3, 65_535, 65_536, 70_000, 70_000, u32::MAX];
        let runs = [
            Runs { ends: vec![8, 8], terms: few.clone() },
            Runs { ends: vec![0, 2], terms: vec![65_536, 65_537] },
            Runs { ends: vec![1, 4], terms: vec![7, 1, 2, 2] },
        ];
        let records = Records::new(&runs, &[vec![9, 0], vec![0, 200], vec![1, 255]]);
        for document in 0..2 {
            for (place, text) in records.texts(document).iter().enumerate() {
                assert!(text.terms().eq(runs[place].run(document).iter().copied()), "{document} {place}");
            }
        }
        let [title, ..] = records.texts(0);
        let counts: Vec<_> = title.counts().collect();
        assert_eq!(counts, [(0, 1), (3, 2), (65_535, 1), (65_536, 1), (70_000, 2), (u32::MAX, 1)]);
        assert_eq!(records.texts(1).map(|text| text.length), [0, 200, 255]);
    }
}
