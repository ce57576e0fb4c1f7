//! The statements.

use rusqlite::types::Type;
use rusqlite::{
    Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, named_params, params,
};

use super::Failure;
use crate::{Conversation, Cursor, Page, StoredMessage, Summary, Turn, columns};

/// Characters of a list's `first_words`.
const FIRST_WORDS: i64 = 100;

pub(super) fn get(
    connection: &mut Connection,
    id: &str,
    last: Option<usize>,
    max_bytes: usize,
) -> rusqlite::Result<Option<Conversation>> {
    // One transaction, so that head and messages belong together.
    let transaction = connection.transaction()?;
    let head = transaction
        .query_row(
            "SELECT id, system, created_ms, updated_ms,
                    (SELECT count(*) FROM messages WHERE conversation_id = c.id),
                    (SELECT model FROM messages WHERE conversation_id = c.id AND model IS NOT NULL
                     ORDER BY seq DESC LIMIT 1),
                    (SELECT coalesce(max(seq), 0) FROM messages WHERE conversation_id = c.id)
             FROM conversations c WHERE id = ?1",
            [id],
            |row| {
                Ok(Conversation {
                    id: row.get(0)?,
                    system: row.get(1)?,
                    created: columns::time(row.get(2)?),
                    updated: columns::time(row.get(3)?),
                    total: row.get(4)?,
                    model: row.get(5)?,
                    revision: row.get(6)?,
                    messages: Vec::new(),
                })
            },
        )
        .optional()?;
    let Some(mut conversation) = head else { return Ok(None) };
    let limit = last.map_or(-1, |last| i64::try_from(last).unwrap_or(i64::MAX));
    let mut statement = transaction.prepare(
        "SELECT role, content, thinking, tool_calls, attachments, model, prompt_tokens, completion_tokens, created_ms
         FROM messages WHERE conversation_id = ?1 ORDER BY seq DESC LIMIT ?2",
    )?;
    let mut bytes = 0_usize;
    let mut rows = statement.query(params![id, limit])?;
    while let Some(row) = rows.next()? {
        bytes = bytes.saturating_add(text_bytes(row)?);
        // Before it is copied.
        if bytes > max_bytes && !conversation.messages.is_empty() {
            break;
        }
        conversation.messages.push(message(row)?);
    }
    conversation.messages.reverse();
    Ok(Some(conversation))
}

/// Bytes of what a message's row has of text, its content, thinking, tool calls and attachments.
fn text_bytes(row: &Row<'_>) -> rusqlite::Result<usize> {
    (1..=4).map(|column| Ok(row.get_ref(column)?.as_bytes_or_null()?.map_or(0, <[u8]>::len))).sum()
}

fn message(row: &Row<'_>) -> rusqlite::Result<StoredMessage> {
    let text = |column| row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from);
    let role = row.get_ref(0)?.as_str().ok().and_then(columns::role);
    Ok(StoredMessage {
        // A role that this program never writes: the file is damaged.
        role: role.ok_or_else(|| rusqlite::Error::InvalidColumnType(0, "role".to_owned(), Type::Text))?,
        content: row.get(1)?,
        thinking: row.get(2)?,
        tool_calls: columns::tool_calls(text(3)?),
        attachments: columns::list(text(4)?),
        model: row.get(5)?,
        prompt_tokens: row.get(6)?,
        completion_tokens: row.get(7)?,
        created: columns::time(row.get(8)?),
    })
}

pub(super) fn append(connection: &mut Connection, turn: &Turn) -> Result<(), Failure> {
    // Immediate: nobody writes between the look and the write.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if revision(&transaction, &turn.id)? != turn.after {
        return Err(Failure::Changed);
    }
    let first = turn.messages.first().map_or(0, |message| columns::ms(message.created));
    let last = turn.messages.last().map_or(first, |message| columns::ms(message.created));
    transaction.execute(
        "INSERT INTO conversations (id, system, created_ms, updated_ms) VALUES (:id, :system, :first, :last)
         ON CONFLICT (id) DO UPDATE SET system = :system, updated_ms = max(updated_ms, :last)",
        named_params! { ":id": turn.id, ":system": turn.system, ":first": first, ":last": last },
    )?;
    for message in &turn.messages {
        let unwritable = |error: serde_json::Error| rusqlite::Error::ToSqlConversionFailure(error.into());
        let tool_calls = columns::tool_calls_json(&message.tool_calls).map_err(unwritable)?;
        let attachments = columns::list_json(&message.attachments).map_err(unwritable)?;
        transaction.execute(
            "INSERT INTO messages (conversation_id, role, content, thinking, tool_calls, attachments, model,
                                   prompt_tokens, completion_tokens, created_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                turn.id,
                message.role.as_str(),
                message.content,
                message.thinking,
                tool_calls,
                attachments,
                message.model,
                message.prompt_tokens,
                message.completion_tokens,
                columns::ms(message.created),
            ],
        )?;
    }
    Ok(transaction.commit()?)
}

/// The newest turn of a conversation; `None` where there is no such conversation.
fn revision(transaction: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<i64>> {
    transaction
        .query_row(
            "SELECT (SELECT coalesce(max(seq), 0) FROM messages WHERE conversation_id = c.id)
             FROM conversations c WHERE id = ?1",
            [id],
            |row| row.get(0),
        )
        .optional()
}

pub(super) fn list(
    connection: &mut Connection,
    from: Option<&Cursor>,
    limit: usize,
) -> rusqlite::Result<Page<Summary>> {
    let mut statement = connection.prepare(
        "SELECT id, created_ms, updated_ms,
                (SELECT count(*) FROM messages WHERE conversation_id = c.id),
                (SELECT model FROM messages WHERE conversation_id = c.id AND model IS NOT NULL
                 ORDER BY seq DESC LIMIT 1),
                (SELECT substr(content, 1, ?4) FROM messages WHERE conversation_id = c.id ORDER BY seq LIMIT 1)
         FROM conversations c
         WHERE ?1 IS NULL OR (updated_ms, id) < (?1, ?2)
         ORDER BY updated_ms DESC, id DESC LIMIT ?3",
    )?;
    let (updated_ms, id) = from.map(|cursor| (cursor.updated_ms, cursor.id.as_str())).unzip();
    // One more than the page has, which tells whether there is another page.
    let rows = params![updated_ms, id, limit.saturating_add(1), FIRST_WORDS];
    let mut rows = statement.query(rows)?;
    let mut page = Page { items: Vec::new(), next: None };
    let mut last_ms = 0;
    while let Some(row) = rows.next()? {
        if page.items.len() == limit {
            page.next =
                page.items.last().map(|last: &Summary| Cursor { updated_ms: last_ms, id: last.id.clone() });
            break;
        }
        last_ms = row.get(2)?;
        page.items.push(Summary {
            id: row.get(0)?,
            created: columns::time(row.get(1)?),
            updated: columns::time(last_ms),
            total: row.get(3)?,
            model: row.get(4)?,
            first_words: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        });
    }
    Ok(page)
}

pub(super) fn delete(connection: &mut Connection, id: &str) -> rusqlite::Result<bool> {
    let deleted = connection.execute("DELETE FROM conversations WHERE id = ?1", [id])? > 0;
    if deleted {
        // What was deleted is in the log until it is written over; another process may keep it from that.
        let cut = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        tracing::debug!(?cut, "the log of the store was cut");
    }
    Ok(deleted)
}
