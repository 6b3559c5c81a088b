//! The files of an index hold what tantivy's own writer would make of the same documents: every term with its documents, counts and positions, every
//! length, every column. How much fits into memory, and how many documents come at a time, change where a document lies, and nothing else.

use std::collections::BTreeMap;
use std::fs;

use domain::{Area, Kind};
use index::{Catalog, Dimension, IndexDocument};
use proptest::prelude::*;
use tantivy::collector::DocSetCollector;
use tantivy::postings::{Postings, TermInfo};
use tantivy::query::AllQuery;
use tantivy::schema::{Facet, IndexRecordOption, Schema, TantivyDocument};
use tantivy::tokenizer::{PreTokenizedString, SimpleTokenizer, Token};
use tantivy::{DocId, DocSet, Index, IndexWriter, InvertedIndexReader, TERMINATED};
use tempfile::TempDir;
use vectors::{Buffers, TermVectors};

use crate::fixture::{ANALYZER, facet, passage};

/// What begins the seal below tantivy's JSON.
const SEAL: &[u8] = b"\nHNSEAL1\n";

/// Field and term.
type Key = (String, Vec<u8>);

/// What an index says of a document: of each term how often and where it stands, how long each field is, what each column has.
#[derive(Debug, PartialEq)]
struct Told {
    terms: BTreeMap<Key, (u32, Vec<u32>)>,
    lengths: Vec<u8>,
    columns: Vec<Vec<u64>>,
}

fn documents() -> impl Strategy<Value = Vec<IndexDocument>> {
    let area = proptest::sample::select(Area::ALL.to_vec());
    let text = prop_oneof![
        4 => "[锂离子电池正极材料，的 a-c1]{0,40}",
        // So far from one token to the next that the distance takes a word of its own.
        1 => "[锂电]{0,3}[a，]{60,140}[池锂]{0,3}",
    ];
    let passages = proptest::collection::vec((area, text), 0..5);
    let names = proptest::collection::vec("[王重E锂电]{0,4}", 0..3);
    let facets = proptest::collection::vec("[ab]{1,2}", 0..3);
    proptest::collection::vec((passages, names, facets), 0..40).prop_map(|documents| {
        let mut made = Vec::new();
        for ((passages, names, facets), number) in documents.into_iter().zip(1..) {
            made.push(IndexDocument {
                number,
                passages: passages.iter().map(|(area, text): &(Area, String)| passage(*area, text)).collect(),
                names,
                facets: facets.iter().map(|step: &String| facet(Dimension::Field, &["a", step])).collect(),
                ..IndexDocument::default()
            });
        }
        made
    })
}

/// The index that was built of the documents, some at a time, within so much memory; without its seal tantivy itself can read it.
fn built(documents: &[IndexDocument], memory: usize, batch: usize) -> (TempDir, Index) {
    let directory = tempfile::tempdir().unwrap();
    let catalog = Catalog::with_memory_budget(directory.path(), ANALYZER.clone(), None, memory).unwrap();
    let mut rebuild = catalog.registry(Kind::Expert).rebuild(TermVectors::builtin()).unwrap();
    documents.chunks(batch).for_each(|documents| rebuild.put_all(documents).unwrap());
    rebuild.finish(1).unwrap();
    let generation = directory.path().join("experts/generation-1");
    let meta = fs::read(generation.join("meta.json")).unwrap();
    let seal = meta.windows(SEAL.len()).position(|window| window == SEAL).unwrap();
    fs::write(generation.join("meta.json"), &meta[..seal]).unwrap();
    let index = Index::open_in_dir(&generation).unwrap();
    (directory, index)
}

/// What tantivy's own writer makes of them.
fn by_tantivy(documents: &[IndexDocument], schema: Schema) -> Index {
    let index = Index::create_in_ram(schema);
    index.tokenizers().register("analysis", SimpleTokenizer::default());
    let mut writer: IndexWriter = index.writer_with_num_threads(1, 16 << 20).unwrap();
    for document in documents {
        writer.add_document(as_tantivy_has_it(document, &index.schema())).unwrap();
    }
    writer.commit().unwrap();
    index
}

