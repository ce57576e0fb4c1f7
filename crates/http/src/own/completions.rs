//! `/x/completions/{id}`: the state of a completion, its events, and its end.

use std::time::Duration;

use axum::http::header::ACCEPT;
use futures_util::FutureExt as _;
use serde::Deserialize;

use super::completion_state::{CompletionState, find};
use super::events;
use crate::call::{Call, json_answer};
use crate::error::HttpError;
use crate::openai::response_on_disk;
use crate::route::{Answer, Content, Route, Tag};
use service::stored_answers::CHAT_COMPLETION;
use service::tasks::id;
use service::tasks::registry::TaskKind;
use service::tasks::reply::ReplyCursor;
use types::Scope;

/// How long a cancelled completion may take to end; only writing a turn takes time.
const END_WITHIN: Duration = Duration::from_secs(5);

const PATH: &str = "/x/completions/{id}";
const ID: &str = "The id of a completion of one's own; chunks of streams and answers have it as `id`";
const DESCRIPTION: &str = "The state as JSON; or, with `Accept: text/event-stream` or `?stream=true`, the events of the completion from the \
start, or after a position. Events have the `type` `delta` (new `content`, `reasoning`, `tool_calls`), `queue` (its `place`), or `state`, which \
is the last one and has the state. The `id` of an event is the position after it. It can be read for an hour after its end, by its owner alone, \
and as often as wanted (as a state: as long as it is stored, if it was asked for with `store: true`); leaving does not cancel it.";

#[derive(Debug, Deserialize)]
struct Query {
    stream: Option<bool>,
    after: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    let state = || Content::json::<CompletionState>();
    let events = Content::of("text/event-stream").example(
        "id: c5.t0.k0\ndata: {\"type\":\"delta\",\"content\":\"Hello\"}\n\nid: c5.t0.k0\ndata: {\"type\":\"state\",\"state\":{\"id\":\"chatcmpl-1\",\"status\":\"completed\"}}\n",
    );
    vec![
        Route::get(PATH, |call| get(call).boxed())
            .about("getCompletion", Tag::Own, "The state of a completion, or its events")
            .described(DESCRIPTION)
            .needs(Scope::Chat)
            .parameter("path", "id", ID)
            .parameter("query", "stream", "`true`: events")
            .parameter("query", "after", "The position after which the events start, as `Last-Event-ID`")
            .parameter("header", "Last-Event-ID", "The `id` of the last event that was received")
            .answers(200, "The state, or the events", [state(), events]),
        Route::post("/x/completions/{id}/stop", |call| stop(call).boxed())
            .about("stopCompletion", Tag::Own, "End a turn here; what it has generated is stored as its answer")
            .described("A turn that has no text yet is cancelled. Only turns of conversations are stored, so others are refused (400).")
            .needs(Scope::Chat)
            .parameter("path", "id", ID)
            .answers(200, "The state after its end", [state()]),
        Route::delete(PATH, |call| cancel(call).boxed())
            .about("cancelCompletion", Tag::Own, "Cancel a completion; what it has generated stays readable")
            .needs(Scope::Chat)
            .parameter("path", "id", ID)
            .answers(200, "The state after its end", [state()]),
    ]
}

async fn get(call: Call) -> Answer {
    let query: Query = call.query()?;
    let task = match find(&call) {
        Ok(task) => task,
        Err(error) => return stored(&call).await.unwrap_or(Err(error)),
    };
    let accepts = call.parts.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let accepts_events = accepts.is_some_and(|accept| accept.contains("text/event-stream"));
    if !query.stream.unwrap_or(accepts_events) {
        return json_answer(&CompletionState::of(&task, call.identity.has_credential()));
    }
    // What a client asks for by hand wins over what its library repeats.
    let (name, after) = match query.after.as_deref() {
        Some(after) => ("after", Some(after)),
        None => ("Last-Event-ID", call.header("last-event-id")?),
    };
    let after = after.map_or(Ok(ReplyCursor::default()), |after| {
        let reason = format!("is {after:?}; give the id of an event of this completion, such as c120.t4.k1");
        after.parse().map_err(|_| HttpError::bad_request(name, reason))
    })?;
    events::response(&call, task, after)
}

/// The state of a completion whose answer is stored, which every process finds.
async fn stored(call: &Call) -> Option<Answer> {
    let (answers, id) = (&call.app.services.stored_answers, call.path("id"));
    let chat = id::in_form(id, "chatcmpl-");
    if let Ok(stored) = answers.get(call.caller(), CHAT_COMPLETION, &chat).await {
        return Some(json_answer(&CompletionState::of_stored(&stored)?));
    }
    match response_on_disk(call, &id::in_form(id, "resp_")).await {
        Ok(response) => Some(json_answer(&CompletionState::of_response(chat, &response?))),
        // Another process makes it; where the database fails, what is in memory is not there, either.
        Err(error) => Some(Err(error)),
    }
}

async fn stop(call: Call) -> Answer {
    let task = find(&call)?;
    match &task.kind {
        TaskKind::Reply(reply) if reply.conversation().is_some() => reply.stop(),
        _ => {
            let error = HttpError::bad_request("id", "is not that of a turn of a conversation");
            return Err(error.with_hint("DELETE /x/completions/{id} cancels a completion."));
        }
    }
    let _ = tokio::time::timeout(END_WITHIN, task.ended()).await;
    json_answer(&CompletionState::of(&task, call.identity.has_credential()))
}

async fn cancel(call: Call) -> Answer {
    let task = find(&call)?;
    task.cancel();
    // One that does not end in time is shown as it is.
    let _ = tokio::time::timeout(END_WITHIN, task.ended()).await;
    json_answer(&CompletionState::of(&task, call.identity.has_credential()))
}
