//! Keys: made, listed, read, revoked.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use domain::access::{KeyId, Scope};
use engine::{Key, KeyRequest};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Answer;
use crate::cursor::{self, Place};
use crate::endpoints::BASE;
use crate::extract::{Form, FormBody, Query, invalid};
use crate::gate::At;
use crate::problem::{Code, Problem};
use crate::repeats::Repeatable;
use crate::views::{KeyPageView, KeyView, NewKeyView};

/// A key that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyForm {
    /// 接入方的名称，最多 100 字
    #[schema(example = "滁州市科技服务平台")]
    holder: String,
    /// 用途，最多 200 字；接入方已登记过时可不填
    #[schema(example = "汇总本市技术需求并展示匹配结果")]
    purpose: Option<String>,
    /// 所限的地区：GB/T 2260 代码或名称，含下级；不填即同已登记的，接入方未登记过时即不限
    #[schema(example = "安徽省滁州市")]
    region: Option<String>,
    /// 权限，至少一项
    scopes: Vec<Scope>,
    /// 有效天数，1 到 1096，缺省 365
    #[serde(default = "a_year")]
    #[schema(example = 365, minimum = 1, maximum = 1096)]
    days: u32,
}

const fn a_year() -> u32 {
    365
}

impl Form for KeyForm {
    const FIELDS: &'static [&'static str] = &["holder", "purpose", "region", "scopes", "days"];
    const REQUIRED: &'static [&'static str] = &["holder", "scopes"];

    fn expected(pointer: &str) -> Option<(&'static str, String)> {
        if pointer.starts_with("/scopes/") {
            let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.slug()).collect();
            return Some(("not_in_table", format!("没有这项权限，可用：{}", known.join("、"))));
        }
        let expected = match pointer {
            "/scopes" => "权限的列表",
            "/days" => " 1 到 1096 的整数",
            "/holder" | "/purpose" | "/region" => "文字",
            _ => return None,
        };
        Some(("wrong_type", format!("应为{expected}")))
    }
}

pub(crate) async fn create(
    At(desk): At,
    _: Query,
    repeatable: Repeatable,
    FormBody(form, body): FormBody<KeyForm>,
) -> Answer {
    let region = form.region.as_deref().map(str::parse).transpose();
    let request = KeyRequest {
        holder: form.holder,
        purpose: form.purpose,
        region: region.map_err(|detail: String| invalid("/region", "not_in_table", &detail))?,
        scopes: form.scopes.into_iter().collect(),
        good_for: KeyRequest::days(form.days),
    };
    repeatable
        .once(desk, &body, async |desk| {
            let made = desk.create_key(&request).await?;
            let location = format!("{BASE}/keys/{}", made.key.id);
            Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(NewKeyView::from(made)))
        })
        .await
}

pub(crate) async fn list(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let fingerprint = query.fingerprint(&request, &desk);
    let place = query.place(&fingerprint)?;
    let (keys, next) = desk.keys(place.map_or(0, |place| place.number), query.limit()?).await?;
    let next_cursor = next.map(|number| cursor::write(&fingerprint, Place::number(number)));
    let items = keys.into_iter().map(KeyView::from).collect();
    Ok(HttpResponse::Ok().json(KeyPageView { items, next_cursor }))
}

pub(crate) async fn current(At(desk): At, _: Query) -> Answer {
    Ok(HttpResponse::Ok().json(KeyView::from(desk.own_key()?)))
}

pub(crate) async fn read(At(desk): At, _: Query, request: HttpRequest) -> Answer {
    Ok(shown(desk.key(id(&request)?).await?))
}

pub(crate) async fn revoke(At(desk): At, _: Query, request: HttpRequest, repeatable: Repeatable) -> Answer {
    let id = id(&request)?;
    repeatable.once(desk, &Value::Null, async |desk| Ok(shown(desk.revoke_key(id).await?))).await
}

/// The answer that shows a key.
pub(crate) fn shown(key: Key) -> HttpResponse {
    HttpResponse::Ok().json(KeyView::from(key))
}

/// The key that the path names.
fn id(request: &HttpRequest) -> Result<KeyId, Problem> {
    let text = request.match_info().get("id").unwrap_or_default();
    text.parse().map_err(|_| Problem::new(Code::KeyNotFound, "密钥编号应形如 key-7"))
}
