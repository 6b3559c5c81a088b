//! Examples of bodies and answers. Examples of records are made from the forms by the same code that answers.

pub(in crate::docs) mod campaigns;

use domain::access::Visibility;
use domain::{Kind, Record, RecordId, Status, forms};
use engine::{Exclusion, Shown};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::views::{ReasonView, RecordView, TargetView};

/// A form as a portal sends it.
pub(super) fn form(kind: Kind) -> Value {
    match kind {
        Kind::Need => need(),
        Kind::Enterprise => json!({
            "external_id": "QY-0001", "name": "滁州皖东新能源科技有限公司", "code": "91350100M000100Y43",
            "main_business": "动力电池模组与电池包", "fields": ["现代能源"], "industry": "C3841", "region": "341103",
            "contact": contact()
        }),
        Kind::Expert => expert(),
        Kind::Station => json!({
            "external_id": "FWZ-0001", "name": "南谯经济开发区学会服务站", "station_type": "society_station",
            "host": "南谯经济开发区管委会", "society": "江淮焊接学会", "fields": ["现代能源", "智能制造"],
            "industries": ["C3841"], "services": ["激光焊接工艺诊断", "焊接人员培训"], "keywords": ["激光焊接"],
            "description": "面向园区动力电池企业提供焊接工艺诊断和检测服务。", "region": "341103",
            "capacity_per_year": 10, "engaged_this_year": 3, "founded_on": "2023-06-01", "contact": contact()
        }),
        Kind::Achievement => json!({
            "external_id": "CG-0001", "title": "一种铝合金壳体激光焊接匙孔稳定性控制方法", "achievement_type": "patent",
            "summary": "通过光束摆动抑制匙孔塌陷，降低铝合金激光焊接的气孔率。", "keywords": ["激光焊接", "匙孔", "气孔"],
            "owner": "皖江理工大学", "inventors": [{"name": "方致远", "expert": "ZJ-0001"}], "maturity": 6,
            "ipc": ["B23K 26/21"], "fields": ["智能制造"], "industries": ["C3841"], "region": "340104",
            "published_on": "2025-03-18"
        }),
        Kind::Society => json!({
            "external_id": "XH-0001", "name": "江淮焊接学会", "fields": ["智能制造"],
            "description": "团结焊接领域科技工作者，开展学术交流与技术服务。", "region": "340000", "contact": contact()
        }),
    }
}

fn need() -> Value {
    json!({
        "external_id": "CZ-2026-0012", "title": "方形铝壳锂离子电池激光焊接气孔控制技术",
        "description": "铝壳激光焊接的焊缝气孔率偏高，希望降到千分之三以下，节拍不低于12ppm。",
        "enterprise_name": "滁州皖东新能源科技有限公司", "enterprise_code": "91350100M000100Y43",
        "fields": ["现代能源", "智能制造"], "keywords": ["激光焊接", "气孔"], "region": "安徽省滁州市南谯区",
        "industry": "C3841", "filed_by": "滁州市科协", "filed_on": "2026-05-12", "valid_until": "2027-12-31",
        "contact": contact()
    })
}

fn expert() -> Value {
    json!({
        "external_id": "ZJ-0001", "name": "方致远", "professional_title": "教授", "organisation": "皖江理工大学",
        "research_directions": ["激光焊接", "动力电池制造工艺"], "keywords": ["激光焊接", "气孔", "铝合金"],
        "bio": "长期从事铝合金激光焊接与在线检测研究。", "projects": ["动力电池铝壳激光焊接工艺与在线检测"],
        "fields": ["智能制造"], "industries": ["C3841"], "societies": ["江淮焊接学会"], "region": "340104",
        "travel_regions": ["340000"], "capacity_per_year": 4, "engaged_this_year": 1, "availability": "available",
        "consent": "matching", "contact": contact()
    })
}

fn contact() -> Value {
    json!({"person": "王建国", "mobile": "13800001234", "email": "wang@example.com"})
}

/// The record that the form becomes.
pub(super) fn view(kind: Kind) -> Value {
    json(RecordView::from(shown(kind, Status::Open)))
}

/// The same record after it was withdrawn.
pub(super) fn withdrawn(kind: Kind) -> Value {
    let mut shown = shown(kind, Status::Withdrawn);
    shown.record.revision = 2;
    json(RecordView::from(shown))
}

