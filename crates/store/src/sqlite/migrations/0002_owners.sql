-- Conversations are keyed by owner and id. What format 1 holds belongs to the local user.
-- Tables are made anew: SQLite cannot change a primary key or a foreign key.
ALTER TABLE messages RENAME TO messages_1;
ALTER TABLE conversations RENAME TO conversations_1;
CREATE TABLE conversations (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    system TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (owner, id)
) STRICT;
-- AUTOINCREMENT: a number that was given once is not given again, so it identifies a revision.
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    thinking TEXT,
    tool_calls TEXT,
    attachments TEXT,
    model TEXT,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    created_ms INTEGER NOT NULL,
    FOREIGN KEY (owner, conversation_id) REFERENCES conversations (owner, id) ON DELETE CASCADE
) STRICT;
INSERT INTO conversations (owner, id, system, created_ms, updated_ms)
    SELECT 'local', id, system, created_ms, updated_ms FROM conversations_1;
-- Messages of no conversation were visible to nobody; they would violate the foreign key.
INSERT INTO messages (seq, owner, conversation_id, role, content, thinking, tool_calls, attachments, model,
                      prompt_tokens, completion_tokens, created_ms)
    SELECT seq, 'local', conversation_id, role, content, thinking, tool_calls, attachments, model,
           prompt_tokens, completion_tokens, created_ms
    FROM messages_1 WHERE conversation_id IN (SELECT id FROM conversations_1);
-- The highest number given so far, which may be that of a deleted message.
DELETE FROM sqlite_sequence WHERE name = 'messages';
INSERT INTO sqlite_sequence (name, seq) SELECT 'messages', seq FROM sqlite_sequence WHERE name = 'messages_1';
DROP TABLE messages_1;
DROP TABLE conversations_1;
CREATE INDEX conversations_by_update ON conversations (owner, updated_ms DESC, id DESC);
CREATE INDEX messages_by_conversation ON messages (owner, conversation_id, seq);
