//! Learning term vectors from the registries: what the operator's own needs, experts, stations and achievements say together.
//!
//! What belongs together: a title and each sentence of its text, its keywords, an expert's projects with each other, the two halves of a title; and
//! of achievements, which often are titles alone, those that are near each other by their words.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{Area, Kind, Record};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use store::ListFilter;
use vectors::{Lessons, Reader, Settings, TermVectors, TextId};

use crate::indexing::BATCH;
use crate::{Engine, EngineError, blocking, learned};

/// The registries that are matched with each other.
const MATCHED: [Kind; 4] = [Kind::Need, Kind::Expert, Kind::Station, Kind::Achievement];
/// Records of a registry that are learned from at most, spread evenly by number.
const MOST_RECORDS: u64 = 50_000;
/// Terms in all texts after which nothing more is read: some 800 MB.
const MOST_TERMS: usize = 100_000_000;
/// Characters of a text that are read at most.
const MOST_CHARACTERS: usize = 1_500;
/// Projects of an expert that are read at most, and others that each one is paired with.
const PROJECTS: usize = 40;
const PARTNERS: usize = 12;
/// Titles of fewer characters are not cut in two; each is cut so often, somewhere in the middle.
const SHORTEST_CUT: usize = 8;
const CUTS: usize = 2;
const MIDDLE: std::ops::Range<f32> = 0.3..0.7;
/// Neighbours of an achievement's title, and titles that look for them at most.
const NEIGHBOURS: usize = 10;
const LOOKING: usize = 10_000;

/// What came of learning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taught {
    /// Records that were read.
    pub records: u64,
    /// Pairs of texts that belong together.
    pub pairs: usize,
    /// Terms that now have a vector; `None` when there was too little to learn from, and nothing has changed.
    pub terms: Option<usize>,
}

/// How far learning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeachingProgress {
    /// Records read, and how many there are to read.
    Reading(u64, u64),
    /// Batches learned, and how many there will be.
    Learning(usize, usize),
    /// A registry's index is written anew: its documents so far, and all.
    Rebuilding(Kind, u64, u64),
}

impl Engine {
    /// Learns term vectors from the registries as they are, beginning with those that come with the program, and writes the indexes of
    /// the registries that are matched anew with them. The same records give the same vectors on the same machine.
    ///
    /// # Errors
    /// [`EngineError::ModelInPlace`]; [`EngineError::Teaching`] when another process is learning; when database or files refuse. Killed or failed
    /// midway, each index is as it was or wholly new.
    pub async fn train_vectors(
        &self,
        mut progress: impl FnMut(TeachingProgress) + Send,
    ) -> Result<Taught, EngineError> {
        if self.catalog.model().is_some() {
            return Err(EngineError::ModelInPlace);
        }
        let data_dir = self.data_dir.clone();
        let _alone = blocking(move || learning_lock(&data_dir)).await?;
        let mut class = Class::new();
        let mut totals = Vec::new();
        for kind in MATCHED {
            totals.push((kind, self.store.count(kind, &ListFilter::default()).await?));
        }
        let all = totals.iter().map(|(_, total)| total.min(&MOST_RECORDS)).sum();
        for (kind, total) in totals {
            // Which records are read is told by their numbers: no accident of the day.
            let (bound, total) = (u128::from(MOST_RECORDS), u128::from(total.max(MOST_RECORDS)));
            let place = move |number: u64| u128::from(number) * bound / total;
            let mut after = 0;
            loop {
                let mut records = self.store.page(kind, &ListFilter::default(), after, BATCH).await?;
                let Some(last) = records.last() else { break };
                after = last.id.number;
                records.retain(|record| place(record.id.number) > place(record.id.number - 1));
                let engine = self.clone();
                class = blocking(move || {
                    class.read(&engine, &records);
                    Ok(class)
                })
                .await?;
                progress(TeachingProgress::Reading(class.records, all));
            }
        }
        let (sender, mut steps) = tokio::sync::mpsc::unbounded_channel();
        let learning = blocking(move || {
            let (records, lessons) = class.finish();
            let heard = |done, all| _ = sender.send((done, all));
            let vectors =
                vectors::learn(&lessons, Some(&TermVectors::builtin()), &Settings::default(), heard);
            Ok((
                Taught { records, pairs: lessons.pairs(), terms: vectors.as_ref().map(TermVectors::len) },
                vectors,
            ))
        });
        let listening = async {
            while let Some((done, all)) = steps.recv().await {
                progress(TeachingProgress::Learning(done, all));
            }
        };
        let (learned, ()) = futures_util::join!(learning, listening);
        let (taught, vectors) = learned?;
        let Some(vectors) = vectors else { return Ok(taught) };
        let file = vectors_file(&self.data_dir);
        let installed = file.clone();
        blocking(move || {
            learned::install(&installed, &vectors.to_bytes())
                .map_err(|error| EngineError::DataDir { path: installed, error })
        })
        .await?;
        self.write_anew(progress).await?;
        Ok(taught)
    }

