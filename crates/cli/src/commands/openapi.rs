//! `hongniang openapi`: the description of the REST API.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use crate::ending::Ending;
use crate::screen;

const EXAMPLES: &str = "输出 REST 接口的 OpenAPI 3.1 文档（JSON）。\n\n\
例：\n  hongniang openapi > openapi.json\n  hongniang openapi --out openapi/openapi.json\n  \
hongniang openapi --check openapi/openapi.json      与程序不一致时退出码为 3";

/// 输出或核对 OpenAPI 文档
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Openapi {
    /// 核对已有的文档与程序是否一致
    #[arg(long, value_name = "文件", conflicts_with = "out")]
    check: Option<PathBuf>,
    /// 写入文件 [默认：标准输出]
    #[arg(long, value_name = "文件")]
    out: Option<PathBuf>,
}

impl Openapi {
    pub(super) fn run(self) -> Result<Ending> {
        let document = api::openapi_json();
        if let Some(path) = self.check {
            let stored = fs::read_to_string(&path).with_context(|| format!("无法读取 {}", path.display()))?;
            if stored != document {
                let remedy = format!("hongniang openapi --out {}", path.display());
                screen::print(&format!("{} 与程序不一致，可用 {remedy} 更新", path.display()))?;
                return Ok(Ending::Findings);
            }
            screen::print(&format!("{} 与程序一致", path.display()))?;
        } else if let Some(path) = self.out {
            fs::write(&path, document).with_context(|| format!("无法写入 {}", path.display()))?;
        } else {
            screen::print(&document)?;
        }
        Ok(Ending::Done)
    }
}
