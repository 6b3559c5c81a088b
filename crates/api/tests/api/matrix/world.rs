//! What the matrix asks about: registries with a record of the key's own region and one of another, and a request for every operation.

use std::collections::BTreeMap;

use domain::Kind;
use domain::access::{Others, Scope, Visibility};
use serde_json::{Value, json};

use super::{FOREIGN, NAME, OWN, TEXT};
use crate::openapi::{Operation, document};
use crate::portal::{Portal, Reply};

/// Whose record a request is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Own,
    Foreign,
}

impl Whose {
    const fn region(self) -> &'static str {
        match self {
            Self::Own => OWN,
            Self::Foreign => FOREIGN,
        }
    }

    /// The number of the record in each registry, and of the key that may be revoked.
    const fn number(self) -> u64 {
        match self {
            Self::Own => 1,
            Self::Foreign => 2,
        }
    }
}

/// A service with a record of either region in each registry, matched, and with feedback on either pair.
pub(super) struct World {
    pub(super) portal: Portal,
    pub(super) document: Value,
    /// Requests so far, so that new holders have new names.
    pub(super) serial: std::cell::Cell<u64>,
    pub(super) cells: std::cell::RefCell<BTreeMap<String, usize>>,
    /// The operation of the key that asks.
    pub(super) own_operation: std::cell::Cell<u64>,
    /// The webhook of the holder whose key asks.
    pub(super) own_webhook: std::cell::Cell<u64>,
    /// A key of the region with every scope.
    pub(super) regional: String,
}

impl World {
    pub(super) async fn new(others: Visibility) -> Self {
        let others = Others {
            needs: others,
            enterprises: others,
            experts: others,
            stations: others,
            achievements: others,
            societies: others,
        };
        let portal = Portal::with(|engine, _| {
            engine.others = others;
            engine.webhooks.per_holder = 100;
        })
        .await;
        let document = document();
        for whose in [Whose::Own, Whose::Foreign] {
            for kind in Kind::ALL {
                let mut form = form(&document, kind, whose);
                // The foreign achievement is one of the own expert's.
                form["external_id"] = match kind {
                    Kind::Expert if whose == Whose::Own => json!("ZJ-0001"),
                    _ => json!(format!("{kind}-{}", whose.region())),
                };
                portal.register(kind.plural(), form).await;
            }
        }
        // Keys that may be revoked: key-2 is of the own region, key-3 of the other; key-1 is the portal's.
        portal.key("本地接入方", Some(OWN), &[Scope::NeedsRead]).await;
        portal.key(NAME, Some(FOREIGN), &[Scope::NeedsRead]).await;
        // The portal's webhook is the first, that of the region's key the second; to each goes a message about the run, of the same number.
        let regional = portal.key("滁州", Some("3411"), Scope::ALL).await;
        add_webhook(&portal, &portal.key).await;
        add_webhook(&portal, &regional).await;
        portal.indexed().await;
        portal.engine.rematch(&engine::RematchRequest::default(), |_| {}).await.unwrap();
        for number in [1, 2] {
            let told = json!({"need": format!("need-{number}"), "candidate": format!("expert-{number}"),
                "decision": "accepted", "comment": if number == 2 { TEXT } else { "好" }});
            assert_eq!(portal.post("/api/v1/feedback", &told).await.status, 201);
        }
        let rebuild = portal.send("POST", "/api/v1/index-rebuilds?registry=societies", &[], b"").await;
        assert_eq!((rebuild.status, &rebuild.json()["id"]), (202, &json!(1)));
        let own_operation = std::cell::Cell::new(1);
        let own_webhook = std::cell::Cell::new(1);
        let (serial, cells) = Default::default();
        let world = Self { portal, document, serial, cells, own_operation, own_webhook, regional };
        // Campaign 1 is the own region's, campaign 2 the other's.
        for whose in [Whose::Own, Whose::Foreign] {
            world.make_campaign(whose).await;
        }
        world
    }

