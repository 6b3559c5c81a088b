//! The one list of everything under `/api/v1`: each entry is a route together with its documentation.

use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, Resource, Route, guard, web};
use domain::Kind;
use engine::Act;
use utoipa::openapi::Deprecated;
use utoipa::openapi::path::Operation;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::advice;
use crate::by_method::ByMethod;
use crate::docs::{self, Doc};
use crate::extract::QueryNames;
use crate::gate::Access::{self, Key, Open};
use crate::gate::gate;
use crate::handlers::{
    self, campaigns, confidential, export, feedback, health, keys, kindred, operations, ranking, registry,
    runs, search, webhooks,
};
use crate::problem::{Code, Problem};
use crate::retirement::Retirement;

/// Everything versioned lies below.
pub(crate) const BASE: &str = "/api/v1";
/// In the order in which the document shows them.
pub(crate) const REGISTRIES: [Kind; 6] =
    [Kind::Need, Kind::Enterprise, Kind::Expert, Kind::Station, Kind::Achievement, Kind::Society];
/// Those that needs are matched with.
pub(crate) const OFFERS: [Kind; 3] = [Kind::Expert, Kind::Station, Kind::Achievement];

/// A method at a path, who may use it, what answers it, and what is said about it.
pub(crate) struct Endpoint {
    pub(crate) path: String,
    pub(crate) method: Method,
    access: Access,
    pub(crate) doc: Doc,
    route: Route,
    registry: Option<Kind>,
    /// How it goes, when it will.
    pub(crate) retirement: Option<Retirement>,
}

/// Starts a list with what all entries share.
struct Endpoints {
    list: Vec<Endpoint>,
    registry: Option<Kind>,
}

impl Endpoint {
    /// Says that it will go. An operation is retired by calling this on its entry.
    #[allow(dead_code, reason = "nothing is retired now; the fixture of the tests is")]
    pub(crate) fn retire(&mut self, retirement: Retirement) {
        self.retirement = Some(retirement);
    }

    /// What the document says of it.
    pub(crate) fn operation(self) -> Operation {
        let mut operation = self.doc.into_operation();
        if let Some(retirement) = self.retirement {
            let description = operation.description.take().unwrap_or_default();
            operation.description = Some(format!("{description}\n\n{}", retirement.sentence()));
            operation.deprecated = Some(Deprecated::True);
        }
        operation
    }
}

impl Endpoints {
    fn add(
        &mut self,
        access: Access,
        (method, path): (&Method, &str),
        doc: Doc,
        route: Route,
    ) -> &mut Endpoint {
        let base = if matches!(path, "/livez" | "/readyz") { "" } else { BASE };
        let registry = self.registry;
        let prefix = registry.map_or_else(String::new, |kind| format!("/{}", kind.plural()));
        let path = format!("{base}{prefix}{path}");
        let doc = doc.taking(access);
        let (method, retirement) = (method.clone(), None);
        self.list.push(Endpoint { path, method, access, doc, route, registry, retirement });
        let last = self.list.len() - 1;
        &mut self.list[last]
    }
}

