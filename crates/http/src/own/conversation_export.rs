//! A whole conversation as a file, in Markdown or JSON. It is read and sent in parts, however long it is.

use std::io;

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use bytes::Bytes;
use futures_util::stream;
use serde::{Deserialize, Serialize};

use super::conversations::MessageEntry;
use crate::call::Call;
use crate::download::disposition;
use crate::error::HttpError;
use crate::mount::{Body, Response};
use crate::route::Answer;
use service::conversations::markdown::{iso, markdown, markdown_head};
use service::conversations::{MessagePage, shown_title};

/// Messages that are read at a time.
const PART: usize = 100;
/// Characters of the name of the file.
const MAX_NAME: usize = 60;

#[derive(Debug, Deserialize)]
struct Query {
    #[serde(default)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Markdown,
    Json,
}

/// The file: its head now, and its messages as it is read.
pub(super) async fn export(call: Call) -> Answer {
    let format = call.query::<Query>()?.format;
    let first = call.app.services.conversations.whole_page(call.caller(), call.path("id"), Some(PART), PART);
    let first = first.await.map_err(|error| call.error(&error))?;
    let (ending, media_type) = match format {
        Format::Markdown => ("md", "text/markdown; charset=utf-8"),
        Format::Json => ("json", "application/json"),
    };
    let name = disposition(&format!("{}.{ending}", file_name(&first)));
    let total = first.head.summary.total;
    let parts = stream::try_unfold(Some((call, first)), move |next| async move {
        let Some((call, page)) = next else { return Ok::<_, io::Error>(None) };
        let end = page.start + page.messages.len();
        // What is added meanwhile is of a later export.
        let is_last = end >= total || page.messages.is_empty();
        let written = Bytes::from(format.part(page, is_last));
        if is_last {
            return Ok(Some((written, None)));
        }
        let conversations = &call.app.services.conversations;
        let until = total.min(end + PART);
        let following = conversations.whole_page(call.caller(), call.path("id"), Some(until), until - end);
        // The response has begun: its end tells that something is missing.
        let following = following.await.map_err(|_| io::Error::other("the conversation cannot be read"))?;
        Ok(Some((written, Some((call, following)))))
    });
    let mut response = Response::new(Body::from_stream(parts));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::try_from(name).map_err(|_| HttpError::internal())?);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// The title without what file systems refuse.
fn file_name(page: &MessagePage) -> String {
    let is_refused = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    let title = shown_title(&page.head);
    let name: String = title.chars().filter(|c| !is_refused(*c)).take(MAX_NAME).collect();
    let name = name.trim_matches([' ', '.']);
    if name.is_empty() { page.head.summary.id.clone() } else { name.to_owned() }
}

impl Format {
    /// A part of the file; the first one begins with the head.
    fn part(self, page: MessagePage, is_last: bool) -> String {
        let is_first = page.start == 0;
        match self {
            Self::Markdown => {
                let mut text = if is_first { markdown_head(&page) } else { String::new() };
                page.messages.iter().for_each(|message| text.push_str(&markdown(message)));
                text
            }
            Self::Json => {
                let mut text = if is_first { json_head(&page) } else { String::new() };
                for (index, message) in (page.start..).zip(page.messages) {
                    text.push_str(if index == 0 { "\n" } else { ",\n" });
                    // Texts and lists cannot fail.
                    let message = serde_json::to_string(&MessageEntry::of((index, message)));
                    text.push_str(&message.unwrap_or_default());
                }
                if is_last {
                    text.push_str("\n]}\n");
                }
                text
            }
        }
    }
}

/// Everything before the messages, and the beginning of their list.
fn json_head(page: &MessagePage) -> String {
    #[derive(Serialize)]
    struct Head<'a> {
        id: &'a str,
        title: String,
        created_at: String,
        updated_at: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        system: Option<&'a str>,
    }
    let summary = &page.head.summary;
    let head = Head {
        id: &summary.id,
        title: shown_title(&page.head),
        created_at: iso(summary.created),
        updated_at: iso(summary.updated),
        system: page.system.as_deref().filter(|system| !system.is_empty()),
    };
    let text = serde_json::to_string(&head).unwrap_or_default();
    format!("{},\"messages\":[", text.strip_suffix('}').unwrap_or_default())
}
