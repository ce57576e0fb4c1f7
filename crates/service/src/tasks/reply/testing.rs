//! Completions for tests of other files.

use super::*;

/// A completion that failed after `text`.
pub(crate) fn ended_with(text: &str) -> Arc<ReplyBuffer> {
    let reply = ReplyBuffer::new(&Caller::local());
    reply.push_content(text);
    reply.end(Err(ServiceError::internal()));
    reply
}
