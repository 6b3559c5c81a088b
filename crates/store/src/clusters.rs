//! Clusters of needs that share a problem, kept beside the run that found them.

use crate::backend::{Transaction, on_backend};
use crate::rows::{row, signed, unsigned};
use crate::sql::duplicates as texts;
use crate::{RunId, Store, StoreError, sql};

/// A cluster as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its place in the run, from 1.
    pub place: u64,
    /// Enterprises in it.
    pub size: u64,
    /// What it is, as JSON.
    pub content: String,
}

/// Which clusters of a run are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterPlace {
    /// Those after this place; 0 from the start.
    pub after: u64,
    /// Those of so many enterprises at least.
    pub least: u64,
    /// So many at most.
    pub limit: u32,
}

row! {
    struct ClusterRow {
        place: i64,
        size: i64,
        cluster: String,
    }
}

impl Store {
    /// The clusters of a published run by place. Of a run not published nothing is shown.
    pub async fn run_clusters(&self, run: RunId, wanted: ClusterPlace) -> Result<Vec<Cluster>, StoreError> {
        let rows: Vec<ClusterRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::RUN_CLUSTERS)
                .bind(signed(run.0))
                .bind(signed(wanted.after))
                .bind(signed(wanted.least))
                .bind(i64::from(wanted.limit))
                .fetch_all(&pools.readers)
                .await?
        });
        let cluster = |row: ClusterRow| Cluster {
            place: unsigned(row.place),
            size: unsigned(row.size),
            content: row.cluster,
        };
        Ok(rows.into_iter().map(cluster).collect())
    }
}

/// Adds clusters to a run.
pub(crate) async fn add(
    transaction: &mut Transaction,
    run: RunId,
    clusters: &[Cluster],
) -> Result<(), StoreError> {
    for chunk in clusters.chunks(sql::ROWS) {
        on_backend!(&mut *transaction, transaction => {
            let mut query = sqlx::query(texts::add_clusters(chunk.len())).persistent(sql::is_prepared(chunk.len()));
            for cluster in chunk {
                query = query
                    .bind(signed(run.0))
                    .bind(signed(cluster.place))
                    .bind(signed(cluster.size))
                    .bind(cluster.content.as_str());
            }
            query.execute(&mut **transaction).await?;
        });
    }
    Ok(())
}
