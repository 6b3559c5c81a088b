//! The matrix of who may do what, generated from the document: every operation with no key, with keys that are not good, with every single
//! scope, with what it takes and with that less one; and, with a region's key, on its own records and on those of another region, for each
//! thing that others' records may show. Whatever a key is not to see is looked for in everything that it is told.

mod world;

use domain::access::{Scope, Visibility};
use serde_json::{Value, json};
use world::{Whose, World};

use crate::openapi::{Operation, document, operations};
use crate::portal::Reply;

/// What concerns all regions at once: only keys of none may ask for it.
const OF_ALL_REGIONS: [&str; 2] = ["create_index_rebuild", "create_rematch_run"];

const OWN: &str = "341103";
const FOREIGN: &str = "340104";
/// What the other region's records are called, and what they say beside.
const NAME: &str = "异地名称";
const TEXT: &str = "异地正文";
const EVERYONE: [&str; 2] = ["livez", "readyz"];
/// What is about one's own, so that no scope is asked for.
const OF_ONES_OWN: [&str; 4] = ["read_current_key", "list_operations", "read_operation", "cancel_operation"];
/// What tells of an operation, which is hidden from whoever has not asked for it and does not administer.
const OF_OPERATIONS: [&str; 2] = ["read_operation", "cancel_operation"];

/// The scopes that the document asks for; `None` where no key is needed.
fn required(operation: &Operation<'_>) -> Option<Vec<Scope>> {
    let one = operation.about["security"].as_array().expect("every operation says so").first()?;
    let scopes = one["key"].as_array().expect("scopes of the key");
    Some(scopes.iter().map(|scope| scope.as_str().unwrap().parse().unwrap()).collect())
}

fn is_refused(reply: &Reply, status: u16, code: &str, what: &str) {
    assert_eq!((reply.status, reply.problem().as_str()), (status, code), "{what}: {}", reply.text());
}

