//! Writing everything as lines.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value as Json;
use types::Owner;

use super::tables::{TABLES, UPLOAD, to_json};
use super::{ConversationLine, Counts, FORMAT, Header, RowLine, TransferError};
use crate::database::{Row, Statement};
use crate::{Store, StoreError};

const CONVERSATIONS: &str = "
    SELECT owner, id, title FROM conversations WHERE (owner, id) > ($1, $2) ORDER BY owner, id LIMIT 200";

impl Store {
    /// Writes everything as lines of JSON; the bytes of uploads, which are in files, are read from `uploads`.
    ///
    /// # Errors
    /// The database cannot be read, or the lines cannot be written.
    pub async fn export(
        &self,
        uploads: Option<&Path>,
        out: &mut (dyn Write + Send),
    ) -> Result<Counts, TransferError> {
        let mut counts = Counts::new();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        line(out, &Header { ollama_mcp_export: FORMAT, version })?;
        for table in TABLES {
            let mut after = table.start();
            loop {
                let rows = self.database().query(table.page(&after)).await?;
                let Some(last) = rows.last() else { break };
                after = table.key_of(last).map_err(StoreError::from)?;
                for row in &rows {
                    let mut columns = columns(table.columns, row)?;
                    if table.kind == UPLOAD && !add_bytes(&mut columns, uploads) {
                        // It is being deleted, or belongs to another machine.
                        continue;
                    }
                    line(out, &RowLine { kind: table.kind.to_owned(), columns })?;
                    *counts.entry(table.kind.to_owned()).or_default() += 1;
                }
            }
        }
        let conversations = self.export_conversations(out).await?;
        counts.insert("conversation".to_owned(), conversations);
        out.flush().map_err(TransferError::Write)?;
        Ok(counts)
    }

    async fn export_conversations(&self, out: &mut (dyn Write + Send)) -> Result<usize, TransferError> {
        let mut count = 0;
        let (mut owner, mut id) = (String::new(), String::new());
        loop {
            let page = Statement::new(CONVERSATIONS, [owner.as_str().into(), id.as_str().into()]);
            let rows = self.database().query(page).await?;
            if rows.is_empty() {
                return Ok(count);
            }
            for row in rows {
                (owner, id) =
                    (row.text(0).map_err(StoreError::from)?, row.text(1).map_err(StoreError::from)?);
                let Some(name) = Owner::new(&owner) else { continue };
                // One that is deleted meanwhile is left out.
                let Some(found) = self.conversations().get(&name, &id, None).await? else { continue };
                let messages = found.messages.into_iter().map(Into::into).collect();
                let kind = "conversation".to_owned();
                let (owner, id) = (owner.clone(), id.clone());
                let title = row.optional_text(2).map_err(StoreError::from)?;
                line(out, &ConversationLine { kind, owner, id, title, system: found.system, messages })?;
                count += 1;
            }
        }
    }
}

fn columns(names: &[&str], row: &Row) -> Result<HashMap<String, Json>, StoreError> {
    names.iter().zip(&row.0).map(|(name, value)| Ok(((*name).to_owned(), to_json(value)?))).collect()
}

/// Adds the bytes of an upload; `false` if they are not there.
fn add_bytes(columns: &mut HashMap<String, Json>, folder: Option<&Path>) -> bool {
    let id = columns.get("id").and_then(Json::as_str).filter(|id| is_file_name(id));
    let bytes = folder.zip(id).and_then(|(folder, id)| std::fs::read(folder.join(id)).ok());
    let Some(bytes) = bytes else { return false };
    columns.insert("data".to_owned(), STANDARD.encode(bytes).into());
    true
}

/// Whether an id is the name of a file, and leads nowhere else.
pub(super) fn is_file_name(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn line(out: &mut (dyn Write + Send), value: &impl Serialize) -> Result<(), TransferError> {
    serde_json::to_writer(&mut *out, value).map_err(|error| TransferError::Write(error.into()))?;
    out.write_all(b"\n").map_err(TransferError::Write)
}
