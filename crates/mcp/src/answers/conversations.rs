//! Stored conversations: as data and as Markdown.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::arguments::schema;
use service::conversations::{Conversation, Page, StoredMessage, Summary};
use text::sanitize;

/// A page of conversations.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ConversationPage {
    #[schemars(schema_with = "schema::objects")]
    conversations: Vec<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct Line {
    conversation_id: String,
    created: String,
    updated: String,
    messages: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    first_words: String,
}

/// One conversation.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ConversationAnswer {
    conversation_id: String,
    created: String,
    updated: String,
    /// Messages in all
    total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    /// role, content, created; of replies also reasoning, tool_calls, model, usage
    #[schemars(schema_with = "schema::objects")]
    messages: Vec<Value>,
}

impl ConversationPage {
    /// A page; `next_cursor` is absent at the end of the list.
    pub(crate) fn new(page: Page<Summary>) -> Self {
        let conversations = page.items.into_iter().map(|summary| Line {
            conversation_id: summary.id,
            created: time(summary.created),
            updated: time(summary.updated),
            messages: summary.total,
            model: summary.model,
            first_words: summary.first_words,
        });
        Self { conversations: conversations.collect(), next_cursor: page.next.map(|next| next.to_string()) }
    }

    /// The text of the answer.
    pub(crate) fn text(&self) -> String {
        if self.conversations.is_empty() {
            return "There are no conversations.".to_owned();
        }
        let lines = self.conversations.iter().map(|line| {
            let Line { conversation_id, updated, messages, model, first_words, .. } = line;
            let model = model.as_deref().map_or_else(|| "no model".to_owned(), sanitize::name);
            let first_words = sanitize::line(first_words);
            format!("- {conversation_id} ({updated}, {messages} messages, {model}): {first_words}")
        });
        let mut text = lines.collect::<Vec<_>>().join("\n");
        if let Some(cursor) = &self.next_cursor {
            text.push_str(&format!("\nMore with cursor {cursor:?}."));
        }
        text
    }
}

impl From<&Conversation> for ConversationAnswer {
    fn from(conversation: &Conversation) -> Self {
        Self {
            conversation_id: conversation.id.clone(),
            created: time(conversation.created),
            updated: time(conversation.updated),
            total: conversation.total,
            system: conversation.system.clone(),
            messages: conversation.messages.iter().map(message).collect(),
        }
    }
}

fn message(stored: &StoredMessage) -> Value {
    let mut message =
        json!({ "role": stored.role.as_str(), "content": stored.content, "created": time(stored.created) });
    let calls: Vec<_> = stored
        .tool_calls
        .iter()
        .map(|call| {
            json!({ "id": call.id, "type": "function", "function": { "name": call.name, "arguments": call.arguments } })
        })
        .collect();
    let usage = stored.prompt_tokens.or(stored.completion_tokens).map(
        |_| json!({ "prompt_tokens": stored.prompt_tokens, "completion_tokens": stored.completion_tokens }),
    );
    let more = [
        ("reasoning", stored.thinking.as_deref().map(Value::from)),
        ("tool_calls", (!calls.is_empty()).then(|| calls.into())),
        ("attachments", (!stored.attachments.is_empty()).then(|| stored.attachments.clone().into())),
        ("model", stored.model.as_deref().map(Value::from)),
        ("usage", usage),
    ];
    if let Value::Object(message) = &mut message {
        message.extend(more.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    }
    message
}

/// A conversation as Markdown.
pub(crate) fn markdown(conversation: &Conversation) -> String {
    let mut page = format!("# Conversation {}\n", conversation.id);
    if conversation.messages.len() < conversation.total {
        page.push_str(&format!(
            "\nThe last {} of {} messages.\n",
            conversation.messages.len(),
            conversation.total
        ));
    }
    if let Some(system) = conversation.system.as_ref().filter(|system| !system.is_empty()) {
        let system = without_headings_of_ours(system);
        page.push_str(&format!("\n## system\n\n{system}\n"));
    }
    for message in &conversation.messages {
        let model = message.model.as_deref().map(|model| format!(", {}", sanitize::name(model)));
        let model = model.unwrap_or_default();
        page.push_str(&format!("\n## {}{model}, {}\n\n", message.role.as_str(), time(message.created)));
        if !message.attachments.is_empty() {
            let names = message
                .attachments
                .iter()
                .map(|name| format!("`{}`", sanitize::name(name).replace('`', "?")));
            page.push_str(&format!("Attached: {}\n\n", names.collect::<Vec<_>>().join(", ")));
        }
        page.push_str(&without_headings_of_ours(&message.content));
        if !message.tool_calls.is_empty() {
            let calls: Vec<_> =
                message.tool_calls.iter().map(|call| json!([call.id, call.name, call.arguments])).collect();
            let calls = Value::from(calls);
            page.push_str(&format!("\n\nTools called: `{calls}`"));
        }
        page.push('\n');
    }
    page
}

/// Escapes lines that look like the heading of a message: only headings of ours may say who wrote what.
fn without_headings_of_ours(text: &str) -> String {
    let is_ours = |line: &str| {
        let title = line.trim_start().strip_prefix("##").map(str::trim_start).unwrap_or_default();
        ["system", "user", "assistant"].iter().any(|role| title.starts_with(role))
    };
    let shown = |line: &str| if is_ours(line) { format!("\\{}", line.trim_start()) } else { line.to_owned() };
    text.split_inclusive('\n').map(shown).collect()
}

/// A time as RFC 3339, in milliseconds.
fn time(time: SystemTime) -> String {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis())
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
        .unwrap_or_default()
}
