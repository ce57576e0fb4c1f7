//! `POST /v1/messages`.

use futures_util::FutureExt as _;

use super::VERSION;
use super::answer::Answer as Written;
use super::request::{AnswerForm, Asked};
use super::stream::{self, StreamOptions};
use crate::call::{Call, EVENTS, json_answer, tell_ignored};
use crate::error::HttpError;
use crate::follow::Follower;
use crate::idempotency;
use crate::route::{Answer, Content, Route, Tag};
use settings::registry::SERVE_MODEL_ALIASES;
use types::Scope;

const REQUEST: &str =
    r#"{"model":"qwen3:8b","max_tokens":256,"messages":[{"role":"user","content":"Why is the sky blue?"}]}"#;
const RESPONSE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"qwen3:8b","content":[{"type":"text","text":"Because ..."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":16,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":40}}"#;
const EXAMPLE_EVENTS: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Because\"}}\n\n";
const DESCRIPTION: &str = "`docs/anthropic-api.md` says what becomes of each field, and how Claude Code is pointed here. `max_tokens` is required. Without \
`model`, or with `\"default\"`, the default model answers. A prompt that does not fit the context is refused, unless `truncation` is `auto` or \
`grow`. The object `ollama_mcp` of the answer, or of `message_delta`, has warnings, times, and where the model ran. The request stops when its \
caller goes; with an `Idempotency-Key` or `background: true` it goes on, and `GET /x/completions/{id}` has it.";

pub(super) fn route() -> Route {
    Route::post("/v1/messages", |call| create(call).boxed())
        .about("createMessage", Tag::Anthropic, "Ask a model")
        .described(DESCRIPTION)
        .needs(Scope::Chat)
        .counted()
        .parameter("header", VERSION, "Any version, or none")
        .parameter("header", "Idempotency-Key", "The same request with the same key is answered once")
        .parameter("header", "Last-Event-ID", "With that key: the event after which a stream goes on")
        .parameter(
            "header",
            "x-ollama-mcp-hold",
            "`true`: a reply with a schema is checked before any of it is sent",
        )
        .parameter("header", EVENTS, "`queue`: the stream tells the place in the queue")
        .takes(Content::any_json().example(REQUEST))
        .answers(
            200,
            "The message, or its events",
            [Content::any_json().example(RESPONSE), Content::of("text/event-stream").example(EXAMPLE_EVENTS)],
        )
}

async fn create(mut call: Call) -> Answer {
    let body = call.bytes().await?;
    let Asked { chat, form, is_streamed, background, ignored } = Asked::read(&call, &body).await?;
    let shows_queue = call.wants_queue_events()?;
    let input_tokens = call.app.services.chat.estimate_text(&chat).tokens;
    let model = chat.model.clone();
    let start = || {
        let task = call.app.services.chat.start_chat(call.caller(), chat);
        Ok(vec![task.map_err(|error| call.error(&error))?])
    };
    let started = idempotency::start(&call, "messages", &body, background, start)?;
    let one = started.into_iter().next().ok_or_else(HttpError::internal)?;
    let answer = match is_streamed {
        true => streamed(&call, one, StreamOptions { form, shows_queue, input_tokens, after: None }).await,
        false => whole(one, form).await,
    };
    let mut response = answer.map_err(|error| explained(error, &call, model.as_deref()))?;
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

/// The next step where a model of Anthropic's was asked for, as its clients do by themselves: no registry has one.
pub(super) fn explained(mut error: HttpError, call: &Call, model: Option<&str>) -> HttpError {
    if error.code == "model_not_found" && model.is_some_and(|model| model.starts_with("claude-")) {
        let list = "GET /v1/models lists the models that are here";
        error.hint = Some(match call.identity.has_credential() {
            true => format!("{list}; {} makes this name mean one of them.", SERVE_MODEL_ALIASES.env),
            false => format!("{list}."),
        });
    }
    error
}

async fn whole(mut one: Follower, form: AnswerForm) -> Answer {
    let completion = one.completion().await?;
    let answer = Written::of(one.task(), &completion, form, one.has_credential());
    let mut response = json_answer(&answer)?;
    answer.extras().write_headers(response.headers_mut());
    Ok(response)
}

async fn streamed(call: &Call, mut one: Follower, mut options: StreamOptions) -> Answer {
    if let Some(after) = call.header("last-event-id")?.filter(|_| one.goes_on()) {
        let after = after
            .parse()
            .map_err(|()| HttpError::bad_request("Last-Event-ID", "is no id of an event of this stream"))?;
        options.after = Some(after);
    }
    if !options.shows_queue {
        one.begun().await?;
    }
    Ok(stream::response(call, one, options))
}
