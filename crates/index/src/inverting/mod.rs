//! Documents turned into segments: each text is analysed once, and what is read of it becomes postings, vectors and pieces alike.
//!
//! tantivy's own writer looks each token up in a table of all terms and lengthens the term's list, both somewhere in memory; here tokens are written
//! one behind the other and put in order when the segment is written (`log.rs`). The files are tantivy's, written by its serialisers.

mod holders;
mod inverters;
mod listed;
mod log;
mod terms;

use domain::Area;
use tantivy::directory::TerminatingWrite;
use tantivy::fastfield::FastFieldsWriter;
use tantivy::fieldnorm::{FieldNormsSerializer, FieldNormsWriter};
use tantivy::index::{SegmentComponent, SegmentMeta};
use tantivy::postings::InvertedIndexSerializer;
use tantivy::schema::Schema;
use tantivy::store::StoreWriter;
use tantivy::tokenizer::{FacetTokenizer, MAX_TOKEN_LEN, TokenStream, Tokenizer, TokenizerManager};
use tantivy::{DocId, Index, Segment, TantivyDocument};
use text::{Analyzer, Scratch, TokenKind};
use vectors::{Packed, TermVectors};

use crate::IndexDocument;
use crate::meaning::Meaning;
use crate::pieces::{Columns, mark};
use crate::schema::{self, Fields, NAMES, TEXT_FIELDS};
use holders::Holders;
pub(crate) use inverters::Inverters;
use listed::Listed;
use log::{Log, MOST_TERMS};
use terms::{Key, Term, Terms};

/// What documents are read with.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) analyzer: &'a Analyzer,
    pub(crate) fields: &'a Fields,
    pub(crate) meaning: Meaning<'a>,
}

/// A segment that is being made, one after the other in the same memory.
struct Inverter {
    documents: DocId,
    schema: Schema,
    tokenizers: TokenizerManager,
    terms: Terms,
    text: [Log; TEXT_FIELDS],
    latin: Listed,
    facets: Holders,
    numbers: Listed,
    lengths: FieldNormsWriter,
    fast: FastFieldsWriter,
    columns: Columns,
    passage: Passage,
}

/// A token's term, or what it is to be looked up by when all tokens are there.
#[derive(Clone, Copy)]
enum Found {
    Term(Term),
    Later(Key),
}

impl Found {
    fn key(&self) -> Option<Key> {
        match self {
            Self::Term(_) => None,
            Self::Later(key) => Some(*key),
        }
    }
}

/// What is read of one text.
#[derive(Default)]
struct Passage {
    scratch: Scratch,
    /// Its tokens and where they stand.
    tokens: Vec<(Found, u32)>,
    /// Its terms that have a vector.
    vectors: Vec<u32>,
    /// The marks of its terms.
    marks: Vec<u32>,
}

impl Inverter {
    fn new(index: &Index) -> tantivy::Result<Self> {
        let schema = index.schema();
        let tokenizers = index.fast_field_tokenizer().clone();
        Ok(Self {
            documents: 0,
            terms: Terms::default(),
            text: Default::default(),
            latin: Listed::default(),
            facets: Holders::default(),
            numbers: Listed::default(),
            lengths: FieldNormsWriter::for_schema(&schema),
            fast: FastFieldsWriter::from_schema_and_tokenizer_manager(&schema, tokenizers.clone())?,
            columns: Columns::default(),
            passage: Passage::default(),
            schema,
            tokenizers,
        })
    }

    /// Whether it holds what is to be held in so many bytes.
    fn is_full(&self, budget: usize) -> bool {
        let text: usize = self.text.iter().map(Log::memory).sum();
        let others = self.latin.memory() + self.facets.memory() + self.numbers.memory();
        let columns = self.fast.mem_usage() + self.lengths.mem_usage();
        text + self.terms.memory() + others + columns >= budget || self.terms.len() >= MOST_TERMS / 2
    }

    /// Adds a document. `vectors` has those of its passages where a model has read them.
    fn add(
        &mut self,
        document: &IndexDocument,
        vectors: &[Option<Packed>],
        with: Reading<'_>,
    ) -> tantivy::Result<()> {
        let of_terms = with.meaning.of_terms();
        self.columns.clear();
        for (at, passage) in document.passages.iter().enumerate() {
            self.read(&passage.text, schema::place(passage.area), with.analyzer, of_terms);
            let Passage { vectors: terms, marks, .. } = &mut self.passage;
            match of_terms {
                Some(of_terms) => {
                    self.columns.push_vector(of_terms.embed_terms(terms).as_ref(), with.meaning.words());
                }
                None => {
                    self.columns.push_vector(vectors.get(at).and_then(Option::as_ref), with.meaning.words());
                }
            }
            if passage.area == Area::Evidence {
                self.columns.push_piece(marks);
            }
        }
        document.names.iter().for_each(|name| self.read(name, NAMES, with.analyzer, of_terms));
        for (log, field) in self.text.iter().zip(with.fields.text) {
            if let Some(length) = log.length_of(self.documents) {
                self.lengths.record(self.documents, field, length);
            }
        }
        self.add_terms(document, with.fields);
        self.fast.add_document(&with.fields.columns(document, &self.columns))?;
        self.documents += 1;
        Ok(())
    }

