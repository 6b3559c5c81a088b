//! What is wrong with one field of a form, in words for the person who filled it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Stable, machine-readable reason of a [`FieldProblem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// A required field has no value.
    Missing,
    /// The value has the wrong JSON type.
    WrongType,
    /// The field is not one of the form's.
    Unknown,
    /// Too long, too many or too large.
    TooLarge,
    /// The value is not of the field's format.
    Format,
    /// The check character of a code does not fit.
    CheckCharacter,
    /// The code is not in the national table.
    NotInTable,
    /// Fields contradict each other.
    Contradiction,
    /// The record belongs, or would belong, to a region in which the sender must not write.
    OutsideRegion,
}

/// One invalid field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer (RFC 6901) into the form, for example `/contact/mobile`.
    pub pointer: String,
    /// The field's Chinese name as on the paper form.
    pub label: String,
    /// Machine-readable reason.
    pub code: ProblemCode,
    /// One Chinese sentence: what is wrong and what is expected. Never repeats a contact value.
    pub detail: String,
}
