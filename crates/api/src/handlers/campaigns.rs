//! Campaigns: made, read, ruled on, handed out, deleted.

use actix_web::http::Method;
use actix_web::http::header::{CONTENT_DISPOSITION, ETAG, LOCATION};
use actix_web::{HttpRequest, HttpResponse};
use domain::RecordId;
use engine::{CampaignRequest, CampaignShown, RulingDraft};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Answer;
use super::import::prefers_later;
use crate::conditions::{etag, expected_revision, unchanged};
use crate::cursor::{self, Place};
use crate::endpoints::BASE;
use crate::extract::{Form, FormBody, Query};
use crate::gate::At;
use crate::negotiation::{XLSX, prefers_workbook};
use crate::problem::{Code, Problem};
use crate::repeats::{Done, Repeatable};
use crate::views::{CampaignPageView, ItineraryPageView, LeftOutPageView, PlanPageView};

/// Campaigns of more needs are made by an operation, whatever the caller prefers.
const MOST_AT_ONCE: usize = 200;

/// What staff say of pairs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RulingsForm {
    /// 依次照办，同一对以最后一条为准；空的列表即只重新求解
    rulings: Vec<RulingDraft>,
}

/// A campaign that is no more.
#[derive(Serialize, ToSchema)]
pub(crate) struct CampaignDeleted {
    /// 已删除的活动的编号
    #[schema(example = 3)]
    deleted: u64,
}

impl Form for CampaignRequest {
    const FIELDS: &'static [&'static str] = &[
        "name",
        "target",
        "business_date",
        "needs",
        "candidates",
        "wanted",
        "wishes",
        "capacity",
        "capacities",
        "travel",
        "floor",
        "quotas",
        "rulings",
        "effort",
    ];
    const REQUIRED: &'static [&'static str] = &["name"];

    fn expected(pointer: &str) -> Option<(&'static str, String)> {
        let mut steps = pointer.split('/').skip(1).filter(|step| step.parse::<usize>().is_err());
        let (first, last) = (steps.next()?, pointer.rsplit('/').find(|step| step.parse::<usize>().is_err())?);
        let (code, expected) = match (first, last) {
            ("target", _) => ("not_in_table", " expert（专家）或 station（学会服务站）"),
            ("business_date", _) => ("format", "日期，如 2026-11-27"),
            ("travel", _) => ("not_in_table", " anywhere、province、city 或 county"),
            ("quotas", "by") => ("not_in_table", " society、county、city 或 field"),
            ("needs", "regions") => ("not_in_table", "地区的代码或名称（GB/T 2260），如“安徽省滁州市”"),
            ("needs", "industries") => ("not_in_table", "行业的代码或名称（GB/T 4754），如 C38"),
            ("candidates", "source") => ("not_in_table", " ranking 或 current_run"),
            ("rulings", _) => return RulingsForm::expected(pointer),
            ("needs", "ids") | (_, "need" | "candidate") => ("format", "记录编号，形如 need-42、expert-42"),
            ("name", _) | (_, "of" | "fields") => ("wrong_type", "文字"),
            ("floor", _) => ("wrong_type", " 0 到 100 的数"),
            (_, "least" | "most" | "at_least" | "at_most" | "unstated" | "per_need" | "effort") => {
                ("wrong_type", "不小于 0 的整数")
            }
            ("wishes" | "capacities" | "quotas", "wishes" | "capacities" | "quotas") => {
                ("wrong_type", "对象的列表")
            }
            _ => ("wrong_type", "接口文档所说的内容"),
        };
        Some((code, format!("应为{expected}")))
    }
}

impl Form for RulingsForm {
    const FIELDS: &'static [&'static str] = &["rulings"];
    const REQUIRED: &'static [&'static str] = &["rulings"];

    fn expected(pointer: &str) -> Option<(&'static str, String)> {
        let (code, expected) = match pointer.rsplit('/').find(|step| step.parse::<usize>().is_err())? {
            "ruling" => ("not_in_table", " lock、forbid、free 或 swap"),
            "need" | "candidate" => ("format", "记录编号，形如 need-42、expert-42"),
            "with" => ("wrong_type", "有 need 和 candidate 的对象"),
            "reason" => ("wrong_type", "文字"),
            "rulings" => ("wrong_type", "锁定、禁止、放开、对调的列表"),
            _ => return None,
        };
        Some((code, format!("应为{expected}")))
    }
}

pub(crate) async fn make(
    At(desk): At,
    _: Query,
    request: HttpRequest,
    repeatable: Repeatable,
    FormBody(form, body): FormBody<CampaignRequest>,
) -> Answer {
    let later = prefers_later(&request);
    repeatable
        .either(desk, &body, async |desk| {
            if later || desk.campaign_size(&form).await? > MOST_AT_ONCE {
                return Ok(Done::TakenOn(desk.submit_campaign(&form).await?));
            }
            Ok(Done::Answered(written(&Method::POST, desk.make_campaign(&form).await?, 1)))
        })
        .await
}

pub(crate) async fn list(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let fingerprint = query.fingerprint(&request, &desk);
    let before = query.place(&fingerprint)?.map_or(u64::MAX, |place| place.number);
    let page = desk.list_campaigns(before, query.limit()?).await?;
    let next_cursor = page.next.map(|number| cursor::write(&fingerprint, Place::number(number)));
    Ok(HttpResponse::Ok().json(CampaignPageView { items: page.items, next_cursor }))
}

pub(crate) async fn read(At(desk): At, _: Query, request: HttpRequest) -> Answer {
    let shown = desk.campaign(id(&request)?).await?;
    let version = shown.head.version;
    if unchanged(&request, version) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, etag(version))).finish());
    }
    Ok(written(&Method::GET, shown, version))
}

