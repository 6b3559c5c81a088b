//! What the texts of one field hold, written down as it is read, and put in the order of terms once, at the end.
//!
//! An inverted file by sorting (Witten, Moffat & Bell, “Managing Gigabytes”, 1999, 5.2) rather than a list that grows for each term: a token is
//! four bytes at the end of one list, and what lies scattered in memory is visited when places are known.

use std::io;
use std::ops::Range;

use tantivy::DocId;
use tantivy::postings::FieldSerializer;

use super::terms::Terms;

/// Bits of a token that say which term it is; the others say how far it stands behind the one before.
const TERM_BITS: u32 = 26;
const TERM: u32 = (1 << TERM_BITS) - 1;

/// No distance: it stands in the next word.
const FAR: u32 = u32::MAX >> TERM_BITS;

/// Terms that a log can tell apart.
pub(super) const MOST_TERMS: usize = 1 << TERM_BITS;

/// Tokens put in order at a time, eight bytes each.
const AT_ONCE: usize = 1 << 20;

/// Positions between two texts of a field: no phrase goes from one to the other.
const GAP: u32 = 1;

/// The tokens of one field, document by document.
#[derive(Default)]
pub(super) struct Log {
    words: Vec<u32>,
    /// Documents with a text, and how many tokens each has.
    documents: Vec<(DocId, u32)>,
    /// Where the present text begins, how far the present document reaches, and where its last token stands.
    begins: u32,
    reaches: u32,
    last: u32,
}

impl Log {
    /// Before each text; a document's texts follow each other.
    pub(super) fn begin(&mut self, document: DocId) {
        if self.documents.last().is_none_or(|&(last, _)| last != document) {
            self.documents.push((document, 0));
            (self.reaches, self.last) = (0, 0);
        }
        self.begins = self.reaches;
    }

    /// The next token of the text, nowhere before the one before.
    pub(super) fn push(&mut self, term: u32, position: u32) {
        let position = self.begins + position;
        let distance = position - self.last;
        if distance < FAR {
            self.words.push(term | distance << TERM_BITS);
        } else {
            self.words.extend([term | FAR << TERM_BITS, distance]);
        }
        self.last = position;
        self.reaches = self.reaches.max(position + 1);
        if let Some((_, tokens)) = self.documents.last_mut() {
            *tokens += 1;
        }
    }

    /// After each text.
    pub(super) fn end(&mut self) {
        self.reaches += GAP;
    }

    /// Tokens of the document that is being read, if it has a text.
    pub(super) fn length_of(&self, document: DocId) -> Option<u32> {
        self.documents.last().filter(|&&(last, _)| last == document).map(|&(_, tokens)| tokens)
    }

    pub(super) fn tokens(&self) -> u64 {
        self.documents.iter().map(|&(_, tokens)| u64::from(tokens)).sum()
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.words) + size_of_val(&*self.documents)
    }

    /// Forgets all tokens, and keeps the memory for others.
    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.documents.clear();
        (self.begins, self.reaches, self.last) = (0, 0, 0);
    }

    /// Writes the postings of each term. `ascending` has the terms' numbers in order, `ranks` the place of each in it. What it holds is of no
    /// use afterwards.
    pub(super) fn write(
        &mut self,
        terms: &Terms,
        ascending: &[u32],
        ranks: &[u32],
        to: &mut FieldSerializer<'_>,
    ) -> io::Result<()> {
        let counts = self.rank(ranks);
        let (mut places, mut postings, mut distances) = (Vec::new(), Vec::new(), Vec::new());
        let mut from = 0;
        while from < counts.len() {
            let (mut until, mut tokens) = (from, 0);
            while until < counts.len() && (until == from || tokens + counts[until] as usize <= AT_ONCE) {
                tokens += counts[until] as usize;
                until += 1;
            }
            self.gather(from..until, &counts, &mut places, &mut postings);
            let mut rest = &postings[..];
            for (&term, &count) in ascending[from..until].iter().zip(&counts[from..until]) {
                let (of_term, others) = rest.split_at(count as usize);
                rest = others;
                if !of_term.is_empty() {
                    terms.with_bytes(term, |bytes| write(bytes, of_term, &mut distances, to))?;
                }
            }
            from = until;
        }
        Ok(())
    }

    /// Puts each term's rank in place of its number, and counts its tokens.
    fn rank(&mut self, ranks: &[u32]) -> Vec<u32> {
        let mut counts = vec![0; ranks.len()];
        let mut words = self.words.iter_mut();
        while let Some(word) = words.next() {
            let rank = ranks[(*word & TERM) as usize];
            counts[rank as usize] += 1;
            let distance = *word >> TERM_BITS;
            *word = rank | distance << TERM_BITS;
            if distance == FAR {
                words.next();
            }
        }
        counts
    }

    /// The tokens of some terms, by rank: document and position of each, in order.
    fn gather(&self, terms: Range<usize>, counts: &[u32], places: &mut Vec<u32>, postings: &mut Vec<u64>) {
        places.clear();
        let mut total = 0;
        for &count in &counts[terms.clone()] {
            places.push(total);
            total += count;
        }
        postings.clear();
        postings.resize(total as usize, 0);
        let mut words = self.words.iter();
        for &(document, tokens) in &self.documents {
            let mut position = 0;
            for _ in 0..tokens {
                let Some(&word) = words.next() else { return };
                let distance = word >> TERM_BITS;
                position += if distance == FAR { words.next().copied().unwrap_or(0) } else { distance };
                let rank = (word & TERM) as usize;
                if let Some(place) = rank.checked_sub(terms.start).and_then(|at| places.get_mut(at)) {
                    postings[*place as usize] = u64::from(document) << 32 | u64::from(position);
                    *place += 1;
                }
            }
        }
    }
}

/// Writes one term with its postings.
fn write(
    term: &[u8],
    postings: &[u64],
    distances: &mut Vec<u32>,
    to: &mut FieldSerializer<'_>,
) -> io::Result<()> {
    // How many documents there are is for scores by tantivy's own model, which nobody asks for.
    to.new_term(term, 0, true)?;
    for of_document in postings.chunk_by(|one, other| one >> 32 == other >> 32) {
        distances.clear();
        let mut last = 0;
        for &posting in of_document {
            let position = posting as u32;
            distances.push(position - last);
            last = position;
        }
        to.write_doc((of_document[0] >> 32) as DocId, distances.len() as u32, distances);
    }
    to.close_term()
}
