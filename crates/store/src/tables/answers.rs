//! Answers that callers asked to be stored: OpenAI's `store: true`.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::FutureExt as _;
use types::Owner;

use crate::database::{Database, Row, Statement, Value, WrongColumn};
use crate::{StoreError, Stored, columns};

/// An answer, with what was asked. The texts are JSON, in the form of the API that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    pub id: String,
    /// The object that it is in OpenAI's API, such as `chat.completion`.
    pub kind: String,
    pub model: String,
    pub request: String,
    pub answer: String,
    /// The caller's own labels: an object of texts.
    pub metadata: Option<String>,
    pub created: SystemTime,
}

/// A part of the list of an owner's answers.
#[derive(Debug, Clone)]
pub struct AnswersPage {
    pub kind: &'static str,
    pub model: Option<String>,
    /// The answer after which the page starts: when it was created, and its id.
    pub after: Option<(SystemTime, String)>,
    pub newest_first: bool,
    pub limit: usize,
}

/// The stored answers of all owners.
#[derive(Debug, Clone)]
pub struct Answers(Arc<dyn Database>);

const COLUMNS_OF_OWNER: &str = "
    SELECT id, kind, model, request, answer, metadata, created_ms
    FROM answers WHERE owner = $1 AND kind = $2 AND id = $3";

/// A page after a position, oldest first. An empty model is any.
const OLDEST_FIRST: &str = "
    SELECT id, kind, model, request, answer, metadata, created_ms FROM answers
    WHERE owner = $1 AND kind = $2 AND ($3 = '' OR model = $3) AND (created_ms, id) > ($4, $5)
    ORDER BY created_ms, id LIMIT $6";

const NEWEST_FIRST: &str = "
    SELECT id, kind, model, request, answer, metadata, created_ms FROM answers
    WHERE owner = $1 AND kind = $2 AND ($3 = '' OR model = $3) AND (created_ms, id) < ($4, $5)
    ORDER BY created_ms DESC, id DESC LIMIT $6";

/// Nothing is written where the owner's answers would take more bytes than `$9`.
const PUT: &str = "
    INSERT INTO answers (id, owner, kind, model, request, answer, metadata, created_ms)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8
    WHERE (SELECT coalesce(sum(length(request) + length(answer)), 0) FROM answers WHERE owner = $2) <= $9
    ON CONFLICT (id) DO NOTHING";

/// Nothing is written where the owner's answers would take more bytes than `$6` beside this one.
const REPLACE: &str = "
    UPDATE answers SET model = $4, answer = $5
    WHERE owner = $1 AND kind = $2 AND id = $3
      AND (SELECT coalesce(sum(length(request) + length(answer)), 0) FROM answers WHERE owner = $1 AND id <> $3)
        + length(request) <= $6";

const SET_METADATA: &str = "UPDATE answers SET metadata = $4 WHERE owner = $1 AND kind = $2 AND id = $3";
const DELETE: &str = "DELETE FROM answers WHERE owner = $1 AND kind = $2 AND id = $3";
const DELETE_OLD: &str = "DELETE FROM answers WHERE created_ms < $1";
const DELETE_OLD_CONVERSATIONS: &str = "DELETE FROM conversations WHERE updated_ms < $1";

impl Answers {
    pub(crate) fn new(database: Arc<dyn Database>) -> Self {
        Self(database)
    }

    /// Stores an answer, unless those of the owner have more than `max_bytes` already; `false` then.
    pub fn put(&self, owner: &Owner, answer: StoredAnswer, max_bytes: usize) -> Stored<bool> {
        let StoredAnswer { id, kind, model, request, answer, metadata, created } = answer;
        // What is there leaves room for this one.
        let this = request.len().saturating_add(answer.len());
        let room = max_bytes.checked_sub(this).and_then(|room| i64::try_from(room).ok());
        let Some(room) = room else { return async { Ok(false) }.boxed() };
        let values = [
            id.into(),
            owner.as_str().into(),
            kind.into(),
            model.into(),
            request.into(),
            answer.into(),
            metadata.into(),
            columns::ms(created).into(),
            room.into(),
        ];
        let written = self.0.write(vec![Statement::new(PUT, values)]);
        async move { Ok(changed(&written.await?) > 0) }.boxed()
    }

