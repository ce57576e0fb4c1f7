//! Reading lines of an export: what is there already stays as it is.

use std::collections::HashMap;
use std::io::{BufRead, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use types::Owner;

use super::export::is_file_name;
use super::tables::{KEY, TABLES, Table, UPLOAD, USER, from_json};
use super::{ConversationLine, FORMAT, Header, Imported, MessageLine, RowLine, TransferError};
use crate::database::{Statement, Value};
use crate::{Store, StoreError, Turn};

/// Other processes learn of new accounts by it.
const RAISE_REVISION: &str = "UPDATE revisions SET revision = revision + 1 WHERE name = 'accounts'";
const USER_OF_EMAIL: &str = "SELECT id FROM users WHERE email = $1";

/// Users who are there already under another id.
type Renamed = HashMap<String, String>;

impl Store {
    /// Takes in the lines of an export. Uploads are written to `uploads`.
    ///
    /// # Errors
    /// It is no export, it cannot be read, or the database fails. What was taken before stays.
    pub async fn import(
        &self,
        lines: &mut (dyn BufRead + Send),
        uploads: Option<&Path>,
    ) -> Result<Imported, TransferError> {
        let mut text = String::new();
        lines.read_line(&mut text).map_err(TransferError::Read)?;
        let header: Header = serde_json::from_str(&text).map_err(|_| TransferError::NoExport)?;
        if header.ollama_mcp_export > FORMAT {
            return Err(TransferError::Newer { found: header.ollama_mcp_export });
        }
        let (mut imported, mut renamed) = (Imported::default(), Renamed::new());
        let mut number = 1;
        loop {
            text.clear();
            number += 1;
            if lines.read_line(&mut text).map_err(TransferError::Read)? == 0 {
                return Ok(imported);
            }
            if text.trim().is_empty() {
                continue;
            }
            match self.import_line(&text, uploads, &mut renamed, &mut imported).await {
                Ok(()) => {}
                Err(LineError::Skip(reason)) => imported.skipped.push(format!("line {number}: {reason}")),
                Err(LineError::Stop(error)) => return Err(error),
            }
        }
    }

    async fn import_line(
        &self,
        text: &str,
        uploads: Option<&Path>,
        renamed: &mut Renamed,
        imported: &mut Imported,
    ) -> Result<(), LineError> {
        // No detail: it would quote the line.
        let broken = |_| LineError::skip("it is no line of an export");
        let row: RowLine = serde_json::from_str(text).map_err(broken)?;
        if row.kind == "conversation" {
            let line: ConversationLine = serde_json::from_str(text).map_err(broken)?;
            return self.import_conversation(line, renamed, imported).await;
        }
        let Some(table) = TABLES.iter().find(|table| table.kind == row.kind) else {
            return Err(LineError::skip(format!("this version knows no {:?}", row.kind)));
        };
        let mut columns = row.columns;
        for name in ["owner", "user_id"] {
            let new = columns.get(name).and_then(Json::as_str).and_then(|id| renamed.get(id)).cloned();
            columns.extend(new.map(|new| (name.to_owned(), new.into())));
        }
        let bytes = if table.kind == UPLOAD { Some(decoded(&columns, uploads)?) } else { None };
        let is_new = self.insert(table, &columns).await?;
        if let Some((path, bytes)) = bytes.filter(|_| is_new) {
            write_file(&path, &bytes)
                .map_err(|reason| LineError::Stop(TransferError::File { path, doing: "written", reason }))?;
        }
        if table.kind == USER && !is_new {
            self.find_user(&columns, renamed, imported).await?;
        }
        imported.count(table.kind, is_new);
        Ok(())
    }

    /// Writes a row; `false` if it is there already.
    async fn insert(&self, table: &Table, columns: &HashMap<String, Json>) -> Result<bool, LineError> {
        let value = |name: &&str| {
            let value = columns.get(*name).unwrap_or(&Json::Null);
            from_json(value)
                .ok_or_else(|| LineError::skip(format!("{}: {name} is no text or number", table.kind)))
        };
        let values: Vec<Value> = table.columns.iter().map(value).collect::<Result<_, _>>()?;
        let mut statements = vec![table.insert(values)];
        if [USER, KEY].contains(&table.kind) {
            statements.push(Statement::new(RAISE_REVISION, []));
        }
        match self.database().write(statements).await {
            Ok(done) => Ok(done.first().is_some_and(|insert| insert.changed > 0)),
            Err(StoreError::Changed) => Err(LineError::skip(format!(
                "{}: what it belongs to is not there, or a value is missing",
                table.kind
            ))),
            Err(error) => Err(error.into()),
        }
    }

    /// Finds the user who has the email already: what belongs to the exported one belongs to that one.
    async fn find_user(
        &self,
        columns: &HashMap<String, Json>,
        renamed: &mut Renamed,
        imported: &mut Imported,
    ) -> Result<(), LineError> {
        let text = |name| columns.get(name).and_then(Json::as_str);
        let Some((id, email)) = text("id").zip(text("email")) else { return Ok(()) };
        let found = self.database().query(Statement::new(USER_OF_EMAIL, [email.into()])).await?;
        let Some(present) = found.first().and_then(|row| row.text(0).ok()) else { return Ok(()) };
        if present != id {
            imported
                .notes
                .push(format!("{email} has an account already: what belongs to it is taken for that one"));
            renamed.insert(id.to_owned(), present);
        }
        Ok(())
    }

    async fn import_conversation(
        &self,
        line: ConversationLine,
        renamed: &Renamed,
        imported: &mut Imported,
    ) -> Result<(), LineError> {
        let owner = renamed.get(&line.owner).unwrap_or(&line.owner);
        let owner = Owner::new(owner).ok_or_else(|| LineError::skip("the owner is no name of an owner"))?;
        let messages = line.messages.into_iter().map(MessageLine::read).collect::<Result<Vec<_>, _>>();
        let messages = messages.map_err(LineError::Skip)?;
        let turn = Turn { id: line.id, after: None, replaces: 0, system: line.system, messages };
        let id = turn.id.clone();
        let is_new = self.add_conversation(&owner, turn).await?;
        if is_new && line.title.is_some() {
            self.conversation_index().set_title(&owner, &id, line.title.as_deref()).await?;
        }
        imported.count("conversation", is_new);
        Ok(())
    }

    /// Writes a whole conversation; `false` if its id is taken.
    pub(super) async fn add_conversation(&self, owner: &Owner, turn: Turn) -> Result<bool, StoreError> {
        match self.conversations().append(owner, turn).await {
            Ok(()) => Ok(true),
            Err(StoreError::Changed) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Why a line was not taken, or why all stops.
enum LineError {
    Skip(String),
    Stop(TransferError),
}

impl LineError {
    fn skip(reason: impl Into<String>) -> Self {
        Self::Skip(reason.into())
    }
}

impl From<StoreError> for LineError {
    fn from(error: StoreError) -> Self {
        Self::Stop(error.into())
    }
}

/// Where the bytes of an upload go, and the bytes.
fn decoded(
    columns: &HashMap<String, Json>,
    folder: Option<&Path>,
) -> Result<(std::path::PathBuf, Vec<u8>), LineError> {
    let text = |name| columns.get(name).and_then(Json::as_str);
    let id =
        text("id").filter(|id| is_file_name(id)).ok_or_else(|| LineError::skip("upload: its id is none"))?;
    let folder = folder.ok_or_else(|| LineError::skip("upload: there is no data directory for its bytes"))?;
    let bytes = text("data").and_then(|data| STANDARD.decode(data).ok());
    let bytes = bytes.ok_or_else(|| LineError::skip("upload: its bytes are missing"))?;
    Ok((folder.join(id), bytes))
}

fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        platform::create_private_directory(folder)?;
    }
    platform::create_private_file(path)?;
    let mut file = std::fs::File::options().write(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
