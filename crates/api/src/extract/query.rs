//! Query parameters: only those that the operation documents, each read into its type.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use engine::Desk;

use crate::by_method::ByMethod;
use crate::cursor;
use crate::problem::{Code, Problem, ProblemItem};

const LONGEST_QUERY: usize = 8 << 10;
const MOST_VALUES: usize = 100;

/// Names of the query parameters that an operation has.
#[derive(Debug, Clone, Default)]
pub(crate) struct QueryNames(pub(crate) Vec<String>);

/// The parameters of a request, all of them known to the operation.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl FromRequest for Query {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

impl Query {
    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let text = request.query_string();
        if text.len() > LONGEST_QUERY {
            return Err(Problem::new(Code::QueryTooLong, format!("查询字符串最多 {LONGEST_QUERY} 字节")));
        }
        let unreadable = |_| Problem::new(Code::InvalidParameter, "查询字符串无法解析");
        let mut pairs: Vec<(String, String)> =
            web::Query::<Vec<(String, String)>>::from_query(text).map_err(unreadable)?.into_inner();
        // Not every database can be asked for a NUL. As in HTML, U+FFFD stands for it: nobody has either.
        pairs.iter_mut().for_each(|(_, value)| *value = value.replace('\0', "\u{fffd}"));
        let declared = request.app_data::<ByMethod<QueryNames>>();
        let allowed =
            declared.and_then(|names| names.of(request.method())).map_or(&[][..], |names| &names.0[..]);
        let mut unknown: Vec<&str> = pairs
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !allowed.iter().any(|a| a == name))
            .collect();
        unknown.dedup();
        if unknown.is_empty() { Ok(Self(pairs)) } else { Err(refuse(&unknown, allowed)) }
    }

    /// The only value of a parameter; a blank text counts as absent.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        Ok(self.only(name)?.filter(|value| !value.is_empty()))
    }

    /// The only value, read into its type; a blank one is none of the type's.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, Problem> {
        let wrong = |_| Problem::parameter(Code::InvalidParameter, name, format!("应为{expected}"));
        self.only(name)?.map(|text| text.parse().map_err(wrong)).transpose()
    }

    fn only(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.trim());
        let value = values.next();
        if values.next().is_some() {
            return Err(Problem::parameter(Code::InvalidParameter, name, "只能出现一次"));
        }
        Ok(value)
    }

    /// All values, given one by one or separated by commas.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<String>, Problem> {
        let given = self.0.iter().filter(|(known, _)| known == name);
        let split = given.flat_map(|(_, value)| value.split(',')).map(str::trim);
        let values: Vec<String> = split.filter(|value| !value.is_empty()).map(str::to_owned).collect();
        if values.len() > MOST_VALUES {
            let detail = format!("最多 {MOST_VALUES} 个值");
            return Err(Problem::parameter(Code::InvalidParameter, name, detail));
        }
        Ok(values)
    }

    /// `true` or `false`; absent is `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Problem> {
        Ok(self.parsed(name, " true 或 false")?.unwrap_or(false))
    }

    /// `limit`, 20 when absent. The engine checks the bounds again; here the message names the parameter.
    pub(crate) fn limit(&self) -> Result<u32, Problem> {
        let limit = self.parsed("limit", " 1 到 100 的整数")?.unwrap_or(20);
        if (1..=100).contains(&limit) {
            return Ok(limit);
        }
        Err(Problem::parameter(Code::InvalidParameter, "limit", "应为 1 到 100 的整数"))
    }

    /// What a cursor is bound to: who asks, the path, and all parameters but those that do not change the order of the hits. The holder
    /// stands for the key, so that a walk goes on when keys are changed over.
    pub(crate) fn fingerprint(&self, request: &HttpRequest, desk: &Desk) -> String {
        const FREE: [&str; 6] = ["cursor", "limit", "total", "facets", "region_below", "industry_below"];
        let mut bound: Vec<String> = self
            .0
            .iter()
            .filter(|(name, _)| !FREE.contains(&name.as_str()))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        bound.sort();
        format!("{}\n{}?{}", desk.caller().key.holder, request.path(), bound.join("&"))
    }

    /// Where the page before ended, when it was a page of the same query.
    pub(crate) fn place(&self, fingerprint: &str) -> Result<Option<cursor::Place>, Problem> {
        let read = |text| {
            cursor::read(fingerprint, text).ok_or_else(|| {
                let detail =
                    "游标已损坏，或属于另一个查询；请原样使用上一页的 next_cursor，且不要改动其他参数";
                Problem::parameter(Code::InvalidCursor, "cursor", detail)
            })
        };
        self.one("cursor")?.map(read).transpose()
    }
}

fn refuse(unknown: &[&str], allowed: &[String]) -> Problem {
    // Long names are cut: they are the sender's.
    let cut = |name: &&str| name.chars().take(40).collect::<String>();
    let names: Vec<String> = unknown.iter().take(10).map(cut).collect();
    let known = if allowed.is_empty() {
        "没有参数".to_owned()
    } else {
        format!("参数有：{}", allowed.join("、"))
    };
    let detail = format!("不认识参数 {}；此操作{known}", names.join("、"));
    let item = |name: &String| ProblemItem {
        parameter: Some(name.clone()),
        code: Code::UnknownParameter.slug().into(),
        detail: "不认识这个参数".to_owned(),
        ..ProblemItem::default()
    };
    Problem { errors: names.iter().map(item).collect(), ..Problem::new(Code::UnknownParameter, detail) }
}
