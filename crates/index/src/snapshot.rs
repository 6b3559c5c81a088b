//! One consistent view of a registry's index.

use std::io;
use std::sync::{Arc, OnceLock};

use domain::{Area, Attributes, Kind};
use jiff::civil::Date;
use ranking::{AreaStatistics, Corpus, Query, Texts, Weights};
use tantivy::columnar::{BytesColumn, Column};
use tantivy::directory::OwnedBytes;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::{DocId, Searcher, SegmentReader};
use text::Analyzer;
use vectors::{Direction, TermVectors};

use crate::generation::{Fault, Generation};
use crate::meaning::Meaning;
use crate::pieces::PieceCount;
use crate::postings::TextField;
use crate::schema::{self, TEXT_FIELDS};
use crate::sealed::Seal;
use crate::single::{Marks, Single};
use crate::{
    Asker, Candidate, IndexError, Retrieved, Scope, SearchPage, SearchQuery, Statistics, Wanted, retrieval,
    search,
};

/// A consistent view; stays as it is while writers go on. Cheap to take, clone and send.
#[derive(Clone)]
pub struct Snapshot(pub(crate) Arc<View>);

/// What one commit shows.
pub(crate) struct View {
    /// `None` for a stale index, which shows nothing.
    pub(crate) generation: Option<Arc<Generation>>,
    pub(crate) searcher: Option<Searcher>,
    pub(crate) position: u64,
    /// As [`Generation::last_commit`] tells it; empty for a stale index.
    pub(crate) commit: Vec<u8>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) analyzer: Arc<Analyzer>,
    kind: Kind,
    /// The files that it reads.
    files: Seal,
    statistics: OnceLock<[AreaStatistics; TEXT_FIELDS]>,
    piece_length: OnceLock<f32>,
}

/// A segment with the columns that every query reads.
pub(crate) struct Segment {
    pub(crate) reader: SegmentReader,
    /// Where its documents begin in arrays over all segments.
    pub(crate) base: usize,
    pub(crate) numbers: Arc<[u64]>,
    /// Takes part in matching, unless it is deleted.
    open: Arc<[bool]>,
    /// Length of each document's text field as tantivy's one-byte code.
    pub(crate) lengths: [OwnedBytes; TEXT_FIELDS],
    attributes: Option<BytesColumn>,
    /// As [`crate::pieces`] makes them; `None` where no document has any.
    pub(crate) vectors: Option<Column<u64>>,
    pub(crate) pieces: Option<Column<u64>>,
    piece_counts: Arc<[PieceCount]>,
}

impl Segment {
    /// Columns come from `before`, a segment of an earlier view with the same documents, where there is one.
    fn read(
        reader: &SegmentReader,
        base: usize,
        generation: &Generation,
        before: Option<&Self>,
    ) -> Result<Self, IndexError> {
        let (numbers, open) = match before {
            Some(before) => (before.numbers.clone(), before.open.clone()),
            None => {
                let number = reader.fast_fields().u64(schema::NUMBER)?;
                let open = reader.fast_fields().bool(schema::OPEN)?;
                let documents = 0..reader.max_doc();
                let numbers = documents.clone().map(|doc| number.first(doc).unwrap_or(0)).collect();
                (numbers, documents.map(|doc| open.first(doc).unwrap_or(false)).collect())
            }
        };
        let norms = reader.fieldnorms_readers().get_inner_file();
        let mut lengths = [(); TEXT_FIELDS].map(|()| OwnedBytes::empty());
        for (slot, field) in lengths.iter_mut().zip(generation.fields.text) {
            *slot = match norms.open_read(field) {
                Some(file) => file.read_bytes()?,
                None => OwnedBytes::new(vec![0; reader.max_doc() as usize]),
            };
        }
        let attributes = reader.fast_fields().bytes(schema::ATTRIBUTES)?;
        let vectors = reader.fast_fields().column_opt(schema::VECTORS)?;
        let pieces = reader.fast_fields().column_opt(schema::PIECES)?;
        let piece_counts = match (before, &pieces) {
            (Some(before), _) => before.piece_counts.clone(),
            (None, Some(column)) => (0..reader.max_doc()).map(|doc| PieceCount::of(column, doc)).collect(),
            (None, None) => Arc::default(),
        };
        let reader = reader.clone();
        Ok(Self { reader, base, numbers, open, lengths, attributes, vectors, pieces, piece_counts })
    }

