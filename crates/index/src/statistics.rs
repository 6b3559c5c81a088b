//! What every score of a registry rests on beside the two texts, at one moment: how many records there are, how long their texts are, and how many hold
//! each term. Frozen, it makes the score of a pair a function of the pair alone.
//!
//! As bytes: a mark and version, the counts, then each area's terms in ascending order, each as what it does not share with the one before and the number of
//! records that hold it; a digest last. The same live documents give the same bytes.

use std::sync::Arc;

use domain::Area;
use ranking::{AreaStatistics, Areas, Corpus, Query, idf};
use text::Lexicon;

use crate::facing::Facing;
use crate::snapshot::View;
use crate::{IndexError, postings};

const MARK: &[u8; 8] = b"HNSTAT01";
const DIGEST: usize = blake3::OUT_LEN;

/// Whether one record holds a term or none is not told apart: so frozen statistics need not keep what stands in a single one, which is most.
pub(crate) fn at_least_one(holders: u64) -> u64 {
    holders.max(1)
}

/// The statistics of a registry, frozen.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    documents: u64,
    average_lengths: Areas<f32>,
    piece_length: f32,
    meaning: String,
    /// Terms that more than one record holds in some area.
    terms: Arc<Lexicon>,
    /// By the term's number; 0 where one record holds it at most.
    holders: Arc<[Areas<u32>]>,
    /// What is known of the terms of those who ask.
    asked: Option<Facing<Telling>>,
}

/// How many records hold a term, at least one, and how telling that makes it.
type Telling = (Areas<u64>, Areas<f32>);

impl Statistics {
    pub(crate) fn of(view: &View) -> Result<Self, IndexError> {
        let fields = view.area_fields()?;
        let (mut terms, mut holders) = (Lexicon::default(), Vec::new());
        postings::for_each_term(&fields, |term, standings| {
            let mut areas = Areas::default();
            for standing in standings {
                areas[Area::ALL[standing.field]] += fields[standing.field].live(standing)? as u32;
            }
            let areas = Areas::from_fn(|area| if areas[area] > 1 { areas[area] } else { 0 });
            if areas != Areas::default() {
                terms.push(term);
                holders.push(areas);
            }
            Ok(())
        })?;
        terms.finish();
        let statistics = view.statistics();
        let average = |place: usize| statistics[place].average_length;
        Ok(Self {
            documents: statistics[0].documents,
            average_lengths: Areas {
                title: average(0),
                keywords: average(1),
                body: average(2),
                evidence: average(3),
            },
            piece_length: view.piece_length(),
            meaning: view
                .generation
                .as_ref()
                .map(|generation| generation.reader_of_meaning())
                .unwrap_or_default(),
            terms: Arc::new(terms),
            holders: holders.into(),
            asked: None,
        })
    }

    /// The same, got ready for askers whose registry has these statistics: what is known of the terms that they ask for is looked up now.
    #[must_use]
    pub fn facing(self, askers: &Self) -> Self {
        let held = self.frequencies_of(askers.terms.iter());
        let known = held.into_iter().map(self.telling()).collect();
        let asked = Some(Facing::new(&askers.terms, known));
        Self { asked, ..self }
    }

    fn telling(&self) -> impl Fn(Areas<u64>) -> Telling {
        let documents = self.documents;
        // In most areas most terms are held by one record at most.
        let rarest = idf(1, documents);
        let idf = move |holders| if holders == 1 { rarest } else { idf(holders, documents) };
        move |held| (held, Areas::from_fn(|area| idf(held[area])))
    }

    /// The terms of those who ask, if it is known who they are.
    pub(crate) fn askers(&self) -> Option<&Arc<Lexicon>> {
        self.asked.as_ref().map(Facing::askers)
    }

    /// Terms that more than one record holds in some area.
    pub fn terms(&self) -> &Arc<Lexicon> {
        &self.terms
    }

    /// Records in the registry.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// What tells the vectors, or the model, that the registry's texts were read with.
    pub fn meaning(&self) -> &str {
        &self.meaning
    }

    /// Records that hold `term`, per area, at least one.
    pub fn frequencies(&self, term: &str) -> Areas<u64> {
        self.numbered(self.terms.find(term))
    }

    /// How telling a term is, per area.
    pub(crate) fn idfs(&self, term: &str) -> Areas<f32> {
        self.telling()(self.frequencies(term)).1
    }

