//! Chats of the older service: a folder of JSON files, each with one chat or with many by their ids.
//!
//! `{"created_at", "last_updated", "messages": [{"role", "content", "timestamp"}]}`, or an object of such chats. Times may
//! lack a zone (they are taken as UTC) or be numbers of seconds. What cannot be read is named and left out.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDateTime};
use serde_json::{Map, Value as Json};
use types::{Owner, Role};

use super::{Imported, TransferError};
use crate::{Store, StoredMessage, Turn, columns};

const MAX_ID: usize = 64;

impl Store {
    /// Takes in the chats of a folder, or of one file, for an owner.
    ///
    /// # Errors
    /// The folder cannot be read, or the database fails. What was taken before stays.
    pub async fn import_chats(&self, owner: &Owner, path: &Path) -> Result<Imported, TransferError> {
        let unreadable = |reason| TransferError::File { path: path.to_owned(), doing: "read", reason };
        let mut files = Vec::new();
        if path.is_dir() {
            for entry in std::fs::read_dir(path).map_err(unreadable)? {
                files.push(entry.map_err(unreadable)?.path());
            }
            files.retain(|file| file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")));
            files.sort();
        } else {
            files.push(path.to_owned());
        }
        let mut imported = Imported::default();
        for file in files {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let shown = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = match std::fs::read(&file) {
                Ok(bytes) => bytes,
                Err(error) => {
                    imported.skipped.push(format!("{shown}: {error}"));
                    continue;
                }
            };
            // Windows editors begin a file with this mark.
            let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            match serde_json::from_slice(text) {
                Ok(json) => {
                    for (id, chat) in chats(&name, json) {
                        self.import_chat(owner, &shown, &id, &chat, &mut imported).await?;
                    }
                }
                Err(_) => imported.skipped.push(format!("{shown}: it is no JSON")),
            }
        }
        Ok(imported)
    }

    async fn import_chat(
        &self,
        owner: &Owner,
        file: &str,
        id: &str,
        chat: &Json,
        imported: &mut Imported,
    ) -> Result<(), TransferError> {
        let key = safe_id(id);
        if key != id {
            imported.notes.push(format!("{file}: the id {id:?} became {key:?}"));
        }
        let (system, messages, skipped) = messages(chat);
        imported.skipped.extend(skipped.iter().map(|reason| format!("{file}, chat {id:?}: {reason}")));
        if messages.is_empty() {
            imported.skipped.push(format!("{file}, chat {id:?}: it has no messages"));
            return Ok(());
        }
        let turn = Turn { id: key, after: None, replaces: 0, system, messages };
        let is_new = self.add_conversation(owner, turn).await?;
        imported.count("conversation", is_new);
        Ok(())
    }
}

/// The chats of a file by their ids: one with the name of the file, or many.
fn chats(name: &str, json: Json) -> Vec<(String, Json)> {
    let has_messages = |map: &Map<String, Json>| map.get("messages").is_some_and(Json::is_array);
    match json {
        Json::Object(map) if has_messages(&map) => {
            let id = ["chat_id", "id"].iter().find_map(|key| map.get(*key).and_then(Json::as_str));
            vec![(id.unwrap_or(name).to_owned(), Json::Object(map))]
        }
        // The answer of the service's own history, or its index.
        Json::Object(mut map) if map.get("history").is_some_and(Json::is_object) => {
            let id = map.get("chat_id").and_then(Json::as_str).unwrap_or(name).to_owned();
            vec![(id, map.remove("history").unwrap_or_default())]
        }
        Json::Object(mut map) if map.get("chats").is_some_and(Json::is_object) => {
            chats(name, map.remove("chats").unwrap_or_default())
        }
        Json::Object(map) => map.into_iter().collect(),
        other => vec![(name.to_owned(), other)],
    }
}

/// The system prompt, the messages, and what was left out.
fn messages(chat: &Json) -> (Option<String>, Vec<StoredMessage>, Vec<String>) {
    let list = chat.get("messages").or(Some(chat)).and_then(Json::as_array);
    let Some(list) = list else { return (None, Vec::new(), vec!["it is no list of messages".to_owned()]) };
    let mut time = chat.get("created_at").and_then(read_time).unwrap_or(UNIX_EPOCH);
    let (mut system, mut messages, mut skipped) = (None, Vec::new(), Vec::new());
    for (index, message) in list.iter().enumerate() {
        let number = index + 1;
        let role = message.get("role").and_then(Json::as_str).unwrap_or_default();
        let role = match role.to_ascii_lowercase().as_str() {
            "human" => Some(Role::User),
            "ai" | "bot" | "model" => Some(Role::Assistant),
            other => columns::role(other),
        };
        let content = message.get("content").and_then(text);
        match (role, content) {
            // The first one is that of the conversation.
            (Some(Role::System), Some(content)) if index == 0 => system = Some(content),
            (Some(role), Some(content)) => {
                time = message.get("timestamp").and_then(read_time).unwrap_or(time);
                let model = message.get("model").and_then(Json::as_str).map(ToOwned::to_owned);
                messages.push(StoredMessage { model, ..StoredMessage::text(role, content, time) });
            }
            (None, _) => skipped.push(format!("message {number} has no role that is known")),
            (_, None) => skipped.push(format!("message {number} has no text")),
        }
    }
    (system, messages, skipped)
}

/// A text, or the texts of a list of parts.
fn text(content: &Json) -> Option<String> {
    match content {
        Json::String(text) => Some(text.clone()),
        Json::Array(parts) => {
            let texts: Vec<_> = parts
                .iter()
                .filter_map(|part| part.get("text").or(Some(part)).and_then(Json::as_str))
                .collect();
            (!texts.is_empty()).then(|| texts.join("\n"))
        }
        _ => None,
    }
}

fn read_time(value: &Json) -> Option<SystemTime> {
    let ms = match value {
        Json::String(text) => {
            let text = text.trim().replacen(' ', "T", 1);
            let with_zone = DateTime::parse_from_rfc3339(&text).map(|time| time.timestamp_millis());
            with_zone.ok().or_else(|| {
                let plain = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
                Some(plain.and_utc().timestamp_millis())
            })?
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float that is too large becomes the largest integer"
        )]
        Json::Number(number) => (number.as_f64()? * 1000.0) as i64,
        _ => return None,
    };
    Some(UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).ok()?))
}

/// An id of letters, digits, `-` and `_`.
fn safe_id(id: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let id: String = id.chars().map(|c| if is_allowed(c) { c } else { '_' }).take(MAX_ID).collect();
    if id.is_empty() { "_".to_owned() } else { id }
}
