//! [`ConversationStore`] over PostgreSQL.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{join, join_all, join3};
use tokio_postgres::Client;
use types::Owner;

use super::failure::Failure;
use super::{BEGIN, Postgres, execute};
use crate::conversations::TryLock;
use crate::database::Value;
use crate::tables::message;
use crate::{
    Conversation, ConversationStore, Cursor, Page, StoreError, Stored, StoredMessage, Summary, Turn, columns,
    sql,
};

/// Head and messages are read in one state of the database.
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Of `owner`, `id`, limit, bytes: the newest messages, newest first, at least one. The server adds up their sizes, which
/// it knows without reading the texts, so that no more is sent than is wanted.
const NEWEST_MESSAGES: &str = "
    SELECT role, content, thinking, tool_calls, attachments, model, prompt_tokens, completion_tokens, created_ms
    FROM (SELECT *, row_number() OVER newest AS position,
                 sum(octet_length(content) + coalesce(octet_length(thinking), 0)
                     + coalesce(octet_length(tool_calls), 0) + coalesce(octet_length(attachments), 0))
                 OVER newest AS bytes
          FROM messages WHERE owner = $1 AND conversation_id = $2
          WINDOW newest AS (ORDER BY seq DESC ROWS UNBOUNDED PRECEDING)) sized
    WHERE position <= $3 AND (bytes <= $4 OR position = 1) ORDER BY seq DESC";

/// Of `owner`, `id`: locks the conversation until the end of the transaction.
const LOCK: &str = "SELECT 1 FROM conversations WHERE owner = $1 AND id = $2 FOR UPDATE";

/// Of `owner`, `id`, system, created, updated. Of two that are written at the same time, the second one fails.
const NEW_CONVERSATION: &str =
    "INSERT INTO conversations (owner, id, system, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5)";

/// Of `owner`, `id`, system, updated. A clock that was set back does not make a conversation older.
const UPDATE_CONVERSATION: &str = "UPDATE conversations SET system = $3, updated_ms = greatest(updated_ms, $4) WHERE owner = $1 AND id = $2";

impl ConversationStore for Postgres {
    fn get(&self, owner: &Owner, id: &str, last: Option<usize>) -> Stored<Option<Conversation>> {
        self.get_end(owner, id, last, usize::MAX)
    }

    fn get_end(
        &self,
        owner: &Owner,
        id: &str,
        last: Option<usize>,
        max_bytes: usize,
    ) -> Stored<Option<Conversation>> {
        let (owner, id) = (owner.clone(), id.to_owned());
        self.call(move |client| {
            let (owner, id) = (owner.clone(), id.clone());
            async move { get(client, &owner, &id, last, max_bytes).await }.boxed()
        })
    }

    fn try_lock(&self, owner: &Owner, id: &str) -> Stored<TryLock> {
        let (locks, owner, id) = (Arc::clone(&self.0.turn_locks), owner.clone(), id.to_owned());
        // A task of its own: a lock that nobody takes is released, not forgotten.
        let task = async move {
            let tried = tokio::spawn(async move { locks.try_lock(&owner, &id).await }).await;
            tried.unwrap_or_else(|error| {
                tracing::error!(%error, "a task of the store failed");
                Ok(TryLock::Locked(Box::new(())))
            })
        };
        task.boxed()
    }

    fn append(&self, owner: &Owner, turn: Turn) -> Stored<()> {
        let (owner, turn) = (owner.clone(), Arc::new(turn));
        self.call(move |client| {
            let (owner, turn) = (owner.clone(), Arc::clone(&turn));
            async move { append(client, &owner, &turn).await }.boxed()
        })
    }

    fn list(&self, owner: &Owner, from: Option<Cursor>, limit: usize) -> Stored<Page<Summary>> {
        let owner = owner.clone();
        self.call(move |client| {
            let (owner, from) = (owner.clone(), from.clone());
            async move { list(client, &owner, from, limit).await }.boxed()
        })
    }

    fn delete(&self, owner: &Owner, id: &str) -> Stored<bool> {
        let (owner, id) = (owner.clone(), id.to_owned());
        self.call(move |client| {
            let key = key(&owner, &id);
            async move { Ok(execute(client, sql::DELETE, &key).await?.changed > 0) }.boxed()
        })
    }
}

fn key(owner: &Owner, id: &str) -> Vec<Value> {
    vec![owner.as_str().into(), id.into()]
}

fn count(number: usize) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

async fn get(
    client: &Client,
    owner: &Owner,
    id: &str,
    last: Option<usize>,
    max_bytes: usize,
) -> Result<Option<Conversation>, Failure> {
    let key = key(owner, id);
    let mut bounds = key.clone();
    bounds.extend([count(last.unwrap_or(usize::MAX)), count(max_bytes)]);
    let statements =
        join(execute(client, sql::CONVERSATION, &key), execute(client, NEWEST_MESSAGES, &bounds));
    // Sent together, in this order.
    let (begun, (head, messages), ended) =
        join3(client.batch_execute(BEGIN_READING), statements, client.batch_execute("COMMIT")).await;
    begun?;
    let (head, messages) = (head?, messages?);
    ended?;
    let Some(head) = head.rows.first() else { return Ok(None) };
    Ok(Some(Conversation {
        id: id.to_owned(),
        system: head.optional_text(0)?,
        created: columns::time(head.int(1)?),
        updated: columns::time(head.int(2)?),
        total: usize::try_from(head.int(3)?).map_err(|_| StoreError::Unreadable)?,
        model: head.optional_text(4)?,
        revision: head.int(5)?,
        messages: messages.rows.iter().rev().map(message).collect::<Result<_, _>>()?,
    }))
}

