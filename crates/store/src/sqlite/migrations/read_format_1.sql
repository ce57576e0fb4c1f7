-- The tables of format 4 over a file of format 1, for a connection that cannot migrate it. A temporary view hides the
-- table of the same name.
PRAGMA temp_store = memory;
CREATE TEMP VIEW conversations AS
    SELECT 'local' AS owner, id, system, created_ms, updated_ms, NULL AS title FROM main.conversations;
CREATE TEMP VIEW messages AS
    SELECT seq, 'local' AS owner, conversation_id, role, content, thinking, tool_calls, attachments, model,
           prompt_tokens, completion_tokens, created_ms
    FROM main.messages;
