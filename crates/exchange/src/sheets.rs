//! Workbooks: judging sheets, in which staff say how well candidates answer needs, written blind, filled in with Excel, WPS or LibreOffice, and read
//! back; the change list of the re-match; and plans of campaigns, for staff to hand on ([`plans`]).

mod bounds;
pub mod changes;
mod look;
pub mod plans;
mod reading;
mod writing;

use domain::RecordId;

pub use reading::{CellProblem, FilledRow, FilledSheet, NeedName, judge_name, read};
pub use writing::write;

/// The sheets of the workbook.
const GUIDE: &str = "填写说明";
const TABLE: &str = "评判表";
/// Where the judge writes a name, on the guide.
const JUDGE: &str = "评判人";
/// The headings that are read back.
const NEED: &str = "需求编号";
const CANDIDATE: &str = "候选编号";
const LEVEL: &str = "相关程度";
const NOTE: &str = "备注";

/// The levels, the best first: number, word, what it means, an example.
const LEVELS: [(u8, &str, &str, &str); 4] = [
    (
        4,
        "高度相关",
        "正对这项需求：做的就是同一个问题，可以马上联系",
        "长期研究铝合金激光焊接的气孔控制，给电池壳体做过工艺",
    ),
    (3, "相关", "同一类技术，稍加转换就用得上，值得一谈", "做激光焊接工艺，但对象是不锈钢薄板"),
    (2, "弱相关", "沾边：领域或方法有联系，但多半解决不了", "做焊接机器人的轨迹规划，不涉及焊缝质量"),
    (1, "不相关", "只是用词碰巧相同，或者完全无关", "研究金属表面涂料，文字里也出现“气孔”"),
];

/// What a level is called, everywhere: 高度相关 for 4.
pub fn level_word(level: u8) -> Option<&'static str> {
    LEVELS.iter().find(|known| known.0 == level).map(|(_, word, ..)| *word)
}

/// A need with the candidates that are to be judged for it, in the order in which they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgingBlock {
    /// The need.
    pub need: RecordId,
    /// Its number where it comes from, which staff know.
    pub external_id: String,
    /// Its title.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Whom to judge.
    pub candidates: Vec<JudgingCandidate>,
}

/// A candidate as the judge sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgingCandidate {
    /// The candidate.
    pub id: RecordId,
    /// A name or a title.
    pub title: String,
    /// What speaks for it.
    pub text: String,
}

/// A workbook that cannot be written or read. The message says how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SheetError {
    /// Not an .xlsx file.
    #[error("这不是 .xlsx 工作簿；请用 Excel、WPS 或 LibreOffice 另存为“Excel 工作簿（.xlsx）”")]
    Foreign,
    /// Larger, unpacked, than any judging sheet.
    #[error("工作簿太大，不像是评判表")]
    TooLarge,
    /// Broken inside.
    #[error("工作簿已损坏，或设有打开密码；请重新保存后再试（{0}）")]
    Broken(String),
    /// What stands for the judge's name is none.
    #[error("“{GUIDE}”表里的“{JUDGE}”{0}")]
    BadName(&'static str),
    /// No sheet with the headings.
    #[error("没有找到评判表：应有一个工作表，前 10 行内有表头“{NEED}”“{CANDIDATE}”“{LEVEL}”")]
    NoTable,
    /// Two columns of one heading.
    #[error("工作表“{sheet}”里有两列都叫“{heading}”，请只保留一列")]
    DuplicateHeading {
        /// The sheet.
        sheet: String,
        /// The heading.
        heading: &'static str,
    },
    /// The workbook cannot be put together.
    #[error("无法生成工作簿")]
    Write(#[from] rust_xlsxwriter::XlsxError),
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
