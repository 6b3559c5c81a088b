//! Files of what can be worked out again: numbers and texts, little-endian, read with a look at the end; a mark first, a digest last; replaced whole.

use std::io::{self, Write};
use std::path::Path;

/// A file of the data directory; `None` when it is not there or cannot be read, which costs time only.
pub(super) fn read_file(data_dir: &Path, name: &str) -> Option<Vec<u8>> {
    match std::fs::read(data_dir.join(name)) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(file = name, error = &error as &dyn std::error::Error, "a file is made anew");
            }
            None
        }
    }
}

/// Puts the file in place in one step.
pub(super) fn write_file(data_dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(data_dir)?;
    file.write_all(bytes)?;
    file.persist(data_dir.join(name))?;
    Ok(())
}

/// The bytes with their digest behind them.
pub(super) fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let digest = blake3::hash(&bytes);
    bytes.extend(digest.as_bytes());
    bytes
}

/// What stands between mark and digest; `None` when these are not such bytes.
pub(super) fn unsealed<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<Bytes<'a>> {
    let (content, digest) = bytes.split_last_chunk::<{ blake3::OUT_LEN }>()?;
    let rest = content.strip_prefix(mark)?;
    (blake3::hash(content) == *digest).then_some(Bytes(rest))
}

/// What is left to be read.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, left) = self.0.split_first_chunk::<N>()?;
        self.0 = left;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        Some(self.take::<1>()?[0])
    }

    pub(super) fn i16(&mut self) -> Option<i16> {
        Some(i16::from_le_bytes(*self.take()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(*self.take()?))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(*self.take()?))
    }

    pub(super) fn f32(&mut self) -> Option<f32> {
        Some(f32::from_le_bytes(*self.take()?))
    }

    /// How many follow, each at least a byte long: a number that is none reserves nothing.
    pub(super) fn length(&mut self) -> Option<usize> {
        Some(self.u32()? as usize).filter(|length| *length <= self.0.len())
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        let (text, left) = self.0.split_at_checked(length)?;
        self.0 = left;
        std::str::from_utf8(text).ok()
    }
}

/// As [`Bytes::length`] reads it. No file holds more than 32 bits can count.
pub(super) fn put_u32(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

/// As [`Bytes::text`] reads it.
pub(super) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_u32(bytes, text.len());
    bytes.extend(text.as_bytes());
}
