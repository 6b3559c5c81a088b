//! What needs ask for, as they were read in an epoch, kept in a file of the data directory: to read a need takes as long as to rank it among those who
//! changed, and most needs say what they said the night before.
//!
//! Derived data: a file that is missing, damaged or of another epoch is as good as an empty one, and costs time only. A reading is found by the digest of
//! the texts that were read, so it is never taken for that of others. The file is replaced whole, by rename; of two processes that write one, the last one's
//! stays.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use ranking::{Query, WeightedTerm};
use rustc_hash::FxHashMap;
use text::{Lexicon, TokenKind};
use vectors::Direction;

use super::bytes::{Bytes, put_text, put_u32, read_file, seal, unsealed, write_file};
use crate::kindred::TextDigest;
use crate::rematch::TARGETS;

/// Name of the file.
const FILE: &str = "readings";
const MARK: &[u8; 8] = b"HNREAD02";

/// What a process knows of what needs ask for. Readings lie as the file has them, one behind the other, and are taken up one by one: a night asks for each of
/// thousands once.
#[derive(Default)]
pub(super) struct Readings {
    /// The epoch by whose statistics they were read.
    key: String,
    /// All terms that are asked for.
    terms: Lexicon,
    /// The terms of the needs' registry, and the numbers that the first of those that are asked for have there.
    peers: Option<Arc<Lexicon>>,
    numbers: Vec<Option<u32>>,
    /// Each need's reading somewhere among these.
    bytes: Vec<u8>,
    needs: FxHashMap<u64, Range<usize>>,
    /// Whether the file knows less.
    is_new: bool,
}

/// What a need asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// The query's terms by their places, and what they weigh.
    pub(super) terms: Vec<(u32, f32)>,
    /// Of each term: its kind, and what it counts for the meaning.
    others: Vec<(TokenKind, f32)>,
    /// Grounds end to end, and where each ends.
    grounds: Vec<u32>,
    ends: Vec<u32>,
    /// Where it points in each registry.
    directions: Directions,
    /// What bounds go by in each registry.
    pub(super) measures: [Measure; TARGETS.len()],
}

/// Where a query points in each registry, as far as it does. As a rule all have the same vectors.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Directions {
    different: Vec<Direction>,
    of: [Option<u8>; TARGETS.len()],
}

/// What a query's bounds go by in a registry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measure {
    /// [`ranking::Corpus::ideal`].
    pub(super) ideal: f32,
    /// What one of likeness is worth at most.
    pub(super) rate: f32,
}

const KINDS: [TokenKind; 5] =
    [TokenKind::Unigram, TokenKind::Bigram, TokenKind::Word, TokenKind::Latin, TokenKind::Synonym];

impl Directions {
    pub(super) fn new(of: [Option<Direction>; TARGETS.len()]) -> Self {
        let mut different: Vec<Direction> = Vec::new();
        let of = of.map(|direction| {
            let direction = direction?;
            let known = different.iter().position(|known| *known == direction);
            Some(known.unwrap_or_else(|| {
                different.push(direction);
                different.len() - 1
            }) as u8)
        });
        Self { different, of }
    }

    /// In a registry, by its place among [`TARGETS`].
    pub(super) fn of(&self, at: usize) -> Option<&Direction> {
        self.different.get(usize::from(self.of[at]?))
    }

    /// In all of them, if that is the same.
    pub(super) fn common(&self) -> Option<&Direction> {
        self.of(0).filter(|_| self.of.iter().all(|of| *of == self.of[0]))
    }
}

impl Readings {
    /// Those of an epoch that the data directory has.
    pub(super) fn open(data_dir: &Path, key: &str) -> Self {
        let read = read_file(data_dir, FILE).and_then(Self::from_bytes);
        let of_epoch = read.filter(|readings| readings.key == key);
        of_epoch.unwrap_or_else(|| Self { key: key.to_owned(), ..Self::default() })
    }

    /// With the numbers that terms have in the needs' registry.
    pub(super) fn numbered_by(self, peers: &Arc<Lexicon>) -> Self {
        Self { peers: Some(peers.clone()), ..self }
    }

