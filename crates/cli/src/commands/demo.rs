//! `hongniang demo`: a whole matching over fictional records, from nothing to reasons, and then the service.

use std::fs;
use std::io::Cursor;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;
use domain::access::Scope;
use domain::{Kind, RecordId};
use engine::{Engine, Format, ImportOptions, KeyRequest, KeyState, MatchRequest, Subject};

use super::{catch_up, serve, spinner};
use crate::arguments::DEMO_DATA_DIR;
use crate::ending::{Ending, Misuse};
use crate::screen::{self, Emphasis, Screen};
use crate::settings::Settings;
use crate::view;

/// The need whose matches are shown, and how many of each registry.
const NEED: &str = "XQ-020";
const SHOWN: [(Kind, usize); 3] = [(Kind::Expert, 5), (Kind::Station, 3), (Kind::Achievement, 3)];
const PORT: u16 = 8080;
/// Who holds the keys of the demonstration, and for how long they are good.
const HOLDER: &str = "演示";
const DAYS: u32 = 30;
/// The file that tells a directory of the demonstration from one with real records.
const MARKER: &str = "demo.txt";

const EXAMPLES: &str = "导入随程序附带的示例数据（12 个领域，人名、单位和电话均为虚构），为其中一项技术需求找专家、学会服务站和科技成果，\
说明理由，然后启动服务。数据放在 ./hongniang-demo-data 或 --data-dir 指定的空目录，不看环境变量和配置文件里的数据目录，不影响正式数据；再次运行不会重复导入。\n\n\
例：\n  hongniang demo\n  hongniang demo --once              看完结果就退出\n  hongniang demo --port 9000";

/// The fictional records, in the binary so that the demonstration runs anywhere.
const RECORDS: [(Kind, &[u8]); 6] = [
    (Kind::Society, include_bytes!("../../../../data/demo/societies.jsonl")),
    (Kind::Enterprise, include_bytes!("../../../../data/demo/enterprises.jsonl")),
    (Kind::Expert, include_bytes!("../../../../data/demo/experts.jsonl")),
    (Kind::Achievement, include_bytes!("../../../../data/demo/achievements.jsonl")),
    (Kind::Station, include_bytes!("../../../../data/demo/stations.jsonl")),
    (Kind::Need, include_bytes!("../../../../data/demo/needs.jsonl")),
];

/// 用示例数据演示一次完整的匹配
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Demo {
    /// 显示结果后退出，不启动服务
    #[arg(long)]
    once: bool,
    /// 服务的端口 [默认：8080，被占用时由系统选一个]
    #[arg(long, value_name = "端口")]
    port: Option<u16>,
}

impl Demo {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        claim(&settings.engine)?;
        let engine = Engine::open(&settings.engine).await?;
        load(&engine).await?;
        catch_up(&engine).await?;
        let need = engine.find(Kind::Need, NEED).await?.context("示例数据中没有用于演示的需求")?;
        show(&engine, need).await?;
        if self.once {
            engine.close().await;
            return Ok(Ending::Done);
        }
        let _alone = serve::alone(&settings.engine.data_dir)?;
        let listener = listen(self.port)?;
        let metrics = serve::listen_for_metrics(settings)?;
        let told = serve::told_of_metrics(metrics.as_ref())?;
        let directions = directions(listener.local_addr()?, &told, need, &key(&engine).await?);
        // The service goes on when whoever started it has closed its end.
        let _ = screen::print(&directions);
        let listeners = api::Listeners { api: listener, metrics };
        api::serve(engine, settings.server, listeners, api::termination()).await.context("服务中断")?;
        Ok(Ending::Done)
    }
}

/// Takes the data directory for the demonstration, unless it holds a database that is none of ours.
fn claim(settings: &engine::Settings) -> Result<()> {
    if settings.database_url.is_some() {
        return Err(Misuse("demo 的数据总在自己的数据目录里，不能用 --database-url".to_owned()).into());
    }
    let directory = &settings.data_dir;
    let (marker, shown) = (directory.join(MARKER), directory.display());
    let chosen = directory != Path::new(DEMO_DATA_DIR);
    if chosen && !marker.exists() && directory.join("hongniang.db").exists() {
        bail!("数据目录 {shown} 里已有数据库，且不是 demo 建立的；虚构的示例数据不会写进去，请换一个空目录");
    }
    let cannot = || format!("无法写入数据目录 {shown}");
    engine::make_private(directory).with_context(cannot)?;
    fs::write(marker, "本目录由 hongniang demo 建立，其中都是虚构的示例数据。\n").with_context(cannot)
}

