//! The subcommands, one file each, and what several of them begin with.

mod audit;
mod backup;
mod contacts;
mod demo;
mod duplicates;
mod erase;
mod evaluate;
mod feedback;
mod generate;
mod import;
mod index;
mod judge;
mod keys;
mod kindred;
mod matching;
mod migrate;
mod openapi;
mod operations;
mod plan;
mod rematch;
mod search;
mod serve;
mod train;
mod webhooks;

use std::io::{self, IsTerminal};
use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use engine::{CatchUp, Engine};
use indicatif::{ProgressBar, ProgressStyle};

use crate::ending::{Ending, Misuse};
use crate::screen;
use crate::settings::Settings;

/// How often what moves while we wait moves.
const TICK: Duration = Duration::from_millis(120);

#[derive(Debug, Subcommand)]
pub(crate) enum Commands {
    Demo(demo::Demo),
    Serve(serve::Serve),
    Import(import::Import),
    Search(search::Search),
    Match(matching::Matching),
    Rematch(rematch::Rematch),
    Plan(plan::Plan),
    Duplicates(duplicates::Duplicates),
    Kindred(kindred::Kindred),
    Judge(judge::Judge),
    Feedback(feedback::Feedback),
    Keys(keys::Keys),
    Operations(operations::Operations),
    Webhooks(webhooks::Webhooks),
    Train(train::Train),
    Index(index::Index),
    Evaluate(evaluate::Evaluate),
    Generate(generate::Generate),
    #[command(visible_alias = "contact")]
    Contacts(contacts::Contacts),
    Erase(erase::Erase),
    Audit(audit::Audit),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Openapi(openapi::Openapi),
    Migrate(migrate::Migrate),
}

/// Runs one subcommand.
pub(crate) async fn run(command: Commands, settings: &Settings) -> Result<Ending> {
    match command {
        Commands::Demo(demo) => demo.run(settings).await,
        Commands::Serve(serve) => serve.run(settings).await,
        Commands::Import(import) => import.run(settings).await,
        Commands::Search(search) => search.run(settings).await,
        Commands::Match(matching) => matching.run(settings).await,
        Commands::Rematch(rematch) => rematch.run(settings).await,
        Commands::Plan(plan) => plan.run(settings).await,
        Commands::Duplicates(duplicates) => duplicates.run(settings).await,
        Commands::Kindred(kindred) => kindred.run(settings).await,
        Commands::Judge(judge) => judge.run(settings).await,
        Commands::Feedback(feedback) => feedback.run(settings).await,
        Commands::Keys(keys) => keys.run(settings).await,
        Commands::Operations(operations) => operations.run(settings).await,
        Commands::Webhooks(webhooks) => webhooks.run(settings).await,
        Commands::Train(train) => train.run(settings).await,
        Commands::Index(index) => index.run(settings).await,
        Commands::Evaluate(evaluate) => evaluate.run(settings).await,
        Commands::Generate(generate) => generate.run(),
        Commands::Contacts(contacts) => contacts.run(settings).await,
        Commands::Erase(erase) => erase.run(settings).await,
        Commands::Audit(audit) => audit.run(settings).await,
        Commands::Backup(backup) => backup.run(settings).await,
        Commands::Restore(restore) => restore.run(settings).await,
        Commands::Openapi(openapi) => openapi.run(),
        Commands::Migrate(migrate) => migrate.run(settings).await,
    }
}

/// Opens the engine and brings its index up to the database.
async fn opened(settings: &Settings) -> Result<Engine> {
    require_state(settings)?;
    let engine = Engine::open(&settings.engine).await?;
    if catch_up(&engine).await? == CatchUp::Elsewhere {
        screen::note("另一个进程正在更新索引，先按现有的索引回答");
    }
    Ok(engine)
}

/// What only reads has nothing to read in a directory that is not there; a mistyped name is not to look like an empty registry.
fn require_state(settings: &Settings) -> Result<()> {
    let engine::Settings { data_dir, database_url, .. } = &settings.engine;
    if database_url.is_some() || data_dir.exists() {
        return Ok(());
    }
    let said =
        format!("没有数据目录 {}，请检查 --data-dir；第一次使用请先导入数据或启动服务", data_dir.display());
    Err(Misuse(said).into())
}

async fn catch_up(engine: &Engine) -> Result<CatchUp> {
    let spinner = spinner("正在更新索引……");
    let outcome = engine.catch_up().await;
    spinner.finish_and_clear();
    Ok(outcome?)
}

/// Something moves while we wait; nothing where there is no terminal.
fn spinner(message: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner().with_message(message);
    spinner.enable_steady_tick(TICK);
    spinner
}

/// A bar on standard error; nothing where there is no terminal.
fn bar(length: Option<u64>, template: &str) -> Result<ProgressBar> {
    if !io::stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let bar = length.map_or_else(ProgressBar::no_length, ProgressBar::new);
    bar.set_style(ProgressStyle::with_template(template)?.progress_chars("━╸─"));
    Ok(bar)
}
