//! Whom each need finds, and what groups of needs have in common, kept in a file of the data directory from run to run of an epoch. Derived data, as
//! `readings.rs` has it: found by the texts that it was worked out from, and worked out again where it is missing.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use ranking::kindred::Group;
use rustc_hash::FxHashMap;

use super::bytes::{Bytes, put_text, put_u32, read_file, seal, unsealed, write_file};
use crate::kindred::{HELD, Needs, SHOWN, TextDigest};

/// Name of the file.
const FILE: &str = "neighbours";
const MARK: &[u8; 8] = b"HNNEAR02";

/// What a process knows of how needs are alike.
#[derive(Debug, PartialEq)]
pub(super) struct Neighbours {
    /// The epoch by whose statistics they were compared.
    pub(super) key: String,
    /// By the need's number.
    pub(super) needs: BTreeMap<u64, Kept>,
    /// What groups have in common, by [`memo_key`]: a cluster as JSON, or that it is none.
    pub(super) told: FxHashMap<TextDigest, Option<String>>,
}

/// Whom a need finds.
#[derive(Debug, PartialEq)]
pub(super) struct Kept {
    /// Of its texts.
    pub(super) digest: TextDigest,
    /// Numbers and scores, best first, ties by number, itself among them.
    pub(super) near: Vec<(u64, f32)>,
    /// Whether these are all that share a term with it; else there are others, each behind the last one that was found.
    complete: bool,
    /// The last one that was found.
    last: Option<(u64, f32)>,
}

/// The order of [`Kept::near`].
fn order(one: &(u64, f32), other: &(u64, f32)) -> std::cmp::Ordering {
    other.1.total_cmp(&one.1).then(one.0.cmp(&other.0))
}

impl Kept {
    /// What asking has found.
    pub(super) fn new(digest: TextDigest, near: Vec<(u64, f32)>) -> Self {
        Self { digest, complete: near.len() < HELD, last: near.last().copied(), near }
    }

    /// Who scores less is not among them.
    pub(super) fn least(&self) -> f32 {
        self.last.filter(|_| !self.complete).map_or(0.0, |(_, score)| score)
    }

    /// Puts in those who came; whether it is certain then who is shown.
    pub(super) fn merge(&mut self, came: Vec<(u64, f32)>) -> bool {
        self.near.extend(came);
        self.near.sort_unstable_by(order);
        if let Some(last) = self.last.filter(|_| !self.complete) {
            self.near.retain(|one| order(one, &last).is_le());
        }
        if self.near.len() > HELD {
            self.near.truncate(HELD);
            self.last = self.near.last().copied();
            self.complete = false;
        }
        self.complete || self.near.len() >= SHOWN
    }
}

/// Tells the members of a group, each as it stands, from those of any other: what they have in common is the same as long as they are.
pub(super) fn memo_key(group: &Group, needs: &Needs) -> TextDigest {
    let mut hasher = blake3::Hasher::new();
    for member in &group.members {
        let again = needs.same.get(member).map_or(&[][..], Vec::as_slice);
        hasher.update(&(again.len() as u64).to_le_bytes());
        for need in std::iter::once(member).chain(again) {
            let (revision, at) = needs.open.get(need).map_or((0, 0), |open| {
                let (revision, updated_at) = open.revision;
                (revision, updated_at.as_millisecond())
            });
            hasher.update(&need.to_le_bytes());
            hasher.update(&revision.to_le_bytes());
            hasher.update(&at.to_le_bytes());
        }
    }
    hasher.finalize().into()
}

impl Neighbours {
    /// Nothing is known yet.
    pub(super) fn new(key: &str) -> Self {
        Self { key: key.to_owned(), needs: BTreeMap::new(), told: FxHashMap::default() }
    }

    /// What the data directory has of an epoch.
    pub(super) fn open(data_dir: &Path, key: &str) -> Self {
        let read = read_file(data_dir, FILE).and_then(|bytes| Self::from_bytes(&bytes));
        read.filter(|known| known.key == key).unwrap_or_else(|| Self::new(key))
    }

    pub(super) fn save(&self, data_dir: &Path) -> io::Result<()> {
        write_file(data_dir, FILE, &self.to_bytes())
    }