/// All of them; a path with fixed words comes before one with a parameter in their place.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let mut all = Endpoints { list: Vec::new(), registry: None };
    for kind in REGISTRIES {
        all.registry = Some(kind);
        registry(&mut all, kind);
    }
    all.registry = None;
    let (get, post, delete) = (&Method::GET, &Method::POST, &Method::DELETE);
    let (matching, admin) = (Key(Act::Match), Key(Act::ManageKeys));
    all.add(matching, (post, "/match"), docs::matching::adhoc(), web::to(handlers::matching::adhoc));
    all.add(matching, (get, "/rematch-runs"), docs::runs::list(), web::to(runs::list));
    all.add(matching, (get, "/rematch-runs/current"), docs::runs::current(), web::to(runs::current));
    all.add(Key(Act::Rematch), (post, "/rematch-runs"), docs::runs::begin(), web::to(runs::begin));
    all.add(
        Key(Act::MatchRecord(Kind::Need)),
        (get, "/match-changes"),
        docs::runs::change_list(),
        web::to(handlers::change_list::list),
    );
    all.add(
        Key(Act::MatchRecord(Kind::Need)),
        (get, "/need-clusters"),
        docs::kindred::clusters(),
        web::to(kindred::clusters),
    );
    campaign_endpoints(&mut all);
    all.add(Key(Act::GiveFeedback), (post, "/feedback"), docs::feedback::record(), web::to(feedback::record));
    all.add(Key(Act::ReadFeedback), (get, "/feedback"), docs::feedback::list(), web::to(feedback::list));
    all.add(matching, (get, "/ranking"), docs::feedback::ranking(), web::to(ranking::read));
    all.add(admin, (post, "/keys"), docs::keys::create(), web::to(keys::create));
    all.add(admin, (get, "/keys"), docs::keys::list(), web::to(keys::list));
    all.add(Key(Act::OwnKey), (get, "/keys/current"), docs::keys::current(), web::to(keys::current));
    all.add(admin, (get, "/keys/{id}"), docs::keys::read(), web::to(keys::read));
    all.add(admin, (delete, "/keys/{id}"), docs::keys::revoke(), web::to(keys::revoke));
    all.add(
        Key(Act::RebuildIndex),
        (post, "/index-rebuilds"),
        docs::operations::rebuild(),
        web::to(operations::rebuild),
    );
    let own = Key(Act::OwnOperations);
    all.add(own, (get, "/operations"), docs::operations::list(), web::to(operations::list));
    all.add(own, (get, "/operations/{id}"), docs::operations::read(), web::to(operations::read));
    all.add(own, (post, "/operations/{id}/cancel"), docs::operations::cancel(), web::to(operations::cancel));
    self::webhooks(&mut all);
    all.add(Key(Act::ReadAudit), (get, "/audit"), docs::confidential::list(), web::to(confidential::audit));
    all.add(Open, (get, "/livez"), docs::health::livez(), web::to(health::livez));
    all.add(Open, (get, "/readyz"), docs::health::readyz(), web::to(health::readyz));
    all.list
}

fn webhooks(all: &mut Endpoints) {
    let (get, post, patch, delete) = (&Method::GET, &Method::POST, &Method::PATCH, &Method::DELETE);
    let (subscribe, manage) = (Key(Act::SubscribeWebhook), Key(Act::ManageWebhooks));
    all.add(subscribe, (post, "/webhooks"), docs::webhooks::create(), web::to(webhooks::create));
    all.add(manage, (get, "/webhooks"), docs::webhooks::list(), web::to(webhooks::list));
    all.add(manage, (get, "/webhooks/{id}"), docs::webhooks::read(), web::to(webhooks::read));
    all.add(subscribe, (patch, "/webhooks/{id}"), docs::webhooks::update(), web::to(webhooks::update));
    all.add(manage, (delete, "/webhooks/{id}"), docs::webhooks::remove(), web::to(webhooks::remove));
    let rotate = (post, "/webhooks/{id}/rotate-secret");
    all.add(manage, rotate, docs::webhooks::rotate(), web::to(webhooks::rotate));
    all.add(manage, (post, "/webhooks/{id}/ping"), docs::webhooks::ping(), web::to(webhooks::ping));
    let deliveries = (get, "/webhooks/{id}/deliveries");
    all.add(manage, deliveries, docs::webhooks::deliveries(), web::to(webhooks::deliveries));
    let retry = (post, "/webhooks/{id}/deliveries/{delivery}/retry");
    all.add(manage, retry, docs::webhooks::retry(), web::to(webhooks::retry));
}

