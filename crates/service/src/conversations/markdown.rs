//! A conversation as Markdown, for people: in parts, however long it is.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};

use super::{MessagePage, StoredMessage, shown_title};
use types::Role;

/// The title, the times and the system prompt, which come before the messages.
pub fn markdown_head(page: &MessagePage) -> String {
    let summary = &page.head.summary;
    let title = match shown_title(&page.head) {
        title if title.is_empty() => summary.id.clone(),
        title => title,
    };
    let mut text = format!("# {title}\n\n{} to {}\n\n", iso(summary.created), iso(summary.updated));
    if let Some(system) = page.system.as_ref().filter(|system| !system.is_empty()) {
        text.push_str(&format!("## System prompt\n\n{system}\n\n"));
    }
    text
}

/// One message, under a heading that says whose it is.
pub fn markdown(message: &StoredMessage) -> String {
    let who = match (message.role, &message.model) {
        (Role::User, _) => "User",
        (_, Some(model)) => model,
        (Role::Assistant, None) => "Assistant",
        (role, None) => role.as_str(),
    };
    let mut text = format!("## {who}, {}\n\n", iso(message.created));
    if !message.attachments.is_empty() {
        text.push_str(&format!("Files: {}\n\n", message.attachments.join(", ")));
    }
    text.push_str(message.content.trim_end());
    text.push_str("\n\n");
    text
}

/// A time of RFC 3339, in UTC.
pub fn iso(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Millis, true)
}