fn shown(kind: Kind, status: Status) -> Shown {
    let draft = forms::parse(kind, form(kind)).unwrap_or_else(|_| unreachable!("the tests send this form"));
    let registered = Timestamp::constant(1_778_549_400, 0);
    let record = Record {
        id: RecordId::new(kind, 1),
        external_id: draft.external_id.unwrap_or_default(),
        revision: 1,
        status,
        created_at: registered,
        updated_at: registered,
        profile: draft.profile,
    };
    let contact = draft.contact.unwrap_or_default().masked();
    Shown { record, contact, duplicates: Vec::new(), visibility: Visibility::Full }
}

/// A page with one hit.
pub(super) fn search_page(kind: Kind) -> Value {
    let piece = |text: &str, hit: bool| json!({"text": text, "hit": hit});
    let highlight = json!({"field": "keywords", "label": "关键词", "pieces": [piece("激光焊接", true), piece("；气孔", false)]});
    let hit = json!({"record": view(kind), "score": 7.25, "highlights": [highlight]});
    let region = json!({"name": "region", "values": [{"value": "340000", "label": "安徽省", "count": 1}]});
    json!({"items": [hit], "total": 1, "facets": [region]})
}

/// A CSV file with headings as on the paper form.
pub(super) fn csv(kind: Kind) -> String {
    let (heading, row) = match kind {
        Kind::Need => (
            "外部编号,技术需求名称,单位名称,手机",
            "CZ-2026-0013,铝壳焊缝在线检测,滁州皖东新能源科技有限公司,13800001234",
        ),
        Kind::Enterprise => {
            ("外部编号,单位名称,主营业务,手机", "QY-0002,滁州皖东新能源科技有限公司,动力电池模组,13800001234")
        }
        Kind::Expert => ("外部编号,姓名,职称,工作单位,手机", "ZJ-0002,方致远,教授,皖江理工大学,13800001234"),
        Kind::Station => (
            "外部编号,站点名称,依托单位,手机",
            "FWZ-0002,南谯经济开发区学会服务站,南谯经济开发区管委会,13800001234",
        ),
        Kind::Achievement => {
            ("外部编号,成果名称,权属单位", "CG-0002,一种铝合金壳体激光焊接方法,皖江理工大学")
        }
        Kind::Society => ("外部编号,学会名称,手机", "XH-0002,江淮焊接学会,13800001234"),
    };
    format!("{heading}\n{row}\n")
}

/// A file with one form on a line.
pub(super) fn json_lines(kind: Kind) -> String {
    format!("{}\n", form(kind))
}

/// What another need is like the example's.
fn duplicate() -> Value {
    json!({
        "other": brief("need-7", "CZ-2026-0007", "方形铝壳锂电池激光焊接气孔控制"), "reason": "text",
        "likeness": 87.3, "share": 95.0, "other_share": 91.5,
        "detail": "两条的文字有 87.3% 相同：本条的 95% 见于对方，对方的 91.5% 见于本条"
    })
}

fn brief(id: &str, external_id: &str, title: &str) -> Value {
    json!({
        "id": id, "external_id": external_id, "title": title, "enterprise": "滁州皖东新能源科技有限公司",
        "region_name": "安徽省滁州市南谯区", "filed_by": "滁州市科协", "status": "open"
    })
}

pub(super) fn duplicates() -> Value {
    json!({"duplicates": [duplicate()]})
}

pub(super) fn cluster_page() -> Value {
    let member = |id: &str, external_id: &str, title: &str, after: &str| {
        let pieces = json!([{"text": "激光焊接", "hit": true}, {"text": after, "hit": false}]);
        let highlight = json!({"field": "title", "label": "技术需求名称", "pieces": pieces});
        json!({"need": brief(id, external_id, title), "words": ["激光焊接", "气孔"], "highlights": [highlight]})
    };
    let members = [
        member("need-1", "CZ-2026-0012", "激光焊接气孔控制技术", "气孔控制技术"),
        member("need-9", "WH-2026-0003", "激光焊接飞溅和气孔的抑制", "飞溅和气孔的抑制"),
    ];
    let cluster = json!({
        "place": 1, "label": ["激光焊接", "气孔", "铝壳"], "enterprises": 2, "counties": 2, "cohesion": 0.412,
        "members": members
    });
    json!({"run": run(), "items": [cluster]})
}

pub(super) fn import_report() -> Value {
    let problem = json!({
        "column": "手机", "label": "手机", "pointer": "/contact/mobile", "code": "format",
        "detail": "格式不正确，应为 11 位手机号码"
    });
    let mut flag = duplicate();
    for (name, value) in [("line", json!(2)), ("id", json!("need-12")), ("title", need()["title"].clone())] {
        flag[name] = value;
    }
    json!({
        "rows": 2, "created": 1, "changed": 0, "unchanged": 0, "rejected": 1, "bytes": 180, "warnings": [],
        "errors": [{"line": 3, "problems": [problem]}], "duplicates": 1, "flags": [flag], "vague": 0, "vague_lines": []
    })
}

