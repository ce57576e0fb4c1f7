//! `/x/conversations`: the caller's stored conversations as a list with titles, a search, and each of them.

use futures_util::FutureExt as _;
use openai::messages::ToolCall;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::conversation_export::export;
use super::markdown;
use crate::call::{Call, json_answer};
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use service::conversations::markdown::iso;
use service::conversations::{StoredMessage, TitledSummary, shown_title};
use types::{Role, Scope};

/// A conversation in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConversationEntry")]
pub(super) struct Entry {
    id: String,
    /// Its own, or the first words of its first message
    title: String,
    /// Whether the title was given
    has_title: bool,
    created_at: String,
    /// When it was continued last; a new title is no update
    updated_at: String,
    /// How many messages it has, without the system prompt
    message_count: usize,
    /// The model that answered last
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

/// A page of the caller's conversations, the last updated first.
#[derive(Debug, Serialize, JsonSchema)]
struct ConversationPage {
    conversations: Vec<Entry>,
    /// Of the next page, as `before`; absent on the last one
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A conversation, with some of its messages.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConversationMessages")]
struct Messages {
    #[serde(flatten)]
    entry: Entry,
    /// The system prompt
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    /// Oldest first
    messages: Vec<MessageEntry>,
    /// How many are older than these: `before` with this number gives them
    older: usize,
}

/// A message.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConversationMessage")]
pub(super) struct MessageEntry {
    /// Its position, from 0
    index: usize,
    role: &'static str,
    content: String,
    /// An answer as safe HTML, block by block, where it was asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<Vec<String>>,
    /// What the model thought before it answered
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<String>,
    /// OpenAI's form
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Value>")]
    tool_calls: Vec<Value>,
    /// Names of the files that were sent with it
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<String>,
    /// The model that answered
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_tokens: Option<u64>,
    created_at: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConversationDeleted")]
struct Deleted<'a> {
    id: &'a str,
    deleted: bool,
}

/// What changes of a conversation.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "ConversationChange")]
struct Change {
    /// One line; "" takes it away
    title: Option<String>,
}

/// Where a copy ends.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "ConversationFork")]
struct Fork {
    /// The `index` of the first message that the copy does not have; absent: it has all
    at: Option<usize>,
    /// Of the copy; absent: that of the original
    title: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    query: Option<String>,
    before: Option<String>,
    limit: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct PageQuery {
    before: Option<usize>,
    limit: Option<u64>,
    #[serde(default)]
    html: bool,
}

const LIST: &str =
    "With `query` those that have each of its words in their title or in a message, in upper or lower case.";
const GET: &str =
    "The newest messages; `before` gives those before a position. Pages have 4 MiB of text at most.";
const DELETE: &str = "For good and immediately: a client that offers to undo it waits before it asks.";
const FORK: &str =
    "The copy is a conversation of its own. To edit a message, fork at its `index` and ask the copy.";

pub(super) const ID: &str = "The conversation: letters, digits, `-`, `_`";

pub(super) fn routes() -> Vec<Route> {
    let entry = || Content::json::<Entry>();
    vec![
        Route::get("/x/conversations", |call| list(call).boxed())
            .about("listConversations", Tag::Own, "Your conversations, the last updated first")
            .described(LIST)
            .needs(Scope::Conversations)
            .parameter("query", "query", "Words to look for")
            .parameter("query", "before", "The `next_cursor` of the page before")
            .parameter("query", "limit", "1 to 200, by default 50")
            .answers(200, "A page of them", [Content::json::<ConversationPage>()]),
        Route::get("/x/conversations/{id}", |call| get(call).boxed())
            .about("getConversation", Tag::Own, "A conversation with its newest messages")
            .described(GET)
            .needs(Scope::Conversations)
            .parameter("path", "id", ID)
            .parameter("query", "before", "A position: only older messages")
            .parameter("query", "limit", "1 to 200, by default 50")
            .parameter("query", "html", "`true`: answers also as safe HTML")
            .answers(200, "The conversation", [Content::json::<Messages>()]),
        Route::patch("/x/conversations/{id}", |call| rename(call).boxed())
            .about("renameConversation", Tag::Own, "Give a conversation a title")
            .needs(Scope::Conversations)
            .parameter("path", "id", ID)
            .takes(Content::json::<Change>().example(r#"{"title":"Trip to Kyoto"}"#))
            .answers(200, "The conversation", [entry()]),
        Route::delete("/x/conversations/{id}", |call| delete(call).boxed())
            .about("deleteConversation", Tag::Own, "Delete a conversation")
            .described(DELETE)
            .needs(Scope::Conversations)
            .parameter("path", "id", ID)
            .answers(200, "It is gone", [Content::json::<Deleted<'static>>()]),
        Route::post("/x/conversations/{id}/fork", |call| fork(call).boxed())
            .about("forkConversation", Tag::Own, "Copy a conversation up to a message")
            .described(FORK)
            .needs(Scope::Conversations)
            .parameter("path", "id", ID)
            .takes(Content::json::<Fork>().example(r#"{"at":4}"#))
            .answers(200, "The copy", [entry()]),
        Route::get("/x/conversations/{id}/export", |call| export(call).boxed())
            .about("exportConversation", Tag::Own, "A whole conversation as a file")
            .needs(Scope::Conversations)
            .parameter("path", "id", ID)
            .parameter("query", "format", "`markdown`, which is the default, or `json`")
            .answers(200, "The file", [Content::of("text/markdown"), Content::any_json()]),
    ]
}

async fn list(call: Call) -> Answer {
    let ListQuery { query, before, limit } = call.query()?;
    let found = call.app.services.conversations.list_titled(
        call.caller(),
        query.as_deref().unwrap_or_default(),
        before.as_deref(),
        limit,
    );
    let page = found.await.map_err(|error| call.error(&error))?;
    json_answer(&ConversationPage {
        conversations: page.items.iter().map(Entry::from).collect(),
        next_cursor: page.next.map(|next| next.to_string()),
    })
}

async fn get(call: Call) -> Answer {
    let PageQuery { before, limit, html } = call.query()?;
    let found = call.app.services.conversations.page(call.caller(), call.path("id"), before, limit).await;
    let page = found.map_err(|error| call.error(&error))?;
    let mut messages: Vec<_> = (page.start..).zip(page.messages).map(MessageEntry::of).collect();
    if html {
        render(&mut messages).await?;
    }
    json_answer(&Messages {
        entry: Entry::from(&page.head),
        system: page.system.filter(|system| !system.is_empty()),
        older: page.start,
        messages,
    })
}

/// Adds the HTML of the answers.
async fn render(messages: &mut [MessageEntry]) -> Result<(), HttpError> {
    let answers = || messages.iter().filter(|message| message.role == Role::Assistant.as_str());
    let texts = answers().map(|message| message.content.clone()).collect();
    let mut rendered = markdown::blocks(texts).await?.into_iter();
    for message in messages.iter_mut().filter(|message| message.role == Role::Assistant.as_str()) {
        message.html = rendered.next();
    }
    Ok(())
}

async fn rename(mut call: Call) -> Answer {
    let (change, _) = call.json::<Change>().await?;
    let conversations = &call.app.services.conversations;
    if let Some(title) = change.title {
        let renamed = conversations.rename(call.caller(), call.path("id"), &title).await;
        renamed.map_err(|error| call.error(&error))?;
    }
    entry(&call, call.path("id")).await
}

async fn delete(call: Call) -> Answer {
    let id = call.path("id");
    call.app.services.conversations.delete(call.caller(), id).await.map_err(|error| call.error(&error))?;
    json_answer(&Deleted { id, deleted: true })
}

async fn fork(mut call: Call) -> Answer {
    let (Fork { at, title }, _) = call.json::<Fork>().await?;
    let conversations = &call.app.services.conversations;
    let copy = conversations.fork(call.caller(), call.path("id"), at, title.as_deref()).await;
    let copy = copy.map_err(|error| call.error(&error))?;
    entry(&call, &copy).await
}

/// A conversation without its messages.
async fn entry(call: &Call, id: &str) -> Answer {
    let found = call.app.services.conversations.whole_page(call.caller(), id, None, 0).await;
    json_answer(&Entry::from(&found.map_err(|error| call.error(&error))?.head))
}

impl From<&TitledSummary> for Entry {
    fn from(found: &TitledSummary) -> Self {
        let summary = &found.summary;
        Self {
            id: summary.id.clone(),
            title: shown_title(found),
            has_title: found.title.is_some(),
            created_at: iso(summary.created),
            updated_at: iso(summary.updated),
            message_count: summary.total,
            model: summary.model.clone(),
        }
    }
}

impl MessageEntry {
    pub(super) fn of((index, message): (usize, StoredMessage)) -> Self {
        let calls = message.tool_calls.iter().map(ToolCall::from);
        Self {
            index,
            role: message.role.as_str(),
            content: message.content,
            html: None,
            reasoning: message.thinking,
            tool_calls: calls.filter_map(|call| serde_json::to_value(call).ok()).collect(),
            attachments: message.attachments,
            model: message.model,
            prompt_tokens: message.prompt_tokens,
            completion_tokens: message.completion_tokens,
            created_at: iso(message.created),
        }
    }
}
