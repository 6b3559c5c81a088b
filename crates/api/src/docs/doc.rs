//! What is said about one operation, written down briefly.

use actix_web::http::StatusCode;
use engine::Act;
use serde_json::Value;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    Content, ContentBuilder, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
};

use crate::gate::{Access, TakesBody};
use crate::negotiation::{Answers, JSON, NDJSON, XLSX};
use crate::problem::{Code, PROBLEM_JSON};
use crate::repeats::REPLAYED;

/// Reasons that any operation may have.
const ALWAYS: [Code; 6] = [
    Code::KeyInUrl,
    Code::UnknownParameter,
    Code::NotAcceptable,
    Code::QueryTooLong,
    Code::InternalError,
    Code::Unavailable,
];

/// The name of the way to authenticate.
pub(crate) const KEY: &str = "key";
/// Reasons that any operation with a key may have.
const WITH_KEY: [Code; 6] = [
    Code::KeyRequired,
    Code::InvalidKey,
    Code::KeyExpired,
    Code::KeyRevoked,
    Code::TooManyRequests,
    Code::QuotaExhausted,
];

/// The documentation of an operation; its query parameters are those that the route lets through.
pub(crate) struct Doc {
    operation: OperationBuilder,
    query: Vec<String>,
    codes: Vec<Code>,
    answers: Vec<&'static str>,
    repeatable: bool,
    takes_body: bool,
}

impl Doc {
    pub(crate) fn new(
        id: &str,
        tag: &str,
        summary: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        let operation = OperationBuilder::new()
            .operation_id(Some(id))
            .tag(tag)
            .summary(Some(summary.into()))
            .description(Some(description.into()));
        Self {
            operation,
            query: Vec::new(),
            codes: ALWAYS.to_vec(),
            answers: Vec::new(),
            repeatable: false,
            takes_body: false,
        }
    }

    /// Who may use it, and how those who may not are refused.
    pub(crate) fn taking(mut self, access: Access) -> Self {
        let Access::Key(act) = access else {
            // Said, and not left open: whoever reads the document need not guess.
            self.operation = self.operation.securities(Some(Vec::<SecurityRequirement>::new()));
            return self;
        };
        let scopes = act.scopes();
        self.operation =
            self.operation.security(SecurityRequirement::new(KEY, scopes.iter().map(|scope| scope.slug())));
        self.codes.extend(WITH_KEY);
        if !self.takes_body {
            self.codes.push(Code::UnexpectedBody);
        }
        if !scopes.is_empty() {
            self.codes.push(Code::MissingScope);
        }
        // Only imports, which have bounds of their own, and what asks nobody take no turn.
        if !matches!(act, Act::Import(_) | Act::OwnKey) {
            self.codes.push(Code::Overloaded);
        }
        self
    }

    /// Parameters of path, query or header.
    pub(crate) fn parameters(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        for parameter in parameters {
            if parameter.parameter_in == ParameterIn::Query {
                self.query.push(parameter.name.clone());
            }
            self.operation = self.operation.parameter(parameter);
        }
        self
    }

