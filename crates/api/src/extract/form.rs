//! JSON bodies of a known shape: read into their type, or told what is wrong and where.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::JsonBody;
use crate::problem::{Code, Problem, ProblemItem};

/// A body whose fields are known by name.
pub(crate) trait Form: DeserializeOwned {
    /// All fields.
    const FIELDS: &'static [&'static str];
    /// Those that must be there.
    const REQUIRED: &'static [&'static str];

    /// The code and the words for a value that cannot be read at this pointer; `None` where the form as a whole is of another shape.
    fn expected(pointer: &str) -> Option<(&'static str, String)>;
}

/// The body, read, and as it came.
pub(crate) struct FormBody<T>(pub(crate) T, pub(crate) Value);

impl<T: Form> FromRequest for FormBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = JsonBody::from_request(request, payload);
        Box::pin(async move {
            let JsonBody(body) = body.await?;
            // A list of the fields' values would be read, too.
            if !body.is_object() {
                return Err(misshapen::<T>(""));
            }
            match serde_path_to_error::deserialize(&body) {
                Ok(form) => Ok(Self(form, body)),
                Err(error) => Err(malformed::<T>(&error)),
            }
        })
    }
}

/// The body is JSON, but not this form.
fn malformed<T: Form>(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let (pointer, told) = (pointer(error.path()), error.inner().to_string());
    // Of a form within the form the reader alone knows the fields.
    let within = pointer.matches('/').count() > 1;
    if told.contains("unknown field") && within {
        let known: Vec<&str> = told.split('`').skip(3).step_by(2).collect();
        return invalid(&pointer, "unknown", &format!("没有这个字段；可用字段：{}", known.join("、")));
    }
    if told.contains("missing field") && !T::REQUIRED.iter().any(|one| told.contains(&format!("`{one}`"))) {
        let field = told.split('`').nth(1).unwrap_or_default();
        return invalid(&pointer, "missing", &format!("缺少必填字段 {field}"));
    }
    if told.contains("unknown field") {
        let detail = format!("没有这个字段；可用字段：{}", T::FIELDS.join("、"));
        return invalid(&pointer, "unknown", &detail);
    }
    if told.contains("missing field") {
        return invalid(&pointer, "missing", &format!("缺少必填字段；必填：{}", T::REQUIRED.join("、")));
    }
    match T::expected(&pointer) {
        Some((code, detail)) => invalid(&pointer, code, &detail),
        None => misshapen::<T>(&pointer),
    }
}

fn misshapen<T: Form>(pointer: &str) -> Problem {
    let detail = format!("应为一个 JSON 对象，必填字段：{}", T::REQUIRED.join("、"));
    invalid(pointer, "wrong_type", &detail)
}

/// A JSON pointer to where reading stopped.
fn pointer(path: &Path) -> String {
    let step = |segment: &Segment| match segment {
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Seq { index } => format!("/{index}"),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

/// The problem of one field.
pub(crate) fn invalid(pointer: &str, code: &'static str, detail: &str) -> Problem {
    let item = ProblemItem {
        pointer: Some(pointer.chars().take(200).collect()),
        code: code.into(),
        detail: detail.to_owned(),
        ..ProblemItem::default()
    };
    Problem { errors: vec![item], ..Problem::new(Code::InvalidForm, "请求内容有误，说明见 errors") }
}
