//! What was found for a need in a registry, as it is stored: numbers and scores, no texts. A list stands from the run that wrote it until a
//! later run writes another.
//!
//! A night reads every list and writes half of them, so they are kept small: of a score's parts the values alone, and of these only those that are not 0. What
//! parts weigh is the same in a whole list and stands at its head; what they come to follows from both and from the score.

use domain::Kind;

use super::bytes::{Bytes, cut_short};
use crate::backend::on_backend;
use crate::rows::{row, signed, unsigned};
use crate::sql::runs as texts;
use crate::{RunId, Store, StoreError};

const VERSION: u8 = 2;
/// Of each place all parts, with weights and points.
const WITH_POINTS: u8 = 1;
const TAKES_PART: u8 = 1;
const COMPLETE: u8 = 2;

/// Parts that a score may have, by their codes; the engine knows them.
pub const PARTS: usize = 10;

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
    /// What each part of a score weighs, by its code.
    pub weights: [f32; PARTS],
    /// Best first.
    pub places: Vec<Place>,
}

/// A place in a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Number of the record.
    pub number: u64,
    /// The score; higher is better.
    pub score: f64,
    /// The values of the score's parts, by their codes.
    pub values: [f32; PARTS],
}

impl MatchList {
    /// The list of a need that takes no part.
    pub fn of_none(need: u64, target: Kind) -> Self {
        let (weights, places) = ([0.0; PARTS], Vec::new());
        Self { need, target, takes_part: false, complete: true, shown: 0, weights, places }
    }

    /// Those that are shown, best first.
    pub fn shown(&self) -> &[Place] {
        &self.places[..self.shown.min(self.places.len())]
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let flags = if self.takes_part { TAKES_PART } else { 0 } | if self.complete { COMPLETE } else { 0 };
        let mut bytes = Vec::with_capacity(HEAD + self.places.len() * MOST_OF_PLACE);
        bytes.extend([VERSION, flags]);
        bytes.extend(short(self.shown).to_le_bytes());
        bytes.extend(short(self.places.len()).to_le_bytes());
        bytes.push(PARTS as u8);
        self.weights.iter().for_each(|weight| bytes.extend(weight.to_le_bytes()));
        for Place { number, score, values } in &self.places {
            bytes.extend(number.to_le_bytes());
            bytes.extend(score.to_le_bytes());
            let there = values.iter().zip(0..).filter(|(value, _)| value.to_bits() != 0);
            bytes.extend(there.clone().fold(0_u16, |all, (_, code)| all | 1 << code).to_le_bytes());
            there.for_each(|(value, _)| bytes.extend(value.to_le_bytes()));
        }
        bytes
    }

    fn from_bytes(need: u64, target: Kind, bytes: &[u8]) -> Result<Self, StoreError> {
        let mut bytes = Bytes(bytes);
        let (version, flags) = (bytes.u8()?, bytes.u8()?);
        let (shown, count) = (usize::from(bytes.u16()?), usize::from(bytes.u16()?));
        let mut list = Self::of_none(need, target);
        (list.takes_part, list.complete, list.shown) =
            (flags & TAKES_PART != 0, flags & COMPLETE != 0, shown);
        list.places.reserve_exact(count);
        match version {
            VERSION => list.read_places(count, &mut bytes)?,
            WITH_POINTS => list.read_places_with_points(count, &mut bytes)?,
            _ => return Err(cut_short()),
        }
        bytes.end()?;
        Ok(list)
    }

    fn read_places(&mut self, count: usize, bytes: &mut Bytes<'_>) -> Result<(), StoreError> {
        // Parts are only ever added behind the others.
        let parts = usize::from(bytes.u8()?);
        for weight in self.weights.get_mut(..parts).ok_or_else(cut_short)? {
            *weight = bytes.f32()?;
        }
        for _ in 0..count {
            let (number, score, mut there) = (bytes.u64()?, bytes.f64()?, bytes.u16()?);
            let mut values = [0.0; PARTS];
            while there != 0 {
                *values.get_mut(there.trailing_zeros() as usize).ok_or_else(cut_short)? = bytes.f32()?;
                there &= there - 1;
            }
            self.places.push(Place { number, score, values });
        }
        Ok(())
    }

