-- The number of an owner is the upper part of the ids of what is theirs (ids.rs). It is not given again.
CREATE TABLE owners (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    -- The newest of its documents, which are numbered for each owner and never twice.
    newest INTEGER NOT NULL
);
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL,
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    cut INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    indexed_ms INTEGER NOT NULL,
    UNIQUE (key, owner)
);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    -- The first and the last line; a page has no last line.
    first INTEGER NOT NULL,
    last INTEGER,
    heading TEXT,
    text TEXT NOT NULL,
    -- Of heading and text: embeddings of the same ones are kept.
    digest BLOB NOT NULL
);
-- The words of passages, by their ids. The text is not stored again.
CREATE VIRTUAL TABLE words USING fts5 (
    terms, content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
);
-- Of one owner each.
CREATE TABLE models (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (owner, name)
);
CREATE TABLE vectors (
    passage INTEGER NOT NULL,
    model INTEGER NOT NULL,
    -- What the bytes of `numbers` are multiplied by.
    scale REAL NOT NULL,
    numbers BLOB NOT NULL,
    UNIQUE (passage, model)
);
-- One bit for each number of the vectors of up to 1024 passages, so that a search reads a tenth of the bytes.
CREATE TABLE signs (
    model INTEGER NOT NULL,
    -- Numbers in a vector.
    length INTEGER NOT NULL,
    block INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    bits BLOB NOT NULL
);
CREATE UNIQUE INDEX signs_by_block ON signs (model, length, block, passages);
CREATE INDEX signs_of_block ON signs (block);
-- How often passages were removed whose words are still in the file (purge.rs).
CREATE TABLE purge (removals INTEGER NOT NULL);
INSERT INTO purge (removals) VALUES (0);