fn campaign_endpoints(all: &mut Endpoints) {
    let (get, post, delete) = (&Method::GET, &Method::POST, &Method::DELETE);
    let (read, change) = (Key(Act::ReadCampaigns), Key(Act::ChangeCampaigns));
    all.add(Key(Act::MakeCampaign), (post, "/campaigns"), docs::campaigns::make(), web::to(campaigns::make));
    all.add(read, (get, "/campaigns"), docs::campaigns::list(), web::to(campaigns::list));
    all.add(read, (get, "/campaigns/{id}"), docs::campaigns::read(), web::to(campaigns::read));
    all.add(change, (delete, "/campaigns/{id}"), docs::campaigns::delete(), web::to(campaigns::delete));
    all.add(read, (get, "/campaigns/{id}/plan"), docs::campaigns::plan(), web::to(campaigns::plan));
    all.add(
        read,
        (get, "/campaigns/{id}/left-out"),
        docs::campaigns::left_out(),
        web::to(campaigns::left_out),
    );
    all.add(
        read,
        (get, "/campaigns/{id}/itineraries"),
        docs::campaigns::itineraries(),
        web::to(campaigns::itineraries),
    );
    all.add(
        read,
        (get, "/campaigns/{id}/itineraries/{candidate}"),
        docs::campaigns::itinerary(),
        web::to(campaigns::itinerary),
    );
    all.add(change, (post, "/campaigns/{id}/rulings"), docs::campaigns::rule(), web::to(campaigns::rule));
}

fn registry(all: &mut Endpoints, kind: Kind) {
    let (get, post, put, delete) = (&Method::GET, &Method::POST, &Method::PUT, &Method::DELETE);
    let (read, write, import) = (Key(Act::Read(kind)), Key(Act::Write(kind)), Key(Act::Import(kind)));
    let match_record = Key(Act::MatchRecord(kind));
    all.add(write, (post, ""), docs::registry::create(kind), web::to(registry::create));
    all.add(read, (get, ""), docs::registry::list(kind), web::to(registry::list));
    all.add(read, (get, "/search"), docs::search::search(kind), web::to(search::search));
    all.add(read, (get, "/export"), docs::export::export(kind), web::to(export::export));
    all.add(import, (post, "/import"), docs::import::import(kind), web::to(handlers::import::import));
    all.add(read, (get, "/{id}"), docs::registry::read(kind), web::to(registry::read));
    all.add(write, (put, "/{id}"), docs::registry::replace(kind), web::to(registry::replace));
    all.add(write, (delete, "/{id}"), docs::registry::withdraw(kind), web::to(registry::withdraw));
    let reveal = Key(Act::RevealContact(kind));
    all.add(reveal, (post, "/{id}/contact"), docs::confidential::reveal(kind), web::to(confidential::reveal));
    if kind == Kind::Need {
        all.add(
            match_record,
            (get, "/{id}/matches"),
            docs::matching::of_need(),
            web::to(handlers::matching::of_need),
        );
        all.add(
            match_record,
            (get, "/{id}/current-matches"),
            docs::runs::current_matches(),
            web::to(runs::current_matches),
        );
        all.add(match_record, (get, "/{id}/changes"), docs::runs::changes(), web::to(runs::changes));
        all.add(read, (get, "/{id}/duplicates"), docs::kindred::duplicates(), web::to(kindred::duplicates));
    }
    if OFFERS.contains(&kind) {
        all.add(
            match_record,
            (get, "/{id}/matches"),
            docs::matching::of_offer(kind),
            web::to(handlers::matching::of_offer),
        );
    }
}

/// Puts everything into an application.
pub(crate) fn register(config: &mut ServiceConfig) {
    register_operations(config, endpoints());
    config.service(web::redirect("/", "/docs/"));
    config.service(web::redirect("/docs", "/docs/"));
    config.route("/openapi.json", web::get().to(docs::serve));
    config.route("/problems/{slug}", web::get().to(advice::page));
    config.service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")));
}

fn register_operations(config: &mut ServiceConfig, endpoints: Vec<Endpoint>) {
    let mut paths: Vec<(String, Vec<Endpoint>)> = Vec::new();
    for endpoint in endpoints {
        match paths.iter_mut().find(|(path, _)| *path == endpoint.path) {
            Some((_, endpoints)) => endpoints.push(endpoint),
            None => paths.push((endpoint.path.clone(), vec![endpoint])),
        }
    }
    for (path, endpoints) in paths {
        config.service(resource(&path, endpoints).wrap(from_fn(gate)));
    }
}

