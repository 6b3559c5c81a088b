//! What is said about health.

use serde_json::json;

use super::HEALTH;
use super::doc::Doc;

pub(crate) fn livez() -> Doc {
    let description = "进程是否存活。不查数据库，供进程监护使用。";
    Doc::new("livez", HEALTH, "存活", description).answer(
        200,
        "存活",
        ("Liveness", json!({"status": "ok"})),
        &[],
    )
}

pub(crate) fn readyz() -> Doc {
    let description = "能否服务：数据库应答，且各登记库的索引可用。`lag` 是尚未进入索引的变更数，`disk_full` 表示磁盘将满、暂时只能查询。不能服务时答 503，内容格式相同。";
    let index = |stale| json!({"registry": "needs", "stale": stale, "documents": 132, "lag": 0});
    let health = |ready: bool| json!({"ready": ready, "database": true, "disk_full": false, "indexes": [index(!ready)]});
    Doc::new("readyz", HEALTH, "就绪", description)
        .answer(200, "可以服务", ("Readiness", health(true)), &[])
        .not_ready("暂不能服务", ("Readiness", health(false)))
}
