//! What a form does not say: fields that were left out or have no value. What is not said of a record that is there stays, or is known to have been
//! emptied by silence.

use serde_json::{Map, Value};

use super::columns::{Column, columns};
use crate::Kind;

/// What of a record stays as it is when a form has no value for it, so that nothing is lost by silence.
const KEPT: [&str; 3] = ["external_id", "status", "consent"];

/// Fields of one registry's form that have no value; contacts, which are one field, aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unsaid(u64);

impl Unsaid {
    pub(super) fn of(kind: Kind, fields: &Map<String, Value>) -> Self {
        let silent = |column: &Column| fields.get(column.key).is_none_or(Value::is_null);
        let bits = columns(kind).enumerate().filter(|(_, column)| silent(column) && !is_contact(column));
        Self(bits.fold(0, |bits, (at, _)| bits | 1 << at))
    }

    /// Whether a field of the registry's form has no value.
    pub fn has(self, kind: Kind, key: &str) -> bool {
        columns(kind).enumerate().any(|(at, column)| column.key == key && self.0 & 1 << at != 0)
    }

    /// The fields without a value which a record that is there loses by that: all but those that it keeps.
    pub fn emptying(self, kind: Kind) -> impl Iterator<Item = &'static Column> {
        let silent = columns(kind).enumerate().filter(move |(at, _)| self.0 & 1 << at != 0);
        silent.map(|(_, column)| column).filter(|column| !KEPT.contains(&column.key))
    }
}

fn is_contact(column: &Column) -> bool {
    column.key.starts_with("contact/")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_or_null_is_unsaid() {
        let form = json!({"name": "方致远", "bio": null, "organisation": "", "keywords": []});
        let unsaid = Unsaid::of(Kind::Expert, form.as_object().unwrap());
        let said = |key| !unsaid.has(Kind::Expert, key);
        assert!(said("name") && said("organisation") && said("keywords"));
        assert!(!said("bio") && !said("consent") && !said("external_id"));
        let emptying: Vec<&str> = unsaid.emptying(Kind::Expert).map(|column| column.key).collect();
        assert!(emptying.contains(&"bio") && emptying.contains(&"availability"), "{emptying:?}");
        assert!(!emptying.contains(&"consent") && !emptying.iter().any(|key| key.starts_with("contact")));
        assert_eq!(Unsaid::default().emptying(Kind::Expert).count(), 0);
    }

    #[test]
    fn every_form_fits() {
        assert!(Kind::ALL.into_iter().all(|kind| columns(kind).count() <= 64));
    }
}
