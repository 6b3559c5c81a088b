//! Running the application: limits, deadlines, and an end that lets requests finish.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use engine::Engine;
use tokio::task::{JoinError, JoinHandle};

use crate::listening::{self, Listeners};
use crate::metrics::Metrics;
use crate::rates::RateSettings;

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
            import: 4 << 30,
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
    /// How often may be asked.
    pub rates: RateSettings,
    /// Connections at a time, over all threads; each takes a file of the process.
    pub connections: usize,
    /// Imports at a time; each holds a thread for as long as its file is on its way.
    pub imports: usize,
    /// A request's line and headers must be there after this time, each request's of a connection.
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
            rates: RateSettings::default(),
            connections: 4_096,
            imports: 4,
            header_deadline: Duration::from_secs(10),
            keep_alive: Duration::from_secs(60),
            shutdown_deadline: Duration::from_secs(30),
        }
    }
}

/// Serves until `shutdown` comes true, then lets requests finish, and closes the engine. Keeps the index up to the database meanwhile, does the
/// operations that are asked for, does the re-match at its time, and tells events to portals.
///
/// # Errors
/// When the listener cannot be used, or the indexer has fallen over: without it, what is written would never be found.
pub async fn serve(
    engine: Engine,
    settings: ServerSettings,
    listeners: impl Into<Listeners>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let follower = engine.clone();
    let work = async move {
        tokio::join!(
            follower.follow(),
            follower.work_off_operations(),
            follower.keep_nights(),
            follower.deliver_webhooks()
        );
    };
    serve_beside(work, engine, settings, listeners.into(), shutdown).await
}

async fn serve_beside(
    indexer: impl Future<Output = ()> + Send + 'static,
    engine: Engine,
    settings: ServerSettings,
    Listeners { api, metrics: page }: Listeners,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let metrics = Arc::new(Metrics::new());
    let server = listening::api(engine.clone(), &settings, api, &metrics)?;
    let handle = server.handle();
    let page = page.map(|listener| listening::metrics(engine.clone(), metrics, listener)).transpose()?;
    let page = page.map(|server| (server.handle(), tokio::spawn(server)));
    let mut running = tokio::spawn(server);
    let mut indexer = tokio::spawn(indexer);
    let mut fault = None;
    let early = tokio::select! {
        () = shutdown => None,
        error = failure(&mut indexer) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the indexer has fallen over");
            fault = Some(error);
            None
        }
        ended = &mut running => Some(ended),
    };
    let ended = match early {
        Some(ended) => ended,
        None => {
            tracing::info!("the server lets requests finish and ends");
            // First, for some requests wait for operations.
            engine.stop_operations();
            engine.stop_nights();
            handle.stop(true).await;
            running.await
        }
    };
    engine.stop_operations();
    engine.stop_nights();
    engine.stop_webhooks();
    engine.stop_following();
    // It reads the database, so it ends first.
    if !indexer.is_finished() && tokio::time::timeout(LAST_INDEXING, &mut indexer).await.is_err() {
        tracing::warn!("the indexer is cut short; the next start goes on where it stands");
    }
    // To the last it tells how far the end is.
    if let Some((handle, page)) = page {
        handle.stop(false).await;
        if let Ok(Err(error)) = page.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the metrics ended early");
        }
    }
    engine.close().await;
    match fault {
        Some(error) => Err(io::Error::other(format!("后台索引意外终止，服务随之停止：{error}"))),
        None => ended.map_err(io::Error::other)?,
    }
}

/// Comes true when the task panics; never when it ends.
async fn failure(task: &mut JoinHandle<()>) -> JoinError {
    match task.await {
        Err(error) => error,
        Ok(()) => std::future::pending().await,
    }
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use std::net::TcpListener;

    use super::*;

    async fn parts() -> (Engine, ServerSettings, TcpListener, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(&engine::Settings::new(folder.path())).await.unwrap();
        let settings = ServerSettings { workers: 1, ..ServerSettings::default() };
        (engine, settings, TcpListener::bind("127.0.0.1:0").unwrap(), folder)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_without_its_indexer_ends_with_an_error() {
        let (engine, settings, listener, _folder) = parts().await;
        let indexer = async { panic!("a fault of the indexer") };
        let serving = serve_beside(indexer, engine, settings, listener.into(), std::future::pending());
        let ended = tokio::time::timeout(Duration::from_secs(20), serving).await.expect("it ends");
        assert!(ended.unwrap_err().to_string().contains("后台索引"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_database_outlives_the_indexer() {
        let (engine, settings, listener, _folder) = parts().await;
        let (told, answered) = tokio::sync::oneshot::channel();
        let follower = engine.clone();
        let indexer = async move {
            follower.follow().await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            told.send(follower.ping().await.is_ok()).unwrap();
        };
        let shutdown = tokio::time::sleep(Duration::from_millis(200));
        serve_beside(indexer, engine, settings, listener.into(), shutdown).await.unwrap();
        assert!(answered.await.unwrap());
    }
}
