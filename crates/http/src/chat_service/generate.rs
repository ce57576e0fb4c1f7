//! `POST /api/v1/generate`: one prompt to the server's model.

use futures_util::{FutureExt as _, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::attachments;
use crate::call::{Call, EVENTS, json_answer, tell_ignored};
use crate::error::{Dialect, HttpError};
use crate::follow::{Follower, Step, shutting_down};
use crate::mount::Response;
use crate::route::{Answer, Content, Route, Tag};
use crate::sse;
use service::chat::request::ChatCall;
use types::{Message, Role, Scope};

/// A prompt to the server's model.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "PromptRequest")]
struct Request {
    prompt: Option<String>,
    /// true: events of text, `data: {}` at the end
    stream: Option<bool>,
    /// Ids of uploaded files that the model reads
    attachments: Option<Vec<String>>,
}

/// The text, or the next part of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PromptAnswer")]
struct Generated<'a> {
    response: &'a str,
}

pub(super) fn route() -> Route {
    let events = Content::of("text/event-stream").example("data: {\"response\":\"Hello\"}\n\ndata: {}\n");
    Route::post("/api/v1/generate", |call| generate(call).boxed())
        .about("generateText", Tag::ChatService, "Ask the server's model one question")
        .needs(Scope::Chat)
        .counted()
        .parameter("header", EVENTS, "`queue`: the stream tells the place in the queue")
        .takes(Content::json::<Request>().example(r#"{"prompt":"Why is the sky blue?","stream":false}"#))
        .answers(200, "The text", [Content::json::<Generated<'static>>(), events])
}

async fn generate(mut call: Call) -> Answer {
    let (request, ignored) = call.json::<Request>().await?;
    let prompt =
        request.prompt.ok_or_else(|| HttpError::bad_request("prompt", "is missing; it must be text"))?;
    if prompt.trim().is_empty() {
        return Err(HttpError::bad_request("prompt", "is empty; it must have text"));
    }
    let attachments = attachments::by_id(&call, request.attachments).await?;
    let messages = vec![Message::text(Role::User, prompt)];
    let chat = ChatCall { messages, attachments, ..ChatCall::default() };
    let task = call.app.services.chat.start_chat(call.caller(), chat).map_err(|error| call.error(&error))?;
    let mut follower = Follower::owning(&call, task)?;
    let mut response = if request.stream == Some(true) {
        let shows_queue = call.wants_queue_events()?;
        if !shows_queue {
            follower.begun().await?;
        }
        streamed(follower, shows_queue)
    } else {
        let completion = follower.completion().await?;
        json_answer(&Generated { response: &completion.content })?
    };
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

fn streamed(follower: Follower, shows_queue: bool) -> Response {
    sse::response(stream::unfold(Some(follower), move |follower| async move {
        let mut follower = follower?;
        let mut out = Vec::new();
        loop {
            let goes_on = match follower.next().await {
                Step::Update(update) if update.content.is_empty() => {
                    if shows_queue {
                        follower.write_place(&mut out, &update);
                    }
                    // Thinking is not shown here.
                    if out.is_empty() {
                        continue;
                    }
                    true
                }
                Step::Update(update) => {
                    sse::write_event(&mut out, None, &Generated { response: &update.content });
                    true
                }
                Step::Silent => {
                    out.extend_from_slice(sse::COMMENT);
                    true
                }
                Step::Ended(Ok(_)) => {
                    sse::write_event(&mut out, None, &json!({}));
                    false
                }
                Step::Ended(Err(error)) => {
                    let error = follower.failure(error);
                    sse::write_event(&mut out, None, &error.body(Dialect::ChatService));
                    false
                }
                Step::ShuttingDown => {
                    sse::write_event(&mut out, None, &shutting_down().body(Dialect::ChatService));
                    false
                }
            };
            return Some((out, goes_on.then_some(follower)));
        }
    }))
}