    /// Makes a campaign of a region for the region's need; its number.
    pub(super) async fn make_campaign(&self, whose: Whose) -> u64 {
        self.serial.set(self.serial.get() + 1);
        let scopes = [Scope::CampaignsWrite, Scope::MatchesRun];
        let key =
            self.portal.key(&format!("策划者{}", self.serial.get()), Some(whose.region()), &scopes).await;
        let body = self.other_body("make_campaign", whose).to_string();
        let headers = [("Content-Type", "application/json")];
        let path = "/api/v1/campaigns";
        let reply = self.portal.send_as(Some(&key), "POST", path, &headers, body.as_bytes()).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()["id"].as_u64().unwrap()
    }

    /// Has a key ask for an operation of its own.
    pub(super) async fn ask_for_operation(&self, key: &str) {
        let headers = [("Content-Type", "application/jsonl"), ("Prefer", "respond-async")];
        let body = form(&self.document, Kind::Society, Whose::Own).to_string();
        let reply = self
            .portal
            .send_as(Some(key), "POST", "/api/v1/societies/import", &headers, body.as_bytes())
            .await;
        assert_eq!(reply.status, 202, "{}", reply.text());
        self.own_operation.set(reply.json()["id"].as_u64().unwrap());
    }

    /// Sends the operation's request. An operation for which there is none fails here.
    pub(super) async fn ask(
        &self,
        operation: &Operation<'_>,
        whose: Whose,
        authorization: Option<&str>,
    ) -> Reply {
        *self.cells.borrow_mut().entry(operation.name().to_owned()).or_default() += 1;
        self.serial.set(self.serial.get() + 1);
        let (mut path, body) = self.request(operation, whose);
        if operation.name() == "delete_campaign" {
            // Each may be deleted but once.
            path = format!("/api/v1/campaigns/{}", self.make_campaign(whose).await);
        }
        let mut headers = vec![("If-Match", "*")];
        headers.extend(authorization.map(|value| ("Authorization", value)));
        let body = body.map(|(media_type, body)| {
            headers.push(("Content-Type", media_type));
            body
        });
        let method = operation.method.to_uppercase();
        self.portal.send_as(None, &method, &path, &headers, body.unwrap_or_default().as_bytes()).await
    }

