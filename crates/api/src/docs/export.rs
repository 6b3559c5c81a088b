//! What is said about handing over a registry whole.

use domain::Kind;

use super::doc::Doc;
use super::schemas::view_name;
use super::{examples, parameters};
use crate::problem::Code;

pub(crate) fn export(kind: Kind) -> Doc {
    let label = kind.label();
    let description = format!(
        "导出{label}：每行一条记录（JSON Lines，内容同 `{}`），按编号先后，每条记录只出现一次，联系方式已脱敏，其他地区的记录同列表。\
         边读边发，记录再多也可一次取完。导出期间他人新增的记录会排在最后，修改的以读到时为准。\
         应答以分块传输（HTTP/1.1 chunked）结束块收尾：没有结束块即为中断，请从收到的最后一条完整记录起，用 `after` 接着取。\
         导出的文件可以原样导入：系统给出的内容（编号、版本、时间等）和脱敏的联系方式自动略过。",
        view_name(kind)
    );
    let after = parameters::record("after", "只要这条记录之后的，用于接着取中断的导出", &[kind], None);
    Doc::new(&format!("export_{}", kind.plural()), label, format!("导出{label}"), description)
        .parameters([parameters::status("只要这些状态；缺省为全部"), parameters::updated_since(), after])
        .lines(200, "每行一条记录", format!("{}\n", examples::view(kind)))
        .problems(&[Code::InvalidParameter])
}
