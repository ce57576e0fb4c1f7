//! `POST /v1/responses`.

use std::sync::Arc;

use openai::messages::FilePart;
use openai::responses::{ResponsesRequest, messages_of, read_input};
use serde_json::{Map, Value, json};

use super::object::{Snapshot, worded};
use super::previous::{self, Turn};
use super::record::{PREFIX, Record, Remembered, Stage, reply_of};
use super::{not_found, stored, stream};
use crate::attachments;
use crate::call::{Call, json_answer, tell_ignored};
use crate::error::HttpError;
use crate::extras::Extras;
use crate::follow::Follower;
use crate::idempotency;
use crate::json;
use crate::openai::chat::{tell_extras, unsupported};
use crate::route::Answer;
use service::chat::request::ChatCall;
use service::chat::response_format::FormatCheck;
use service::tasks::id::in_form;
use service::tasks::registry::Task;

pub(super) async fn create(mut call: Call) -> Answer {
    let body = call.bytes().await?;
    let mut ignored = Vec::new();
    let request: ResponsesRequest = json::parse(&body, &mut ignored)?;
    ignored.extend(request.ignored_parts());
    let asked = Asked::new(&call, request).await.map_err(worded)?;
    let (is_background, is_streamed) = (asked.remembered.is_background, asked.is_streamed);
    let shows_queue = asked.shows_queue;
    let start = || asked.start(&call).map_err(worded);
    let followed = idempotency::start(&call, "responses", &body, is_background, start)?;
    let follower = followed.into_iter().next().ok_or_else(HttpError::internal)?;
    let id = in_form(&follower.task().id, PREFIX);
    // One that was deleted is not given again.
    let record = call.app.responses.find(call.caller(), &id).ok_or_else(|| not_found(&id))?;
    record.reached(Stage::Begun).await;
    let mut response = match (is_streamed, is_background) {
        (true, _) => streamed(&call, follower, record, shows_queue).await?,
        (false, true) => json_answer(&shown(follower.task(), &record)?)?,
        (false, false) => whole(follower, &record).await?,
    };
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

/// The response as JSON, in its state now.
pub(super) fn shown(task: &Task, record: &Record) -> Result<Value, HttpError> {
    let reply = reply_of(task).ok_or_else(HttpError::internal)?;
    let snapshot = Snapshot::of(record, reply);
    serde_json::to_value(snapshot.shown(record, task)).map_err(|_| HttpError::internal())
}

async fn whole(mut follower: Follower, record: &Record) -> Answer {
    let completion = follower.completion().await.map_err(worded)?;
    record.reached(Stage::Recorded).await;
    let task = Arc::clone(follower.task());
    let mut response = json_answer(&shown(&task, record)?)?;
    tell_extras(response.headers_mut(), &Extras::of(&task, &completion, record.has_credential));
    Ok(response)
}

async fn streamed(call: &Call, mut follower: Follower, record: Arc<Record>, shows_queue: bool) -> Answer {
    let after = match call.header("last-event-id")?.filter(|_| record.has_event_ids) {
        Some(after) => Some(event_number("Last-Event-ID", after)?),
        None => None,
    };
    // The failure of one in the background is an event: it may come when nobody is there.
    if !shows_queue && !record.is_background {
        follower.begun().await.map_err(worded)?;
    }
    Ok(stream::response(Arc::clone(&call.app), follower, record, after, shows_queue))
}

/// The number of an event, as a caller gives it.
pub(super) fn event_number(name: &str, text: &str) -> Result<u64, HttpError> {
    let reason = "must be the sequence_number of an event of this response";
    text.parse().map_err(|_| HttpError::bad_request(name, reason))
}

/// A request that was read and checked.
struct Asked {
    chat: ChatCall,
    remembered: Remembered,
    is_streamed: bool,
    shows_queue: bool,
}

impl Asked {
    async fn new(call: &Call, mut request: ResponsesRequest) -> Result<Self, HttpError> {
        if let Some(field) = request.unsupported_field() {
            return Err(unsupported(field));
        }
        let is_background = request.background == Some(true);
        let is_streamed = request.stream == Some(true);
        if is_background && request.store == Some(false) {
            return Err(HttpError::bad_request(
                "store",
                "is false; a response in the background has to be stored",
            ));
        }
        if request.stream_options.is_some() && !is_streamed {
            return Err(HttpError::bad_request("stream_options", "is for streams; set stream to true"));
        }
        let shows_queue = call.wants_queue_events()?;
        request.model = call.app.options.model_meant_by(request.model.take());
        let previous = match request.previous_response_id.as_deref() {
            None => None,
            Some(id) => Some(previous::find(call, id).await?),
        };
        let mut input = match request.input.take() {
            Some(input) => read_input(input)?,
            None if previous.is_some() => Vec::new(),
            None => {
                return Err(HttpError::bad_request("input", "is missing; give a text, or an array of items"));
            }
        };
        previous::resolve(call, &mut input, previous.as_ref()).await?;
        let settings = settings(&request);
        let metadata = request.metadata.as_ref().and_then(|labels| serde_json::to_string(labels).ok());
        let is_visible = request.store != Some(false);
        let is_stored = is_background || request.store == Some(true);
        let instructions = request.instructions.take();
        let generation = request.chat().map_err(tool_error)?;
        let mut chat = chat_call(call, generation)?;
        let (messages, files) = conversation(previous.as_ref(), &input)?;
        if messages.is_empty() {
            return Err(HttpError::bad_request("input", "is empty; it must hold at least one item"));
        }
        chat.attachments = attachments::of_parts(call, files, messages.len()).await?;
        (chat.messages, chat.system) = (messages, instructions);
        if is_streamed && call.header("x-ollama-mcp-hold")? != Some("true") {
            chat.format_check = FormatCheck::AtEnd;
        }
        let remembered =
            Remembered { settings, input, previous, is_visible, is_background, is_stored, metadata };
        Ok(Self { chat, remembered, is_streamed, shows_queue })
    }

    fn start(&self, call: &Call) -> Result<Vec<Arc<Task>>, HttpError> {
        let started = call.app.services.chat.start_chat(call.caller(), self.chat.clone());
        let task = started.map_err(|error| call.error(&error))?;
        let record = Arc::new(Record::new(call, &task, self.remembered.clone()));
        call.app.responses.add(Arc::clone(&record));
        if record.is_stored {
            stored::record(&call.app, &record, &task);
        }
        Ok(vec![task])
    }
}

fn chat_call(call: &Call, mut generation: openai::ChatCompletionRequest) -> Result<ChatCall, HttpError> {
    let mut chat = ChatCall::generation(&mut generation).map_err(|error| call.error(&error))?;
    chat.model = generation.model.take();
    chat.tools = generation.tools.take().unwrap_or_default();
    Ok(chat)
}

/// A tool that only OpenAI's servers run is a parameter that is not supported.
fn tool_error(invalid: openai::InvalidArgument) -> HttpError {
    let is_tool = invalid.path.starts_with("tools[") && invalid.path.ends_with("].type");
    let mut error = HttpError::from(invalid);
    if is_tool {
        error.code = "unsupported_parameter".into();
    }
    error
}

/// The messages of what was said before and now, and their files.
fn conversation(
    previous: Option<&Arc<Turn>>,
    input: &[Value],
) -> Result<(Vec<types::Message>, Vec<FilePart>), HttpError> {
    let before = previous.map(Turn::items).unwrap_or_default();
    let paths: Vec<String> = (0..input.len()).map(|index| format!("input[{index}]")).collect();
    let before = before.iter().map(|item| ("previous_response_id", item));
    let now = paths.iter().map(String::as_str).zip(input);
    let conversation = messages_of(before.chain(now))?;
    Ok((conversation.messages, conversation.files))
}

/// The fields of the response that say what it was asked with.
fn settings(request: &ResponsesRequest) -> Map<String, Value> {
    let format = request.text.as_ref().and_then(|text| text.format.clone());
    let settings = json!({
        "background": request.background == Some(true),
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": null,
        "metadata": request.metadata.clone().unwrap_or_default(),
        "parallel_tool_calls": request.parallel_tool_calls.unwrap_or(true),
        "previous_response_id": request.previous_response_id,
        "reasoning": { "effort": request.effort(), "summary": null },
        "service_tier": "default",
        "store": request.store != Some(false),
        "temperature": request.temperature,
        "text": { "format": format.unwrap_or_else(|| json!({ "type": "text" })) },
        "tool_choice": request.tool_choice.clone().unwrap_or_else(|| "auto".into()),
        "tools": request.tools.clone().unwrap_or_default(),
        "top_logprobs": request.top_logprobs.unwrap_or(0),
        "top_p": request.top_p,
        "truncation": request.truncation(),
        "user": request.user,
    });
    match settings {
        Value::Object(settings) => settings,
        _ => Map::new(),
    }
}
