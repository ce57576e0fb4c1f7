//! `POST /v1/chat/completions`.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use futures_util::FutureExt as _;
use openai::ChatCompletionRequest;

use super::answer::Answer as Completed;
use super::recording::Recording;
use super::stream::{self, StreamOptions};
use crate::attachments;
use crate::call::{Call, EVENTS, json_answer, tell_ignored};
use crate::error::HttpError;
use crate::extras::Extras;
use crate::follow::Follower;
use crate::idempotency;
use crate::json;
use crate::route::{Answer, Content, Route, Tag};
use service::chat::request::ChatCall;
use service::chat::response_format::FormatCheck;
use service::tasks::registry::Task;
use service::tasks::reply::ReplyCursor;
use types::{Sampling, Scope};

/// Most choices of one request.
const MAX_CHOICES: u64 = 16;

const REQUEST: &str =
    r#"{"model":"qwen3:8b","messages":[{"role":"user","content":"Why is the sky blue?"}],"stream":true}"#;
const DESCRIPTION: &str = "`docs/openai-api.md` says what becomes of each field. Without `model`, or with `\"default\"`, the default model answers. \
With `stream` the answer is a stream of chunks that ends with `data: [DONE]`. The object `ollama_mcp` of the answer, or of the last chunk, has \
warnings, times, and where the model ran. The request stops when its caller goes; with an `Idempotency-Key` it goes on, and the same request with \
the same key gets the same answer for an hour.";

pub(super) fn route() -> Route {
    Route::post("/v1/chat/completions", |call| create(call).boxed())
        .about("createChatCompletion", Tag::OpenAi, "Ask a model")
        .described(DESCRIPTION)
        .needs(Scope::Chat)
        .counted()
        .parameter("header", "Idempotency-Key", "The same request with the same key is answered once")
        .parameter("header", "Last-Event-ID", "With that key: the event after which a stream goes on")
        .parameter(
            "header",
            "x-ollama-mcp-hold",
            "`true`: a reply with a schema is checked before any of it is sent",
        )
        .parameter("header", EVENTS, "`queue`: the stream tells the place in the queue")
        .takes(Content::json::<ChatCompletionRequest>().example(REQUEST))
        .answers(
            200,
            "The completion, or its chunks",
            [Content::any_json(), Content::of("text/event-stream")],
        )
}

