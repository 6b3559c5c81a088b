//! What is said about the nightly runs.

use domain::Kind;

use super::doc::Doc;
use super::{RUNS, examples, parameters};
use crate::problem::Code;

pub(crate) fn list() -> Doc {
    Doc::new("list_rematch_runs", RUNS, "列出匹配批次", "列出已发布的匹配批次，新的在前。")
        .parameters([parameters::cursor(), parameters::limit()])
        .answer(200, "一页批次", ("RematchRunPage", examples::run_page()), &[])
        .problems(&[Code::InvalidParameter, Code::InvalidCursor])
}

pub(crate) fn current() -> Doc {
    let description = "当前批次，即最近发布的批次。发布在一瞬间完成，不会读到只完成一半的批次。";
    Doc::new("read_current_rematch_run", RUNS, "读取当前批次", description)
        .answer(200, "当前批次", ("RematchRun", examples::run()), &[])
        .problems(&[Code::NoRun])
}

pub(crate) fn current_matches() -> Doc {
    let description = "一条技术需求在当前批次中的匹配结果。分数和说明以批次计算时为准，对方信息以现在为准。";
    of_need("list_current_matches", "需求的当前匹配结果", description).answer(
        200,
        "匹配结果",
        ("CurrentMatches", examples::current_matches()),
        &[],
    )
}

pub(crate) fn changes() -> Doc {
    let description =
        "一条技术需求的匹配结果与上一批次相比的变化：新进入、退出、名次上升、名次下降；名次未变的不列出。";
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
