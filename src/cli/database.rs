//! `ollama-mcp migrate`, `export` and `import`: the database that the settings describe.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::{Context, block_on, output};
use crate::app;
use platform::create_private_file;
use store::{Counts, Imported};
use types::Owner;

/// Problems of one kind that are shown.
const MAX_SHOWN: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct ExportArguments {
    /// The file, which must not exist; `-` or nothing for stdout
    ///
    /// It holds private data: conversations, accounts, hashes of passwords and keys, uploaded files. It is readable for
    /// you alone.
    file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct ImportArguments {
    /// An export (`-` for stdin), or a folder or file of chats of the older service, `chats/*.json`
    ///
    /// What is there already stays as it is.
    path: PathBuf,
    /// Whose the chats of the older service become: `local`, `guest`, or the id of a user
    #[arg(long, default_value = "local", value_name = "OWNER", value_parser = owner)]
    owner: Owner,
}

fn owner(text: &str) -> Result<Owner, String> {
    Owner::new(text).ok_or_else(|| "must be local, guest, or the id of a user".to_owned())
}

pub(super) fn migrate(context: &Context) -> anyhow::Result<ExitCode> {
    let store = app::store(&context.loaded.settings)?;
    block_on(async {
        let before = store.format().await?;
        store.migrate().await?;
        let (name, newest) = (store.name(), before.newest);
        output::line(&match before.found {
            None => format!("{name}: created, format {newest}"),
            Some(found) if found < newest => format!("{name}: from format {found} to format {newest}"),
            Some(_) => format!("{name}: has format {newest} already"),
        });
        Ok(ExitCode::SUCCESS)
    })?
}

pub(super) fn export(context: &Context, arguments: &ExportArguments) -> anyhow::Result<ExitCode> {
    let settings = &context.loaded.settings;
    let store = app::store(settings)?;
    let uploads = uploads(context);
    let counts = match arguments.file.as_deref().filter(|file| *file != Path::new("-")) {
        None if io::stdout().is_terminal() => {
            anyhow::bail!(
                "an export holds private data: name a file, as in \"ollama-mcp export everything.jsonl\""
            )
        }
        None => block_on(store.export(uploads.as_deref(), &mut BufWriter::new(io::stdout())))??,
        Some(file) => {
            let shown = file.display();
            if file.symlink_metadata().is_ok() {
                anyhow::bail!("{shown} exists already; name another file, or remove it");
            }
            // Written beside it, so that no half of an export has its name.
            let mut part = file.as_os_str().to_owned();
            part.push(".part");
            let part = PathBuf::from(part);
            let written =
                write(&part, |out| block_on(store.export(uploads.as_deref(), out))?.map_err(Into::into));
            let written = written.and_then(|counts| Ok(std::fs::rename(&part, file).map(|()| counts)?));
            if written.is_err() {
                let _ = std::fs::remove_file(&part);
            }
            written.with_context(|| format!("{shown} cannot be written"))?
        }
    };
    output::note(&format!("exported from {}: {}\n", store.name(), listed(&counts)));
    Ok(ExitCode::SUCCESS)
}

/// Writes a new file for this user alone; it is on the disk when this returns.
fn write<T>(path: &Path, lines: impl FnOnce(&mut BufWriter<File>) -> anyhow::Result<T>) -> anyhow::Result<T> {
    // One that a killed process left.
    let _ = std::fs::remove_file(path);
    create_private_file(path)?;
    let mut out = BufWriter::new(File::options().write(true).open(path)?);
    let written = lines(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(written)
}

pub(super) fn import(context: &Context, arguments: &ImportArguments) -> anyhow::Result<ExitCode> {
    let store = app::store(&context.loaded.settings)?;
    let (path, uploads) = (&arguments.path, uploads(context));
    let imported = if path == Path::new("-") {
        let mut lines = BufReader::new(io::stdin());
        block_on(store.import(&mut lines, uploads.as_deref()))?
    } else if path.is_dir() || !is_export(path)? {
        block_on(store.import_chats(&arguments.owner, path))?
    } else {
        let mut lines = BufReader::new(File::open(path)?);
        block_on(store.import(&mut lines, uploads.as_deref()))?
    };
    let imported = imported.with_context(|| format!("{} cannot be imported", path.display()))?;
    report(&store.name(), &imported);
    Ok(if imported.skipped.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the file begins as an export does.
fn is_export(path: &Path) -> anyhow::Result<bool> {
    let shown = path.display();
    let mut first = String::new();
    let mut file = BufReader::new(File::open(path).with_context(|| format!("{shown} cannot be read"))?);
    // A chat may be in other bytes than UTF-8; its reader says so.
    let _ = io::Read::take(&mut file, 4096).read_line(&mut first);
    Ok(first.contains("\"ollama_mcp_export\""))
}

/// Where the bytes of uploads are.
fn uploads(context: &Context) -> Option<PathBuf> {
    context.loaded.settings.store.data_dir.as_ref().map(|directory| directory.join("uploads"))
}

fn report(database: &str, imported: &Imported) {
    output::line(&format!("imported into {database}: {}", listed(&imported.added)));
    if !imported.existing.is_empty() {
        output::line(&format!("there already, and not changed: {}", listed(&imported.existing)));
    }
    for (about, lines) in [("note", &imported.notes), ("skipped", &imported.skipped)] {
        for line in lines.iter().take(MAX_SHOWN) {
            output::note(&format!("{about}: {line}\n"));
        }
        if let Some(more) = lines.len().checked_sub(MAX_SHOWN).filter(|more| *more > 0) {
            output::note(&format!("{about}: and {more} more\n"));
        }
    }
}

/// As in `2 conversations, 1 user`.
fn listed(counts: &Counts) -> String {
    let counted = |(kind, count): (&String, &usize)| match (kind.as_str(), *count) {
        ("usage", count) => format!("{count} rows of usage"),
        (kind, 1) => format!("1 {kind}"),
        (kind, count) => format!("{count} {kind}s"),
    };
    let counts: Vec<_> = counts.iter().filter(|(_, count)| **count > 0).map(counted).collect();
    if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") }
}
