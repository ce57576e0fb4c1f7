//! `POST /chat`.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Serialize;

use super::request::{Asked, ChatRequest};
use super::with_502;
use crate::attachments;
use crate::call::{Call, EVENTS, json_answer, tell_ignored};
use crate::error::HttpError;
use crate::follow::Follower;
use crate::hint;
use crate::ndjson::{self, Form};
use crate::route::{Answer, Content, Route, Tag};
use types::Scope;

const DESCRIPTION: &str = "One of three forms. With `messages` the answer is a stream of Ollama's own chunks, whose last one has `done: true` \
and the counts, or one object with `stream: false`; nothing is stored. With `message` it is a turn of a stored conversation; without `chat_id` \
a new one is made. With `prompt` it is one question. `options`, `format`, `think`, `tools` and `keep_alive` are Ollama's. \
`attachments` are ids of uploaded files, which the model reads with the newest message; a conversation keeps their names. The \
completion is cancelled when its caller goes.";

/// A turn of a stored conversation, or the answer to a prompt.
#[derive(Debug, Serialize, JsonSchema)]
struct Reply<'a> {
    response: &'a str,
    /// Of a turn
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success: Option<bool>,
    /// What was done that the request did not ask for; absent where there is nothing to tell
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

pub(super) fn route() -> Route {
    let ndjson = Content::of("application/x-ndjson").example(
        r#"{"model":"gemma3:4b","created_at":"2026-11-21T02:25:54.138845008Z","message":{"role":"assistant","content":"Hello"},"done":false}"#,
    );
    Route::post("/chat", |call| chat(call).boxed())
        .about("chat", Tag::ChatService, "Ask a model, or continue a stored conversation")
        .described(DESCRIPTION)
        .needs(Scope::Chat)
        .counted()
        .parameter("header", EVENTS, "`queue`: lines of the stream tell the place in the queue, in `queue`")
        .takes(Content::json::<ChatRequest>().example(r#"{"message":"Hello","chat_id":"trip-plans"}"#))
        .answers(200, "The reply", [Content::json::<Reply<'static>>(), ndjson])
}

async fn chat(mut call: Call) -> Answer {
    let (mut request, mut ignored) = call.json::<ChatRequest>().await?;
    let ids = request.attachments.take();
    let mut asked = request.read(&call.app.options, &mut ignored)?;
    asked.chat_mut().attachments = attachments::by_id(&call, ids).await?;
    let mut response = match asked {
        Asked::Messages { chat, stream } => {
            let task = call
                .app
                .services
                .chat
                .start_chat(call.caller(), *chat)
                .map_err(|error| call.error(&error))?;
            let mut follower = Follower::owning(&call, task)?;
            if stream {
                let shows_queue = call.wants_queue_events()?;
                if !shows_queue {
                    follower.begun().await.map_err(with_502)?;
                }
                ndjson::response(follower, Form::Chat, shows_queue)
            } else {
                let completion = follower.completion().await.map_err(with_502)?;
                json_answer(&ndjson::whole(&completion, Form::Chat, follower.has_credential()))?
            }
        }
        Asked::Turn(turn) => {
            if !call.identity.may(Scope::Conversations) {
                return Err(HttpError::forbidden("A stored conversation needs the scope conversations"));
            }
            let turns = &call.app.services.conversations;
            let task = turns.start_turn(call.caller(), *turn).map_err(|error| call.error(&error))?;
            reply(Follower::owning(&call, task)?).await?
        }
        Asked::Prompt(chat) => {
            let task = call
                .app
                .services
                .chat
                .start_chat(call.caller(), *chat)
                .map_err(|error| call.error(&error))?;
            reply(Follower::owning(&call, task)?).await?
        }
    };
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

async fn reply(mut follower: Follower) -> Answer {
    let completion = follower.completion().await.map_err(with_502)?;
    let chat_id = follower.reply().conversation();
    let warnings = completion.summary.warnings.iter();
    json_answer(&Reply {
        response: &completion.content,
        chat_id,
        success: chat_id.map(|_| true),
        warnings: warnings.map(|warning| hint::warning(warning, follower.has_credential())).collect(),
    })
}
