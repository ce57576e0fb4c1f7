//! Conversations as a person looks for them: lists with titles, searches, pages of messages, copies.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::FutureExt as _;
use types::Owner;

use super::search::Search;
use crate::database::{Database, Row, Statement, Value, WrongColumn};
use crate::{Cursor, Page, StoreError, Stored, StoredMessage, Summary, columns};

/// A conversation in a list of titles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TitledSummary {
    pub summary: Summary,
    /// That it was given; `None`: it has none of its own.
    pub title: Option<String>,
}

/// A part of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct MessagePage {
    pub head: TitledSummary,
    pub system: Option<String>,
    /// The position of the first of `messages`, from 0.
    pub start: usize,
    /// Oldest first.
    pub messages: Vec<StoredMessage>,
}

/// A copy of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    pub from: String,
    pub id: String,
    /// How many of its messages, from the first one.
    pub messages: usize,
    /// The title of the copy; `None`: that of the original.
    pub title: Option<String>,
    pub created: SystemTime,
}

/// Titles, searches, pages and copies of the conversations of all owners.
#[derive(Debug, Clone)]
pub struct ConversationIndex(Arc<dyn Database>);

/// The columns of a [`TitledSummary`].
const SUMMARY: &str = "
    SELECT c.id, c.created_ms, c.updated_ms,
           (SELECT count(*) FROM messages m WHERE m.owner = c.owner AND m.conversation_id = c.id),
           (SELECT m.model FROM messages m
            WHERE m.owner = c.owner AND m.conversation_id = c.id AND m.model IS NOT NULL
            ORDER BY m.seq DESC LIMIT 1),
           (SELECT substr(m.content, 1, 100) FROM messages m
            WHERE m.owner = c.owner AND m.conversation_id = c.id ORDER BY m.seq LIMIT 1),
           CASE WHEN coalesce(c.system, '') = '' THEN 0 ELSE 1 END,
           c.title, c.system
    FROM conversations c";

/// Of `owner`, `id`, limit, offset: messages, oldest first.
const MESSAGES: &str = "
    SELECT role, content, thinking, tool_calls, attachments, model, prompt_tokens, completion_tokens, created_ms
    FROM messages WHERE owner = $1 AND conversation_id = $2 ORDER BY seq LIMIT $3 OFFSET $4";

const SET_TITLE: &str = "UPDATE conversations SET title = $3 WHERE owner = $1 AND id = $2";

/// Of `owner`, original, title, time, `id`: the head of a copy.
const FORK: &str = "
    INSERT INTO conversations (owner, system, title, created_ms, updated_ms, id)
    SELECT owner, system, coalesce($3, title), $4, $4, $5 FROM conversations WHERE owner = $1 AND id = $2";

/// Of `owner`, original, `id`, limit: the messages of a copy, in their order.
const FORK_MESSAGES: &str = "
    INSERT INTO messages (conversation_id, owner, role, content, thinking, tool_calls, attachments, model,
                          prompt_tokens, completion_tokens, created_ms)
    SELECT $3, owner, role, content, thinking, tool_calls, attachments, model,
           prompt_tokens, completion_tokens, created_ms
    FROM messages WHERE owner = $1 AND conversation_id = $2 ORDER BY seq LIMIT $4";

impl ConversationIndex {
    pub(crate) fn new(database: Arc<dyn Database>) -> Self {
        Self(database)
    }

    /// A page of at most `limit` conversations, the last updated first. With a search those that have each of its words in
    /// their title or in a message.
    pub fn list(
        &self,
        owner: &Owner,
        search: &Search,
        from: Option<Cursor>,
        limit: usize,
    ) -> Stored<Page<TitledSummary>> {
        // Every conversation comes after this position: none was updated so late.
        let (updated_ms, id) =
            from.map_or((i64::MAX, String::new()), |cursor| (cursor.updated_ms, cursor.id));
        let mut sql = format!("{SUMMARY} WHERE c.owner = $1 AND (c.updated_ms, c.id) < ($2, $3)");
        let mut parameters = vec![owner.as_str().into(), updated_ms.into(), id.into()];
        search.add_to(&mut sql, &mut parameters);
        // One more than the page holds tells whether there is another page.
        parameters.push(integer(limit.saturating_add(1)));
        sql.push_str(&format!(" ORDER BY c.updated_ms DESC, c.id DESC LIMIT ${}", parameters.len()));
        let rows = self.0.query(Statement::new(sql, parameters));
        async move {
            let mut items = rows.await?.iter().map(summary).collect::<Result<Vec<_>, _>>()?;
            let has_next = items.len() > limit;
            items.truncate(limit);
            let last = items.last().filter(|_| has_next).map(|last| &last.summary);
            let next = last.map(|last| Cursor { updated_ms: columns::ms(last.updated), id: last.id.clone() });
            Ok(Page { items, next })
        }
        .boxed()
    }

