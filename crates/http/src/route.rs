//! A route: what the router, the OpenAPI document, the documents and the tests know of it, said once.

use axum::http::{HeaderMap, Method};
use futures_util::future::BoxFuture;
use schemars::{Schema, SchemaGenerator};

use crate::call::Call;
use crate::error::{Dialect, HttpError};
use crate::mount::Response;
use crate::multipart::MULTIPART;
use types::Scope;

/// What a handler gives back. Its errors become bodies in the route's dialect.
pub(crate) type Answer = Result<Response, HttpError>;
/// The function of a route.
pub(crate) type Handler = fn(Call) -> BoxFuture<'static, Answer>;
/// Makes the schema of a body.
pub(crate) type MakeSchema = fn(&mut SchemaGenerator) -> Schema;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Callers with a credential, whatever it allows, and guests.
    Known,
    /// Callers whose credential, or whose place on this machine, gives them this.
    Needs(Scope),
}

/// The families of routes, in the order of the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tag {
    Server,
    OpenAi,
    Anthropic,
    Ollama,
    Mcp,
    Accounts,
    ChatService,
    Own,
}

impl Tag {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Server => "Server",
            Self::OpenAi => "OpenAI",
            Self::Anthropic => "Anthropic",
            Self::Ollama => "Ollama",
            Self::Mcp => "MCP",
            Self::Accounts => "Accounts",
            Self::ChatService => "Chat service",
            Self::Own => "Our own",
        }
    }
}

/// A parameter of a path, a query or a header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// `path`, `query` or `header`.
    pub(crate) place: &'static str,
    pub(crate) description: &'static str,
}

/// A body: its media type, and its schema where it has one.
#[derive(Clone, Copy)]
pub(crate) struct Content {
    pub(crate) media_type: &'static str,
    pub(crate) schema: Option<MakeSchema>,
    /// A body as a client sends or gets it, as JSON text.
    pub(crate) example: Option<&'static str>,
}

/// One method of one path.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// As axum writes it: `/v1/models/{*id}`.
    pub(crate) path: &'static str,
    /// A name for generated clients: `createChatCompletion`.
    pub(crate) name: &'static str,
    pub(crate) tag: Tag,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    pub(crate) access: Access,
    /// Its requests count towards the limits of their caller, as they have a model generate something.
    pub(crate) is_counted: bool,
    /// It may end the credential of its own request, whose answer is sent all the same.
    pub(crate) ends_credential: bool,
    pub(crate) dialect: Dialect,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) request: Option<Content>,
    /// What it answers with when it succeeds: a status, a description, and the bodies.
    pub(crate) responses: Vec<(u16, &'static str, Vec<Content>)>,
    /// Callers of Anthropic's API get answers in its form.
    pub(crate) is_also_anthropic: bool,
    /// A page that people open, to which a link on another site may lead.
    pub(crate) is_page: bool,
    pub(crate) handler: Handler,
}

impl Route {
    pub(crate) fn get(path: &'static str, handler: Handler) -> Self {
        Self::new(Method::GET, path, handler)
    }

    pub(crate) fn post(path: &'static str, handler: Handler) -> Self {
        Self::new(Method::POST, path, handler)
    }

    pub(crate) fn patch(path: &'static str, handler: Handler) -> Self {
        Self::new(Method::PATCH, path, handler)
    }

    pub(crate) fn delete(path: &'static str, handler: Handler) -> Self {
        Self::new(Method::DELETE, path, handler)
    }

    pub(crate) fn new(method: Method, path: &'static str, handler: Handler) -> Self {
        Self {
            method,
            path,
            name: "",
            tag: Tag::Server,
            summary: "",
            description: "",
            access: Access::Open,
            is_counted: false,
            ends_credential: false,
            dialect: Dialect::OpenAi,
            parameters: Vec::new(),
            request: None,
            responses: Vec::new(),
            is_also_anthropic: false,
            is_page: false,
            handler,
        }
    }

    /// Its name, its family, and what it does in one line.
    pub(crate) fn about(mut self, name: &'static str, tag: Tag, summary: &'static str) -> Self {
        (self.name, self.tag, self.summary) = (name, tag, summary);
        self.dialect = match tag {
            Tag::Anthropic => Dialect::Anthropic,
            Tag::Ollama => Dialect::Ollama,
            Tag::ChatService => Dialect::ChatService,
            Tag::Mcp => Dialect::JsonRpc,
            Tag::Server | Tag::OpenAi | Tag::Accounts | Tag::Own => Dialect::OpenAi,
        };
        self
    }

    /// More than the one line, in Markdown.
    pub(crate) fn described(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    pub(crate) fn needs(mut self, scope: Scope) -> Self {
        self.access = Access::Needs(scope);
        self
    }

    /// It needs a caller who is known, and no scope.
    pub(crate) fn needs_caller(mut self) -> Self {
        self.access = Access::Known;
        self
    }

    /// A model generates something for each of its requests.
    pub(crate) fn counted(mut self) -> Self {
        self.is_counted = true;
        self
    }

    /// A caller of Anthropic's API, which has a route of this path too, gets answers in its form.
    pub(crate) fn also_anthropic(mut self) -> Self {
        self.is_also_anthropic = true;
        self
    }

    /// It may end the credential of its own request.
    pub(crate) fn ends_credential(mut self) -> Self {
        self.ends_credential = true;
        self
    }

    pub(crate) fn page(mut self) -> Self {
        self.is_page = true;
        self
    }

    pub(crate) fn parameter(
        mut self,
        place: &'static str,
        name: &'static str,
        description: &'static str,
    ) -> Self {
        self.parameters.push(Parameter { name, place, description });
        self
    }

    pub(crate) fn takes(mut self, request: Content) -> Self {
        self.request = Some(request);
        self
    }

    pub(crate) fn answers(
        mut self,
        status: u16,
        description: &'static str,
        bodies: impl IntoIterator<Item = Content>,
    ) -> Self {
        self.responses.push((status, description, bodies.into_iter().collect()));
        self
    }

    /// The form of the errors of a request with these headers.
    pub(crate) fn dialect_for(&self, headers: &HeaderMap) -> Dialect {
        let is_anthropic = self.is_also_anthropic && crate::anthropic::is_spoken_in(headers);
        if is_anthropic { Dialect::Anthropic } else { self.dialect }
    }

    /// Whether its body is a form with a file.
    pub(crate) fn takes_form(&self) -> bool {
        self.request.is_some_and(|request| request.media_type == MULTIPART)
    }

    /// The path as OpenAPI writes it: `/v1/models/{id}`.
    pub(crate) fn open_api_path(&self) -> String {
        self.path.replace("{*", "{")
    }
}

impl Content {
    /// JSON of a type.
    pub(crate) fn json<T: schemars::JsonSchema>() -> Self {
        Self { media_type: "application/json", schema: Some(schema_of::<T>), example: None }
    }

    /// JSON of any form.
    pub(crate) fn any_json() -> Self {
        Self::of("application/json")
    }

    /// Anything of a media type.
    pub(crate) fn of(media_type: &'static str) -> Self {
        Self { media_type, schema: None, example: None }
    }

    pub(crate) fn example(mut self, example: &'static str) -> Self {
        self.example = Some(example);
        self
    }
}

fn schema_of<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}
