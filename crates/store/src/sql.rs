//! The statements, in the SQL that SQLite and PostgreSQL share. Parameters are numbered in the order in which they first
//! occur: SQLite binds them in that order.

/// Of `owner`, `id`: system, created, updated, number of messages, last model, revision.
pub(crate) const CONVERSATION: &str = "
    SELECT c.system, c.created_ms, c.updated_ms,
           (SELECT count(*) FROM messages m WHERE m.owner = c.owner AND m.conversation_id = c.id),
           (SELECT m.model FROM messages m
            WHERE m.owner = c.owner AND m.conversation_id = c.id AND m.model IS NOT NULL
            ORDER BY m.seq DESC LIMIT 1),
           (SELECT coalesce(max(m.seq), 0) FROM messages m WHERE m.owner = c.owner AND m.conversation_id = c.id)
    FROM conversations c WHERE c.owner = $1 AND c.id = $2";

/// Of `owner`, `id`: the revision alone.
pub(crate) const REVISION: &str = "
    SELECT (SELECT coalesce(max(m.seq), 0) FROM messages m WHERE m.owner = c.owner AND m.conversation_id = c.id)
    FROM conversations c WHERE c.owner = $1 AND c.id = $2";

/// Of `owner`, `id`, limit: the messages, newest first.
pub(crate) const MESSAGES: &str = "
    SELECT role, content, thinking, tool_calls, attachments, model, prompt_tokens, completion_tokens, created_ms
    FROM messages WHERE owner = $1 AND conversation_id = $2 ORDER BY seq DESC LIMIT $3";

/// Of `owner`, the position after which the page starts (updated, id), limit: conversations, last updated first. Whether there
/// is a system prompt is 1 or 0: the databases have different booleans.
pub(crate) const PAGE: &str = "
    SELECT c.id, c.created_ms, c.updated_ms,
           (SELECT count(*) FROM messages m WHERE m.owner = c.owner AND m.conversation_id = c.id),
           (SELECT m.model FROM messages m
            WHERE m.owner = c.owner AND m.conversation_id = c.id AND m.model IS NOT NULL
            ORDER BY m.seq DESC LIMIT 1),
           (SELECT substr(m.content, 1, 100) FROM messages m
            WHERE m.owner = c.owner AND m.conversation_id = c.id ORDER BY m.seq LIMIT 1),
           CASE WHEN coalesce(c.system, '') = '' THEN 0 ELSE 1 END
    FROM conversations c
    WHERE c.owner = $1 AND (c.updated_ms, c.id) < ($2, $3)
    ORDER BY c.updated_ms DESC, c.id DESC LIMIT $4";

/// Of `owner`, `id`, system, created, updated: makes or updates a conversation. A clock that was set back does not make
/// a conversation older.
pub(crate) const PUT_CONVERSATION: &str = "
    INSERT INTO conversations (owner, id, system, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (owner, id) DO UPDATE SET
        system = excluded.system,
        updated_ms = CASE WHEN excluded.updated_ms > conversations.updated_ms
                          THEN excluded.updated_ms ELSE conversations.updated_ms END";

/// Of `owner`, `id`, then the columns in their order.
pub(crate) const PUT_MESSAGE: &str = "
    INSERT INTO messages (owner, conversation_id, role, content, thinking, tool_calls, attachments, model,
                          prompt_tokens, completion_tokens, created_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Of `owner`, `id`, count: the newest messages.
pub(crate) const DELETE_NEWEST: &str = "
    DELETE FROM messages WHERE seq IN
        (SELECT seq FROM messages WHERE owner = $1 AND conversation_id = $2 ORDER BY seq DESC LIMIT $3)";

/// Of `owner`, `id`. Its messages are deleted with it.
pub(crate) const DELETE: &str = "DELETE FROM conversations WHERE owner = $1 AND id = $2";
