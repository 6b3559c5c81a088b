//! What is said about the nightly runs.

use domain::Kind;
use serde_json::json;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::doc::Doc;
use super::operations::TAKEN_ON;
use super::{RUNS, examples, parameters};
use crate::problem::Code;

pub(crate) fn list() -> Doc {
    Doc::new(
        "list_rematch_runs",
        RUNS,
        "列出匹配批次",
        "列出已发布的匹配批次，新的在前；同一业务日期有几次的，只列最后一次。",
    )
    .parameters([parameters::cursor(), parameters::limit()])
    .answer(200, "一页批次", ("RematchRunPage", examples::run_page()), &[])
    .problems(&[Code::InvalidParameter, Code::InvalidCursor])
}

pub(crate) fn begin() -> Doc {
    let description = "为全部有效需求重新匹配，全部完成后一次发布；此前读到的一直是原来的批次。只重新计算有变化的部分，结果与全部重算完全一致。\
        立即答 202，进度见后台任务；取消则放弃这一批次，原来的结果不变；服务中断后从停下的地方继续。同一业务日期的批次正在进行时加入它，\
        已经发布且此后没有变化时即以它为结果。通常由服务每天定时进行，不必调用。只有不限地区的管理密钥可用。";
    let date = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
    Doc::new("create_rematch_run", RUNS, "重新匹配", description)
        .repeatable()
        .parameters([
            parameters::query("date", "业务日期，有效期按这一天判断；缺省为今天", date.into(), None),
            parameters::flag("whole", "不论有无变化，全部重新计算"),
        ])
        .answer(202, "已受理", ("Operation", examples::rematch()), &TAKEN_ON)
        .problems(&[
            Code::InvalidParameter,
            Code::OutsideRegion,
            Code::Busy,
            Code::OperationsFull,
            Code::OperationNotFound,
        ])
}

pub(crate) fn change_list() -> Doc {
    let description = "全部需求的匹配结果从一个批次到下一个批次的变化和原因：新进入、退出、名次上升、名次下降。按批次、需求、登记库先后，\
        只有已发布的批次；新批次的变化总排在后面，因此记住最后一个游标，下次从那里接着取，既不遗漏也不重复，服务重启后照样有效。\
        批次按设置保留若干个，更早的变化随批次删除。用 `Accept: application/x-ndjson` 可一次取完，每行一个变化，各带自己的 `cursor`，\
        中断后用最后一行的接着取；应答以分块传输结束块收尾，没有结束块即为中断。`Accept` 为工作簿的媒体类型时答复一个 .xlsx 文件，\
        列出一个批次（未指明时为当前批次）的全部变化和双方名称，至多 200000 行，此时不分页。限于某地区的密钥只见到本地区需求的；对它隐藏其他地区的记录时，\
        不给出名次，也不列名次的升降。";
    let run = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    let date = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
    let lines = format!("{}\n", examples::match_change());
    Doc::new("list_all_match_changes", RUNS, "匹配结果的变化清单", description)
        .parameters([
            parameters::cursor(),
            parameters::limit(),
            parameters::query("run", "只要这一批次的", run.into(), Some(json!(12))),
            parameters::query("date", "只要这一业务日期最近一个批次的", date.into(), None),
        ])
        .answer_in_any_form(200, "变化", ("MatchChangePage", examples::match_changes()), lines)
        .problems(&[Code::InvalidParameter, Code::InvalidCursor, Code::NoRun])
}

pub(crate) fn current() -> Doc {
    let description = "当前批次，即最近发布的批次。发布在一瞬间完成，不会读到只完成一半的批次。";
    Doc::new("read_current_rematch_run", RUNS, "读取当前批次", description)
        .answer(200, "当前批次", ("RematchRun", examples::run()), &[])
        .problems(&[Code::NoRun])
}

pub(crate) fn current_matches() -> Doc {
    let description = "一条技术需求在当前批次中的匹配结果。名次和分数以批次计算时为准；对方信息和理由以现在的资料为准，批次之后资料又有修改的，`outdated` 为真。";
    of_need("list_current_matches", "需求的当前匹配结果", description).answer(
        200,
        "匹配结果",
        ("CurrentMatches", examples::current_matches()),
        &[],
    )
}

pub(crate) fn changes() -> Doc {
    let description = "一条技术需求的匹配结果与上一批次相比的变化：新进入、退出、名次上升、名次下降，各附原因；名次未变的不列出。";
    of_need("list_match_changes", "需求匹配结果的变化", description).answer(
        200,
        "变化",
        ("Changes", examples::changes()),
        &[],
    )
}

fn of_need(id: &str, summary: &str, description: &str) -> Doc {
    Doc::new(id, RUNS, summary, description)
        .parameters([parameters::id(Kind::Need), parameters::target()])
        .problems(&[Code::InvalidParameter, Code::RecordNotFound, Code::OutsideRegion, Code::NoRun])
}
