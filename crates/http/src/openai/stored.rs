//! `/v1/chat/completions/{id}` and its list: answers that were asked for with `store: true`.

use std::collections::{BTreeMap, HashMap};

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::call::{Call, json_answer, tell_ignored};
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use service::stored_answers::{AnswerQuery, CHAT_COMPLETION, StoredAnswer};
use types::Scope;

const ALL: &str = "/v1/chat/completions";
const ONE: &str = "/v1/chat/completions/{id}";
const ID: &str = "The `id` of an answer that was asked for with `store: true`";
const AFTER: &str = "The id after which the page starts";
const ORDER: &str = "`asc`, the oldest first, or `desc`";
/// Entries of a page, where the caller does not say, and at most.
const PAGE: usize = 20;
const MAX_PAGE: usize = 100;
/// OpenAI's limits of labels.
const MAX_LABELS: usize = 16;

/// New labels of a stored answer.
#[derive(Debug, Deserialize, JsonSchema)]
struct Update {
    /// Replaces the labels; null removes them
    metadata: Option<BTreeMap<String, String>>,
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(super) struct List {
    object: &'static str,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
    data: Vec<Value>,
}

pub(super) fn routes() -> Vec<Route> {
    let answer = || Content::any_json();
    vec![
        Route::get(ALL, |call| list(call).boxed())
            .about("listChatCompletions", Tag::OpenAi, "Stored answers of one's own")
            .described(
                "Those that were asked for with `store: true`. `metadata[NAME]=VALUE` selects by labels.",
            )
            .needs(Scope::Chat)
            .parameter("query", "model", "Only answers of this model")
            .parameter("query", "after", AFTER)
            .parameter("query", "limit", "1 to 100; 20 where it is absent")
            .parameter("query", "order", ORDER)
            .answers(200, "A page of the list", [answer()]),
        Route::get(ONE, |call| retrieve(call).boxed())
            .about("getChatCompletion", Tag::OpenAi, "A stored answer")
            .needs(Scope::Chat)
            .parameter("path", "id", ID)
            .answers(200, "The answer", [answer()]),
        Route::post(ONE, |call| update(call).boxed())
            .about("updateChatCompletion", Tag::OpenAi, "Replace the labels of a stored answer")
            .needs(Scope::Chat)
            .parameter("path", "id", ID)
            .takes(Content::json::<Update>().example(r#"{"metadata":{"topic":"weather"}}"#))
            .answers(200, "The answer", [answer()]),
        Route::delete(ONE, |call| delete(call).boxed())
            .about("deleteChatCompletion", Tag::OpenAi, "Delete a stored answer")
            .needs(Scope::Chat)
            .parameter("path", "id", ID)
            .answers(200, "It is deleted", [answer()]),
        Route::get("/v1/chat/completions/{id}/messages", |call| messages(call).boxed())
            .about("getChatCompletionMessages", Tag::OpenAi, "What was asked for a stored answer")
            .needs(Scope::Chat)
            .parameter("path", "id", ID)
            .parameter("query", "after", AFTER)
            .parameter("query", "limit", "1 to 100; 20 where it is absent")
            .parameter("query", "order", ORDER)
            .answers(200, "A page of the messages", [answer()]),
    ]
}

/// Where a page starts, and how long it is.
pub(super) struct Paging {
    after: Option<String>,
    limit: usize,
    newest_first: bool,
}

impl Paging {
    /// The oldest first where the caller does not say.
    fn of(query: &HashMap<String, String>) -> Result<Self, HttpError> {
        Self::read(query, false)
    }

    /// The newest first where the caller does not say.
    pub(super) fn newest_first(query: &HashMap<String, String>) -> Result<Self, HttpError> {
        Self::read(query, true)
    }

    fn read(query: &HashMap<String, String>, newest_first: bool) -> Result<Self, HttpError> {
        let limit = match query.get("limit") {
            None => PAGE,
            Some(limit) => {
                let read = limit.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit));
                read.ok_or_else(|| {
                    let reason = format!("is {limit:?}; it must be between 1 and {MAX_PAGE}");
                    HttpError::bad_request("limit", reason)
                })?
            }
        };
        let newest_first = match query.get("order").map(String::as_str) {
            None => newest_first,
            Some("asc") => false,
            Some("desc") => true,
            Some(order) => {
                let reason = format!("is {order:?}; it must be asc or desc");
                return Err(HttpError::bad_request("order", reason));
            }
        };
        Ok(Self { after: query.get("after").cloned(), limit, newest_first })
    }
}

async fn list(call: Call) -> Answer {
    let query: HashMap<String, String> = call.query()?;
    let Paging { after, limit, newest_first } = Paging::of(&query)?;
    let label = |(name, value): (&String, &String)| {
        let name = name.strip_prefix("metadata[")?.strip_suffix(']')?;
        Some((name.to_owned(), value.clone()))
    };
    let wanted = AnswerQuery {
        kind: CHAT_COMPLETION,
        model: call.app.options.model_meant_by(query.get("model").cloned()),
        metadata: query.iter().filter_map(label).collect(),
        after,
        newest_first,
        limit,
    };
    let list = call.app.services.stored_answers.list(call.caller(), wanted).await;
    let list = list.map_err(|error| call.error(&error))?;
    json_answer(&List {
        object: "list",
        first_id: list.answers.first().map(|answer| answer.id.clone()),
        last_id: list.answers.last().map(|answer| answer.id.clone()),
        has_more: list.has_more,
        data: list.answers.iter().map(object).collect::<Result<_, _>>()?,
    })
}

async fn retrieve(call: Call) -> Answer {
    json_answer(&object(&find(&call).await?)?)
}

async fn update(mut call: Call) -> Answer {
    let (Update { metadata }, ignored) = call.json().await?;
    if let Some(count) = metadata.as_ref().map(BTreeMap::len).filter(|count| *count > MAX_LABELS) {
        let reason = format!("has {count} entries; it may have {MAX_LABELS}");
        return Err(HttpError::bad_request("metadata", reason));
    }
    let metadata = metadata.and_then(|metadata| serde_json::to_string(&metadata).ok());
    let answers = &call.app.services.stored_answers;
    let updated = answers.set_metadata(call.caller(), CHAT_COMPLETION, call.path("id"), metadata).await;
    let mut response = json_answer(&object(&updated.map_err(|error| call.error(&error))?)?)?;
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

async fn delete(call: Call) -> Answer {
    let id = call.path("id");
    let deleted = call.app.services.stored_answers.delete(call.caller(), CHAT_COMPLETION, id).await;
    deleted.map_err(|error| call.error(&error))?;
    json_answer(&json!({ "object": "chat.completion.deleted", "id": id, "deleted": true }))
}

async fn messages(call: Call) -> Answer {
    let query: HashMap<String, String> = call.query()?;
    let paging = Paging::of(&query)?;
    let stored = find(&call).await?;
    let messages: Vec<Map<String, Value>> =
        serde_json::from_str(&stored.request).map_err(|_| HttpError::internal())?;
    let with_id = |(number, message): (usize, Map<String, Value>)| {
        let id = format!("{}-{number}", stored.id);
        let named = std::iter::once(("id".to_owned(), Value::from(id.clone()))).chain(message);
        (id, Value::Object(named.collect()))
    };
    json_answer(&page(messages.into_iter().enumerate().map(with_id).collect(), paging, "message")?)
}

/// A page of what is there, the oldest first, each with its id.
pub(super) fn page(mut items: Vec<(String, Value)>, paging: Paging, noun: &str) -> Result<List, HttpError> {
    let Paging { after, limit, newest_first } = paging;
    if newest_first {
        items.reverse();
    }
    if let Some(after) = after {
        let Some(last) = items.iter().position(|(id, _)| *id == after) else {
            return Err(HttpError::bad_request("after", format!("is {after:?}, which no {noun} here has")));
        };
        items.drain(..=last);
    }
    let has_more = items.len() > limit;
    items.truncate(limit);
    Ok(List {
        object: "list",
        first_id: items.first().map(|(id, _)| id.clone()),
        last_id: items.last().map(|(id, _)| id.clone()),
        has_more,
        data: items.into_iter().map(|(_, item)| item).collect(),
    })
}

async fn find(call: &Call) -> Result<StoredAnswer, HttpError> {
    let found = call.app.services.stored_answers.get(call.caller(), CHAT_COMPLETION, call.path("id")).await;
    found.map_err(|error| call.error(&error))
}

/// The answer as it was given, with its labels.
fn object(stored: &StoredAnswer) -> Result<Value, HttpError> {
    let mut answer: Map<String, Value> =
        serde_json::from_str(&stored.answer).map_err(|_| HttpError::internal())?;
    let labels = stored.metadata.as_deref().and_then(|labels| serde_json::from_str(labels).ok());
    answer.insert("metadata".to_owned(), labels.unwrap_or_else(|| json!({})));
    Ok(Value::Object(answer))
}
