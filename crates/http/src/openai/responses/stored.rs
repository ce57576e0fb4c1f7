//! Responses on disk: written when they start and when they end, and found there after a restart and by other instances.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::object::{Shown, Snapshot};
use super::record::{Record, Stage, reply_of};
use crate::call::Call;
use crate::error::HttpError;
use crate::follow::shutting_down;
use crate::state::App;
use service::stored_answers::{MadeBy, RESPONSE, StoredAnswer};
use service::tasks::registry::Task;
use service::{ErrorCode, ServiceError};

/// A server that lost its connection to the database, at a restart of that, has its locks again by then.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// What was asked, as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Request<'a> {
    input: Cow<'a, [Value]>,
    /// The items before it that are in no other row.
    #[serde(default)]
    context: Vec<Value>,
    /// The response on disk that comes before those.
    after: Option<String>,
}

/// A response as it is stored.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    response: Body<'a>,
    /// The instance that makes it, until it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Shown(Box<Shown<'a>>),
    Failed(Value),
}

#[derive(Debug, Deserialize)]
struct StoredBody {
    response: Value,
    instance: Option<String>,
}

/// A response that is found on disk.
pub(super) enum Stored {
    Ended(Box<Row>),
    /// Another process makes it.
    Running {
        instance: String,
    },
}

/// A response that has ended, one way or another.
pub(super) struct Row {
    pub(super) response: Value,
    pub(super) input: Vec<Value>,
    pub(super) context: Vec<Value>,
    pub(super) after: Option<String>,
}

/// Writes a response when it starts and when it ends, in the background.
pub(super) fn record(app: &Arc<App>, record: &Arc<Record>, task: &Arc<Task>) {
    let (app, record, task) = (Arc::clone(app), Arc::clone(record), Arc::clone(task));
    let tracker = app.responses.recordings.clone();
    tracker.spawn(async move {
        if let Err(error) = write(&app, &record, &task).await {
            let shown = HttpError::from_service(&error, record.has_credential);
            // It is set once, here.
            let _ = record.not_stored.set(shown.text());
        }
        record.stage.send_replace(Stage::Recorded);
    });
}

async fn write(app: &App, record: &Record, task: &Task) -> Result<(), ServiceError> {
    let answers = &app.services.stored_answers;
    let (caller, id) = (&record.caller, record.id.as_str());
    let Some(reply) = reply_of(task) else { return Err(ServiceError::internal()) };
    // Held until the end is written.
    let _in_progress = answers.begin(caller, id).await;
    let (context, after) = record.previous.as_ref().map(|turn| turn.not_on_disk()).unwrap_or_default();
    let request = Request { input: Cow::from(record.input.as_slice()), context, after };
    let answer = {
        let snapshot = Snapshot::of(record, reply);
        let response = Body::Shown(Box::new(snapshot.shown(record, task)));
        json_text(&Answer { response, instance: Some(&app.options.instance) })?
    };
    let row = StoredAnswer {
        id: id.to_owned(),
        kind: RESPONSE.to_owned(),
        model: reply.model().unwrap_or_default().to_owned(),
        request: json_text(&request)?,
        answer,
        metadata: record.metadata.clone(),
        created: UNIX_EPOCH + Duration::from_secs(task.created),
    };
    drop(request);
    answers.put(caller, row).await?;
    record.stage.send_replace(Stage::Begun);
    let is_ending = tokio::select! {
        biased;
        () = app.shutdown.cancelled() => true,
        () = reply.ended() => false,
    };
    let (text, has_output) = {
        let snapshot = Snapshot::of(record, reply);
        let has_output = !snapshot.spans.list().is_empty();
        let shown = snapshot.shown(record, task);
        let response = match is_ending {
            false => Body::Shown(Box::new(shown)),
            true => Body::Failed(ended_with_server(serde_json::to_value(shown).unwrap_or_default())),
        };
        (json_text(&Answer { response, instance: None })?, has_output)
    };
    // Its caller got a status in place of an id.
    let failed_at_once = matches!(reply.outcome(), Some(Err(_))) && !has_output;
    if failed_at_once && !record.is_background && !is_ending {
        return answers.delete(caller, RESPONSE, id).await;
    }
    let model = reply.model().unwrap_or_default().to_owned();
    answers.replace(caller, (RESPONSE, id), model, text).await
}

fn json_text(value: &impl Serialize) -> Result<String, ServiceError> {
    serde_json::to_string(value).map_err(|_| ServiceError::internal())
}

/// The response of an id on disk; `None` where the caller has none.
///
/// # Errors
/// The database cannot be read.
pub(super) async fn find(call: &Call, id: &str) -> Result<Option<Stored>, HttpError> {
    match read(call, id).await? {
        None => Ok(None),
        Some((row, None)) => Ok(Some(Stored::Ended(Box::new(row)))),
        Some((_, Some(_))) => settled(call, id).await,
    }
}

