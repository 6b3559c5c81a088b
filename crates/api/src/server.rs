//! Running the application: limits, deadlines, and an end that lets requests finish.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, Error, HttpServer, web};
use engine::Engine;

use crate::{boundary, endpoints};

/// How long the background indexer may take to end.
const LAST_INDEXING: Duration = Duration::from_secs(10);

/// What a request's body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a JSON body.
    pub body: usize,
    /// Bytes of an imported file.
    pub import: u64,
    /// A JSON body must be there whole after this time, and a file's next piece too.
    pub body_deadline: Duration,
    /// A file must be there whole after this time.
    pub import_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 2 << 20,
            import: 1 << 30,
            body_deadline: Duration::from_secs(30),
            import_deadline: Duration::from_secs(3600),
        }
    }
}

/// How to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerSettings {
    /// Threads that take requests; 0 for one per processor.
    pub workers: usize,
    /// What bodies may be.
    pub limits: Limits,
    /// A request's line and headers must be there after this time.
    pub header_deadline: Duration,
    /// How long an idle connection stays open.
    pub keep_alive: Duration,
    /// How long requests may finish once the server is told to end.
    pub shutdown_deadline: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            workers: 0,
            limits: Limits::default(),
            header_deadline: Duration::from_secs(10),
            keep_alive: Duration::from_secs(60),
            shutdown_deadline: Duration::from_secs(30),
        }
    }
}

/// The application: everything that [`serve`] serves.
pub fn app(
    engine: Engine,
    limits: Limits,
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
        .app_data(web::Data::new(engine))
        .app_data(limits)
        .configure(endpoints::register)
        .default_service(web::to(endpoints::not_found))
        .wrap(from_fn(boundary::boundary))
        .wrap(Compress::default())
}

/// Serves until `shutdown` comes true, then lets requests finish, and closes the engine. Keeps the index up to the database meanwhile.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(
    engine: Engine,
    settings: ServerSettings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let server = start(engine.clone(), &settings, listener)?;
    let handle = server.handle();
    let mut running = tokio::spawn(server);
    let indexer = tokio::spawn({
        let engine = engine.clone();
        async move { engine.follow().await }
    });
    let early = tokio::select! {
        () = shutdown => None,
        ended = &mut running => Some(ended),
    };
    let ended = match early {
        Some(ended) => ended,
        None => {
            tracing::info!("the server lets requests finish and ends");
            handle.stop(true).await;
            running.await
        }
    };
    engine.close().await;
    let _ = tokio::time::timeout(LAST_INDEXING, indexer).await;
    ended.map_err(io::Error::other)?
}

/// Apart from [`serve`], for what builds a server cannot be sent between threads and a server can.
fn start(engine: Engine, settings: &ServerSettings, listener: TcpListener) -> io::Result<Server> {
    let limits = settings.limits;
    let mut server = HttpServer::new(move || app(engine.clone(), limits))
        .client_request_timeout(settings.header_deadline)
        .keep_alive(settings.keep_alive)
        .shutdown_timeout(settings.shutdown_deadline.as_secs().max(1))
        .disable_signals();
    if settings.workers > 0 {
        server = server.workers(settings.workers);
    }
    Ok(server.listen(listener)?.run())
}

/// Comes true when the process is told to end: SIGTERM, or Ctrl-C.
pub async fn termination() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        let terminate = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut signal) => signal.recv().await,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! { () = interrupt => {}, _ = terminate => {} }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