    /// What matching compares beside the texts.
    pub(crate) fn attributes(&self, doc: DocId) -> Result<Attributes, IndexError> {
        let missing = || io::Error::new(io::ErrorKind::InvalidData, "a document without attributes");
        let column = self.attributes.as_ref().ok_or_else(missing)?;
        let ord = column.term_ords(doc).next().ok_or_else(missing)?;
        let mut json = Vec::new();
        column.ord_to_bytes(ord, &mut json)?;
        Attributes::from_json(&json).map_err(|error| io::Error::from(error).into())
    }

    /// Takes part in matching.
    pub(crate) fn is_open(&self, doc: DocId) -> bool {
        self.open[doc as usize] && self.is_live(doc)
    }

    pub(crate) fn is_live(&self, doc: DocId) -> bool {
        !self.reader.is_deleted(doc)
    }
}

impl View {
    pub(crate) fn empty(kind: Kind, analyzer: Arc<Analyzer>) -> Self {
        Self {
            generation: None,
            searcher: None,
            position: 0,
            commit: Vec::new(),
            segments: Vec::new(),
            analyzer,
            kind,
            files: Seal::new(),
            statistics: OnceLock::new(),
            piece_length: OnceLock::new(),
        }
    }

    /// The last commit of `generation`; `before` is the view until now.
    pub(crate) fn read(generation: &Arc<Generation>, before: &Self) -> Result<Self, Fault> {
        // The position first: should another process commit in between, the view holds more than it claims, never less.
        let (commit, position) = (generation.last_commit()?, generation.position()?);
        let files = generation.verify()?;
        generation.reader.reload()?;
        let searcher = generation.reader.searcher();
        let mut segments: Vec<Segment> = Vec::new();
        let mut base = 0;
        for reader in searcher.segment_readers() {
            // A segment's documents never change but by deletion, and its identifier is unique.
            let id = reader.segment_id();
            let before = before.segments.iter().find(|segment| segment.reader.segment_id() == id);
            segments.push(Segment::read(reader, base, generation, before)?);
            base += reader.max_doc() as usize;
        }
        Ok(Self {
            generation: Some(generation.clone()),
            searcher: Some(searcher),
            position,
            commit,
            segments,
            analyzer: before.analyzer.clone(),
            kind: before.kind,
            files,
            statistics: OnceLock::new(),
            piece_length: OnceLock::new(),
        })
    }

    /// Refuses to answer by files that somebody has touched. Asked before reading, for a file that was cut off cannot be read without harm, and after it,
    /// for what was read may have been wrong.
    pub(crate) fn require_intact(&self) -> Result<(), IndexError> {
        let Some(generation) = &self.generation else { return Ok(()) };
        if generation.holds(&self.files)? { Ok(()) } else { Err(IndexError::Stale(self.kind)) }
    }

    /// As [`Self::require_intact`]; and a stale index has no answer.
    fn require_ready(&self) -> Result<(), IndexError> {
        if self.generation.is_none() {
            return Err(IndexError::Stale(self.kind));
        }
        self.require_intact()
    }

