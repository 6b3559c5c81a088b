//! The contract with portals: what `openapi/v1.json` promises holds for all of version 1.
//!
//! Properties: the document of today takes nothing away from the promised one; each kind of break is seen, and what only adds is none.
//! Whoever adds something that portals may rely on from now on copies `openapi/openapi.json` over `openapi/v1.json` in the same change.
#![allow(clippy::unwrap_used, reason = "tests")]

mod compare;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use compare::breaks;

fn document(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn nothing_promised_is_taken_away() {
    let found = breaks(&document("v1.json"), &document("openapi.json"));
    assert!(found.is_empty(), "this breaks portals that call version 1:\n{}", found.join("\n"));
}

/// One operation with everything that can be taken away from it.
fn small() -> Value {
    json!({
        "paths": {"/needs/{id}": {"put": {
            "operationId": "replace_need",
            "security": [{"key": ["needs:write"]}],
            "parameters": [{"name": "limit", "in": "query", "required": false, "schema": {"type": "integer", "maximum": 100}}],
            "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Form"}}}},
            "responses": {"200": {"headers": {"ETag": {}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Need"}}}}},
        }}},
        "components": {"schemas": {
            "Form": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string", "maxLength": 200}, "keywords": {"type": "array", "items": {"type": "string"}}}},
            "Need": {"allOf": [{"$ref": "#/components/schemas/Named"}, {"type": "object", "required": ["status"], "properties": {
                "status": {"type": "string", "enum": ["open", "closed"]}, "alike": {"type": "array", "items": {"$ref": "#/components/schemas/Need"}}}}]},
            "Named": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
        }},
    })
}

const OPERATION: &str = "/paths/~1needs~1{id}/put";
const FORM: &str = "/components/schemas/Form";
const NEED: &str = "/components/schemas/Need/allOf/1";

/// The small document with a value put in at a place; null takes away.
fn changed(place: &str, value: Value) -> Value {
    let mut document = small();
    let (parent, key) = place.rsplit_once('/').unwrap();
    let (parent, key) = (document.pointer_mut(parent).unwrap(), key.replace("~1", "/"));
    match (parent, value) {
        (Value::Object(fields), Value::Null) => drop(fields.remove(&key).unwrap()),
        (Value::Object(fields), value) => drop(fields.insert(key, value)),
        (Value::Array(list), value) => list.insert(key.parse().unwrap(), value),
        _ => panic!("{place} is no place"),
    }
    document
}

#[test]
fn every_kind_of_break_is_seen() {
    let cases = [
        ("/paths/~1needs~1{id}".to_owned(), Value::Null, "is gone"),
        (format!("{OPERATION}/operationId"), json!("put_need"), "operationId"),
        (format!("{OPERATION}/security"), json!([{"key": ["needs:write", "admin"]}]), "more scopes"),
        (format!("{OPERATION}/parameters/0/schema/maximum"), json!(50), "maximum is stricter"),
        (format!("{OPERATION}/parameters/0/required"), json!(true), "must be given now"),
        (
            format!("{OPERATION}/parameters/0"),
            json!({"name": "purpose", "in": "query", "required": true}),
            "asks for",
        ),
        (format!("{OPERATION}/parameters"), json!([]), "?limit: is gone"),
        (format!("{OPERATION}/requestBody/content"), json!({"text/csv": {}}), "application/json: is gone"),
        (format!("{OPERATION}/responses/200"), Value::Null, "is never answered"),
        (format!("{OPERATION}/responses/200/headers"), json!({}), "the header ETag is gone"),
        (format!("{FORM}/properties/keywords"), Value::Null, ".keywords: is gone"),
        (
            format!("{FORM}/properties/keywords/items/type"),
            json!("integer"),
            ".keywords[]: is of another type",
        ),
        (format!("{FORM}/properties/title/maxLength"), json!(100), "maxLength is stricter"),
        (format!("{FORM}/properties/title/format"), json!("date"), "format is"),
        (format!("{FORM}/required"), json!(["title", "keywords"]), ".keywords: must be given now"),
        (format!("{NEED}/properties/status"), Value::Null, ".status: is gone"),
        (format!("{NEED}/properties/status/enum"), json!(["open", "closed", "lost"]), "has other values"),
        (format!("{NEED}/required"), json!([]), ".status: may be missing now"),
        (
            "/components/schemas/Named/properties/id/type".to_owned(),
            json!(["string", "null"]),
            ".id: is of another type",
        ),
    ];
    for (place, value, expected) in cases {
        let found = breaks(&small(), &changed(&place, value.clone()));
        assert!(found.iter().any(|told| told.contains(expected)), "{place} = {value}: {found:?}");
    }
}

#[test]
fn what_only_adds_breaks_nothing() {
    let cases = [
        ("/paths/~1new".to_owned(), json!({"get": {"operationId": "new"}})),
        (format!("{OPERATION}/security"), json!([{"key": []}])),
        (format!("{OPERATION}/parameters/1"), json!({"name": "total", "in": "query", "required": false})),
        (format!("{OPERATION}/responses/429"), json!({"description": "later"})),
        (format!("{OPERATION}/parameters/0/schema/maximum"), json!(200)),
        (format!("{FORM}/properties/note"), json!({"type": "string"})),
        (format!("{FORM}/required"), json!([])),
        (format!("{FORM}/properties/title/maxLength"), Value::Null),
        (format!("{NEED}/properties/note"), json!({"type": "string"})),
        (format!("{NEED}/properties/status/enum"), json!(["open"])),
    ];
    for (place, value) in cases {
        assert_eq!(breaks(&small(), &changed(&place, value)), [""; 0], "{place}");
    }
}