fn as_tantivy_has_it(document: &IndexDocument, schema: &Schema) -> TantivyDocument {
    let field = |name: &str| schema.get_field(name).unwrap();
    let mut made = TantivyDocument::default();
    made.add_u64(field("number"), document.number);
    made.add_u64(field("digest"), document.digest());
    made.add_bool(field("open"), document.open);
    made.add_i64(field("updated_at"), document.updated_at);
    made.add_bytes(field("attributes"), &document.attributes.to_json());
    let vectors = TermVectors::builtin();
    for passage in &document.passages {
        made.add_pre_tokenized_text(field(passage.area.slug()), analysed(&passage.text));
        let vector = vectors.embed(&ANALYZER, &passage.text, &mut Buffers::default());
        let words = vector.map_or(vec![0; vectors.dimensions() / 8], |vector| vector.words().to_vec());
        words.into_iter().for_each(|word| made.add_u64(field("vectors"), word));
    }
    for name in &document.names {
        made.add_pre_tokenized_text(field("names"), analysed(name));
        text::pinyin::keys(name).into_iter().for_each(|key| made.add_text(field("latin"), key));
    }
    for facet in &document.facets {
        made.add_facet(field("facets"), Facet::from_path([&["field".to_owned()], &facet.path[..]].concat()));
    }
    made
}

fn analysed(text: &str) -> PreTokenizedString {
    let token = |token: text::Token| Token {
        text: token.text,
        position: token.position as usize,
        ..Token::default()
    };
    let tokens = ANALYZER.tokens(text).into_iter().map(token).collect();
    PreTokenizedString { text: text.to_owned(), tokens }
}

/// By the documents' numbers.
fn told(index: &Index) -> BTreeMap<u64, Told> {
    let searcher = index.reader().unwrap().searcher();
    let mut all = BTreeMap::new();
    for at in searcher.search(&AllQuery, &DocSetCollector).unwrap() {
        let segment = searcher.segment_reader(at.segment_ord);
        let column = |name: &str| match segment.fast_fields().column_opt::<u64>(name).unwrap() {
            Some(column) => column.values_for_doc(at.doc_id).collect(),
            None => Vec::new(),
        };
        let number: Vec<u64> = column("number");
        // What pieces there are, `retrieval.rs` knows.
        let columns = ["digest", "vectors"].map(column).to_vec();
        let (mut terms, mut lengths) = (BTreeMap::new(), Vec::new());
        for (field, entry) in segment.schema().fields().filter(|(_, entry)| entry.is_indexed()) {
            if entry.has_fieldnorms() {
                lengths.push(segment.get_fieldnorms_reader(field).unwrap().fieldnorm_id(at.doc_id));
            }
            let index = segment.inverted_index(field).unwrap();
            let mut stream = index.terms().stream().unwrap();
            while stream.advance() {
                if let Some(places) = places(&index, stream.value(), at.doc_id) {
                    terms.insert((entry.name().to_owned(), stream.key().to_vec()), places);
                }
            }
        }
        all.insert(number[0], Told { terms, lengths, columns });
    }
    all
}

/// How often and where a term stands in a document.
fn places(index: &InvertedIndexReader, term: &TermInfo, document: DocId) -> Option<(u32, Vec<u32>)> {
    let mut postings =
        index.read_postings_from_terminfo(term, IndexRecordOption::WithFreqsAndPositions).unwrap();
    while postings.doc() != TERMINATED && postings.doc() < document {
        postings.advance();
    }
    let mut positions = Vec::new();
    (postings.doc() == document).then(|| {
        if !term.positions_range.is_empty() {
            postings.positions(&mut positions);
        }
        (postings.term_freq(), positions)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn files_hold_what_tantivy_would_write(
        documents in documents(), memory in 1_usize..200_000, batch in 1_usize..40,
    ) {
        let (_directory, built) = built(&documents, memory, batch);
        let expected = told(&by_tantivy(&documents, built.schema()));
        prop_assert_eq!(expected.len(), documents.len());
        prop_assert_eq!(told(&built), expected);
    }
}
