//! Numbers as little-endian bytes, read with a look at the end: what lists and changes are written with.

use crate::StoreError;
use crate::rows::corrupt;

/// What is left to be read.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Bytes<'_> {
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (taken, left) = self.0.split_first_chunk::<N>().ok_or_else(cut_short)?;
        self.0 = left;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, StoreError> {
        Ok(self.take::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, StoreError> {
        Ok(u16::from_le_bytes(self.take()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, StoreError> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    pub(super) fn f32(&mut self) -> Result<f32, StoreError> {
        Ok(f32::from_le_bytes(self.take()?))
    }

    pub(super) fn f64(&mut self) -> Result<f64, StoreError> {
        Ok(f64::from_le_bytes(self.take()?))
    }

    /// That nothing is left.
    pub(super) fn end(self) -> Result<(), StoreError> {
        if self.0.is_empty() { Ok(()) } else { Err(cut_short()) }
    }
}

/// Bytes that are none of ours, or not all of them.
pub(super) fn cut_short() -> StoreError {
    corrupt("匹配结果".to_owned(), "bytes that no version of this program writes")
}