    /// Takes learned term vectors away: indexes are written anew with those that come with the program. Tells whether there were any.
    ///
    /// # Errors
    /// As [`Self::train_vectors`].
    pub async fn reset_vectors(
        &self,
        progress: impl FnMut(TeachingProgress) + Send,
    ) -> Result<bool, EngineError> {
        let data_dir = self.data_dir.clone();
        let _alone = blocking(move || learning_lock(&data_dir)).await?;
        let path = vectors_file(&self.data_dir);
        let removed = match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(EngineError::DataDir { path, error }),
            Ok(()) => true,
        };
        // Also when the file was gone: indexes may still be written with what it held.
        self.write_anew(progress).await?;
        Ok(removed)
    }

    /// The registries whose index was written with other term vectors than those that are installed, as after learning was killed between
    /// installing and writing anew: they are matched as before until they are rebuilt.
    ///
    /// # Errors
    /// When index files refuse.
    pub async fn registries_with_other_vectors(&self) -> Result<Vec<Kind>, EngineError> {
        let engine = self.clone();
        blocking(move || {
            let installed = engine.usable_vectors()?;
            let differs = |kind: &Kind| {
                let registry = engine.catalog.registry(*kind);
                let written = registry.generation().is_some();
                written && registry.snapshot().vectors().identity() != installed.identity()
            };
            Ok(MATCHED.into_iter().filter(differs).collect())
        })
        .await
    }

    /// Writes the indexes of the registries that are matched with the vectors that are installed now.
    async fn write_anew(&self, mut progress: impl FnMut(TeachingProgress) + Send) -> Result<(), EngineError> {
        for kind in MATCHED {
            self.rebuild_index(kind, |done, all| progress(TeachingProgress::Rebuilding(kind, done, all)))
                .await?;
            // A server beside this process is to write this registry again while the next one is rebuilt.
            self.let_go_of(kind);
        }
        Ok(())
    }

    /// As [`Self::installed_vectors`]; what cannot be read is told in the log and replaced by what comes with the program: records must stay
    /// searchable.
    pub(crate) fn usable_vectors(&self) -> Result<Arc<TermVectors>, EngineError> {
        self.installed_vectors().or_else(|error| {
            let advice = "the learned term vectors cannot be read; run `hongniang train vectors` again";
            tracing::error!(error = &error as &dyn std::error::Error, advice);
            Ok(TermVectors::builtin())
        })
    }

    /// The term vectors that a new index is written with: those learned here, or else those that come with the program.
    pub(crate) fn installed_vectors(&self) -> Result<Arc<TermVectors>, EngineError> {
        let path = vectors_file(&self.data_dir);
        let read = match fs::read(&path) {
            Ok(bytes) => TermVectors::from_bytes(&bytes)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(TermVectors::builtin()),
            Err(error) => Err(error),
        };
        read.map(Arc::new).map_err(|error| EngineError::DataDir { path, error })
    }
}

/// Held by the one process that learns.
fn learning_lock(data_dir: &Path) -> Result<File, EngineError> {
    let path = learned::path(data_dir, "train.lock");
    let unusable = |error| EngineError::DataDir { path: path.clone(), error };
    fs::create_dir_all(path.parent().unwrap_or(data_dir)).map_err(unusable)?;
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(EngineError::Teaching),
        Err(fs::TryLockError::Error(error)) => Err(unusable(error)),
    }
}

fn vectors_file(data_dir: &Path) -> PathBuf {
    learned::path(data_dir, "term-vectors.bin")
}

/// Makes lessons of records.
struct Class {
    lessons: Lessons,
    random: StdRng,
    /// Each record is a group of its own: its texts are not told from each other.
    group: u32,
    /// Of achievements.
    titles: Vec<TextId>,
    records: u64,
}

impl Class {
    fn new() -> Self {
        let (lessons, random) = (Lessons::default(), StdRng::seed_from_u64(1));
        Self { lessons, random, group: 0, titles: Vec::new(), records: 0 }
    }

    fn read(&mut self, engine: &Engine, records: &[Record]) {
        let mut reader = Reader::new(&engine.analyzer);
        for record in records {
            if self.lessons.terms_in_all() < MOST_TERMS {
                self.record(&mut reader, record);
            }
        }
        self.records += records.len() as u64;
    }

    fn record(&mut self, reader: &mut Reader<'_>, record: &Record) {
        self.group += 1;
        let mut title = None;
        let mut projects: Vec<TextId> = Vec::new();
        for passage in record.profile.passages() {
            let text: String = passage.text.chars().take(MOST_CHARACTERS).collect();
            let whole = self.lessons.text(&reader.read(&text), false);
            match passage.area {
                Area::Title => {
                    title = Some(whole);
                    self.cut(reader, &text);
                }
                Area::Keywords => self.pair(title, whole),
                Area::Body => {
                    for sentence in vectors::sentences(&text) {
                        let sentence = self.lessons.text(&reader.read(sentence), true);
                        self.pair(title, sentence);
                    }
                }
                Area::Evidence if projects.len() == PROJECTS => {}
                Area::Evidence => {
                    self.pair(title, whole);
                    self.cut(reader, &text);
                    projects.push(whole);
                }
            }
        }
        let partners = PARTNERS.min(projects.len().saturating_sub(1));
        for (at, &project) in projects.iter().enumerate() {
            for step in 1..=partners {
                self.lessons.pair(project, projects[(at + step) % projects.len()], self.group);
            }
        }
        self.titles.extend(title.filter(|_| record.id.kind == Kind::Achievement));
    }

    fn pair(&mut self, one: Option<TextId>, other: TextId) {
        if let Some(one) = one {
            self.lessons.pair(one, other, self.group);
        }
    }

    /// The halves of a title belong together.
    fn cut(&mut self, reader: &mut Reader<'_>, title: &str) {
        let characters: Vec<(usize, char)> = title.char_indices().collect();
        if characters.len() < SHORTEST_CUT {
            return;
        }
        for _ in 0..CUTS {
            let at = (characters.len() as f32 * self.random.random_range(MIDDLE)) as usize;
            let (left, right) = title.split_at(characters[at].0);
            let left = self.lessons.text(&reader.read(left), true);
            let right = self.lessons.text(&reader.read(right), true);
            self.lessons.pair(left, right, self.group);
        }
    }

    fn finish(mut self) -> (u64, Lessons) {
        self.lessons.pair_neighbours(&self.titles, NEIGHBOURS, LOOKING, self.group + 1);
        (self.records, self.lessons)
    }
}
