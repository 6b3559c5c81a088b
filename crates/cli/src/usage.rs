//! What clap has to say, in Chinese.

use std::error::Error as _;
use std::process::ExitCode;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::screen;

/// Shows help or version on standard output, or the mistake on standard error.
pub(crate) fn explain(error: &Error) -> ExitCode {
    let rendered = error.render().to_string().replace("[OPTIONS]", "[选项]");
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Nobody minds when the reader has gone: `hongniang --help | head`.
            let _ = screen::print(&rendered);
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            screen::note(&rendered);
            ExitCode::from(2)
        }
        _ => {
            let tip = "用 hongniang --help 或 hongniang 命令 --help 查看用法";
            screen::note(&format!("错误：{}\n{tip}", mistake(error).unwrap_or(rendered)));
            ExitCode::from(2)
        }
    }
}

fn mistake(error: &Error) -> Option<String> {
    let said = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join("、")),
        ContextValue::StyledStrs(texts) => Some(texts.iter().map(ToString::to_string).collect()),
        _ => None,
    };
    let argument = said(ContextKind::InvalidArg);
    let perhaps = |kind| said(kind).map(|text| format!("，是否想写“{text}”？")).unwrap_or_default();
    Some(match error.kind() {
        ErrorKind::UnknownArgument => {
            format!("不认识的参数“{}”{}", argument?, perhaps(ContextKind::SuggestedArg))
        }
        ErrorKind::InvalidSubcommand => {
            let name = said(ContextKind::InvalidSubcommand)?;
            format!("不认识的命令“{name}”{}", perhaps(ContextKind::SuggestedSubcommand))
        }
        ErrorKind::MissingSubcommand => "还缺少下一级命令".to_owned(),
        ErrorKind::MissingRequiredArgument => format!("缺少参数：{}", argument?),
        ErrorKind::ArgumentConflict => match said(ContextKind::PriorArg) {
            Some(prior) if Some(&prior) != argument.as_ref() => {
                format!("{}不能与 {prior} 同时使用", argument?)
            }
            _ => format!("{}只能写一次", argument?),
        },
        ErrorKind::InvalidValue if said(ContextKind::InvalidValue).is_some_and(|value| value.is_empty()) => {
            format!("{}后面缺少值", argument?)
        }
        ErrorKind::InvalidValue => {
            let known = said(ContextKind::ValidValue).map(|known| format!("，可用：{known}"));
            let value = said(ContextKind::InvalidValue)?;
            format!("{}的值“{value}”无效{}", argument?, known.unwrap_or_default())
        }
        ErrorKind::ValueValidation => {
            let why = error.source().map(|source| format!("：{source}")).unwrap_or_default();
            format!("{}的值“{}”无效{why}", argument?, said(ContextKind::InvalidValue)?)
        }
        _ => return None,
    })
}
