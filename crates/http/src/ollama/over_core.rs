//! Ollama's API over another kind of model server: the core answers what it can, in Ollama's form.

use std::sync::Arc;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answer::until;
use super::options;
use super::reading::only_ollama;
use crate::call::{Call, json_answer, tell_ignored};
use crate::chat_service::{Asked, ChatRequest, ModelsAnswer};
use crate::error::HttpError;
use crate::follow::Follower;
use crate::idempotency;
use crate::json;
use crate::ndjson::{self, Form};
use crate::route::Answer;
use service::chat::request::{ChatCall, GenerateCall};
use service::chat::response_format::FormatCheck;
use service::chat::validate::keep_alive;
use service::forwarding::{ForwardRequest, NamedModel, OllamaRoute};
use service::tasks::registry::Task;
use types::{EmbedRequest, KeepAlive};

/// The version of Ollama's API that this speaks. Clients ask for a lowest one.
const API_VERSION: &str = "0.33.0";

/// What `/api/generate` has beside the fields of `/api/chat`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptRequest {
    suffix: Option<String>,
    template: Option<String>,
    raw: Option<bool>,
    /// Tokens of an answer before, which only the server that made them can read.
    context: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EmbedBody {
    input: Option<Texts>,
    /// The one text of the older route.
    prompt: Option<String>,
    truncate: Option<bool>,
    dimensions: Option<u64>,
    options: Option<Map<String, Value>>,
    keep_alive: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

#[derive(Serialize)]
struct Embedded<'a> {
    model: &'a str,
    embeddings: &'a [Vec<f32>],
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_eval_count: Option<u64>,
}

#[derive(Serialize)]
struct EmbeddedOne<'a> {
    embedding: &'a [f32],
}

/// The version, the status of cloud models, and the lists of models.
pub(super) async fn get(call: &Call, route: &OllamaRoute) -> Answer {
    match route {
        OllamaRoute::Version => json_answer(&json!({ "version": API_VERSION })),
        OllamaRoute::Status => json_answer(&json!({ "cloud": { "disabled": true, "source": "none" } })),
        OllamaRoute::Tags => {
            let listed = call.app.services.models.list_models(call.caller()).await;
            json_answer(&ModelsAnswer::of(&listed.map_err(|error| call.error(&error))?))
        }
        // Such a server does not tell what is loaded.
        OllamaRoute::Ps => json_answer(&json!({ "models": [] })),
        _ => Err(only_ollama()),
    }
}

/// What is known of a model.
pub(super) async fn show(call: &Call, request: &ForwardRequest) -> Answer {
    let name = match request.model() {
        NamedModel::Named(name) if !name.is_empty() => name,
        _ => return Err(HttpError::bad_request("model", "is required")),
    };
    let details = call.app.services.models.show_model(call.caller(), &name).await;
    let details = details.map_err(|error| call.error(&error))?;
    let capabilities = details.capabilities.unwrap_or_else(|| vec!["completion".to_owned()]);
    let mut info = details.model_info;
    if let Some(context) = details.context_length {
        info.entry("general.context_length").or_insert(context.into());
    }
    json_answer(&json!({
        "details": {
            "parent_model": "",
            "format": "",
            "family": details.family.unwrap_or_default(),
            "families": [],
            "parameter_size": details.parameter_size.unwrap_or_default(),
            "quantization_level": details.quantization.unwrap_or_default(),
        },
        "model_info": info,
        "capabilities": capabilities,
        "modified_at": details.modified_at,
    }))
}

/// A chat, a prompt, or embeddings.
pub(super) async fn run(call: &Call, request: &ForwardRequest) -> Answer {
    if request.only_loads() {
        let text = "This model server loads and unloads its models by itself";
        return Err(HttpError::new(StatusCode::NOT_IMPLEMENTED, "unsupported", text));
    }
    match request.route() {
        OllamaRoute::Chat => chat(call, request).await,
        OllamaRoute::Generate => generate(call, request).await,
        route => embed(call, request, route).await,
    }
}

async fn chat(call: &Call, request: &ForwardRequest) -> Answer {
    let mut ignored = Vec::new();
    let read: ChatRequest = json::parse(request.body(), &mut ignored)?;
    let Asked::Messages { mut chat, stream } = read.read(&call.app.options, &mut ignored)? else {
        return Err(HttpError::bad_request("messages", "is missing"));
    };
    options::apply(&mut chat, &mut ignored);
    let start =
        || call.app.services.chat.start_chat(call.caller(), *chat).map_err(|error| call.error(&error));
    answered(call, request, Form::Chat, stream, &ignored, start).await
}

