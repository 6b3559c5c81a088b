//! What clap has to say, in Chinese.

use std::error::Error as StdError;
use std::num::{IntErrorKind, ParseIntError};
use std::process::ExitCode;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::causes;
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
        ErrorKind::NoEquals | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{} 后面缺少值", argument?)
        }
        ErrorKind::TooManyValues => format!("{} 后面的值太多", argument?),
        ErrorKind::InvalidUtf8 => "参数不是有效的 UTF-8 文字".to_owned(),
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
                format!("{} 不能与 {prior} 同时使用", argument?)
            }
            _ => format!("{} 只能写一次", argument?),
        },
        ErrorKind::InvalidValue if said(ContextKind::InvalidValue).is_some_and(|value| value.is_empty()) => {
            format!("{} 后面缺少值", argument?)
        }
        ErrorKind::InvalidValue => {
            let known = said(ContextKind::ValidValue).map(|known| format!("，可用：{known}"));
            let value = said(ContextKind::InvalidValue)?;
            format!("{} 的值“{value}”无效{}", argument?, known.unwrap_or_default())
        }
        ErrorKind::ValueValidation => {
            let value = said(ContextKind::InvalidValue)?;
            let why =
                error.source().map(|source| format!("：{}", reason(source, &value))).unwrap_or_default();
            format!("{} 的值“{value}”无效{why}", argument?)
        }
        _ => return None,
    })
}

/// Why a value is refused.
fn reason(source: &(dyn StdError + 'static), value: &str) -> String {
    if let Some(number) = source.downcast_ref::<ParseIntError>() {
        let negative = value.trim().strip_prefix('-').is_some_and(|rest| rest.parse::<u128>().is_ok());
        return match number.kind() {
            IntErrorKind::PosOverflow => "数字太大".to_owned(),
            _ if negative => "不能是负数".to_owned(),
            _ => "应为整数".to_owned(),
        };
    }
    let said = source.to_string();
    bounds(&said).unwrap_or_else(|| causes::told(source))
}

/// `0 is not in 2..=4294967295`, as clap says it. The largest number of a type is no bound that anybody set.
fn bounds(said: &str) -> Option<String> {
    let (found, range) = said.split_once(" is not in ")?;
    let (least, most) = range.split_once("..")?;
    let most = match most.strip_prefix('=') {
        Some(most) => most.parse::<i128>().ok()?,
        None => most.parse::<i128>().ok()? - 1,
    };
    let unbounded = most >= i128::from(u32::MAX) - 1;
    Some(match (unbounded, found.starts_with('-') && least == "0") {
        (_, true) => "不能是负数".to_owned(),
        (true, _) if found.parse::<i128>().is_ok_and(|found| found > most) => "数字太大".to_owned(),
        (true, _) => format!("至少为 {least}"),
        (false, _) => format!("应在 {least} 到 {most} 之间"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_told_in_chinese() {
        for (said, told) in [
            ("0 is not in 2..=4294967295", "至少为 2"),
            ("1 is not in 2..=9", "应在 2 到 9 之间"),
            ("-1 is not in 0..=4294967295", "不能是负数"),
            ("5000000000 is not in 0..=4294967295", "数字太大"),
            ("70000 is not in 0..=65535", "应在 0 到 65535 之间"),
        ] {
            assert_eq!(bounds(said).as_deref(), Some(told), "{said}");
        }
        let number = |text: &str| text.parse::<usize>().map_err(|error| reason(&error, text));
        assert_eq!(number("-1"), Err("不能是负数".to_owned()));
        assert_eq!(number("x"), Err("应为整数".to_owned()));
    }
}
