//! The OpenAPI document, put together from the same list as the routes.

pub(crate) mod campaigns;
pub(crate) mod confidential;
mod doc;
mod examples;
pub(crate) mod export;
pub(crate) mod feedback;
mod formats;
pub(crate) mod health;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod kindred;
pub(crate) mod matching;
pub(crate) mod operations;
mod parameters;
pub(crate) mod registry;
pub(crate) mod runs;
mod schemas;
pub(crate) mod search;
pub(crate) mod webhooks;

use std::sync::LazyLock;

use actix_web::http::Method;
use actix_web::{HttpResponse, Responder};
use utoipa::openapi::path::{HttpMethod, PathItem};
use utoipa::openapi::server::Server;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, Tag};

use crate::endpoints::{REGISTRIES, endpoints};
use crate::problem::Code;

pub(crate) use doc::Doc;

const MATCHING: &str = "匹配";
const RUNS: &str = "匹配批次";
const CAMPAIGNS: &str = "对接活动";
const FEEDBACK: &str = "对接反馈";
const KEYS: &str = "密钥";
const WEBHOOKS: &str = "事件推送";
const OPERATIONS: &str = "后台任务";
const AUDIT: &str = "审计";
const HEALTH: &str = "健康检查";

/// The OpenAPI 3.1 document of the API.
pub fn openapi() -> OpenApi {
    let mut paths = Paths::new();
    for endpoint in endpoints() {
        let (method, path) = (http_method(&endpoint.method), endpoint.path.clone());
        let item = PathItem::new(method, endpoint.operation());
        match paths.paths.get_mut(&path) {
            Some(known) => known.merge_operations(item),
            None => {
                paths.paths.insert(path, item);
            }
        }
    }
    let license =
        LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE")).identifier(Some(env!("CARGO_PKG_LICENSE")));
    let info = InfoBuilder::new()
        .title("红娘：技术需求与专家、服务站、科技成果的对接")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(introduction()))
        .license(Some(license.build()));
    OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([Server::new("/")]))
        .paths(paths)
        .components(Some(schemas::components()))
        .tags(Some(tags()))
        .build()
}

/// The document as it is committed: indented, with a line break at the end.
pub fn openapi_json() -> String {
    let mut text =
        serde_json::to_string_pretty(&openapi()).expect("the document holds only strings and numbers");
    text.push('\n');
    text
}

/// Serves the document.
pub(crate) async fn serve() -> impl Responder {
    static DOCUMENT: LazyLock<String> = LazyLock::new(openapi_json);
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str())
}

fn http_method(method: &Method) -> HttpMethod {
    match *method {
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::DELETE => HttpMethod::Delete,
        Method::PATCH => HttpMethod::Patch,
        _ => HttpMethod::Get,
    }
}

fn tags() -> Vec<Tag> {
    let tag = |name: &str, text: String| TagBuilder::new().name(name).description(Some(text)).build();
    let registry = |kind: domain::Kind| {
        let text = format!("{}登记库：登记、查询、修改、撤回、检索、批量导入", kind.label());
        tag(kind.label(), text)
    };
    let mut tags: Vec<Tag> = REGISTRIES.into_iter().map(registry).collect();
    tags.push(tag(MATCHING, "实时匹配：即时计算，每条结果都附说明".to_owned()));
    tags.push(tag(RUNS, "每日匹配批次：批次结果、相邻批次之间的变化和共性需求".to_owned()));
    tags.push(tag(CAMPAIGNS, "一次活动为许多需求定出谁去哪家：方案、说明、调整和导出".to_owned()));
    tags.push(tag(FEEDBACK, "推荐的对接后来怎样".to_owned()));
    tags.push(tag(OPERATIONS, "耗时的工作：受理后在后台进行，可查进度、可取消".to_owned()));
    tags.push(tag(WEBHOOKS, "事件发生时告知接入方，不必反复来查".to_owned()));
    tags.push(tag(AUDIT, "谁做过什么".to_owned()));
    tags.push(tag(KEYS, "谁可以用本接口做什么".to_owned()));
    tags.push(tag(HEALTH, "存活与就绪".to_owned()));
    tags
}

