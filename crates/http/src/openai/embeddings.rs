//! `POST /v1/embeddings`.

use futures_util::FutureExt as _;
use openai::embeddings::{EmbeddingsRequest, EmbeddingsResponse};
use serde::Serialize;
use serde_json::Value;

use crate::call::{Call, json_answer, tell_ignored};
use crate::follow::shutting_down;
use crate::route::{Answer, Content, Route, Tag};
use service::chat::validate::keep_alive;
use types::EmbedRequest;
use types::Scope;

const REQUEST: &str = r#"{"model":"nomic-embed-text","input":["first text","second text"]}"#;
const RESPONSE: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,0.2]}],"model":"nomic-embed-text","usage":{"prompt_tokens":2,"total_tokens":2}}"#;
const DESCRIPTION: &str = "`input` is a text or up to 2,048 texts. `encoding_format` is `float` or `base64` (little-endian 32-bit floats). Token arrays \
are refused: clients have a switch for it, such as `check_embedding_ctx_length=False` in LangChain. `truncate: false` refuses a text that is \
longer than the model's context; otherwise it is cut, and `ollama_mcp.warnings` tells it.";

/// OpenAI's answer, and what was done that the request did not ask for.
#[derive(Serialize)]
struct Embedded<'a> {
    #[serde(flatten)]
    response: EmbeddingsResponse<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ollama_mcp: Option<Extras<'a>>,
}

#[derive(Serialize)]
struct Extras<'a> {
    warnings: [&'a str; 1],
}

pub(super) fn route() -> Route {
    Route::post("/v1/embeddings", |call| create(call).boxed())
        .about("createEmbedding", Tag::OpenAi, "Make embeddings of texts")
        .described(DESCRIPTION)
        .needs(Scope::Embed)
        .counted()
        .takes(Content::any_json().example(REQUEST))
        .answers(200, "A vector for each text", [Content::any_json().example(RESPONSE)])
}

async fn create(mut call: Call) -> Answer {
    let (mut request, ignored) = call.json::<EmbeddingsRequest>().await?;
    let input = request.take_texts()?;
    let as_base64 = request.wants_base64()?;
    let keep_alive = keep_alive(request.keep_alive.take()).map_err(|error| call.error(&error))?;
    let model = call.app.options.model_meant_by(request.model.take()).unwrap_or_default();
    let embed = EmbedRequest {
        truncate: request.truncate,
        dimensions: request.dimensions,
        keep_alive: keep_alive.map(|keep_alive| -> Value { keep_alive.into_value() }),
        options: request.options.take().unwrap_or_default(),
        ..EmbedRequest::new(model, input)
    };
    let embedded = tokio::select! {
        embedded = call.app.services.embeddings.embed(call.caller(), embed, |_| {}) => embedded,
        () = call.app.shutdown.cancelled() => return Err(shutting_down()),
    };
    let embedded = embedded.map_err(|error| call.error(&error))?;
    let warning = embedded.warning.as_deref();
    let mut response = json_answer(&Embedded {
        response: EmbeddingsResponse::new(&embedded.embeddings, as_base64),
        ollama_mcp: warning.map(|warning| Extras { warnings: [warning] }),
    })?;
    tell_ignored(&mut response, &ignored);
    Ok(response)
}