    /// The messages of a conversation before a position, at most `limit` of them and the newest; `None` if it does not
    /// exist.
    pub fn page(
        &self,
        owner: &Owner,
        id: &str,
        before: Option<usize>,
        limit: usize,
    ) -> Stored<Option<MessagePage>> {
        let (database, owner, id) = (Arc::clone(&self.0), owner.clone(), id.to_owned());
        async move {
            let key: [Value; 2] = [owner.as_str().into(), id.into()];
            let head = format!("{SUMMARY} WHERE c.owner = $1 AND c.id = $2");
            let found = database.query(Statement::new(head, key.clone())).await?;
            let Some(row) = found.first() else { return Ok(None) };
            let (head, system) = (summary(row)?, row.optional_text(8)?);
            let end = before.unwrap_or(usize::MAX).min(head.summary.total);
            let start = end.saturating_sub(limit);
            let window = key.into_iter().chain([integer(end - start), integer(start)]);
            let rows = database.query(Statement::new(MESSAGES, window)).await?;
            let messages = rows.iter().map(message).collect::<Result<_, _>>()?;
            Ok(Some(MessagePage { head, system, start, messages }))
        }
        .boxed()
    }

    /// Gives a conversation a title, or takes it away; `false` if it does not exist. It is no update of the conversation.
    pub fn set_title(&self, owner: &Owner, id: &str, title: Option<&str>) -> Stored<bool> {
        let parameters = [owner.as_str().into(), id.into(), title.map(str::to_owned).into()];
        let written = self.0.write(vec![Statement::new(SET_TITLE, parameters)]);
        async move { Ok(written.await?.first().is_some_and(|done| done.changed > 0)) }.boxed()
    }

    /// Copies a conversation; `false` if it does not exist.
    pub fn fork(&self, owner: &Owner, fork: Fork) -> Stored<bool> {
        let Fork { from, id, messages, title, created } = fork;
        let owner = || Value::from(owner.as_str());
        let head =
            [owner(), from.as_str().into(), title.into(), columns::ms(created).into(), id.as_str().into()];
        let copied = [owner(), from.into(), id.into(), integer(messages)];
        let written = self.0.write(vec![Statement::new(FORK, head), Statement::new(FORK_MESSAGES, copied)]);
        async move { Ok(written.await?.first().is_some_and(|done| done.changed > 0)) }.boxed()
    }
}

fn integer(number: usize) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

fn summary(row: &Row) -> Result<TitledSummary, StoreError> {
    Ok(TitledSummary {
        summary: Summary {
            id: row.text(0)?,
            created: columns::time(row.int(1)?),
            updated: columns::time(row.int(2)?),
            total: usize::try_from(row.int(3)?).map_err(|_| WrongColumn)?,
            model: row.optional_text(4)?,
            first_words: row.optional_text(5)?.unwrap_or_default(),
            has_system: row.int(6)? != 0,
        },
        title: row.optional_text(7)?,
    })
}

/// A message, from the columns of [`MESSAGES`].
pub(crate) fn message(row: &Row) -> Result<StoredMessage, StoreError> {
    let tokens = |column| {
        let tokens = row.optional_int(column)?.map(u64::try_from).transpose();
        tokens.map_err(|_| StoreError::Unreadable)
    };
    Ok(StoredMessage {
        // A role that this program never writes is damage.
        role: columns::role(&row.text(0)?).ok_or(StoreError::Unreadable)?,
        content: row.text(1)?,
        thinking: row.optional_text(2)?,
        tool_calls: columns::tool_calls(row.optional_text(3)?.as_deref()),
        attachments: columns::list(row.optional_text(4)?.as_deref()),
        model: row.optional_text(5)?,
        prompt_tokens: tokens(6)?,
        completion_tokens: tokens(7)?,
        created: columns::time(row.int(8)?),
    })
}