    /// It may be sent again with the same text, and is done once.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self.codes.extend([Code::InvalidIdempotencyKey, Code::RequestInProgress, Code::IdempotencyKeyReused]);
        self.parameters([super::parameters::idempotency_key()])
    }

    /// A JSON body of the schema `name`.
    pub(crate) fn json_body(self, name: &str, example: Value) -> Self {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).example(Some(example));
        self.body([("application/json", content.build())])
    }

    /// A body of any of these media types.
    pub(crate) fn body(mut self, contents: impl IntoIterator<Item = (&'static str, Content)>) -> Self {
        let mut body = RequestBodyBuilder::new().required(Some(Required::True));
        for (media_type, content) in contents {
            body = body.content(media_type, content);
        }
        self.operation = self.operation.request_body(Some(body.build()));
        self.takes_body = true;
        self
    }

    /// A JSON answer of the schema `name`, with headers.
    pub(crate) fn answer(
        self,
        status: u16,
        description: &str,
        answer: (&str, Value),
        headers: &[(&str, &str)],
    ) -> Self {
        self.answers(status, description, [json_content(answer)], headers)
    }

    /// A JSON answer, or, when the caller prefers it, one of many lines.
    pub(crate) fn answer_or_lines(
        self,
        status: u16,
        description: &str,
        answer: (&str, Value),
        lines: String,
    ) -> Self {
        self.answers(status, description, [json_content(answer), lines_content(lines)], &[])
    }

    /// A JSON answer, or, when the caller prefers it, a workbook.
    pub(crate) fn answer_or_workbook(self, status: u16, description: &str, answer: (&str, Value)) -> Self {
        self.answers(status, description, [json_content(answer), workbook_content()], &[FILE_NAME])
    }

    /// A JSON answer, or, when the caller prefers them, many lines or a workbook.
    pub(crate) fn answer_in_any_form(
        self,
        status: u16,
        description: &str,
        answer: (&str, Value),
        lines: String,
    ) -> Self {
        let contents = [json_content(answer), lines_content(lines), workbook_content()];
        self.answers(status, description, contents, &[FILE_NAME])
    }

    /// An answer of many lines.
    pub(crate) fn lines(self, status: u16, description: &str, lines: String) -> Self {
        self.answers(status, description, [lines_content(lines)], &[])
    }

    fn answers(
        mut self,
        status: u16,
        description: &str,
        contents: impl IntoIterator<Item = (&'static str, Content)>,
        headers: &[(&str, &str)],
    ) -> Self {
        let mut response = ResponseBuilder::new().description(description);
        for (media_type, content) in contents {
            response = response.content(media_type, content);
            if !self.answers.contains(&media_type) {
                self.answers.push(media_type);
            }
        }
        let replayed = (REPLAYED, "此前已完成、此次只是重答时为 true；否则没有");
        for (header, about) in headers.iter().chain(self.repeatable.then_some(&replayed)) {
            let text = HeaderBuilder::new().schema(Some(text())).description(Some(*about)).build();
            response = response.header(*header, text);
        }
        self.operation = self.operation.response(status.to_string(), response.build());
        self
    }

    /// An answer with status 503 that is no problem document.
    pub(crate) fn not_ready(mut self, description: &str, answer: (&str, Value)) -> Self {
        self.codes.retain(|code| code.status() != StatusCode::SERVICE_UNAVAILABLE);
        self.answer(503, description, answer, &[])
    }

    /// An answer without a body.
    pub(crate) fn empty_answer(mut self, status: u16, description: &str) -> Self {
        let response = ResponseBuilder::new().description(description).build();
        self.operation = self.operation.response(status.to_string(), response);
        self
    }

    /// Problems that this operation may have beside those that all have.
    pub(crate) fn problems(mut self, codes: &[Code]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// Names of the query parameters.
    pub(crate) fn query_names(&self) -> Vec<String> {
        self.query.clone()
    }

    /// Whether it takes a body.
    pub(crate) const fn takes_body(&self) -> TakesBody {
        TakesBody(self.takes_body)
    }

    /// Media types of the answers.
    pub(crate) fn media_types(&self) -> Answers {
        Answers(self.answers.clone())
    }

    pub(crate) fn into_operation(self) -> Operation {
        let mut statuses: Vec<StatusCode> = self.codes.iter().map(|code| code.status()).collect();
        statuses.sort();
        statuses.dedup();
        let mut operation = self.operation;
        for status in statuses {
            let here: Vec<Code> = self.codes.iter().copied().filter(|code| code.status() == status).collect();
            operation = operation.response(status.as_str(), problem(&here));
        }
        operation.build()
    }
}

fn json_content((name, example): (&str, Value)) -> (&'static str, Content) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).example(Some(example));
    (JSON, content.build())
}

/// Lines are a text to every tool that reads the document; what a line is like, the description says.
fn lines_content(example: String) -> (&'static str, Content) {
    let content = ContentBuilder::new().schema(Some(text())).example(Some(example.into()));
    (NDJSON, content.build())
}

/// The header that comes with a workbook.
const FILE_NAME: (&str, &str) = ("Content-Disposition", "工作簿的文件名，仅答复工作簿时有");

fn workbook_content() -> (&'static str, Content) {
    let file = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
    (XLSX, ContentBuilder::new().schema(Some(Schema::from(file))).build())
}

/// The answer for problems that share a status; one that stands alone is told once for all operations.
fn problem(codes: &[Code]) -> RefOr<Response> {
    match codes {
        [code] => RefOr::Ref(Ref::from_response_name(code.slug())),
        codes => RefOr::T(problem_response(codes)),
    }
}

/// The answer that may carry any of these codes.
pub(super) fn problem_response(codes: &[Code]) -> Response {
    let said: Vec<String> = codes.iter().map(|code| format!("`{}` {}", code.slug(), code.title())).collect();
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(said.join("；")).content(PROBLEM_JSON, content).build()
}

/// A parameter with an example.
pub(crate) fn parameter(
    place: ParameterIn,
    name: &str,
    about: impl Into<String>,
    schema: impl Into<RefOr<Schema>>,
    example: Option<Value>,
) -> Parameter {
    // Parameters of a path are required; of the others, those whose example must be sent say so themselves.
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(about.into()))
        .schema(Some(schema))
        .example(example)
        .build()
}

/// The schema of any text.
pub(crate) fn text() -> Schema {
    ObjectBuilder::new().schema_type(Type::String).into()
}
