//! Forms as people and portals fill them: every field raw, all of them checked at once.
//!
//! [`parse`] turns the JSON of a form into a [`Draft`] or into the full list of what is wrong. CSV rows, JSON lines and API
//! bodies all come through it. No form implements `Serialize` or `Debug`: forms hold contact data.

mod checks;
mod columns;
mod read;
mod registries;
mod unsaid;

use serde_json::Value;

use crate::{Contact, FieldProblem, Kind, Profile, Status};
use checks::Checks;

pub use columns::{Column, Shape, column, columns};
pub use registries::{
    AchievementForm, ContactForm, EnterpriseForm, ExpertForm, NeedForm, SocietyForm, StationForm,
};
pub use unsaid::Unsaid;

/// A form whose every field is valid.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The identifier that the source gave the record; the store makes one up when there is none.
    pub external_id: Option<String>,
    /// The wanted status; an existing record keeps its own when there is none.
    pub status: Option<Status>,
    /// The public side.
    pub profile: Profile,
    /// The contact; an existing record keeps its own when there is none.
    pub contact: Option<Contact>,
    /// What the form does not say. The consent of an expert who is on file is kept when it is among it.
    pub unsaid: Unsaid,
}

/// Checks a form of registry `kind`.
///
/// # Errors
/// All problems found: unknown fields and wrong JSON types, then invalid values in the order of the form's fields. Of a form
/// with very many only the first are told, and how many more there are.
pub fn parse(kind: Kind, form: Value) -> Result<Draft, Vec<FieldProblem>> {
    let mut checks = Checks::new(kind);
    let fields = checks::shaped(&mut checks, form);
    let unsaid = Unsaid::of(kind, &fields);
    let draft = read::draft(&mut checks, kind, fields);
    checks.finish(Draft { unsaid, ..draft })
}

#[cfg(test)]
mod tests;
