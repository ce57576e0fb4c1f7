//! The statements of `sql.rs`, run on a connection.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};
use types::Owner;

use super::Failure;
use crate::{Conversation, Cursor, Page, StoredMessage, Summary, Turn, columns, sql};

pub(super) fn get(
    connection: &mut Connection,
    owner: &Owner,
    id: &str,
    last: Option<usize>,
    max_bytes: usize,
) -> rusqlite::Result<Option<Conversation>> {
    // One transaction, so that head and messages belong together.
    let transaction = connection.transaction()?;
    let head = transaction
        .query_row(sql::CONVERSATION, params![owner.as_str(), id], |row| {
            Ok(Conversation {
                id: id.to_owned(),
                system: row.get(0)?,
                created: columns::time(row.get(1)?),
                updated: columns::time(row.get(2)?),
                total: row.get(3)?,
                model: row.get(4)?,
                revision: row.get(5)?,
                messages: Vec::new(),
            })
        })
        .optional()?;
    let Some(mut conversation) = head else { return Ok(None) };
    let limit = last.map_or(i64::MAX, |last| i64::try_from(last).unwrap_or(i64::MAX));
    let mut statement = transaction.prepare(sql::MESSAGES)?;
    let mut bytes = 0_usize;
    let mut rows = statement.query(params![owner.as_str(), id, limit])?;
    while let Some(row) = rows.next()? {
        // Counted before the row is copied.
        bytes = bytes.saturating_add(text_bytes(row)?);
        if bytes > max_bytes && !conversation.messages.is_empty() {
            break;
        }
        conversation.messages.push(message(row)?);
    }
    conversation.messages.reverse();
    Ok(Some(conversation))
}

/// Bytes of a message's texts: its content, thinking, tool calls and attachments.
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

pub(super) fn append(connection: &mut Connection, owner: &Owner, turn: &Turn) -> Result<(), Failure> {
    // Immediate: no other process writes between the check of the revision and the commit.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let key = params![owner.as_str(), turn.id];
    let revision: Option<i64> = transaction.query_row(sql::REVISION, key, |row| row.get(0)).optional()?;
    if revision != turn.after {
        return Err(Failure::Changed);
    }
    let first = turn.messages.first().map_or(0, |message| columns::ms(message.created));
    let last = turn.messages.last().map_or(first, |message| columns::ms(message.created));
    transaction.execute(sql::PUT_CONVERSATION, params![owner.as_str(), turn.id, turn.system, first, last])?;
    if turn.replaces > 0 {
        let newest = i64::try_from(turn.replaces).unwrap_or(i64::MAX);
        transaction.execute(sql::DELETE_NEWEST, params![owner.as_str(), turn.id, newest])?;
    }
    let mut insert = transaction.prepare(sql::PUT_MESSAGE)?;
    for message in &turn.messages {
        let unwritable = |error: serde_json::Error| rusqlite::Error::ToSqlConversionFailure(error.into());
        insert.execute(params![
            owner.as_str(),
            turn.id,
            message.role.as_str(),
            message.content,
            message.thinking,
            columns::tool_calls_json(&message.tool_calls).map_err(unwritable)?,
            columns::list_json(&message.attachments).map_err(unwritable)?,
            message.model,
            message.prompt_tokens,
            message.completion_tokens,
            columns::ms(message.created),
        ])?;
    }
    drop(insert);
    Ok(transaction.commit()?)
}

pub(super) fn list(
    connection: &mut Connection,
    owner: &Owner,
    from: Option<&Cursor>,
    limit: usize,
) -> rusqlite::Result<Page<Summary>> {
    let mut statement = connection.prepare(sql::PAGE)?;
    // Every conversation comes after this position: none was updated so late.
    let (updated_ms, id) = from.map_or((i64::MAX, ""), |cursor| (cursor.updated_ms, cursor.id.as_str()));
    // One more than the page holds tells whether there is another page.
    let with_next = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows = statement.query(params![owner.as_str(), updated_ms, id, with_next])?;
    let mut page = Page::default();
    let mut last: Option<Cursor> = None;
    while let Some(row) = rows.next()? {
        if page.items.len() == limit {
            page.next = last;
            break;
        }
        let (id, updated_ms): (String, i64) = (row.get(0)?, row.get(2)?);
        last = Some(Cursor { updated_ms, id: id.clone() });
        page.items.push(Summary {
            id,
            created: columns::time(row.get(1)?),
            updated: columns::time(updated_ms),
            total: row.get(3)?,
            model: row.get(4)?,
            first_words: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
            has_system: row.get::<_, i64>(6)? != 0,
        });
    }
    Ok(page)
}

pub(super) fn delete(connection: &mut Connection, owner: &Owner, id: &str) -> rusqlite::Result<bool> {
    let deleted = connection.execute(sql::DELETE, params![owner.as_str(), id])? > 0;
    if deleted {
        // The log holds what was deleted until it is overwritten; another process may prevent this.
        let cut = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        tracing::debug!(?cut, "truncated the log of the store");
    }
    Ok(deleted)
}
