//! `hongniang serve`: the REST service with its indexer.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;
use engine::Engine;

use crate::ending::{Ending, Misuse};
use crate::screen;
use crate::settings::Settings;

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
        let _alone = alone(&settings.engine.data_dir)?;
        let engine = Engine::open(&settings.engine).await?;
        let address = listener.local_addr()?;
        tracing::info!(%address, "serving");
        // The service goes on when whoever started it has closed its end.
        let _ = screen::print(&format!("服务地址：http://{address}/\n接口文档：http://{address}/docs"));
        api::serve(engine, settings.server, listener, api::termination()).await.context("服务中断")?;
        Ok(Ending::Done)
    }
}

/// Keeps a second service off the data directory; the lock goes with the process, however it ends.
pub(super) fn alone(directory: &Path) -> Result<File> {
    let shown = directory.display();
    let cannot = || format!("无法写入数据目录 {shown}");
    fs::create_dir_all(directory).with_context(cannot)?;
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
    let listener = match TcpListener::bind(address) {
        Err(error) if error.kind() == ErrorKind::InvalidInput => {
            return Err(Misuse(format!("监听地址“{address}”无效，应形如 127.0.0.1:8080")).into());
        }
        outcome => outcome
            .with_context(|| format!("无法监听 {address}，可用 --bind（demo 用 --port）换一个地址或端口"))?,
    };
    listener.set_nonblocking(true)?;
    Ok(listener)
}
