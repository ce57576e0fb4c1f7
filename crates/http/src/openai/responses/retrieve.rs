//! `/v1/responses/{id}`: a response in its state now, its events, its input, its cancelling and deletion.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::create::{event_number, shown};
use super::record::{Record, Stage};
use super::stored::{self, Row, Stored};
use super::{not_found, replay, stream};
use crate::call::{Call, json_answer};
use crate::error::HttpError;
use crate::follow::Follower;
use crate::openai::stored::{Paging, page};
use crate::route::Answer;
use service::ErrorCode;
use service::stored_answers::RESPONSE;
use service::tasks::registry::Task;

/// How long a cancelled response may take to end.
const END_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize)]
struct Query {
    stream: Option<bool>,
    starting_after: Option<u64>,
}

/// A response of the caller.
enum Found {
    /// With its completion in memory.
    Here(Arc<Record>, Arc<Task>),
    Stored(Box<Row>),
}

/// # Errors
/// 404, also for those of others and those that are not kept; 409 for one that another instance makes.
async fn find(call: &Call) -> Result<Found, HttpError> {
    let id = call.path("id");
    if let Some(record) = call.app.responses.find(call.caller(), id) {
        return match record.task().filter(|_| record.is_visible) {
            Some(task) if !stored::was_deleted(call, &record).await? => Ok(Found::Here(record, task)),
            _ => Err(not_found(id)),
        };
    }
    match stored::find(call, id).await? {
        None => Err(not_found(id)),
        Some(Stored::Running { instance }) => Err(stored::elsewhere(id, instance)),
        Some(Stored::Ended(row)) => Ok(Found::Stored(row)),
    }
}

pub(super) async fn retrieve(call: Call) -> Answer {
    let query: Query = call.query()?;
    let found = find(&call).await?;
    if query.stream != Some(true) {
        return match found {
            Found::Here(record, task) => ended_or_now(&record, &task).await,
            Found::Stored(row) => json_answer(&row.response),
        };
    }
    // What a client asks for by hand wins over what its library repeats.
    let after = match query.starting_after {
        Some(after) => Some(after),
        None => call.header("last-event-id")?.map(|id| event_number("Last-Event-ID", id)).transpose()?,
    };
    match found {
        Found::Here(record, task) => {
            let follower = Follower::attached(&call, task, Default::default())?;
            let shows_queue = call.wants_queue_events()?;
            Ok(stream::response(Arc::clone(&call.app), follower, record, after, shows_queue))
        }
        Found::Stored(row) => Ok(replay::response(row.response, after)),
    }
}

/// The state now, or the end once it is on the disk.
async fn ended_or_now(record: &Record, task: &Task) -> Answer {
    if record.has_ended() {
        record.reached(Stage::Recorded).await;
        task.mark_seen();
    }
    json_answer(&shown(task, record)?)
}

pub(super) async fn input_items(call: Call) -> Answer {
    let query: HashMap<String, String> = call.query()?;
    let paging = Paging::newest_first(&query)?;
    let (before, input) = match find(&call).await? {
        Found::Here(record, _) => {
            let before = record.previous.as_ref().map(|turn| turn.items()).unwrap_or_default();
            (before, record.input.to_vec())
        }
        Found::Stored(row) => {
            let before = match &row.after {
                None => Vec::new(),
                Some(id) => super::previous::find(&call, id).await?.items(),
            };
            (before.into_iter().chain(row.context).collect(), row.input)
        }
    };
    let items = before.into_iter().chain(input);
    let named = items.map(|item| (openai::responses::item_id(&item).unwrap_or_default().to_owned(), item));
    json_answer(&page(named.collect(), paging, "item")?)
}

pub(super) async fn cancel(call: Call) -> Answer {
    match find(&call).await? {
        Found::Here(record, task) => {
            if record.has_ended() && !record.is_background {
                return Err(synchronous());
            }
            task.cancel();
            // One that does not end in time is shown as it is.
            let _ = tokio::time::timeout(END_WITHIN, task.ended()).await;
            ended_or_now(&record, &task).await
        }
        Found::Stored(row) if row.response.get("background") == Some(&Value::Bool(true)) => {
            json_answer(&row.response)
        }
        Found::Stored(_) => Err(synchronous()),
    }
}

fn synchronous() -> HttpError {
    let text = "Cannot cancel a synchronous response that has ended.";
    HttpError::new(StatusCode::BAD_REQUEST, "invalid_argument", text)
}

pub(super) async fn delete(call: Call) -> Answer {
    let id = call.path("id");
    if let Found::Here(record, task) = find(&call).await? {
        task.cancel();
        call.app.responses.remove(id);
        call.app.services.tasks.forget(call.caller(), id);
        if !record.is_stored {
            return deleted(id);
        }
        // What writes it has ended then.
        let _ = tokio::time::timeout(END_WITHIN, record.reached(Stage::Recorded)).await;
    }
    match call.app.services.stored_answers.delete(call.caller(), RESPONSE, id).await {
        Err(error) if error.code != ErrorCode::CompletionNotFound => Err(call.error(&error)),
        _ => deleted(id),
    }
}

fn deleted(id: &str) -> Answer {
    json_answer(&json!({ "id": id, "object": "response", "deleted": true }))
}