    /// Replaces the text of an answer, and the model that gave it; `false` where there is no such answer, or those of the owner
    /// would have more than `max_bytes` then.
    pub fn replace(
        &self,
        owner: &Owner,
        kind: &str,
        id: &str,
        model: String,
        answer: String,
        max_bytes: usize,
    ) -> Stored<bool> {
        let room = max_bytes.checked_sub(answer.len()).and_then(|room| i64::try_from(room).ok());
        let Some(room) = room else { return async { Ok(false) }.boxed() };
        let values = key(owner, kind, id).into_iter().chain([model.into(), answer.into(), room.into()]);
        let written = self.0.write(vec![Statement::new(REPLACE, values)]);
        async move { Ok(changed(&written.await?) > 0) }.boxed()
    }

    pub fn get(&self, owner: &Owner, kind: &str, id: &str) -> Stored<Option<StoredAnswer>> {
        let rows = self.0.query(Statement::new(COLUMNS_OF_OWNER, key(owner, kind, id)));
        async move { rows.await?.first().map(read).transpose() }.boxed()
    }

    pub fn list(&self, owner: &Owner, page: AnswersPage) -> Stored<Vec<StoredAnswer>> {
        let AnswersPage { kind, model, after, newest_first, limit } = page;
        let (at, id) = match after {
            Some((created, id)) => (columns::ms(created), id),
            None if newest_first => (i64::MAX, String::new()),
            None => (-1, String::new()),
        };
        let values = [
            owner.as_str().into(),
            kind.into(),
            model.unwrap_or_default().into(),
            Value::Int(at),
            id.into(),
            i64::try_from(limit).unwrap_or(i64::MAX).into(),
        ];
        let rows =
            self.0.query(Statement::new(if newest_first { NEWEST_FIRST } else { OLDEST_FIRST }, values));
        async move { rows.await?.iter().map(read).collect() }.boxed()
    }

    /// Replaces the labels; `false` where there is no such answer.
    pub fn set_metadata(
        &self,
        owner: &Owner,
        kind: &str,
        id: &str,
        metadata: Option<String>,
    ) -> Stored<bool> {
        let values = key(owner, kind, id).into_iter().chain([metadata.into()]);
        let written = self.0.write(vec![Statement::new(SET_METADATA, values)]);
        async move { Ok(changed(&written.await?) > 0) }.boxed()
    }

    /// Deletes an answer; `false` where there is none.
    pub fn delete(&self, owner: &Owner, kind: &str, id: &str) -> Stored<bool> {
        let written = self.0.write(vec![Statement::new(DELETE, key(owner, kind, id))]);
        async move { Ok(changed(&written.await?) > 0) }.boxed()
    }

    /// Deletes the answers of all owners that are older than a time; how many.
    pub fn delete_older(&self, than: SystemTime) -> Stored<u64> {
        let written = self.0.write(vec![Statement::new(DELETE_OLD, [columns::ms(than).into()])]);
        async move { Ok(changed(&written.await?)) }.boxed()
    }

    /// Deletes the conversations of all owners that had no turn since a time; how many.
    pub fn delete_conversations_older(&self, than: SystemTime) -> Stored<u64> {
        let written =
            self.0.write(vec![Statement::new(DELETE_OLD_CONVERSATIONS, [columns::ms(than).into()])]);
        async move { Ok(changed(&written.await?)) }.boxed()
    }
}

fn key(owner: &Owner, kind: &str, id: &str) -> [Value; 3] {
    [owner.as_str().into(), kind.into(), id.into()]
}

fn changed(done: &[crate::database::Done]) -> u64 {
    done.iter().map(|done| done.changed).sum()
}

fn read(row: &Row) -> Result<StoredAnswer, StoreError> {
    let read = || {
        Ok::<_, WrongColumn>(StoredAnswer {
            id: row.text(0)?,
            kind: row.text(1)?,
            model: row.text(2)?,
            request: row.text(3)?,
            answer: row.text(4)?,
            metadata: row.optional_text(5)?,
            created: columns::time(row.int(6)?),
        })
    };
    Ok(read()?)
}
