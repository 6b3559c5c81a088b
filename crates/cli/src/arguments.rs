//! The command line: what can be said, and the help that teaches it.

use std::path::PathBuf;

use clap::{ArgAction, Command, CommandFactory, Parser};
use engine::{Actor, ActorKind, DatabaseUrl};

use crate::commands::Commands;
use crate::configuration::Overrides;

/// Where the demonstration keeps its state when nobody says.
pub(crate) const DEMO_DATA_DIR: &str = "./hongniang-demo-data";

const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

const ABOUT: &str = "科技红娘：为企业的技术需求找专家、学会服务站和科技成果，并说明理由。\n\n\
全部数据放在一个目录里（--data-dir），不需要另装数据库。第一次使用：\n\n  \
hongniang demo                      看一次带示例数据的完整匹配\n  \
hongniang import 技术需求 需求.csv  导入自己的登记表\n  \
hongniang match --need XQ-001       为一项需求找专家\n  \
hongniang keys create --holder 省科协平台 --purpose 试用 --all   发放一个密钥
  \
hongniang serve                     启动 REST 服务";

const AFTER: &str = "\
设置的优先顺序：命令行 > 环境变量（HONGNIANG_…，如 HONGNIANG_SERVER_BIND）> 配置文件 > 默认值。
配置文件由 --config 指定，未指定时读数据目录里的 hongniang.toml（可以没有）；全部设置见 hongniang.example.toml。

结果和报告写到标准输出，进度、提醒和日志写到标准错误。

退出码：
  0  成功
  1  失败：读写出错、没有这条记录、文件不是所称的格式等
  2  用法或配置有误
  3  已执行完，但有要处理的结果：导入时有行被拒绝、索引与数据库有差异、学得的权重未予采用、审计日志有缺损、OpenAPI 文档与程序不一致等";

#[derive(Debug, Parser)]
#[command(name = "hongniang", version, about = "科技红娘：为技术需求找专家、学会服务站和科技成果", long_about = ABOUT, after_help = AFTER)]
#[command(disable_help_flag = true, disable_version_flag = true, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// 数据目录，不存在时自动建立 [默认：./hongniang-data，demo 为 ./hongniang-demo-data] [HONGNIANG_DATA_DIR，对 demo 无效]
    #[arg(long, value_name = "目录", global = true)]
    data_dir: Option<PathBuf>,
    /// 数据库地址：sqlite:///目录/hongniang.db，或 postgres://用户@主机/数据库 [默认：数据目录里的 hongniang.db] [HONGNIANG_DATABASE_URL]
    #[arg(long, value_name = "地址", global = true)]
    database_url: Option<DatabaseUrl>,
    /// 配置文件 [默认：数据目录里的 hongniang.toml，可以没有] [HONGNIANG_CONFIG]
    #[arg(long, value_name = "文件", global = true, env = "HONGNIANG_CONFIG")]
    config: Option<PathBuf>,
    /// 日志级别：off、error、warn、info、debug、trace [默认：serve 为 info，其余为 warn] [HONGNIANG_LOG_LEVEL]
    #[arg(long, value_name = "级别", global = true)]
    log: Option<String>,
    /// 显示帮助（-h 简短，--help 详细）
    #[arg(short, long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
    /// 显示版本
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
    #[command(subcommand)]
    pub(crate) command: Commands,
}

impl Arguments {
    /// In whose name this run works: the user of the machine, but the service itself in its own.
    pub(crate) fn actor(&self) -> Actor {
        match self.command {
            Commands::Serve(_) => Actor::system(),
            _ => {
                let user = whoami::username().unwrap_or_else(|_| "未知用户".to_owned());
                Actor::local(ActorKind::CommandLine, user)
            }
        }
    }

    pub(crate) fn overrides(&self) -> Overrides {
        let demo = matches!(self.command, Commands::Demo(_));
        let (bind, default_level) = match &self.command {
            Commands::Serve(serve) => (serve.bind.clone(), "info"),
            _ => (None, "warn"),
        };
        Overrides {
            config: self.config.clone(),
            data_dir: self.data_dir.clone(),
            database_url: self.database_url.clone(),
            log: self.log.clone(),
            bind,
            default_data_dir: if demo { DEMO_DATA_DIR } else { "./hongniang-data" }.into(),
            default_level,
            own_state: demo,
            without_learned: matches!(&self.command, Commands::Train(train) if train.takes_away()),
        }
    }
}

/// The whole tree, in Chinese.
pub(crate) fn command() -> Command {
    let root = Arguments::command().mut_args(|arg| arg.help_heading("全局选项"));
    in_chinese(root)
}

fn in_chinese(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    let mut order = 0;
    let command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令")
        .subcommand_value_name("命令")
        .mut_args(|arg| {
            // As declared; clap would sort what has a heading by name.
            order += 1;
            let arg = arg.display_order(order);
            let heading = if arg.is_positional() { "参数" } else { "选项" };
            let arg = if arg.get_action().takes_values() {
                // The help says them, in Chinese. `--limit -1` is a wrong value, not an unknown option.
                let arg = if arg.is_positional() { arg } else { arg.allow_negative_numbers(true) };
                arg.hide_default_value(true).hide_env(true).hide_possible_values(true)
            } else {
                arg
            };
            if arg.get_help_heading().is_some() { arg } else { arg.help_heading(heading) }
        });
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, in_chinese))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(command: &Command) -> Vec<Command> {
        let below = command.get_subcommands().flat_map(all);
        std::iter::once(command.clone()).chain(below).collect()
    }

    #[test]
    fn the_tree_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_command_and_every_argument_explains_itself_in_chinese() {
        let chinese = |text: String| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for command in all(&command()) {
            let name = command.get_name().to_owned();
            assert!(chinese(command.get_about().map(ToString::to_string).unwrap_or_default()), "{name}");
            let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
            assert!(long.contains("hongniang "), "{name} shows no example");
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(chinese(help), "{name} {}", argument.get_id());
            }
        }
    }
}
