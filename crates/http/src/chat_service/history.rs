//! The stored conversations: a list, one of them, and deleting it.

use std::collections::{BTreeMap, HashSet};
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::request::check_chat_id;
use crate::call::{Call, json_answer};
use crate::route::{Answer, Content, Route, Tag};
use service::conversations::{Conversation, MAX_PAGE, Summary};
use types::Role;
use types::Scope;

/// Conversations of one answer; `next_cursor` gives the others.
const MAX_LISTED: usize = 10_000;
/// Text of one conversation, in bytes; older messages are left out, and counted in `omitted`.
const MAX_TEXT_BYTES: usize = 16 << 20;

/// The conversations of the caller, the last updated first.
#[derive(Debug, Serialize, JsonSchema)]
struct HistoryList {
    #[serde(serialize_with = "as_map")]
    #[schemars(with = "BTreeMap<String, ListedChat>")]
    chats: Vec<(String, ListedChat)>,
    success: bool,
    /// Where there are more than 10,000: `?cursor=` gives the next ones
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct ListedChat {
    created_at: String,
    last_updated: String,
    message_count: usize,
}

/// A conversation.
#[derive(Debug, Serialize, JsonSchema)]
struct ChatAnswer {
    chat_id: String,
    history: ChatHistory,
    success: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ChatHistory {
    created_at: String,
    last_updated: String,
    /// The system prompt first, without a timestamp; then the oldest message
    messages: Vec<ChatMessage>,
    /// Messages that are older, where they do not fit in the answer
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted: Option<usize>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct ChatMessage {
    role: &'static str,
    content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
}

/// That a conversation is gone.
#[derive(Debug, Serialize, JsonSchema)]
struct Deleted {
    message: String,
    success: bool,
}

#[derive(Debug, Deserialize)]
struct Query {
    cursor: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    let id = "The conversation: letters, digits, `-`, `_`";
    vec![
        Route::get("/chat/history", |call| list(call).boxed())
            .about("getChatHistory", Tag::ChatService, "The stored conversations, the last updated first")
            .needs(Scope::Conversations)
            .parameter("query", "cursor", "The `next_cursor` of the answer before")
            .answers(200, "The conversations", [Content::json::<HistoryList>()]),
        Route::get("/chat/history/{chat_id}", |call| get(call).boxed())
            .about("getChat", Tag::ChatService, "A stored conversation")
            .needs(Scope::Conversations)
            .parameter("path", "chat_id", id)
            .answers(200, "The conversation", [Content::json::<ChatAnswer>()]),
        Route::delete("/chat/delete/{chat_id}", |call| delete(call).boxed())
            .about("deleteChat", Tag::ChatService, "Delete a stored conversation")
            .needs(Scope::Conversations)
            .parameter("path", "chat_id", id)
            .answers(200, "It is gone", [Content::json::<Deleted>()]),
    ]
}

async fn list(call: Call) -> Answer {
    let mut cursor = call.query::<Query>()?.cursor;
    let conversations = &call.app.services.conversations;
    let mut chats: Vec<(String, ListedChat)> = Vec::new();
    // One that is continued meanwhile moves to the front, and is met twice if the list is read over its page again.
    let mut seen = HashSet::new();
    loop {
        let page = conversations.list(call.caller(), cursor.as_deref(), Some(MAX_PAGE)).await;
        let page = page.map_err(|error| call.error(&error))?;
        let new = page.items.into_iter().filter(|summary| seen.insert(summary.id.clone()));
        chats.extend(new.map(listed));
        cursor = page.next.map(|next| next.to_string());
        if cursor.is_none() || chats.len() >= MAX_LISTED {
            return json_answer(&HistoryList { chats, success: true, next_cursor: cursor });
        }
    }
}

async fn get(call: Call) -> Answer {
    let id = call.path("chat_id");
    check_chat_id(id)?;
    let found = call.app.services.conversations.get_end(call.caller(), id, None, MAX_TEXT_BYTES).await;
    let found = found.map_err(|error| call.error(&error))?;
    let chat_id = found.id.clone();
    json_answer(&ChatAnswer { chat_id, history: history(found), success: true })
}

async fn delete(call: Call) -> Answer {
    let id = call.path("chat_id");
    check_chat_id(id)?;
    let deleted = call.app.services.conversations.delete(call.caller(), id).await;
    deleted.map_err(|error| call.error(&error))?;
    json_answer(&Deleted { message: format!("Chat {id} deleted successfully"), success: true })
}

fn listed(summary: Summary) -> (String, ListedChat) {
    let chat = ListedChat {
        created_at: iso(summary.created),
        last_updated: iso(summary.updated),
        message_count: summary.total + usize::from(summary.has_system),
    };
    (summary.id, chat)
}

fn history(found: Conversation) -> ChatHistory {
    let omitted = found.total.saturating_sub(found.messages.len());
    let system = found.system.filter(|system| !system.is_empty());
    let system = system.map(|content| ChatMessage { role: Role::System.as_str(), content, timestamp: None });
    let messages = found.messages.into_iter().map(|message| ChatMessage {
        role: message.role.as_str(),
        content: message.content,
        timestamp: Some(iso(message.created)),
    });
    ChatHistory {
        created_at: iso(found.created),
        last_updated: iso(found.updated),
        messages: system.into_iter().chain(messages).collect(),
        omitted: Some(omitted).filter(|omitted| *omitted > 0),
    }
}

/// ISO 8601. The zone is `+00:00`, since Python before 3.11 does not read `Z`.
fn iso(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Millis, false)
}

fn as_map<S: Serializer>(chats: &[(String, ListedChat)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(chats.iter().map(|(id, chat)| (id, chat)))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use service::conversations::StoredMessage;

    use super::*;

    #[test]
    fn system_prompt_is_the_first_message_without_a_timestamp() {
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 5);
        let found = Conversation {
            id: "a".into(),
            system: Some("Be brief.".into()),
            created: at(1),
            updated: at(2),
            total: 3,
            model: None,
            revision: 1,
            messages: vec![StoredMessage::text(Role::User, "hello", at(1))],
        };
        let written = serde_json::to_string(&history(found)).unwrap();
        assert_eq!(
            written,
            r#"{"created_at":"1970-01-01T00:00:01.005+00:00","last_updated":"1970-01-01T00:00:02.005+00:00","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hello","timestamp":"1970-01-01T00:00:01.005+00:00"}],"omitted":2}"#
        );
    }

    #[test]
    fn system_prompt_is_counted() {
        let summary = |has_system| Summary {
            id: "a".into(),
            created: UNIX_EPOCH,
            updated: UNIX_EPOCH,
            total: 2,
            model: None,
            has_system,
            first_words: String::new(),
        };
        assert_eq!(listed(summary(true)).1.message_count, 3);
        assert_eq!(listed(summary(false)).1.message_count, 2);
    }
}