    /// Lets a need be asked about again.
    pub(super) fn forget(&mut self, need: u64) {
        if let Some(kept) = self.needs.get_mut(&need) {
            kept.digest = TextDigest::default();
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        put_text(&mut bytes, &self.key);
        put_u32(&mut bytes, self.needs.len());
        for (number, kept) in &self.needs {
            bytes.extend(number.to_le_bytes());
            bytes.extend(kept.digest);
            bytes.push(u8::from(kept.complete));
            put_u32(&mut bytes, usize::from(kept.last.is_some()));
            kept.last.iter().for_each(|one| put_one(&mut bytes, one));
            put_u32(&mut bytes, kept.near.len());
            kept.near.iter().for_each(|one| put_one(&mut bytes, one));
        }
        put_u32(&mut bytes, self.told.len());
        for (key, told) in &self.told {
            bytes.extend(key);
            put_text(&mut bytes, told.as_deref().unwrap_or_default());
        }
        seal(bytes)
    }

    /// `None` when these are not [`Self::to_bytes`], or of another version.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = unsealed(bytes, MARK)?;
        let key = rest.text()?.to_owned();
        let mut needs = BTreeMap::new();
        for _ in 0..rest.length()? {
            let (number, digest) = (rest.u64()?, *rest.take()?);
            let complete = rest.u8()? == 1;
            let last = some(&mut rest)?.pop();
            needs.insert(number, Kept { digest, near: some(&mut rest)?, complete, last });
        }
        let mut told = FxHashMap::default();
        for _ in 0..rest.length()? {
            let key = *rest.take()?;
            told.insert(key, Some(rest.text()?).filter(|told| !told.is_empty()).map(str::to_owned));
        }
        rest.0.is_empty().then_some(Self { key, needs, told })
    }
}

fn put_one(bytes: &mut Vec<u8>, (number, score): &(u64, f32)) {
    bytes.extend(number.to_le_bytes());
    bytes.extend(score.to_le_bytes());
}

fn some(rest: &mut Bytes<'_>) -> Option<Vec<(u64, f32)>> {
    (0..rest.length()?).map(|_| Some((rest.u64()?, rest.f32()?))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whom a need finds among all, whose scores these are; with few different scores, so that ties are many.
    fn found(all: &BTreeMap<u64, u8>) -> Vec<(u64, f32)> {
        let mut found: Vec<(u64, f32)> = all
            .iter()
            .filter(|(_, score)| **score > 0)
            .map(|(need, score)| (*need, f32::from(*score)))
            .collect();
        found.sort_unstable_by(order);
        found.truncate(HELD);
        found
    }

    proptest! {
        #[test]
        fn who_is_found_is_who_asking_again_finds(
            start in prop::collection::btree_map(1_u64..200, 0_u8..40, 40..160),
            nights in prop::collection::vec(prop::collection::btree_map(1_u64..200, 0_u8..40, 0..20), 1..8),
        ) {
            let mut all = start;
            let mut kept = Kept::new(TextDigest::default(), found(&all));
            for night in nights {
                all.extend(&night);
                kept.near.retain(|(need, _)| !night.contains_key(need));
                let least = kept.least();
                let came = night.iter().map(|(need, score)| (*need, f32::from(*score)));
                let came = came.filter(|(_, score)| *score > 0.0 && *score >= least).collect();
                let anew = found(&all);
                if kept.merge(came) {
                    let shown = SHOWN.min(anew.len());
                    prop_assert_eq!(&kept.near[..SHOWN.min(kept.near.len())], &anew[..shown]);
                } else {
                    kept = Kept::new(TextDigest::default(), anew);
                }
            }
        }
    }

    #[test]
    fn what_is_known_comes_back_and_no_damage_is_taken_for_it() {
        let kept = Kept::new([7; blake3::OUT_LEN], vec![(4, 2.5), (9, 1.5)]);
        let told = [([1; blake3::OUT_LEN], Some("{}".to_owned())), ([2; blake3::OUT_LEN], None)];
        let known = Neighbours {
            needs: BTreeMap::from([(4, kept)]),
            told: told.into_iter().collect(),
            ..Neighbours::new("7-abc")
        };
        let folder = tempfile::tempdir().unwrap();
        known.save(folder.path()).unwrap();
        assert_eq!(Neighbours::open(folder.path(), "7-abc"), known);
        assert_eq!(Neighbours::open(folder.path(), "8-abc"), Neighbours::new("8-abc"));
        let bytes = known.to_bytes();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(
                Neighbours::from_bytes(&damaged).is_none() && Neighbours::from_bytes(&bytes[..at]).is_none()
            );
        }
    }
}
