//! `POST /api/chat`, `/api/generate`, `/api/embed` and `/api/embeddings`.

use futures_util::FutureExt as _;

use super::answer::{self, COMPLETION_ID, WARNINGS};
use super::{over_core, reading};
use crate::call::Call;
use crate::error::HttpError;
use crate::idempotency;
use crate::route::{Answer, Content, Handler, Route, Tag};
use service::forwarding::OllamaRoute;
use types::Scope;

const CHAT: &str = "Request and answer are Ollama's own, byte for byte, but for the name of the model: without `model`, or with `default`, the default \
model answers, and an alias stands for its model. It takes its turn like every completion. The header `x-ollama-mcp-completion-id` of the answer has \
the id by which `/x/completions/{id}` finds it; `x-ollama-mcp-warnings` has what was done that the request did not ask for. It is cancelled when its \
caller goes; with an `Idempotency-Key` it goes on, and the same request with the same key gets the same bytes for an hour. A request without \
messages loads or unloads the model.";
const GENERATE: &str =
    "As `/api/chat`, for a bare prompt. A request without a prompt loads or unloads the model.";
const EMBED: &str = "As `/api/chat`, for the vectors of texts. It takes its turn, too.";
const EMBEDDINGS: &str = "The older form of `/api/embed`, for one text.";

pub(super) fn routes() -> Vec<Route> {
    let ndjson = || {
        Content::of("application/x-ndjson").example(
            r#"{"model":"gemma3:4b","created_at":"2026-11-21T02:25:54.138845008Z","message":{"role":"assistant","content":"Hello"},"done":false}"#,
        )
    };
    let answers = |route: Route| {
        route.counted().parameter(
            "header",
            "Idempotency-Key",
            "The same request with the same key is answered once",
        )
    };
    let post = |path, handler: Handler| answers(Route::post(path, handler));
    vec![
        post("/api/chat", |call| run(call, OllamaRoute::Chat, "ollamaChat").boxed())
            .about("ollamaChat", Tag::Ollama, "Ask a model, as Ollama's clients do")
            .described(CHAT)
            .needs(Scope::Chat)
            .takes(Content::any_json().example(r#"{"model":"qwen3:8b","messages":[{"role":"user","content":"Why is the sky blue?"}],"stream":false}"#))
            .answers(200, "The reply, or its chunks", [Content::any_json(), ndjson()]),
        post("/api/generate", |call| run(call, OllamaRoute::Generate, "ollamaGenerate").boxed())
            .about("ollamaGenerate", Tag::Ollama, "Continue a prompt, as Ollama's clients do")
            .described(GENERATE)
            .needs(Scope::Chat)
            .takes(Content::any_json().example(r#"{"model":"qwen3:8b","prompt":"The sky is","stream":false}"#))
            .answers(200, "The text, or its chunks", [Content::any_json(), Content::of("application/x-ndjson")]),
        post("/api/embed", |call| run(call, OllamaRoute::Embed, "ollamaEmbed").boxed())
            .about("ollamaEmbed", Tag::Ollama, "Make embeddings, as Ollama's clients do")
            .described(EMBED)
            .needs(Scope::Embed)
            .takes(Content::any_json().example(r#"{"model":"nomic-embed-text","input":["first text","second text"]}"#))
            .answers(200, "A vector for each text", [Content::any_json()]),
        post("/api/embeddings", |call| run(call, OllamaRoute::Embeddings, "ollamaEmbeddings").boxed())
            .about("ollamaEmbeddings", Tag::Ollama, "Make an embedding, as Ollama's older clients do")
            .described(EMBEDDINGS)
            .needs(Scope::Embed)
            .takes(Content::any_json().example(r#"{"model":"nomic-embed-text","prompt":"a text"}"#))
            .answers(200, "The vector", [Content::any_json()]),
    ]
}

async fn run(mut call: Call, route: OllamaRoute, name: &'static str) -> Answer {
    let given = reading::read(&mut call, route).await?;
    let request = reading::with_meant_model(&call, given.clone());
    let forwarding = &call.app.services.forwarding;
    if !forwarding.is_available() {
        return over_core::run(&call, &request).await;
    }
    if request.only_loads() {
        let loaded = answer::until(&call.app.shutdown, forwarding.load(call.caller(), &request)).await?;
        let loaded = loaded.map_err(|error| reading::refused(&call, &error, &request))?;
        return Ok(answer::whole(&call, loaded));
    }
    let warnings = request.warnings();
    let is_retained = call.header("idempotency-key")?.is_some();
    let start = || {
        let task = forwarding.start(call.caller(), request.clone(), is_retained);
        task.map(|task| vec![task]).map_err(|error| reading::refused(&call, &error, &request))
    };
    let mut followed = idempotency::start(&call, name, given.body(), false, start)?;
    let follower = followed.pop().ok_or_else(HttpError::internal)?;
    answer::completion(&call, follower, &warnings).await
}

/// The headers of answers that web pages may read.
pub(crate) const HEADERS: [&str; 2] = [COMPLETION_ID, WARNINGS];
