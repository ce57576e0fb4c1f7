//! `index`: what the index of files on this machine holds, and deleting it.

use std::collections::BTreeMap;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context as _;
use serde_json::json;

use super::{Context, USAGE, block_on, output};
use service::conversations::markdown::iso;
use store::{IndexSummary, IndexedDocument, PassageIndex as _, SqliteIndex};
use text::format::human_size;
use text::sanitize;
use types::Owner;

const EXAMPLES: &str = "\
Examples:
  ollama-mcp index list
  ollama-mcp index drop ~/notes          what is below a folder, or one file
  ollama-mcp index drop --all

The index holds the texts of files that a model was asked about, so that the next question reads only what changed. It is in the data
directory, and made again from the files when it is needed; --index=false keeps nothing on disk. The uploads of a server with PostgreSQL
are indexed in its database, and go with their files.";

/// Arguments of `index`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the folders whose files are indexed
    List {
        /// Print one JSON object with all files, for programs
        #[arg(long)]
        json: bool,
    },
    /// Delete what is indexed of folders or files; the files themselves stay
    Drop {
        #[arg(value_name = "FOLDER", value_hint = clap::ValueHint::AnyPath)]
        folders: Vec<PathBuf>,
        /// All of it, uploads of the users of "serve" too
        #[arg(long, conflicts_with = "folders")]
        all: bool,
    },
}

/// What an owner has.
struct Owned {
    owner: Owner,
    summary: IndexSummary,
}

/// The files of one folder.
#[derive(Default)]
struct Folder {
    files: usize,
    passages: usize,
    newest: Option<SystemTime>,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let directory = context.loaded.settings.store.data_dir.clone();
    let directory = directory.context("this system has no directory for a user's data")?;
    let index = SqliteIndex::new(Some(directory));
    // The file is not made in order to say that it is empty.
    if !index.exists() {
        match arguments.command {
            Command::List { json: true } => {
                output::json(&json!({ "bytes": 0, "documents": [], "models": [] }))?
            }
            _ => output::note("Nothing is indexed.\n"),
        }
        return Ok(ExitCode::SUCCESS);
    }
    block_on(async {
        let owned = owned(&index).await?;
        match &arguments.command {
            Command::List { json: true } => list_json(&index, &owned)?,
            Command::List { json: false } => list(&index, &owned),
            Command::Drop { all: true, .. } => drop_all(&index).await?,
            Command::Drop { folders, .. } if folders.is_empty() => {
                list(&index, &owned);
                output::error("name the folders or files to drop from the index, or give --all");
                return Ok(ExitCode::from(USAGE));
            }
            Command::Drop { folders, .. } => return drop_folders(&index, folders).await,
        }
        Ok(ExitCode::SUCCESS)
    })?
}

async fn owned(index: &SqliteIndex) -> anyhow::Result<Vec<Owned>> {
    let mut all = Vec::new();
    for owner in index.owners().await? {
        let summary = index.summary(&owner).await?;
        all.push(Owned { owner, summary });
    }
    Ok(all)
}

fn list(index: &SqliteIndex, all: &[Owned]) {
    for Owned { owner, summary } in all {
        let is_local = *owner == Owner::local();
        let mut folders = BTreeMap::<String, Folder>::new();
        for document in &summary.documents {
            // Uploads have no folder; their names are their owner's.
            let name = if is_local { folder(document) } else { format!("uploads of {}", owner.as_str()) };
            let folder = folders.entry(name).or_default();
            folder.files += 1;
            folder.passages += document.passages;
            folder.newest = folder.newest.max(Some(document.indexed));
        }
        for (name, folder) in &folders {
            output::line(&folder.line(name));
        }
    }
    for Owned { owner, summary } in all {
        for (model, passages) in &summary.models {
            let of =
                if *owner == Owner::local() { String::new() } else { format!(", of {}", owner.as_str()) };
            let model = sanitize::line(model_name(model));
            output::line(&format!("embeddings of {model}: {passages} passages{of}"));
        }
    }
    let file = file(index).display().to_string();
    output::line(&format!("{} in {}", human_size(index.bytes()), sanitize::line(&file)));
}

fn list_json(index: &SqliteIndex, all: &[Owned]) -> anyhow::Result<()> {
    let documents = all.iter().flat_map(|Owned { owner, summary }| {
        summary.documents.iter().map(|document| {
            json!({
                "owner": owner.as_str(),
                "key": document.key,
                "name": document.name,
                "bytes": document.size,
                "passages": document.passages,
                "indexed_at": iso(document.indexed),
            })
        })
    });
    let models = all.iter().flat_map(|Owned { owner, summary }| {
        let models = summary.models.iter();
        models
            .map(|(model, passages)| json!({ "owner": owner.as_str(), "model": model_name(model), "passages": passages }))
    });
    output::json(&json!({
        "file": file(index).display().to_string(),
        "bytes": index.bytes(),
        "documents": documents.collect::<Vec<_>>(),
        "models": models.collect::<Vec<_>>(),
    }))
}

async fn drop_all(index: &SqliteIndex) -> anyhow::Result<()> {
    let removed = index.clear(None).await?;
    index.compact().await?;
    output::note(&format!("Dropped {} from the index.\n", files(removed)));
    Ok(())
}

async fn drop_folders(index: &SqliteIndex, folders: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let (local, mut all, mut code) = (Owner::local(), 0, ExitCode::SUCCESS);
    for path in folders {
        let shown = path.display();
        let key = absolute(path).with_context(|| format!("{shown} is no path"))?;
        let mut prefix = key.trim_end_matches(MAIN_SEPARATOR).to_owned();
        let mut keys = vec![prefix.clone()];
        prefix.push(MAIN_SEPARATOR);
        keys.extend(index.documents_below(&local, &prefix).await?.into_iter().map(|document| document.key));
        match index.remove(Some(&local), keys).await? {
            0 => {
                output::error(&format!("{shown}: no file of it is indexed"));
                code = ExitCode::FAILURE;
            }
            removed => all += removed,
        }
    }
    if all > 0 {
        index.compact().await?;
        output::note(&format!("Dropped {} from the index.\n", files(all)));
    }
    Ok(code)
}

/// The path as the index has it: without links where it exists. A folder that is gone may still be indexed.
fn absolute(path: &Path) -> std::io::Result<String> {
    let whole = path.canonicalize().or_else(|_| std::path::absolute(path))?;
    Ok(whole.display().to_string())
}

fn folder(document: &IndexedDocument) -> String {
    let folder = Path::new(&document.key).parent().map(|folder| folder.display().to_string());
    folder.filter(|folder| !folder.is_empty()).unwrap_or_else(|| document.key.clone())
}

/// The name of a model, without the version of the form in which it gets texts.
fn model_name(key: &str) -> &str {
    key.rsplit_once('#').map_or(key, |(name, _)| name)
}

/// The file of the index.
fn file(index: &SqliteIndex) -> PathBuf {
    index.files().into_iter().next().unwrap_or_default()
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

impl Folder {
    fn line(&self, name: &str) -> String {
        let newest = self.newest.map(iso).unwrap_or_default();
        // To the minute.
        let newest = newest.get(..16).unwrap_or(&newest).replace('T', " ");
        format!("{}  {}  {} passages  {newest}", sanitize::line(name), files(self.files), self.passages)
    }
}