/// The lines of an import that has a good row and a bad one.
pub(super) fn import_lines() -> String {
    let report = import_report();
    let bad = json!({"line": 3, "outcome": "rejected", "problems": report["errors"][0]["problems"]});
    let good = json!({"line": 2, "outcome": "created", "id": "need-12", "external_id": "CZ-2026-0013"});
    format!("{good}\n{bad}\n{}\n", json!({"report": report}))
}

pub(super) fn adhoc() -> Value {
    json!({"subject_kind": "need", "form": need(), "target": "expert", "limit": 20, "with_excluded": true})
}

/// What a live match answers.
pub(super) fn matches(target: Kind) -> Value {
    let excluded = json!({
        "target": short(target), "score": 58.4, "reasons": [ReasonView::from(Exclusion::Expired)]
    });
    json!({"matches": [found(target)], "excluded": [excluded], "warnings": [], "questions": [], "considered": 37})
}

fn found(target: Kind) -> Value {
    let part = |code: &str, label: &str, value: f64, weight: f64, points: f64| json!({"code": code, "label": label, "value": value, "weight": weight, "points": points});
    let highlight = |field: &str, label: &str| {
        let pieces = json!([{"text": "激光焊接", "hit": true}, {"text": "工艺", "hit": false}]);
        json!({"field": field, "label": label, "pieces": pieces})
    };
    let evidence = json!({
        "id": "achievement-1", "title": "一种铝合金壳体激光焊接匙孔稳定性控制方法", "terms": ["激光焊接"],
        "pieces": [{"text": "激光焊接", "hit": true}, {"text": "匙孔", "hit": false}]
    });
    let explanation = json!({
        "total": 63.2,
        "parts": [
            part("text.title", "标题文本", 21.37, 1.0, 40.0), part("text.evidence", "佐证文本", 9.5, 0.6, 17.2),
            part("region", "地域", 0.5, 0.1, 6.0)
        ],
        "terms": [{"term": "激光焊接", "points": 44.1}, {"term": "气孔", "points": 13.1}],
        "subject": [highlight("title", "技术需求名称")], "candidate": [highlight("research_directions", "研究方向")],
        "evidence": [evidence], "rules": [{"code": "region", "label": "地域", "fact": "同在安徽省"}],
        "sentence": "双方都提到“激光焊接”“气孔”；同在安徽省。综合 63.2 分。"
    });
    json!({"rank": 1, "target": short(target), "score": 63.2, "explanation": explanation})
}

fn short(kind: Kind) -> Value {
    json(TargetView::from(shown(kind, Status::Open).record))
}

pub(super) fn feedback_form() -> Value {
    json!({
        "need": "need-1", "candidate": "expert-1", "decision": "accepted", "decided_on": "2026-05-20",
        "comment": "已约定下月到厂里看现场"
    })
}

pub(super) fn feedback() -> Value {
    let found = &found(Kind::Expert);
    let seen = json!({"run": 12, "rank": found["rank"], "total": found["score"], "parts": found["explanation"]["parts"]});
    let mut feedback = feedback_form();
    feedback["number"] = json!(1);
    feedback["recorded_at"] = json!("2026-05-21T01:30:00Z");
    feedback["seen"] = seen;
    feedback
}

pub(super) fn feedback_page() -> Value {
    json!({"items": [feedback()]})
}

pub(super) fn key_form() -> Value {
    json!({
        "holder": "滁州市科技服务平台", "purpose": "汇总本市技术需求并展示匹配结果", "region": "安徽省滁州市",
        "scopes": ["needs:read", "needs:write", "experts:read", "matches:run"], "days": 365
    })
}

pub(super) fn key() -> Value {
    json!({
        "id": "key-1", "holder": "滁州市科技服务平台", "purpose": "汇总本市技术需求并展示匹配结果",
        "region": "341100", "region_name": "安徽省滁州市",
        "scopes": ["needs:read", "needs:write", "experts:read", "matches:run"], "state": "live",
        "created_at": "2026-05-12T01:30:00Z", "expires_at": "2027-05-12T01:30:00Z"
    })
}

pub(super) fn revoked_key() -> Value {
    let mut key = key();
    key["state"] = json!("revoked");
    key["revoked_at"] = json!("2026-11-20T01:30:00Z");
    key
}

