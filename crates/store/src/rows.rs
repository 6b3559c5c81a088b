//! Rows of the tables, and what they mean.

use domain::{Contact, Kind, Profile, Record, RecordId};
use jiff::Timestamp;

use crate::StoreError;
use crate::keyring::Keys;
use crate::reading::Change;
use crate::sealing::Sealed;

/// Declares a struct that is read from a row of any backend: columns by their names, and structs that are part of the same row.
/// (sqlx's derive would do as well, but builds SQLite a second time, for the compiler.)
macro_rules! row {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$column_attribute:meta])* $column_visibility:vis $column:ident: $type:ty,)*
            $(.. $part_visibility:vis $part:ident: $part_type:ty,)*
        }
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($(#[$column_attribute])* $column_visibility $column: $type,)*
            $($part_visibility $part: $part_type,)*
        }

        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            &'static str: sqlx::ColumnIndex<R>,
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)*
            $($part_type: sqlx::FromRow<'r, R>,)*
        {
            fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
                Ok(Self {
                    $($column: row.try_get(stringify!($column))?,)*
                    $($part: sqlx::FromRow::from_row(row)?,)*
                })
            }
        }
    };
}
pub(crate) use row;

row! {
    /// A row of `records`.
    #[derive(Clone)]
    pub(crate) struct RecordRow {
        pub(crate) kind: String,
        pub(crate) number: i64,
        pub(crate) external_id: String,
        pub(crate) revision: i64,
        pub(crate) status: String,
        pub(crate) created_at: i64,
        pub(crate) updated_at: i64,
        pub(crate) profile: String,
    }
}

impl RecordRow {
    pub(crate) fn id(&self) -> Result<RecordId, StoreError> {
        record_id(&self.kind, self.number)
    }

    pub(crate) fn profile(&self) -> Result<Profile, StoreError> {
        let id = self.id()?;
        Profile::from_json(id.kind, &self.profile).map_err(|error| corrupt(id.to_string(), error))
    }

    pub(crate) fn record(self) -> Result<Record, StoreError> {
        let id = self.id()?;
        Ok(Record {
            id,
            revision: unsigned(self.revision),
            status: self.status.parse().map_err(|error: String| corrupt(id.to_string(), error))?,
            created_at: moment(self.created_at)?,
            updated_at: moment(self.updated_at)?,
            profile: self.profile()?,
            external_id: self.external_id,
        })
    }
}

row! {
    /// A row of `contacts`, or of nulls.
    pub(crate) struct ContactRow {
        key_id: Option<String>,
        sealed: Option<String>,
    }
}

impl ContactRow {
    /// The contact of record `id`; empty when nothing is known.
    pub(crate) fn open(self, keys: &Keys, id: RecordId) -> Result<Contact, StoreError> {
        match (self.key_id, self.sealed) {
            (Some(key_id), Some(text)) => keys.unseal(id, &Sealed { key_id, text }),
            _ => Ok(Contact::default()),
        }
    }

    /// As [`Self::open`], but `None` when it cannot be opened: one contact must not hold up the records around it.
    ///
    /// # Errors
    /// When the ring itself cannot be read.
    pub(crate) fn open_if_possible(self, keys: &Keys, id: RecordId) -> Result<Option<Contact>, StoreError> {
        match self.open(keys, id) {
            Ok(contact) => Ok(Some(contact)),
            Err(error @ (StoreError::MissingKey { .. } | StoreError::Corrupt { .. })) => {
                keys.note_unreadable(1);
                tracing::warn!(record = %id, error = &error as &dyn std::error::Error, "a contact cannot be opened");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

row! {
    /// A contact and whose it is.
    pub(crate) struct NumberedContactRow {
        pub(crate) number: i64,
        ..pub(crate) contact: ContactRow,
    }
}

row! {
    /// A record together with its contact.
    pub(crate) struct StoredRow {
        ..pub(crate) record: RecordRow,
        ..pub(crate) contact: ContactRow,
    }
}

row! {
    /// An achievement and the external identifier of an expert among its inventors.
    pub(crate) struct InventedRow {
        pub(crate) expert: String,
        ..pub(crate) record: RecordRow,
    }
}

row! {
    /// A row of `outbox`.
    pub(crate) struct ChangeRow {
        seq: i64,
        kind: String,
        number: i64,
    }
}

impl ChangeRow {
    pub(crate) fn change(self) -> Result<Change, StoreError> {
        Ok(Change { seq: unsigned(self.seq), id: record_id(&self.kind, self.number)? })
    }
}

/// The one clock of the store, to the millisecond that the tables keep.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

pub(crate) fn moment(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|error| corrupt("时间".to_owned(), error))
}

pub(crate) fn record_id(kind: &str, number: i64) -> Result<RecordId, StoreError> {
    let kind: Kind = kind.parse().map_err(|error: String| corrupt("登记库名".to_owned(), error))?;
    Ok(RecordId::new(kind, unsigned(number)))
}

pub(crate) fn corrupt(
    place: String,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    let source = source.into();
    StoreError::Corrupt { place, source }
}

/// Databases count with a sign. No table reaches the largest number, so that stands for all beyond.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
