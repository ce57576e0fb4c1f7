//! Everything that is stored as lines of JSON, from one database to another; and chats of the older service.
//!
//! The first line is the header, each other line one row or one conversation with its messages. Sessions, counters of
//! limits and the secrets of the server are left out: who signed in does so again.

mod chats_folder;
mod export;
mod import;
mod tables;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use types::{Role, ToolCall};

use super::{StoreError, StoredMessage, columns};

/// The format of the lines.
const FORMAT: u64 = 1;

/// Why moving failed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{path} cannot be {doing}: {reason}", path = path.display())]
    File { path: PathBuf, doing: &'static str, reason: io::Error },
    #[error("the export cannot be written: {0}")]
    Write(io::Error),
    #[error("it cannot be read: {0}")]
    Read(io::Error),
    #[error("it is no export of ollama-mcp: its first line has no \"ollama_mcp_export\"")]
    NoExport,
    #[error(
        "it is an export of format {found}; this version knows formats up to {FORMAT}: update ollama-mcp"
    )]
    Newer { found: u64 },
}

/// What was moved, by kind, as in `conversation`.
pub type Counts = BTreeMap<String, usize>;

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    pub added: Counts,
    /// What was there already, and was not changed.
    pub existing: Counts,
    /// What was not taken, and why, in the order of the input.
    pub skipped: Vec<String>,
    /// What was taken with a change.
    pub notes: Vec<String>,
}

impl Imported {
    fn count(&mut self, kind: &str, is_new: bool) {
        let counts = if is_new { &mut self.added } else { &mut self.existing };
        *counts.entry(kind.to_owned()).or_default() += 1;
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    ollama_mcp_export: u64,
    version: String,
}

/// A row of a table.
#[derive(Debug, Serialize, Deserialize)]
struct RowLine {
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    columns: HashMap<String, Json>,
}

/// A conversation with its messages.
#[derive(Debug, Serialize, Deserialize)]
struct ConversationLine {
    #[serde(rename = "type")]
    kind: String,
    owner: String,
    id: String,
    /// Exports of 0.1 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    messages: Vec<MessageLine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MessageLine {
    role: String,
    content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thinking: Option<String>,
    /// Each as id, name, arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<(String, String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    completion_tokens: Option<u64>,
    created_ms: i64,
}

impl From<StoredMessage> for MessageLine {
    fn from(message: StoredMessage) -> Self {
        let calls = message.tool_calls.into_iter().map(|call| (call.id, call.name, call.arguments));
        Self {
            role: message.role.as_str().to_owned(),
            content: message.content,
            thinking: message.thinking,
            tool_calls: calls.collect(),
            attachments: message.attachments,
            model: message.model,
            prompt_tokens: message.prompt_tokens,
            completion_tokens: message.completion_tokens,
            created_ms: columns::ms(message.created),
        }
    }
}

impl MessageLine {
    fn read(self) -> Result<StoredMessage, String> {
        let role: Role =
            columns::role(&self.role).ok_or_else(|| format!("the role {:?} is not known", self.role))?;
        let calls = self.tool_calls.into_iter().map(|(id, name, arguments)| ToolCall { id, name, arguments });
        Ok(StoredMessage {
            role,
            content: self.content,
            thinking: self.thinking,
            tool_calls: calls.collect(),
            attachments: self.attachments,
            model: self.model,
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.completion_tokens,
            created: columns::time(self.created_ms),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
