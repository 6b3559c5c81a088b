//! What each problem means and what the caller does about it: the text behind the `type` of a problem (`/problems/{slug}`), and the table
//! of them all (`docs/problems.md`).

use actix_web::{HttpRequest, HttpResponse};

use crate::problem::{Code, Problem};

/// When a problem occurs, and what the caller does then; in Chinese.
pub(crate) struct Advice {
    code: Code,
    pub(crate) when: &'static str,
    pub(crate) then: &'static str,
}

/// In the order of [`Code::ALL`].
const ADVICE: &[Advice] = &[
    Advice {
        code: Code::InvalidJson,
        when: "请求体不是 JSON、写到一半就断了、嵌套太深，或者一个对象里同一字段出现两次。",
        then: "用 JSON 库生成请求体，不要自己拼接文字；`detail` 指出出错的行和列。",
    },
    Advice {
        code: Code::UnknownParameter,
        when: "查询字符串里有这项操作没有的参数，多半是拼写有误。",
        then: "对照接口文档改正参数名，或去掉它；`errors` 逐个列出。",
    },
    Advice {
        code: Code::InvalidParameter,
        when: "查询参数的值不能用：类型不对、超出范围，或不在代码表里。",
        then: "按 `errors` 中的说明改正；可选的参数不需要时整个省去，不要留空值。",
    },
    Advice {
        code: Code::InvalidCursor,
        when: "翻页游标被改动过，或者与它一起发来的其他参数同上一页不一样。",
        then: "把上一页的 `next_cursor` 原样传回，其他参数不变；否则从第一页重新开始。",
    },
    Advice {
        code: Code::InvalidIfMatch,
        when: "`If-Match` 请求头的写法不对。",
        then: "原样使用读取记录时得到的 `ETag`，引号也要带上；不论版本时写 `*`。",
    },
    Advice {
        code: Code::InvalidIdempotencyKey,
        when: "`Idempotency-Key` 请求头为空、太长、含有空格或非 ASCII 字符，或者不止一个。",
        then: "每次操作取一个新的 UUID，重试时原样再带。",
    },
    Advice {
        code: Code::MalformedRequest,
        when: "发来的不是规范的 HTTP 请求，例如同时有 `Content-Length` 和 `Transfer-Encoding`。",
        then: "用成熟的 HTTP 库发送；检查中间的代理是否改动了请求。",
    },
    Advice {
        code: Code::UnexpectedBody,
        when: "这项操作没有请求体，却收到了不为空的请求体；什么也没有做。",
        then: "去掉请求体（包括空的 `{}`）；要指明的写在地址或查询参数里，见接口文档。",
    },
    Advice {
        code: Code::BrokenBody,
        when: "请求体没有传完连接就断了，或请求本身不合 HTTP 的格式。",
        then: "重新发送；反复出现时检查网络和中间的代理。",
    },
    Advice {
        code: Code::KeyInUrl,
        when: "地址里有密钥，或有像密钥的参数名。地址会被沿途的设备记录，所以一律拒绝。",
        then: "把密钥放进 `Authorization` 请求头；已经写进地址的密钥请尽快撤销并换发。",
    },
    Advice {
        code: Code::NoSuchPairing,
        when: "这两个登记库之间不做匹配。",
        then: "需求可以找专家、服务站和成果，其余的只可以找需求。",
    },
    Advice {
        code: Code::KeyRequired,
        when: "请求没有带密钥。",
        then: "加上请求头 `Authorization: Bearer hn_…`；没有密钥请向管理员申请。",
    },
    Advice {
        code: Code::InvalidKey,
        when: "密钥不是本系统发放的，或者没有写完整。",
        then: "核对密钥；连续出错会被暂时拒绝，所以不要反复重试。",
    },
    Advice {
        code: Code::KeyExpired,
        when: "密钥过了有效期。",
        then: "请管理员换发；有效期可用 `GET /api/v1/keys/current` 查到，请提前换。",
    },
    Advice {
        code: Code::KeyRevoked,
        when: "密钥已被撤销，立即生效。",
        then: "改用换发的新密钥；没有时请向管理员了解。",
    },
    Advice {
        code: Code::MissingScope,
        when: "密钥有效，但没有这项操作所需的全部权限。",
        then: "`errors` 列出缺少的权限；确有需要时请管理员另发密钥。",
    },
    Advice {
        code: Code::OutsideRegion,
        when: "密钥限于某个地区，而要写的记录、或要看的内容属于其他地区。",
        then: "只写本地区的记录，并填写所在地区；其他地区的内容请向当地了解。",
    },
    Advice {
        code: Code::NotFound,
        when: "地址不存在。",
        then: "对照接口文档核对地址；`/docs` 列出全部操作。",
    },
    Advice {
        code: Code::RecordNotFound,
        when: "没有这个编号的记录，或者本密钥看不到它。",
        then: "核对编号和登记库；按来源系统的编号查找请用列表的 `external_id`。",
    },
    Advice {
        code: Code::FeedbackNotFound,
        when: "重发的请求当时已经做过，所记的反馈后来被删除（如依要求删除了个人信息）。",
        then: "不必再发；需要时另取一个 `Idempotency-Key` 重新记录。",
    },
    Advice {
        code: Code::OperationNotFound,
        when: "没有这个后台任务：编号有误、属于其他接入方，或结束已久、已被清理。",
        then: "核对 `Location` 给出的地址；用 `GET /api/v1/operations` 查看还保留的任务。",
    },
    Advice {
        code: Code::RunNotFound,
        when: "没有这个匹配批次，或者它已过保留期。",
        then: "从批次列表中重新选取。",
    },
    Advice {
        code: Code::CampaignNotFound,
        when: "没有这个编号的对接活动，已被删除，或者它属于其他地区。",
        then: "从对接活动的列表中重新选取。",
    },
    Advice {
        code: Code::KeyNotFound,
        when: "没有这个编号的密钥，或者本密钥管不到它。",
        then: "从密钥列表中重新选取。",
    },
    Advice {
        code: Code::WebhookNotFound,
        when: "没有这个推送地址：编号有误、已经删除，或属于其他接入方。",
        then: "用 `GET /api/v1/webhooks` 查看现有的推送地址。",
    },
    Advice {
        code: Code::DeliveryNotFound,
        when: "没有这条推送记录，或者它已过保留期。",
        then: "从推送记录的列表中重新选取；过了保留期的，请直接读取批次和变化。",
    },
    Advice {
        code: Code::NoRun,
        when: "还没有发布过每日匹配批次。",
        then: "等第一个批次发布后再来；急用时请用实时匹配。",
    },
    Advice {
        code: Code::MethodNotAllowed,
        when: "地址是对的，但不支持这个方法。",
        then: "改用应答头 `Allow` 列出的方法。",
    },
    Advice {
        code: Code::NotAcceptable,
        when: "`Accept` 请求头要的格式，这项操作都不提供。",
        then: "去掉 `Accept`，或写上 `detail` 中列出的格式。",
    },
    Advice {
        code: Code::HeadTimeout,
        when: "请求行和请求头在期限内没有传完。",
        then: "检查网络和代理后重新发送。",
    },
    Advice {
        code: Code::BodyTimeout,
        when: "请求体传得太慢；或者逐行答复的导入中，积压的结果太多而没有被读取。",
        then: "检查网络后重发；大文件请分成几个；逐行答复的请边传边读。",
    },
    Advice {
        code: Code::AlreadyExists,
        when: "这个外部编号已有记录。",
        then: "要修改它，请先按 `external_id` 查到编号再修改；确是另一条记录，请换一个编号。",
    },
    Advice {
        code: Code::TooManyKeys,
        when: "接入方已有两个有效的密钥。",
        then: "先撤销不再使用的，再发新的。",
    },
    Advice {
        code: Code::HolderDiffers,
        when: "接入方的用途或地区与登记时不同；登记后不能改变。",
        then: "按登记的填写，或者省去这两项；情况确有变化时用另一个接入方名称。",
    },
    Advice {
        code: Code::RunClosed, when: "匹配批次已经结束，不再写入。", then: "重新开始一个批次。"
    },
    Advice {
        code: Code::RequestInProgress,
        when: "同一个 `Idempotency-Key` 的请求还在处理。",
        then: "等 `Retry-After` 秒后原样重发，会得到它的结果。",
    },
    Advice {
        code: Code::OperationCancelled,
        when: "所等的导入被取消了。",
        then: "`report` 说明取消前已导入多少；需要时重新提交整个文件。",
    },
    Advice {
        code: Code::TokenAlreadyShown,
        when: "重发的创建密钥请求当时已经做过，密钥只显示一次，不能再给出。",
        then: "没有收到的密钥请撤销（`DELETE /api/v1/keys/{id}`），再用新的 `Idempotency-Key` 创建一个。",
    },
    Advice {
        code: Code::TooManyWebhooks,
        when: "接入方的推送地址已达上限。",
        then: "先删除不用的；一个地址可以接收多种事件，不必为每种事件各登记一个。",
    },
    Advice {
        code: Code::SecretAlreadyShown,
        when: "重发的请求当时已经做过，签名密钥只显示一次，不能再给出。",
        then: "没有收到的，换一个 `Idempotency-Key`，用 `POST /api/v1/webhooks/{id}/rotate-secret` 换一个签名密钥。",
    },
    Advice {
        code: Code::StaleRevision,
        when: "记录在读取之后已被他人修改，`If-Match` 中的版本不是现在的版本。",
        then: "重新读取，把自己的改动合到新内容上，再用新的 `ETag` 提交。",
    },
    Advice {
        code: Code::BodyTooLarge,
        when: "请求体超过上限。",
        then: "减小请求体；导入时把文件分成几个。答复中带有报告的，报告说明此前已导入多少。",
    },
    Advice {
        code: Code::QueryTooLong,
        when: "查询字符串超过 8 KiB。",
        then: "减少条件；检索的文字至多 2000 字。",
    },
    Advice {
        code: Code::UnsupportedMediaType,
        when: "`Content-Type` 不是这项操作接受的，或者请求体经过压缩。",
        then: "按接口文档设置 `Content-Type`；去掉 `Content-Encoding`。",
    },
    Advice {
        code: Code::InvalidForm,
        when: "登记表有不合格的字段；所有字段一次检查完。",
        then: "`errors` 用 JSON Pointer 指出每一处及原因，全部改正后重发。不要原样重试。",
    },
    Advice {
        code: Code::IdempotencyKeyReused,
        when: "这个 `Idempotency-Key` 已用于内容不同的请求。",
        then: "每次操作取一个新的文字；只有原样重试时才重复使用。",
    },
    Advice {
        code: Code::UnreadableFile,
        when: "导入的文件不是所声称的格式，如把 Excel 工作簿当作 CSV 上传。",
        then: "按 `detail` 另存为 CSV 或 JSON Lines 后再传。",
    },
    Advice {
        code: Code::NothingImported,
        when: "要求“全有或全无”的导入中有不合格的行，因此一行也没有导入。",
        then: "`report` 按行号列出不合格的行，改正后重传整个文件。",
    },
    Advice {
        code: Code::IfMatchRequired,
        when: "修改和撤回要说明依据的是哪个版本，而请求没有 `If-Match`。",
        then: "先读取记录，把 `ETag` 放进 `If-Match`；确实不论版本时写 `*`。",
    },
    Advice {
        code: Code::TooManyRequests,
        when: "密钥的请求来得太快，或同一地址因密钥无效被拒绝的次数过多。",
        then: "等 `Retry-After` 秒后再试；平时参看 `RateLimit` 应答头中的余量。",
    },
    Advice {
        code: Code::QuotaExhausted,
        when: "密钥当日的请求数已用完，北京时间零点恢复。",
        then: "等 `Retry-After` 秒后再试；经常不够时请管理员调整。",
    },
    Advice {
        code: Code::HeadTooLarge,
        when: "请求头太大或太多。",
        then: "去掉不需要的请求头（如大段 Cookie）后重发。",
    },
    Advice {
        code: Code::InternalError,
        when: "服务内部出错，已记入日志。",
        then: "可以稍后重试一次；仍出错时把 `request_id` 告诉管理员。",
    },
    Advice {
        code: Code::OutcomeUnknown,
        when: "保存时数据库断开，不能确定是否已经保存。",
        then: "先查询是否已保存再决定是否重发；带外部编号的导入可以放心重传。程序不要自动重试。",
    },
    Advice {
        code: Code::Busy,
        when: "数据库或索引一时忙不过来，或同时进行的导入已达上限。",
        then: "等 `Retry-After` 秒后原样重试。",
    },
    Advice {
        code: Code::OperationsFull,
        when: "等候的后台任务已达上限，或暂存文件的空间已满。",
        then: "等 `Retry-After` 秒后重试；持续出现时联系管理员。",
    },
    Advice {
        code: Code::OperationLost,
        when: "暂存的文件丢失，或承担任务的服务器不再回来，任务无法完成。",
        then: "重新提交；`report` 说明此前已导入多少，重复的行不会导入两次（有外部编号时）。",
    },
    Advice {
        code: Code::Overloaded,
        when: "同时处理的请求已达上限。",
        then: "等 `Retry-After` 秒后原样重试，重复出现时拉长间隔。",
    },
    Advice {
        code: Code::TooManyConnections,
        when: "同时打开的连接已达上限。",
        then: "等 `Retry-After` 秒后重试；使用连接池，不要为每个请求新开连接。",
    },
    Advice {
        code: Code::Unavailable,
        when: "数据库连接不上、索引正在重建，或服务正在停止。",
        then: "等 `Retry-After` 秒后原样重试；持续不恢复时联系管理员，并参看 `/readyz`。",
    },
    Advice {
        code: Code::InsufficientStorage,
        when: "服务器磁盘已满，这次什么都没有保存。",
        then: "联系管理员；腾出空间后原样重发即可，不需重启。",
    },
];

