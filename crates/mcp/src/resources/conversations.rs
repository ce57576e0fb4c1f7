//! The stored conversations as resources: the list, and one by its id.

use rmcp::model::{CacheScope, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};

use super::contents::{JSON, contents};
use super::uri::{CONVERSATION_TEMPLATE, CONVERSATIONS};
use crate::answers::conversations::{ConversationAnswer, ConversationPage, markdown};
use crate::answers::to_pretty_json;
use service::{Caller, ServiceError, Services};

const MARKDOWN: &str = "text/markdown";

/// The list, as a resource.
pub(super) fn resource() -> Resource {
    Resource::new(CONVERSATIONS, "conversations")
        .with_title("Stored conversations")
        .with_description("The newest of the conversations that are kept on this machine")
        .with_mime_type(JSON)
}

/// The template.
pub(super) fn template() -> ResourceTemplate {
    ResourceTemplate::new(CONVERSATION_TEMPLATE, "conversation")
        .with_title("One conversation")
        .with_description("A stored conversation, as Markdown and as JSON")
        .with_mime_type(MARKDOWN)
}

/// Reads the list.
pub(super) async fn read_list(
    services: &Services,
    caller: &Caller,
    uri: &str,
) -> Result<ReadResourceResult, ServiceError> {
    let page = services.conversations.list(caller, None, None).await?;
    contents(uri, &ConversationPage::new(page), 0)
}

/// Reads a conversation.
pub(super) async fn read_one(
    services: &Services,
    caller: &Caller,
    uri: &str,
    id: &str,
) -> Result<ReadResourceResult, ServiceError> {
    let conversation = services.conversations.get(caller, id, None).await?;
    let json = to_pretty_json(&ConversationAnswer::from(&conversation))?;
    let page = ResourceContents::text(markdown(&conversation), uri).with_mime_type(MARKDOWN);
    let json = ResourceContents::text(json, uri).with_mime_type(JSON);
    Ok(ReadResourceResult::new(vec![page, json]).with_ttl_ms(0).with_cache_scope(CacheScope::Private))
}
