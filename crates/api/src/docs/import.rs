//! What is said about importing files.

use domain::Kind;
use serde_json::json;
use utoipa::openapi::ContentBuilder;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::doc::Doc;
use super::operations::TAKEN_ON;
use super::{examples, parameters};
use crate::problem::Code;

const TAKEN_ON_AS_PREFERRED: [(&str, &str); 3] =
    [TAKEN_ON[0], TAKEN_ON[1], ("Preference-Applied", "respond-async")];

pub(crate) fn import(kind: Kind) -> Doc {
    let label = kind.label();
    let description = format!(
        "批量导入{label}。文件为 CSV（首行为表头，中文表格列名或英文字段名均可）或 JSON Lines（每行一个登记表对象），\
         编码可为 UTF-8、带 BOM 的 UTF-16 或 GBK/GB 18030，自动识别。外部编号已有的行更新原记录，没有的行新增；\
         更新时，未填的字段即清空，但联系方式、状态{}未填时保持原样；文件没有给出、已有记录因此被清空的字段，在报告的 `warnings` 中指明一次；\
         同一文件里第二次出现同一条记录的行不合格；不合格的行不影响其他行，报告按行号逐项说明，最多列出前 1000 行。边上传边导入，已导入的批次在中断后保留；\
         `all_or_nothing=true` 时有一行不合格即全部不导入，答 422 并附报告，文件最多 100000 行。文件不能压缩。同时进行的导入过多时答 503，\
         按 `Retry-After` 稍后再传。\n\n\
         请求头 `Accept: application/x-ndjson` 表示要逐行的结果：文件里每行对应一行 `ImportRow`，依次给出，所在批次写入数据库后即发出，\
         最后一行是 `ImportEnd`，内容为报告或中途失败的原因；没有收到 `ImportEnd` 即为应答中断，此前列出的行已经导入，重传整个文件无害。\
         先传完再读应答也可以；未读的结果积压过多（约 256 MiB）时会暂停接收文件。\
         `all_or_nothing=true` 时，全部写入后才开始应答。逐行的结果不能与 `Prefer: respond-async` 或 `Idempotency-Key` 同用。\n\n\
         带 `Prefer: respond-async` 时，文件收齐并妥善暂存后即答 202，导入在后台进行，进度和结果见 `Location` 所指的后台任务；\
         带 `Idempotency-Key` 时也是收齐后再导入，服务中途重启也会接着做完，重发得到同一份报告。{}",
        if kind == Kind::Expert { "、本人同意的范围" } else { "" },
        if kind == Kind::Need {
            "每条新增或修改的需求都与库中已有的和文件中前面的比较，疑似重复的照常导入，并在报告的 `flags` 中指明。"
        } else {
            ""
        }
    );
    // Bytes and not a text: the file may be in any of the encodings.
    let bytes = || {
        let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format))
    };
    let file =
        |example: String| ContentBuilder::new().schema(Some(bytes())).example(Some(json!(example))).build();
    Doc::new(&format!("import_{}", kind.plural()), label, format!("批量导入{label}"), description)
        .repeatable()
        .parameters([
            parameters::flag("all_or_nothing", "有一行不合格即全部不导入；文件最多 100000 行"),
            parameters::prefer(),
        ])
        .body([
            ("text/csv", file(examples::csv(kind))),
            ("application/x-ndjson", file(examples::json_lines(kind))),
            ("application/jsonl", file(examples::json_lines(kind))),
        ])
        .answer_or_lines(
            200,
            "导入报告；或逐行的结果",
            ("ImportReport", examples::import_report()),
            examples::import_lines(),
        )
        .answer(202, "已受理，导入在后台进行", ("Operation", examples::waiting()), &TAKEN_ON_AS_PREFERRED)
        .problems(&[
            Code::InvalidParameter,
            Code::BrokenBody,
            Code::BodyTimeout,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::UnreadableFile,
            Code::NothingImported,
            Code::Busy,
            Code::OutcomeUnknown,
            Code::InsufficientStorage,
            Code::OperationsFull,
            Code::OperationLost,
            Code::OperationCancelled,
            Code::OperationNotFound,
        ])
}
