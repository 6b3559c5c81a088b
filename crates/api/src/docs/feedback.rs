//! What is said about feedback and about what the ranking goes by.

use domain::Kind;

use super::doc::Doc;
use super::registry::body_problems;
use super::{FEEDBACK, MATCHING, examples, parameters};
use crate::endpoints::OFFERS;
use crate::problem::Code;

pub(crate) fn record() -> Doc {
    let description = "告知一项推荐的对接后来怎样：accepted 已接受、declined 已谢绝、solved 已解决。只增不改，同一对可以多次告知，以最后一次为准。\
        同时记下当时的名次和各项得分（`seen`）：在当前匹配批次中的取自批次，否则即时计算；从未推荐过的也可以告知。\
        反馈用于学习排序的权重。";
    Doc::new("record_feedback", FEEDBACK, "记录对接反馈", description)
        .repeatable()
        .json_body("FeedbackForm", examples::feedback_form())
        .answer(201, "已记录", ("Feedback", examples::feedback()), &[])
        .problems(&body_problems())
        .problems(&[Code::NoSuchPairing, Code::RecordNotFound, Code::OutsideRegion, Code::Busy])
        .problems(&[Code::OutcomeUnknown, Code::InsufficientStorage, Code::FeedbackNotFound])
}

pub(crate) fn list() -> Doc {
    Doc::new("list_feedback", FEEDBACK, "列出对接反馈", "按记录的先后列出对接反馈。")
        .parameters([
            parameters::record("need", "只要这项技术需求的", &[Kind::Need], Some("need-1")),
            parameters::record(
                "candidate",
                "只要这个专家、学会服务站或科技成果的",
                &OFFERS,
                Some("expert-1"),
            ),
            parameters::cursor(),
            parameters::limit(),
        ])
        .answer(200, "一页反馈", ("FeedbackPage", examples::feedback_page()), &[])
        .problems(&[Code::InvalidParameter, Code::InvalidCursor])
}

pub(crate) fn ranking() -> Doc {
    let description = "排序现用的各项权重。采用了从评判和反馈中学得的权重时，`learned` 说明其来历。";
    Doc::new("read_ranking", MATCHING, "读取排序的权重", description).answer(
        200,
        "各项权重",
        ("Ranking", examples::ranking()),
        &[],
    )
}
