//! Files put aside under the keys of contacts: sealed piece by piece, so that a file of any size needs memory for one piece, and no
//! piece can be left out, moved or cut off unnoticed (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015, over
//! XChaCha20-Poly1305).

use std::io::{self, BufRead, BufReader, Read, Write};

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::keyring::{Key, random};
use crate::{Store, StoreError};

/// How every such file begins.
const MAGIC: &[u8; 17] = b"hongniang aside 1";
/// Bytes of a piece before it is sealed, and what sealing adds.
const PIECE: usize = 64 << 10;
const TAG: usize = 16;
/// The random part of the nonce; the number of the piece and whether it is the last make up the rest.
const PREFIX: usize = 19;

/// Seals what is written to it. Without [`Self::finish`] what it wrote cannot be read.
pub struct Sealing<W> {
    output: W,
    pieces: Pieces,
    plain: Zeroizing<Vec<u8>>,
}

/// Reads what was sealed.
pub struct Unsealing<R> {
    input: BufReader<R>,
    pieces: Pieces,
    plain: Zeroizing<Vec<u8>>,
    read: usize,
    ended: bool,
}

/// Nonces and cipher of one file's pieces.
struct Pieces {
    cipher: XChaCha20Poly1305,
    /// Bound to every piece.
    head: Vec<u8>,
    prefix: [u8; PREFIX],
    next: u32,
}

impl Store {
    /// Seals what is to be written to `output`, under the key of today.
    ///
    /// # Errors
    /// When the ring cannot be read, the system has no random numbers, or `output` takes nothing.
    pub fn sealing<W: Write>(&self, mut output: W) -> Result<Sealing<W>, SealError> {
        let ring = self.keys.ring()?;
        let key = ring.current();
        let mut prefix = [0; PREFIX];
        getrandom::fill(&mut prefix).map_err(random)?;
        let pieces = Pieces::new(key, prefix);
        output.write_all(&pieces.head)?;
        Ok(Sealing { output, pieces, plain: Zeroizing::new(Vec::with_capacity(PIECE)) })
    }

    /// Opens what was sealed.
    ///
    /// # Errors
    /// [`StoreError::MissingKey`] when the ring does not hold its key; when `input` is no such file, or cannot be read.
    pub fn unsealing<R: Read>(&self, input: R) -> Result<Unsealing<R>, SealError> {
        let mut input = BufReader::with_capacity(PIECE + TAG, input);
        let (name, prefix) = head(&mut input)?;
        let ring = self.keys.ring()?;
        let key = ring.key(&name).ok_or(StoreError::MissingKey { key: name })?;
        let plain = Zeroizing::new(Vec::new());
        Ok(Unsealing { input, pieces: Pieces::new(key, prefix), plain, read: 0, ended: false })
    }
}

/// Why a file cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The file.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The ring of keys.
    #[error(transparent)]
    Keys(#[from] StoreError),
}

impl Pieces {
    fn new(key: &Key, prefix: [u8; PREFIX]) -> Self {
        let name = key.id.as_bytes();
        let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
        let head = [&MAGIC[..], &[length], &name[..usize::from(length)], &prefix].concat();
        Self { cipher: XChaCha20Poly1305::new(&(*key.secret).into()), head, prefix, next: 0 }
    }

    fn nonce(&mut self, last: bool) -> io::Result<XNonce> {
        let mut nonce = [0; PREFIX + 5];
        nonce[..PREFIX].copy_from_slice(&self.prefix);
        nonce[PREFIX..PREFIX + 4].copy_from_slice(&self.next.to_be_bytes());
        nonce[PREFIX + 4] = u8::from(last);
        // Some 280 TB; a nonce must not come twice.
        self.next = self.next.checked_add(1).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(XNonce::from(nonce))
    }

    fn seal(&mut self, plain: &[u8], last: bool) -> io::Result<Vec<u8>> {
        let nonce = self.nonce(last)?;
        let payload = Payload { msg: plain, aad: &self.head };
        self.cipher.encrypt(&nonce, payload).map_err(|_| io::ErrorKind::InvalidInput.into())
    }

    fn open(&mut self, sealed: &[u8], last: bool) -> io::Result<Vec<u8>> {
        let nonce = self.nonce(last)?;
        let payload = Payload { msg: sealed, aad: &self.head };
        self.cipher.decrypt(&nonce, payload).map_err(|_| damaged())
    }
}