/// The object of a response that is on disk; `None` where there is none.
///
/// # Errors
/// 409 for one that another process makes; the database cannot be read.
pub(crate) async fn response_on_disk(call: &Call, id: &str) -> Result<Option<Value>, HttpError> {
    match find(call, id).await? {
        None => Ok(None),
        Some(Stored::Ended(row)) => Ok(Some(row.response)),
        Some(Stored::Running { instance }) => Err(elsewhere(id, instance)),
    }
}

/// Whether a response that is in memory was on disk, and is not any more: another instance has deleted it.
///
/// # Errors
/// The database cannot be read.
pub(super) async fn was_deleted(call: &Call, record: &Record) -> Result<bool, HttpError> {
    let is_recorded = record.is_stored && *record.stage.borrow() == Stage::Recorded;
    if !is_recorded || record.not_stored.get().is_some() {
        return Ok(false);
    }
    let is_gone = read(call, &record.id).await?.is_none();
    if is_gone {
        call.app.responses.remove(&record.id);
    }
    Ok(is_gone)
}

/// Finds out whether a response that has no end is still made; if not, that is its end.
async fn settled(call: &Call, id: &str) -> Result<Option<Stored>, HttpError> {
    let mut has_looked = false;
    loop {
        let one_at_a_time = call.app.responses.settling.lock().await;
        let Some((mut row, instance)) = read(call, id).await? else { return Ok(None) };
        let Some(instance) = instance else { return Ok(Some(Stored::Ended(Box::new(row)))) };
        let answers = &call.app.services.stored_answers;
        let mark = match answers.made_by(call.caller(), id).await.map_err(|error| call.error(&error))? {
            MadeBy::Running(holder) => {
                return Ok(Some(Stored::Running { instance: holder.unwrap_or(instance) }));
            }
            MadeBy::Nobody(mark) => mark,
        };
        // Another one that lives, and has lost its connection to the database, is about to mark it again.
        if !has_looked && instance != call.app.options.instance {
            drop((mark, one_at_a_time));
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
            has_looked = true;
            continue;
        }
        row.response = ended_with_server(row.response);
        let model = row.response.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
        let text = json!({ "response": row.response }).to_string();
        if let Err(error) = answers.replace(call.caller(), (RESPONSE, id), model, text).await {
            // It is found out again the next time.
            tracing::warn!(code = error.code.as_str(), "the end of a response was not stored");
        }
        return Ok(Some(Stored::Ended(Box::new(row))));
    }
}

/// The row of a response, with the instance that made it where it has no end.
async fn read(call: &Call, id: &str) -> Result<Option<(Row, Option<String>)>, HttpError> {
    let found = call.app.services.stored_answers.get(call.caller(), RESPONSE, id).await;
    let row = match found {
        Ok(row) => row,
        Err(error) if error.code == ErrorCode::CompletionNotFound => return Ok(None),
        Err(error) => return Err(call.error(&error)),
    };
    let unreadable = |_| HttpError::internal();
    let StoredBody { response, instance } = serde_json::from_str(&row.answer).map_err(unreadable)?;
    let Request { input, context, after } = serde_json::from_str(&row.request).map_err(unreadable)?;
    Ok(Some((Row { response, input: input.into_owned(), context, after }, instance)))
}

/// A response that the end of its server has ended.
fn ended_with_server(mut response: Value) -> Value {
    let error = shutting_down();
    if let Some(fields) = response.as_object_mut() {
        fields.insert("status".to_owned(), "failed".into());
        let text = "The server ended while this response was generated. Ask again.";
        fields.insert("error".to_owned(), json!({ "code": "server_error", "message": text }));
        if let Some(beside) = fields.get_mut("ollama_mcp").and_then(Value::as_object_mut) {
            beside.insert("code".to_owned(), error.code.as_ref().into());
        }
        let output = fields.get_mut("output").and_then(Value::as_array_mut);
        for item in output.into_iter().flatten() {
            if item.get("status").and_then(Value::as_str) == Some("in_progress")
                && let Some(item) = item.as_object_mut()
            {
                item.insert("status".to_owned(), "incomplete".into());
            }
        }
    }
    response
}

/// Another process makes the response.
pub(super) fn elsewhere(id: &str, instance: String) -> HttpError {
    let text = format!("Response with id '{id}' is being generated by the instance {instance}");
    HttpError::new(StatusCode::CONFLICT, "response_elsewhere", text)
        .with_hint("Ask that instance, or wait until it has ended: then every instance has it.")
}
