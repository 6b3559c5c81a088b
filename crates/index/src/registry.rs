//! The index of one registry.

use domain::Kind;

use crate::{IndexError, Rebuild, Snapshot, Writer};

/// Whether an index can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexState {
    /// Holds every change up to `position`.
    Ready {
        /// As the last commit was told.
        position: u64,
    },
    /// Missing, damaged, or built by another analysis or schema: empty to readers, to be rebuilt.
    Stale,
}

/// The index of one registry. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    kind: Kind,
}

impl Registry {
    pub(crate) fn provisional(kind: Kind) -> Self {
        Self { kind }
    }

    /// The registry.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it can be used.
    pub fn state(&self) -> IndexState {
        IndexState::Stale
    }

    /// Opens the writer. There is at most one at a time, also across processes.
    ///
    /// # Errors
    /// [`IndexError::Busy`], [`IndexError::Stale`], or when the files cannot be written.
    pub fn writer(&self) -> Result<Writer, IndexError> {
        Ok(Writer {})
    }

    /// Starts a new generation beside the running one, which may be read and written meanwhile.
    ///
    /// # Errors
    /// [`IndexError::Busy`] when a rebuild is under way, or when the files cannot be written.
    pub fn rebuild(&self) -> Result<Rebuild, IndexError> {
        Ok(Rebuild {})
    }

    /// The view of the last commit. A stale index shows nothing.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {}
    }

    /// Takes over what another process has committed or rebuilt.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn refresh(&self) -> Result<(), IndexError> {
        Ok(())
    }
}