    /// As [`Self::frequencies`], of many terms in less time.
    pub fn frequencies_of<'t>(&self, terms: impl Iterator<Item = &'t str> + Clone) -> Vec<Areas<u64>> {
        self.terms.find_each(terms).into_iter().map(|number| self.numbered(number)).collect()
    }

    pub(crate) fn numbered(&self, number: Option<u32>) -> Areas<u64> {
        let holders = number.map_or(Areas::default(), |number| self.holders[number as usize]);
        Areas::from_fn(|area| at_least_one(holders[area].into()))
    }

    /// What the registry knows of a query's terms.
    pub fn corpus(&self, query: &Query) -> Corpus {
        let telling = self.telling();
        let tell = |terms: &[&str]| -> Vec<Telling> {
            self.frequencies_of(terms.iter().copied()).into_iter().map(&telling).collect()
        };
        let known = self.asked.as_ref().and_then(|asked| asked.of(query, tell));
        let known =
            known.unwrap_or_else(|| tell(&query.terms.iter().map(|term| &*term.text).collect::<Vec<_>>()));
        let (frequencies, idfs) = known.into_iter().unzip();
        Corpus::known(self.areas(), self.piece_length, frequencies, idfs)
    }

    pub(crate) fn areas(&self) -> Areas<AreaStatistics> {
        Areas::from_fn(|area| AreaStatistics {
            documents: self.documents,
            average_length: self.average_lengths[area],
        })
    }

    /// Mean number of terms in a single piece of evidence.
    pub(crate) fn piece_length(&self) -> f32 {
        self.piece_length
    }

    /// For a database or a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        bytes.extend(self.documents.to_le_bytes());
        Area::ALL.iter().for_each(|&area| bytes.extend(self.average_lengths[area].to_le_bytes()));
        bytes.extend(self.piece_length.to_le_bytes());
        put_number(&mut bytes, self.meaning.len() as u64);
        bytes.extend(self.meaning.as_bytes());
        put_number(&mut bytes, self.holders.len() as u64);
        let mut before = "";
        for (term, holders) in self.terms.iter().zip(&*self.holders) {
            let shared = before.bytes().zip(term.bytes()).take_while(|(a, b)| a == b).count();
            put_number(&mut bytes, shared as u64);
            put_number(&mut bytes, (term.len() - shared) as u64);
            bytes.extend(&term.as_bytes()[shared..]);
            Area::ALL.iter().for_each(|&area| put_number(&mut bytes, holders[area].into()));
            before = term;
        }
        let digest = blake3::hash(&bytes);
        bytes.extend(digest.as_bytes());
        bytes
    }

    /// Reads the bytes of [`Self::to_bytes`] back.
    ///
    /// # Errors
    /// [`IndexError::NoStatistics`] when they are not such bytes, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IndexError> {
        let (content, digest) = bytes
            .len()
            .checked_sub(DIGEST)
            .and_then(|end| bytes.split_at_checked(end))
            .ok_or(IndexError::NoStatistics)?;
        let mut rest = content.strip_prefix(MARK).ok_or(IndexError::NoStatistics)?;
        if blake3::hash(content).as_bytes() != digest {
            return Err(IndexError::NoStatistics);
        }
        // The digest says that the rest is what was written; whoever wrote it may still have been another program.
        read(&mut rest).filter(|_| rest.is_empty()).ok_or(IndexError::NoStatistics)
    }
}

fn read(rest: &mut &[u8]) -> Option<Statistics> {
    let documents = u64::from_le_bytes(take(rest, 8)?.try_into().ok()?);
    let float = |rest: &mut &[u8]| Some(f32::from_le_bytes(take(rest, 4)?.try_into().ok()?));
    let mut average_lengths = Areas::default();
    for area in Area::ALL {
        average_lengths[area] = float(rest)?;
    }
    let piece_length = float(rest)?;
    let length = number(rest)? as usize;
    let meaning = std::str::from_utf8(take(rest, length)?).ok()?.to_owned();
    let count = number(rest)? as usize;
    // Each term takes some bytes: a number that is no number of terms reserves nothing.
    let mut holders = Vec::with_capacity(count.min(rest.len()));
    let (mut terms, mut term) = (Lexicon::default(), Vec::new());
    for _ in 0..count {
        let (shared, more) = (number(rest)? as usize, number(rest)? as usize);
        let rises = take(rest, more)?;
        if shared > term.len() || term[shared..] >= *rises {
            return None;
        }
        term.truncate(shared);
        term.extend(rises);
        terms.push(std::str::from_utf8(&term).ok()?);
        let mut areas = Areas::default();
        for area in Area::ALL {
            areas[area] = u32::try_from(number(rest)?).ok()?;
        }
        holders.push(areas);
    }
    terms.finish();
    let (terms, holders) = (Arc::new(terms), holders.into());
    Some(Statistics { documents, average_lengths, piece_length, meaning, terms, holders, asked: None })
}

fn take<'b>(rest: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

/// Seven bits to a byte, the lowest first, the highest bit saying that more follow.
fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
