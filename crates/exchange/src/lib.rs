//! Files in and out: JSON Lines and CSV as streams of checked rows, judging sheets and plans as workbooks, and
//! generated corpora for speed runs.
//!
//! Everything here blocks; callers run it on a thread that may.

mod error;
mod rows;
pub mod sheets;
pub mod synthetic;

pub use error::{FileError, RowError, RowProblem};
pub use rows::{Format, MAX_ROW_BYTES, Row, Rows, rows, without_contacts};
