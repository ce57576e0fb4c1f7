//! The stored conversations as resources: the list, and one by its id.

use rmcp::model::{CacheScope, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};

use super::{JSON, contents};
use crate::mcp::tools::{ConversationAnswer, ListAnswer, markdown};
use crate::service::{Core, ServiceError};

const LIST: &str = "ollama://conversations";
const PREFIX: &str = "ollama://conversations/";
/// The template of one conversation.
pub(in crate::mcp) const TEMPLATE: &str = "ollama://conversations/{conversation_id}";
/// The argument of [`TEMPLATE`].
pub(in crate::mcp) const ARGUMENT: &str = "conversation_id";

const MARKDOWN: &str = "text/markdown";

/// The list, as a resource.
pub(super) fn resource() -> Resource {
    Resource::new(LIST, "conversations")
        .with_title("Stored conversations")
        .with_description("The newest of the conversations that are kept on this machine")
        .with_mime_type(JSON)
}

/// The template.
pub(super) fn template() -> ResourceTemplate {
    ResourceTemplate::new(TEMPLATE, "conversation")
        .with_title("One conversation")
        .with_description("A stored conversation, as Markdown and as JSON")
        .with_mime_type(MARKDOWN)
}

/// Reads the list or a conversation; `None` where the address is neither's.
pub(super) async fn read(core: &Core, uri: &str) -> Option<Result<ReadResourceResult, ServiceError>> {
    if uri.trim_end_matches('/') == LIST {
        let page = core.conversations(None, None).await;
        return Some(page.map(|page| contents(uri, &ListAnswer::from(page), 0)));
    }
    let id = uri.strip_prefix(PREFIX)?;
    Some(core.conversation(id, None).await.map(|conversation| {
        let json = serde_json::to_string_pretty(&ConversationAnswer::from(&conversation));
        let page = ResourceContents::text(markdown(&conversation), uri).with_mime_type(MARKDOWN);
        let json = ResourceContents::text(json.unwrap_or_default(), uri).with_mime_type(JSON);
        ReadResourceResult::new(vec![page, json]).with_ttl_ms(0).with_cache_scope(CacheScope::Private)
    }))
}
