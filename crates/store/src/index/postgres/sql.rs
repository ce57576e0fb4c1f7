//! The statements. Lists are parameters of JSON; a document is found by its owner as well.

macro_rules! document {
    () => {
        "SELECT id, upload_id, name, hash, size, modified_ns, cut, passages, indexed_ms
         FROM indexed_documents WHERE owner = $1 AND upload_id IS NOT NULL"
    };
}

/// The ids of a list: those of the second parameter.
macro_rules! ids {
    () => {
        "(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST($2 AS JSON)))"
    };
}

/// Of owner and keys.
pub(super) const DOCUMENTS: &str = concat!(
    document!(),
    " AND upload_id IN (SELECT value FROM json_array_elements_text(CAST($2 AS JSON))) ORDER BY upload_id"
);

/// Of owner and prefix.
pub(super) const DOCUMENTS_BELOW: &str =
    concat!(document!(), " AND starts_with(upload_id, $2) ORDER BY upload_id");

/// Of owner and key: the document makes room for the one that replaces it, with which it is compared.
pub(super) const PARK: &str =
    "UPDATE indexed_documents SET upload_id = NULL WHERE owner = $1 AND upload_id = $2";

/// Of owner, key, and the other columns.
pub(super) const PUT: &str = "
    INSERT INTO indexed_documents (upload_id, owner, name, hash, size, modified_ns, cut, passages, indexed_ms)
    SELECT id, owner, $3, $4, $5, $6, $7, $8, $9 FROM uploads WHERE owner = $1 AND id = $2
    RETURNING id";

/// Of key and passages.
pub(super) const PUT_PASSAGES: &str = "
    INSERT INTO passages (id, document, first, last, heading, text, digest, words)
    SELECT d.id * 1048576 + p.position, d.id, p.first, p.last, p.heading, p.text, decode(p.digest, 'hex'),
           to_tsvector('english', p.terms)
    FROM indexed_documents d, json_to_recordset(CAST($2 AS JSON)) AS p
         (position BIGINT, first BIGINT, last BIGINT, heading TEXT, text TEXT, digest TEXT, terms TEXT)
    WHERE d.upload_id = $1";

/// Of owner and key: the document gets the embeddings of the one that it replaces, for passages with the same digest.
pub(super) const KEEP_EMBEDDINGS: &str = "
    INSERT INTO embeddings (passage, document, model, length, scale, numbers, signs)
    SELECT new.id, new.document, e.model, e.length, e.scale, e.numbers, e.signs
    FROM indexed_documents d
    JOIN passages new ON new.document = d.id
    JOIN (SELECT min(p.id) AS id, p.digest FROM passages p JOIN indexed_documents o ON o.id = p.document
          WHERE o.owner = $1 AND o.upload_id IS NULL GROUP BY p.digest) old ON old.digest = new.digest
    JOIN embeddings e ON e.passage = old.id
    WHERE d.owner = $1 AND d.upload_id = $2";

pub(super) const REMOVE_PARKED: &str = "DELETE FROM indexed_documents WHERE owner = $1 AND upload_id IS NULL";

/// Of owner, document, name, size and time.
pub(super) const TOUCH: &str = "UPDATE indexed_documents SET name = $3, size = $4, modified_ns = $5, indexed_ms = $6 WHERE owner = $1 AND id = $2";

/// Of keys and owner.
pub(super) const REMOVE: &str = "DELETE FROM indexed_documents
    WHERE upload_id IN (SELECT value FROM json_array_elements_text(CAST($1 AS JSON))) AND owner = $2";

/// Of keys.
pub(super) const REMOVE_OF_ALL: &str = "DELETE FROM indexed_documents
    WHERE upload_id IN (SELECT value FROM json_array_elements_text(CAST($1 AS JSON)))";

pub(super) const CLEAR: &str = "DELETE FROM indexed_documents WHERE owner = $1";

pub(super) const CLEAR_ALL: &str = "DELETE FROM indexed_documents";

pub(super) const MODELS: &str = "
    SELECT e.model, count(*) FROM embeddings e JOIN indexed_documents d ON d.id = e.document
    WHERE d.owner = $1 GROUP BY e.model ORDER BY e.model";

