//! What a change of the OpenAPI document takes away from those who call the service: the rules of a compatible change within a version.
//!
//! What the service sends may gain fields and lose none; what it takes may get laxer and never stricter. A value that callers do not know yet, in a
//! closed list that the service sends, is a break too: a generated client refuses it.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Bounds below which, and bounds above which, a value is refused.
const LEAST: [&str; 3] = ["minimum", "minLength", "minItems"];
const MOST: [&str; 3] = ["maximum", "maxLength", "maxItems"];
const FORMS: [&str; 2] = ["format", "pattern"];

/// Everything that `promised` grants and `offered` does not, each with the place where.
pub(crate) fn breaks(promised: &Value, offered: &Value) -> Vec<String> {
    let mut comparison = Comparison { promised, offered, found: Vec::new(), seen: HashSet::new() };
    for (path, item) in entries(&promised["paths"]) {
        for method in METHODS.iter().filter(|method| item.get(method).is_some()) {
            let at = format!("{} {path}", method.to_uppercase());
            match offered["paths"][path].get(method) {
                Some(now) => comparison.operation(&at, &item[*method], now),
                None => comparison.tell(&at, "is gone"),
            }
        }
    }
    comparison.found
}

/// Who writes a value: the service, or its callers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Writer {
    Service,
    Caller,
}

struct Comparison<'d> {
    promised: &'d Value,
    offered: &'d Value,
    found: Vec<String>,
    /// Pairs of named schemas that were compared: schemas may hold themselves.
    seen: HashSet<(String, String, Writer)>,
}