#[test]
fn the_document_says_of_every_operation_who_may_do_it() {
    let document = document();
    assert_eq!(document["components"]["securitySchemes"]["key"]["scheme"], "bearer");
    for operation in operations(&document) {
        let (name, answers) = (operation.name(), &operation.about["responses"]);
        match required(&operation) {
            None => assert!(EVERYONE.contains(&name), "{name} takes no key"),
            Some(scopes) => {
                assert!(!scopes.is_empty() || OF_ONES_OWN.contains(&name), "{name} takes no scope");
                for status in ["401", "429"] {
                    assert!(answers.get(status).is_some(), "{name} does not tell of {status}");
                }
                assert_eq!(answers.get("403").is_some(), !scopes.is_empty(), "{name}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_asks_for_a_good_key_and_for_its_scopes() {
    let world = World::new(Visibility::Full).await;
    let all = operations(&world.document);
    let expired = world.portal.expired_key().await;
    let revoked = world.portal.key("被撤销的", None, Scope::ALL).await;
    let id = revoked.split('_').nth(1).unwrap();
    world.portal.engine.revoke_key(format!("key-{id}").parse().unwrap()).await.unwrap();
    let forged = format!("hn_1_{}", "0".repeat(64));
    let mut expected = 0;
    for operation in &all {
        let (name, success) = (operation.name(), operation.success().0);
        let Some(required) = required(operation) else {
            assert_eq!(world.ask(operation, Whose::Own, None).await.status, success, "{name}");
            expected += 1;
            continue;
        };
        is_refused(&world.ask(operation, Whose::Own, None).await, 401, "key_required", name);
        for (authorization, code) in [
            ("Bearer 你好".to_owned(), "invalid_key"),
            (format!("Basic {}", world.portal.key), "invalid_key"),
            (format!("Bearer {forged}"), "invalid_key"),
            (format!("Bearer {expired}"), "key_expired"),
            (format!("Bearer {revoked}"), "key_revoked"),
        ] {
            is_refused(&world.ask(operation, Whose::Own, Some(&authorization)).await, 401, code, name);
        }
        for scope in Scope::ALL {
            let reply = world.with_scopes(operation, &[*scope]).await;
            if OF_OPERATIONS.contains(&name) && *scope != Scope::Admin {
                is_refused(&reply, 404, "operation_not_found", &format!("{name} with {}", scope.slug()));
            } else if required.iter().all(|one| one == scope) {
                assert_eq!(reply.status, success, "{name} with {}: {}", scope.slug(), reply.text());
            } else {
                is_refused(&reply, 403, "missing_scope", &format!("{name} with {}", scope.slug()));
            }
        }
        for one in &required {
            let less: Vec<Scope> = Scope::ALL.iter().copied().filter(|scope| scope != one).collect();
            let refused = world.with_scopes(operation, &less).await;
            is_refused(&refused, 403, "missing_scope", &format!("{name} without {}", one.slug()));
            assert_eq!(refused.json()["errors"][0]["code"], one.slug(), "{name}");
        }
        if !required.is_empty() {
            let reply = world.with_scopes(operation, &required).await;
            assert_eq!(reply.status, success, "{name} with what it takes: {}", reply.text());
            expected += 1;
        }
        expected += 6 + Scope::ALL.len() + required.len();
    }
    let cells = world.cells.borrow();
    assert_eq!((cells.len(), cells.values().sum::<usize>()), (all.len(), expected), "a cell is untested");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regions_key_sees_all_of_others_where_they_show_it() {
    every_operation_keeps_to_the_region(Visibility::Full).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regions_key_sees_the_outline_of_others_where_they_show_that() {
    every_operation_keeps_to_the_region(Visibility::Brief).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regions_key_sees_nothing_of_others_where_they_are_hidden() {
    every_operation_keeps_to_the_region(Visibility::Hidden).await;
}

async fn every_operation_keeps_to_the_region(others: Visibility) {
    let world = World::new(others).await;
    let key = world.regional.clone();
    world.own_webhook.set(2);
    world.ask_for_operation(&key).await;
    let bearer = format!("Bearer {key}");
    let mut all = operations(&world.document);
    // What takes things away comes last.
    all.sort_by_key(|operation| {
        ["withdraw", "revoke", "delete"].iter().any(|word| operation.name().starts_with(word))
    });
    for operation in &all {
        let name = operation.name();
        let foreign = world.ask(operation, Whose::Foreign, Some(&bearer)).await;
        let own = world.ask(operation, Whose::Own, Some(&bearer)).await;
        if OF_ALL_REGIONS.contains(&name) {
            is_refused(&own, 403, "outside_region", name);
        } else {
            assert_eq!(own.status, operation.success().0, "{name}: {}", own.text());
        }
        for reply in [&foreign, &own] {
            nothing_leaks(name, others, reply);
        }
        check_foreign(operation, others, &foreign);
    }
    let cells = world.cells.borrow();
    assert!(
        cells.len() == all.len() && cells.values().all(|cells| *cells == 2),
        "a cell is untested: {cells:?}"
    );
}

/// Nothing of what others do not show stands in an answer.
fn nothing_leaks(name: &str, others: Visibility, reply: &Reply) {
    let text = reply.text();
    let secrets: &[&str] = match others {
        Visibility::Full => &[],
        Visibility::Brief => &[TEXT, "异地单位"],
        Visibility::Hidden => &[TEXT, "异地单位", NAME, "异地大学"],
    };
    // Keys are seen by region whatever records show.
    for secret in secrets.iter().chain(name.contains("key").then_some(&NAME)) {
        assert!(!text.contains(secret), "{name}: {secret} in {text}");
    }
}

/// What a request about the other region's record comes to.
fn check_foreign(operation: &Operation<'_>, others: Visibility, reply: &Reply) {
    let name = operation.name();
    let outside = |reply: &Reply| is_refused(reply, 403, "outside_region", name);
    let missing = |reply: &Reply| is_refused(reply, 404, "record_not_found", name);
    let verb = name.split('_').next().unwrap();
    let record = operation.path.contains("{id}") && !operation.path.contains("/keys/");
    match (verb, others) {
        _ if name == "create_key" => outside(reply),
        // It says nothing of a region.
        _ if name == "create_webhook" => assert_eq!(reply.status, 201),
        _ if operation.path.contains("/webhooks/{id}") => is_refused(reply, 404, "webhook_not_found", name),
        _ if OF_ALL_REGIONS.contains(&name) => outside(reply),
        _ if operation.path.contains("/operations/{id}") => {
            is_refused(reply, 404, "operation_not_found", name)
        }
        _ if operation.path.contains("/campaigns/{id}") => is_refused(reply, 404, "campaign_not_found", name),
        _ if name == "make_campaign" => {
            if others == Visibility::Hidden {
                missing(reply)
            } else {
                outside(reply)
            }
        }
        _ if operation.path.ends_with("/keys/{id}") => is_refused(reply, 404, "key_not_found", name),
        ("create", _) => outside(reply),
        ("import", _) => {
            let report = reply.json();
            assert_eq!((&report["rejected"], &report["created"]), (&json!(1), &json!(0)), "{name}: {report}");
            let problem = &report["errors"][0]["problems"][0];
            assert_eq!(
                (&report["errors"][0]["line"], &problem["code"]),
                (&json!(1), &json!("outside_region"))
            );
        }
        _ if name == "record_feedback" || (record && matches!(verb, "replace" | "withdraw")) => {
            if others == Visibility::Hidden { missing(reply) } else { outside(reply) }
        }
        ("reveal", _) => {
            if others == Visibility::Hidden {
                missing(reply)
            } else {
                outside(reply)
            }
        }
        ("read", _) if record => match others {
            Visibility::Hidden => missing(reply),
            shown => assert_eq!(reply.json()["visibility"], json!(shown), "{name}"),
        },
        // Matches, changes and duplicates of a record that is not seen whole.
        _ if record => match others {
            Visibility::Hidden => missing(reply),
            Visibility::Brief => outside(reply),
            Visibility::Full => assert_eq!(reply.status, 200, "{name}"),
        },
        _ => check_lists(operation, others, reply),
    }
}

fn check_lists(operation: &Operation<'_>, others: Visibility, reply: &Reply) {
    let name = operation.name();
    assert_eq!(reply.status, operation.success().0, "{name}: {}", reply.text());
    if name.starts_with("export_") {
        let text = reply.text();
        let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let foreign = records.filter(|record| record["region"] == FOREIGN).count();
        assert_eq!(foreign, usize::from(others != Visibility::Hidden), "{name}: {text}");
        return;
    }
    let answer = reply.json();
    let items = || answer["items"].as_array().unwrap().clone();
    let count =
        |seen: fn(&Value) -> &Value| items().iter().filter(|item| seen(item)["region"] == FOREIGN).count();
    let expected = usize::from(others != Visibility::Hidden);
    if name == "list_campaigns" {
        let regions: Vec<Value> = items().iter().map(|item| item["region_name"].clone()).collect();
        let own =
            regions.iter().filter(|region| **region == "安徽省滁州市南谯区" || **region == "安徽省滁州市");
        assert!(!regions.is_empty() && own.count() == regions.len(), "{name}: {answer}");
    } else if name == "list_feedback" {
        let foreign = items().iter().filter(|item| item["need"] == "need-2").count();
        assert_eq!((items().is_empty(), foreign), (false, 0), "{name}: neither side is the own region's");
    } else if name.starts_with("search_") {
        assert_eq!(count(|item| &item["record"]), expected, "{name}: {answer}");
        assert_eq!(answer["total"], json!(items().len()), "{name}");
        let statuses = answer["facets"][1]["values"].as_array().unwrap();
        let counted: u64 = statuses.iter().map(|value| value["count"].as_u64().unwrap()).sum();
        assert_eq!(counted, items().len() as u64, "{name}: counts are of what is seen");
    } else if name.starts_with("list_") && answer.get("total").is_some() {
        assert_eq!(count(|item| item), expected, "{name}: {answer}");
        assert_eq!(answer["total"], json!(items().len()), "{name}");
    } else if name.contains("rematch_run") {
        let run = answer["items"].get(0).unwrap_or(&answer);
        assert_eq!(run.get("needs").is_some(), others != Visibility::Hidden, "{name}: {run}");
    } else if name == "match_form" {
        let found = answer["matches"].as_array().unwrap();
        let foreign = found.iter().find(|found| found["target"]["id"] == "expert-2");
        assert_eq!(foreign.is_some(), others != Visibility::Hidden, "{name}: {answer}");
        if let Some(foreign) = foreign {
            let terms = foreign["explanation"]["terms"].as_array().unwrap();
            assert_eq!(terms.is_empty(), others == Visibility::Brief, "{name}: {foreign}");
        }
    }
}