    /// Writes the file anew, when there is anything that it does not have.
    pub(super) fn save(&mut self, data_dir: &Path) -> io::Result<()> {
        if std::mem::take(&mut self.is_new) { write_file(data_dir, FILE, &self.to_bytes()) } else { Ok(()) }
    }

    /// What a need asks for that says this.
    pub(super) fn saying(&self, need: u64, digest: &TextDigest) -> Option<Reading> {
        let mut reading = Bytes(self.bytes.get(self.needs.get(&need)?.clone())?);
        (reading.take()? == digest).then(|| Reading::read(&mut reading, self.terms.len()))?
    }

    /// All terms that are asked for. None ever gets another number.
    pub(super) fn terms(&self) -> &Lexicon {
        &self.terms
    }

    /// Keeps what a need asks for that says this.
    pub(super) fn keep(
        &mut self,
        need: u64,
        digest: &TextDigest,
        query: &Query,
        directions: Directions,
        measures: [Measure; TARGETS.len()],
    ) {
        let terms = query.terms.iter().map(|term| (self.terms.take(&term.text).0, term.weight)).collect();
        let others = query.terms.iter().map(|term| (term.kind, term.meaning)).collect();
        let end = |end: &mut u32, ground: &Vec<u32>| {
            *end += ground.len() as u32;
            Some(*end)
        };
        let ends = query.grounds.iter().scan(0, end).collect();
        let grounds = query.grounds.concat();
        let start = self.bytes.len();
        self.bytes.extend(digest);
        Reading { terms, others, grounds, ends, directions, measures }.write(&mut self.bytes);
        self.needs.insert(need, start..self.bytes.len());
        self.is_new = true;
    }

    /// Lets go of what these needs asked for.
    pub(super) fn forget(&mut self, needs: &[u64]) {
        for need in needs {
            self.is_new |= self.needs.remove(need).is_some();
        }
    }

    /// The query that was read.
    pub(super) fn query(&mut self, reading: &Reading) -> Query {
        if let Some(peers) = &self.peers {
            let new = (self.numbers.len()..self.terms.len()).map(|place| self.terms.term(place as u32));
            self.numbers.extend(peers.find_each(new));
        }
        let term = |(&(place, weight), &(kind, meaning)): (&(u32, f32), &(TokenKind, f32))| WeightedTerm {
            text: self.terms.term(place).to_owned(),
            kind,
            weight,
            meaning,
            number: self.numbers.get(place as usize).copied().flatten(),
        };
        let terms = reading.terms.iter().zip(&reading.others).map(term).collect();
        let grounds = reading.grounds().into_iter().map(<[u32]>::to_vec).collect();
        Query { terms, grounds, meaning: reading.directions.common().cloned(), peers: self.peers.clone() }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes.len() + self.terms.len() * TERM);
        bytes.extend(MARK);
        put_text(&mut bytes, &self.key);
        put_u32(&mut bytes, self.terms.len());
        self.terms.iter().for_each(|term| put_text(&mut bytes, term));
        put_u32(&mut bytes, self.needs.len());
        for (number, reading) in &self.needs {
            bytes.extend(number.to_le_bytes());
            put_u32(&mut bytes, reading.len());
            bytes.extend(&self.bytes[reading.clone()]);
        }
        seal(bytes)
    }

    /// `None` when these are not [`Self::to_bytes`], or of another version.
    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let mut rest = unsealed(&bytes, MARK)?;
        let key = rest.text()?.to_owned();
        let count = rest.length()?;
        let mut terms = Lexicon::default();
        for _ in 0..count {
            terms.push(rest.text()?);
        }
        terms.finish();
        let count = rest.length()?;
        let mut needs = FxHashMap::with_capacity_and_hasher(count, rustc_hash::FxBuildHasher);
        for _ in 0..count {
            let (need, length) = (rest.u64()?, rest.length()?);
            let start = bytes.len() - blake3::OUT_LEN - rest.0.len();
            rest.0 = rest.0.get(length..)?;
            needs.insert(need, start..start + length);
        }
        rest.0.is_empty().then_some(())?;
        Some(Self { key, terms, needs, bytes, ..Self::default() })
    }
}

