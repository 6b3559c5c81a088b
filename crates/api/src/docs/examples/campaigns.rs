//! Examples of campaigns.

use domain::Kind;
use serde_json::{Value, json};

use super::{need, view};

pub(in crate::docs) fn form() -> Value {
    json!({
        "name": "2026 年千名专家进千企（滁州）", "needs": {"regions": ["安徽省滁州市"]}, "candidates": {"per_need": 20},
        "wanted": {"least": 1, "most": 1}, "capacity": {"unstated": 2, "most": 3}, "travel": "province",
        "quotas": [{"by": "society", "of": "江淮焊接学会", "at_most": 20}]
    })
}

pub(in crate::docs) fn head() -> Value {
    json!({
        "id": 1, "name": "2026 年千名专家进千企（滁州）", "business_date": "2026-11-27", "target": "expert", "version": 1,
        "made_by": "portal key-1", "created_at": "2026-11-27T01:30:00Z", "updated_at": "2026-11-27T01:30:00Z"
    })
}

pub(in crate::docs) fn campaign() -> Value {
    let mut campaign = head();
    campaign["request"] = form();
    campaign["rulings"] = json!([]);
    campaign["plan"] = json!({
        "version": 1, "made_by": "portal key-1", "made_at": "2026-11-27T01:30:00Z", "needs": 2, "covered": 1, "visits": 1,
        "candidates": 1, "score": 63.2, "busiest": 1, "kept": 0, "optimal": true, "covered_at_most": 1, "score_at_most": 63.2,
        "relaxations": [], "left_out": 1, "erased": 0
    });
    campaign
}

pub(in crate::docs) fn rulings_form() -> Value {
    json!({"rulings": [
        {"ruling": "lock", "need": "need-1", "candidate": "expert-1", "reason": "企业点名邀请"}
    ]})
}

fn side(kind: Kind) -> Value {
    let view = view(kind);
    let mut side = json!({"id": view["id"], "external_id": view["external_id"], "region_name": view["region_name"],
        "fields": view["fields"]});
    let (title, organisation) = match kind {
        Kind::Need => ("title", "enterprise_name"),
        _ => ("name", "organisation"),
    };
    (side["title"], side["organisation"]) = (view[title].clone(), view[organisation].clone());
    if kind == Kind::Expert {
        side["professional_title"] = view["professional_title"].clone();
        side["societies"] = view["societies"].clone();
    }
    side
}

pub(in crate::docs) fn plan_page() -> Value {
    let part = |code: &str, label: &str, points: f64| json!({"code": code, "label": label, "points": points});
    let why = json!({
        "parts": [part("text.title", "标题文本", 57.2), part("region", "地域", 6.0)],
        "sentence": "双方都提到“激光焊接”“气孔”；同在安徽省。综合 63.2 分。"
    });
    let pair = json!({"need": "need-1", "need_title": need()["title"], "candidate": "expert-1", "candidate_title": "方致远"});
    let otherwise = json!({
        "possible": true, "covered": -1, "score": -63.2, "comes": [], "goes": [pair],
        "sentence": "不安排这一对时，这项需求没有人接替，少满足 1 项需求，总分少 63.2"
    });
    let planned = json!({
        "need": side(Kind::Need), "candidate": side(Kind::Expert), "score": 63.2, "locked": false, "why": why,
        "otherwise": otherwise
    });
    json!({"campaign": 1, "version": 1, "items": [planned]})
}

pub(in crate::docs) fn left_out_page() -> Value {
    let mut other = side(Kind::Need);
    (other["id"], other["title"]) = (json!("need-2"), json!("铝壳焊缝在线检测"));
    let detail = "方致远（expert-1） 的次数已用完，已安排去“方形铝壳锂离子电池激光焊接气孔控制技术”";
    let left = json!({"need": other, "got": 0, "reasons": [{"code": "busy", "detail": detail}]});
    json!({"campaign": 1, "version": 1, "items": [left]})
}

pub(in crate::docs) fn itinerary() -> Value {
    let stop = json!({
        "need": side(Kind::Need), "score": 63.2, "sentence": "双方都提到“激光焊接”“气孔”；同在安徽省。综合 63.2 分。"
    });
    json!({"candidate": side(Kind::Expert), "capacity": 3, "stops": [stop]})
}

/// A campaign that is to be made.
pub(in crate::docs) fn operation() -> Value {
    json!({
        "id": 11, "kind": "campaign", "state": "waiting", "cancelling": false, "place": 1, "progress": {"rows": 0},
        "requested_by": "key-1", "created_at": "2026-11-27T01:30:00Z"
    })
}