async fn append(client: &Client, owner: &Owner, turn: &Turn) -> Result<(), Failure> {
    let key = key(owner, &turn.id);
    let statements = join(execute(client, LOCK, &key), execute(client, sql::REVISION, &key));
    let (begun, (locked, revision)) = join(client.batch_execute(BEGIN), statements).await;
    begun?;
    locked?;
    // Read by a statement of its own, which begins after the lock was had: a turn that held it is seen.
    let revision = revision?.rows.first().map(|row| row.int(0)).transpose()?;
    if revision != turn.after {
        return Err(StoreError::Changed.into());
    }
    let first = turn.messages.first().map_or(0, |message| columns::ms(message.created));
    let last = turn.messages.last().map_or(first, |message| columns::ms(message.created));
    let mut head = key.clone();
    head.push(turn.system.clone().into());
    let put = match turn.after {
        None => {
            head.extend([first.into(), last.into()]);
            NEW_CONVERSATION
        }
        Some(_) => {
            head.push(last.into());
            UPDATE_CONVERSATION
        }
    };
    if turn.replaces > 0 {
        let newest = [key.clone(), vec![count(turn.replaces)]].concat();
        execute(client, sql::DELETE_NEWEST, &newest).await?;
    }
    let messages: Vec<_> =
        turn.messages.iter().map(|message| row(&key, message)).collect::<Result<_, _>>()?;
    let (last_batch, batches) = match messages.chunks(super::BATCH).collect::<Vec<_>>().split_last() {
        Some((last, batches)) => (*last, batches.to_vec()),
        None => (&[][..], Vec::new()),
    };
    let inserted = |batch| {
        join_all(<[Vec<Value>]>::iter(batch).map(|message| execute(client, sql::PUT_MESSAGE, message)))
    };
    let commit = client.batch_execute("COMMIT");
    if batches.is_empty() {
        // All of it is sent together: after a failed statement, COMMIT rolls back.
        let (put, inserted, committed) =
            join3(execute(client, put, &head), inserted(last_batch), commit).await;
        put?;
        inserted.into_iter().collect::<Result<Vec<_>, _>>()?;
        return committed.map_err(Failure::Commit);
    }
    execute(client, put, &head).await?;
    for batch in batches {
        inserted(batch).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    }
    inserted(last_batch).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    commit.await.map_err(Failure::Commit)
}

/// The columns of a message, in the order of [`sql::PUT_MESSAGE`].
fn row(key: &[Value], message: &StoredMessage) -> Result<Vec<Value>, StoreError> {
    let tokens = |tokens: Option<u64>| {
        tokens.map(i64::try_from).transpose().map(Value::from).map_err(|_| StoreError::Unreadable)
    };
    let unwritable = |_| StoreError::Unreadable;
    let mut row = key.to_vec();
    row.extend([
        message.role.as_str().into(),
        message.content.as_str().into(),
        message.thinking.clone().into(),
        columns::tool_calls_json(&message.tool_calls).map_err(unwritable)?.into(),
        columns::list_json(&message.attachments).map_err(unwritable)?.into(),
        message.model.clone().into(),
        tokens(message.prompt_tokens)?,
        tokens(message.completion_tokens)?,
        columns::ms(message.created).into(),
    ]);
    Ok(row)
}

async fn list(
    client: &Client,
    owner: &Owner,
    from: Option<Cursor>,
    limit: usize,
) -> Result<Page<Summary>, Failure> {
    // Every conversation comes after this position: none was updated so late.
    let (updated_ms, id) = from.map_or((i64::MAX, String::new()), |cursor| (cursor.updated_ms, cursor.id));
    // One more than the page holds tells whether there is another page.
    let parameters = [owner.as_str().into(), updated_ms.into(), id.into(), count(limit.saturating_add(1))];
    let rows = execute(client, sql::PAGE, &parameters).await?.rows;
    let mut page = Page { items: Vec::with_capacity(rows.len()), next: None };
    let mut last: Option<Cursor> = None;
    for row in rows {
        if page.items.len() == limit {
            page.next = last;
            break;
        }
        let (id, updated_ms) = (row.text(0)?, row.int(2)?);
        last = Some(Cursor { updated_ms, id: id.clone() });
        page.items.push(Summary {
            id,
            created: columns::time(row.int(1)?),
            updated: columns::time(updated_ms),
            total: usize::try_from(row.int(3)?).map_err(|_| StoreError::Unreadable)?,
            model: row.optional_text(4)?,
            first_words: row.optional_text(5)?.unwrap_or_default(),
            has_system: row.int(6)? != 0,
        });
    }
    Ok(page)
}
