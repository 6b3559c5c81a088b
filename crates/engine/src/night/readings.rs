//! What needs ask for, as they were read in an epoch, kept in a file of the data directory: to read a need takes as long as to rank it among those who
//! changed, and most needs say what they said the night before.
//!
//! Derived data: a file that is missing, damaged or of another epoch is as good as an empty one, and costs time only. A reading is found by the digest of
//! the texts that were read, so it is never taken for that of others. The file is replaced whole, by rename; of two processes that write one, the last one's
//! stays.

use std::io;
use std::path::Path;
use std::sync::Arc;

use domain::Record;
use ranking::{Query, WeightedTerm};
use rustc_hash::FxHashMap;
use text::{Lexicon, TokenKind};
use vectors::Direction;

use super::bytes::{Bytes, put_text, put_u32, read_file, seal, unsealed, write_file};
use crate::kindred::{TextDigest, text_digest};
use crate::rematch::TARGETS;

/// Name of the file.
const FILE: &str = "readings";
const MARK: &[u8; 8] = b"HNREAD01";

/// What a process knows of what needs ask for.
#[derive(Default)]
pub(super) struct Readings {
    /// The epoch by whose statistics they were read.
    key: String,
    /// All terms that are asked for, and the place of each.
    terms: Vec<Box<str>>,
    places: FxHashMap<Box<str>, u32>,
    /// The terms of the needs' registry, and the numbers that those that are asked for have there.
    peers: Option<Arc<Lexicon>>,
    numbers: Vec<Option<u32>>,
    /// By the need's number.
    needs: FxHashMap<u64, Reading>,
    /// Whether the file knows less.
    is_new: bool,
}

/// What a need asks for.
pub(super) struct Reading {
    digest: TextDigest,
    /// The query's terms by their places, and what they weigh.
    pub(super) terms: Vec<(u32, f32)>,
    /// Of each term: its kind, and what it counts for the meaning.
    others: Vec<(TokenKind, f32)>,
    grounds: Vec<Vec<u32>>,
    meaning: Option<Direction>,
    /// What bounds go by in each registry.
    pub(super) measures: [Measure; TARGETS.len()],
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

impl Readings {
    /// Those of an epoch that the data directory has.
    pub(super) fn open(data_dir: &Path, key: &str) -> Self {
        let read = read_file(data_dir, FILE).and_then(|bytes| Self::from_bytes(&bytes));
        let of_epoch = read.filter(|readings| readings.key == key);
        of_epoch.unwrap_or_else(|| Self { key: key.to_owned(), ..Self::default() })
    }

    /// With the numbers that terms have in the needs' registry.
    pub(super) fn numbered_by(self, peers: &Arc<Lexicon>) -> Self {
        let numbers = peers.find_each(self.terms.iter().map(|term| &**term));
        Self { peers: Some(peers.clone()), numbers, ..self }
    }

    /// Writes the file anew, when there is anything that it does not have.
    pub(super) fn save(&mut self, data_dir: &Path) -> io::Result<()> {
        if std::mem::take(&mut self.is_new) { write_file(data_dir, FILE, &self.to_bytes()) } else { Ok(()) }
    }

    /// What a need asks for, if it says what it said when it was read.
    pub(super) fn of(&self, need: &Record) -> Option<&Reading> {
        self.saying(need.id.number, &text_digest(need))
    }

    /// What a need asks for that says this.
    pub(super) fn saying(&self, need: u64, digest: &TextDigest) -> Option<&Reading> {
        self.needs.get(&need).filter(|reading| reading.digest == *digest)
    }

    /// All terms that are asked for.
    pub(super) fn terms(&self) -> &[Box<str>] {
        &self.terms
    }

    /// Keeps what a need asks for.
    pub(super) fn keep(&mut self, need: &Record, query: &Query, measures: [Measure; TARGETS.len()]) {
        let terms = query.terms.iter().map(|term| (self.place(&term.text), term.weight)).collect();
        let others = query.terms.iter().map(|term| (term.kind, term.meaning)).collect();
        let (grounds, meaning) = (query.grounds.clone(), query.meaning.clone());
        let reading = Reading { digest: text_digest(need), terms, others, grounds, meaning, measures };
        self.needs.insert(need.id.number, reading);
        self.is_new = true;
    }

    /// Lets go of what these needs asked for.
    pub(super) fn forget(&mut self, needs: &[u64]) {
        for need in needs {
            self.is_new |= self.needs.remove(need).is_some();
        }
    }

    /// The query that was read.
    pub(super) fn query(&self, reading: &Reading) -> Query {
        let term = |(&(place, weight), &(kind, meaning)): (&(u32, f32), &(TokenKind, f32))| WeightedTerm {
            text: self.terms[place as usize].to_string(),
            kind,
            weight,
            meaning,
            number: self.numbers.get(place as usize).copied().flatten(),
        };
        let terms = reading.terms.iter().zip(&reading.others).map(term).collect();
        let (grounds, meaning) = (reading.grounds.clone(), reading.meaning.clone());
        Query { terms, grounds, meaning, peers: self.peers.clone() }
    }

    fn place(&mut self, term: &str) -> u32 {
        if let Some(&place) = self.places.get(term) {
            return place;
        }
        let place = self.terms.len() as u32;
        self.numbers.extend(self.peers.as_ref().map(|peers| peers.find(term)));
        self.terms.push(term.into());
        self.places.insert(term.into(), place);
        place
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        put_text(&mut bytes, &self.key);
        put_u32(&mut bytes, self.terms.len());
        self.terms.iter().for_each(|term| put_text(&mut bytes, term));
        put_u32(&mut bytes, self.needs.len());
        for (number, reading) in &self.needs {
            bytes.extend(number.to_le_bytes());
            reading.write(&mut bytes);
        }
        seal(bytes)
    }