/// Bytes of a term in the file, as a rule at most.
const TERM: usize = 16;

impl Reading {
    /// Of each term of the query its kind.
    pub(super) fn kinds(&self) -> impl Iterator<Item = TokenKind> {
        self.others.iter().map(|(kind, _)| *kind)
    }

    /// As [`Query::grounds`] has them.
    pub(super) fn grounds(&self) -> Vec<&[u32]> {
        let mut start = 0;
        let ground = |&end: &u32| &self.grounds[std::mem::replace(&mut start, end as usize)..end as usize];
        self.ends.iter().map(ground).collect()
    }

    /// Where it points in a registry, by its place among [`TARGETS`].
    pub(super) fn direction(&self, at: usize) -> Option<&Direction> {
        self.directions.of(at)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        for (Measure { ideal, rate }, direction) in self.measures.iter().zip(self.directions.of) {
            bytes.extend(ideal.to_le_bytes());
            bytes.extend(rate.to_le_bytes());
            bytes.push(direction.unwrap_or(NOWHERE));
        }
        bytes.push(self.directions.different.len() as u8);
        for direction in &self.directions.different {
            put_u32(bytes, direction.values().len());
            direction.values().iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        }
        put_u32(bytes, self.terms.len());
        for ((place, weight), (kind, meaning)) in self.terms.iter().zip(&self.others) {
            let kind = KINDS.iter().position(|known| known == kind).unwrap_or_default();
            bytes.extend(place.to_le_bytes());
            bytes.extend(weight.to_le_bytes());
            bytes.push(kind as u8);
            bytes.extend(meaning.to_le_bytes());
        }
        for places in [&self.ends, &self.grounds] {
            put_u32(bytes, places.len());
            places.iter().for_each(|place| bytes.extend(place.to_le_bytes()));
        }
    }

    /// `all` is how many terms there are.
    fn read(rest: &mut Bytes<'_>, all: usize) -> Option<Self> {
        let mut measures = [Measure { ideal: 0.0, rate: 0.0 }; TARGETS.len()];
        let mut directions = Directions::default();
        for (measure, direction) in measures.iter_mut().zip(&mut directions.of) {
            *measure = Measure { ideal: rest.f32()?, rate: rest.f32()? };
            *direction = Some(rest.u8()?).filter(|direction| *direction != NOWHERE);
        }
        for _ in 0..rest.u8()? {
            let count = rest.length()?;
            let values = (0..count).map(|_| rest.i16()).collect::<Option<_>>()?;
            directions.different.push(Direction::from_values(values));
        }
        let count = rest.length()?;
        let (mut terms, mut others) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for _ in 0..count {
            let (place, weight) = (rest.u32()?, rest.f32()?);
            if place as usize >= all {
                return None;
            }
            terms.push((place, weight));
            others.push((*KINDS.get(usize::from(rest.u8()?))?, rest.f32()?));
        }
        let mut places = || -> Option<Vec<u32>> { (0..rest.length()?).map(|_| rest.u32()).collect() };
        let (ends, grounds) = (places()?, places()?);
        let rise = ends.is_sorted() && ends.last().map_or(0, |end| *end as usize) == grounds.len();
        let sound = rise && grounds.iter().all(|place| (*place as usize) < terms.len());
        (sound && rest.0.is_empty()).then_some(Self { terms, others, grounds, ends, directions, measures })
    }
}

