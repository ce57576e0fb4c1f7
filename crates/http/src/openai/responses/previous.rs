//! What a response continues: the items of the responses before it, from memory or from the disk.

use std::sync::Arc;

use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use openai::responses::{is_reference, item_id};
use serde_json::Value;

use super::object::Snapshot;
use super::record::{PREFIX, Record, bytes_of, reply_of};
use super::stored::{self, Stored};
use crate::call::Call;
use crate::error::HttpError;

/// Most responses of one conversation.
const MAX_TURNS: usize = 1000;

/// A response as a later one continues it. It holds those before it, so that a conversation lasts as long as its newest response.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) id: String,
    /// It is on disk.
    pub(super) is_stored: bool,
    pub(super) input: Arc<Vec<Value>>,
    pub(super) output: Vec<Value>,
    pub(super) previous: Option<Arc<Turn>>,
}

impl Turn {
    /// Its items and those before it, the oldest first.
    pub(super) fn items(self: &Arc<Self>) -> Vec<Value> {
        let turns = self.turns();
        let items = turns.iter().rev().flat_map(|turn| turn.input.iter().chain(&turn.output));
        items.cloned().collect()
    }

    /// It and those before it, the newest first.
    fn turns(self: &Arc<Self>) -> Vec<Arc<Self>> {
        std::iter::successors(Some(Arc::clone(self)), |turn| turn.previous.clone()).collect()
    }

    /// The items since the newest response that is on disk, and the id of that one.
    pub(super) fn not_on_disk(self: &Arc<Self>) -> (Vec<Value>, Option<String>) {
        let turns = self.turns();
        let stored = turns.iter().position(|turn| turn.is_stored);
        let newer = turns.get(..stored.unwrap_or(turns.len())).unwrap_or_default();
        let items = newer.iter().rev().flat_map(|turn| turn.input.iter().chain(&turn.output));
        let id = stored.and_then(|index| turns.get(index)).map(|turn| turn.id.clone());
        (items.cloned().collect(), id)
    }

    /// Estimated size in memory, with those before it.
    pub(super) fn bytes(self: &Arc<Self>) -> usize {
        let turns = self.turns();
        turns.iter().flat_map(|turn| turn.input.iter().chain(&turn.output)).map(bytes_of).sum()
    }
}

/// The response that a request continues.
///
/// # Errors
/// 400 for one that is unknown to the caller, 409 for one that still runs.
pub(super) async fn find(call: &Call, id: &str) -> Result<Arc<Turn>, HttpError> {
    let turn = load(call, id.to_owned(), 0).await?;
    turn.ok_or_else(|| not_found(id))
}

/// `None`: there is none.
fn load(call: &Call, id: String, depth: usize) -> BoxFuture<'_, Result<Option<Arc<Turn>>, HttpError>> {
    Box::pin(async move {
        if depth >= MAX_TURNS {
            let reason = format!(
                "continues a conversation of more than {MAX_TURNS} responses; send its items as input"
            );
            return Err(HttpError::bad_request("previous_response_id", reason));
        }
        if let Some(record) = call.app.responses.find(call.caller(), &id) {
            return match record.is_visible && !stored::was_deleted(call, &record).await? {
                true => in_memory(&record).map(Some),
                false => Ok(None),
            };
        }
        match stored::find(call, &id).await? {
            None => Ok(None),
            Some(Stored::Running { instance }) => Err(stored::elsewhere(&id, instance)),
            Some(Stored::Ended(row)) => {
                let previous = match row.after {
                    None => None,
                    Some(before) => {
                        let found = load(call, before.clone(), depth + 1).await?;
                        Some(found.ok_or_else(|| not_found(&before))?)
                    }
                };
                // Responses between the two that were in memory only.
                let previous = match row.context.is_empty() {
                    true => previous,
                    false => Some(Arc::new(Turn {
                        id: String::new(),
                        is_stored: false,
                        input: Arc::new(row.context),
                        output: Vec::new(),
                        previous,
                    })),
                };
                let output = match row.response.get("output") {
                    Some(Value::Array(output)) => output.clone(),
                    _ => Vec::new(),
                };
                Ok(Some(Arc::new(Turn { id, is_stored: true, input: Arc::new(row.input), output, previous })))
            }
        }
    })
}

fn in_memory(record: &Arc<Record>) -> Result<Arc<Turn>, HttpError> {
    let Some(task) = record.task() else { return Err(not_found(&record.id)) };
    let Some(reply) = reply_of(&task) else { return Err(HttpError::internal()) };
    if reply.outcome().is_none() {
        let text = format!("Response with id '{}' has not ended.", record.id);
        let mut error = HttpError::new(StatusCode::CONFLICT, "response_in_progress", text)
            .with_hint("Wait for its end, or cancel it, before you continue it.");
        error.param = Some("previous_response_id".to_owned());
        return Err(error);
    }
    Ok(Arc::new(Turn {
        id: record.id.clone(),
        is_stored: record.is_stored && record.not_stored.get().is_none(),
        input: Arc::clone(&record.input),
        output: Snapshot::of(record, reply).output_values(record),
        previous: record.previous.clone(),
    }))
}

fn not_found(id: &str) -> HttpError {
    let text = format!("Previous response with id '{id}' not found.");
    let mut error = HttpError::new(StatusCode::BAD_REQUEST, "previous_response_not_found", text).with_hint(
        "Responses are found for an hour after their end, those with store: true longer, those with store: false not at all.",
    );
    error.param = Some("previous_response_id".to_owned());
    error
}

/// Puts the items that are meant in the place of references.
///
/// # Errors
/// 404 for an item that is unknown to the caller.
pub(super) async fn resolve(
    call: &Call,
    input: &mut [Value],
    previous: Option<&Arc<Turn>>,
) -> Result<(), HttpError> {
    for (index, item) in input.iter_mut().enumerate().filter(|(_, item)| is_reference(item)) {
        let path = format!("input[{index}].id");
        let Some(id) = item_id(item).map(str::to_owned) else {
            return Err(HttpError::bad_request(&path, "is missing"));
        };
        let in_conversation =
            previous.and_then(|turn| turn.items().into_iter().find(|item| item_id(item) == Some(&id)));
        let found = match in_conversation {
            Some(found) => Some(found),
            None => elsewhere(call, &id).await?,
        };
        *item = found.ok_or_else(|| {
            let text = format!("Item with id '{id}' not found.");
            let mut error = HttpError::new(StatusCode::NOT_FOUND, "item_not_found", text);
            error.param = Some(path);
            error.with_hint("Items are found with their response; send the item itself.")
        })?;
    }
    Ok(())
}

/// An item of any response of the caller: its id has that of the response.
async fn elsewhere(call: &Call, id: &str) -> Result<Option<Value>, HttpError> {
    let Some(suffix) = id.split('_').nth(1) else { return Ok(None) };
    let Ok(Some(turn)) = load(call, format!("{PREFIX}{suffix}"), 0).await else { return Ok(None) };
    Ok(turn.items().into_iter().find(|item| item_id(item) == Some(id)))
}
