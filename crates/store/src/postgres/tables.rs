//! The tables of the schema as its catalog has them, and what a copy of them says of itself.
//!
//! They are asked for rather than listed here: a table that a later step of the schema adds is in the next copy.

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::rows::row;
use crate::sql::tables as texts;

/// The file that tells of the tables in a copy.
pub(super) const CONTENTS: &str = "tables.json";

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contents {
    pub(super) tables: Vec<Table>,
}

/// A table in a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// The last number that was drawn for its rows, where the database draws them: numbers of rows that are gone are not given again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) drawn: Option<i64>,
}

impl Table {
    /// The file of its rows, in PostgreSQL's text format for `COPY`, which later versions of the server read too.
    pub(super) fn file(&self) -> String {
        format!("{}.copy", self.name)
    }

    /// `"runs" ("number", "state")`. Names of ours need no more care than that: they hold no quotation mark.
    pub(super) fn quoted(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| format!("\"{column}\"")).collect();
        format!("\"{}\" ({})", self.name, columns.join(", "))
    }
}

row! {
    struct TableRow {
        name: String,
        columns: Vec<String>,
        drawn: Option<i64>,
    }
}

/// All tables but the one of the schema's steps; those that others refer to come first.
pub(super) async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>, sqlx::Error> {
    let rows: Vec<TableRow> = sqlx::query_as(texts::TABLES).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|TableRow { name, columns, drawn }| Table { name, columns, drawn }).collect())
}
