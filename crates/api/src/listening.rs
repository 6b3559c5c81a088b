//! From listeners to running servers: that of the API, and that of the metrics.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use actix_http::h1::H1Service;
use actix_http::{HttpService, KeepAlive};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, from_fn};
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use actix_web::{App, Error, HttpServer, web};
use engine::Engine;

use crate::connection::{Connection, Patience, Reception, TOLD_AT_ONCE};
use crate::gate::Door;
use crate::handlers::import::Imports;
use crate::metrics::{Metrics, page};
use crate::{Limits, ServerSettings, boundary, endpoints};

/// Where the service listens.
#[derive(Debug)]
pub struct Listeners {
    /// For the API.
    pub api: TcpListener,
    /// For the metrics, if anybody is to read them.
    pub metrics: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    fn from(api: TcpListener) -> Self {
        Self { api, metrics: None }
    }
}

/// The application: everything that [`crate::serve`] serves.
fn app(
    door: Data<Door>,
    limits: Limits,
    imports: Data<Imports>,
    metrics: Arc<Metrics>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(door)
        .app_data(limits)
        .app_data(imports)
        .app_data(metrics)
        .configure(endpoints::register)
        .default_service(web::to(endpoints::not_found))
        .wrap(from_fn(boundary::boundary))
        .wrap(Compress::default())
}

/// Serves the API. As `HttpServer` would, but for the connections, which are ours.
pub(crate) fn api(
    engine: Engine,
    settings: &ServerSettings,
    listener: TcpListener,
    metrics: &Arc<Metrics>,
) -> io::Result<Server> {
    let ServerSettings { workers, limits, header_deadline, keep_alive, .. } = *settings;
    let imports = Data::new(Imports::new(settings.imports));
    let door = Data::new(Door::new(engine, settings.rates));
    let patience = Patience { head: header_deadline, answer: limits.body_deadline };
    let reception = Reception::new(settings.connections, patience, Arc::clone(metrics));
    let metrics = Arc::clone(metrics);
    let mut server = Server::build()
        .disable_signals()
        .shutdown_timeout(settings.shutdown_deadline.as_secs().max(1))
        // Places are counted over all threads by the reception; this keeps the rest of the files free.
        .max_concurrent_connections(settings.connections + TOLD_AT_ONCE);
    if workers > 0 {
        server = server.workers(workers);
    }
    let ending = server.graceful_shutdown_signal();
    let address = listener.local_addr()?;
    let server = server.listen("hongniang", listener, move || {
        let (reception, ending) = (reception.clone(), ending.clone());
        let app = app(door.clone(), limits, imports.clone(), Arc::clone(&metrics)).into_factory();
        let http: H1Service<Connection, _, _> = HttpService::build()
            .graceful_shutdown_signal(move || {
                let ending = ending.clone();
                async move { ending.notified().await }
            })
            .keep_alive(KeepAlive::Timeout(keep_alive))
            // The connection's own deadline comes first and says more.
            .client_request_timeout(header_deadline.saturating_mul(2))
            .local_addr(address)
            .on_connect_ext(|connection: &Connection, data| drop(data.insert(connection.requests())))
            .h1(map_config(app.map_err(|error| error.error_response()), |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| reception.clone().take_in(stream)).and_then(http)
    })?;
    Ok(server.run())
}

/// Serves the metrics, on a thread of their own: they are read when the service is at its limits.
pub(crate) fn metrics(engine: Engine, metrics: Arc<Metrics>, listener: TcpListener) -> io::Result<Server> {
    let page = Data::new(page::Page::new(engine, metrics));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(page.clone())
            .route("/metrics", web::get().to(page::read))
            .default_service(web::to(page::elsewhere))
    });
    Ok(server.workers(1).max_connections(64).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}
