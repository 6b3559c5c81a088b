//! The composition root: configuration, start-up, subcommands. The binary is [`main`] and nothing else.
//!
//! Results go to standard output, everything else to standard error. Exit codes: see [`ending::Ending`].

mod arguments;
mod causes;
mod commands;
mod configuration;
pub mod ending;
mod learned;
mod logging;
mod screen;
mod settings;
mod supervision;
mod table;
mod usage;
mod view;

use std::process::ExitCode;

use anyhow::Context;
use clap::FromArgMatches;

use arguments::Arguments;
use ending::Ending;

pub use configuration::{Configuration, Overrides};
pub use settings::Settings;

/// Runs the program with the process's arguments and environment.
pub fn main() -> ExitCode {
    let matches = match arguments::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return usage::explain(&error),
    };
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => return usage::explain(&error),
    };
    match run(arguments) {
        Ok(ending) => ending.into(),
        Err(error) => ending::report(&error),
    }
}

fn run(arguments: Arguments) -> anyhow::Result<Ending> {
    let overrides = arguments.overrides();
    let mut settings = settings::resolve(&overrides, &|name| std::env::var(name).ok())?;
    // No error: an orchestrator may set variables by the service's name (HONGNIANG_SERVICE_HOST).
    let named = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in Configuration::unknown_variables(named)? {
        screen::note(&format!("提示：环境变量 {name} 不是本程序的设置，未予采用"));
    }
    settings.engine.actor = arguments.actor();
    settings.configuration = overrides.config;
    logging::start(&settings.log)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("无法启动异步运行时")?;
    runtime.block_on(commands::run(arguments.command, &settings))
}
