//! `POST /v1/messages/count_tokens`: an estimate, and that it is one.

use axum::http::HeaderValue;
use futures_util::FutureExt as _;
use serde::Serialize;

use super::messages::explained;
use super::request::Asked;
use crate::call::{Call, json_answer, tell_ignored};
use crate::route::{Answer, Content, Route, Tag};
use types::Scope;

const REQUEST: &str = r#"{"model":"qwen3:8b","messages":[{"role":"user","content":"Why is the sky blue?"}]}"#;
const RESPONSE: &str =
    r#"{"input_tokens":11,"ollama_mcp":{"is_estimate":true,"bytes_per_token":3.5,"is_measured":false}}"#;
const DESCRIPTION: &str = "An estimate: only the model server has the tokenizer of a model, and it counts no prompt without reading it. The texts, \
files and tools of the request are divided by the bytes that a token of this model had in earlier prompts, which this process has measured \
(`is_measured`), or by 3.5. The model is not loaded. The header `x-ollama-mcp-estimate` says that it is an estimate, too.";

/// Anthropic's object, and how the number was found.
#[derive(Debug, Serialize)]
struct Counted {
    input_tokens: u64,
    ollama_mcp: Estimate,
}

#[derive(Debug, Serialize)]
struct Estimate {
    is_estimate: bool,
    bytes_per_token: f64,
    is_measured: bool,
}

pub(super) fn route() -> Route {
    Route::post("/v1/messages/count_tokens", |call| count(call).boxed())
        .about("countMessageTokens", Tag::Anthropic, "Estimate the tokens of a prompt")
        .described(DESCRIPTION)
        .needs(Scope::Chat)
        .takes(Content::any_json().example(REQUEST))
        .answers(200, "About how many tokens it has", [Content::any_json().example(RESPONSE)])
}

async fn count(mut call: Call) -> Answer {
    let body = call.bytes().await?;
    let asked = Asked::read_to_count(&call, &body).await?;
    let model = asked.chat.model.clone();
    let estimate = call.app.services.chat.estimate_tokens(call.caller(), asked.chat).await;
    let estimate = estimate.map_err(|error| explained(call.error(&error), &call, model.as_deref()))?;
    let mut response = json_answer(&Counted {
        input_tokens: estimate.tokens,
        ollama_mcp: Estimate {
            is_estimate: true,
            bytes_per_token: (estimate.bytes_per_token * 100.0).round() / 100.0,
            is_measured: estimate.is_measured,
        },
    })?;
    response.headers_mut().insert("x-ollama-mcp-estimate", HeaderValue::from_static("true"));
    tell_ignored(&mut response, &asked.ignored);
    Ok(response)
}
