//! JSON bodies: bounded in size, time and depth, and without a field named twice.

use std::fmt;

use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::body::{Deadlines, larger_than, media_type, refuse_encoded, too_large};
use crate::Limits;
use crate::problem::{Code, Problem};

/// Below this every whole number is exact as a floating one.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A body of type `application/json`, parsed.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) Value);

impl FromRequest for JsonBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            if media_type(&request) != "application/json" {
                return Err(Problem::new(Code::UnsupportedMediaType, "请求体应为 application/json"));
            }
            refuse_encoded(&request)?;
            let limits = request.app_data::<Limits>().copied().unwrap_or_default();
            too_large(&request, limits.body as u64)?;
            let body = read(&mut payload, &limits).await?;
            parse(&body).map(Self)
        })
    }
}

async fn read(payload: &mut Payload, limits: &Limits) -> Result<Bytes, Problem> {
    let deadlines = Deadlines::new(limits.body_deadline, limits.body_deadline);
    let mut body = BytesMut::new();
    while let Some(piece) = deadlines.next(payload.next()).await? {
        let piece = piece.map_err(|_| Problem::new(Code::BrokenBody, "请求体中途断开"))?;
        if body.len() + piece.len() > limits.body {
            return Err(larger_than(limits.body as u64));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// Depth is bounded by `serde_json` itself, at 128.
fn parse(body: &[u8]) -> Result<Value, Problem> {
    let invalid = |error: serde_json::Error| {
        let place = format!("第 {} 行第 {} 列", error.line(), error.column());
        let detail = match error.classify() {
            serde_json::error::Category::Eof => "内容不完整".to_owned(),
            serde_json::error::Category::Data => format!("{place}附近有重复的字段"),
            _ => format!("{place}附近的写法不对，或嵌套太深"),
        };
        Problem::new(Code::InvalidJson, detail)
    };
    serde_json::from_slice(body).map(|Strict(value)| value).map_err(invalid)
}

/// A value in which no object names a field twice: of two values, readers would see different ones.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // To JSON 3.0 is an integer, and to JSON Schema too.
        let whole = value.fract() == 0.0 && value.abs() < EXACT;
        Ok(if whole { (value as i64).into() } else { value.into() })
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Strict(value))) = access.next_entry::<String, Strict>()? {
            if fields.insert(name, value).is_some() {
                return Err(de::Error::custom("duplicate field"));
            }
        }
        Ok(Value::Object(fields))
    }
}