/// Of owner, documents and model.
pub(super) const COUNT_UNEMBEDDED: &str = concat!(
    "SELECT CAST(coalesce(sum(d.passages
            - (SELECT count(*) FROM embeddings e WHERE e.document = d.id AND e.model = $3)), 0) AS BIGINT)
     FROM indexed_documents d WHERE d.owner = $1 AND d.id IN ",
    ids!()
);

/// Of owner, documents, model and limit.
pub(super) const UNEMBEDDED: &str = concat!(
    "SELECT p.id, p.heading, p.text FROM passages p JOIN indexed_documents d ON d.id = p.document
     WHERE d.owner = $1 AND d.id IN ",
    ids!(),
    " AND NOT EXISTS (SELECT 1 FROM embeddings e WHERE e.passage = p.id AND e.model = $3)
     ORDER BY p.id LIMIT $4"
);

/// Of owner, model and embeddings.
pub(super) const PUT_EMBEDDINGS: &str = "
    INSERT INTO embeddings (passage, document, model, length, scale, numbers, signs)
    SELECT p.id, p.document, $2, v.length, v.scale, decode(v.numbers, 'hex'), decode(v.signs, 'hex')
    FROM json_to_recordset(CAST($3 AS JSON)) AS v
         (passage BIGINT, length BIGINT, scale BIGINT, numbers TEXT, signs TEXT)
    JOIN passages p ON p.id = v.passage
    JOIN indexed_documents d ON d.id = p.document
    WHERE d.owner = $1
    ON CONFLICT (passage, model) DO UPDATE
    SET length = excluded.length, scale = excluded.scale, numbers = excluded.numbers, signs = excluded.signs";

/// Of owner, documents, words and limit. A word counts more the fewer passages have it, which `ts_rank` does not know.
pub(super) const SEARCH_WORDS: &str = concat!(
    "WITH chosen AS (
         SELECT id, passages FROM indexed_documents WHERE owner = $1 AND id IN ",
    ids!(),
    "), queries AS (
         SELECT number, plainto_tsquery('english', word) AS query
         FROM json_array_elements_text(CAST($3 AS JSON)) WITH ORDINALITY AS words (word, number)
     ), hits AS (
         SELECT p.id, q.number, ts_rank(p.words, q.query) AS rank
         FROM queries q JOIN passages p ON p.words @@ q.query JOIN chosen c ON c.id = p.document
     ), weights AS (
         SELECT number, ln(1 + (SELECT sum(passages) FROM chosen) / count(*)) AS weight FROM hits GROUP BY number
     )
     SELECT h.id, CAST(sum(h.rank * w.weight) * 1e9 AS BIGINT)
     FROM hits h JOIN weights w ON w.number = h.number GROUP BY h.id ORDER BY 2 DESC, 1 LIMIT $4"
);

/// Of owner, documents, model and length: the bits of each document's passages, as the first pass reads them.
pub(super) const SIGNS: &str = concat!(
    "SELECT e.document, string_agg(int4send(CAST(e.passage & 1048575 AS INTEGER)) || e.signs, CAST('' AS BYTEA))
     FROM embeddings e JOIN indexed_documents d ON d.id = e.document
     WHERE d.owner = $1 AND e.model = $3 AND e.length = $4 AND e.document IN ",
    ids!(),
    " GROUP BY e.document"
);

/// Of model and passages.
pub(super) const VECTORS: &str =
    concat!("SELECT passage, scale, numbers FROM embeddings WHERE model = $1 AND passage IN ", ids!());

/// Of owner and passages.
pub(super) const PASSAGES: &str = concat!(
    "SELECT p.id, p.first, p.last, p.heading, p.text
     FROM passages p JOIN indexed_documents d ON d.id = p.document WHERE d.owner = $1 AND p.id IN ",
    ids!()
);

/// Of owner, document, first id and limit.
pub(super) const PASSAGES_OF: &str = "
    SELECT p.id, p.first, p.last, p.heading, p.text
    FROM passages p JOIN indexed_documents d ON d.id = p.document
    WHERE d.owner = $1 AND d.id = $2 AND p.id >= $3 ORDER BY p.id LIMIT $4";
