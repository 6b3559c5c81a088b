//! Records as the service hands them over, taken for forms again: what the service itself has added is left out.

use domain::ProblemCode;
use serde_json::{Map, Value};

use crate::RowProblem;

/// What the service adds to a form. No form has a field of these names, and every record has the first two.
const ADDED: [&str; 8] = [
    "id",
    "revision",
    "created_at",
    "updated_at",
    "region_name",
    "industry_names",
    "visibility",
    "duplicates",
];

/// Whether this is a record that was handed over, and not a form.
pub(super) fn is_record(row: &Value) -> bool {
    let fields = row.as_object();
    fields.is_some_and(|fields| ADDED[..2].iter().all(|name| fields.contains_key(*name)))
}

/// The form that a record says. Its contact goes, too: masked, it is none.
pub(super) fn form(record: Value) -> Result<Value, Vec<RowProblem>> {
    let Value::Object(mut fields) = record else { return Ok(record) };
    if fields.get("visibility").is_some_and(|shown| shown == "brief") {
        let detail = "这条记录只导出了概要，导入会清空其余内容，已跳过";
        return Err(vec![RowProblem::whole(ProblemCode::Contradiction, detail)]);
    }
    for name in ADDED {
        fields.remove(name);
    }
    if fields.get("contact").and_then(Value::as_object).is_some_and(is_masked) {
        fields.remove("contact");
    }
    Ok(Value::Object(fields))
}

/// Whether what stands in a contact is hidden in part, or only says that it cannot be read; one that somebody filled in since is not.
fn is_masked(contact: &Map<String, Value>) -> bool {
    contact.is_empty()
        || contact.contains_key("note")
        || contact.values().any(|value| value.as_str().is_some_and(|text| text.contains('*')))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_becomes_the_form_that_it_was() {
        let record = json!({"id": "expert-7", "revision": 2, "external_id": "ZJ-7", "status": "open", "name": "方致远",
            "created_at": "2026-05-12T01:30:00Z", "updated_at": "2026-05-12T01:30:00Z", "industry_names": [],
            "visibility": "full", "contact": {"mobile": "138****1234"}});
        assert!(is_record(&record));
        let plain = json!({"external_id": "ZJ-7", "status": "open", "name": "方致远"});
        assert_eq!(form(record.clone()).unwrap(), plain);
        assert!(!is_record(&plain) && !is_record(&json!([1])));

        let mut unreadable = record.clone();
        unreadable["contact"] = json!({"note": "联系方式无法解密"});
        assert_eq!(form(unreadable).unwrap(), plain);
        let mut filled_in = record.clone();
        filled_in["contact"] = json!({"mobile": "13800001234"});
        assert_eq!(form(filled_in).unwrap()["contact"]["mobile"], "13800001234");
        let mut outline = record;
        outline["visibility"] = json!("brief");
        assert_eq!(form(outline).unwrap_err()[0].code, ProblemCode::Contradiction);
    }
}