/// In place of a direction.
const NOWHERE: u8 = u8::MAX;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn query() -> Query {
        let term = |text: &str, kind, weight, meaning| WeightedTerm {
            text: text.to_owned(),
            kind,
            weight,
            meaning,
            number: None,
        };
        let terms = vec![
            term("激光", TokenKind::Bigram, 1.25, 0.5),
            term("≈焊接", TokenKind::Synonym, 0.1, 7.0),
            term("pvdf", TokenKind::Latin, 4.0, 0.0),
        ];
        Query {
            terms,
            grounds: vec![vec![0, 2], Vec::new(), vec![1]],
            meaning: Some(direction(8)),
            peers: None,
        }
    }

    fn direction(last: i16) -> Direction {
        Direction::from_values(vec![3, -8191, 0, last])
    }

    /// Two registries have the same vectors.
    fn directions() -> Directions {
        Directions::new([Some(direction(8)), None, Some(direction(8))])
    }

    fn digest(title: &str) -> TextDigest {
        blake3::hash(title.as_bytes()).into()
    }

    fn readings() -> Readings {
        let mut readings = Readings { key: "7-abc".to_owned(), ..Readings::default() };
        let measures = [1.0, 2.0, 3.0].map(|ideal| Measure { ideal, rate: 0.5 });
        let same = Directions::new([(); 3].map(|()| Some(direction(8))));
        readings.keep(4, &digest("激光焊接"), &query(), same, measures);
        readings.keep(9, &digest("别的"), &query(), directions(), measures);
        readings
    }

    #[test]
    fn what_a_need_asks_for_comes_back_as_it_was_read_and_no_damage_is_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        readings().save(folder.path()).unwrap();
        let mut read = Readings::open(folder.path(), "7-abc");
        let (one, other) =
            (read.saying(4, &digest("激光焊接")).unwrap(), read.saying(9, &digest("别的")).unwrap());
        assert_eq!(read.query(&one), query());
        assert_eq!(one.grounds(), [&[0, 2][..], &[], &[1]]);
        assert_eq!(one.measures[2], Measure { ideal: 3.0, rate: 0.5 });
        assert_eq!(read.query(&other).meaning, None, "not the same everywhere");
        assert_eq!(other.directions, directions());
        assert_eq!([0, 1, 2].map(|at| other.direction(at).is_some()), [true, false, true]);
        assert_ne!(Directions::new([Some(direction(8)), None, Some(direction(7))]), directions());
        assert!(read.saying(4, &digest("激光切割")).is_none(), "it says something else now");
        assert!(read.saying(5, &digest("激光焊接")).is_none());
        assert!(Readings::open(folder.path(), "8-abc").needs.is_empty(), "other statistics");
        let bytes = readings().to_bytes();
        for length in 0..bytes.len() {
            assert!(Readings::from_bytes(bytes[..length].to_vec()).is_none(), "{length}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(Readings::from_bytes(damaged).is_none(), "{at}");
        }
    }

    #[test]
    fn terms_have_the_numbers_of_the_needs_registry() {
        let folder = tempfile::tempdir().unwrap();
        readings().save(folder.path()).unwrap();
        let mut peers = Lexicon::default();
        ["pvdf", "回收", "激光"].iter().for_each(|term| peers.push(term));
        peers.finish();
        let peers = Arc::new(peers);
        let mut readings = Readings::open(folder.path(), "7-abc").numbered_by(&peers);
        let mut later = query();
        later.terms[1].text = "回收".to_owned();
        let mut numbers = |number, title: &str| -> Vec<Option<u32>> {
            let reading = readings.saying(number, &digest(title)).unwrap();
            let query = readings.query(&reading);
            assert!(Arc::ptr_eq(query.peers.as_ref().unwrap(), &peers));
            query.terms.iter().map(|term| term.number).collect()
        };
        assert_eq!(numbers(4, "激光焊接"), [Some(2), None, Some(0)]);
        let measures = [Measure { ideal: 1.0, rate: 0.0 }; TARGETS.len()];
        readings.keep(5, &digest("回收"), &later, Directions::default(), measures);
        let mut numbers = |number, title: &str| -> Vec<Option<u32>> {
            let reading = readings.saying(number, &digest(title)).unwrap();
            readings.query(&reading).terms.iter().map(|term| term.number).collect()
        };
        assert_eq!(numbers(5, "回收"), [Some(2), Some(1), Some(0)]);
    }

    #[test]
    fn a_file_is_written_for_what_is_new_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut readings = readings();
        readings.save(folder.path()).unwrap();
        std::fs::remove_file(folder.path().join(FILE)).unwrap();
        readings.save(folder.path()).unwrap();
        assert!(!folder.path().join(FILE).exists());
        readings.forget(&[4]);
        readings.save(folder.path()).unwrap();
        assert_eq!(Readings::open(folder.path(), "7-abc").needs.len(), 1);
    }
}
