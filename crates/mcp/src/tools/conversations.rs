//! Conversations as tools and resources answer them: as data and as Markdown.

use chrono::{DateTime, SecondsFormat};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::schema;
use service::conversations::{Conversation, StoredMessage, Summary};
use text::sanitize;

/// A page of conversations.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListAnswer {
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

impl From<(Vec<Summary>, Option<String>)> for ListAnswer {
    fn from((conversations, next_cursor): (Vec<Summary>, Option<String>)) -> Self {
        let conversations = conversations.into_iter().map(|summary| Line {
            conversation_id: summary.id,
            created: time(summary.created_ms),
            updated: time(summary.updated_ms),
            messages: summary.total,
            model: summary.model,
            first_words: summary.first_words,
        });
        Self { conversations: conversations.collect(), next_cursor }
    }
}

impl ListAnswer {
    /// The page for people.
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
            created: time(conversation.created_ms),
            updated: time(conversation.updated_ms),
            total: conversation.total,
            system: conversation.system.clone(),
            messages: conversation.messages.iter().map(message).collect(),
        }
    }
}

fn message(stored: &StoredMessage) -> Value {
    let mut message =
        json!({ "role": stored.role, "content": stored.content, "created": time(stored.created_ms) });
    let calls: Vec<(String, String, String)> =
        stored.tool_calls.as_deref().and_then(|calls| serde_json::from_str(calls).ok()).unwrap_or_default();
    let calls: Vec<_> = calls
        .iter()
        .map(|(id, name, arguments)| {
            json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
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

/// A conversation to be read.
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
        page.push_str(&format!("\n## {}{model}, {}\n\n", message.role, time(message.created_ms)));
        if !message.attachments.is_empty() {
            let names = message
                .attachments
                .iter()
                .map(|name| format!("`{}`", sanitize::name(name).replace('`', "?")));
            page.push_str(&format!("Attached: {}\n\n", names.collect::<Vec<_>>().join(", ")));
        }
        page.push_str(&without_headings_of_ours(&message.content));
        if let Some(calls) = &message.tool_calls {
            page.push_str(&format!("\n\nTools called: `{calls}`"));
        }
        page.push('\n');
    }
    page
}

/// A text in which no line looks like the beginning of a message: who said what is ours to say.
fn without_headings_of_ours(text: &str) -> String {
    let is_ours = |line: &str| {
        let title = line.trim_start().strip_prefix("##").map(str::trim_start).unwrap_or_default();
        ["system", "user", "assistant"].iter().any(|role| title.starts_with(role))
    };
    let shown = |line: &str| if is_ours(line) { format!("\\{}", line.trim_start()) } else { line.to_owned() };
    text.split_inclusive('\n').map(shown).collect()
}

/// Milliseconds of Unix time as RFC 3339.
fn time(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
        .unwrap_or_default()
}