/// Imports the fictional records; a second time changes nothing.
async fn load(engine: &Engine) -> Result<()> {
    let spinner = spinner("正在导入示例数据……");
    for (kind, records) in RECORDS {
        let options = ImportOptions { kind, format: Format::JsonLines, all_or_nothing: true };
        engine.import(options, Cursor::new(records), |_| {}).await?;
    }
    spinner.finish_and_clear();
    Ok(())
}

async fn show(engine: &Engine, need: RecordId) -> Result<()> {
    let screen = Screen::stdout();
    let record = engine.read(need).await?.record;
    let mut text =
        screen.paragraph(0, &[(Emphasis::Strong, format!("技术需求  {}", record.profile.title()))]);
    let about = format!("{}  {} / {}", view::about(&record), record.id, record.external_id);
    text.push_str(&screen.paragraph(0, &[(Emphasis::Faint, about)]));
    if let domain::Profile::Need(need) = &record.profile {
        text.push_str(&screen.paragraph(2, &[(Emphasis::Plain, need.description.clone())]));
    }
    for (target, limit) in SHOWN {
        let request = MatchRequest { target, limit, with_excluded: false, on: None };
        let answer = engine.find_matches(&Subject::Stored(need), &request).await?;
        let heading = format!(
            "━━ {}：前 {} 名（比较了 {} 条）",
            target.label(),
            answer.matches.len(),
            answer.considered
        );
        text.push('\n');
        text.push_str(&screen.paragraph(0, &[(Emphasis::Strong, heading)]));
        text.push_str(&view::answer(screen, target, &answer));
    }
    Ok(screen::print(&text)?)
}

/// A key with all scopes. The former ones are good no more, for nobody remembers them.
async fn key(engine: &Engine) -> Result<String> {
    let mut after = 0;
    loop {
        let keys = engine.keys(after, 100).await?;
        let Some(last) = keys.last() else { break };
        after = last.id.0;
        for key in keys.iter().filter(|key| key.holder == HOLDER && key.state() == KeyState::Live) {
            engine.revoke_key(key.id).await?;
        }
    }
    let request = KeyRequest {
        holder: HOLDER.to_owned(),
        purpose: Some("试用示例数据".to_owned()),
        region: None,
        scopes: Scope::ALL.iter().copied().collect(),
        good_for: KeyRequest::days(DAYS),
    };
    Ok(engine.create_key(&request).await?.token.reveal())
}

fn listen(port: Option<u16>) -> Result<TcpListener> {
    let at = |port| serve::listen(&format!("127.0.0.1:{port}"));
    match port {
        Some(port) => at(port),
        None => at(PORT).or_else(|_| at(0)),
    }
}

fn directions(address: SocketAddr, metrics: &str, need: RecordId, key: &str) -> String {
    format!(
        "服务地址：http://{address}/\n接口文档：http://{address}/docs{metrics}\n\n\
密钥（全部权限，30 天内有效，下次运行 demo 时作废）：\n  export KEY={key}\n\n可以试试（另开一个终端，先执行上面一行）：\n  \
curl -H \"Authorization: Bearer $KEY\" 'http://{address}/api/v1/needs/{need}/matches?target=experts&limit=3'\n  \
curl -G -H \"Authorization: Bearer $KEY\" 'http://{address}/api/v1/experts/search' --data-urlencode 'q=乌龙茶' --data-urlencode 'region=福建省'\n  \
curl -H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json' -d '{{\"target\":\"expert\",\"form\":{{\"title\":\"电池壳体激光焊接气孔控制\"}}}}' \
'http://{address}/api/v1/match'\n\n按 Ctrl-C 停止。"
    )
}
