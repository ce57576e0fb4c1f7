-- What a server for several callers stores: users, keys, sessions, files, usage.
-- The types are those that SQLite and PostgreSQL share; truth values are 0 and 1.
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    -- In lower case.
    email TEXT NOT NULL UNIQUE,
    -- Argon2id, as a PHC string.
    password_hash TEXT NOT NULL,
    is_admin INTEGER NOT NULL,
    is_disabled INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
-- A key belongs to a user, or has an owner of its own.
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    -- The first characters, by which people tell keys apart.
    prefix TEXT NOT NULL,
    -- SHA-256 of the key, in hexadecimal.
    hash TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- Names with spaces between them.
    scopes TEXT NOT NULL,
    -- A list as JSON; NULL allows all.
    models TEXT,
    requests_per_minute INTEGER,
    tokens_per_day INTEGER,
    concurrency INTEGER,
    priority INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    is_disabled INTEGER NOT NULL
) STRICT;
CREATE INDEX api_keys_by_user ON api_keys (user_id);
-- Who has signed in: by a token, or in a browser.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of what the browser sends; NULL for a token, which is signed.
    secret_hash TEXT,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);
-- Secrets that all processes share, such as the one that signs tokens.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
-- Counters by which a process learns that another one has changed something: `accounts`.
CREATE TABLE revisions (
    name TEXT PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO revisions (name, revision) VALUES ('accounts', 0);
-- Files that callers sent. The bytes are on disk, under the id.
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    -- The name that the sender gave, and the one under which it is fetched.
    name TEXT NOT NULL,
    filename TEXT NOT NULL UNIQUE,
    media_type TEXT NOT NULL,
    -- What it was sent for, in OpenAI's words: assistants, user_data ...
    purpose TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER
) STRICT;
CREATE INDEX uploads_by_owner ON uploads (owner, created_ms DESC, id DESC);
CREATE INDEX uploads_by_expiry ON uploads (expires_ms);
-- What was used, by day (YYYY-MM-DD, UTC).
CREATE TABLE usage (
    day TEXT NOT NULL,
    owner TEXT NOT NULL,
    -- Empty where no key was shown.
    key_id TEXT NOT NULL,
    model TEXT NOT NULL,
    requests INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    generation_ms INTEGER NOT NULL,
    PRIMARY KEY (day, owner, key_id, model)
) STRICT;
-- Requests and tokens of keys that have such a limit, by the window in which they were counted.
CREATE TABLE limit_counters (
    key_id TEXT NOT NULL,
    -- `requests` or `tokens`.
    kind TEXT NOT NULL,
    window_start_ms INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (key_id, kind)
) STRICT;
-- Answers that callers asked to be stored.
CREATE TABLE answers (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    -- The object that it is in OpenAI's API: `chat.completion`.
    kind TEXT NOT NULL,
    model TEXT NOT NULL,
    -- JSON: what was asked, what was answered, and the caller's own labels.
    request TEXT NOT NULL,
    answer TEXT NOT NULL,
    metadata TEXT,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX answers_by_owner ON answers (owner, kind, created_ms DESC, id DESC);
CREATE INDEX answers_by_creation ON answers (created_ms);