// A code without a text, or out of its place, does not compile.
const _: () = {
    assert!(ADVICE.len() == Code::ALL.len());
    let mut at = 0;
    while at < ADVICE.len() {
        assert!(ADVICE[at].code as usize == at);
        at += 1;
    }
};

impl Code {
    /// The text about this problem.
    pub(crate) const fn advice(self) -> &'static Advice {
        &ADVICE[self as usize]
    }
}

/// The table of all problems, as it is committed.
pub fn problems_markdown() -> String {
    let mut text = String::from(
        "<!-- Generated from crates/api/src/problem.rs and advice.rs: UPDATE_PROBLEMS=1 cargo test --workspace --test api problems:: -->\n\n\
         # 错误码\n\n\
         出错的应答一律为 `application/problem+json`（RFC 9457）。程序请判断 `code`，它稳定不变；`type` 是说明的地址（`/problems/…`），\
         由服务自己提供，内容即以下各节。\n",
    );
    for code in Code::ALL {
        let Advice { when, then, .. } = code.advice();
        text.push_str(&format!(
            "\n## {} `{}`\n\n`{}` · {}\n\n- **何时出现**：{when}\n- **怎么办**：{then}\n",
            code.status().as_u16(),
            code.slug(),
            code.uri(),
            code.title(),
        ));
    }
    text
}

/// Serves the text about one problem, for people who follow its `type`.
pub(crate) async fn page(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let asked = request.match_info().get("slug").unwrap_or_default();
    let code = Code::ALL.iter().find(|code| code.uri().rsplit('/').next() == Some(asked));
    let code = code.ok_or_else(|| Problem::new(Code::NotFound, "没有这种错误，全部错误码见 /docs"))?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html(*code)))
}

/// The texts are ours and hold nothing that HTML would take for its own, which a test sees to.
fn html(code: Code) -> String {
    let Advice { when, then, .. } = code.advice();
    let (slug, status, title) = (code.slug(), code.status().as_u16(), code.title());
    format!(
        "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <h1>{title}</h1>\n<p><code>{slug}</code> · HTTP {status}</p>\n\
         <h2>何时出现</h2>\n<p>{}</p>\n<h2>怎么办</h2>\n<p>{}</p>\n<p><a href=\"/docs/\">接口文档</a></p>\n</html>\n",
        marked(when),
        marked(then),
    )
}

/// Words between backquotes as code.
fn marked(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    pieces
        .map(|(at, piece)| if at % 2 == 1 { format!("<code>{piece}</code>") } else { piece.to_owned() })
        .collect()
}
