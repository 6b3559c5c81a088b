//! PostgreSQL: how it is connected to, and how one waits for one's turn to write.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, Postgres};

use crate::backend::Pools;
use crate::migrations::{self, Migrated, Step, migrate};
use crate::store::MigrationReport;
use crate::{StoreError, sql};

static SCHEMA: LazyLock<Migrator> = LazyLock::new(|| migrations::migrator(&STEPS));

const STEPS: [Step; 10] = [
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
/// Statements kept prepared per connection: every fixed text, and one multi-row text per table.
const STATEMENTS: usize = 200;
/// What an address may set. sqlx would log any other parameter with its value, which may be a misspelt password.
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
pub(crate) async fn open(url: &str) -> Result<(Pools<Postgres>, MigrationReport), StoreError> {
    let options = options(url)?;
    let writer = PgPoolOptions::new().acquire_timeout(WRITE_TURN).max_connections(1).connect_lazy_with(
        options.clone().options([
            ("lock_timeout", WRITE_TURN.as_millis()),
            ("idle_in_transaction_session_timeout", SILENCE.as_millis()),
        ]),
    );
    let readers = PgPoolOptions::new()
        .acquire_timeout(READ_TURN)
        .max_connections(READERS)
        .connect_lazy_with(options.options([("default_transaction_read_only", "on")]));
    // Opening is no time to wait for a server that is not there, so the patience of the pools is not asked for.
    let mut first = PgConnection::connect_with(&writer.connect_options()).await?;
    suits(&mut first).await?;
    let report = migrate::<Postgres>(&mut first).await?;
    first.close().await?;
    Ok((Pools { writer, readers, turns: Arc::default() }, report))
}

/// Waits for its turn to write.
///
/// Writers take turns, in this process at its one connection and across processes at an advisory lock, which the database releases with
/// the transaction, however it ends. So numbers are committed in the order in which they are given, no two writers ever wait for each
/// other's rows, and readers wait for nobody. Writing is not what this program is slow at: a province imports a million rows a year.
///
/// # Errors
/// [`StoreError::Busy`] when others write for too long, [`StoreError::Unavailable`] when the server cannot be reached.
pub(crate) async fn begin(
    pools: &Pools<Postgres>,
) -> Result<sqlx::Transaction<'static, Postgres>, StoreError> {
    let mut transaction = match pools.writer.begin_with(BEGIN).await {
        Err(sqlx::Error::PoolTimedOut) => {
            // Either the turn never came, or there is nobody to connect to: the readers know.
            pools.readers.acquire().await?;
            return Err(StoreError::Busy);
        }
        begun => begun?,
    };
    take_turn(&mut transaction).await?;
    Ok(transaction)
}

/// Rebuilds the tables from what is live, and the planner's statistics, which quote from texts. What the server's own log and its archives
/// still hold is its operator's.
///
/// # Errors
/// When the server refuses.
pub(crate) async fn scrub(pools: &Pools<Postgres>) -> Result<(), StoreError> {
    sqlx::query("VACUUM (FULL, ANALYZE)").execute(&pools.writer).await?;
    Ok(())
}

async fn take_turn(transaction: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query(sql::POSTGRES_TURN).bind(TURN).execute(transaction).await?;
    Ok(())
}

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    let known = |parameter: &str| {
        let (name, _) = parameter.split_once('=').unwrap_or((parameter, ""));
        name.is_empty() || PARAMETERS.contains(&name)
    };
    if !parameters.split('&').all(known) {
        return Err(StoreError::BadUrl);
    }
    let options: PgConnectOptions = url.parse().map_err(|_| StoreError::BadUrl)?;
    Ok(options.application_name("hongniang").statement_cache_capacity(STATEMENTS).options([
        // A machine that dies in its turn would else hold the others up for hours.
        ("tcp_keepalives_idle", "20"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
        // Notices say nothing that an operator must read.
        ("client_min_messages", "warning"),
    ]))
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
        take_turn(&mut transaction).await?;
        Ok(transaction)
    }
}