fn resource(path: &str, endpoints: Vec<Endpoint>) -> Resource {
    let mut methods: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    let allow = methods.join(", ");
    let mut resource = web::resource(path).default_service(web::to(move || refuse(allow.clone())));
    let (mut names, mut accesses) = (ByMethod::default(), ByMethod::default());
    let (mut answers, mut retirements) = (ByMethod::default(), ByMethod::default());
    let mut bodies = ByMethod::default();
    for endpoint in endpoints {
        if let Some(kind) = endpoint.registry {
            resource = resource.app_data(kind);
        }
        names.add(&endpoint.method, QueryNames(endpoint.doc.query_names()));
        accesses.add(&endpoint.method, endpoint.access);
        answers.add(&endpoint.method, endpoint.doc.media_types());
        bodies.add(&endpoint.method, endpoint.doc.takes_body());
        if let Some(retirement) = endpoint.retirement {
            retirements.add(&endpoint.method, retirement);
        }
        resource = resource.route(match endpoint.method {
            Method::GET => endpoint.route.guard(guard::Any(guard::Get()).or(guard::Head())),
            method => endpoint.route.method(method),
        });
    }
    resource.app_data(names).app_data(accesses).app_data(answers).app_data(bodies).app_data(retirements)
}

async fn refuse(allow: String) -> Result<HttpResponse, Problem> {
    let detail = format!("此地址支持的方法：{allow}");
    Err(Problem { headers: vec![(ALLOW, allow)], ..Problem::new(Code::MethodNotAllowed, detail) })
}

/// Answers where there is nothing.
pub(crate) async fn not_found(_: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound, "没有这个地址，接口说明见 /docs"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::{App, test};
    use jiff::civil::date;

    use super::*;

    /// An operation that goes: health, as if it were to.
    fn fixture(sunset: bool) -> Endpoint {
        let mut all = Endpoints { list: Vec::new(), registry: None };
        let sunset = sunset.then(|| date(2027, 7, 1));
        let retirement = Retirement { deprecated: date(2027, 1, 1), sunset, notes: "/docs/#/retired" };
        all.add(Open, (&Method::GET, "/livez"), docs::health::livez(), web::to(health::livez))
            .retire(retirement);
        all.list.pop().unwrap()
    }

    async fn headers(sunset: bool, method: Method) -> Vec<Option<String>> {
        let register = |config: &mut ServiceConfig| register_operations(config, vec![fixture(sunset)]);
        let app =
            test::init_service(App::new().configure(register).wrap(from_fn(crate::boundary::boundary))).await;
        let request = test::TestRequest::with_uri("/livez").method(method).to_request();
        let reply = test::call_service(&app, request).await;
        let value = |name: &str| Some(reply.headers().get(name)?.to_str().unwrap().to_owned());
        ["deprecation", "sunset", "link"].map(value).to_vec()
    }

    #[actix_web::test]
    async fn an_operation_that_goes_says_so_with_every_answer() {
        let notes = "</docs/#/retired>; rel=\"deprecation\"; type=\"text/html\"";
        let told = headers(false, Method::GET).await;
        // Midnight in China.
        assert_eq!(told, [Some("@1798732800".to_owned()), None, Some(notes.to_owned())]);
        let told = headers(true, Method::HEAD).await;
        assert_eq!(told[1].as_deref(), Some("Wed, 30 Jun 2027 16:00:00 GMT"));
        assert!(told[2].as_deref().unwrap().contains("rel=\"sunset\""));
        assert_eq!(
            headers(true, Method::POST).await,
            [None, None, None],
            "another method is another operation"
        );
    }

    #[test]
    async fn the_document_says_so_too_and_of_nothing_that_stays() {
        let operation = serde_json::to_value(fixture(true).operation()).unwrap();
        assert_eq!(operation["deprecated"], true);
        let description = operation["description"].as_str().unwrap();
        assert!(description.contains("2027-01-01") && description.contains("2027-07-01"), "{description}");
        for endpoint in endpoints() {
            let retired = endpoint.retirement.is_some();
            let operation = serde_json::to_value(endpoint.operation()).unwrap();
            assert_eq!(operation.get("deprecated").is_some(), retired);
        }
    }
}
