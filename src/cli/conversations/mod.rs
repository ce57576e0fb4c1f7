//! `conversations`: the stored conversations of the user of this machine: list, search, show, export, delete.

mod export;
mod list;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;

use super::confirm::refused_deletion;
use super::{Context, block_on, flags, output};
use crate::app;
pub(super) use export::save;
use service::conversations::markdown::{markdown, markdown_head};
use service::{Caller, ServiceError, Services};
use text::sanitize;

const EXAMPLES: &str = "\
Examples:
  ollama-mcp conversations list
  ollama-mcp conversations search sky blue         those that have all of these words
  ollama-mcp conversations show notes --last 4     the newest messages of one
  ollama-mcp conversations export notes notes.md
  ollama-mcp conversations delete notes

They are those of \"ollama-mcp chat\", of converse in any host, and of the local user of \"ollama-mcp serve\". Those of guests and of other
users of a server are not here.";

/// Arguments of `conversations`.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", flags::MORE))]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the conversations, the last one first
    List(list::Page),
    /// List those that have words in their title or messages
    Search {
        #[arg(required = true)]
        words: Vec<String>,
        #[command(flatten)]
        page: list::Page,
    },
    /// Show the messages of one
    Show {
        id: String,
        /// Only so many of the newest messages
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        last: Option<u64>,
    },
    /// Write one as a file, which must not exist
    Export {
        id: String,
        /// `-` or nothing for stdout
        file: Option<PathBuf>,
        #[arg(long, value_enum, default_value_t = Format::Markdown)]
        format: Format,
    },
    /// Delete conversations for good
    Delete {
        #[arg(required = true)]
        ids: Vec<String>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Markdown,
    Json,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let services = app::services(&context.loaded.settings)?;
    let done = block_on(async {
        match &arguments.command {
            Command::List(page) => list::run(&services, "", page).await,
            Command::Search { words, page } => list::run(&services, &words.join(" "), page).await,
            Command::Show { id, last } => show(&services, id, *last).await,
            Command::Export { id, file, format } => {
                export::run(&services, id, file.as_deref(), *format).await
            }
            Command::Delete { ids, yes } => delete(&services, ids, *yes).await,
        }
    })?;
    Ok(done.unwrap_or_else(|error| output::failed(&error)))
}

async fn show(services: &Arc<Services>, id: &str, last: Option<u64>) -> Result<ExitCode, ServiceError> {
    let mut next = export::first(services, id, last).await?;
    output::print(&markdown_head(&next));
    loop {
        next.messages.iter().for_each(|message| output::print(&markdown(message)));
        match export::following(services, id, &next).await? {
            Some(page) => next = page,
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// Deletes each of them; the others, where one fails.
async fn delete(services: &Arc<Services>, ids: &[String], yes: bool) -> Result<ExitCode, ServiceError> {
    let shown = ids.iter().map(|id| sanitize::line(id)).collect::<Vec<_>>().join(", ");
    let question = format!("Delete {shown} for good?");
    if !yes && let Some(code) = refused_deletion(&question, &shown) {
        return Ok(code);
    }
    let mut code = ExitCode::SUCCESS;
    for id in ids {
        match services.conversations.delete(&Caller::local(), id).await {
            Ok(()) => output::note(&format!("Deleted {}.\n", sanitize::line(id))),
            Err(error) => code = output::failed(&error),
        }
    }
    Ok(code)
}
