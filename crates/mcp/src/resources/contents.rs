//! The content of a resource as JSON.

use rmcp::model::{CacheScope, ReadResourceResult, ResourceContents};
use serde::Serialize;

use crate::answers::to_pretty_json;
use service::ServiceError;

pub(super) const JSON: &str = "application/json";

/// The content of `uri`, which clients may cache for `ttl_ms`.
///
/// # Errors
/// As of [`to_pretty_json`].
pub(super) fn contents(
    uri: &str,
    value: &impl Serialize,
    ttl_ms: u64,
) -> Result<ReadResourceResult, ServiceError> {
    let text = ResourceContents::text(to_pretty_json(value)?, uri).with_mime_type(JSON);
    Ok(ReadResourceResult::new(vec![text]).with_ttl_ms(ttl_ms).with_cache_scope(CacheScope::Private))
}
