-- All tables. Integers, texts and bytes alone, so that statements are those of SQLite; texts are ordered by bytes.
CREATE TABLE ollama_mcp_format (format BIGINT NOT NULL);
INSERT INTO ollama_mcp_format (format) VALUES (0);
-- Conversations are keyed by owner and id.
CREATE TABLE conversations (
    owner TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    system TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (owner, id)
);
CREATE TABLE messages (
    -- A number that was given once is not given again, so it identifies a revision.
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner TEXT COLLATE "C" NOT NULL,
    conversation_id TEXT COLLATE "C" NOT NULL,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    thinking TEXT,
    tool_calls TEXT,
    attachments TEXT,
    model TEXT,
    prompt_tokens BIGINT,
    completion_tokens BIGINT,
    created_ms BIGINT NOT NULL,
    FOREIGN KEY (owner, conversation_id) REFERENCES conversations (owner, id) ON DELETE CASCADE
);
CREATE INDEX conversations_by_update ON conversations (owner, updated_ms DESC, id DESC);
CREATE INDEX messages_by_conversation ON messages (owner, conversation_id, seq);
-- Truth values are 0 and 1.
CREATE TABLE users (
    id TEXT COLLATE "C" PRIMARY KEY,
    -- In lower case.
    email TEXT COLLATE "C" NOT NULL UNIQUE,
    -- Argon2id, as a PHC string.
    password_hash TEXT NOT NULL,
    is_admin BIGINT NOT NULL,
    is_disabled BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);
-- A key belongs to a user, or has an owner of its own.
CREATE TABLE api_keys (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    -- The first characters, by which people tell keys apart.
    prefix TEXT NOT NULL,
    -- SHA-256 of the key, in hexadecimal.
    hash TEXT COLLATE "C" NOT NULL UNIQUE,
    owner TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
    -- Names with spaces between them.
    scopes TEXT NOT NULL,
    -- A list as JSON; NULL allows all.
    models TEXT,
    requests_per_minute BIGINT,
    tokens_per_day BIGINT,
    concurrency BIGINT,
    priority BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    is_disabled BIGINT NOT NULL
);
CREATE INDEX api_keys_by_user ON api_keys (user_id);
-- Who has signed in: by a token, or in a browser.
CREATE TABLE sessions (
    id TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of what the browser sends; NULL for a token, which is signed.
    secret_hash TEXT,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);
-- Secrets that all processes share, such as the one that signs tokens.
CREATE TABLE secrets (
    name TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);
-- Counters by which a process learns that another one has changed something: `accounts`.
CREATE TABLE revisions (
    name TEXT COLLATE "C" PRIMARY KEY,
    revision BIGINT NOT NULL
);
INSERT INTO revisions (name, revision) VALUES ('accounts', 0);
-- Files that callers sent. The bytes are on disk, under the id.
CREATE TABLE uploads (
    id TEXT COLLATE "C" PRIMARY KEY,
    owner TEXT COLLATE "C" NOT NULL,
    -- The name that the sender gave, and the one under which it is fetched.
    name TEXT NOT NULL,
    filename TEXT COLLATE "C" NOT NULL UNIQUE,
    media_type TEXT NOT NULL,
    -- What it was sent for, in OpenAI's words: assistants, user_data ...
    purpose TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT
);
CREATE INDEX uploads_by_owner ON uploads (owner, created_ms DESC, id DESC);
CREATE INDEX uploads_by_expiry ON uploads (expires_ms);
-- What was used, by day (YYYY-MM-DD, UTC).
CREATE TABLE usage (
    day TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    -- Empty where no key was shown.
    key_id TEXT COLLATE "C" NOT NULL,
    model TEXT COLLATE "C" NOT NULL,
    requests BIGINT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    generation_ms BIGINT NOT NULL,
    PRIMARY KEY (day, owner, key_id, model)
);
-- Requests and tokens of keys that have such a limit, by the window in which they were counted.
CREATE TABLE limit_counters (
    key_id TEXT COLLATE "C" NOT NULL,
    -- `requests` or `tokens`.
    kind TEXT COLLATE "C" NOT NULL,
    window_start_ms BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (key_id, kind)
);
-- Answers that callers asked to be stored.
CREATE TABLE answers (
    id TEXT COLLATE "C" PRIMARY KEY,
    owner TEXT COLLATE "C" NOT NULL,
    -- The object that it is in OpenAI's API: `chat.completion`.
    kind TEXT COLLATE "C" NOT NULL,
    model TEXT COLLATE "C" NOT NULL,
    -- JSON: what was asked, what was answered, and the caller's own labels.
    request TEXT NOT NULL,
    answer TEXT NOT NULL,
    metadata TEXT,
    created_ms BIGINT NOT NULL
);
CREATE INDEX answers_by_owner ON answers (owner, kind, created_ms DESC, id DESC);
CREATE INDEX answers_by_creation ON answers (created_ms);