pub(super) fn whole_contact() -> Value {
    json!({"person": "（联系人）", "mobile": "13800005678", "email": "lianxi@example.com"})
}

pub(super) fn audit_row() -> Value {
    json!({
        "seq": 1024, "at": "2026-05-20T01:30:00Z", "actor_kind": "portal", "actor": "key-1", "origin": "10.1.2.3",
        "request": "7b6f5a1c-42", "action": "contact.reveal", "action_label": "查看联系方式", "record": "need-1", "result": "done",
        "detail": {"purpose": "电话约定现场对接的时间"}, "previous": "9f3c…", "hash": "51ab…"
    })
}

pub(super) fn new_key() -> Value {
    json!({"key": key(), "token": "hn_1_（只在此时给出）"})
}

pub(super) fn ranking() -> Value {
    let weight =
        |code: &str, label: &str, weight: f64| json!({"code": code, "label": label, "weight": weight});
    let learned = json!({
        "at": "2026-11-21T02:30:00Z", "needs": 60, "held_back": 24, "judgements": 840, "feedback": 35,
        "ndcg_before": 0.641, "ndcg_after": 0.668
    });
    json!({"weights": [weight("text.title", "标题文本", 1.04), weight("region", "地域", 0.18)], "learned": learned})
}

pub(super) fn run() -> Value {
    json!({
        "id": 12, "business_date": "2026-11-20", "published_at": "2026-11-20T18:05:31Z", "needs": 132,
        "needs_without_match": 3, "matches": 5210
    })
}

pub(super) fn run_page() -> Value {
    json!({"items": [run()]})
}

pub(super) fn current_matches() -> Value {
    json!({"run": run(), "matches": [found(Kind::Expert)]})
}

pub(super) fn changes() -> Value {
    let place = |rank: u32, score: f64| json!({"rank": rank, "score": score});
    json!({
        "run": run(),
        "changes": [
            {"target": "expert-7", "change": "rose", "before": place(3, 58.1), "now": place(1, 63.2),
             "reason": "new_achievement", "reason_label": "新增或修改了成果"},
            {"target": "expert-9", "change": "left", "before": place(20, 31.0), "reason": "displaced",
             "reason_label": "他人名次变化"}
        ]
    })
}

pub(super) fn match_change() -> Value {
    json!({
        "run": 12, "business_date": "2026-11-20", "need": "need-1", "target": "expert-7", "change": "rose",
        "before": {"rank": 3, "score": 58.1}, "now": {"rank": 1, "score": 63.2}, "reason": "new_achievement",
        "reason_label": "新增或修改了成果", "cursor": "AgAAAAAAAAAMAAAAAAAAAAEAAAACAAAAAWkq0yJv0fM1"
    })
}

pub(super) fn match_changes() -> Value {
    json!({"items": [match_change()], "next_cursor": match_change()["cursor"], "more": false})
}

/// A re-match that was just taken on.
pub(super) fn rematch() -> Value {
    json!({
        "id": 11, "kind": "rematch", "state": "waiting", "cancelling": false, "place": 1, "progress": {"rows": 0},
        "requested_by": "key-1", "created_at": "2026-05-12T01:30:00Z"
    })
}

fn json(view: impl Serialize) -> Value {
    serde_json::to_value(view).expect("views hold only strings, numbers and lists")
}

/// An import that has come to its end.
pub(super) fn operation() -> Value {
    json!({
        "id": 9, "kind": "import", "registry": "needs", "state": "succeeded", "cancelling": false,
        "progress": {"rows": 2, "bytes": 180, "bytes_total": 180, "fraction": 1.0}, "requested_by": "key-1",
        "created_at": "2026-05-12T01:30:00Z", "started_at": "2026-05-12T01:30:01Z",
        "ended_at": "2026-05-12T01:30:02Z", "result": import_report()
    })
}

/// An import that was just taken on.
pub(super) fn waiting() -> Value {
    json!({
        "id": 9, "kind": "import", "registry": "needs", "state": "waiting", "cancelling": false, "place": 1,
        "progress": {"rows": 0, "bytes": 0, "bytes_total": 180, "fraction": 0.0}, "requested_by": "key-1",
        "created_at": "2026-05-12T01:30:00Z"
    })
}

/// The same of an index to be built anew.
pub(super) fn rebuild() -> Value {
    json!({
        "id": 10, "kind": "index_rebuild", "registry": "needs", "state": "waiting", "cancelling": false,
        "place": 1, "progress": {"rows": 0}, "requested_by": "key-1", "created_at": "2026-05-12T01:30:00Z"
    })
}
