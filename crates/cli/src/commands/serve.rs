//! `hongniang serve`: the REST service with its indexer.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;

use anyhow::{Context, Result, bail};
use api::{Listeners, ServerSettings};
use clap::Args;
use engine::Engine;

use crate::ending::{Ending, Misuse};
use crate::screen;
use crate::settings::Settings;
use crate::supervision;

/// Files that database, index and uploads may have open, and connections that are told that there are too many.
const FILES_OF_OUR_OWN: usize = 512;

const EXAMPLES: &str = "启动 REST 服务，并让索引在后台跟上数据库。按 Ctrl-C 或发送 SIGTERM 停止，正在处理的请求会先完成。\n\n\
例：\n  hongniang serve\n  hongniang serve --bind 0.0.0.0:8080 --data-dir /var/lib/hongniang\n  \
hongniang serve --bind 127.0.0.1:0      由系统选一个空闲端口，地址写在标准输出";

/// 启动 REST 服务
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Serve {
    /// 监听地址和端口 [默认：127.0.0.1:8080] [HONGNIANG_SERVER_BIND]
    #[arg(long, value_name = "地址:端口")]
    pub(crate) bind: Option<String>,
}

impl Serve {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let listener = listen(&settings.bind)?;
        let metrics = listen_for_metrics(settings)?;
        let _alone = alone(&settings.engine.data_dir)?;
        let engine = Engine::open(&settings.engine).await?;
        let address = listener.local_addr()?;
        let mut said = format!("服务地址：http://{address}/\n接口文档：http://{address}/docs");
        said.push_str(&told_of_metrics(metrics.as_ref())?);
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
        // The service goes on when whoever started it has closed its end.
        let _ = screen::print(&said);
        supervision::ready();
        let server = within_files(settings.server);
        let told = async {
            api::termination().await;
            supervision::stopping();
        };
        api::serve(engine, server, Listeners { api: listener, metrics }, told).await.context("服务中断")?;
        Ok(Ending::Done)
    }
}

/// As many connections as the process may open files for, beside those that database and index need.
fn within_files(server: ServerSettings) -> ServerSettings {
    let files = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => usize::try_from(files).unwrap_or(usize::MAX),
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            return server;
        }
    };
    let most = files.saturating_sub(FILES_OF_OUR_OWN).max(1);
    if server.connections <= most {
        return server;
    }
    tracing::warn!(
        files,
        connections = most,
        "fewer connections than max_connections: too few files may be open"
    );
    ServerSettings { connections: most, ..server }
}

/// Keeps a second service off the data directory; the lock goes with the process, however it ends.
pub(super) fn alone(directory: &Path) -> Result<File> {
    let shown = directory.display();
    let cannot = || format!("无法写入数据目录 {shown}");
    engine::make_private(directory).with_context(cannot)?;
    let lock = directory.join("serve.lock");
    let file = File::options().create(true).truncate(false).write(true).open(lock).with_context(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("数据目录 {shown} 已有一个服务在运行；请先停止它，或用 --data-dir 另选目录")
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(cannot),
    }
}

/// Takes the address before anything else is opened.
pub(super) fn listen(address: &str) -> Result<TcpListener> {
    listen_at(address, "可用 --bind（demo 用 --port）换一个地址或端口")
}

/// Takes the address of the metrics, where there is one.
pub(super) fn listen_for_metrics(settings: &Settings) -> Result<Option<TcpListener>> {
    let remedy = "这是指标的地址，可用设置 metrics.listen（HONGNIANG_METRICS_LISTEN）换一个";
    settings.metrics.as_deref().map(|address| listen_at(address, remedy)).transpose()
}

/// Where the metrics are, as a line of its own.
pub(super) fn told_of_metrics(metrics: Option<&TcpListener>) -> Result<String> {
    let Some(metrics) = metrics else { return Ok(String::new()) };
    Ok(format!("\n指标：http://{}/metrics", metrics.local_addr()?))
}

fn listen_at(address: &str, remedy: &str) -> Result<TcpListener> {
    let listener = match TcpListener::bind(address) {
        Err(error) if error.kind() == ErrorKind::InvalidInput => {
            return Err(Misuse(format!("监听地址“{address}”无效，应形如 127.0.0.1:8080")).into());
        }
        outcome => outcome.with_context(|| format!("无法监听 {address}，{remedy}"))?,
    };
    listener.set_nonblocking(true)?;
    Ok(listener)
}