    /// Answers, unless there is no index or it is damaged: no hits would be an answer too, and a wrong one.
    pub(crate) fn answer<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        self.require_ready()?;
        let answer = work(self);
        // What reading said of a damaged file is of no interest either.
        self.require_intact()?;
        answer
    }

    /// Length of an array with a place for every document, deleted ones too.
    pub(crate) fn places(&self) -> usize {
        self.segments.last().map_or(0, |last| last.base + last.numbers.len())
    }

    /// The text field at `place` in [`schema::Fields::text`]; `None` for a stale index.
    pub(crate) fn text_field(&self, place: usize) -> Result<Option<TextField<'_>>, IndexError> {
        let Some(generation) = &self.generation else { return Ok(None) };
        TextField::new(&self.segments, generation.fields.text[place], place).map(Some)
    }

    /// The text fields of all areas; none for a stale index.
    pub(crate) fn area_fields(&self) -> Result<Vec<TextField<'_>>, IndexError> {
        let fields = (0..Area::ALL.len()).map(|place| self.text_field(place));
        Ok(fields.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// As [`Self::area_fields`], over the segments that hold one of some documents, by their place in [`Self::segments`].
    pub(crate) fn area_fields_of(&self, segments: &[usize]) -> Result<Vec<TextField<'_>>, IndexError> {
        let Some(generation) = &self.generation else { return Ok(Vec::new()) };
        let field = |place: usize| {
            let segments = segments.iter().map(|&segment| &self.segments[segment]);
            TextField::new(segments, generation.fields.text[place], place)
        };
        (0..Area::ALL.len()).map(field).collect()
    }

    /// Who reads meaning; nobody for a stale index.
    pub(crate) fn meaning(&self) -> Option<Meaning<'_>> {
        self.generation.as_ref().map(|generation| generation.meaning())
    }

    /// Counts over live documents: the same however the documents lie in segments.
    pub(crate) fn statistics(&self) -> &[AreaStatistics; TEXT_FIELDS] {
        self.statistics.get_or_init(|| std::array::from_fn(|place| self.count(place)))
    }

    /// Mean number of terms in a single piece of evidence over live documents; 0 when there is none.
    pub(crate) fn piece_length(&self) -> f32 {
        *self.piece_length.get_or_init(|| {
            let (mut pieces, mut terms) = (0_u64, 0_u64);
            for segment in &self.segments {
                let live = segment.piece_counts.iter().zip(0..).filter(|(_, doc)| segment.is_live(*doc));
                live.for_each(|(count, _)| {
                    pieces += u64::from(count.pieces);
                    terms += u64::from(count.terms);
                });
            }
            if pieces == 0 { 0.0 } else { (terms as f64 / pieces as f64) as f32 }
        })
    }

    fn count(&self, place: usize) -> AreaStatistics {
        let mut holders = [0_u64; 256];
        for segment in &self.segments {
            for (doc, &code) in segment.lengths[place].iter().enumerate() {
                holders[usize::from(code)] += u64::from(segment.is_live(doc as DocId));
            }
        }
        let documents: u64 = holders.iter().sum();
        let with_text = documents - holders[0];
        let length = |code: u8| u64::from(FieldNormReader::id_to_fieldnorm(code));
        let total: u64 = (0..=255).map(|code| holders[usize::from(code)] * length(code)).sum();
        let average_length = if with_text == 0 { 0.0 } else { (total as f64 / with_text as f64) as f32 };
        AreaStatistics { documents, average_length }
    }
}

impl Snapshot {
    /// Position of the last commit, as [`crate::Writer::commit`] was told; 0 for a stale index.
    pub fn position(&self) -> u64 {
        self.0.position
    }

