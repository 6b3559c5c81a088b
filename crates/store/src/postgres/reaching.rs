//! Whether the server is there at all. What is under way rides a restart out, as patiently as the pools are; who only begins to ask is told at once that there
//! is nobody to connect to.

use std::io;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Error, PgConnection};
use tokio::sync::Mutex;

use crate::StoreError;

/// How long an answer is waited for before it is asked whether the server is there; and how long what that came to holds.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was seen of the server last: when, and whether it refused to be connected to. Shared, so that many who wait do not all knock.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    seen: Mutex<Option<(Instant, bool)>>,
}

impl Reach {
    /// What `asked` comes to, unless the server refuses connections meanwhile.
    ///
    /// # Errors
    /// Those of `asked`; [`StoreError::Unavailable`] when the server refuses.
    pub(crate) async fn or_refused<T>(
        &self,
        options: &PgConnectOptions,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        tokio::select! {
            biased;
            answered = asked => answered,
            () = self.refuses(options) => Err(Error::Io(io::ErrorKind::ConnectionRefused.into()).into()),
        }
    }

    /// Comes to its end once the server refuses.
    async fn refuses(&self, options: &PgConnectOptions) {
        loop {
            tokio::time::sleep(PATIENCE).await;
            let mut seen = self.seen.lock().await;
            let known = seen.filter(|(at, _)| at.elapsed() < PATIENCE);
            let refuses = match known {
                Some((_, refuses)) => refuses,
                None => knock(options).await,
            };
            if known.is_none() {
                *seen = Some((Instant::now(), refuses));
            }
            if refuses {
                return;
            }
        }
    }
}

/// Whether the server refuses to be connected to. One that answers in any other way, or not at all, does not: then patience may help.
async fn knock(options: &PgConnectOptions) -> bool {
    match tokio::time::timeout(PATIENCE, PgConnection::connect_with(options)).await {
        Ok(Err(Error::Io(error))) => error.kind() == io::ErrorKind::ConnectionRefused,
        Ok(Ok(connection)) => {
            // It is not ours to wait for.
            drop(connection);
            false
        }
        _ => false,
    }
}
