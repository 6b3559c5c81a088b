//! Events told to portals by the real program.
//!
//! Properties: what was published while no service ran is told by the next one; a service that is killed (SIGKILL) while a portal has not answered
//! yet sends the message again under the same name; of two services on one PostgreSQL one sends each message; the command line adds, tries,
//! lists and sends again; nothing in the data directory holds a secret in the open.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/holding.rs"]
mod holding;
#[path = "support/portal.rs"]
mod portal;
#[path = "support/postgres.rs"]
mod postgres_server;
#[path = "service/mod.rs"]
mod service;

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use portal::{Answer, Portal};
use serde_json::{Value, json};
use service::{Service, eventually, hongniang, key};

/// May call the loopback, at the portal's port, and tries again after a second.
struct Surroundings(Vec<(&'static str, String)>);

impl Surroundings {
    fn of(portal: &Portal) -> Self {
        Self(vec![
            ("HONGNIANG_WEBHOOKS_PORTS", portal.port.to_string()),
            ("HONGNIANG_WEBHOOKS_ALLOW", "127.0.0.0/8, portal.gov.internal".to_owned()),
            ("HONGNIANG_WEBHOOKS_PLAIN_HTTP", "true".to_owned()),
            ("HONGNIANG_WEBHOOKS_RETRIES", "1, 1".to_owned()),
            ("HONGNIANG_WEBHOOKS_TIMEOUT_SECONDS", "60".to_owned()),
        ])
    }

    fn and(mut self, name: &'static str, value: &str) -> Self {
        self.0.push((name, value.to_owned()));
        self
    }

    fn start(&self, data: &Path, key: &str) -> Service {
        let pairs: Vec<(&str, &OsStr)> =
            self.0.iter().map(|(name, value)| (*name, OsStr::new(value))).collect();
        Service::start(data, key, &pairs)
    }

    /// Runs a command and expects this exit code; what it says.
    fn run(&self, data: &Path, code: i32, arguments: &[&str]) -> String {
        let output = hongniang(data, arguments).envs(self.0.iter().cloned()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        out
    }

    fn json(&self, data: &Path, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(data, 0, &[arguments, &["--json"]].concat())).unwrap()
    }
}

/// A webhook for runs; its secret.
fn add(service: &Service, url: &str) -> String {
    let made = service.post("/api/v1/webhooks", &json!({"url": url, "events": ["run.published"]}));
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()["secret"].as_str().unwrap().to_owned()
}

fn deliveries(service: &Service, state: &str) -> Vec<Value> {
    let page = service.get(&format!("/api/v1/webhooks/webhook-1/deliveries?state={state}"));
    page.json()["items"].as_array().unwrap().clone()
}

#[test]
fn a_service_that_is_killed_tells_again_what_it_had_begun_to_tell() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let portal = Portal::open(&[Answer::Never]);
    let (around, key) = (Surroundings::of(&portal), key(&data));
    let running = around.start(&data, &key);
    let secret = add(&running, &portal.url("/events"));
    running.kill();
    // Published while nobody was there to tell it.
    around.run(&data, 0, &["rematch"]);
    assert!(portal.heard().is_empty());
    let running = around.start(&data, &key);
    let first = portal.hears(1).remove(0);
    // It waits for the answer, which never comes.
    running.kill();
    let running = around.start(&data, &key);
    let heard = portal.hears(2);
    assert_eq!((heard[1].id(), &heard[1].body), (first.id(), &first.body));
    assert!(heard.iter().all(|one| one.is_signed_with(&secret)));
    eventually(Duration::from_secs(30), "it is delivered", || deliveries(&running, "delivered").len() == 1);
    assert_eq!(deliveries(&running, "delivered")[0]["message"], first.id());
    // The next one, of another day, comes once.
    around.run(&data, 0, &["rematch", "--date", "2030-01-01"]);
    eventually(Duration::from_secs(30), "the next is delivered", || {
        deliveries(&running, "delivered").len() == 2
    });
    assert_eq!(portal.heard().len(), 3);
    running.stop();
    // The ring of keys itself is not under a key.
    let secrets = [secret.strip_prefix("whsec_").unwrap()];
    assert_eq!(holding::holding(&data, &secrets), [""; 0]);
}

#[test]
fn of_two_services_on_one_database_one_tells_each_message() {
    const PORTALS: usize = 24;
    let Some(server) = postgres_server::Server::shared() else { return };
    let (url, home) = (server.database(), tempfile::tempdir().unwrap());
    let portal = Portal::open(&[]);
    let ring = home.path().join("contacts.keys").display().to_string();
    let around = Surroundings::of(&portal)
        .and("HONGNIANG_DATABASE_URL", &url)
        .and("HONGNIANG_CONTACTS_KEYRING", &ring)
        .and("HONGNIANG_WEBHOOKS_PER_HOLDER", "100");
    let [one, other] = ["one", "other"].map(|name| home.path().join(name));
    for data in [&one, &other] {
        std::fs::create_dir_all(data).unwrap();
        std::fs::write(data.join("hongniang.toml"), "[limits]\nrequests_per_second = 0\n").unwrap();
    }
    let make = ["keys", "create", "--holder", "测试", "--purpose", "测试", "--all"];
    let key = around.json(&one, &make)["token"].as_str().unwrap().to_owned();
    let services = [around.start(&one, &key), around.start(&other, &key)];
    let secrets: Vec<String> =
        (0..PORTALS).map(|at| add(&services[at % 2], &portal.url(&format!("/{at}")))).collect();
    services[0].indexed();
    around.run(&one, 0, &["rematch"]);
    let mut heard = portal.hears(PORTALS);
    // Were one told twice, the second would be there soon.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(portal.heard().len(), PORTALS);
    heard.sort_by_key(|one| one.path[1..].parse::<usize>().unwrap());
    for (at, one) in heard.iter().enumerate() {
        assert!(one.path == format!("/{at}") && one.is_signed_with(&secrets[at]), "{at}: {one:?}");
    }
    services.into_iter().for_each(Service::stop);
}

#[test]
fn the_command_line_adds_tries_lists_and_sends_again() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let portal = Portal::open(&[Answer::Status(204), Answer::Status(500)]);
    let (around, key) = (Surroundings::of(&portal), key(&data));
    let (url, events) = (portal.url("/"), "run.published,need.matches_changed");
    let add = ["webhooks", "add", "--key", "key-1", "--url", &url, "--events", events];
    let said = around.run(&data, 0, &add);
    let secret = said.lines().last().unwrap();
    assert!(said.contains("webhook-1") && secret.starts_with("whsec_"), "{said}");
    assert!(around.run(&data, 0, &["webhooks", "ping", "webhook-1"]).contains("已送达"));
    assert!(portal.hears(1)[0].is_signed_with(secret));
    assert!(around.run(&data, 3, &["webhooks", "ping", "webhook-1"]).contains("对方答复 500"));
    let listed = around.json(&data, &["webhooks", "list"]);
    assert_eq!((&listed[0]["id"], &listed[0]["state"]), (&json!("webhook-1"), &json!("enabled")));
    assert!(!around.run(&data, 0, &["webhooks", "list"]).contains("whsec_"));
    let astray =
        ["webhooks", "add", "--key", "key-1", "--url", "http://10.0.0.1/", "--events", "run.published"];
    around.run(&data, 1, &astray);

    portal.answers(&[Answer::Status(500), Answer::Status(500), Answer::Status(500)]);
    let running = around.start(&data, &key);
    // It builds the indexes first, and no other process does meanwhile.
    running.indexed();
    around.run(&data, 0, &["rematch"]);
    eventually(Duration::from_secs(60), "it is given up", || deliveries(&running, "dead").len() == 1);
    let dead = around.json(&data, &["webhooks", "dead"]);
    assert_eq!((&dead[0]["id"], &dead[0]["attempts"]), (&json!(1), &json!(3)), "{dead}");
    around.run(&data, 0, &["webhooks", "retry", "1"]);
    eventually(Duration::from_secs(60), "it is sent again", || deliveries(&running, "delivered").len() == 1);
    assert!(around.run(&data, 0, &["webhooks", "dead"]).contains("没有这样的消息"));
    running.stop();
    assert!(around.run(&data, 0, &["webhooks", "remove", "webhook-1"]).contains("已删除"));
    assert!(around.run(&data, 0, &["webhooks", "list"]).contains("还没有推送地址"));
    around.run(&data, 0, &["audit", "verify"]);
}
