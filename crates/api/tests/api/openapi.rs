//! Properties: the committed document is fresh; every operation is explained in Chinese, with examples and its refusals; every example
//! request is accepted; every example answer and every real one fits its schema.

use serde_json::{Value, json};

use crate::portal::{Portal, Reply, is_chinese};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

pub(crate) struct Operation<'a> {
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
    pub(crate) about: &'a Value,
}

pub(crate) fn document() -> Value {
    serde_json::from_str(&api::openapi_json()).unwrap()
}

pub(crate) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(about) = item.get(method) {
                all.push(Operation { path, method, about });
            }
        }
    }
    assert!(all.len() > 45, "{}", all.len());
    all
}

impl Operation<'_> {
    pub(crate) fn name(&self) -> &str {
        self.about["operationId"].as_str().unwrap()
    }

    pub(crate) fn success(&self) -> (u16, &Value) {
        let mut answers = self.about["responses"].as_object().unwrap().iter();
        let (status, answer) = answers.find(|(status, _)| status.starts_with('2')).unwrap();
        let content = answer["content"].as_object().unwrap();
        (
            status.parse().unwrap(),
            content.get("application/json").unwrap_or_else(|| &content["application/x-ndjson"]),
        )
    }
}

#[test]
fn the_committed_document_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, api::openapi_json()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == api::openapi_json(),
        "stale: run with UPDATE_OPENAPI=1 and commit openapi/openapi.json"
    );
}

#[test]
fn every_operation_is_explained() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = Vec::new();
    for operation in operations(&document) {
        let (about, name) = (operation.about, operation.name());
        names.push(name.to_owned());
        for member in ["summary", "description"] {
            assert!(is_chinese(about[member].as_str().unwrap_or_default()), "{name}: {member}");
        }
        assert!(about["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{name}: tags");
        for parameter in about["parameters"].as_array().unwrap_or(&Vec::new()) {
            assert!(is_chinese(parameter["description"].as_str().unwrap()), "{name}: {}", parameter["name"]);
        }
        let refusals: Vec<&String> =
            about["responses"].as_object().unwrap().keys().filter(|s| s.starts_with('4')).collect();
        assert!(!refusals.is_empty(), "{name}: refusals");
        let example = &operation.success().1["example"];
        assert!(example.is_object() || example.is_string(), "{name}: example of the answer");
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "operation ids are unique");
}

#[test]
fn every_reference_leads_somewhere_and_every_field_is_explained() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut stack = vec![&document];
    while let Some(value) = stack.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                }
                stack.extend(fields.values());
            }
            Value::Array(items) => stack.extend(items),
            _ => {}
        }
    }
    for (name, schema) in schemas {
        assert!(is_chinese(schema["description"].as_str().unwrap_or_default()), "{name}");
    }
    for (name, schema) in schemas.iter().filter(|(name, _)| name.ends_with("Form")) {
        for (field, about) in schema["properties"].as_object().unwrap() {
            assert!(is_chinese(&about.to_string()), "{name}.{field}");
        }
    }
}

#[test]
fn every_example_answer_fits_its_schema() {
    let document = document();
    for operation in operations(&document) {
        for (status, answer) in operation.about["responses"].as_object().unwrap() {
            let Some(content) = answer.get("content") else { continue };
            for content in
                content.as_object().unwrap().values().filter(|content| content.get("example").is_some())
            {
                let place = format!("{} {status}", operation.name());
                fits(&document, &content["schema"], &content["example"])
                    .unwrap_or_else(|e| panic!("{place}: {e}"));
            }
        }
    }
}

/// The examples make one story: records are registered, indexed and ranked, then read, changed and imported, and withdrawn at last.
#[tokio::test(flavor = "multi_thread")]
async fn every_example_request_is_accepted_and_answered_as_documented() {
    let document = document();
    let mut portal = Portal::open().await;
    // The key that is revoked in the end is not the one that asks.
    let asking = portal.key("示例", None, domain::access::Scope::ALL).await;
    portal.key = asking;
    let mut operations = operations(&document);
    let turn = |operation: &Operation<'_>| match operation.name().split_once('_') {
        Some(("create", _)) => 0,
        Some(("withdraw" | "revoke" | "delete", _)) => 2,
        _ => 1,
    };
    operations.sort_by_key(turn);
    for (at, operation) in operations.iter().enumerate() {
        if at > 0 && turn(&operations[at - 1]) == 0 && turn(operation) == 1 {
            portal.indexed().await;
            portal.engine.rematch(&engine::RematchRequest::default(), |_| {}).await.unwrap();
        }
        let bodies = match operation.about.get("requestBody") {
            Some(body) => body["content"].as_object().unwrap().clone().into_iter().map(Some).collect(),
            None => vec![None],
        };
        for body in bodies {
            let reply = send(&portal, operation, body).await;
            let (status, answer) = operation.success();
            assert_eq!(reply.status, status, "{}: {}", operation.name(), reply.text());
            // Lines are a text to the document; what each is like stands in the schema that its description names.
            let fit = match operation.name().strip_prefix("export_") {
                None => fits(&document, &answer["schema"], &reply.json()),
                Some(_) => reply.text().lines().try_for_each(|line| {
                    let about = operation.about["description"].as_str().unwrap();
                    let name = about.split('`').find(|word| word.ends_with("View")).unwrap();
                    let schema = json!({"$ref": format!("#/components/schemas/{name}")});
                    fits(&document, &schema, &serde_json::from_str(line).unwrap())
                }),
            };
            fit.unwrap_or_else(|e| panic!("{}: {e} in {}", operation.name(), reply.text()));
        }
        let odd = format!(
            "{}?nonsense=1",
            operation.path.replace("{id}", "need-1").replace("{candidate}", "expert-1")
        );
        let refused = portal.send(&operation.method.to_uppercase(), &odd, &[], b"").await;
        assert!((400..500).contains(&refused.status), "{} takes any parameter", operation.name());
    }
}

