//! What is said about campaigns.

use serde_json::json;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::doc::{Doc, parameter, text};
use super::examples::campaigns as examples;
use super::operations::TAKEN_ON;
use super::registry::body_problems;
use super::{CAMPAIGNS, parameters};
use crate::problem::Code;

const VERSION: (&str, &str) = ("ETag", "最新方案的版本，锁定、禁止和删除时放进 If-Match");

pub(crate) fn make() -> Doc {
    let description = "为许多技术需求和专家（或学会服务站）一次定出谁去哪家：先让尽可能多的需求得到满足，其次总分最高，再次各人的次数最均匀。\
        每项都可限制：每人的次数（缺省为本年度还可承接的数）、每项需求的人数、路途、最低得分、各学会和各县各领域的名额、一开始就锁定或禁止的组合；\
        同一单位的、未同意匹配的和此前谢绝过的不会安排。候选取自现在的匹配或当前匹配批次，连同得分一并存下，以后可以照原样重新求解。\
        不能同时满足的限制在 `plan.relaxations` 中指明，连同至少要放宽多少；方案已照此放宽。`plan.optimal` 为真即已证明没有更好的方案，\
        否则 `covered_at_most` 和 `score_at_most` 说明至多还能好多少。\n\n\
        限于某地区的密钥只能列入本地区的需求，看不到的专家不会列为候选。\
        超过 200 项需求的，或带 `Prefer: respond-async` 的，答 202，在后台进行，进度见 `Location` 所指的后台任务，完成后其 `campaign` 为活动编号。";
    Doc::new("make_campaign", CAMPAIGNS, "建立对接活动并求解", description)
        .repeatable()
        .parameters([prefer()])
        .json_body("CampaignForm", examples::form())
        .answer(
            201,
            "已建立，附最初的方案",
            ("Campaign", examples::campaign()),
            &[("Location", "新活动的地址"), VERSION],
        )
        .answer(202, "已受理，在后台进行", ("Operation", examples::operation()), &TAKEN_ON)
        .problems(&body_problems())
        .problems(&[
            Code::RecordNotFound,
            Code::OutsideRegion,
            Code::NoRun,
            Code::CampaignNotFound,
            Code::OperationNotFound,
            Code::Busy,
            Code::OperationsFull,
            Code::OutcomeUnknown,
            Code::InsufficientStorage,
        ])
}

pub(crate) fn list() -> Doc {
    let description = "列出对接活动，后建立的在前。限于某地区的密钥只见本地区（含下级）的密钥建立的活动。";
    Doc::new("list_campaigns", CAMPAIGNS, "列出对接活动", description)
        .parameters([parameters::cursor(), parameters::limit()])
        .answer(200, "一页对接活动", ("CampaignPage", json!({"items": [examples::head()]})), &[])
        .problems(&[Code::InvalidParameter, Code::InvalidCursor])
}

pub(crate) fn read() -> Doc {
    let description = "一个对接活动：当初的要求，最新方案的要点、与上一版相比的变化，现行的锁定和禁止。";
    Doc::new("read_campaign", CAMPAIGNS, "读取对接活动", description)
        .parameters([id(), parameters::if_none_match()])
        .answer(200, "对接活动", ("Campaign", examples::campaign()), &[VERSION])
        .empty_answer(304, "未变")
        .problems(&[Code::CampaignNotFound])
}

pub(crate) fn plan() -> Doc {
    let description = "方案所安排的每一对：双方的要点、得分、分数从何而来，以及不安排这一对时最好的方案会怎样。\
        `Accept` 为工作簿的媒体类型时答复一个 .xlsx 文件：总览、全部安排、每县一表、每学会一表、未安排的需求及原因，\
        其中没有联系方式；此时不分页。";
    Doc::new("read_campaign_plan", CAMPAIGNS, "读取方案", description)
        .parameters([id(), version(), parameters::cursor(), parameters::limit()])
        .answer_or_workbook(200, "一页所安排的组合，或整个方案的工作簿", ("PlanPage", examples::plan_page()))
        .problems(&[Code::InvalidParameter, Code::InvalidCursor, Code::CampaignNotFound])
}

pub(crate) fn left_out() -> Doc {
    let description = "方案没有安排的需求，每项都说明原因：需求自身已失效、没有候选、候选的次数已用完（去了哪家）、名额已用完、低于最低得分，等等。";
    Doc::new("list_left_out_needs", CAMPAIGNS, "列出未安排的需求", description)
        .parameters([id(), version(), parameters::cursor(), parameters::limit()])
        .answer(200, "一页未安排的需求", ("LeftOutPage", examples::left_out_page()), &[])
        .problems(&[Code::InvalidParameter, Code::InvalidCursor, Code::CampaignNotFound])
}

