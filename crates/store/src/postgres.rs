//! PostgreSQL: how it is connected to, and how one waits for one's turn to write.

mod answering;
mod copying;
mod reaching;
mod restoring;
mod tables;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, Error, PgConnection, Postgres};

pub(crate) use answering::{Bounded, Turn};
use answering::{at_most, within};
pub(crate) use copying::snapshot;
pub(crate) use reaching::Reach;
pub(crate) use restoring::restored;

use crate::backend::Pools;
use crate::migrations::{self, Migrated, Step, migrate};
use crate::store::MigrationReport;
use crate::{StoreError, sql};

static SCHEMA: LazyLock<Migrator> = LazyLock::new(|| migrations::migrator(&STEPS));

const STEPS: [Step; 11] = [
    (1, "records outbox runs", include_str!("../migrations/postgres/0001_records_outbox_runs.sql")),
    (2, "judgements feedback", include_str!("../migrations/postgres/0002_judgements_feedback.sql")),
    (3, "duplicates clusters", include_str!("../migrations/postgres/0003_duplicates_clusters.sql")),
    (4, "followers", include_str!("../migrations/postgres/0004_followers.sql")),
    (5, "access", include_str!("../migrations/postgres/0005_access.sql")),
    (
        6,
        "audit sealed_contacts erasures",
        include_str!("../migrations/postgres/0006_audit_sealed_contacts_erasures.sql"),
    ),
    (7, "tickets operations", include_str!("../migrations/postgres/0007_tickets_operations.sql")),
    (8, "nights", include_str!("../migrations/postgres/0008_nights.sql")),
    (9, "campaigns", include_str!("../migrations/postgres/0009_campaigns.sql")),
    (10, "webhooks", include_str!("../migrations/postgres/0010_webhooks.sql")),
    (11, "sealing_key", include_str!("../migrations/postgres/0011_sealing_key.sql")),
];

/// Set out, for the default of the database may be another one. A stricter level would take its view of the database before it waits for
/// its turn, and then not see what the writer before it wrote.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// The advisory lock that whoever writes holds until its transaction ends: 红娘 in two bytes each.
const TURN: i64 = 0x7ea2_5a18;
/// How long a writer waits for the others, in this process and in other ones: an import may take that long.
const WRITE_TURN: Duration = Duration::from_secs(60);
/// A process that says nothing for so long in its turn was paused, or cut off unheard: the server takes the turn from it, and the next one has it
/// before its own patience ends.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a reader waits for a connection; a server that is restarting is back by then.
const READ_TURN: Duration = Duration::from_secs(10);
const READERS: u32 = 8;
/// How long a statement may take unless the address says otherwise: the longest ones read a whole registry.
const ANSWER: Duration = Duration::from_secs(120);
/// How long a connection that was at rest, or comes back from use, may take to show that it is alive.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// How long writing all tables anew may take.
const SCRUB: Duration = Duration::from_secs(6 * 3_600);
/// Statements kept prepared per connection: every fixed text, and one multi-row text per table.
const STATEMENTS: usize = 200;
/// What an address may set for us: seconds that a statement may take.
const ANSWER_SECONDS: &str = "answer_seconds";
/// What an address may set for sqlx, which would log any other parameter with its value: that may be a misspelt password.
const PARAMETERS: [&str; 11] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "options",
];

/// Whether the address is one of PostgreSQL.
pub(crate) fn is_meant(url: &str) -> bool {
    url.starts_with("postgres:") || url.starts_with("postgresql:")
}

/// Connects to the database at this address, which must exist, and brings it up to date.
pub(crate) async fn open(url: &str) -> Result<(Pools<Bounded<PgPool>>, MigrationReport), StoreError> {
    let (pools, mut first) = connect(url).await?;
    let report = migrate::<Postgres>(&mut first).await?;
    first.close().await?;
    Ok((pools, report))
}

/// Connects to the database at this address, which must exist, and leaves it as it is. The one connection is bound by nothing, for whoever has to change the
/// schema.
pub(crate) async fn connect(url: &str) -> Result<(Pools<Bounded<PgPool>>, PgConnection), StoreError> {
    let (options, answer) = options(url)?;
    let bound = options.clone().options([("statement_timeout", answer.as_millis())]);
    let lock_timeout = [("lock_timeout", WRITE_TURN.as_millis())];
    let silence = [("idle_in_transaction_session_timeout", SILENCE.as_millis())];
    let writer = pool(1, WRITE_TURN).connect_lazy_with(bound.clone().options(lock_timeout).options(silence));
    let read_only = [("default_transaction_read_only", "on")];
    let readers = pool(READERS, READ_TURN).connect_lazy_with(bound.options(read_only));
    // Opening is no time to wait for a server that is not there, so the patience of the pools is not asked for.
    let options = options.options(lock_timeout);
    let mut first = within(READ_TURN, PgConnection::connect_with(&options)).await?;
    suits(&mut first).await?;
    let [writer, readers] = [writer, readers].map(|pool| Bounded::new(pool, answer));
    Ok((Pools { writer, readers, turns: Arc::default(), reach: Arc::default() }, first))
}

/// Connections that must show that they are alive before they are used, and when they come back: sqlx would ask them, and wait for ever.
fn pool(most: u32, turn: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .acquire_timeout(turn)
        .max_connections(most)
        .test_before_acquire(false)
        .before_acquire(|connection, _| alive(connection))
        .after_release(|connection, _| alive(connection))
}

fn alive(connection: &mut PgConnection) -> BoxFuture<'_, Result<bool, Error>> {
    Box::pin(async { at_most(SIGN_OF_LIFE, connection.ping()).await.map(|()| true) })
}