async fn create(mut call: Call) -> Answer {
    let body = call.bytes().await?;
    let mut ignored = Vec::new();
    let mut request: ChatCompletionRequest = json::parse(&body, &mut ignored)?;
    if let Some(field) = request.unsupported_field() {
        return Err(unsupported(field));
    }
    let attachments = attachments::of_messages(&call, &mut request).await?;
    let metadata = request.metadata.take();
    let is_stored = request.store == Some(true);
    let mut asked = Asked::new(&call, request)?;
    asked.chat.attachments = attachments;
    let mut recording = None;
    let start = || {
        let tasks = asked.start(&call)?;
        recording = is_stored.then(|| Recording::start(&call, &tasks, &body, metadata.as_ref()));
        Ok(tasks)
    };
    let followed = idempotency::start(&call, "chat", &body, asked.background, start)?;
    let mut response = match asked.stream {
        Some(options) => streamed(&call, followed, options, recording).await?,
        None => whole(&call, followed, recording).await?,
    };
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

/// A request that was read and checked.
struct Asked {
    chat: ChatCall,
    choices: u64,
    stream: Option<StreamOptions>,
    background: bool,
}

impl Asked {
    fn new(call: &Call, mut request: ChatCompletionRequest) -> Result<Self, HttpError> {
        let choices = request.n.unwrap_or(1);
        if !(1..=MAX_CHOICES).contains(&choices) {
            return Err(HttpError::bad_request(
                "n",
                format!("is {choices}; it must be between 1 and {MAX_CHOICES}"),
            ));
        }
        let is_streamed = request.stream == Some(true);
        let include_usage = request.stream_options.and_then(|options| options.include_usage) == Some(true);
        if request.stream_options.is_some() && !is_streamed {
            return Err(HttpError::bad_request("stream_options", "is for streams; set stream to true"));
        }
        let shows_queue = call.wants_queue_events()?;
        request.model = call.app.options.model_meant_by(request.model.take());
        let background = request.background == Some(true);
        let mut chat = ChatCall::from_openai(request).map_err(|error| call.error(&error))?;
        if is_streamed && call.header("x-ollama-mcp-hold")? != Some("true") {
            chat.format_check = FormatCheck::AtEnd;
        }
        let stream = is_streamed.then_some(StreamOptions {
            include_usage,
            shows_queue,
            has_event_ids: false,
            after: ReplyCursor::default(),
        });
        Ok(Self { chat, choices, stream, background })
    }

    /// Starts a completion for each choice. With a seed each has another one: they would be the same otherwise.
    fn start(&self, call: &Call) -> Result<Vec<Arc<Task>>, HttpError> {
        let mut started: Vec<Arc<Task>> = Vec::new();
        for choice in 0..self.choices {
            let sampling = &self.chat.sampling;
            let seed = sampling.seed.map(|seed| seed.wrapping_add_unsigned(choice));
            let chat = ChatCall { sampling: Sampling { seed, ..sampling.clone() }, ..self.chat.clone() };
            match call.app.services.chat.start_chat(call.caller(), chat) {
                Ok(task) => started.push(task),
                Err(error) => {
                    started.iter().for_each(|task| task.cancel());
                    return Err(call.error(&error));
                }
            }
        }
        Ok(started)
    }
}

async fn whole(call: &Call, followed: Vec<Follower>, recording: Option<Recording>) -> Answer {
    let mut ended = Vec::with_capacity(followed.len());
    for mut one in followed {
        let completion = one.completion().await?;
        ended.push((Arc::clone(one.task()), completion));
    }
    let mut answer = Completed::of(&ended, call.identity.has_credential()).ok_or_else(HttpError::internal)?;
    if let Some(recording) = recording
        && let Some(error) = recording.failure().await
    {
        answer.warn(not_stored(&call.error(&error)));
    }
    let mut response = json_answer(&answer)?;
    tell_extras(response.headers_mut(), answer.extras());
    Ok(response)
}

async fn streamed(
    call: &Call,
    mut followed: Vec<Follower>,
    mut options: StreamOptions,
    recording: Option<Recording>,
) -> Answer {
    let only = match followed.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    options.has_event_ids = only.is_some_and(Follower::goes_on);
    if let Some(after) = call.header("last-event-id")?.filter(|_| options.has_event_ids) {
        options.after = after
            .parse()
            .map_err(|_| HttpError::bad_request("Last-Event-ID", "is no id of an event of this stream"))?;
    }
    if !options.shows_queue {
        for one in &mut followed {
            one.begun().await?;
        }
    }
    Ok(stream::response(Arc::clone(&call.app), followed, options, recording))
}

/// The warning where an answer could not be stored. The answer itself is not lost.
pub(super) fn not_stored(error: &HttpError) -> String {
    not_stored_text(&error.text())
}

pub(super) fn not_stored_text(reason: &str) -> String {
    format!("The answer is not stored: {reason}")
}

/// What a script reads without the body.
pub(super) fn tell_extras(headers: &mut HeaderMap, extras: &Extras<'_>) {
    extras.write_headers(headers);
    headers.insert("openai-processing-ms", HeaderValue::from(extras.timings().total_ms));
}

/// A field that asks for what no local model can do.
pub(super) fn unsupported(field: &str) -> HttpError {
    let mut error = HttpError::bad_request(field, "asks for what no local model can do; leave it out");
    error.code = "unsupported_parameter".into();
    error
}
