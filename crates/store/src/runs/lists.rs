//! What was found for a need in a registry, as it is stored: numbers and scores, no texts. A list stands from the run that wrote it until a
//! later run writes another.

use domain::Kind;

use super::bytes::{Bytes, cut_short};
use crate::backend::on_backend;
use crate::rows::{row, signed, unsigned};
use crate::sql::runs as texts;
use crate::{RunId, Store, StoreError};

const VERSION: u8 = 1;
const TAKES_PART: u8 = 1;
const COMPLETE: u8 = 2;

/// A need's list in a registry.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchList {
    /// Number of the need.
    pub need: u64,
    /// The registry.
    pub target: Kind,
    /// Whether the need takes part in matching; one that is closed or past its validity has an empty list.
    pub takes_part: bool,
    /// Whether these are all that may be proposed; else there are others, each below the last of these.
    pub complete: bool,
    /// So many are shown; those after them are held in reserve for the next run.
    pub shown: usize,
    /// Best first.
    pub places: Vec<Place>,
}

/// A place in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Number of the record.
    pub number: u64,
    /// The score; higher is better.
    pub score: f64,
    /// What the score is made of; nothing for one that is held in reserve.
    pub parts: Vec<PlacePart>,
}

/// A part of a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlacePart {
    /// Which one; the engine knows.
    pub code: u8,
    /// Its value.
    pub value: f32,
    /// Its weight.
    pub weight: f32,
    /// What it comes to.
    pub points: f64,
}

impl MatchList {
    /// The list of a need that takes no part.
    pub fn of_none(need: u64, target: Kind) -> Self {
        Self { need, target, takes_part: false, complete: true, shown: 0, places: Vec::new() }
    }

    /// Those that are shown, best first.
    pub fn shown(&self) -> &[Place] {
        &self.places[..self.shown.min(self.places.len())]
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let flags = if self.takes_part { TAKES_PART } else { 0 } | if self.complete { COMPLETE } else { 0 };
        let mut bytes = vec![VERSION, flags];
        bytes.extend(short(self.shown).to_le_bytes());
        bytes.extend(short(self.places.len()).to_le_bytes());
        for place in &self.places {
            bytes.extend(place.number.to_le_bytes());
            bytes.extend(place.score.to_le_bytes());
            bytes.push(u8::try_from(place.parts.len()).unwrap_or(u8::MAX));
            for PlacePart { code, value, weight, points } in place.parts.iter().take(usize::from(u8::MAX)) {
                bytes.push(*code);
                bytes.extend(value.to_le_bytes());
                bytes.extend(weight.to_le_bytes());
                bytes.extend(points.to_le_bytes());
            }
        }
        bytes
    }

    fn from_bytes(need: u64, target: Kind, bytes: &[u8]) -> Result<Self, StoreError> {
        let mut bytes = Bytes(bytes);
        if bytes.u8()? != VERSION {
            return Err(cut_short());
        }
        let flags = bytes.u8()?;
        let (shown, count) = (usize::from(bytes.u16()?), usize::from(bytes.u16()?));
        let mut places = Vec::with_capacity(count);
        for _ in 0..count {
            let (number, score) = (bytes.u64()?, bytes.f64()?);
            let parts = (0..bytes.u8()?).map(|_| {
                let (code, value, weight) = (bytes.u8()?, bytes.f32()?, bytes.f32()?);
                Ok(PlacePart { code, value, weight, points: bytes.f64()? })
            });
            let parts = parts.collect::<Result<_, StoreError>>()?;
            places.push(Place { number, score, parts });
        }
        bytes.end()?;
        let (takes_part, complete) = (flags & TAKES_PART != 0, flags & COMPLETE != 0);
        Ok(Self { need, target, takes_part, complete, shown, places })
    }

    /// Takes somebody off the list, those below move up. Tells whether anybody was there.
    pub(super) fn strike(&mut self, number: u64) -> Option<bool> {
        let at = self.places.iter().position(|place| place.number == number)?;
        self.places.remove(at);
        let was_shown = at < self.shown;
        // One held in reserve has no parts to be shown with.
        self.shown -= usize::from(was_shown);
        Some(was_shown)
    }
}

/// Lists are as short as people read; no setting asks for longer ones.
fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

row! {
    pub(super) struct ListRow {
        need: i64,
        target_kind: String,
        places: Vec<u8>,
    }
}

impl ListRow {
    pub(super) fn list(self) -> Result<MatchList, StoreError> {
        let target = kind(&self.target_kind)?;
        MatchList::from_bytes(unsigned(self.need), target, &self.places)
    }
}

pub(super) fn kind(slug: &str) -> Result<Kind, StoreError> {
    slug.parse().map_err(|error: String| crate::rows::corrupt("登记库名".to_owned(), error))
}

pub(super) fn read(need: i64, target: Kind, bytes: &[u8]) -> Result<MatchList, StoreError> {
    MatchList::from_bytes(unsigned(need), target, bytes)
}

impl Store {
    /// What a published run shows for a need in a registry; `None` when nothing was ever found out. Of a run not published nothing is shown.
    pub async fn match_list(
        &self,
        run: RunId,
        need: u64,
        target: Kind,
    ) -> Result<Option<MatchList>, StoreError> {
        let row: Option<ListRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::LIST)
                .bind(signed(run.0))
                .bind(signed(need))
                .bind(target.slug())
                .fetch_optional(&pools.readers)
                .await?
        });
        row.map(ListRow::list).transpose()
    }

    /// The lists that a run shows for the needs with a number greater than `after` and up to `up_to`, by need.
    pub async fn match_lists(
        &self,
        run: RunId,
        after: u64,
        up_to: u64,
    ) -> Result<Vec<MatchList>, StoreError> {
        let rows: Vec<ListRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::LISTS)
                .bind(signed(run.0))
                .bind(signed(after))
                .bind(signed(up_to))
                .fetch_all(&pools.readers)
                .await?
        });
        rows.into_iter().map(ListRow::list).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn list() -> MatchList {
        let part = PlacePart { code: 3, value: 1.5, weight: 0.25, points: 12.345_678_901 };
        let place = |number, parts| Place { number, score: 1.0 / number as f64, parts };
        let places = vec![place(7, vec![part; 2]), place(9, vec![part]), place(u64::MAX, Vec::new())];
        MatchList { need: 4, target: Kind::Expert, takes_part: true, complete: false, shown: 2, places }
    }

    #[test]
    fn a_list_comes_back_as_it_was_and_no_damage_is_taken_for_one() {
        let bytes = list().to_bytes();
        assert_eq!(MatchList::from_bytes(4, Kind::Expert, &bytes).unwrap(), list());
        for length in 0..bytes.len() {
            assert!(MatchList::from_bytes(4, Kind::Expert, &bytes[..length]).is_err(), "{length}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(MatchList::from_bytes(4, Kind::Expert, &longer).is_err());
    }

    #[test]
    fn who_is_struck_leaves_no_trace_and_nobody_without_parts_is_shown_instead() {
        let mut struck = list();
        assert_eq!(struck.strike(9), Some(true));
        assert_eq!(struck.shown().iter().map(|place| place.number).collect::<Vec<_>>(), [7]);
        assert_eq!(struck.strike(u64::MAX), Some(false));
        assert_eq!((struck.shown, struck.strike(9)), (1, None));
    }
}
