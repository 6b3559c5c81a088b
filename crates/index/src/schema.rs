//! The fields of an index, and what of a document goes into columns.

use domain::Area;
use embedding::Model;
use tantivy::schema::{
    FAST, FacetOptions, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{TantivyDocument, Term};
use text::Analyzer;
use vectors::TermVectors;

use crate::pieces::Columns;
use crate::{Dimension, IndexDocument};

/// Changes whenever the same document would be indexed otherwise.
const SCHEMA_VERSION: u32 = 4;

/// Texts are analysed before tantivy sees them: no tokenizer of this name is ever asked for.
const ANALYSIS: &str = "analysis";

pub(crate) const NUMBER: &str = "number";
pub(crate) const DIGEST: &str = "digest";
pub(crate) const OPEN: &str = "open";
pub(crate) const UPDATED_AT: &str = "updated_at";
pub(crate) const ATTRIBUTES: &str = "attributes";
pub(crate) const FACETS: &str = "facets";
pub(crate) const VECTORS: &str = "vectors";
pub(crate) const PIECES: &str = "pieces";

/// Number of analysed text fields: the areas, then the names.
pub(crate) const TEXT_FIELDS: usize = 5;

/// Where the names stand among the text fields.
pub(crate) const NAMES: usize = 4;

/// Handles of the fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// In the order of [`Area::ALL`], then the names.
    pub(crate) text: [Field; TEXT_FIELDS],
    /// Pinyin keys of the names.
    pub(crate) latin: Field,
    pub(crate) facets: Field,
    pub(crate) number: Field,
    digest: Field,
    open: Field,
    updated_at: Field,
    attributes: Field,
    vectors: Field,
    pieces: Field,
}

/// What an index must have been built with to be used.
pub(crate) fn fingerprint(analyzer: &Analyzer, model: Option<&Model>) -> String {
    let model = model.map(|model| format!("-{}", model.identity())).unwrap_or_default();
    format!("{SCHEMA_VERSION}-{}-{}{model}", TermVectors::builtin().identity(), analyzer.fingerprint())
}

pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(ANALYSIS)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let analysed = TextOptions::default().set_indexing_options(indexing);
    let names = Area::ALL.iter().map(|area| area.slug()).chain(["names"]);
    let mut text = [Field::from_field_id(0); TEXT_FIELDS];
    for (slot, name) in text.iter_mut().zip(names) {
        *slot = builder.add_text_field(name, analysed.clone());
    }
    let fields = Fields {
        text,
        latin: builder.add_text_field("latin", STRING),
        facets: builder.add_facet_field(FACETS, FacetOptions::default()),
        number: builder.add_u64_field(NUMBER, INDEXED | FAST),
        digest: builder.add_u64_field(DIGEST, FAST),
        open: builder.add_bool_field(OPEN, FAST),
        updated_at: builder.add_i64_field(UPDATED_AT, FAST),
        attributes: builder.add_bytes_field(ATTRIBUTES, FAST),
        vectors: builder.add_u64_field(VECTORS, FAST),
        pieces: builder.add_u64_field(PIECES, FAST),
    };
    (builder.build(), fields)
}

/// Where the texts of an area stand among the text fields.
pub(crate) const fn place(area: Area) -> usize {
    match area {
        Area::Title => 0,
        Area::Keywords => 1,
        Area::Body => 2,
        Area::Evidence => 3,
    }
}

/// What a document is filtered and counted by, as tantivy keeps it.
pub(crate) fn facets(document: &IndexDocument) -> impl Iterator<Item = tantivy::schema::Facet> {
    let told = document.facets.iter().filter(|facet| !facet.path.is_empty());
    told.map(|told| facet(told.dimension, &told.path))
}

/// The path of a facet as tantivy keeps it; the separator cannot be part of a step.
pub(crate) fn facet(dimension: Dimension, path: &[String]) -> tantivy::schema::Facet {
    let steps = path.iter().map(|step| step.replace('\0', ""));
    tantivy::schema::Facet::from_path([dimension.slug().to_owned()].into_iter().chain(steps))
}

impl Fields {
    pub(crate) fn number_term(&self, number: u64) -> Term {
        Term::from_field_u64(self.number, number)
    }

    /// What tantivy keeps of a document in columns; `read` has those of its passages.
    pub(crate) fn columns(&self, document: &IndexDocument, read: &Columns) -> TantivyDocument {
        let mut made = TantivyDocument::default();
        let attributes = document.attributes.to_json();
        made.add_u64(self.number, document.number);
        made.add_u64(self.digest, document.digest_with(&attributes));
        made.add_bool(self.open, document.open);
        made.add_i64(self.updated_at, document.updated_at);
        made.add_bytes(self.attributes, &attributes);
        read.vectors.iter().for_each(|&word| made.add_u64(self.vectors, word));
        read.pieces.iter().for_each(|&word| made.add_u64(self.pieces, word));
        facets(document).for_each(|facet| made.add_facet(self.facets, facet));
        made
    }
}