/// Waits for its turn to write.
///
/// Writers take turns, in this process at its one connection and across processes at an advisory lock, which the database releases with
/// the transaction, however it ends. So numbers are committed in the order in which they are given, no two writers ever wait for each
/// other's rows, and readers wait for nobody. Writing is not what this program is slow at: a province imports a million rows a year.
///
/// # Errors
/// [`StoreError::Busy`] when others write for too long, [`StoreError::Unavailable`] when the server cannot be reached.
pub(crate) async fn begin(pools: &Pools<Bounded<PgPool>>) -> Result<Turn, StoreError> {
    let mut turn = match pools.writer.begin_with(BEGIN).await {
        Err(Error::PoolTimedOut) => {
            // Either the turn never came, or there is nobody to connect to: the readers know.
            pools.readers.acquire().await?;
            return Err(StoreError::Busy);
        }
        begun => begun?,
    };
    sqlx::query(sql::POSTGRES_TURN).bind(TURN).execute(&mut *turn).await?;
    Ok(turn)
}

/// Rebuilds the tables from what is live, and the planner's statistics, which quote from texts. What the server's own log and its archives
/// still hold is its operator's.
///
/// # Errors
/// When the server refuses.
pub(crate) async fn scrub(pools: &Pools<Bounded<PgPool>>) -> Result<(), StoreError> {
    let mut connection = pools.writer.acquire().await?;
    let outcome = at_length(&mut connection, "VACUUM (FULL, ANALYZE)").await;
    if outcome.is_err() {
        // Nobody is to get one without a bound.
        connection.close_on_drop();
    }
    Ok(outcome?)
}

/// Writes the file of the planner's statistics anew. Analyzing takes what was deleted out of them, but not out of that file, and the file belongs to
/// whoever owns the database: others are told by a new number that was not given.
///
/// # Errors
/// [`StoreError::StatisticsKept`], and when the server refuses.
pub(crate) async fn scrub_statistics(pools: &Pools<Bounded<PgPool>>) -> Result<(), StoreError> {
    let mut connection = pools.writer.acquire().await?;
    let outcome = async {
        let answer = pools.writer.answer();
        let file = async |connection: &mut PgConnection| {
            within(answer, sqlx::query_scalar(sql::tables::STATISTICS_FILE).fetch_one(connection)).await
        };
        let before: i64 = file(&mut connection).await?;
        at_length(&mut connection, "VACUUM (FULL) pg_catalog.pg_statistic").await?;
        let after: i64 = file(&mut connection).await?;
        Ok::<_, Error>(before != after)
    };
    let outcome = outcome.await;
    if outcome.is_err() {
        connection.close_on_drop();
    }
    if outcome? { Ok(()) } else { Err(StoreError::StatisticsKept) }
}

/// Executes a statement that takes as long as it takes. What the server has to say beside it, as that it skips what is not ours, is asked for otherwise.
async fn at_length(connection: &mut PgConnection, statement: &'static str) -> Result<(), Error> {
    for text in [
        "SET statement_timeout = 0",
        "SET client_min_messages = error",
        statement,
        "RESET client_min_messages",
        "RESET statement_timeout",
    ] {
        within(SCRUB, sqlx::query(text).execute(&mut *connection)).await?;
    }
    Ok(())
}

/// How to connect, and how long a statement may take.
fn options(url: &str) -> Result<(PgConnectOptions, Duration), StoreError> {
    let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
    let mut answer = ANSWER;
    let mut others = Vec::new();
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=').unwrap_or((parameter, "")) {
            (ANSWER_SECONDS, seconds) => {
                let seconds = seconds.parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
                answer = Duration::from_secs(seconds.ok_or(StoreError::BadUrl)?);
            }
            (name, _) if PARAMETERS.contains(&name) => others.push(parameter),
            _ => return Err(StoreError::BadUrl),
        }
    }
    let url = format!("{place}?{}", others.join("&"));
    let options: PgConnectOptions = url.parse().map_err(|_| StoreError::BadUrl)?;
    let options = options.application_name("hongniang").statement_cache_capacity(STATEMENTS).options([
        // A machine that dies in its turn would else hold the others up for hours.
        ("tcp_keepalives_idle", "20"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
        // The same where it had something to say that nobody took.
        ("tcp_user_timeout", "35000"),
        // Notices say nothing that an operator must read.
        ("client_min_messages", "warning"),
    ]);
    Ok((options, answer))
}

/// # Errors
/// [`StoreError::Unsuitable`] when not every character can be stored.
async fn suits(connection: &mut PgConnection) -> Result<(), StoreError> {
    let encoding: String = sqlx::query_scalar(sql::POSTGRES_ENCODING).fetch_one(connection).await?;
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(StoreError::Unsuitable(
        "它的编码不是 UTF8，请另建一个：createdb --encoding=UTF8 --template=template0 名称",
    ))
}

impl Migrated for Postgres {
    fn schema() -> &'static Migrator {
        &SCHEMA
    }

    async fn has_steps(connection: &mut PgConnection) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(sql::POSTGRES_MIGRATIONS_TABLE).fetch_one(connection).await?)
    }

    async fn begin(connection: &mut PgConnection) -> Result<sqlx::Transaction<'_, Self>, StoreError> {
        let mut transaction = connection.begin_with(BEGIN).await?;
        sqlx::query(sql::POSTGRES_TURN).bind(TURN).execute(&mut *transaction).await?;
        Ok(transaction)
    }
}