pub(crate) async fn plan(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let (id, version) = (id(&request)?, version(&query)?);
    if prefers_workbook(request.headers()) {
        return Ok(workbook(id, "plan", desk.plan_workbook(id, version).await?));
    }
    let walk = Walk::of(&query, query.fingerprint(&request, &desk), version)?;
    let page = desk.campaign_plan(id, walk.version, walk.after, query.limit()?).await?;
    let next_cursor = page.next.map(|last| walk.next(page.version, last));
    let (version, items) = (page.version, page.items);
    Ok(HttpResponse::Ok().json(PlanPageView { campaign: id, version, items, next_cursor }))
}

pub(crate) async fn left_out(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let (id, version) = (id(&request)?, version(&query)?);
    let walk = Walk::of(&query, query.fingerprint(&request, &desk), version)?;
    let page = desk.left_out(id, walk.version, walk.after.0, query.limit()?).await?;
    let next_cursor = page.next.map(|last| walk.next(page.version, (last, 0)));
    let (version, items) = (page.version, page.items);
    Ok(HttpResponse::Ok().json(LeftOutPageView { campaign: id, version, items, next_cursor }))
}

pub(crate) async fn itineraries(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let (id, version) = (id(&request)?, version(&query)?);
    if prefers_workbook(request.headers()) {
        return Ok(workbook(id, "itineraries", desk.itinerary_workbook(id, version, None).await?));
    }
    let walk = Walk::of(&query, query.fingerprint(&request, &desk), version)?;
    let page = desk.itineraries(id, walk.version, walk.after.0, query.limit()?).await?;
    let next_cursor = page.next.map(|last| walk.next(page.version, (last, 0)));
    let (version, items) = (page.version, page.items);
    Ok(HttpResponse::Ok().json(ItineraryPageView { campaign: id, version, items, next_cursor }))
}

pub(crate) async fn itinerary(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let (id, version) = (id(&request)?, version(&query)?);
    let candidate = candidate(&request)?;
    if prefers_workbook(request.headers()) {
        let file = desk.itinerary_workbook(id, version, Some(candidate)).await?;
        return Ok(workbook(id, &candidate.to_string(), file));
    }
    Ok(HttpResponse::Ok().json(desk.itinerary(id, version, candidate).await?))
}

pub(crate) async fn rule(
    At(desk): At,
    _: Query,
    request: HttpRequest,
    repeatable: Repeatable,
    FormBody(form, body): FormBody<RulingsForm>,
) -> Answer {
    let (id, expected) = (id(&request)?, expected_revision(&request)?);
    repeatable
        .once(desk, &body, async |desk| {
            let shown = desk.rule_on_campaign(id, expected, &form.rulings).await?;
            let version = shown.head.version;
            Ok(written(&Method::POST, shown, version))
        })
        .await
}

pub(crate) async fn delete(At(desk): At, _: Query, request: HttpRequest, repeatable: Repeatable) -> Answer {
    let (id, expected) = (id(&request)?, expected_revision(&request)?);
    repeatable
        .once(desk, &Value::Null, async |desk| {
            desk.delete_campaign(id, expected).await?;
            Ok(deleted(id))
        })
        .await
}

/// The answer to a request that brought a campaign to this version of its plan.
pub(crate) fn written(method: &Method, shown: CampaignShown, version: u64) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    // The first plan comes with the campaign, all others by rulings.
    if method == Method::POST && version == 1 {
        answer = HttpResponse::Created();
        answer.insert_header((LOCATION, format!("{BASE}/campaigns/{}", shown.head.id)));
    }
    answer.insert_header((ETAG, etag(version)));
    answer.json(shown)
}

/// The answer that a campaign has been deleted.
pub(crate) fn deleted(id: u64) -> HttpResponse {
    HttpResponse::Ok().json(CampaignDeleted { deleted: id })
}

fn workbook(id: u64, what: &str, file: Vec<u8>) -> HttpResponse {
    let name = format!("attachment; filename=\"campaign-{id}-{what}.xlsx\"");
    HttpResponse::Ok().content_type(XLSX).insert_header((CONTENT_DISPOSITION, name)).body(file)
}

/// Pages of one version of a plan, whatever becomes of the campaign meanwhile.
struct Walk {
    fingerprint: String,
    version: Option<u64>,
    after: (u64, u64),
}

impl Walk {
    fn of(query: &Query, fingerprint: String, version: Option<u64>) -> Result<Self, Problem> {
        let place = query.place(&fingerprint)?;
        Ok(match place {
            None => Self { fingerprint, version, after: (0, 0) },
            Some(place) => {
                let after = (place.key.unsigned_abs(), place.number);
                Self { fingerprint, version: Some(place.of), after }
            }
        })
    }

    fn next(&self, version: u64, (first, second): (u64, u64)) -> String {
        let key = i64::try_from(first).unwrap_or(i64::MAX);
        cursor::write(&self.fingerprint, Place { of: version, key, number: second })
    }
}

fn version(query: &Query) -> Result<Option<u64>, Problem> {
    query.parsed("version", "方案的版本，从 1 起的整数")
}

/// The campaign that the path names.
fn id(request: &HttpRequest) -> Result<u64, Problem> {
    let text = request.match_info().get("id").unwrap_or_default();
    let number = text.parse().ok().filter(|number: &u64| number.to_string() == text);
    number.ok_or_else(|| Problem::new(Code::CampaignNotFound, "活动编号应为整数，如 3"))
}

/// Whom the path names.
fn candidate(request: &HttpRequest) -> Result<RecordId, Problem> {
    let text = request.match_info().get("candidate").unwrap_or_default();
    text.parse().map_err(|_| Problem::new(Code::RecordNotFound, "编号应形如 expert-42 或 station-42"))
}