    fn read_places_with_points(&mut self, count: usize, bytes: &mut Bytes<'_>) -> Result<(), StoreError> {
        for _ in 0..count {
            let (number, score) = (bytes.u64()?, bytes.f64()?);
            let mut values = [0.0; PARTS];
            for _ in 0..bytes.u8()? {
                let code = usize::from(bytes.u8()?);
                *values.get_mut(code).ok_or_else(cut_short)? = bytes.f32()?;
                (self.weights[code], _) = (bytes.f32()?, bytes.f64()?);
            }
            self.places.push(Place { number, score, values });
        }
        Ok(())
    }

    /// Takes somebody off the list, those below move up. Tells whether anybody was there.
    pub(super) fn strike(&mut self, number: u64) -> Option<bool> {
        let at = self.places.iter().position(|place| place.number == number)?;
        self.places.remove(at);
        let was_shown = at < self.shown;
        // Whoever is held in reserve is shown by a later run alone.
        self.shown -= usize::from(was_shown);
        Some(was_shown)
    }
}

/// Bytes before the places, and of a place at most.
const HEAD: usize = 7 + PARTS * size_of::<f32>();
const MOST_OF_PLACE: usize = 18 + PARTS * size_of::<f32>();

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
        let mut values = [0.0; PARTS];
        (values[0], values[3], values[9]) = (1.5, f32::MIN_POSITIVE, 0.25);
        let place = |number, values| Place { number, score: 1.0 / number as f64, values };
        let places = vec![place(7, values), place(9, [1.0 / 3.0; PARTS]), place(u64::MAX, [0.0; PARTS])];
        let (takes_part, complete) = (true, false);
        let mut list = MatchList::of_none(4, Kind::Expert);
        list.weights = std::array::from_fn(|code| code as f32 / 7.0);
        MatchList { takes_part, complete, shown: 2, places, ..list }
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
        // Of a version that knows more parts.
        let mut later = bytes;
        later[6] = 11;
        assert!(MatchList::from_bytes(4, Kind::Expert, &later).is_err());
    }

    #[test]
    fn lists_that_were_written_with_points_are_read() {
        let mut bytes = vec![WITH_POINTS, TAKES_PART, 1, 0, 2, 0];
        let part = |bytes: &mut Vec<u8>, code: u8, value: f32, weight: f32| {
            bytes.push(code);
            bytes.extend([value, weight].into_iter().flat_map(f32::to_le_bytes));
            bytes.extend(12.5_f64.to_le_bytes());
        };
        for (number, score, parts) in [(7_u64, 25.0_f64, 2), (9, 12.5, 1)] {
            bytes.extend(number.to_le_bytes());
            bytes.extend(score.to_le_bytes());
            bytes.push(parts);
            part(&mut bytes, 2, 1.5, 0.5);
            (1..parts).for_each(|_| part(&mut bytes, 4, 0.25, 3.0));
        }
        let read = MatchList::from_bytes(4, Kind::Expert, &bytes).unwrap();
        assert_eq!((read.shown, read.complete, read.takes_part), (1, false, true));
        assert_eq!(read.weights, [0.0, 0.0, 0.5, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let values =
            read.places.iter().map(|place| (place.number, place.score, place.values[2], place.values[4]));
        assert_eq!(values.collect::<Vec<_>>(), [(7, 25.0, 1.5, 0.25), (9, 12.5, 1.5, 0.0)]);
        assert_eq!(MatchList::from_bytes(4, Kind::Expert, &read.to_bytes()).unwrap(), read);
    }

    #[test]
    fn who_is_struck_leaves_no_trace_and_nobody_is_shown_instead() {
        let mut struck = list();
        assert_eq!(struck.strike(9), Some(true));
        assert_eq!(struck.shown().iter().map(|place| place.number).collect::<Vec<_>>(), [7]);
        assert_eq!(struck.strike(u64::MAX), Some(false));
        assert_eq!((struck.shown, struck.strike(9)), (1, None));
    }
}
