//! Turns of stored conversations, as events or as one answer. They go on when their caller leaves.

use axum::http::StatusCode;
use axum::http::header::ACCEPT;
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::completion_state::CompletionState;
use super::conversations::ID;
use super::events;
use crate::attachments;
use crate::call::{Call, json_answer, tell_ignored};
use crate::chat_fields::{ChatFields, has_text};
use crate::error::HttpError;
use crate::follow::Follower;
use crate::route::{Answer, Content, Route, Tag};
use crate::sse;
use service::conversations::TurnCall;
use types::Scope;

/// A turn of a conversation.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "TurnRequest")]
struct Request {
    /// What is said; with `replace_last` by default what was said before
    message: Option<String>,
    /// Whether it takes the place of the last question and its answer
    replace_last: bool,
    /// `true`: events, also by `Accept: text/event-stream`; else the whole answer
    stream: Option<bool>,
    /// `true`: 202 with the ids at once; `/x/completions/{id}` and `/x/events` have the answer
    background: bool,
    /// Absent: the one that answered last, or the default
    model: Option<String>,
    /// The system prompt from now on; "" for none
    system: Option<String>,
    /// Ollama's options, such as temperature and num_ctx
    options: Option<Map<String, Value>>,
    /// "json", or a JSON Schema
    format: Option<Value>,
    /// true, false, low, medium, high or max
    think: Option<Value>,
    /// How long the model stays loaded: "10m", seconds, -1 for ever
    keep_alive: Option<Value>,
    /// Ids of uploaded files that the model reads with the message; their names are stored
    attachments: Option<Vec<String>>,
}

/// A turn that goes on in the background.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TurnStarted")]
struct InBackground {
    /// Of the completion
    id: String,
    /// Of the conversation
    chat_id: String,
}

/// The first event: by these ids everything that follows is found again.
#[derive(Debug, Serialize)]
struct Started<'a> {
    r#type: &'static str,
    id: &'a str,
    chat_id: Option<&'a str>,
}

const DESCRIPTION: &str = "The turn is stored when it is complete, and goes on when its caller leaves: `/x/completions/{id}` has it then, and \
DELETE there stops it. Events have the `type` `start` (the `id` of the completion and the `chat_id`), and then those of `/x/completions/{id}`.";
const EXAMPLE: &str = r#"{"message":"Why is the sky blue?","stream":false}"#;

pub(super) fn routes() -> [Route; 2] {
    let events = || {
        Content::of("text/event-stream").example(
            "data: {\"type\":\"start\",\"id\":\"chatcmpl-1\",\"chat_id\":\"notes\"}\n\nid: c5.t0.k0\ndata: {\"type\":\"delta\",\"content\":\"Hello\"}\n\n",
        )
    };
    let turn = |route: Route| {
        route
            .described(DESCRIPTION)
            .needs(Scope::Chat)
            .counted()
            .takes(Content::json::<Request>().example(EXAMPLE))
            .answers(200, "The completion, or its events", [Content::json::<CompletionState>(), events()])
            .answers(202, "It goes on in the background", [Content::json::<InBackground>()])
    };
    [
        turn(Route::post("/x/conversations", |call| ask(call, None).boxed()).about(
            "startConversation",
            Tag::Own,
            "Ask in a new conversation",
        )),
        turn(
            Route::post("/x/conversations/{id}/turns", |call| {
                let id = call.path("id").to_owned();
                ask(call, Some(id)).boxed()
            })
            .about("continueConversation", Tag::Own, "Ask in a conversation, or ask again")
            .parameter("path", "id", ID),
        ),
    ]
}

async fn ask(mut call: Call, id: Option<String>) -> Answer {
    if !call.identity.may(Scope::Conversations) {
        return Err(HttpError::forbidden("A stored conversation needs the scope conversations"));
    }
    let turns = std::sync::Arc::clone(&call.app.services.conversations);
    if let Some(id) = &id {
        // A turn would make a conversation that does not exist.
        turns.whole_page(call.caller(), id, None, 0).await.map_err(|error| call.error(&error))?;
    }
    let (request, ignored) = call.json::<Request>().await?;
    let accepts = call.parts.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let accepts_events = accepts.is_some_and(|accept| accept.contains("text/event-stream"));
    let streams = request.stream.unwrap_or(accepts_events);
    if request.background && request.stream == Some(true) {
        return Err(HttpError::bad_request("stream", "is true, and so is background; give one of them"));
    }
    if request.background {
        call.app.services.tasks.allow_background(call.caller()).map_err(|error| call.error(&error))?;
    }
    let files = attachments::by_id(&call, request.attachments).await?;
    let prompt = request.message.unwrap_or_default();
    if id.is_none() && request.replace_last {
        return Err(HttpError::bad_request(
            "replace_last",
            "is true, and a new conversation has no turn yet",
        ));
    }
    if !request.replace_last {
        has_text("message", &prompt)?;
    }
    let mut chat = ChatFields {
        model: request.model,
        system: request.system,
        options: request.options,
        format: request.format,
        think: request.think,
        tools: None,
        keep_alive: request.keep_alive,
    }
    .read(&call.app.options)?;
    chat.attachments = files;
    let turn = TurnCall { conversation_id: id, prompt, replaces_last: request.replace_last, chat };
    let task = turns.start_turn(call.caller(), turn).map_err(|error| call.error(&error))?;
    let mut follower = Follower::staying(&call, task)?;
    if request.background {
        let id = follower.task().id.clone();
        let chat_id = follower.reply().conversation().unwrap_or_default().to_owned();
        let mut response = json_answer(&InBackground { id, chat_id })?;
        *response.status_mut() = StatusCode::ACCEPTED;
        tell_ignored(&mut response, &ignored);
        return Ok(response);
    }
    let mut response = if streams {
        if !call.wants_queue_events()? {
            follower.begun().await?;
        }
        let mut first = Vec::new();
        let (id, chat_id) = (follower.task().id.as_str(), follower.reply().conversation());
        sse::write_event(&mut first, None, &Started { r#type: "start", id, chat_id });
        events::of_reply(follower, first)
    } else {
        follower.completion().await?;
        json_answer(&CompletionState::of(follower.task(), follower.has_credential()))?
    };
    tell_ignored(&mut response, &ignored);
    Ok(response)
}
