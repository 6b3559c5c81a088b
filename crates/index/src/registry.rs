//! The index of one registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;

use domain::Kind;
use embedding::Model;
use text::Analyzer;
use vectors::TermVectors;

use crate::generation::{self, Fault, Generation};
use crate::shelf::Shelf;
use crate::snapshot::View;
use crate::{IndexError, Rebuild, Snapshot, Writer, schema};

/// Whether an index can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexState {
    /// Holds every change up to `position`.
    Ready {
        /// As the last commit was told.
        position: u64,
    },
    /// Missing, damaged, or built by another analysis, model or schema: empty to readers, to be rebuilt.
    Stale,
    /// Another process has put an index in place that this one cannot read, as its dictionaries, its model or its version are others. Readers
    /// keep the last view from before; nothing can be written until the process starts again.
    Superseded,
}

/// The index of one registry. Cheap to clone.
#[derive(Clone)]
pub struct Registry(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) kind: Kind,
    pub(crate) root: PathBuf,
    pub(crate) analyzer: Arc<Analyzer>,
    /// Tells what texts mean, in place of term vectors.
    pub(crate) model: Option<Arc<Model>>,
    pub(crate) fingerprint: String,
    pub(crate) memory_budget: usize,
    pub(crate) shelf: Arc<Shelf>,
    /// Held while a commit or a rebuild becomes visible.
    pub(crate) publishing: Mutex<()>,
    view: RwLock<Arc<View>>,
    /// The generation that another process put in place and this one cannot read.
    foreign: Mutex<Option<String>>,
}

impl Registry {
    pub(crate) fn open(
        directory: &Path,
        kind: Kind,
        analyzer: &Arc<Analyzer>,
        model: Option<&Arc<Model>>,
        memory_budget: usize,
        shelf: &Arc<Shelf>,
    ) -> Result<Self, IndexError> {
        let root = directory.join(kind.plural());
        fs::create_dir_all(&root)?;
        if let Some(_lock) = generation::rebuild_lock(&root)? {
            generation::sweep(&root)?;
        }
        let shared = Shared {
            kind,
            root,
            analyzer: analyzer.clone(),
            model: model.cloned(),
            fingerprint: schema::fingerprint(analyzer, model.map(Arc::as_ref)),
            memory_budget,
            shelf: shelf.clone(),
            publishing: Mutex::new(()),
            view: RwLock::new(Arc::new(View::empty(kind, analyzer.clone()))),
            foreign: Mutex::default(),
        };
        shared.refresh()?;
        Ok(Self(Arc::new(shared)))
    }

    /// The registry.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Whether it can be used.
    pub fn state(&self) -> IndexState {
        let view = self.0.view();
        match view.generation {
            Some(_) if self.0.foreign().is_some() => IndexState::Superseded,
            Some(_) => IndexState::Ready { position: view.position },
            None => IndexState::Stale,
        }
    }

    /// The number of the index that readers see; each rebuild makes another. `None` for a stale index.
    pub fn generation(&self) -> Option<u64> {
        self.0.view().generation.as_ref().and_then(|generation| generation::number(&generation.name))
    }

    /// When the index that readers see was last written; `None` for a stale one.
    pub fn committed_at(&self) -> Option<SystemTime> {
        self.0.view().generation.as_ref().and_then(|generation| generation.committed_at())
    }

    /// Whether it lies in so many segments that [`Writer::tidy`] may have something to merge.
    pub fn is_scattered(&self) -> bool {
        self.0.view().segments.len() >= Writer::SEGMENTS_AT_REST
    }

    /// Opens the writer. There is at most one at a time, also across processes.
    ///
    /// # Errors
    /// [`IndexError::Busy`], [`IndexError::Stale`], or when the files cannot be written.
    pub fn writer(&self) -> Result<Writer, IndexError> {
        Writer::open(&self.0)
    }

    /// Starts a new generation beside the running one, which may be read and written meanwhile. Unless there is a model, its texts'
    /// meaning is told by `vectors`; explanations name words by them in any case.
    ///
    /// # Errors
    /// [`IndexError::Busy`] when a rebuild is under way, or when the files cannot be written.
    pub fn rebuild(&self, vectors: Arc<TermVectors>) -> Result<Rebuild, IndexError> {
        Rebuild::start(&self.0, vectors)
    }

