//! The database whose place a restored one takes: who was shut out of it since the backup is not let in again.

use store::{Erasure, ShutOut, Snapshot};

use super::RestoreRequest;
use crate::{EngineError, Settings};

/// What is known of it.
pub(super) enum Replaced {
    /// There is none, or it was not named.
    Unknown,
    /// It cannot be read, as a damaged one; why, in Chinese.
    Unreadable(String),
    /// What it says.
    Known(ShutOut),
}

impl Replaced {
    /// Looks into the database that is replaced and leaves it as it is: the file in the data directory, or the server's database that was named.
    ///
    /// # Errors
    /// When the one that was named cannot be read.
    pub(super) async fn read(settings: &Settings, request: &RestoreRequest) -> Result<Self, EngineError> {
        if let Some(url) = &request.replaces {
            return Ok(Self::Known(ShutOut::read(url.as_str()).await?));
        }
        let file = settings.data_dir.join(Snapshot::FILE);
        if settings.database_url.is_some() || !file.is_file() {
            return Ok(Self::Unknown);
        }
        // A database may be replaced just because it cannot be read any more.
        Ok(match ShutOut::read(file).await {
            Ok(there) => Self::Known(there),
            Err(error) => Self::Unreadable(error.to_string()),
        })
    }

    /// Who was shut out there. A database that never had a key says nothing of those in the backup.
    pub(super) fn shut_out(&self) -> Option<&ShutOut> {
        match self {
            Self::Known(there) => Some(there).filter(|there| there.knows_keys()),
            Self::Unknown | Self::Unreadable(_) => None,
        }
    }

    /// Who was erased there.
    pub(super) fn erasures(&self) -> &[Erasure] {
        match self {
            Self::Known(there) => &there.erasures,
            Self::Unknown | Self::Unreadable(_) => &[],
        }
    }

    pub(super) fn unread(&self) -> Option<&str> {
        match self {
            Self::Unreadable(why) => Some(why),
            Self::Unknown | Self::Known(_) => None,
        }
    }
}
