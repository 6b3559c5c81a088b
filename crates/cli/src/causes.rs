//! What the system and the libraries say of a failure, in Chinese. Their own words stand in brackets at the end where they help
//! whoever supports the users.

use std::error::Error;
use std::io;

use engine::EngineError;

/// How the driver begins what a database says.
const FROM_DATABASE: &str = "error returned from database:";

/// A cause in words for those who use the program.
pub(crate) fn told(cause: &(dyn Error + 'static)) -> String {
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return system_says(error);
    }
    if let Some(error) = cause.downcast_ref::<serde_json::Error>() {
        return json_says(error);
    }
    if let Some(EngineError::BadParameter { parameter, detail }) = cause.downcast_ref() {
        return format!("{}：{detail}", option(parameter));
    }
    let said = cause.to_string();
    if is_chinese(&said) {
        return said;
    }
    match said.trim().strip_prefix(FROM_DATABASE) {
        Some(said) => format!("数据库报错（{}）", said.trim()),
        None => format!("内部组件报错（{}）", said.trim()),
    }
}

/// What the system says, in Chinese where it is a common case.
pub(crate) fn system_says(error: &io::Error) -> String {
    use io::ErrorKind::*;
    let known = match error.kind() {
        NotFound => "文件或目录不存在",
        PermissionDenied => "没有权限",
        AlreadyExists => "已经存在",
        StorageFull | QuotaExceeded => "磁盘已满",
        ReadOnlyFilesystem => "磁盘是只读的",
        IsADirectory => "这是一个目录，不是文件",
        NotADirectory => "这是一个文件，不是目录",
        AddrInUse => "地址和端口已被其他程序占用",
        AddrNotAvailable => "本机没有这个地址",
        UnexpectedEof => "文件不完整",
        // The text was read, and is none.
        InvalidData if error.raw_os_error().is_none() && error.to_string().contains("UTF-8") => {
            "文件不是 UTF-8 编码的文本，请另存为 UTF-8"
        }
        _ => {
            let said = error.to_string();
            return if is_chinese(&said) { said } else { format!("系统报错（{said}）") };
        }
    };
    match error.raw_os_error() {
        Some(number) => format!("{known}（系统错误 {number}）"),
        None => known.to_owned(),
    }
}

/// What is wrong with a JSON text, and where.
pub(crate) fn json_says(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let said = error.to_string();
    let what = match error.classify() {
        Category::Eof => "JSON 不完整，在此中断".to_owned(),
        Category::Syntax => "JSON 语法错误".to_owned(),
        Category::Io => "读取失败".to_owned(),
        Category::Data => match quoted(&said).next().filter(|_| said.starts_with("missing field")) {
            Some(field) => format!("缺少“{field}”"),
            None => "内容的类型或取值不合要求".to_owned(),
        },
    };
    if error.line() == 0 {
        return format!("{what}（{said}）");
    }
    format!("第 {} 行第 {} 列附近，{what}（{said}）", error.line(), error.column().max(1))
}

/// What is wrong with a TOML `text`, and where.
pub(crate) fn toml_says(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().trim().replace('\n', "；");
    let what = match message.split_whitespace().next() {
        Some("duplicate") => "同一项写了两次",
        Some("missing") => "缺少一项",
        _ => "写法有误，文字要加引号，节名写在方括号里",
    };
    let before = error.span().and_then(|span| text.get(..span.start));
    let place = before.map(|before| {
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("第 {line} 行第 {column} 列附近，")
    });
    format!("{}{what}（{message}）", place.unwrap_or_default())
}

/// What is wrong with the value of a setting that is written in the right form.
pub(crate) fn value_says(error: &toml::de::Error) -> String {
    let message = error.message().trim();
    let mut words = quoted(message);
    match words.next().filter(|_| message.starts_with("unknown variant")) {
        Some(value) => format!("不认识的值“{value}”，可用：{}", words.collect::<Vec<_>>().join("、")),
        None => format!("值不合要求（{message}）"),
    }
}

/// How a parameter is written on the command line.
fn option(parameter: &str) -> String {
    match parameter {
        "q" => "检索词".to_owned(),
        other => format!("--{}", other.replace('_', "-")),
    }
}

pub(crate) fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// The words in back quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libraries_say_is_told_in_chinese() {
        let json = |text: &str| match serde_json::from_str::<std::collections::BTreeMap<String, u8>>(text) {
            Err(error) => told(&error),
            Ok(_) => String::new(),
        };
        assert!(json("{\"a\": 1,").starts_with("第 1 行第 8 列附近，JSON 不完整"), "{}", json("{\"a\": 1,"));
        assert!(json("{a}").contains("JSON 语法错误（key must be a string"), "{}", json("{a}"));
        assert!(json("{\"a\": \"b\"}").contains("不合要求"));
        let text = "[a]\nb = 1\nc = x\n";
        let said = text.parse::<toml::Table>().map_err(|error| toml_says(&error, text));
        assert!(
            said.as_ref().is_err_and(|said| said.starts_with("第 3 行第 5 列附近，写法有误")),
            "{said:?}"
        );
        assert_eq!(system_says(&io::Error::from_raw_os_error(2)), "文件或目录不存在（系统错误 2）");
        assert_eq!(told(&io::Error::other("out of luck")), "系统报错（out of luck）");
        assert_eq!(told(&std::fmt::Error), format!("内部组件报错（{}）", std::fmt::Error));
        let broken = io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8");
        assert!(told(&broken).contains("请另存为 UTF-8"));
        let refused = std::io::Error::other("error returned from database: (code: 11) malformed");
        let refused =
            engine::StoreError::Corrupt { place: "这里".to_owned(), source: refused.to_string().into() };
        let source = std::error::Error::source(&refused).map(told);
        assert_eq!(source.as_deref(), Some("数据库报错（(code: 11) malformed）"));
        let limit =
            EngineError::BadParameter { parameter: "limit", detail: "应在 1 到 100 之间".to_owned() };
        assert_eq!(told(&limit), "--limit：应在 1 到 100 之间");
    }
}