    /// The view of the last commit. A stale index shows nothing.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.0.view())
    }

    /// Takes over what another process has committed or rebuilt, and sees that nobody has touched the files: a damaged index is stale from then on.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn refresh(&self) -> Result<(), IndexError> {
        self.0.refresh()
    }

    /// Reads every file of the index and sees that it is what was written; a damaged index is stale from then on. Takes as long as reading takes.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn examine(&self) -> Result<(), IndexError> {
        let view = self.0.view();
        let Some(generation) = &view.generation else { return Ok(()) };
        // Without the lock: writers go on. Files that they replace meanwhile may be gone, which the next look does not take for damage.
        if generation.examine() { Ok(()) } else { self.0.refresh() }
    }
}

impl Shared {
    pub(crate) fn view(&self) -> Arc<View> {
        // A view is replaced whole, so a panic elsewhere cannot have left it half done.
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn foreign(&self) -> MutexGuard<'_, Option<String>> {
        self.foreign.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the last commit of `generation` what readers see.
    pub(crate) fn publish(&self, generation: &Arc<Generation>) -> Result<(), IndexError> {
        let view = View::read(generation, &self.view()).map_err(|fault| fault.of(self.kind))?;
        self.show(view);
        Ok(())
    }

    fn show(&self, view: View) {
        let view = Arc::new(view);
        let old = std::mem::replace(&mut *self.view.write().unwrap_or_else(PoisonError::into_inner), view);
        // After the lock: the last user of a retired generation removes its directory.
        drop(old);
    }

    fn refresh(&self) -> Result<(), IndexError> {
        let _publishing = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let view = self.view();
        let Some(name) = generation::current(&self.root)? else {
            if view.generation.is_some() {
                tracing::warn!(registry = %self.kind, "the index has gone and has to be rebuilt");
                self.show(View::empty(self.kind, self.analyzer.clone()));
            }
            return Ok(());
        };
        if let Some(generation) = view.generation.as_ref().filter(|generation| generation.name == name) {
            self.foreign().take();
            return match self.follow(generation, &view) {
                Err(Fault::Unreadable(error)) => Err(error.into()),
                Err(fault) => {
                    self.give_up(&name, &fault);
                    Ok(())
                }
                Ok(()) => Ok(()),
            };
        }
        if self.foreign().as_ref() == Some(&name) {
            return Ok(());
        }
        let opened = Generation::open(self, &name);
        match opened.and_then(|generation| View::read(&Arc::new(generation), &view)) {
            Ok(view) => {
                self.foreign().take();
                self.show(view);
                Ok(())
            }
            Err(fault) if view.generation.is_none() => {
                tracing::warn!(registry = %self.kind, generation = name, ?fault, "the index has to be rebuilt");
                Ok(())
            }
            Err(Fault::Unreadable(error)) => Err(error.into()),
            Err(fault @ Fault::Damaged(_)) => {
                // Unless it was replaced once more while it was opened: the next look finds the one after.
                if generation::current(&self.root)?.as_ref() == Some(&name) {
                    self.give_up(&name, &fault);
                }
                Ok(())
            }
            Err(Fault::Foreign(reason)) => {
                let advice = "another process has replaced the index by one that cannot be read here: start this one again";
                tracing::error!(registry = %self.kind, generation = name, reason, advice);
                *self.foreign() = Some(name);
                Ok(())
            }
        }
    }

    /// Sees that the files of the running generation are what was written, and takes over a new commit.
    fn follow(&self, generation: &Arc<Generation>, view: &View) -> Result<(), Fault> {
        generation.verify()?;
        // Servers ask twice a second; reading the index anew would throw away what it has cached.
        if generation.last_commit()? == view.commit {
            return Ok(());
        }
        self.show(View::read(generation, view)?);
        Ok(())
    }

    /// Shows nothing more of an index that is not what was written: nobody is to be answered by it.
    fn give_up(&self, generation: &str, fault: &Fault) {
        tracing::warn!(registry = %self.kind, generation, ?fault, "the index is damaged and has to be rebuilt");
        self.show(View::empty(self.kind, self.analyzer.clone()));
    }
}
