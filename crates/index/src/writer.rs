//! Changing an index: following changes, or starting again.

use crate::{IndexDocument, IndexError};

/// The one writer of a registry's index. Nothing is visible or durable before [`Writer::commit`]; dropping discards.
pub struct Writer {}

impl Writer {
    /// Adds a document, in place of the one with the same number.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn put(&mut self, document: &IndexDocument) -> Result<(), IndexError> {
        let _ = document;
        Ok(())
    }

    /// Takes a document out, if it is there.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn delete(&mut self, number: u64) -> Result<(), IndexError> {
        let _ = number;
        Ok(())
    }

    /// Makes everything since the last commit durable and visible, together with `position`. Merges small segments and removes
    /// files that are no longer used, so a call may take seconds now and then.
    ///
    /// # Errors
    /// [`IndexError::Superseded`] when the registry was rebuilt meanwhile; or when the index cannot be written.
    pub fn commit(&mut self, position: u64) -> Result<(), IndexError> {
        let _ = position;
        Ok(())
    }

    /// Merges everything into one segment: nothing of a deleted document stays in the files.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn compact(&mut self) -> Result<(), IndexError> {
        Ok(())
    }
}

/// A new generation of a registry's index, built beside the running one. Dropping discards it.
pub struct Rebuild {}

impl Rebuild {
    /// Adds a document; every number once.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn put(&mut self, document: &IndexDocument) -> Result<(), IndexError> {
        let _ = document;
        Ok(())
    }

    /// Makes the new generation the current one, at `position`. The old one goes once nobody reads it.
    ///
    /// # Errors
    /// When the index cannot be written; the running one then stays.
    pub fn finish(self, position: u64) -> Result<(), IndexError> {
        let _ = position;
        Ok(())
    }
}
