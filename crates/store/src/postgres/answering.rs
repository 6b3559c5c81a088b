//! How long a server's answer is waited for.
//!
//! A firewall that forgets a connection sends nothing, and sqlx asks the system for no signs of life: whoever waits on such a connection would wait until the
//! kernel gives up, which for an answer that is only read is never. The server ends what takes too long by itself (`statement_timeout`); where its word does
//! not come either, the connection is given up here.

use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use sqlx::postgres::{PgPool, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Either, Error, Execute, Executor, PgConnection, Postgres, SqlStr};

/// How much later than by the server's own clock a statement is given up.
const GRACE: Duration = Duration::from_secs(5);

/// Connections, or a transaction on one of them, of which each answer is waited for only so long.
pub(crate) struct Bounded<T> {
    inner: T,
    answer: Duration,
}

impl<T> Bounded<T> {
    /// `answer` is how long the server may take for a statement.
    pub(super) const fn new(inner: T, answer: Duration) -> Self {
        Self { inner, answer }
    }

    /// How long the server may take for a statement.
    pub(super) const fn answer(&self) -> Duration {
        self.answer
    }
}

impl<T: Clone> Clone for Bounded<T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), answer: self.answer }
    }
}

impl<T> fmt::Debug for Bounded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded").field("answer", &self.answer).finish_non_exhaustive()
    }
}

impl<T> Deref for Bounded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for Bounded<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl Bounded<PgPool> {
    /// Begins a transaction by this statement.
    ///
    /// # Errors
    /// When no connection comes free, or the server refuses or does not answer.
    pub(crate) async fn begin_with(&self, statement: &'static str) -> Result<Turn, Error> {
        let Self { inner, answer } = self;
        let connection = inner.acquire().await?;
        let begun =
            within(*answer, sqlx::Transaction::begin(connection, Some(SqlStr::from_static(statement))));
        Ok(Turn(Bounded::new(begun.await?, *answer)))
    }
}

/// A transaction; rolled back when dropped.
#[derive(Debug)]
pub(crate) struct Turn(Bounded<sqlx::Transaction<'static, Postgres>>);

impl Turn {
    /// The connection itself, of which nothing is bounded.
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.0.inner
    }

    /// # Errors
    /// When the server refuses or does not answer; whether it is committed is then not known.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        let Bounded { inner, answer } = self.0;
        within(answer, inner.commit()).await
    }

    /// # Errors
    /// When the server refuses or does not answer.
    pub(crate) async fn rollback(self) -> Result<(), Error> {
        let Bounded { inner, answer } = self.0;
        within(answer, inner.rollback()).await
    }
}

impl Deref for Turn {
    type Target = Bounded<sqlx::Transaction<'static, Postgres>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Waits for something that the server should do within `answer`.
///
/// # Errors
/// What comes of it; [`Error::Io`] when nothing does.
pub(super) async fn within<T>(
    answer: Duration,
    asked: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    at_most(answer + GRACE, asked).await
}

/// Waits for something that nothing on the server's side bounds.
///
/// # Errors
/// As [`within`].
pub(super) async fn at_most<T>(
    longest: Duration,
    asked: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(longest, asked).await.unwrap_or_else(|_| Err(silent()))
}

fn silent() -> Error {
    Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database does not answer"))
}

type Answers<'e> = BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>;

/// The same answers, each of them within `answer` of being asked for.
fn bounded(answer: Duration, answers: Answers<'_>) -> Answers<'_> {
    stream::unfold(Some(answers), move |answers| async move {
        let mut answers = answers?;
        match tokio::time::timeout(answer + GRACE, answers.next()).await {
            Ok(next) => next.map(|next| (next, Some(answers))),
            Err(_) => Some((Err(silent()), None)),
        }
    })
    .boxed()
}

/// What an executor does, with a bound on each answer; `$inner` is the executor below.
macro_rules! executor {
    ($lifetime:lifetime, $bounded:ty, $self:ident => $inner:expr) => {
        impl<$lifetime> Executor<$lifetime> for $bounded {
            type Database = Postgres;

            fn fetch_many<'e, 'q: 'e, E>($self, query: E) -> Answers<'e>
            where
                $lifetime: 'e,
                E: 'q + Execute<'q, Postgres>,
            {
                let answer = $self.answer;
                bounded(answer, $inner.fetch_many(query))
            }

            fn fetch_optional<'e, 'q: 'e, E>($self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
            where
                $lifetime: 'e,
                E: 'q + Execute<'q, Postgres>,
            {
                let answer = $self.answer;
                Box::pin(within(answer, $inner.fetch_optional(query)))
            }

            fn prepare_with<'e>(
                $self,
                sql: SqlStr,
                parameters: &'e [PgTypeInfo],
            ) -> BoxFuture<'e, Result<PgStatement, Error>>
            where
                $lifetime: 'e,
            {
                let answer = $self.answer;
                Box::pin(within(answer, $inner.prepare_with(sql, parameters)))
            }
        }
    };
}

executor!('p, &'p Bounded<PgPool>, self => (&self.inner));
executor!('c, &'c mut Bounded<sqlx::Transaction<'static, Postgres>>, self => (&mut *self.inner as &mut PgConnection));
