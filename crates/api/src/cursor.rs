//! Opaque cursors: where a page ended, bound to the query that it belongs to.
//!
//! A version, the place (three numbers) and a digest over both and the query's other parameters, in base64url. A damaged cursor and one of
//! another query are refused alike.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const VERSION: u8 = 2;
const DIGEST: usize = 8;
const LENGTH: usize = 1 + 24 + DIGEST;

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// What the pages are of: a run, or a state of the index; 0 where there is but one list.
    pub(crate) of: u64,
    /// The sort key; 0 where the number alone orders.
    pub(crate) key: i64,
    /// The number of the last item.
    pub(crate) number: u64,
}

impl Place {
    /// In a list that is ordered by number.
    pub(crate) const fn number(number: u64) -> Self {
        Self { of: 0, key: 0, number }
    }
}

/// Writes the cursor of `query`.
pub(crate) fn write(query: &str, place: Place) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(place.of.to_be_bytes());
    bytes.extend(place.key.to_be_bytes());
    bytes.extend(place.number.to_be_bytes());
    bytes.extend(digest(query, &bytes));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor of `query` back; `None` for any other text.
pub(crate) fn read(query: &str, cursor: &str) -> Option<Place> {
    let bytes: [u8; LENGTH] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
    let (told, found) = bytes.split_at(LENGTH - DIGEST);
    if told[0] != VERSION || digest(query, told) != *found {
        return None;
    }
    let number = |at: usize| <[u8; 8]>::try_from(&told[at..at + 8]).ok();
    Some(Place {
        of: u64::from_be_bytes(number(1)?),
        key: i64::from_be_bytes(number(9)?),
        number: u64::from_be_bytes(number(17)?),
    })
}

fn digest(query: &str, told: &[u8]) -> [u8; DIGEST] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(told);
    hasher.update(query.as_bytes());
    let mut first = [0; DIGEST];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..DIGEST]);
    first
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        for (of, key, number) in [(0, 0, 0), (u64::MAX, i64::MIN, u64::MAX), (3, -1, 7)] {
            let place = Place { of, key, number };
            assert_eq!(read("q", &write("q", place)).unwrap(), place);
        }
    }

    #[test]
    fn a_cursor_of_another_query_is_refused() {
        assert!(read("q=激光", &write("q=焊接", Place::number(2))).is_none());
    }

    #[test]
    fn any_damage_is_found() {
        let cursor = write("q", Place::number(2));
        for at in 0..cursor.len() {
            let mut damaged: Vec<char> = cursor.chars().collect();
            damaged[at] = if damaged[at] == 'A' { 'B' } else { 'A' };
            assert!(read("q", &damaged.into_iter().collect::<String>()).is_none(), "at {at}");
        }
        assert!(read("q", "").is_none());
        assert!(read("q", "星").is_none());
    }
}