    fn read(&mut self, text: &str, place: usize, analyzer: &Analyzer, vectors: Option<&TermVectors>) {
        let Self { terms, text: logs, passage, .. } = self;
        let Passage { scratch, tokens, vectors: with_vector, marks, .. } = passage;
        let log = &mut logs[place];
        let evidence = place == schema::place(Area::Evidence);
        let vector = |term: &str| vectors?.number(term);
        tokens.clear();
        with_vector.clear();
        marks.clear();
        analyzer.for_each_token(text, scratch, |token| {
            if evidence && token.kind != TokenKind::Word {
                marks.push(mark(token.text));
            }
            let key = Key::new(token.text);
            if key.is_whole() {
                tokens.push((Found::Later(key), token.position));
            } else if token.text.len() <= MAX_TOKEN_LEN {
                // Longer ones cannot be written.
                tokens.push((Found::Term(terms.find_long(token.text, vector)), token.position));
            }
        });
        terms.expect(tokens.iter().filter_map(|(found, _)| found.key()));
        log.begin(self.documents);
        for &(found, position) in &*tokens {
            let term = match found {
                Found::Term(term) => term,
                Found::Later(key) => terms.find_short(key, vector),
            };
            log.push(term.number, position);
            with_vector.extend(term.vector());
        }
        log.end();
    }

    /// What is not read but asked for as it is: the beginnings of names in Latin letters, facets, the number.
    fn add_terms(&mut self, document: &IndexDocument, fields: &Fields) {
        let mut keys = 0;
        for key in document.names.iter().flat_map(|name| text::pinyin::keys(name)) {
            self.latin.push(key.as_bytes(), self.documents);
            keys += 1;
        }
        self.lengths.record(self.documents, fields.latin, keys);
        let mut tokenizer = FacetTokenizer::default();
        for facet in schema::facets(document) {
            tokenizer.token_stream(facet.encoded_str()).process(&mut |token| {
                self.facets.push(token.text.as_bytes(), self.documents);
            });
        }
        let number = fields.number_term(document.number);
        self.numbers.push(number.serialized_value_bytes(), self.documents);
        self.lengths.record(self.documents, fields.number, 1);
    }

    /// Writes all of it into the files of `segment`, and is empty then. After an error it is of no use.
    fn write(&mut self, segment: Segment, fields: &Fields) -> tantivy::Result<SegmentMeta> {
        let documents = std::mem::take(&mut self.documents);
        self.write_columns(&segment, documents)?;
        self.write_terms(&segment, fields)?;
        let meta = segment.with_max_doc(documents).meta().clone();
        meta.untrack_temp_docstore();
        Ok(meta)
    }

    fn write_columns(&mut self, segment: &Segment, documents: DocId) -> tantivy::Result<()> {
        let empty = FieldNormsWriter::for_schema(&self.schema);
        let mut lengths = std::mem::replace(&mut self.lengths, empty);
        lengths.fill_up_to_max_doc(documents);
        let to = segment.open_write(SegmentComponent::FieldNorms)?;
        lengths.serialize(FieldNormsSerializer::from_write(to)?, None)?;
        let empty =
            FastFieldsWriter::from_schema_and_tokenizer_manager(&self.schema, self.tokenizers.clone())?;
        let mut fast = std::mem::replace(&mut self.fast, empty);
        let mut to = segment.open_write(SegmentComponent::FastFields)?;
        fast.serialize(&mut to, None)?;
        to.terminate()?;
        write_store(segment, documents, &self.schema)
    }

    fn write_terms(&mut self, segment: &Segment, fields: &Fields) -> tantivy::Result<()> {
        let Self { terms, text, latin, facets, numbers, .. } = self;
        let ascending = terms.ascending();
        let mut ranks = vec![0; ascending.len()];
        ascending.iter().zip(0..).for_each(|(&term, rank)| ranks[term as usize] = rank);
        let mut to = InvertedIndexSerializer::open(segment)?;
        for (log, field) in text.iter_mut().zip(fields.text) {
            let tokens = log.tokens();
            if tokens > 0 {
                let mut to = to.new_field(field, tokens, None)?;
                log.write(terms, &ascending, &ranks, &mut to)?;
                to.close()?;
            }
            log.clear();
        }
        terms.clear();
        for (listed, field) in [(latin, fields.latin), (numbers, fields.number)] {
            if listed.tokens() > 0 {
                let mut to = to.new_field(field, listed.tokens(), None)?;
                listed.write(&mut to)?;
                to.close()?;
            }
            listed.clear();
        }
        let facets = std::mem::take(facets);
        if facets.tokens() > 0 {
            let mut to = to.new_field(fields.facets, facets.tokens(), None)?;
            facets.write(&mut to)?;
            to.close()?;
        }
        Ok(to.close()?)
    }
}

/// Nothing of a document is stored, and yet tantivy asks for a store with as many documents.
fn write_store(segment: &Segment, documents: DocId, schema: &Schema) -> tantivy::Result<()> {
    let settings = segment.index().settings();
    let (compression, block) = (settings.docstore_compression, settings.docstore_blocksize);
    let mut store =
        StoreWriter::new(segment.open_write(SegmentComponent::Store)?, compression, block, false)?;
    for _ in 0..documents {
        store.store(&TantivyDocument::default(), schema)?;
    }
    Ok(store.close()?)
}
