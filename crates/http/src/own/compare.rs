//! `POST /x/compare`: one question to several models, side by side.

use axum::http::header::ACCEPT;
use futures_util::{FutureExt as _, Stream, StreamExt as _, future, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::completion_state::TimedState;
use crate::attachments;
use crate::call::{Call, json_answer, tell_ignored};
use crate::chat_fields::{ChatFields, has_text};
use crate::error::{Dialect, HttpError};
use crate::follow::{Follower, Step, shutting_down};
use crate::route::{Answer, Content, Route, Tag};
use crate::sse;
use service::tasks::reply::Phase;
use types::{Message, Role, Scope};

/// Most models of a comparison: more do not fit side by side.
const MAX_MODELS: usize = 4;

/// One question, and the models that answer it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "CompareRequest")]
struct Request {
    /// Two to four
    models: Vec<String>,
    prompt: String,
    /// System prompt; "" for none
    system: Option<String>,
    /// `true`: all at once; else one after another, which gives fair times
    together: bool,
    /// `true`: events, also by `Accept: text/event-stream`; else one answer
    stream: Option<bool>,
    /// Ollama's options, such as temperature and num_ctx
    options: Option<Map<String, Value>>,
    /// "json", or a JSON Schema
    format: Option<Value>,
    /// true, false, low, medium, high or max
    think: Option<Value>,
    /// How long the models stay loaded: "10m", seconds, -1 for ever
    keep_alive: Option<Value>,
    /// Ids of uploaded files that the models read with the prompt
    attachments: Option<Vec<String>>,
}

/// The answers, in the order of the models.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Comparison")]
struct Comparison {
    replies: Vec<TimedState>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Event<'a> {
    /// The completion of a model.
    Start {
        index: usize,
        model: Option<&'a str>,
        id: &'a str,
    },
    Queue {
        index: usize,
        place: usize,
    },
    Delta {
        index: usize,
        #[serde(skip_serializing_if = "str::is_empty")]
        content: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        reasoning: &'a str,
    },
    /// The end of a model's answer.
    Reply {
        index: usize,
        reply: Box<TimedState>,
    },
    Error(Value),
    Done,
}

const DESCRIPTION: &str = "Each answer is a completion of its own. Events have the `type` `start` (the `model` and the `id` of its completion), \
`queue` (its `place`), `delta` (new `content` and `reasoning`), `reply` (its whole answer and its times), each with the `index` of the model, and \
`done`. A model that fails is a reply with an `error`. All are cancelled when their caller goes.";

pub(super) fn route() -> Route {
    let events = Content::of("text/event-stream").example(
        "data: {\"type\":\"delta\",\"index\":0,\"content\":\"Hello\"}\n\ndata: {\"type\":\"done\"}\n\n",
    );
    let example = r#"{"models":["qwen3:8b","gemma3:4b"],"prompt":"Why is the sky blue?"}"#;
    Route::post("/x/compare", |call| compare(call).boxed())
        .about("compareModels", Tag::Own, "One question to two to four models, side by side")
        .described(DESCRIPTION)
        .needs(Scope::Chat)
        .counted()
        .takes(Content::json::<Request>().example(example))
        .answers(200, "The answers, or their events", [Content::json::<Comparison>(), events])
}

async fn compare(mut call: Call) -> Answer {
    let (request, ignored) = call.json::<Request>().await?;
    has_text("prompt", &request.prompt)?;
    if request.models.len() > MAX_MODELS {
        let reason = format!("has {}; it must have 2 to {MAX_MODELS} names", request.models.len());
        return Err(HttpError::bad_request("models", reason));
    }
    let accepts = call.parts.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let streams =
        request.stream.unwrap_or_else(|| accepts.is_some_and(|accept| accept.contains("text/event-stream")));
    let options = &call.app.options;
    let names = request.models.into_iter();
    let models: Vec<_> = names.filter_map(|name| options.model_meant_by(Some(name))).collect();
    let files = attachments::by_id(&call, request.attachments).await?;
    let mut chat = ChatFields {
        model: None,
        system: request.system,
        options: request.options,
        format: request.format,
        think: request.think,
        tools: None,
        keep_alive: request.keep_alive,
    }
    .read(&call.app.options)?;
    chat.messages = vec![Message::text(Role::User, request.prompt)];
    chat.attachments = files;
    let tasks = call.app.services.batches.start_each(call.caller(), &chat, &models, request.together);
    let tasks = tasks.map_err(|error| call.error(&error))?;
    let followers: Vec<_> =
        tasks.into_iter().map(|task| Follower::owning(&call, task)).collect::<Result<_, _>>()?;
    let mut response = if streams {
        sse::response(events(followers))
    } else {
        let replies = followers.into_iter().map(ended);
        json_answer(&Comparison { replies: future::try_join_all(replies).await? })?
    };
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

/// Waits for the end of an answer.
async fn ended(mut follower: Follower) -> Result<TimedState, HttpError> {
    loop {
        match follower.next().await {
            Step::Ended(outcome) if follower.ended_with_server(&outcome) => return Err(shutting_down()),
            Step::Ended(_) => return Ok(reply_of(&mut follower)),
            Step::ShuttingDown => return Err(shutting_down()),
            Step::Update(_) | Step::Silent => {}
        }
    }
}

/// The events of all answers, as they come, and the end.
fn events(followers: Vec<Follower>) -> impl Stream<Item = Vec<u8>> + Send + 'static {
    let each = followers.into_iter().enumerate().map(|(index, follower)| of_one(index, follower).boxed());
    let done = stream::once(async {
        let mut out = Vec::new();
        sse::write_event(&mut out, None, &Event::Done);
        out
    });
    stream::select_all(each).chain(done)
}

fn of_one(index: usize, follower: Follower) -> impl Stream<Item = Vec<u8>> + Send + 'static {
    let mut first = Vec::new();
    let start = Event::Start { index, model: follower.reply().model(), id: &follower.task().id };
    sse::write_event(&mut first, None, &start);
    stream::unfold((Some(follower), first), move |(follower, mut out)| async move {
        if !out.is_empty() {
            return Some((std::mem::take(&mut out), (follower, out)));
        }
        let mut follower = follower?;
        let goes_on = loop {
            match follower.next().await {
                Step::Update(update) => {
                    if !update.content.is_empty() || !update.thinking.is_empty() {
                        let (content, reasoning) = (&update.content, &update.thinking);
                        sse::write_event(&mut out, None, &Event::Delta { index, content, reasoning });
                        break true;
                    }
                    if let Phase::Queued(place) = update.phase {
                        sse::write_event(&mut out, None, &Event::Queue { index, place });
                        break true;
                    }
                }
                Step::Silent => {
                    out.extend_from_slice(sse::COMMENT);
                    break true;
                }
                Step::Ended(outcome) if follower.ended_with_server(&outcome) => {
                    let error = shutting_down().body(Dialect::OpenAi);
                    sse::write_event(&mut out, None, &Event::Error(error));
                    break false;
                }
                Step::Ended(_) => {
                    let reply = Box::new(reply_of(&mut follower));
                    sse::write_event(&mut out, None, &Event::Reply { index, reply });
                    break false;
                }
                Step::ShuttingDown => {
                    let error = shutting_down().body(Dialect::OpenAi);
                    sse::write_event(&mut out, None, &Event::Error(error));
                    break false;
                }
            }
        };
        Some((out, (goes_on.then_some(follower), Vec::new())))
    })
}

/// The answer of one model, or its error.
fn reply_of(follower: &mut Follower) -> TimedState {
    // Its end has reached the caller then.
    let _ = follower.outcome();
    TimedState::of(follower.task(), follower.reply(), follower.has_credential())
}