/// What holds for all operations, and the table of codes.
fn introduction() -> String {
    let mut text = String::from(INTRODUCTION);
    for code in Code::ALL {
        text.push_str(&format!("\n| `{}` | {} | {} |", code.slug(), code.status().as_u16(), code.title()));
    }
    text
}

const INTRODUCTION: &str = "\
把企业的技术需求与专家、学会服务站、科技成果对接起来。每条匹配结果都说明分数从何而来。

- **密钥**：除健康检查和本文档外，每个请求都要带请求头 `Authorization: Bearer hn_…`。密钥由管理员发放，只显示一次；绝不要写进地址（一律拒绝）。每项操作所需的权限列在其 security 中，须全部具备，缺少时答 403 并指明。每个接入方最多有两个有效的密钥，便于更换；撤销立即生效。
- **地区**：限于某地区的密钥只能写本地区（含下级）的记录，没有填写所在地区的记录只有不限地区的密钥能写。其他地区的记录展示多少由各登记库的设置决定：全部；概要（`visibility` 为 brief，只有编号、名称、地区、行业、技术领域、状态等；带检索词检索时不会出现；匹配到时不附文字理由）；或完全看不到（如同不存在，也不计入任何合计）。
- **频度**：`RateLimit-Policy` 和 `RateLimit` 应答头说明限额和余量；超出答 429，系统过忙答 503，都请按 `Retry-After` 稍后再试。
- **编号**：记录编号形如 `need-42`，由系统给出；`external_id` 是来源系统的编号，同一登记库内唯一。
- **翻页**：把 `next_cursor` 原样作为 `cursor` 传回，其他参数不变；没有 `next_cursor` 即为最后一页。翻页期间他人的写入不会造成遗漏或重复：列表按编号，共性需求始终取第一页所在的批次，检索始终取第一页时的索引（两页间隔不超过两分钟、由同一服务进程应答时；否则接着现在的索引，得分可能已变，个别结果可能前后移动）。
- **批量**：导入和导出都可以是每行一个 JSON 对象（`application/x-ndjson`）：导入时用 `Accept` 要逐行的结果，导出一次取完整个登记库。
- **修改**：先读取记录，把 `ETag` 放进 `If-Match` 再修改；记录已被他人改动时答 412，缺少 `If-Match` 时答 428。
- **重试**：新增、修改、撤回、导入、反馈、对接活动、发放和撤销密钥、后台任务、推送地址的增删改都可带 `Idempotency-Key`：没有收到应答时，带同一文字原样再发，不会做两次；应答带 `Idempotency-Replayed: true` 时即此前已完成，`ETag` 是当时的版本，内容是现状。只在 24 小时内有效；同一文字不能用于另一个请求（422）。
- **后台任务**：导入时带 `Prefer: respond-async`，文件收齐后即答 202，`Location` 是后台任务的地址，在那里查进度和结果、取消；建立对接活动时同样，需求超过 200 项的和重建索引、重新匹配总是如此。任务在服务重启、断电后从停下的地方继续，不会重复写入。
- **事件推送**：登记推送地址后，新批次发布、需求有新的匹配时系统会主动告知（Standard Webhooks，签名可核对，未送达的重试约三天）。推送只是提醒，内容仍到本接口来读。
- **联系方式**：一律脱敏返回，如 `138****5678`；联系方式不参与检索和匹配。有 `contacts:read` 权限的，可写明用途后用 `POST …/contact` 读取，每次都记入审计记录。
- **请求编号**：每个应答都有 `X-Request-Id`；请求中带有合规的该请求头（至多 64 位字母、数字、`-`、`_`、`.`）时原样返回。
- **查询参数**：不认识的参数一律拒绝；可多值的参数可重复出现，也可用英文逗号分隔。
- **错误**：一律为 `application/problem+json`（RFC 9457），`code` 稳定不变，`title` 和 `detail` 为中文，`errors` 逐项指明位置；打开 `type` 所指的地址即可看到何时出现、怎么办。
- **兼容**：v1 内只增不减，请忽略不认识的字段。将要停用的操作会提前标明：文档中的 `deprecated`，应答头 `Deprecation`（RFC 9745）、`Sunset`（RFC 8594）和指向说明的 `Link`。

错误码：

| code | 状态码 | 含义 |
|---|---|---|";