impl Comparison<'_> {
    fn tell(&mut self, at: &str, what: &str) {
        self.found.push(format!("{at}: {what}"));
    }

    fn operation(&mut self, at: &str, before: &Value, now: &Value) {
        if before["operationId"] != now["operationId"] {
            self.tell(at, "has another operationId, the name that generated clients call it by");
        }
        self.security(at, before, now);
        self.parameters(at, before, now);
        self.body(at, before, now);
        for (status, response) in entries(&before["responses"]) {
            let at = format!("{at} → {status}");
            let (response, given) =
                (resolved(self.promised, response), resolved(self.offered, &now["responses"][status]));
            if given.is_null() {
                self.tell(&at, "is never answered any more");
                continue;
            }
            for (name, _) in entries(&response["headers"]) {
                if given["headers"].get(name).is_none() {
                    self.tell(&at, &format!("the header {name} is gone"));
                }
            }
            self.content(&at, &response["content"], &given["content"], Writer::Service);
        }
    }

    /// A caller that was let in is to be let in still: no scope more than before.
    fn security(&mut self, at: &str, before: &Value, now: &Value) {
        let asked = |operation: &Value| -> Option<BTreeSet<String>> {
            let first = operation["security"].as_array()?.first()?.as_object()?;
            Some(first.values().flat_map(strings).collect())
        };
        match (asked(before), asked(now)) {
            (None, Some(_)) => self.tell(at, "asks for a key"),
            (Some(before), Some(now)) if !now.is_subset(&before) => self.tell(at, "asks for more scopes"),
            _ => {}
        }
    }

    fn parameters(&mut self, at: &str, before: &Value, now: &Value) {
        let list = |document: &Value, operation: &Value| -> Vec<Value> {
            let all = operation["parameters"].as_array().into_iter().flatten();
            all.map(|parameter| resolved(document, parameter).clone()).collect()
        };
        let (before, now) = (list(self.promised, before), list(self.offered, now));
        let same = |one: &Value, other: &Value| one["name"] == other["name"] && one["in"] == other["in"];
        for parameter in &before {
            let at = format!("{at} ?{}", parameter["name"].as_str().unwrap_or_default());
            match now.iter().find(|other| same(parameter, other)) {
                None => self.tell(&at, "is gone"),
                Some(other) => {
                    if other["required"] == true && parameter["required"] != true {
                        self.tell(&at, "must be given now");
                    }
                    self.schema(&at, &parameter["schema"], &other["schema"], Writer::Caller);
                }
            }
        }
        for parameter in now.iter().filter(|parameter| parameter["required"] == true) {
            if !before.iter().any(|other| same(parameter, other)) {
                self.tell(at, &format!("asks for {}", parameter["name"]));
            }
        }
    }

    fn body(&mut self, at: &str, before: &Value, now: &Value) {
        let (before, now) =
            (resolved(self.promised, &before["requestBody"]), resolved(self.offered, &now["requestBody"]));
        if now["required"] == true && before["required"] != true {
            self.tell(at, "asks for a body");
        }
        self.content(at, &before["content"], &now["content"], Writer::Caller);
    }

    fn content(&mut self, at: &str, before: &Value, now: &Value, writer: Writer) {
        for (media_type, content) in entries(before) {
            let at = format!("{at} {media_type}");
            match now.get(media_type) {
                Some(now) => self.schema(&at, &content["schema"], &now["schema"], writer),
                None => self.tell(&at, "is gone"),
            }
        }
    }

    fn schema(&mut self, at: &str, before: &Value, now: &Value, writer: Writer) {
        if before.is_null() {
            return;
        }
        let name = |schema: &Value| schema["$ref"].as_str().map(str::to_owned);
        if let (Some(one), Some(other)) = (name(before), name(now))
            && !self.seen.insert((one, other, writer))
        {
            return;
        }
        let (before, now) = (flat(self.promised, before), flat(self.offered, now));
        self.types(at, &before, &now, writer);
        self.bounds(at, &before, &now, writer);
        self.properties(at, &before, &now, writer);
        self.schema(&format!("{at}[]"), part(&before, "items"), part(&now, "items"), writer);
        let values = "additionalProperties";
        if part(&before, values).is_object() {
            self.schema(&format!("{at}.*"), part(&before, values), part(&now, values), writer);
        }
        for choice in ["oneOf", "anyOf"] {
            let all =
                |schema: &Map<String, Value>| part(schema, choice).as_array().cloned().unwrap_or_default();
            let (before, now) = (all(&before), all(&now));
            if before.len() != now.len() {
                self.tell(at, &format!("{choice} has other choices"));
            }
            for (number, (before, now)) in before.iter().zip(&now).enumerate() {
                self.schema(&format!("{at}({number})"), before, now, writer);
            }
        }
    }

    fn types(&mut self, at: &str, before: &Map<String, Value>, now: &Map<String, Value>, writer: Writer) {
        for (word, what) in [("type", "is of another type"), ("enum", "has other values")] {
            let (before, now) = (strings(part(before, word)), strings(part(now, word)));
            // None means any.
            let fits = |narrow: &BTreeSet<String>, wide: &BTreeSet<String>| {
                wide.is_empty() || (!narrow.is_empty() && narrow.is_subset(wide))
            };
            let kept = match writer {
                Writer::Service => fits(&now, &before),
                Writer::Caller => fits(&before, &now),
            };
            if !kept {
                self.tell(at, what);
            }
        }
    }

    fn bounds(&mut self, at: &str, before: &Map<String, Value>, now: &Map<String, Value>, writer: Writer) {
        for word in FORMS {
            let (before, now) = (part(before, word), part(now, word));
            // What is sent may be told more exactly; what is taken, less.
            let laxer = match writer {
                Writer::Service => before.is_null(),
                Writer::Caller => now.is_null(),
            };
            if before != now && !laxer {
                self.tell(at, &format!("{word} is {now}, was {before}"));
            }
        }
        if writer == Writer::Service {
            return;
        }
        let number = |schema: &Map<String, Value>, word| part(schema, word).as_f64();
        for (words, sign) in [(LEAST, 1.0), (MOST, -1.0)] {
            for word in words {
                let stricter = match (number(before, word), number(now, word)) {
                    (None, now) => now.is_some(),
                    (Some(before), Some(now)) => sign * now > sign * before,
                    _ => false,
                };
                if stricter {
                    self.tell(at, &format!("{word} is stricter"));
                }
            }
        }
    }

    fn properties(
        &mut self,
        at: &str,
        before: &Map<String, Value>,
        now: &Map<String, Value>,
        writer: Writer,
    ) {
        for (name, property) in entries(part(before, "properties")) {
            let at = format!("{at}.{name}");
            match part(now, "properties").get(name) {
                Some(now) => self.schema(&at, property, now, writer),
                None => self.tell(&at, "is gone"),
            }
        }
        let (before, now) = (strings(part(before, "required")), strings(part(now, "required")));
        let (missing, what) = match writer {
            Writer::Service => (before.difference(&now), "may be missing now"),
            Writer::Caller => (now.difference(&before), "must be given now"),
        };
        let missing: Vec<String> = missing.cloned().collect();
        for name in missing {
            self.tell(&format!("{at}.{name}"), what);
        }
    }
}

/// What a reference points at; null when it points nowhere.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null),
        None => value,
    }
}

/// A schema with its references and the parts of `allOf` put together.
fn flat(document: &Value, schema: &Value) -> Map<String, Value> {
    let mut whole = resolved(document, schema).as_object().cloned().unwrap_or_default();
    for part in whole.remove("allOf").as_ref().and_then(Value::as_array).into_iter().flatten() {
        for (word, value) in flat(document, part) {
            match (whole.get_mut(&word), value) {
                (Some(Value::Object(all)), Value::Object(more)) => all.extend(more),
                (Some(Value::Array(all)), Value::Array(more)) => all.extend(more),
                (Some(_), _) => {}
                (None, value) => drop(whole.insert(word, value)),
            }
        }
    }
    whole
}

fn part<'s>(schema: &'s Map<String, Value>, word: &str) -> &'s Value {
    schema.get(word).unwrap_or(&Value::Null)
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The texts of a list, or the one text.
fn strings(value: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Null => BTreeSet::new(),
        Value::Array(all) => all.iter().map(text).collect(),
        one => BTreeSet::from([text(one)]),
    }
}
