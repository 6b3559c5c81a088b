//! An index in a directory of its own, and documents to put into it.

use std::sync::{Arc, LazyLock};

use domain::{Area, Kind, Passage};
use index::{Catalog, Dimension, Facet, IndexDocument, Registry, SearchPage, SearchQuery, Snapshot};
use tempfile::TempDir;
use text::{Analyzer, Dictionaries};

pub(crate) static ANALYZER: LazyLock<Arc<Analyzer>> =
    LazyLock::new(|| Arc::new(Analyzer::new(&Dictionaries::builtin()).unwrap()));

/// Little, as the tests' documents are few.
pub(crate) const MEMORY: usize = 16 << 20;

pub(crate) struct Fixture {
    pub(crate) directory: TempDir,
    pub(crate) catalog: Catalog,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let catalog = open(&directory);
        Self { directory, catalog }
    }

    pub(crate) fn with(documents: &[IndexDocument]) -> Self {
        let fixture = Self::new();
        fixture.rebuild(documents, 1);
        fixture
    }

    /// The registry the tests use.
    pub(crate) fn registry(&self) -> &Registry {
        self.catalog.registry(Kind::Expert)
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.registry().snapshot()
    }

    pub(crate) fn rebuild(&self, documents: &[IndexDocument], position: u64) {
        let mut rebuild = self.registry().rebuild(vectors::TermVectors::builtin()).unwrap();
        documents.iter().for_each(|document| rebuild.put(document).unwrap());
        rebuild.finish(position).unwrap();
    }

    pub(crate) fn page(&self, query: &SearchQuery) -> SearchPage {
        self.snapshot().search(query).unwrap()
    }

    /// Numbers found, ascending.
    pub(crate) fn found(&self, text: &str) -> Vec<u64> {
        let mut numbers = self.ranked(text);
        numbers.sort_unstable();
        numbers
    }

    /// Numbers found, best first.
    pub(crate) fn ranked(&self, text: &str) -> Vec<u64> {
        let page = self.page(&typed(text));
        assert_eq!(page.hits.len() as u64, page.total, "the tests look at one page");
        page.hits.iter().map(|hit| hit.number).collect()
    }
}

pub(crate) fn open(directory: &TempDir) -> Catalog {
    Catalog::with_memory_budget(directory.path(), ANALYZER.clone(), None, MEMORY).unwrap()
}

pub(crate) fn typed(text: &str) -> SearchQuery {
    SearchQuery { text: Some(text.to_owned()), limit: SearchQuery::MAX_LIMIT, ..SearchQuery::default() }
}

pub(crate) fn passage(area: Area, text: &str) -> Passage {
    Passage { area, field: "field", label: "字段", text: text.to_owned() }
}

/// An open record with a title.
pub(crate) fn titled(number: u64, title: &str) -> IndexDocument {
    with_text(number, Area::Title, title)
}

pub(crate) fn with_text(number: u64, area: Area, text: &str) -> IndexDocument {
    IndexDocument { number, passages: vec![passage(area, text)], open: true, ..IndexDocument::default() }
}

pub(crate) fn named(number: u64, name: &str) -> IndexDocument {
    IndexDocument { number, names: vec![name.to_owned()], open: true, ..IndexDocument::default() }
}

pub(crate) fn facet(dimension: Dimension, path: &[&str]) -> Facet {
    Facet { dimension, path: path.iter().map(|&step| step.to_owned()).collect() }
}
