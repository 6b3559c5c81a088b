//! Term vectors as bytes: little-endian, checked by a digest.
//!
//! ```text
//! "HNVEC1\n"  dimensions u32  blocks u32  terms u32  trust f32
//! per term, by name: bytes of the name u16, the name
//! rarities f32 each, scales f32 each, rows i8 each
//! BLAKE3 of all before, 32 bytes
//! ```

use text::Lexicon;

use crate::TermVectors;

const MAGIC: &[u8; 7] = b"HNVEC1\n";
const DIGEST: usize = blake3::OUT_LEN;
const MOST_DIMENSIONS: usize = 4096;

/// Why bytes are no term vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VectorError {
    /// Something else, or of another version.
    #[error("不是词向量文件，或版本不符")]
    Foreign,
    /// Cut short or changed.
    #[error("词向量文件不完整或已损坏")]
    Damaged,
}

impl TermVectors {
    /// As bytes: the same for the same vectors.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let terms = self.sorted();
        let mut bytes = MAGIC.to_vec();
        bytes.extend((self.dimensions as u32).to_le_bytes());
        bytes.extend((self.blocks as u32).to_le_bytes());
        bytes.extend((terms.len() as u32).to_le_bytes());
        bytes.extend(self.trust.to_le_bytes());
        for (term, _) in &terms {
            bytes.extend((term.len() as u16).to_le_bytes());
            bytes.extend(term.as_bytes());
        }
        for column in [&self.rarities, &self.scales] {
            terms.iter().for_each(|(_, number)| bytes.extend(column[*number as usize].to_le_bytes()));
        }
        for (_, number) in &terms {
            let row = &self.rows[*number as usize * self.dimensions..][..self.dimensions];
            bytes.extend(row.iter().map(|value| value.cast_unsigned()));
        }
        bytes.extend(blake3::hash(&bytes).as_bytes());
        bytes
    }

    /// Reads what [`Self::to_bytes`] has written.
    ///
    /// # Errors
    /// [`VectorError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VectorError> {
        if !bytes.starts_with(MAGIC) {
            return Err(VectorError::Foreign);
        }
        let (body, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(VectorError::Damaged)?;
        if blake3::hash(body).as_bytes() != digest {
            return Err(VectorError::Damaged);
        }
        let mut rest = &body[MAGIC.len()..];
        let dimensions = u32::from_le_bytes(take(&mut rest)?) as usize;
        let blocks = u32::from_le_bytes(take(&mut rest)?) as usize;
        let terms = u32::from_le_bytes(take(&mut rest)?) as usize;
        let trust = f32::from_le_bytes(take(&mut rest)?);
        let shaped = (1..=MOST_DIMENSIONS).contains(&dimensions) && (1..=dimensions / 8).contains(&blocks);
        if !shaped || !dimensions.is_multiple_of(8 * blocks) {
            return Err(VectorError::Foreign);
        }
        let (mut names, mut twice) = (Lexicon::default(), false);
        for _ in 0..terms {
            let length = u16::from_le_bytes(take(&mut rest)?) as usize;
            let (term, after) = rest.split_at_checked(length).ok_or(VectorError::Damaged)?;
            let term = str::from_utf8(term).map_err(|_| VectorError::Damaged)?;
            twice |= !names.take(term).1;
            rest = after;
        }
        names.finish();
        let mut column = || (0..terms).map(|_| Ok(f32::from_le_bytes(take(&mut rest)?))).collect();
        let (rarities, scales): (Result<Vec<f32>, VectorError>, Result<Vec<f32>, VectorError>) =
            (column(), column());
        let (rarities, scales) = (rarities?, scales?);
        let sound = rest.len() == terms * dimensions
            && !twice
            && [&rarities, &scales].iter().all(|column| column.iter().all(|value| value.is_finite()))
            && trust > 0.0
            && trust <= 1.0;
        if !sound {
            return Err(VectorError::Damaged);
        }
        let rows = rest.iter().map(|value| value.cast_signed()).collect();
        let (terms, identity) = (names, identity_of(bytes));
        Ok(Self { dimensions, terms, rarities, scales, rows, trust, identity, blocks })
    }
}

/// The beginning of the digest that ends the bytes.
pub(crate) fn identity_of(bytes: &[u8]) -> String {
    let digest = bytes.last_chunk::<DIGEST>().copied().unwrap_or_default();
    blake3::Hash::from_bytes(digest).to_hex()[..16].to_owned()
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], VectorError> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(VectorError::Damaged)?;
    *bytes = rest;
    Ok(*taken)
}