impl<W: Write> Sealing<W> {
    /// Seals what is left, so that the end shows that it is one, and gives the output back.
    ///
    /// # Errors
    /// When the output takes no more.
    pub fn finish(mut self) -> io::Result<W> {
        let sealed = self.pieces.seal(&self.plain, true)?;
        self.output.write_all(&sealed)?;
        self.output.flush()?;
        Ok(self.output)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.plain.len() == PIECE && !bytes.is_empty() {
            let sealed = self.pieces.seal(&self.plain, false)?;
            self.plain.clear();
            self.output.write_all(&sealed)?;
        }
        let taken = bytes.len().min(PIECE - self.plain.len());
        self.plain.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// A piece that is not full stays here until [`Sealing::finish`].
    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl<R: Read> Read for Unsealing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.plain.len() {
            if self.ended {
                return Ok(0);
            }
            let mut sealed = Vec::with_capacity(PIECE + TAG);
            self.input.by_ref().take((PIECE + TAG) as u64).read_to_end(&mut sealed)?;
            self.ended = self.input.fill_buf()?.is_empty();
            self.plain = Zeroizing::new(self.pieces.open(&sealed, self.ended)?);
            self.read = 0;
        }
        let length = buffer.len().min(self.plain.len() - self.read);
        buffer[..length].copy_from_slice(&self.plain[self.read..self.read + length]);
        self.read += length;
        Ok(length)
    }
}

/// The name of the key, and the random part of the nonces.
fn head(input: &mut impl Read) -> io::Result<(String, [u8; PREFIX])> {
    let (mut magic, mut length, mut prefix) = ([0; MAGIC.len()], [0], [0; PREFIX]);
    input.read_exact(&mut magic)?;
    input.read_exact(&mut length)?;
    let mut name = vec![0; usize::from(length[0])];
    input.read_exact(&mut name)?;
    input.read_exact(&mut prefix)?;
    let name = String::from_utf8(name).map_err(|_| damaged())?;
    if magic == *MAGIC { Ok((name, prefix)) } else { Err(damaged()) }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "暂存的文件已损坏，或不是用它所写的密钥加密的")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    async fn store() -> Store {
        Store::open("sqlite::memory:").await.unwrap()
    }

    fn sealed(store: &Store, plain: &[u8]) -> Vec<u8> {
        let mut sealing = store.sealing(Vec::new()).unwrap();
        sealing.write_all(plain).unwrap();
        sealing.finish().unwrap()
    }

    fn opened(store: &Store, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut plain = Vec::new();
        store.unsealing(sealed)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    /// Bytes of which no stretch is like another.
    fn bytes(length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().finalize_xof().fill(&mut bytes);
        bytes
    }

    #[tokio::test]
    async fn files_of_any_size_come_back_and_do_not_show_what_they_say() {
        let store = store().await;
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7] {
            let plain = bytes(length);
            let sealed = sealed(&store, &plain);
            assert_eq!(opened(&store, &sealed).unwrap(), plain, "{length}");
            assert!(length < 16 || !sealed.windows(16).any(|window| window == &plain[..16]), "{length}");
        }
    }

    #[tokio::test]
    async fn whatever_is_changed_moved_or_cut_off_is_noticed() {
        let store = store().await;
        let whole = sealed(&store, &bytes(3 * PIECE));
        let head = whole.len() - 3 * (PIECE + TAG);
        let piece = |at: usize| head + at * (PIECE + TAG)..head + (at + 1) * (PIECE + TAG);
        for at in [0, MAGIC.len() + 3, head - 1, head, head + PIECE, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(opened(&store, &changed).is_err(), "byte {at}");
        }
        for length in [head - 1, head, piece(0).end, piece(1).end, whole.len() - 1] {
            assert!(opened(&store, &whole[..length]).is_err(), "cut at {length}");
        }
        let swapped = [&whole[..head], &whole[piece(1)], &whole[piece(0)], &whole[piece(2)]].concat();
        assert!(opened(&store, &swapped).is_err());
        assert!(opened(&store, &[&whole[..], b"x"].concat()).is_err());
        // Not finished.
        let mut sealing = store.sealing(Vec::new()).unwrap();
        sealing.write_all(&bytes(2 * PIECE)).unwrap();
        assert!(opened(&store, &sealing.output).is_err());
    }

    #[tokio::test]
    async fn another_ring_does_not_open_it() {
        let sealed = sealed(&store().await, b"13800001234");
        let refused = opened(&store().await, &sealed).unwrap_err();
        assert!(matches!(refused, SealError::Keys(StoreError::MissingKey { .. })));
    }
}