    /// `None` when these are not [`Self::to_bytes`], or of another version.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = unsealed(bytes, MARK)?;
        let key = rest.text()?.to_owned();
        let count = rest.length()?;
        let terms: Vec<Box<str>> = (0..count).map(|_| Some(rest.text()?.into())).collect::<Option<_>>()?;
        let count = rest.length()?;
        let mut needs = FxHashMap::with_capacity_and_hasher(count, rustc_hash::FxBuildHasher);
        for _ in 0..count {
            needs.insert(rest.u64()?, Reading::read(&mut rest, terms.len())?);
        }
        let places = terms.iter().cloned().zip(0..).collect();
        rest.0.is_empty().then_some(Self { key, terms, places, needs, ..Self::default() })
    }
}

impl Reading {
    /// Of each term of the query its kind.
    pub(super) fn kinds(&self) -> impl Iterator<Item = TokenKind> {
        self.others.iter().map(|(kind, _)| *kind)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.digest);
        for Measure { ideal, rate } in &self.measures {
            bytes.extend(ideal.to_le_bytes());
            bytes.extend(rate.to_le_bytes());
        }
        put_u32(bytes, self.terms.len());
        for ((place, weight), (kind, meaning)) in self.terms.iter().zip(&self.others) {
            let kind = KINDS.iter().position(|known| known == kind).unwrap_or_default();
            bytes.extend(place.to_le_bytes());
            bytes.extend(weight.to_le_bytes());
            bytes.push(kind as u8);
            bytes.extend(meaning.to_le_bytes());
        }
        put_u32(bytes, self.grounds.len());
        for ground in &self.grounds {
            put_u32(bytes, ground.len());
            ground.iter().for_each(|place| bytes.extend(place.to_le_bytes()));
        }
        let values = self.meaning.as_ref().map_or(&[][..], Direction::values);
        put_u32(bytes, values.len());
        values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
    }

    /// `all` is how many terms there are.
    fn read(rest: &mut Bytes<'_>, all: usize) -> Option<Self> {
        let digest = *rest.take()?;
        let mut measures = [Measure { ideal: 0.0, rate: 0.0 }; TARGETS.len()];
        for measure in &mut measures {
            *measure = Measure { ideal: rest.f32()?, rate: rest.f32()? };
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
        let count = rest.length()?;
        let mut grounds = Vec::with_capacity(count);
        for _ in 0..count {
            let length = rest.length()?;
            let ground: Vec<u32> = (0..length).map(|_| rest.u32()).collect::<Option<_>>()?;
            if ground.iter().any(|place| *place as usize >= terms.len()) {
                return None;
            }
            grounds.push(ground);
        }
        let count = rest.length()?;
        let values: Vec<i16> = (0..count).map(|_| rest.i16()).collect::<Option<_>>()?;
        let meaning = (!values.is_empty()).then(|| Direction::from_values(values));
        Some(Self { digest, terms, others, grounds, meaning, measures })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use domain::{Kind, Need, Profile, RecordId, Status};
    use jiff::Timestamp;

    use super::*;

    fn need(number: u64, title: &str) -> Record {
        let profile = Profile::Need(Need { title: title.to_owned(), ..Need::default() });
        let (created_at, updated_at) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let (id, external_id) = (RecordId::new(Kind::Need, number), String::new());
        Record { id, external_id, revision: 1, status: Status::Open, created_at, updated_at, profile }
    }

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
        let meaning = Some(Direction::from_values(vec![3, -8191, 0, 8]));
        Query { terms, grounds: vec![vec![0, 2], vec![1]], meaning, peers: None }
    }

    fn readings() -> Readings {
        let mut readings = Readings { key: "7-abc".to_owned(), ..Readings::default() };
        let measures = [1.0, 2.0, 3.0].map(|ideal| Measure { ideal, rate: 0.5 });
        readings.keep(&need(4, "激光焊接"), &query(), measures);
        readings.keep(&need(9, "别的"), &Query { meaning: None, ..query() }, measures);
        readings
    }

    #[test]
    fn what_a_need_asks_for_comes_back_as_it_was_read_and_no_damage_is_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        readings().save(folder.path()).unwrap();
        let read = Readings::open(folder.path(), "7-abc");
        assert_eq!(read.query(read.of(&need(4, "激光焊接")).unwrap()), query());
        assert_eq!(read.query(read.of(&need(9, "别的")).unwrap()).meaning, None);
        assert_eq!(read.of(&need(4, "激光焊接")).unwrap().measures[2], Measure { ideal: 3.0, rate: 0.5 });
        assert!(read.of(&need(4, "激光切割")).is_none(), "it says something else now");
        assert!(read.of(&need(5, "激光焊接")).is_none());
        assert!(Readings::open(folder.path(), "8-abc").needs.is_empty(), "other statistics");
        let bytes = readings().to_bytes();
        for length in 0..bytes.len() {
            assert!(Readings::from_bytes(&bytes[..length]).is_none(), "{length}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(Readings::from_bytes(&damaged).is_none(), "{at}");
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
        readings.keep(&need(5, "回收"), &later, [Measure { ideal: 1.0, rate: 0.0 }; TARGETS.len()]);
        let numbers = |number, title: &str| -> Vec<Option<u32>> {
            let query = readings.query(readings.of(&need(number, title)).unwrap());
            assert!(Arc::ptr_eq(query.peers.as_ref().unwrap(), &peers));
            query.terms.iter().map(|term| term.number).collect()
        };
        assert_eq!(numbers(4, "激光焊接"), [Some(2), None, Some(0)]);
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