    /// Number of live documents.
    pub fn len(&self) -> u64 {
        self.0.searcher.as_ref().map_or(0, Searcher::num_docs)
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number and digest of every live document, by number.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn entries(&self) -> Result<Vec<(u64, u64)>, IndexError> {
        self.0.require_intact()?;
        let mut entries = Vec::new();
        for segment in &self.0.segments {
            let digest = segment.reader.fast_fields().u64(schema::DIGEST)?;
            let live = segment.reader.doc_ids_alive();
            entries.extend(live.map(|doc| (segment.numbers[doc as usize], digest.first(doc).unwrap_or(0))));
        }
        self.0.require_intact()?;
        entries.sort_unstable();
        Ok(entries)
    }

    /// Sees that there is an index to answer by, and that nobody has touched its files. [`Self::search`] and [`Self::retrieve`] see to it themselves.
    ///
    /// # Errors
    /// [`IndexError::Stale`]; or when the files cannot be looked at.
    pub fn require_ready(&self) -> Result<(), IndexError> {
        self.0.require_ready()
    }

    /// Number of live documents that hold `term` in `area`.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn document_frequency(&self, area: Area, term: &str) -> Result<u64, IndexError> {
        let place = Area::ALL.iter().position(|&known| known == area).unwrap_or(0);
        match self.0.text_field(place)? {
            Some(field) => Ok(field.find(term)?.live),
            None => Ok(0),
        }
    }

    /// What scores count with, as it is now.
    ///
    /// # Errors
    /// [`IndexError::Stale`] when there is no index to answer by; or when it cannot be read.
    pub fn freeze(&self) -> Result<Statistics, IndexError> {
        self.0.answer(Statistics::of)
    }

    /// Finds what a member of staff asks for.
    ///
    /// # Errors
    /// [`IndexError::Stale`] when there is no index to answer by; or when it cannot be read.
    pub fn search(&self, query: &SearchQuery) -> Result<SearchPage, IndexError> {
        self.0.answer(|view| search::search(view, query))
    }

    /// The term vectors that this index was written with: explanations name words by them, and without a model they tell what its texts mean.
    pub fn vectors(&self) -> Arc<TermVectors> {
        self.0.generation.as_ref().map_or_else(TermVectors::builtin, |generation| generation.vectors.clone())
    }

    /// The `limit` best candidates for a match: all documents in scope are scored by their words, none is skipped, and the best of them more
    /// closely: `weights.meaning.candidates`, or `limit` where that is more.
    ///
    /// # Errors
    /// [`IndexError::Stale`] when there is no index to answer by; or when it cannot be read.
    pub fn retrieve(
        &self,
        query: &Query,
        weights: &Weights,
        scope: &Scope<'_>,
        limit: usize,
    ) -> Result<Retrieved, IndexError> {
        self.0.answer(|view| retrieval::retrieve(view, query, weights, scope, limit))
    }

    /// What one of likeness is worth to this query, if it has a meaning ([`Texts::rate`]).
    pub fn rate(&self, query: &Query, corpus: &Corpus, weights: &Weights) -> f32 {
        let trust = self.0.meaning().filter(|_| weights.meaning.weight > 0.0).map_or(0.0, Meaning::trust);
        Texts::rate(weights, corpus.spread(query, &weights.candidate), trust)
    }

    /// Where what is asked for points in this registry; `None` when it has no meaning, or meaning does not count.
    pub fn direction(&self, query: &Query, weights: &Weights) -> Option<Direction> {
        self.0.meaning().filter(|_| weights.meaning.weight > 0.0)?.direction(query)
    }

    /// The marks of all terms of evidence, for [`Self::best`].
    ///
    /// # Errors
    /// [`IndexError::Stale`] when there is no index to answer by; or when it cannot be read.
    pub fn marks(&self) -> Result<Marks, IndexError> {
        self.0.answer(Marks::read)
    }

    /// Whom a [`crate::Resident`] of the same records would propose, to the last bit, read from the files for this asker alone: for some needs that costs less
    /// than to take the registry into memory.
    ///
    /// # Errors
    /// [`IndexError::Stale`] when there is no index to answer by; or when it cannot be read.
    pub fn best(
        &self,
        asker: Asker<'_>,
        corpus: &Corpus,
        marks: &Marks,
        weights: &Weights,
        date: Date,
        wanted: Wanted,
    ) -> Result<Vec<Candidate>, IndexError> {
        self.0.answer(|view| Single::new(view, asker, corpus, weights, date).best(marks, wanted))
    }
}
