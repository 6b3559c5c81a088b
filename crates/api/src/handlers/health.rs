//! Health: whether the process lives, and whether it can answer.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use crate::extract::Query;
use crate::gate::Door;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Liveness {
    /// 恒为 ok
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether requests can be answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// 是否可以服务
    #[schema(example = true)]
    ready: bool,
    /// 数据库是否应答
    #[schema(example = true)]
    database: bool,
    /// 数据目录所在的磁盘是否将满（剩余不足 16 MiB）：写入会被拒绝（507），查询不受影响
    #[schema(example = false)]
    disk_full: bool,
    /// 各登记库的索引
    indexes: Vec<IndexHealth>,
}

/// How far one registry's index is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IndexHealth {
    /// 登记库
    #[schema(example = "needs")]
    registry: &'static str,
    /// 是否须重建后才能使用
    #[schema(example = false)]
    stale: bool,
    /// 索引中的记录数
    #[schema(example = 132)]
    documents: u64,
    /// 尚未进入索引的变更数
    #[schema(example = 0)]
    lag: u64,
}

pub(crate) async fn livez(_: Query) -> Answer {
    Ok(HttpResponse::Ok().json(Liveness { status: "ok" }))
}

pub(crate) async fn readyz(door: Data<Door>, _: Query) -> Answer {
    let health = |status: engine::IndexStatus| IndexHealth {
        registry: status.kind.plural(),
        stale: status.stale,
        documents: status.documents,
        lag: status.lag,
    };
    let database = door.ping().await.is_ok();
    // Without a database nobody knows how far behind they are; asking would take as long as a request waits for it.
    let statuses = if database { door.index_status().await.unwrap_or_default() } else { Vec::new() };
    let indexes: Vec<IndexHealth> = statuses.into_iter().map(health).collect();
    let ready = database && !indexes.is_empty() && indexes.iter().all(|index| !index.stale);
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    Ok(response.json(Readiness { ready, database, disk_full: door.disk_is_full(), indexes }))
}
