//! Bytes of any of the accepted encodings as a stream of UTF-8.

use std::io::{self, ErrorKind, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8};

use super::claim::refuse_foreign;
use crate::FileError;

/// How much is read at once, and how much of the beginning is looked at to tell encoding and headings.
const BLOCK: usize = 64 * 1024;

/// Stands in the text where the file could not be decoded. It never occurs in UTF-8, so that a row with a broken
/// character, and only that row, fails to be valid text, whatever the encoding of the file.
const BROKEN: u8 = 0xff;

/// A file as blocks of UTF-8.
pub(super) struct Source {
    input: Box<dyn Read + Send>,
    /// `None` for UTF-8, which passes through as it is.
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    text: Vec<u8>,
    /// How much of `text` has been consumed.
    taken: usize,
    bytes_read: u64,
    ended: bool,
}

impl Source {
    /// Reads the first block and tells the encoding by it. The second value is a warning when it had to be guessed.
    pub(super) fn open(input: impl Read + Send + 'static) -> Result<(Self, Option<String>), FileError> {
        let mut source = Self {
            input: Box::new(input),
            decoder: None,
            raw: Vec::with_capacity(BLOCK),
            text: Vec::new(),
            taken: 0,
            bytes_read: 0,
            ended: false,
        };
        source.read_block()?;
        refuse_foreign(&source.raw)?;
        let (encoding, mark) = encoding_of(&source.raw, source.ended)?;
        source.raw.drain(..mark);
        if encoding != UTF_8 {
            source.decoder = Some(encoding.new_decoder_without_bom_handling());
        }
        source.decode();
        if source.ended && source.text.trim_ascii().is_empty() {
            return Err(FileError::Empty);
        }
        let warning =
            (encoding == GB18030).then(|| "文件不是 UTF-8 编码，已按 GBK（GB 18030）读取".to_owned());
        Ok((source, warning))
    }

    /// What is left of the current block; the next one when there is nothing. Empty at the end of the file.
    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        while self.taken == self.text.len() && !self.ended {
            self.read_block()?;
            self.decode();
        }
        Ok(self.block())
    }

    /// What is left of the current block.
    pub(super) fn block(&self) -> &[u8] {
        &self.text[self.taken..]
    }

    /// Whether the current block is the last.
    pub(super) const fn is_last(&self) -> bool {
        self.ended
    }

    /// Marks the first `count` bytes of the block as used.
    pub(super) const fn consume(&mut self, count: usize) {
        self.taken += count;
    }

    /// Bytes of the file read so far.
    pub(super) const fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.raw.capacity() + self.text.capacity()
    }

    /// Fills `raw` as far as the file goes.
    fn read_block(&mut self) -> io::Result<()> {
        self.raw.resize(BLOCK, 0);
        let mut filled = 0;
        while filled < BLOCK {
            match self.input.read(&mut self.raw[filled..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.raw.clear();
                    return Err(error);
                }
            }
        }
        self.raw.truncate(filled);
        self.bytes_read += filled as u64;
        Ok(())
    }

    /// Turns `raw` into `text`.
    fn decode(&mut self) {
        self.taken = 0;
        self.text.clear();
        let Some(decoder) = &mut self.decoder else {
            std::mem::swap(&mut self.raw, &mut self.text);
            return;
        };
        let mut input = &self.raw[..];
        loop {
            let start = self.text.len();
            let room = decoder
                .max_utf8_buffer_length_without_replacement(input.len())
                .expect("a block is far smaller than the address space");
            self.text.resize(start + room, 0);
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(input, &mut self.text[start..], self.ended);
            self.text.truncate(start + written);
            input = &input[read..];
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.text.push(BROKEN),
            }
        }
    }
}

/// The encoding, and the length of the byte order mark. What has no mark is UTF-8 or GB 18030: UTF-8 when its wide
/// characters outnumber its broken ones, for text in GB 18030 hardly ever looks like three bytes of UTF-8.
fn encoding_of(window: &[u8], complete: bool) -> Result<(&'static Encoding, usize), FileError> {
    if let Some(found) = Encoding::for_bom(window) {
        return Ok(found);
    }
    if window.contains(&0) {
        return Err(FileError::Binary);
    }
    let (mut wide, mut broken, mut seen) = (0, 0, 0);
    for chunk in window.utf8_chunks() {
        wide += chunk.valid().chars().filter(|c| c.len_utf8() > 2).count();
        seen += chunk.valid().len() + chunk.invalid().len();
        let cut_off = !complete && seen == window.len() && chunk.invalid().len() < 4;
        if !chunk.invalid().is_empty() && !cut_off {
            broken += 1;
        }
    }
    if broken == 0 || wide > 2 * broken {
        return Ok((UTF_8, 0));
    }
    let high = window.iter().filter(|byte| !byte.is_ascii()).count();
    if broken_in_gb18030(window, complete) * 10 <= high { Ok((GB18030, 0)) } else { Err(FileError::Encoding) }
}

fn broken_in_gb18030(window: &[u8], complete: bool) -> usize {
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    let mut sink = [0; 4096];
    let (mut input, mut broken) = (window, 0);
    loop {
        let (result, read, _) = decoder.decode_to_utf8_without_replacement(input, &mut sink, complete);
        input = &input[read..];
        match result {
            DecoderResult::InputEmpty => return broken,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => broken += 1,
        }
    }
}