async fn send(portal: &Portal, operation: &Operation<'_>, body: Option<(String, Value)>) -> Reply {
    let (mut path, mut query, mut headers) = (operation.path.to_owned(), Vec::new(), Vec::new());
    for parameter in operation.about["parameters"].as_array().unwrap_or(&Vec::new()) {
        let name = parameter["name"].as_str().unwrap();
        let text = match &parameter["example"] {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            Value::Array(items) => items[0].as_str().unwrap().to_owned(),
            other => other.to_string(),
        };
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), &text),
            "header" => headers.push((name.to_owned(), text)),
            // The filters of one registry cannot be combined with a look-up by external id.
            _ if name == "external_id" => {}
            _ => query.push(format!("{name}={}", encoded(&text))),
        }
    }
    let content = body.map(|(media_type, content)| {
        headers.push(("Content-Type".to_owned(), media_type));
        match &content["example"] {
            Value::String(text) => text.clone(),
            example => example.to_string(),
        }
    });
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let path = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    portal
        .send(&operation.method.to_uppercase(), &path, &headers, content.unwrap_or_default().as_bytes())
        .await
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Whether a value fits a schema, as far as types, required members and known members go.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = resolved(document, schema);
    for one in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[one].as_array() {
            let fit = choices.iter().any(|choice| fits(document, choice, value).is_ok());
            return if fit { Ok(()) } else { Err(format!("{value} is none of {schema}")) };
        }
    }
    has_type(&schema["type"], value)?;
    if let Some(words) = schema["enum"].as_array().filter(|words| !words.contains(value)) {
        return Err(format!("{value} is none of {words:?}"));
    }
    match value {
        Value::Object(fields) => {
            let properties = properties(document, &schema);
            for name in required(document, &schema) {
                fields.get(&name).ok_or_else(|| format!("{name} is missing"))?;
            }
            for (name, field) in fields {
                // Where others may stand beside, their schema says of what kind.
                let others = Some(&schema["additionalProperties"]).filter(|others| others.is_object());
                let about = properties.get(name).or(others);
                let about = about.ok_or_else(|| format!("{name} is not in the schema"))?;
                fits(document, about, field).map_err(|error| format!("{name}: {error}"))?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|item| fits(document, &schema["items"], item)),
        _ => Ok(()),
    }
}

fn resolved(document: &Value, schema: &Value) -> Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => resolved(document, document.pointer(reference.trim_start_matches('#')).unwrap()),
        None => schema.clone(),
    }
}

fn has_type(types: &Value, value: &Value) -> Result<(), String> {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    let fit = match types {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    };
    if fit { Ok(()) } else { Err(format!("{value} is not {types}")) }
}

fn properties(document: &Value, schema: &Value) -> serde_json::Map<String, Value> {
    let mut all = schema["properties"].as_object().cloned().unwrap_or_default();
    for part in schema["allOf"].as_array().unwrap_or(&Vec::new()) {
        all.extend(properties(document, &resolved(document, part)));
    }
    all
}

fn required(document: &Value, schema: &Value) -> Vec<String> {
    let own = schema["required"].as_array().cloned().unwrap_or_default();
    let mut all: Vec<String> = own.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    for part in schema["allOf"].as_array().unwrap_or(&Vec::new()) {
        all.extend(required(document, &resolved(document, part)));
    }
    all
}

#[test]
fn the_check_of_schemas_can_fail() {
    let schema = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}});
    assert!(fits(&json!({}), &schema, &json!({"a": 1})).is_ok());
    for wrong in [json!({}), json!({"a": "1"}), json!({"a": 1, "b": 2}), json!([])] {
        assert!(fits(&json!({}), &schema, &wrong).is_err(), "{wrong}");
    }
}
