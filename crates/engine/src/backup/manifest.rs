//! What a backup says of itself.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::Snapshot;

/// The manifest's name in the archive.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Backups of a later format are refused.
pub(crate) const FORMAT: u32 = Held::Tables.format();

/// How a backup holds its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// As an SQLite file.
    File,
    /// As tables of PostgreSQL.
    Tables,
}

impl Held {
    /// Told by the names of the files.
    pub(crate) fn of<'n>(mut names: impl Iterator<Item = &'n str>) -> Option<Self> {
        names.find_map(|name| match name.split_once('/') {
            None if name == Snapshot::FILE => Some(Self::File),
            Some((Snapshot::FOLDER, _)) => Some(Self::Tables),
            _ => None,
        })
    }

    /// The format of an archive that holds it so: programs that know of SQLite alone refuse the other.
    pub(crate) const fn format(self) -> u32 {
        match self {
            Self::File => 1,
            Self::Tables => 2,
        }
    }
}

/// The manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    /// The version of the program that made it.
    pub(crate) program: String,
    pub(crate) made_at: Timestamp,
    pub(crate) schema_version: i64,
    /// Records by registry.
    pub(crate) records: BTreeMap<String, u64>,
    /// Number and hash of the last row of the audit log.
    pub(crate) audit_head: (u64, String),
    pub(crate) files: Vec<Packed>,
}

/// A file in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Packed {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) blake3: String,
}

impl Manifest {
    /// How the database lies in it; `None` when there is none.
    pub(crate) fn held(&self) -> Option<Held> {
        Held::of(self.files.iter().map(|packed| packed.name.as_str()))
    }
}

impl Packed {
    /// Whether the name stays below the folder that it is unpacked into.
    pub(crate) fn is_safe(&self) -> bool {
        let path = Path::new(&self.name);
        !self.name.is_empty()
            && !self.name.contains('\\')
            && path.components().all(|part| matches!(part, Component::Normal(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_folder() {
        let packed = |name: &str| Packed { name: name.to_owned(), size: 0, blake3: String::new() };
        for name in ["hongniang.db", "learned/weights.toml"] {
            assert!(packed(name).is_safe(), "{name}");
        }
        for name in ["", "../x", "/etc/x", "a/../../x", "..\\x", "./x"] {
            assert!(!packed(name).is_safe(), "{name}");
        }
    }
}