pub(crate) fn itineraries() -> Doc {
    let description = "方案中各人的行程：去哪些企业、为什么，同一地区的相连。`Accept` 为工作簿的媒体类型时答复一个 .xlsx 文件，每人一页，可直接打印；此时不分页。";
    Doc::new("list_itineraries", CAMPAIGNS, "列出各人的行程", description)
        .parameters([id(), version(), parameters::cursor(), parameters::limit()])
        .answer_or_workbook(
            200,
            "一页行程，或全部行程的工作簿",
            ("ItineraryPage", json!({"campaign": 1, "version": 1, "items": [examples::itinerary()]})),
        )
        .problems(&[Code::InvalidParameter, Code::InvalidCursor, Code::CampaignNotFound])
}

pub(crate) fn itinerary() -> Doc {
    let description = "一个专家（或学会服务站）的行程；方案没有安排其去任何地方的，`stops` 为空。`Accept` 为工作簿的媒体类型时答复一个 .xlsx 文件。";
    Doc::new("read_itinerary", CAMPAIGNS, "读取一人的行程", description)
        .parameters([id(), candidate(), version()])
        .answer_or_workbook(200, "行程，或其工作簿", ("Itinerary", examples::itinerary()))
        .problems(&[Code::InvalidParameter, Code::CampaignNotFound, Code::RecordNotFound])
}

pub(crate) fn rule() -> Doc {
    let description = "锁定（一定安排）、禁止（一定不安排）、放开（交还给方案决定）或对调若干对，然后重新求解：在同样好的方案中取与现在的方案相同之处最多的，\
        其余的尽量不动。锁定不受最低得分、次数和名额的限制，与限制冲突的在 `plan.relaxations` 中指明。可以锁定不在候选之列的人，得分即时计算；\
        同一单位的、未同意匹配的不可以。对调的两对都须在现在的方案中。`rulings` 为空的列表时只重新求解，如有专家依要求删除了个人信息之后。\
        应答中的 `changes` 列出与上一版相比新增和取消的组合。";
    Doc::new("rule_on_campaign", CAMPAIGNS, "锁定、禁止、放开或对调，并重新求解", description)
        .repeatable()
        .parameters([id(), if_match()])
        .json_body("RulingsForm", examples::rulings_form())
        .answer(200, "调整后的活动", ("Campaign", examples::campaign()), &[VERSION])
        .problems(&body_problems())
        .problems(&[
            Code::CampaignNotFound,
            Code::RecordNotFound,
            Code::InvalidIfMatch,
            Code::StaleRevision,
            Code::IfMatchRequired,
            Code::Busy,
            Code::OutcomeUnknown,
            Code::InsufficientStorage,
        ])
}

pub(crate) fn delete() -> Doc {
    let description = "删除一个对接活动及其全部方案，不能恢复。";
    Doc::new("delete_campaign", CAMPAIGNS, "删除对接活动", description)
        .repeatable()
        .parameters([id(), if_match()])
        .answer(200, "已删除", ("CampaignDeleted", json!({"deleted": 1})), &[])
        .problems(&[
            Code::CampaignNotFound,
            Code::InvalidIfMatch,
            Code::StaleRevision,
            Code::IfMatchRequired,
            Code::Busy,
            Code::OutcomeUnknown,
        ])
}

fn id() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
    let schema: utoipa::openapi::schema::Schema = schema.into();
    parameter(ParameterIn::Path, "id", "活动编号", schema, Some(json!(1)))
}

fn candidate() -> Parameter {
    let pattern = "^(expert|station)-[1-9][0-9]{0,18}$";
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    let schema: utoipa::openapi::schema::Schema = schema.into();
    let about = "专家或学会服务站的记录编号，须是本次活动的候选";
    parameter(ParameterIn::Path, "candidate", about, schema, Some(json!("expert-1")))
}

fn version() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).into();
    parameters::query("version", "第几版方案；缺省为最新的", schema, Some(json!(1)))
}

fn if_match() -> Parameter {
    let about = "读取活动时得到的 ETag，如 `\"1\"`；`*` 表示不论版本";
    let mut if_match = parameter(ParameterIn::Header, "If-Match", about, text(), Some(json!("*")));
    if_match.required = Required::True;
    if_match
}

fn prefer() -> Parameter {
    let about = "`respond-async`：立即答 202，在后台进行（RFC 7240）";
    parameter(ParameterIn::Header, "Prefer", about, text(), None)
}