async fn generate(call: &Call, request: &ForwardRequest) -> Answer {
    let (mut ignored, mut unused) = (Vec::new(), Vec::new());
    let prompt: PromptRequest = json::parse(request.body(), &mut unused)?;
    let read: ChatRequest = json::parse(request.body(), &mut ignored)?;
    ignored.retain(|field| !["suffix", "template", "raw", "context"].contains(&field.as_str()));
    ignored.extend(prompt.context.is_some().then(|| "context".to_owned()));
    let Asked::Prompt(mut chat) = read.read(&call.app.options, &mut unused)? else {
        return Err(HttpError::bad_request("prompt", "is missing"));
    };
    options::apply(&mut chat, &mut ignored);
    let ChatCall { mut messages, system, .. } = *chat.clone();
    let asked = messages.pop().unwrap_or_else(|| types::Message::text(types::Role::User, ""));
    let stream = request.is_streamed();
    let format_check = if stream { FormatCheck::AtEnd } else { FormatCheck::BeforeReply };
    let generate = GenerateCall {
        settings: ChatCall { messages: Vec::new(), system: None, format_check, ..*chat },
        prompt: asked.content,
        suffix: prompt.suffix,
        system,
        template: prompt.template,
        raw: prompt.raw == Some(true),
        images: asked.images,
    };
    let start =
        || call.app.services.chat.start_generate(call.caller(), generate).map_err(|error| call.error(&error));
    answered(call, request, Form::Prompt, stream, &ignored, start).await
}

async fn answered(
    call: &Call,
    request: &ForwardRequest,
    form: Form,
    stream: bool,
    ignored: &[String],
    start: impl FnOnce() -> Result<Arc<Task>, HttpError>,
) -> Answer {
    let route = if form == Form::Chat { "ollamaChat" } else { "ollamaGenerate" };
    let mut followed =
        idempotency::start(call, route, request.body(), false, || start().map(|task| vec![task]))?;
    let mut follower: Follower = followed.pop().ok_or_else(HttpError::internal)?;
    let id = follower.task().id.parse().ok();
    let mut response = if stream {
        follower.begun().await?;
        ndjson::response(follower, form, false)
    } else {
        let completion = follower.completion().await?;
        json_answer(&ndjson::whole(&completion, form, follower.has_credential()))?
    };
    if let Some(id) = id {
        response.headers_mut().insert(super::answer::COMPLETION_ID, id);
    }
    tell_ignored(&mut response, ignored);
    Ok(response)
}

async fn embed(call: &Call, request: &ForwardRequest, route: &OllamaRoute) -> Answer {
    let mut ignored = Vec::new();
    let body: EmbedBody = json::parse(request.body(), &mut ignored)?;
    ignored.retain(|field| field != "model");
    let is_older = *route == OllamaRoute::Embeddings;
    let input = match (body.input, body.prompt) {
        (_, Some(prompt)) if is_older => vec![prompt],
        (Some(Texts::One(text)), _) if !is_older => vec![text],
        (Some(Texts::Many(texts)), _) if !is_older => texts,
        _ => {
            let field = if is_older { "prompt" } else { "input" };
            return Err(HttpError::bad_request(field, "is missing; it must have text"));
        }
    };
    let model = match request.model() {
        NamedModel::Named(model) => model,
        NamedModel::Absent | NamedModel::Unreadable => String::new(),
    };
    options::ignore_all(body.options, &mut ignored);
    let keep_alive = keep_alive(body.keep_alive).map_err(|error| call.error(&error))?;
    let embed = EmbedRequest {
        truncate: body.truncate,
        dimensions: body.dimensions,
        keep_alive: keep_alive.map(KeepAlive::into_value),
        ..EmbedRequest::new(model, input)
    };
    let embedded = call.app.services.embeddings.embed(call.caller(), embed, |_| {});
    let embedded = until(&call.app.shutdown, embedded).await?.map_err(|error| call.error(&error))?;
    let made = &embedded.embeddings;
    let mut response = match made.vectors.first().filter(|_| is_older) {
        Some(vector) => json_answer(&EmbeddedOne { embedding: vector })?,
        None => json_answer(&Embedded {
            model: &made.model,
            embeddings: &made.vectors,
            prompt_eval_count: made.prompt_tokens,
        })?,
    };
    tell_ignored(&mut response, &ignored);
    Ok(response)
}
