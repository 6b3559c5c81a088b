//! How the engine is, as metrics: read when somebody asks, and held nowhere.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use engine::{Connections, DeliveryCounts, ImportCounts, IndexStatus, Kept, LastRun, Vitals, WebhookLoad};
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::{counter, gauge};

type Number = Gauge<f64, AtomicU64>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRegistry {
    registry: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPool {
    pool: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    outcome: &'static str,
}

pub(super) fn register(registry: &mut Registry, vitals: Vitals) {
    let Vitals { admission, database, imports, deliveries, kept } = vitals;
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    registry.register("build", "程序版本", Info::new(version));
    let mut gauge = |name: &str, about: &str, value: usize| gauge(registry, name, about, value as f64);
    gauge("requests_at_work", "正在处理的请求（不含导入）", admission.at_work);
    gauge("requests_at_work_limit", "同时处理的请求上限（limits.at_once）", admission.at_once);
    gauge("requests_waiting", "排队等候的请求", admission.waiting);
    gauge("requests_waiting_limit", "排队等候的请求上限（limits.waiting）", admission.places);
    gauge("database_up", "数据库是否应答", usize::from(kept.is_some()));
    gauge("database_writers_waiting", "等候写入数据库的数目", database.waiting as usize);
    pools(registry, &[("read", database.readers), ("write", database.writer)]);
    let about = "等候写入数据库的时间合计";
    counter(registry, "database_write_wait_seconds", about, database.waited.as_secs_f64());
    counter(registry, "database_write_turns", "写入数据库的次数", database.turns as f64);
    let about = "读取时无法解密的联系方式，次数";
    counter(registry, "contacts_unreadable", about, database.unreadable_contacts as f64);
    imported(registry, imports);
    delivered(registry, deliveries);
    if let Some(Kept { indexes, outbox, webhooks, last_run }) = kept {
        on_their_way(registry, &webhooks);
        gauge_of_indexes(registry, &indexes);
        super::gauge(registry, "outbox_entries", "数据库保留的变更记录，至多", outbox as f64);
        if let Some(run) = last_run {
            rematch(registry, &run);
        }
    }
}

fn pools(registry: &mut Registry, pools: &[(&'static str, Connections)]) {
    type Value = fn(&Connections) -> u64;
    let values: [(&str, &str, Value); 3] = [
        ("open", "打开的数据库连接", |pool| pool.open),
        ("idle", "其中空闲的数据库连接", |pool| pool.idle),
        ("limit", "数据库连接上限", |pool| pool.most),
    ];
    for (name, about, value) in values {
        let family: Family<OfPool, Number> = Family::default();
        for (pool, connections) in pools {
            family.get_or_create(&OfPool { pool }).set(value(connections) as f64);
        }
        registry.register(format!("database_connections_{name}"), about, family);
    }
}

fn imported(registry: &mut Registry, imports: ImportCounts) {
    let ImportCounts { running, created, changed, unchanged, rejected } = imports;
    gauge(registry, "imports_running", "本进程正在进行的导入", running as f64);
    let rows: Family<OfOutcome, Counter<f64, AtomicU64>> = Family::default();
    for (outcome, count) in
        [("created", created), ("changed", changed), ("unchanged", unchanged), ("rejected", rejected)]
    {
        rows.get_or_create(&OfOutcome { outcome }).inc_by(count as f64);
    }
    registry.register("import_rows", "本进程导入的行，按结果", rows);
}

fn delivered(registry: &mut Registry, deliveries: DeliveryCounts) {
    let DeliveryCounts { delivered, failed, dead } = deliveries;
    let attempts: Family<OfOutcome, Counter<f64, AtomicU64>> = Family::default();
    for (outcome, count) in [("delivered", delivered), ("failed", failed), ("dead", dead)] {
        attempts.get_or_create(&OfOutcome { outcome }).inc_by(count as f64);
    }
    registry.register("webhook_attempts", "本进程推送的消息，按结果：送达、将重试、放弃", attempts);
}

fn on_their_way(registry: &mut Registry, load: &WebhookLoad) {
    let waited =
        load.oldest.map_or(0.0, |since| Timestamp::now().duration_since(since).as_secs_f64().max(0.0));
    let values = [
        ("webhook_pending", "待推送的消息", load.pending as f64),
        ("webhook_oldest_pending_seconds", "其中最早的一条已等了多久", waited),
        ("webhook_dead", "已放弃、尚在保留期的消息", load.dead as f64),
        ("webhook_disabled", "因失败或对方不再接收而停用的推送地址", load.disabled as f64),
    ];
    for (name, about, value) in values {
        gauge(registry, name, about, value);
    }
}

fn gauge_of_indexes(registry: &mut Registry, indexes: &[IndexStatus]) {
    type Value = fn(&IndexStatus) -> Option<f64>;
    let values: [(&str, &str, Value); 6] = [
        ("index_documents", "索引中的记录", |index| Some(index.documents as f64)),
        ("index_lag_entries", "尚未进入索引的变更", |index| Some(index.lag as f64)),
        ("index_lag_seconds", "其中最早的一项已等了多久", |index| {
            Some(index.behind.as_secs_f64())
        }),
        ("index_stale", "索引是否须重建后才能使用", |index| {
            Some(f64::from(u8::from(index.stale)))
        }),
        ("index_generation", "索引的代号，每次重建加一", |index| {
            index.generation.map(|generation| generation as f64)
        }),
        ("index_committed_timestamp_seconds", "索引最近写入的时刻", |index| {
            index.committed_at.map(since_1970)
        }),
    ];
    for (name, about, value) in values {
        let family: Family<OfRegistry, Number> = Family::default();
        for index in indexes {
            if let Some(value) = value(index) {
                family.get_or_create(&OfRegistry { registry: index.kind.plural() }).set(value);
            }
        }
        registry.register(name, about, family);
    }
}

fn rematch(registry: &mut Registry, run: &LastRun) {
    let LastRun { published_at, took, needs, needs_without_match, matches } = run;
    let published = published_at.as_millisecond() as f64 / 1e3;
    let values = [
        ("rematch_published_timestamp_seconds", "当前匹配批次发布的时刻", published),
        ("rematch_duration_seconds", "当前匹配批次所用的时间", took.as_secs_f64()),
        ("rematch_needs", "当前匹配批次中的需求", *needs as f64),
        ("rematch_needs_without_match", "其中没有找到匹配的需求", *needs_without_match as f64),
        ("rematch_matches", "当前匹配批次中的匹配", *matches as f64),
    ];
    for (name, about, value) in values {
        gauge(registry, name, about, value);
    }
}

fn since_1970(moment: SystemTime) -> f64 {
    moment.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}
