//! The statements.

use rusqlite::{
    Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, named_params, params,
};

use super::Failure;
use crate::{Conversation, Place, StoredMessage, Summary, Turn};

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
                    created_ms: row.get(2)?,
                    updated_ms: row.get(3)?,
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
    let attachments: Option<String> = row.get(4)?;
    Ok(StoredMessage {
        role: row.get(0)?,
        content: row.get(1)?,
        thinking: row.get(2)?,
        tool_calls: row.get(3)?,
        attachments: attachments.and_then(|names| serde_json::from_str(&names).ok()).unwrap_or_default(),
        model: row.get(5)?,
        prompt_tokens: row.get(6)?,
        completion_tokens: row.get(7)?,
        created_ms: row.get(8)?,
    })
}

pub(super) fn append(connection: &mut Connection, turn: &Turn) -> Result<(), Failure> {
    // Immediate: nobody writes between the look and the write.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if revision(&transaction, &turn.id)? != turn.after {
        return Err(Failure::Changed);
    }
    let first = turn.messages.first().map_or(0, |message| message.created_ms);
    let last = turn.messages.last().map_or(first, |message| message.created_ms);
    transaction.execute(
        "INSERT INTO conversations (id, system, created_ms, updated_ms) VALUES (:id, :system, :first, :last)
         ON CONFLICT (id) DO UPDATE SET system = :system, updated_ms = max(updated_ms, :last)",
        named_params! { ":id": turn.id, ":system": turn.system, ":first": first, ":last": last },
    )?;
    for message in &turn.messages {
        let attachments = (!message.attachments.is_empty())
            .then(|| serde_json::to_string(&message.attachments))
            .transpose()
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        transaction.execute(
            "INSERT INTO messages (conversation_id, role, content, thinking, tool_calls, attachments, model,
                                   prompt_tokens, completion_tokens, created_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                turn.id,
                message.role,
                message.content,
                message.thinking,
                message.tool_calls,
                attachments,
                message.model,
                message.prompt_tokens,
                message.completion_tokens,
                message.created_ms,
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
    before: Option<&Place>,
    limit: usize,
) -> rusqlite::Result<Vec<Summary>> {
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
    let (updated_ms, id) = before.map(|place| (place.updated_ms, place.id.as_str())).unzip();
    let rows = statement.query_map(params![updated_ms, id, limit, FIRST_WORDS], |row| {
        Ok(Summary {
            id: row.get(0)?,
            created_ms: row.get(1)?,
            updated_ms: row.get(2)?,
            total: row.get(3)?,
            model: row.get(4)?,
            first_words: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        })
    })?;
    rows.collect()
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