    pub(super) fn request(
        &self,
        operation: &Operation<'_>,
        whose: Whose,
    ) -> (String, Option<(&'static str, String)>) {
        let (name, number) = (operation.name(), whose.number());
        let registry = operation.path.split('/').nth(3).and_then(|plural| plural.parse::<Kind>().ok());
        let id = match registry {
            Some(kind) => format!("{kind}-{number}"),
            // Of the other side is the first, which the portal has asked for.
            None if operation.path.contains("/operations/") => {
                if whose == Whose::Own { self.own_operation.get() } else { 1 }.to_string()
            }
            None if operation.path.contains("/webhooks/") => format!("webhook-{}", self.webhook(whose)),
            None if operation.path.contains("/campaigns/") => number.to_string(),
            None => format!("key-{}", number + 1),
        };
        let query = match name {
            _ if name.starts_with("list_") && registry.is_some() && !operation.path.contains("{id}") => {
                "?total=true"
            }
            _ if name.starts_with("search_") => "?facets=region,status",
            "match_need" | "list_current_matches" | "list_match_changes" => "?target=experts",
            _ => "",
        };
        let delivery = self.webhook(whose).to_string();
        let path = operation.path.replace("{id}", &id).replace("{delivery}", &delivery);
        let path = path.replace("{candidate}", &format!("expert-{number}"));
        let path = format!("{path}{query}");
        let text = |kind| form(&self.document, kind, whose).to_string();
        let body = match (name.split('_').next().unwrap(), registry) {
            ("create" | "replace", Some(kind)) => Some(("application/json", text(kind))),
            ("import", Some(kind)) => Some(("application/jsonl", text(kind))),
            _ if operation.about.get("requestBody").is_none() => None,
            _ => Some(("application/json", self.other_body(name, whose).to_string())),
        };
        (path, body)
    }

    pub(super) fn webhook(&self, whose: Whose) -> u64 {
        if whose == Whose::Own { self.own_webhook.get() } else { 1 }
    }

    pub(super) fn other_body(&self, name: &str, whose: Whose) -> Value {
        let number = whose.number();
        match name {
            "create_key" => json!({"holder": format!("新接入方{}", self.serial.get()), "purpose": "测试",
                "region": whose.region(), "scopes": ["admin"]}),
            "create_webhook" => webhook(),
            "update_webhook" => json!({"enabled": true}),
            _ if name.starts_with("reveal_") => json!({"purpose": "约定对接的时间"}),
            "match_form" => {
                json!({"form": form(&self.document, Kind::Need, Whose::Own), "target": "expert"})
            }
            "make_campaign" => json!({"name": "对接活动", "needs": {"ids": [format!("need-{number}")]}}),
            "rule_on_campaign" => json!({"rulings": [{"ruling": "lock", "need": format!("need-{number}"),
                "candidate": format!("expert-{number}")}]}),
            "record_feedback" => json!({"need": format!("need-{number}"),
                "candidate": format!("expert-{number}"), "decision": "solved"}),
            _ => panic!("the matrix has no request for {name}"),
        }
    }

    /// Asks with a key of these scopes.
    pub(super) async fn with_scopes(&self, operation: &Operation<'_>, scopes: &[Scope]) -> Reply {
        if operation.path.contains("/webhooks/{id}") {
            return self.as_holder(operation, scopes).await;
        }
        // One key for each set: it is made anew for each request, so each has a holder of its own.
        let key = self.portal.key(&format!("持有者{}", self.serial.get()), None, scopes).await;
        self.ask(operation, Whose::Own, Some(&format!("Bearer {key}"))).await
    }

    /// Asks about a webhook with a further key of its holder's, which is good for this request alone.
    pub(super) async fn as_holder(&self, operation: &Operation<'_>, scopes: &[Scope]) -> Reply {
        if operation.name() == "delete_webhook" {
            self.own_webhook.set(add_webhook(&self.portal, &self.portal.key).await);
        }
        let key = self.portal.key("门户", None, scopes).await;
        let reply = self.ask(operation, Whose::Own, Some(&format!("Bearer {key}"))).await;
        let id = key.split('_').nth(1).unwrap();
        self.portal.engine.revoke_key(format!("key-{id}").parse().unwrap()).await.unwrap();
        self.own_webhook.set(1);
        reply
    }
}

pub(super) fn webhook() -> Value {
    json!({"url": "https://portal.example.cn/events", "events": ["run.published"]})
}

/// Makes a webhook with a key; its number.
pub(super) async fn add_webhook(portal: &Portal, key: &str) -> u64 {
    let headers = [("Content-Type", "application/json")];
    let body = webhook().to_string();
    let made = portal.send_as(Some(key), "POST", "/api/v1/webhooks", &headers, body.as_bytes()).await;
    let id = made.json()["webhook"]["id"].as_str().unwrap().to_owned();
    id.rsplit('-').next().unwrap().parse().unwrap()
}

/// The document's own example, as a record of a region. That of the other region says so in its name and in its texts.
pub(super) fn form(document: &Value, kind: Kind, whose: Whose) -> Value {
    let create = &document["paths"][format!("/api/v1/{}", kind.plural())]["post"];
    let mut form = create["requestBody"]["content"]["application/json"]["example"].clone();
    form.as_object_mut().unwrap().remove("external_id");
    form["region"] = json!(whose.region());
    if whose == Whose::Foreign {
        let (name, text) = match kind {
            Kind::Need => ("title", "description"),
            Kind::Enterprise => ("name", "main_business"),
            Kind::Expert => ("name", "bio"),
            Kind::Station | Kind::Society => ("name", "description"),
            Kind::Achievement => ("title", "summary"),
        };
        form[name] = json!(format!("{NAME}{kind}"));
        form[text] = json!(format!("{TEXT}：铝壳激光焊接的焊缝气孔率偏高，匙孔塌陷，光束摆动。"));
        if kind == Kind::Need {
            form["enterprise_name"] = json!("异地单位");
        }
        if kind == Kind::Expert {
            form["organisation"] = json!("异地大学");
        }
    }
    form
}
