-- The index of uploads: documents, their passages, and embeddings of these. It is derived from the files, and goes with them.
CREATE TABLE indexed_documents (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- NULL: it is being replaced in this transaction.
    upload_id TEXT COLLATE "C" UNIQUE REFERENCES uploads (id) ON DELETE CASCADE,
    owner TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    hash BYTEA NOT NULL,
    size BIGINT NOT NULL,
    modified_ns BIGINT NOT NULL,
    cut BIGINT NOT NULL,
    passages BIGINT NOT NULL,
    indexed_ms BIGINT NOT NULL
);
CREATE INDEX indexed_documents_by_owner ON indexed_documents (owner);
CREATE TABLE passages (
    -- The id of the document, times 2^20, and the position in it.
    id BIGINT PRIMARY KEY,
    document BIGINT NOT NULL REFERENCES indexed_documents (id) ON DELETE CASCADE,
    -- The first and the last line; a page has no last line.
    first BIGINT NOT NULL,
    last BIGINT,
    heading TEXT,
    text TEXT NOT NULL,
    -- Of heading and text: embeddings of the same ones are kept.
    digest BYTEA NOT NULL,
    words TSVECTOR NOT NULL
);
CREATE INDEX passages_by_document ON passages (document);
CREATE INDEX passages_by_words ON passages USING GIN (words);
CREATE TABLE embeddings (
    passage BIGINT NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
    document BIGINT NOT NULL,
    model TEXT COLLATE "C" NOT NULL,
    -- Numbers in the vector.
    length BIGINT NOT NULL,
    -- The bits of a number of 32 bits, with which the bytes are multiplied.
    scale BIGINT NOT NULL,
    numbers BYTEA NOT NULL,
    -- One bit for each number, for the first pass of a search.
    signs BYTEA NOT NULL,
    PRIMARY KEY (passage, model)
);
CREATE INDEX embeddings_by_document ON embeddings (document, model, length);
